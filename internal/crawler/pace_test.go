package crawler_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// gaps returns the time between the end of one request and the begin of the next.
func gaps(all []asked) []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(all); i++ {
		gaps = append(gaps, all[i].at.Sub(all[i-1].until))
	}
	return gaps
}

func TestPauseIsThreeTimesTheFetch(t *testing.T) {
	for _, test := range []struct {
		took, delay, want time.Duration
	}{
		{100 * time.Millisecond, 2 * time.Second, 2 * time.Second},
		{time.Second, 2 * time.Second, 3 * time.Second},
		{time.Second, 5 * time.Second, 5 * time.Second},
		{30 * time.Second, 2 * time.Second, time.Minute},
		{time.Second, 0, 0},
	} {
		t.Run(fmt.Sprint(test.took, test.delay), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(smallBoard)
				w.took = test.took
				r := newRig(t, w)
				r.configure(board(func(s *crawler.SiteConfig) { s.Delay = test.delay }))
				r.once()
				for _, gap := range gaps(w.all()) {
					if gap < test.want || gap > test.want*11/10+100*time.Millisecond {
						t.Errorf("gap is %s, want %s and up to a tenth more", gap, test.want)
					}
				}
			})
		})
	}
}

// Property: whatever the sites, hosts, latencies and failures, a host is never
// asked more at once than allowed, and never sooner than its delay.
func TestHostsAreLeftInPeace(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkPeace(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func checkPeace(t *testing.T, random *rand.Rand) {
	w := newWorld("")
	parallel, delays := map[string]int{}, map[string]time.Duration{}
	var sites []crawler.SiteConfig
	for i := range 5 {
		host := fmt.Sprintf("%c%s", 'a'+i%4, onion[1:]) // two sites share a host
		s := board(func(s *crawler.SiteConfig) {
			s.Name, s.Seeds = fmt.Sprint("site", i), []string{fmt.Sprintf("http://%s/%d/", host, i)}
			s.Parallel, s.Delay = 1+random.IntN(3), time.Duration(1+random.IntN(5))*time.Second
			s.Interval = 10 * time.Minute
		})
		if p := parallel[host]; p == 0 || s.Parallel < p {
			parallel[host] = s.Parallel
		}
		delays[host] = max(delays[host], s.Delay)
		sites = append(sites, s)
		var page strings.Builder
		for n := range 15 {
			url := fmt.Sprintf("http://%s/%d/%d", []string{"", "www."}[n%2]+host, i, n)
			fmt.Fprintf(&page, `<a href=%q>x</a>`, url)
			took := time.Duration(random.IntN(8000)) * time.Millisecond
			w.answer(url, func(int) (*http.Response, error) {
				time.Sleep(took)
				switch n % 5 {
				case 0:
					return reply(503, "", ""), nil
				case 1:
					return nil, errors.New("reset")
				}
				return reply(200, "text/html", "x"), nil
			})
		}
		w.set(s.Seeds[0], page.String())
	}
	r := newRig(t, w)
	r.configure(sites...)
	stop := r.start()
	time.Sleep(20 * time.Minute)
	r.configure(sites...) // a reload must not forget who rests
	time.Sleep(20 * time.Minute)
	stop()
	all := w.all()
	if len(all) < 100 {
		t.Fatalf("only %d requests: the test proves nothing", len(all))
	}
	for i := range all {
		checkRest(t, all[:i], all[i], parallel, delays)
	}
}

// checkRest checks one request against those before it.
func checkRest(t *testing.T, before []asked, a asked, parallel map[string]int, delays map[string]time.Duration) {
	t.Helper()
	host := strings.TrimPrefix(a.host, "www.")
	together := 1
	for _, b := range before {
		switch {
		case strings.TrimPrefix(b.host, "www.") != host:
		case b.until.After(a.at), b.at.Equal(a.at), parallel[host] > 1 && b.until.Equal(a.at): // one begins in the very moment in which one ends
			together++
		case a.at.Sub(b.until) < max(delays[host], min(3*b.until.Sub(b.at), time.Minute)):
			t.Fatalf("%s was asked %s after %s, which took %s; its delay is %s", a.url, a.at.Sub(b.until), b.url, b.until.Sub(b.at), delays[host])
		}
	}
	if together > parallel[host] {
		t.Fatalf("%d requests at once at %s, want at most %d", together, host, parallel[host])
	}
}

func TestRetryAfterIsObeyedOverRestarts(t *testing.T) {
	for _, test := range []struct {
		says string
		want time.Duration
	}{{"600", 10 * time.Minute}, {"999999999", 24 * time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(smallBoard)
			w.answer(at("/a"), func(n int) (*http.Response, error) {
				if n == 0 {
					return reply(429, "", "", "Retry-After", test.says), nil
				}
				return reply(200, "text/html", "fine"), nil
			})
			r := newRig(t, w)
			r.configure(board(func(s *crawler.SiteConfig) { s.Delay = 0 }))
			r.run(time.Minute)
			r.reopen(board(func(s *crawler.SiteConfig) { s.Delay = 0 }))
			r.run(25 * time.Hour)
			all := w.all()
			for i, a := range all {
				if a.url != at("/a") {
					continue
				}
				if gap := all[i+1].at.Sub(a.until); gap < test.want || gap > test.want+time.Minute {
					t.Errorf("after Retry-After %s the host was left alone for %s, want %s", test.says, gap, test.want)
				}
				return
			}
			t.Error("/a was never asked for")
		})
	}
}

// asks returns the times between requests of one URL.
func asks(w *world, url string) []time.Duration {
	var gaps []time.Duration
	var last time.Time
	for _, a := range w.all() {
		if a.url == url {
			if !last.IsZero() {
				gaps = append(gaps, a.at.Sub(last))
			}
			last = a.at
		}
	}
	return gaps
}

func TestFailuresAreTriedLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.answer(at("/a"), always(503))
		w.answer(at("/b"), always(404))
		r := newRig(t, w)
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = 12 * time.Hour }))
		r.run(50 * time.Hour)
		want := []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 12 * time.Hour}
		got := asks(w, at("/a"))
		if len(got) < len(want) {
			t.Fatalf("/a was asked for after %v, want %v", got, want)
		}
		for i, d := range want {
			if got[i] < d || got[i] > d*11/10+time.Minute {
				t.Errorf("try %d came after %s, want %s and up to a tenth more", i+2, got[i], d)
			}
		}
		for _, d := range asks(w, at("/b")) {
			if d < 12*time.Hour {
				t.Errorf("a missing page was asked for again after %s, want 12h", d)
			}
		}
		if l := r.link(at("/a")); l.Tries < 7 || *l.Cause != crawler.HTTP5xx {
			t.Errorf("link is %+v", l)
		}
	})
}

func TestRevisitsFollowTheContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.answer(at("/b"), func(n int) (*http.Response, error) { return reply(200, "text/html", fmt.Sprint("news ", n)), nil })
		r := newRig(t, w)
		site := board(func(s *crawler.SiteConfig) { s.Interval, s.MaxInterval = time.Hour, 24*time.Hour })
		r.configure(site)
		r.run(48 * time.Hour)
		check := func(path string, want ...time.Duration) {
			t.Helper()
			got := asks(w, at(path))
			for i, d := range want {
				if i >= len(got) || got[i] < d || got[i] > d+5*time.Minute {
					t.Errorf("%s was revisited after %v, want %v", path, got[:min(len(got), len(want))], want)
					return
				}
			}
		}
		hour := func(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
		check("/", hour(1), hour(1), hour(1), hour(1))
		check("/a", hour(1), hour(1.4), hour(1.96), hour(2.744))
		check("/b", hour(1), hour(1), hour(1), hour(1))
		check("/1.pic", hour(1), hour(4), hour(16), hour(24))
	})
}
