package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/crawler"
)

// Tor is down when the daemon starts: it stays up, says so everywhere, blames
// nobody, and goes on by itself.
func TestLifeTorDown(t *testing.T) {
	t.Parallel()
	world := lifeWorld(t)
	onion := world.Handle("a", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>here</p>") }))
	if err := world.Proxy().Stop(); err != nil {
		t.Fatal(err)
	}
	home := newLifeHome(t, world.Socks(), "[notify.file]\npath = \"notices.jsonl\"\n"+lifeSite("a", onion, `interval = "1s"`))
	if said := home.cli(t, "run", "--once"); said.code != exitTryAgain || !strings.Contains(said.err, "tor does not answer at "+world.Socks()) {
		t.Errorf("run --once: %+v, want exit code %d and the address", said, exitTryAgain)
	}
	d := lifeServe(t, home, nil)
	blind := func() bool { status, _, _ := d.ask(t, "/-/ready"); return status == http.StatusServiceUnavailable }
	lifeWait(t, 10*time.Second, "/-/ready says no", blind)
	if _, _, body := d.ask(t, "/-/ready"); !strings.Contains(body, "tor does not answer") {
		t.Errorf("/-/ready: %q, want the reason", body)
	}
	healthy(t, d)
	if !strings.Contains(d.log.String(), "tor does not carry us: the crawl waits") {
		t.Errorf("the log does not say it:\n%s", d.log)
	}
	notBlamed(t, d)
	if up, paused := d.metric(t, "leakwatch_tor_up"), d.metric(t, "leakwatch_crawl_paused"); up != "0" || paused != "1" {
		t.Errorf("tor_up %s, crawl_paused %s; want 0 and 1", up, paused)
	}
	time.Sleep(3 * time.Second) // let a probe or two fail
	if got := len(world.Requests()) + len(world.Proxy().Connects("")); got > 0 {
		t.Errorf("%d requests while Tor is down", got)
	}
	if err := world.Proxy().Start(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	lifeWait(t, 60*time.Second, "the site is visited", func() bool { return len(world.Requests()) > 0 })
	fmt.Printf("\nfigure tor_resume_seconds %.1f\n", time.Since(back).Seconds())
	lifeWait(t, 10*time.Second, "/-/ready says yes", func() bool { return !blind() })
	healthy(t, d)
	toldOnce(t, home)

	if err := world.Proxy().Stop(); err != nil { // again, in mid-crawl; and a stop does not wait for Tor
		t.Fatal(err)
	}
	lifeWait(t, 20*time.Second, "/-/ready says no again", blind)
	sites, err := lifeList[crawler.Site](t.Context(), d.client, "/v1/sites")
	if err != nil || sites[0].State != "watching" {
		t.Errorf("site list: %+v, %v; want still watching", sites, err)
	}
	start := time.Now()
	d.signal(t, syscall.SIGTERM)
	if code := d.exit(t, 30*time.Second); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("SIGTERM while Tor is down: exit code %d after %v, want 0 at once", code, time.Since(start))
	}
}

// toldOnce waits for the news of the outage: its begin and its end.
func toldOnce(t *testing.T, home lifeHome) {
	t.Helper()
	told := func() (kinds []string) {
		for _, n := range lifeLines[crashNotice](t, filepath.Join(home.dir, "notices.jsonl")) {
			kinds = append(kinds, n.Type)
		}
		return kinds
	}
	lifeWait(t, 10*time.Second, "tor_back is told", func() bool { return len(told()) >= 2 })
	if got := told(); !slices.Equal(got, []string{"tor_down", "tor_back"}) {
		t.Errorf("told %v, want each once, run --once included", got)
	}
}

func healthy(t *testing.T, d *lifeDaemon) {
	t.Helper()
	if status, _, body := d.ask(t, "/-/healthy"); status != http.StatusOK {
		t.Errorf("/-/healthy: %d %q, want 200", status, body)
	}
}

func notBlamed(t *testing.T, d *lifeDaemon) {
	t.Helper()
	sites, err := lifeList[crawler.Site](t.Context(), d.client, "/v1/sites")
	if err != nil || len(sites) != 1 || sites[0].State != "new" || sites[0].Cause != nil || sites[0].Due != 1 {
		t.Errorf("site list: %+v, %v; want new, no cause, still due", sites, err)
	}
}

// metric is the value of a metric, named with its labels.
func (d *lifeDaemon) metric(t *testing.T, name string) string {
	t.Helper()
	_, _, body := d.ask(t, "/metrics")
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, body)
	}
	return found[1]
}

// The desk shows the metrics that the rules use, labels without any crawled
// text, and headers that keep browsers from mischief.
func TestLifeDesk(t *testing.T) {
	t.Parallel()
	l := newLeaky(t, t.TempDir())
	home := newLifeHome(t, l.world.Socks(), "[notify.file]\npath = \"notices.jsonl\"\n"+lifeSite("forum", l.site("forum", 1), ""))
	home.must(t, "hashset", "load", "secretset", filepath.Join(filepath.Dir(l.notices), "dataset"))
	d := lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "an alert is told", func() bool { return len(lifeLines[crashNotice](t, filepath.Join(home.dir, "notices.jsonl"))) > 0 })
	status, _, body := d.ask(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d %s", status, body)
	}
	labels := map[string]string{
		"leakwatch_visits_total": "cause", "leakwatch_sites": "state", "leakwatch_alerts": "state",
		"leakwatch_outbox_pending": "channel", "leakwatch_dead_letters_total": "channel", "leakwatch_store_bytes": "store",
	}
	seen := map[string]bool{}
	all := append(slices.Clone(metrics), "leakwatch_seen_pictures", "leakwatch_past_asked", "leakwatch_past_total") // no rule uses these
	line := regexp.MustCompile(`^([a-z_]+)(?:\{([a-z]+)="[a-z_.0-9]*"\})? [0-9.e+]+$`)
	for text := range strings.Lines(body) {
		if !strings.HasPrefix(text, "leakwatch_") {
			continue
		}
		found := line.FindStringSubmatch(strings.TrimSpace(text))
		if found == nil || found[2] != labels[found[1]] || !slices.Contains(all, found[1]) {
			t.Errorf("%q is no metric with the labels that it may have", text)
			continue
		}
		seen[found[1]] = true
	}
	for _, name := range all {
		if !seen[name] {
			t.Errorf("%s is not there", name)
		}
	}
	for _, secret := range []string{"onion", "forum", "secretset", ".jpg"} {
		if strings.Contains(body, secret) {
			t.Errorf("/metrics shows %q", secret)
		}
	}
	for _, path := range []string{"/metrics", "/-/healthy", "/-/ready", "/", "/v1/alerts", "/v1/version"} {
		deskHeaders(t, d, path)
	}
	d.term(t)
}

func deskHeaders(t *testing.T, d *lifeDaemon, path string) {
	t.Helper()
	status, head, _ := d.ask(t, path)
	known := path == "/metrics" || strings.HasPrefix(path, "/-/")
	if known != (status == http.StatusOK) || !known && status != http.StatusNotFound {
		t.Errorf("%s: status %d: the API is for the socket alone", path, status)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "Server": "",
	} {
		if got := head.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", path, name, got, want)
		}
	}
}
