package crawler_test

import (
	"testing"
	"testing/synctest"

	"leakwatch/internal/crawler"
)

const smallBoard = `
-- ONION/ --
<a href="/a">a</a> <a href="/b">b</a> <img src="/1.pic">
-- ONION/a --
<img src="/2.pic"> <a href="/">home</a>
-- ONION/b --
<img src="/1.pic"> <a href="http://elsewhere.example/">away</a>
-- ONION/1.pic --
one
-- ONION/2.pic --
two
`

func TestOnceVisitsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		r.configure(board())
		if got, want := r.once(), (crawler.Summary{Visits: 5, Pictures: 2}); got != want {
			t.Errorf("summary is %+v, want %+v", got, want)
		}
		for _, path := range []string{"/", "/a", "/b", "/1.pic", "/2.pic"} {
			if n := r.world.times(at(path)); n != 1 {
				t.Errorf("%s was asked for %d times, want 1", path, n)
			}
		}
		if n := len(r.world.all()); n != 5 {
			t.Errorf("%d requests, want 5: %+v", n, r.world.all())
		}
		d := r.site("board")
		if d.State != "watching" || d.Links != 5 || d.Due != 0 || d.Round.Pages != 3 || d.Round.End == nil || *d.Round.End != "done" {
			t.Errorf("site is %+v, round %+v", d.Site, d.Round)
		}
		if got := r.once(); got.Visits != 0 {
			t.Errorf("a second round visited %d links though nothing was due", got.Visits)
		}
	})
}
