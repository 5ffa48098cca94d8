package crawler_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// reach notes which causes were reached.
type reach struct {
	t       *testing.T
	reached map[crawler.Cause]bool
}

func (c *reach) mark(t *testing.T, want, got crawler.Cause) {
	t.Helper()
	if got != want {
		t.Errorf("ended in %q, want %q", got, want)
		return
	}
	c.reached[want] = true
}

// ends lets the visit of /a on the small board end in want.
func (c *reach) ends(want crawler.Cause, prepare func(*rig)) {
	c.story(want, func(t *testing.T, r *rig) {
		prepare(r)
		r.configure(board())
		r.once()
		if r.ledger().Causes[want] == 0 {
			t.Errorf("the ledger says %v and nothing of %s", r.ledger().Causes, want)
		}
		if want.Class() == crawler.ClassOurs { // no link is blamed
			c.reached[want] = true
			return
		}
		c.mark(t, want, r.cause(at("/a")))
	})
}

func (c *reach) story(want crawler.Cause, fn func(t *testing.T, r *rig)) {
	c.t.Run(string(want), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { fn(t, newRig(t, newWorld(smallBoard))) })
	})
}

// answers lets /a answer so.
func answers(fn func(int) (*http.Response, error)) func(*rig) {
	return func(r *rig) { r.world.answer(at("/a"), fn) }
}

// Each cause that this room can end in is reached through its front door. Those
// that come from next door are driven by what next door would say.
func TestEachCauseIsReached(t *testing.T) {
	c := &reach{t, map[crawler.Cause]bool{}}
	c.ends(crawler.OK, func(*rig) {})
	c.failures()
	c.redirects()
	c.limits()
	c.pictures()
	c.containers()
	c.largeContainers()
	c.rounds()
	for _, cause := range crawler.Causes() {
		if !c.reached[cause] {
			t.Errorf("no visit ended in %s", cause)
		}
	}
}

func (c *reach) failures() {
	for _, code := range []crawler.Cause{
		crawler.OnionNotFound, crawler.OnionBadDescriptor, crawler.OnionIntroFailed, crawler.OnionRendezvousFailed,
		crawler.OnionAuthMissing, crawler.OnionAuthWrong, crawler.OnionBadAddress, crawler.OnionIntroTimeout,
		crawler.PortClosed, crawler.ExitFailed, crawler.TimeoutConnect, crawler.TimeoutHeader, crawler.TimeoutFetch, crawler.TooSlow,
		crawler.ConnectionLost, crawler.TLSFailed, crawler.LimitHeader, crawler.LimitRatio, crawler.TorDown, crawler.TorFailed,
	} {
		c.ends(code, answers(fails(string(code))))
	}
	for status, cause := range map[int]crawler.Cause{403: crawler.HTTP403, 404: crawler.HTTP404, 410: crawler.HTTP410,
		429: crawler.HTTP429, 418: crawler.HTTP4xx, 503: crawler.HTTP5xx, 304: crawler.BrokenHTTP} {
		c.ends(cause, answers(always(status)))
	}
}

func (c *reach) redirects() {
	for to, cause := range map[string]crawler.Cause{
		"http://localhost/": crawler.RefusedLocal, "ftp://x/": crawler.RefusedScheme, "http://" + onion + ":22/": crawler.RefusedPort,
		"http://b" + onion[1:] + "/": crawler.RefusedScope, "http://clear.example.com/": crawler.RefusedClearnet,
		"http://[::1/": crawler.RefusedURL, "/a": crawler.TrapRedirectLoop, "/" + strings.Repeat("x", 3000): crawler.LimitURL,
	} {
		c.ends(cause, answers(redirect(to)))
	}
	c.ends(crawler.LimitRedirects, func(r *rig) {
		r.o.MaxRedirects = 1
		r.world.answer(at("/"), redirect("/a"))
		r.world.answer(at("/a"), redirect("/b"))
	})
}

func (c *reach) limits() {
	c.ends(crawler.LimitPage, func(r *rig) {
		r.o.MaxPage = 100
		r.world.set(at("/a"), strings.Repeat("x", 101))
	})
	c.ends(crawler.LimitLinks, func(r *rig) {
		r.o.MaxLinks = 3
		r.world.set(at("/a"), `<a href="/1">x</a><a href="/2">x</a><a href="/3">x</a><a href="/4">x</a>`)
	})
	c.story(crawler.LimitDepth, func(t *testing.T, r *rig) {
		r.configure(board())
		r.once()
		r.configure(board(func(s *crawler.SiteConfig) { s.Depth = 0 }))
		time.Sleep(2 * time.Hour)
		r.once()
		if n := r.world.times(at("/a")); n != 1 || r.ledger().Causes[crawler.LimitDepth] != 2 {
			t.Errorf("/a was asked for %d times, causes %v; want once, and 2 visits beyond the depth", n, r.ledger().Causes)
		}
		c.mark(t, crawler.LimitDepth, r.cause(at("/a")))
	})
}

func (c *reach) pictures() {
	for _, cause := range []crawler.Cause{
		crawler.Partial, crawler.LowQuality, crawler.TooSmall, crawler.Flat, crawler.NotAPicture, crawler.Unsupported, crawler.Damaged,
		crawler.LimitBytes, crawler.LimitPixels, crawler.LimitSide, crawler.LimitFrames, crawler.LimitTime,
	} {
		c.ends(cause, func(r *rig) {
			r.world.answer(at("/a"), func(int) (*http.Response, error) { return reply(200, "image/png", "PIC "), nil })
			r.eye.gives = func(crawler.Found) (crawler.Inspection, error) { return crawler.Inspection{Cause: cause}, nil }
		})
	}
}

// containers reaches what a look at a container gives.
func (c *reach) containers() {
	for _, cause := range []crawler.Cause{
		crawler.LimitMemory, crawler.LimitMembers, crawler.LimitTotal, crawler.LimitNesting, crawler.LimitWindow, crawler.Encrypted,
		crawler.BadPath, crawler.BadEntry, crawler.CRCMismatch, crawler.Sampled,
	} {
		c.ends(cause, func(r *rig) {
			r.world.serves(at("/a"), "application/zip", "PK\x03\x04")
			r.eye.gives = func(crawler.Found) (crawler.Inspection, error) { return crawler.Inspection{Cause: cause}, nil }
		})
	}
}

// largeContainers reaches what servers of large ones do.
func (c *reach) largeContainers() {
	for cause, fault := range map[crawler.Cause]string{crawler.RangeIgnored: ignore, crawler.RangeLies: shift} {
		c.story(cause, func(t *testing.T, r *rig) {
			f := r.world.put(at("/a"), newFileOf(largeZip(40, 500<<10)))
			f.fault = func(from, _ int64) string { return map[bool]string{true: fault}[from > 0] }
			r.eye.opens = look{sample: 10}.open
			r.configure(board())
			r.once()
			c.mark(t, cause, r.cause(at("/a")))
		})
	}
	c.story(crawler.Split, func(t *testing.T, r *rig) {
		r.world.set(at("/"), "<a href=/x.zip.001>x</a><a href=/x.zip.003>x</a>")
		r.world.answer(at("/x.zip.001"), always(403))
		r.configure(board())
		r.once()
		c.mark(t, crawler.Split, r.cause(at("/x.zip.003")))
	})
}

// rounds reaches what needs a second visit, a stop, or a budget.
func (c *reach) rounds() {
	c.story(crawler.Unchanged, func(t *testing.T, r *rig) {
		r.configure(board())
		r.once()
		time.Sleep(2 * time.Hour)
		r.once()
		c.mark(t, crawler.Unchanged, r.cause(at("/")))
	})
	c.story(crawler.Stopped, func(t *testing.T, r *rig) {
		r.world.took = time.Hour
		r.o.FetchTimeout = 2 * time.Hour
		r.configure(board())
		r.run(time.Second)
		if r.ledger().Causes[crawler.Stopped] == 1 {
			c.reached[crawler.Stopped] = true
		}
	})
	for cause, change := range map[crawler.Cause]func(*crawler.SiteConfig){
		crawler.BudgetPages: func(s *crawler.SiteConfig) { s.MaxPages = 2 },
		crawler.BudgetBytes: func(s *crawler.SiteConfig) { s.MaxBytes = 1 },
		crawler.BudgetTime:  func(s *crawler.SiteConfig) { s.MaxTime = time.Second },
	} {
		c.story(cause, func(t *testing.T, r *rig) {
			r.configure(board(change))
			r.once()
			c.mark(t, cause, crawler.Cause(*r.site("board").Round.End))
		})
	}
}

// A link that was in scope when it was found may be refused when its turn comes.
func TestPolicyIsAskedAgainBeforeTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxPages = 1 }))
		r.once()
		n := len(r.world.all())
		r.configure(board(func(s *crawler.SiteConfig) { s.Exclude = []*regexp.Regexp{regexp.MustCompile("/a$")} }))
		time.Sleep(2 * time.Hour)
		r.once()
		if got := r.cause(at("/a")); got != crawler.RefusedScope || r.world.times(at("/a")) != 0 {
			t.Errorf("/a ended in %s after %d requests, want refused_scope without one", got, r.world.times(at("/a")))
		}
		if len(r.world.all()) == n {
			t.Error("nothing else was visited")
		}
	})
}

// Bytes decide, not names or claims.
func TestBytesDecideWhatStandsThere(t *testing.T) {
	for _, test := range []struct {
		link, mediaType, body string
		want                  crawler.Cause
		looks                 int
	}{
		{`<a href="/x">`, "text/html", "PIC", crawler.OK, 0},
		{`<a href="/x">`, "text/html", "PIC bytes", crawler.OK, 1},
		{`<a href="/x">`, "application/octet-stream", "PIC bytes", crawler.OK, 1},
		{`<a href="/x">`, "application/json", `{"a":1}`, crawler.OK, 0},
		{`<a href="/x">`, "application/x-thing", "\x00\x01\x02", crawler.Unsupported, 0},
		{`<a href="/x">`, "text/plain", "%PDF-1.7", crawler.OK, 1},
		{`<a href="/x">`, "application/zip", "PK\x03\x04", crawler.OK, 1},
		{`<a href="/x">`, "", "<html>hello", crawler.OK, 0},
		{`<img src="/x">`, "image/jpeg", "<html>not found", crawler.NotAPicture, 0},
		{`<img src="/x">`, "image/jpeg", "just text", crawler.NotAPicture, 0},
		{`<img src="/x">`, "image/avif", "\x00\x00\x00 ftypavif\x01\x02", crawler.Unsupported, 0},
		{`<img src="/x">`, "image/svg+xml", "<svg><image/></svg>", crawler.Unsupported, 0},
		{`<link rel="stylesheet" href="/x">`, "text/css", "a{background:url(y)}", crawler.OK, 0},
	} {
		t.Run(fmt.Sprint(test.link, test.mediaType, test.want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("")
				w.set(at("/"), test.link)
				w.answer(at("/x"), func(int) (*http.Response, error) { return reply(200, test.mediaType, test.body), nil })
				r := newRig(t, w)
				r.configure(board())
				r.once()
				if got := r.cause(at("/x")); got != test.want || len(r.eye.found) != test.looks {
					t.Errorf("ended in %s with %d looks, want %s with %d", got, len(r.eye.found), test.want, test.looks)
				}
				if test.mediaType == "text/css" && w.times(at("/y")) != 1 {
					t.Error("the picture of the style was not asked for")
				}
				if l := r.link(at("/x")); test.want == crawler.Unsupported && l.Why == nil {
					t.Error("unsupported does not say what")
				}
			})
		})
	}
}
