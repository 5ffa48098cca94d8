package crawler_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

func redirect(to string) func(int) (*http.Response, error) { return always(302, "Location", to) }

func TestRedirectsBecomeLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(`
-- ONION/ --
<a href="/hop">x</a> <img src="/old.pic"> <a href="/loop">x</a> <a href="/self">x</a> <a href="/out">x</a> <a href="/clear">x</a> <a href="/chain0">x</a>
-- ONION/there --
<img src="/new.pic">
-- ONION/new.pic --
new
`)
		w.answer(at("/hop"), redirect("/there"))
		w.answer(at("/old.pic"), redirect("/new.pic"))
		w.answer(at("/loop"), redirect("/pool"))
		w.answer(at("/pool"), redirect("/loop"))
		w.answer(at("/self"), redirect("/self"))
		w.answer(at("/out"), redirect("http://b"+onion[1:]+"/"))
		w.answer(at("/clear"), redirect("http://clear.example.com/"))
		for i := range 10 {
			w.answer(at(fmt.Sprintf("/chain%d", i)), redirect(fmt.Sprintf("/chain%d", i+1)))
		}
		r := newRig(t, w)
		r.configure(board())
		r.once()
		for path, want := range map[string]crawler.Cause{
			"/hop": crawler.OK, "/there": crawler.OK, "/old.pic": crawler.OK, "/new.pic": crawler.OK,
			"/pool": crawler.TrapRedirectLoop, "/self": crawler.TrapRedirectLoop,
			"/out": crawler.RefusedScope, "/clear": crawler.RefusedClearnet,
			"/chain4": crawler.OK, "/chain5": crawler.LimitRedirects,
		} {
			if path == "/pool" && r.cause(at("/loop")) == want {
				continue // whichever came second
			}
			if got := r.cause(at(path)); got != want {
				t.Errorf("%s ended in %s, want %s", path, got, want)
			}
		}
		if l := r.link(at("/there")); *l.FoundOn != at("/hop") || l.Depth != 1 {
			t.Errorf("target of a redirect is %+v", l)
		}
		for _, a := range w.all() {
			if !strings.HasPrefix(a.url, at("/")) || a.url == at("/chain6") {
				t.Errorf("%s was asked for", a.url)
			}
		}
		if f := r.eye.found[0]; f.URL != at("/new.pic") || f.Page != at("/") && f.Page != at("/there") {
			t.Errorf("found %s on %q, want the page where the link stood", f.URL, f.Page)
		}
	})
}

// A seed that only points elsewhere is no content: its target decides whether
// the site is seen, and is looked at as often as a seed.
func TestRedirectedSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("-- ONION/index --\nhello\n")
		w.answer(at("/"), redirect("/index"))
		r := newRig(t, w)
		r.configure(board())
		r.run(10*time.Hour + time.Minute)
		if n := w.times(at("/index")); n != 11 {
			t.Errorf("the target was visited %d times in 10 hours, want 11", n)
		}
		w.answer(at("/index"), always(500))
		r.run(10 * time.Hour)
		if d := r.site("board"); d.State != "blind" || r.ear.kinds() != "site_blind" {
			t.Errorf("site is %+v, told %q, want it blind", d.Site, r.ear.kinds())
		}
	})
}

// A seed that leads elsewhere each time does not leave ever more links behind
// that are visited as often as a seed.
func TestWanderingSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("")
		w.answer(at("/"), func(n int) (*http.Response, error) { return redirect(fmt.Sprintf("/%d", n))(0) })
		for i := range 200 {
			w.set(at(fmt.Sprintf("/%d", i)), fmt.Sprint("page ", i))
		}
		r := newRig(t, w)
		r.configure(board())
		r.run(100 * time.Hour)
		if n := len(w.all()); n > 100+100*12 {
			t.Errorf("%d requests in 100 hours", n)
		}
		if n := w.times(at("/0")); n > 15 {
			t.Errorf("the first target was visited %d times, want it to be an ordinary page again", n)
		}
	})
}

// What came of a body that was cut is read, and how it was cut is the cause.
func TestCutBodiesAreReadAsFarAsTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		w.set(at("/a"), `<img src="/2.pic">`+strings.Repeat("x", 200)+`<a href="/never">x</a>`)
		r := newRig(t, w)
		r.o.MaxPage = 100
		site := board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour })
		r.configure(site)
		for range 2 {
			r.once()
			if got := r.cause(at("/a")); got != crawler.LimitPage {
				t.Errorf("ended in %s, want limit_page each time", got)
			}
			time.Sleep(2 * time.Hour)
		}
		if d, _ := r.eye.looks(at("/2.pic")); d != 1 {
			t.Errorf("the picture before the cut was looked at %d times, want 1", d)
		}
	})
}

func TestUnchangedCostsNoSecondLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		site := board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour })
		r.configure(site)
		check := func(when string, decoded, again int) {
			t.Helper()
			r.once()
			if d, a := r.eye.looks(at("/1.pic")); d != decoded || a != again {
				t.Errorf("%s: picture was decoded %d times and seen again %d times, want %d and %d", when, d, a, decoded, again)
			}
			time.Sleep(2 * time.Hour)
		}
		check("first", 1, 0)
		check("unchanged", 1, 1)
		for _, path := range []string{"/1.pic", "/b"} {
			if got := r.cause(at(path)); got != crawler.Unchanged {
				t.Errorf("cause of %s is %s, want unchanged", path, got)
			}
		}
		r.reopen(site)
		r.sight = "2"
		check("with another sight", 2, 1)
		if n := r.world.all(); n[len(n)-1].etag != "" {
			t.Error("the request was conditional though the sight has changed")
		}
		check("with the same sight", 2, 2)
		r.world.set(at("/1.pic"), "another")
		check("changed", 3, 2)
		if l := r.ledger(); l.Pictures.Known != r.eye.again() || l.Pictures.Inspected != len(r.eye.found)-r.eye.again() {
			t.Errorf("pictures are %+v, want %d looks, %d of them known", l.Pictures, len(r.eye.found), r.eye.again())
		}
	})
}

// An unchanged page is not read again, unless its inline pictures have to be
// looked at with another sight.
func TestInlinePictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("")
		w.set(at("/"), `<img src="data:image/png;base64,`+base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\ninline"))+`">`)
		r := newRig(t, w)
		r.configure(board())
		for _, test := range []struct {
			sight string
			looks int
		}{{"1", 1}, {"1", 1}, {"2", 2}, {"2", 2}} {
			r.sight = test.sight
			r.once()
			if n := len(r.eye.found); n != test.looks {
				t.Fatalf("with sight %s the inline picture was looked at %d times, want %d", test.sight, n, test.looks)
			}
			time.Sleep(2 * time.Hour)
		}
		f := r.eye.found[0]
		if want := fmt.Sprintf("%s#data-%x", at("/"), f.SHA256[:8]); f.URL != want || f.Page != at("/") || f.MediaType != "image/png" {
			t.Errorf("found %s on %s as %s, want %s", f.URL, f.Page, f.MediaType, want)
		}
		if l := r.ledger(); l.Pictures.Inspected != 2 || l.Causes[crawler.OK] != 2 || l.Causes[crawler.Unchanged] != 2 {
			t.Errorf("ledger is %+v", l)
		}
	})
}

func (e *eye) again() int {
	n := 0
	for _, f := range e.found {
		if f.Unchanged {
			n++
		}
	}
	return n
}

func TestUnchangedKeepsWhatWasKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		r.eye.gives = func(f crawler.Found) (crawler.Inspection, error) {
			return crawler.Inspection{Cause: crawler.LowQuality, Why: "quality 12 < 50"}, nil
		}
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		r.once()
		if l := r.link(at("/1.pic")); *l.Cause != crawler.LowQuality || *l.Why != "quality 12 < 50" {
			t.Errorf("link is %+v", l)
		}
		for range 2 {
			time.Sleep(2 * time.Hour)
			r.once()
		}
		last := r.eye.found[len(r.eye.found)-1]
		if !last.Unchanged || last.KnownCause != crawler.LowQuality {
			t.Errorf("found %+v, want it unchanged and known as low_quality", last)
		}
		if l := r.link(at("/1.pic")); *l.Cause != crawler.LowQuality || *l.Why != "quality 12 < 50" {
			t.Errorf("unchanged, the link is %+v", l)
		}
		l := r.ledger()
		if l.Pictures.ExactOnly != 6 || l.Pictures.Known != 0 || l.Causes[crawler.LowQuality] != 6 {
			t.Errorf("pictures are %+v, causes %v: what could not be judged still cannot", l.Pictures, l.Causes)
		}
	})
}

// What the room remembers of its neighbours' failures: nothing is done.
func TestInspectorErrorEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		broken := errors.New("disk on fire")
		r.eye.gives = func(crawler.Found) (crawler.Inspection, error) { return crawler.Inspection{}, broken }
		r.configure(board())
		if err := r.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("Run ended with %v, want %v", err, broken)
		}
		r.eye.gives = nil
		r.reopen(board())
		r.once()
		if got := r.cause(at("/1.pic")); got != crawler.OK {
			t.Errorf("the picture ended in %s, want ok: it was still due", got)
		}
	})
}

func TestReferer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(smallBoard)
		r := newRig(t, w)
		cdn := "cdn." + onion
		w.set(at("/a"), `<img src="http://`+"z"+onion[1:]+`/x.pic"><img src="http://`+cdn+`/y.pic">`)
		w.set("http://z"+onion[1:]+"/x.pic", "x")
		w.set("http://"+cdn+"/y.pic", "y")
		r.configure(board(func(s *crawler.SiteConfig) { s.EmbedHosts = []string{"z" + onion[1:]} }))
		r.once()
		want := map[string]string{at("/"): "", at("/a"): at("/"), "http://z" + onion[1:] + "/x.pic": "", "http://" + cdn + "/y.pic": ""}
		for _, a := range w.all() {
			if referer, listed := want[a.url]; listed && a.referer != referer {
				t.Errorf("%s was asked for with referer %q, want %q", a.url, a.referer, referer)
			}
			delete(want, a.url)
		}
		if len(want) != 0 {
			t.Errorf("not asked for: %v", want)
		}
	})
}

// Time that ran out says something of this machine on that day, not of the
// picture: it is looked at again, also when its bytes stand still.
func TestAPictureThatTookTooLongIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		cause := crawler.LimitTime
		r.eye.gives = func(crawler.Found) (crawler.Inspection, error) { return crawler.Inspection{Cause: cause}, nil }
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		for range 2 {
			r.once()
			time.Sleep(2 * time.Hour)
		}
		if decoded, again := r.eye.looks(at("/1.pic")); decoded != 2 || again != 0 {
			t.Errorf("decoded %d times and seen again %d times, want 2 and 0", decoded, again)
		}
		cause = crawler.OK
		r.once()
		if got := r.cause(at("/1.pic")); got != crawler.OK {
			t.Errorf("cause is %s, want ok", got)
		}
	})
}
