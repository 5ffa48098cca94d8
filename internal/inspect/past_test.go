package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
	"leakwatch/internal/seen"
)

// pastRig is a rig with a memory.
type pastRig struct {
	*rig
	seen *seen.Seen
	past *inspect.Past
}

func newPastRig(t *testing.T) *pastRig {
	t.Helper()
	r := &pastRig{}
	var err error
	if r.seen, err = seen.Open(open(t, "seen.db"), seen.Options{}); err != nil {
		t.Fatal(err)
	}
	r.rig = newRig(t, func(o *inspect.Options) { o.Memory = r.seen })
	r.restart()
	return r
}

// restart forgets what only memory knows.
func (r *pastRig) restart() {
	r.past = inspect.NewPast(r.room, inspect.PastOptions{Sets: r.sets, Alerts: r.alerts, Seen: r.seen})
}

func (r *pastRig) ask() {
	r.t.Helper()
	if err := r.past.Ask(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func TestSetLoadedLaterIsAnsweredForThePast(t *testing.T) {
	r := newPastRig(t)
	file := edited(t, demo.Stranger(3, 77), "png")
	copied := edited(t, demo.Stranger(3, 77), "mirror")
	r.shows("/copy.jpg", copied)
	r.shows("/stranger.jpg", edited(t, demo.Stranger(5, 1), "jpeg-q30"))
	again := foundAt("/copy.jpg", nil)
	again.SHA256, again.Unchanged, again.At = foundAt("", copied).SHA256, true, at().Add(48*time.Hour)
	other := foundAt("/again.jpg", copied)
	other.Site, other.At = "market", at().Add(24*time.Hour)
	for _, f := range []crawler.Found{again, other} {
		if _, err := r.room.Inspect(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	r.ask()
	if all := r.raised(); len(all) != 0 {
		t.Fatalf("raised %+v before any set was loaded", all)
	}
	refs := r.load("lane", file)
	r.ask()
	all := r.raised()
	if len(all) != 2 {
		t.Fatalf("%d alerts, want one of each site", len(all))
	}
	for _, a := range all {
		f := a.Findings[0]
		want, last, url := at(), at().Add(48*time.Hour), "http://board/copy.jpg"
		if a.Site == "market" {
			want, last, url = at().Add(24*time.Hour), at().Add(24*time.Hour), "http://board/again.jpg"
		}
		if len(a.Findings) != 1 || *f.Ref != refs[0] || f.Verdict != match.Copy || *f.Stage != "past" || *f.Orientation != 2 || f.URL != url {
			t.Errorf("%s: %+v", a.Site, a.Findings)
		}
		if !f.Seen.Equal(want) || !f.LastSeen.Equal(last) || !a.FirstSeen.Equal(want) || !a.LastSeen.Equal(last) {
			t.Errorf("%s: seen %v to %v, want %v to %v", a.Site, f.Seen, f.LastSeen, want, last)
		}
	}
	if p := r.past.Progress(); p.Raised != 1 || p.Asked != 2 || p.Of != 2 || len(p.Sets) != 0 {
		t.Errorf("progress %+v", p)
	}
}

// What an alert holds already is no news, least of all where it was closed.
func TestPastKnowsWhatWasRaised(t *testing.T) {
	r := newPastRig(t)
	file := edited(t, demo.Stranger(3, 77), "png")
	r.load("lane", file)
	r.shows("/copy.jpg", edited(t, demo.Stranger(3, 77), "jpeg-q30"))
	id := r.raised()[0].ID
	if _, err := r.alerts.Review(t.Context(), id, alert.Review{State: alert.StateClosed, By: "me"}); err != nil {
		t.Fatal(err)
	}
	r.load("lane", file, edited(t, demo.Stranger(4, 77), "png"))
	r.ask()
	if all := r.raised(); len(all) != 1 || *all[0].Findings[0].Stage == "past" {
		t.Errorf("raised anew: %+v", all)
	}
}

// A pass that is broken off goes on where it was.
func TestPastGoesOnAfterARestart(t *testing.T) {
	r := newPastRig(t)
	photo := demo.Stranger(3, 77)
	var kept []seen.Picture
	for n := range 5000 {
		kept = append(kept, seen.Picture{SHA256: [32]byte{1, byte(n), byte(n >> 8)}, Cause: "ok", First: at(), Last: at(), Place: seen.Place{Site: "board", URL: "http://board/x"}})
	}
	if err := r.seen.Note(t.Context(), kept...); err != nil {
		t.Fatal(err)
	}
	r.shows("/copy.jpg", edited(t, photo, "jpeg-q30"))
	r.load("lane", edited(t, photo, "png"))
	counting := &countingSets{Sets: r.sets, stop: 3000}
	p := inspect.NewPast(r.room, inspect.PastOptions{Sets: counting, Alerts: r.alerts, Seen: r.seen})
	ctx, cancel := context.WithCancel(t.Context())
	counting.enough = cancel
	if err := p.Ask(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("broken off: %v", err)
	}
	if len(r.raised()) != 0 {
		t.Fatal("the last picture was asked before the break")
	}
	counting.asked, counting.stop = 0, 1<<30
	p = inspect.NewPast(r.room, inspect.PastOptions{Sets: counting, Alerts: r.alerts, Seen: r.seen})
	if err := p.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.raised()) != 1 || counting.asked > 3000 {
		t.Errorf("%d alerts, %d pictures asked after the restart; want 1, and not all 5,001 again", len(r.raised()), counting.asked)
	}
}

// countingSets counts pictures and calls enough.
type countingSets struct {
	*match.Sets
	mu          sync.Mutex
	asked, stop int
	enough      func()
}

func (c *countingSets) SearchMany(sets []string, q []match.Query) ([][]match.Hit, error) {
	c.mu.Lock()
	if c.asked += len(q); c.asked >= c.stop {
		c.enough()
	}
	c.mu.Unlock()
	return c.Sets.SearchMany(sets, q)
}

// A visit that began before the load judged by what the sets were then, and was
// noted after the pass.
func TestLateVisitIsAskedAgain(t *testing.T) {
	r := newPastRig(t)
	photo := demo.Stranger(3, 77)
	r.load("lane", edited(t, photo, "png"))
	r.ask()
	r.shows("/other.jpg", edited(t, demo.Stranger(5, 1), "jpeg-q30"))
	e := entryOf(t, edited(t, photo, "resize-50"))
	late := seen.Picture{SHA256: [32]byte{9}, PDQ: e.PDQ, Quality: e.Quality, Cause: "ok", Sight: 1, Nothing: true, First: at(), Last: at(),
		Place: seen.Place{Site: "board", URL: "http://board/late.jpg"}}
	if err := r.seen.Note(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	r.ask()
	if f := r.finding(); f.URL != late.URL {
		t.Errorf("found %+v", f)
	}
}

// While a visit waits for a core the past waits too.
func TestPastGivesWay(t *testing.T) {
	r := newPastRig(t)
	r.shows("/copy.jpg", edited(t, demo.Stranger(3, 77), "jpeg-q30"))
	r.load("lane", edited(t, demo.Stranger(3, 77), "png"))
	release := r.room.Occupy(t.Context())
	synctest.Test(t, func(t *testing.T) {
		done := make(chan error, 1)
		go func() { done <- r.past.Ask(context.Background()) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("did not wait: %v", err)
		default:
		}
		release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
	if len(r.raised()) != 1 {
		t.Error("nothing was raised")
	}
}

// A picture in which nothing was found is not decoded again after a restart,
// until something may be found in it.
func TestKnownAfterRestart(t *testing.T) {
	r := newPastRig(t)
	r.load("lane", edited(t, demo.Stranger(3, 77), "png"))
	file := edited(t, demo.Stranger(5, 1), "jpeg-q30")
	if got := r.shows("/a.jpg", file); got.Known {
		t.Error("known at the first look")
	}
	r.newRoom()
	broken := foundAt("/a.jpg", []byte("not these bytes"))
	broken.SHA256 = foundAt("", file).SHA256
	got, err := r.room.Inspect(t.Context(), broken)
	if err != nil || !got.Known || got.Cause != crawler.OK {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
	r.load("more", edited(t, demo.Stranger(4, 77), "png"))
	if got, err = r.room.Inspect(t.Context(), broken); err != nil || got.Known {
		t.Errorf("after a load: %+v, %v", got, err)
	}
}

func (r *pastRig) newRoom() {
	r.t.Helper()
	var err error
	if r.room, err = inspect.New(inspect.Options{Sets: r.sets, Alerts: r.alerts, Memory: r.seen, Cores: 2, Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: match.DefaultOptions().MinQuality}}); err != nil {
		r.t.Fatal(err)
	}
}

// What lists stated before a set knew of it is raised as it was found.
func TestManifestOfThePast(t *testing.T) {
	r := newPastRig(t)
	var listing strings.Builder
	listing.WriteString("<html><head><title>Index of /x/</title></head><body><h1>Index of /x/</h1><hr><pre><a href=\"../\">../</a>\n")
	for _, l := range []string{"a.jpg", "b.jpg", "c.jpg"} {
		fmt.Fprintf(&listing, "<a href=\"%s\">%s</a>                  06-Jan-2026 10:00          12345\n", l, l)
	}
	listing.WriteString("</pre><hr></body></html>")
	f := foundAt("/x/", []byte(listing.String()))
	f.Kind, f.MediaType = crawler.KindText, "text/html"
	data := zipOf(t, file{"lane/a.jpg", edited(t, demo.Stranger(3, 77), "jpeg-q30")}, file{"lane/b.jpg", []byte("no picture")})
	zipped := foundAt("/x.zip", nil)
	zipped.Kind, zipped.Container, zipped.Archives = crawler.KindContainer, &container.Source{Name: "x.zip", At: bytes.NewReader(data), Size: int64(len(data))}, "all"
	for _, f := range []crawler.Found{f, zipped} {
		if _, err := r.room.Inspect(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if all := r.raised(); len(all) != 0 {
		t.Fatalf("raised %+v before any set was loaded", all)
	}
	r.load("lane", edited(t, demo.Stranger(3, 77), "png"))
	var err error
	if r.room, err = inspect.New(inspect.Options{Sets: &knowing{r.sets, []string{"a.jpg", "b.jpg"}, nil}, Alerts: r.alerts, Memory: r.seen, Cores: 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		past := inspect.NewPast(r.room, inspect.PastOptions{Sets: &knowingPast{r.sets}, Alerts: r.alerts, Seen: r.seen})
		if err := past.Ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]string{}
	for _, a := range r.raised() {
		for _, f := range a.Findings {
			member := ""
			if f.Member != nil {
				member = "!" + *f.Member
			}
			found[f.URL+member] = f.Kind
			if *f.Stage != "past" || !f.Seen.Equal(at()) || f.Container == nil {
				t.Errorf("finding %+v", f)
			}
		}
	}
	want := map[string]string{"http://board/x/": "manifest", "http://board/x.zip": "manifest", "http://board/x.zip!lane/a.jpg": "picture"}
	if !maps.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

// The names in an archive are asked for selectors that came later, once; what
// the archive was known for before does not hide them.
func TestNamesOfThePast(t *testing.T) {
	r := newPastRig(t)
	data := zipOf(t, file{"lane/AB123.txt", []byte("one")}, file{"lane/b.txt", []byte("two")})
	f := boxAt("x.zip", data, "all")
	if _, err := r.room.Inspect(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.room, err = inspect.New(inspect.Options{Sets: &knowing{r.sets, nil, []string{"AB123"}}, Alerts: r.alerts, Memory: r.seen, Cores: 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		past := inspect.NewPast(r.room, inspect.PastOptions{Sets: &knowingPast{r.sets}, Alerts: r.alerts, Seen: r.seen})
		if err := past.Ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if f := r.finding(); f.Kind != "selector" || *f.Count != 1 || *f.Stage != "past" || f.URL != "http://board/x.zip" || *f.Container != "zip" || !f.Seen.Equal(at()) {
		t.Errorf("found %+v, want one selector in the names of x.zip", f)
	}
}

// knowingPast has the sets of knowing beside the real ones.
type knowingPast struct{ *match.Sets }

func (k *knowingPast) Horizons() map[string]string {
	h := k.Sets.Horizons()
	h["files"], h["words"] = "1", "1"
	return h
}
