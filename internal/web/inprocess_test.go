package web_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"testing"

	"leakwatch/internal/web"
)

// An answer without a body is an answer, however quick the handler was.
func TestInProcessAnswersAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.NumCPU())))
	way := web.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for i := range 100_000 {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://leakwatch/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := way.RoundTrip(q)
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		answer.Body.Close()
	}
}

// What a handler could not finish is no short answer, also when the asker
// changed his mind in the very moment in which it was there.
func TestCancelledIsNoShortAnswer(t *testing.T) {
	r := newRig(t)
	r.raise(1)
	api := web.API(r.rooms)
	in := web.InProcess(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		cancelled, stop := context.WithCancel(q.Context())
		stop()
		api.ServeHTTP(w, q.WithContext(cancelled))
	}))
	for line, err := range web.NewClient(in).Lines(t.Context(), http.MethodGet, "/v1/alerts", nil, nil) {
		if err != nil {
			return
		}
		t.Errorf("got %s", line)
	}
	t.Error("a list that was broken off looks like an empty one")
}
