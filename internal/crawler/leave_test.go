package crawler

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
)

// Two visits of one host commit one behind the other and come back the other
// way round: the one that has not heard that the host asks us to wait must not
// make us forget it. Between the commit and the way back lies nothing that a
// test could hold on to from outside, hence the two halves of done.
func TestLateReturnForgetsNoRetryAfter(t *testing.T) {
	open := func(name string) *kv.DB {
		db, err := kv.Open(filepath.Join(t.TempDir(), name), kv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	c, err := Open(open("crawl.db"), open("state.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const onion = "http://examplexexamplexexamplexexamplexexamplexexamplexexampl.onion"
	err = c.Configure([]SiteConfig{{Name: "board", Kind: "web", Seeds: []string{onion + "/a", onion + "/b"}, Scope: "host", Interval: time.Hour, Parallel: 2}},
		Options{Transport: func(tor.Site) http.RoundTripper { return nil }, Inspector: nobody{}, Teller: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	take := func() *lease {
		l, _, err := c.next(t.Context())
		if err != nil || l == nil {
			t.Fatalf("lease %v, %v", l, err)
		}
		return l
	}
	well, asked := take(), take()
	now := ms(time.Now())
	fine := &result{outcome: Outcome{Cause: OK, Status: 200}, link: well.link, fetched: now, at: now}
	var rec siteRecord
	hosts := map[string]hostRecord{}
	if err := c.memory.update(func(r records) error { return write(r, well, fine, &rec, hosts) }); err != nil {
		t.Fatal(err)
	}
	busy := &result{outcome: Outcome{Cause: HTTP429, Status: 429}, link: asked.link, retryAfter: 10 * time.Minute, fetched: now + 1, at: now + 1}
	if _, err := c.done(asked, busy); err != nil {
		t.Fatal(err)
	}
	if err := c.leave(well, fine, rec, hosts); err != nil {
		t.Fatal(err)
	}
	if h := c.hosts[well.hostName]; h.Retry < now+(10*time.Minute).Milliseconds() {
		t.Errorf("the host may be visited again in %s, want in 10m", time.Until(when(h.Retry)).Round(time.Second))
	}
}
