package crawler

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
)

// flood counts the bodies of which more than twice a small one was taken.
type flood struct{ now, most atomic.Int64 }

// gusher is a picture without end, which makes a pause in the middle.
type gusher struct {
	*flood
	sent int
}

func (e *gusher) Read(p []byte) (int, error) {
	n := copy(p, "\x89PNG\r\n\x1a\n")
	if before := e.sent; before > 0 {
		n = len(p)
		clear(p)
	}
	before := e.sent
	if e.sent += n; before <= 2*smallBody && e.sent > 2*smallBody {
		e.most.Store(max(e.most.Load(), e.now.Add(1)))
		time.Sleep(20 * time.Second)
	}
	return n, nil
}

// Forty sites send pictures without end: as many go on at once as there is
// memory for, the others wait, and nobody is blamed for the wait. Without the
// bound all of them go on at once.
func TestLargeBodiesShareABudget(t *testing.T) {
	const sites, budget = 40, 8
	for _, bound := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := testFetch()
			l.picture = 8 << 20
			if bound {
				l.large = semaphore.NewWeighted(budget * (l.picture + 1))
			}
			f := &flood{}
			site := trip(func(q *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(&gusher{flood: f}), Request: q}, nil
			})
			var all sync.WaitGroup
			for range sites {
				all.Go(func() {
					a := fetch(t.Context(), site, request{url: at(t, pageURL)}, l)
					if a.cause != LimitBytes {
						t.Errorf("ended in %s (%s), want limit_bytes", a.cause, a.why)
					}
					f.now.Add(-1)
					if bound {
						l.large.Release(a.held)
					}
				})
			}
			all.Wait()
			if want := map[bool]int64{true: budget, false: sites}[bound]; f.most.Load() != want {
				t.Errorf("bound %t: %d large bodies at once, want %d", bound, f.most.Load(), want)
			}
		})
	}
}

// A body with a length takes no more than that, and a small one nothing.
func TestHonestBodiesTakeLittle(t *testing.T) {
	for size, want := range map[int]int64{smallBody / 2: 0, smallBody * 3 / 2: smallBody*3/2 + 1} {
		l := testFetch()
		l.large = newLargeBodies()
		a := fetch(t.Context(), said("200 OK", "\x89PNG\r\n\x1a\n"+string(make([]byte, size-8))), request{url: at(t, pageURL)}, l)
		if a.cause != fine || len(a.body) != size || a.held != want {
			t.Errorf("%d bytes: cause %q, %d bytes, took %d, want %d", size, a.cause, len(a.body), a.held, want)
		}
	}
}

// A listing that does not say how long it is takes what a listing may come to,
// and not only what a page may.
func TestListingsTakeTheirWhole(t *testing.T) {
	l := testFetch()
	l.page, l.listing, l.large = 2<<20, 8<<20, newLargeBodies()
	body := "<title>Index of /d/</title><h1>Index of /d/</h1><pre><a href=\"../\">../</a>\n" + strings.Repeat("<a href=\"IMG_1.jpg\">IMG_1.jpg</a>   12-Jun-2019 08:30   100000\n", 80_000)
	site := trip(func(q *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/html"}}, ContentLength: -1,
			Body: io.NopCloser(strings.NewReader(body)), Request: q}, nil
	})
	a := fetch(t.Context(), site, request{url: at(t, pageURL)}, l)
	if a.cause != fine || len(a.body) != len(body) || a.held != l.listing+1 {
		t.Errorf("cause %q, %d of %d bytes, took %d, want %d", a.cause, len(a.body), len(body), a.held, l.listing+1)
	}
}

// Who waits for memory until there is no time left says so.
func TestWaitingForMemoryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testFetch()
		l.large = semaphore.NewWeighted(1)
		f := &flood{}
		site := trip(func(q *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(&gusher{flood: f}), Request: q}, nil
		})
		a := fetch(t.Context(), site, request{url: at(t, pageURL)}, l)
		if a.cause != TimeoutFetch || a.held != 0 || a.took != l.fetch {
			t.Errorf("ended in %s (%s) after %v, took %d; want timeout_fetch after %v", a.cause, a.why, a.took, a.held, l.fetch)
		}
	})
}
