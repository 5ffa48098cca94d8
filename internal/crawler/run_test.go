package crawler_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// crash returns a crawler on copies of the stores as they are on disk now.
func (r *rig) crash(sites ...crawler.SiteConfig) *rig {
	r.t.Helper()
	dead := &rig{t: r.t, dir: r.t.TempDir(), world: r.world, eye: r.eye, ear: r.ear, sight: r.sight, o: r.o}
	for _, name := range []string{"crawl.db", "state.db"} {
		b, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dead.dir, name), b, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	dead.open()
	r.t.Cleanup(dead.close)
	dead.configure(sites...)
	return dead
}

func TestCrashGivesTheSameLinkAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.took = time.Second
		first := newRig(t, w)
		first.configure(board())
		stop := first.start()
		time.Sleep(500 * time.Millisecond)
		if n := len(w.all()); n != 1 {
			t.Fatalf("%d requests under way, want that of the seed", n)
		}
		second := first.crash(board())
		stop()
		before := w.times(at("/"))
		second.once()
		if n := w.times(at("/")) - before; n != 1 {
			t.Errorf("after the crash the seed was visited %d times, want 1", n)
		}
		if l := second.ledger(); l.Visited != 5 || l.Waiting != 0 {
			t.Errorf("ledger is %+v, want 5 visits", l)
		}
	})
}

// Sums are of the store: whatever the moment of a kill, visited is what was
// done, and the rest still waits.
func TestKillsKeepTheSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.took = 700 * time.Millisecond
		r := newRig(t, w)
		r.configure(board())
		stop := r.start()
		for range 12 {
			time.Sleep(900 * time.Millisecond)
			dead := r.crash(board())
			l, d := dead.ledger(), dead.site("board")
			sum := 0
			for _, n := range l.Causes {
				sum += n
			}
			if sum != l.Visited || l.Due != l.Visited+l.Waiting || l.Due != d.Links || d.Round.Pages > l.Visited {
				t.Errorf("after %d requests: ledger %+v, round %+v, links %d", len(w.all()), l, d.Round, d.Links)
			}
			dead.close()
		}
		stop()
	})
}

func TestStopDrainsAndBlamesNobody(t *testing.T) {
	for _, test := range []struct {
		took    time.Duration
		stopped int
	}{{10 * time.Second, 0}, {time.Minute, 1}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(smallBoard)
			w.took = test.took
			r := newRig(t, w)
			r.configure(board())
			stop := r.start()
			time.Sleep(time.Second)
			begin := time.Now()
			stop()
			if d := time.Since(begin); d > 21*time.Second {
				t.Errorf("draining took %s, want at most 20s", d)
			}
			l := r.ledger()
			if l.Causes[crawler.Stopped] != test.stopped || l.Visited != 1 {
				t.Errorf("causes are %v, want %d stopped of 1", l.Causes, test.stopped)
			}
			d := r.site("board")
			if d.Misses != 0 || d.Round.End == nil || *d.Round.End != "stopped" {
				t.Errorf("misses %d, round %+v, want a round that was stopped", d.Misses, d.Round)
			}
			if link := r.link(at("/")); test.stopped == 1 && (link.State != "due" || link.Tries != 0) {
				t.Errorf("link is %+v, want it due and not tried", link)
			}
			w.took = 0
			r.reopen(board())
			r.once()
			if d := r.site("board"); d.Round.Pages != 3 || *d.Round.End != "done" {
				t.Errorf("round is %+v, want the stopped round to have gone on to 3 pages", d.Round)
			}
		})
	}
}

// wide is a board with 40 pages and 40 pictures.
func wide() *world {
	w := newWorld("")
	var page strings.Builder
	for i := range 40 {
		fmt.Fprintf(&page, `<a href="/%d">x</a><img src="/%d.pic">`, i, i)
		w.set(at(fmt.Sprintf("/%d", i)), strings.Repeat("x", 1000))
		w.set(at(fmt.Sprintf("/%d.pic", i)), strings.Repeat("y", 1000))
	}
	w.set(at("/"), page.String())
	return w
}

func TestBudgetsSurviveARestart(t *testing.T) {
	for _, test := range []struct {
		end    string
		change func(*crawler.SiteConfig)
		holds  func(crawler.Detail, crawler.Ledger) bool
	}{
		{"budget_pages", func(s *crawler.SiteConfig) { s.MaxPages = 10 },
			func(d crawler.Detail, l crawler.Ledger) bool {
				return d.Round.Pages == 10 && l.Pictures.Inspected == 40
			}},
		{"budget_bytes", func(s *crawler.SiteConfig) { s.MaxBytes = 20_000 },
			func(d crawler.Detail, _ crawler.Ledger) bool {
				return d.Round.Bytes >= 20_000 && d.Round.Bytes < 21_100
			}},
		{"budget_time", func(s *crawler.SiteConfig) { s.MaxTime = 2 * time.Minute },
			func(d crawler.Detail, _ crawler.Ledger) bool {
				return d.Round.Ended.Sub(*d.Round.Started) >= 2*time.Minute && d.Round.Ended.Sub(*d.Round.Started) < 2*time.Minute+5*time.Second
			}},
	} {
		t.Run(test.end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := wide()
				r := newRig(t, w)
				site := board(test.change, func(s *crawler.SiteConfig) { s.Interval = 2 * time.Hour })
				r.configure(site)
				begin := time.Now()
				for range 10 {
					r.run(time.Minute)
					r.reopen(site) // each time: the budget must not begin anew
				}
				r.once() // nor here
				d := r.site("board")
				if d.Round.End == nil || *d.Round.End != test.end || !test.holds(d, r.ledger()) {
					t.Fatalf("round is %+v, pictures %+v", d.Round, r.ledger().Pictures)
				}
				if d.Due == 0 {
					t.Error("nothing waits: the budget was not used")
				}
				visited := r.ledger().Visited
				r.run(2*time.Hour - time.Since(begin) - time.Second)
				if n := r.ledger().Visited; n != visited {
					t.Errorf("%d visits before the next round, want none", n-visited)
				}
				r.run(time.Minute)
				if n := r.ledger().Visited; n == visited {
					t.Error("no next round began when the interval was over")
				}
			})
		})
	}
}

func TestDepthHoldsPagesAndNotPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(`
-- ONION/ --
<a href="/1">x</a><img src="/0.pic">
-- ONION/1 --
<a href="/2">x</a><img src="/1.pic">
-- ONION/2 --
<a href="/3">x</a><img src="/2.pic">
-- ONION/0.pic --
a
-- ONION/1.pic --
b
-- ONION/2.pic --
c
-- ONION/3 --
bottom
`)
		r := newRig(t, w)
		shallow := board(func(s *crawler.SiteConfig) { s.Depth = 1 })
		r.configure(shallow)
		r.once()
		if w.times(at("/1.pic")) != 1 || w.times(at("/2")) != 0 {
			t.Errorf("picture of the deepest page asked for %d times, page beyond %d times; want 1 and 0", w.times(at("/1.pic")), w.times(at("/2")))
		}
		if l := r.link(at("/2")); l.State != "held" || *l.Cause != crawler.LimitDepth || l.NextDue != nil || *l.FoundOn != at("/1") {
			t.Errorf("link beyond the depth is %+v", l)
		}
		if d := r.site("board"); d.Causes[crawler.LimitDepth] != 1 || d.Due != 0 {
			t.Errorf("causes are %v, %d due; want one limit_depth and nothing due", d.Causes, d.Due)
		}
		r.configure(board())
		r.once()
		if w.times(at("/2")) != 1 || w.times(at("/3")) != 1 || w.times(at("/2.pic")) != 1 {
			t.Error("a greater depth did not set the held links free")
		}
		if n := r.site("board").Causes[crawler.LimitDepth]; n != 0 {
			t.Errorf("%d links count as beyond the depth, want 0", n)
		}
	})
}

func TestLinksAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		r.configure(board(func(s *crawler.SiteConfig) { s.Interval, s.Delay = time.Minute, 0 }))
		r.run(3 * time.Hour)
		d, l := r.site("board"), r.ledger()
		listed := 0
		for _, err := range r.Links(t.Context(), "board") {
			if err != nil {
				t.Fatal(err)
			}
			listed++
		}
		if listed != 5 || d.Links != 5 {
			t.Errorf("%d links are listed and %d counted, want 5", listed, d.Links)
		}
		sum := 0
		for _, n := range d.Causes {
			sum += n
		}
		if sum != 5 {
			t.Errorf("causes %v sum up to %d, want one per link", d.Causes, sum)
		}
		if n := len(r.world.all()); l.Visited != n || l.Content != n {
			t.Errorf("ledger has %d visits, %d with content; %d requests were made", l.Visited, l.Content, n)
		}
		stats := r.Stats()
		if stats.Links != 5 || stats.Sites != 1 || stats.Pictures != l.Pictures.Known+l.Pictures.Inspected {
			t.Errorf("stats are %+v", stats)
		}
	})
}

// The clock of the first bubble is a century ahead of that of the second.
func TestNoLinkWaitsForAWrongClock(t *testing.T) {
	w, dir := newWorld(smallBoard), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(100 * 365 * 24 * time.Hour)
		r := newRigIn(t, w, dir)
		r.configure(board())
		r.once()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRigIn(t, w, dir)
		r.configure(board())
		r.run(90 * time.Minute) // the interval is an hour
		for _, path := range []string{"/", "/a", "/b", "/1.pic", "/2.pic"} {
			if n := w.times(at(path)); n < 2 {
				t.Errorf("%s was asked for %d times, want 2 or more: before and after the clock was set", path, n)
			}
		}
	})
}

// A dead host costs a single round a few tries, and no waiting for retries.
func TestOnceDoesNotWaitForTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("")
		w.took = time.Second
		var page strings.Builder
		for i := range 50 {
			url := at(fmt.Sprintf("/%d", i))
			fmt.Fprintf(&page, "<a href=%q>x</a>", url)
			w.answer(url, func(int) (*http.Response, error) {
				time.Sleep(34 * time.Second)
				return fails("onion_intro_failed")(0)
			})
		}
		w.set(at("/"), page.String())
		r := newRig(t, w)
		r.configure(board())
		begin := time.Now()
		s := r.once()
		if d := time.Since(begin); s.Visits != 4 || d > 6*time.Minute {
			t.Errorf("%d visits in %s, want 4 and then an end", s.Visits, d)
		}
		if d := r.site("board"); d.Due < 47 || *d.Round.End != "stopped" {
			t.Errorf("%d links are due, round %+v; want 47 or more that wait", d.Due, d.Round)
		}
	})
}
