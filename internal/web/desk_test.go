package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"leakwatch/internal/web"
)

// Every answer of the desk carries the same careful headers, the errors too.
func TestDesk(t *testing.T) {
	alive, missing := true, ""
	metrics := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "leakwatch_things_total"})
	counter.Add(3)
	metrics.MustRegister(counter)
	server := httptest.NewServer(web.Desk(metrics, web.Health{Alive: func() bool { return alive }, Ready: func() string { return missing }}))
	defer server.Close()
	ask := func(method, path string, status int, says string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status || !strings.Contains(string(body), says) {
			t.Errorf("%s %s: %d %q (%v), want %d that says %q", method, path, answer.StatusCode, body, err, status, says)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s %s: header %s is %q, want %q", method, path, name, got, want)
			}
		}
	}
	ask("GET", "/metrics", 200, "leakwatch_things_total 3")
	ask("GET", "/-/healthy", 200, "healthy")
	ask("GET", "/-/ready", 200, "ready")
	ask("HEAD", "/-/ready", 200, "")
	ask("POST", "/metrics", 405, "")
	for _, path := range []string{"/", "/v1/alerts", "/v1/hashsets", "/-/", "/metrics/x", "/debug/pprof/"} {
		ask("GET", path, 404, "")
	}
	alive, missing = false, "tor does not answer: the crawl is paused"
	ask("GET", "/-/healthy", 503, "no progress")
	ask("GET", "/-/ready", 503, "tor does not answer")
	ask("GET", "/metrics", 200, "leakwatch_things_total 3")
}
