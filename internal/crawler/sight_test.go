package crawler_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/tor"
)

func TestTorDownBlamesNobodyAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.took = time.Second
		r := newRig(t, w)
		r.configure(board())
		stop := r.start()
		time.Sleep(5 * time.Second) // the seed is done, others are not
		w.tor(true)
		time.Sleep(time.Hour + time.Minute)
		asked, l := len(w.all()), r.ledger()
		if l.Causes[crawler.TorDown] == 0 || l.Causes[crawler.TorDown] > 2 || l.Content == 0 {
			t.Errorf("causes are %v, want the visit under way to have ended in tor_down, and no more", l.Causes)
		}
		if got := r.ear.kinds(); got != "tor_down" {
			t.Errorf("told %q, want tor_down once", got)
		}
		if s := r.Stats(); !s.Paused {
			t.Errorf("stats are %+v, want a paused crawl", s)
		}
		if p := r.Progress(); time.Since(p) > 31*time.Second {
			t.Errorf("the scheduler was last alive %s ago", time.Since(p))
		}
		d := r.site("board")
		if d.State != "watching" || d.Misses != 0 || d.Causes[crawler.TorDown] != 0 || *d.Round.End != "tor_down" {
			t.Errorf("the site is blamed: %+v, causes %v, round %+v", d.Site, d.Causes, d.Round)
		}
		time.Sleep(time.Minute)
		if n := len(w.all()); n != asked {
			t.Errorf("%d requests while Tor was down", n-asked)
		}
		w.tor(false)
		time.Sleep(time.Minute)
		if got := r.ear.kinds(); got != "tor_down tor_back" {
			t.Errorf("told %q, want tor_down tor_back", got)
		}
		stop()
		if d := r.site("board"); d.Due != 0 || d.Misses != 0 {
			t.Errorf("after Tor came back %d links are due, %d misses", d.Due, d.Misses)
		}
		for _, path := range []string{"/a", "/b", "/1.pic", "/2.pic"} {
			if r.cause(at(path)).Class() != crawler.ClassSeen || r.link(at(path)).Tries != 0 {
				t.Errorf("link %s is %+v", path, r.link(at(path)))
			}
		}
		if l := r.ledger(); l.LongestBlind < time.Hour || l.LongestBlind > time.Hour+3*time.Minute {
			t.Errorf("longest blind time is %s, want about an hour", l.LongestBlind)
		}
	})
}

// A connection that Tor took with it is no fault of the site.
func TestLostConnectionsAreOursWhenTorIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		w.answer(at("/a"), func(int) (*http.Response, error) {
			w.tor(true)
			return nil, &tor.Error{Code: "connection_lost"}
		})
		r.configure(board())
		if s := r.once(); !s.TorDown {
			t.Errorf("summary is %+v, want TorDown", s)
		}
		if l := r.ledger(); l.Causes[crawler.TorDown] != 1 || l.Causes[crawler.ConnectionLost] != 0 {
			t.Errorf("causes are %v, want tor_down", l.Causes)
		}
		before := len(w.all())
		if s := r.once(); !s.TorDown || s.Visits != 0 || len(w.all()) != before {
			t.Errorf("summary is %+v with %d requests, want TorDown and nothing sent", s, len(w.all())-before)
		}
	})
}

func TestFailingTorIsToldAndNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.failing = true
		r := newRig(t, w)
		r.configure(board(func(s *crawler.SiteConfig) { s.Delay = 0 }))
		stop := r.start()
		time.Sleep(time.Hour)
		if n := len(w.all()); n < 10 || n > 3*120 {
			t.Errorf("%d requests in an hour, want a probe every 30s or so", n)
		}
		w.mu.Lock()
		w.failing = false
		w.mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		if got := r.ear.kinds(); got != "tor_down tor_back" {
			t.Errorf("told %q, want tor_down tor_back", got)
		}
		if d := r.site("board"); d.State != "watching" || d.Due != 0 {
			t.Errorf("site is %+v", d.Site)
		}
	})
}

func TestBlindnessIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		r.configure(board())
		stop := r.start()
		time.Sleep(30 * time.Minute)
		for _, path := range []string{"/", "/a", "/b", "/1.pic", "/2.pic"} {
			w.answer(at(path), fails("onion_not_found"))
		}
		died := time.Now()
		time.Sleep(48 * time.Hour)
		if got := r.ear.kinds(); got != "site_blind" {
			t.Fatalf("told %q, want site_blind once", got)
		}
		e := r.ear.events[0]
		if e.Site != "board" || e.Cause != crawler.OnionNotFound || e.Since.Sub(died) > time.Hour || e.Since.Before(died) || !strings.Contains(e.Text, "onion_not_found") {
			t.Errorf("event is %+v", e)
		}
		d := r.site("board")
		if d.State != "blind" || *d.Cause != crawler.OnionNotFound || d.Misses < 3 || d.Due == 0 && d.NextDue == nil {
			t.Errorf("site is %+v, %d misses", d.Site, d.Misses)
		}
		if n := len(w.all()); n > 5+5+50+2*5 {
			t.Errorf("%d requests to a dead host in two days, want about one an hour", n)
		}
		stop()
		r.reopen(board())
		stop = r.start()
		time.Sleep(time.Hour)
		if got := r.ear.kinds(); got != "site_blind" {
			t.Errorf("told %q after a restart, want nothing new", got)
		}
		w.mu.Lock()
		clear(w.answers)
		w.mu.Unlock()
		back := time.Now()
		time.Sleep(3 * time.Hour)
		stop()
		if got := r.ear.kinds(); got != "site_blind site_seen_again" {
			t.Errorf("told %q, want site_blind site_seen_again", got)
		}
		if d := r.site("board"); d.State != "watching" || d.Cause != nil || d.Misses != 0 {
			t.Errorf("site is %+v", d.Site)
		}
		l := r.ledger()
		if got, want := l.LongestBlind, r.ear.events[1].At.Sub(e.Since); got != want || want > back.Sub(died)+2*time.Hour {
			t.Errorf("longest blind time is %s, want %s", got, want)
		}
	})
}

// Links that are gone or broken on a board that answers do not make it blind.
func TestDeadLinksAreNotBlindness(t *testing.T) {
	for name, dead := range map[string]func(int) (*http.Response, error){"gone": always(404), "broken": fails("broken_http")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("-- ONION/ --\n" + strings.Repeat("x", 10) + `<a href="/1"></a><a href="/2"></a><a href="/3"></a><a href="/4"></a>`)
				for _, path := range []string{"/1", "/2", "/3", "/4"} {
					w.answer(at(path), dead)
				}
				r := newRig(t, w)
				r.configure(board())
				r.run(time.Hour / 2)
				if got := r.ear.kinds(); got != "" {
					t.Errorf("told %q, want nothing", got)
				}
				w.answer(at("/"), dead)
				r.run(5 * time.Hour)
				if got := r.ear.kinds(); got != "site_blind" {
					t.Errorf("told %q when the seed was gone, want site_blind", got)
				}
				if c := string(*r.site("board").Cause); !strings.Contains(r.ear.events[0].Text, ": "+c) || strings.Contains(r.ear.events[0].Text, c+" "+c) {
					t.Errorf("told %q, want the cause once", r.ear.events[0].Text)
				}
			})
		})
	}
}

// A site that leads elsewhere is not seen, whatever it answers.
func TestSeedThatLeadsAwayIsBlindness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("")
		w.answer(at("/"), redirect("http://b"+onion[1:]+"/seized"))
		r := newRig(t, w)
		r.configure(board())
		r.run(5 * time.Hour)
		if got := r.ear.kinds(); got != "site_blind" || r.ear.events[0].Cause != crawler.RefusedScope {
			t.Errorf("told %q, %+v; want site_blind for refused_scope", got, r.ear.events)
		}
	})
}

// A page of which only a part could be read was seen.
func TestLimitsAreNotBlindness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		r.o.MaxPage = 10
		r.configure(board())
		r.run(5 * time.Hour)
		if d := r.site("board"); d.State != "watching" || d.Misses != 0 || r.ear.kinds() != "" {
			t.Errorf("site is %+v, told %q", d.Site, r.ear.kinds())
		}
	})
}

func TestPauseResumeVisit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		r.configure(board())
		ctx := t.Context()
		stop := r.start()
		time.Sleep(3 * time.Second)
		if err := r.Pause(ctx, "board"); err != nil {
			t.Fatal(err)
		}
		n := len(w.all())
		time.Sleep(3 * time.Hour)
		if len(w.all()) != n || n == 0 {
			t.Errorf("%d requests to a paused site", len(w.all())-n)
		}
		stop()
		r.reopen(board())
		if d := r.site("board"); d.State != "paused" || *d.Round.End != "stopped" {
			t.Errorf("after a restart the site is %+v, round %+v, want it paused", d.Site, d.Round)
		}
		if s := r.once(); s.Visits != 0 {
			t.Errorf("%d visits to a paused site", s.Visits)
		}
		stop = r.start()
		if err := r.Resume(ctx, "board"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		if d := r.site("board"); d.State != "watching" || d.Due != 0 {
			t.Errorf("after resume the site is %+v", d.Site)
		}
		n = w.times(at("/"))
		if err := r.Visit(ctx, "board"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		stop()
		if got := w.times(at("/")); got != n+1 {
			t.Errorf("visit asked for the seed %d times, want once", got-n)
		}
		if l := r.ledger(); l.LongestBlind < 3*time.Hour || l.LongestBlind > 3*time.Hour+time.Minute {
			t.Errorf("longest blind time is %s, want the pause of 3h", l.LongestBlind)
		}
		for _, fn := range []func() error{
			func() error { return r.Pause(ctx, "nobody") }, func() error { return r.Resume(ctx, "nobody") }, func() error { return r.Visit(ctx, "nobody") },
		} {
			if fn() == nil {
				t.Error("an unknown site gave no error")
			}
		}
	})
}

// A visit that somebody asks for begins a round of its own, also when the
// budget of the last one is used.
func TestVisitGivesANewBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxPages = 1 }))
		r.once()
		if w.times(at("/a")) != 0 || w.times(at("/1.pic")) != 1 {
			t.Fatalf("page asked for %d times, picture %d times; want 0 and 1", w.times(at("/a")), w.times(at("/1.pic")))
		}
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxPages = 2 }))
		if err := r.Visit(t.Context(), "board"); err != nil {
			t.Fatal(err)
		}
		r.once()
		if d := r.site("board"); w.times(at("/")) != 2 || d.Round.Pages != 2 || *d.Round.End != "budget_pages" {
			t.Errorf("seed asked for %d times, round %+v", w.times(at("/")), d.Round)
		}
	})
}

func TestConfigureWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		other := "http://b" + onion[1:] + "/"
		w.set(other, `<img src="/3.pic">`)
		w.set(other+"3.pic", "three")
		second := board(func(s *crawler.SiteConfig) { s.Name, s.Seeds = "second", []string{other} })
		r := newRig(t, w)
		r.configure(board())
		stop := r.start()
		time.Sleep(time.Minute)
		r.configure(board(), second)
		time.Sleep(time.Minute)
		if w.times(other) != 1 || w.times(other+"3.pic") != 1 {
			t.Error("a site that was added was not visited at once")
		}
		r.configure(second)
		n := w.times(at("/"))
		time.Sleep(5 * time.Hour)
		if got := w.times(at("/")); got != n {
			t.Errorf("a site that is gone was visited %d times", got-n)
		}
		if sites, err := r.Sites(t.Context()); err != nil || len(sites) != 1 || sites[0].Name != "second" {
			t.Errorf("sites are %+v, %v", sites, err)
		}
		if l := r.ledger(); l.Visited != 5 {
			t.Errorf("the ledger of a site that is gone has %d visits, want 5", l.Visited)
		}
		r.configure(board(), second)
		time.Sleep(time.Minute)
		if got := w.times(at("/")); got != n+1 {
			t.Errorf("a site that came back was visited %d times, want once", got-n)
		}
		if err := r.Configure([]crawler.SiteConfig{{Name: "bad", Seeds: []string{"http://%zz"}}}, r.o); err == nil {
			t.Error("a seed that is no URL was taken")
		}
		if d := r.site("board"); d.Links != 5 {
			t.Errorf("site is %+v", d.Site)
		}
		stop()
	})
}
