package crawler_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// unopened lists what was not opened on board, each in one short text.
func (r *rig) unopened(from, to time.Time) []string {
	r.t.Helper()
	var all []string
	for n, err := range r.Unopened(r.t.Context(), "board", from, to) {
		if err != nil {
			r.t.Fatal(err)
		}
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		size := "-"
		if n.Size != nil {
			size = fmt.Sprint(*n.Size)
		}
		all = append(all, strings.Join([]string{strings.TrimPrefix(n.URL, at("")), text(n.Container), text(n.Member), size, string(n.Cause), text(n.Why)}, " "))
	}
	return all
}

func (r *rig) allUnopened() []string {
	all := r.unopened(time.Time{}, time.Now().Add(time.Second))
	slices.Sort(all)
	return all
}

// hardToSee is a board of which little can be looked at.
func hardToSee(t *testing.T) *rig {
	w := newWorld(`
-- ONION/ --
<img src=/ok.pic><img src=/blurred.pic><img src=/page.pic.png><img src=/huge.png><img src=/cut.png><img src="data:image/png;base64,iVBORw0KGgoAAAAN">
<a href=/x.zip>x</a>
-- ONION/ok.pic --
fine
-- ONION/blurred.pic --
blurred
-- ONION/page.pic.png --
<html>
`)
	w.serves(at("/x.zip"), "application/zip", string(zipped(3, 50)))
	w.answer(at("/huge.png"), func(int) (*http.Response, error) {
		return reply(200, "image/png", "\x89PNG\r\n\x1a\n"+strings.Repeat("x", 2<<20)), nil
	})
	w.answer(at("/cut.png"), func(int) (*http.Response, error) {
		p := reply(200, "image/png", "\x89PNG\r\n\x1a\n and so on", "Content-Length", "900")
		p.ContentLength = 900
		p.Body = &dying{Reader: p.Body}
		return p, nil
	})
	r := newRig(t, w)
	r.o.MaxPicture = 1 << 20
	r.eye.gives = func(f crawler.Found) (crawler.Inspection, error) {
		if strings.Contains(f.URL, "blurred") {
			return crawler.Inspection{Cause: crawler.LowQuality, Why: "little detail"}, nil
		}
		if strings.Contains(f.URL, "#data-") {
			return crawler.Inspection{Cause: crawler.Damaged, Why: "no end"}, nil
		}
		return crawler.Inspection{}, nil
	}
	r.eye.opens = func(crawler.Found) (crawler.Inspection, error) {
		return crawler.Inspection{Members: 3, Containers: crawler.Containers{Opened: 1}, Unopened: []crawler.Unopened{
			{Container: "zip", Member: "a!b.jpg", Size: -1, Cause: crawler.Encrypted, Why: "a password"}}}, nil
	}
	return r
}

// Each picture, container and member that was not looked at, or not wholly, has
// a line; it stays while the same bytes stand there, goes with them, and is
// there once however often its link is visited.
func TestUnopenedLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := hardToSee(t)
		w := r.world
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		r.once()
		want := []string{
			"/#data-07c83a20e8a9e0e8 - - 12 damaged no end",
			"/blurred.pic - - 12 low_quality little detail",
			"/cut.png - - 900 partial the connection ended after 18 bytes",
			"/huge.png - - 2097160 limit_bytes a picture of more than 1048576 bytes",
			"/page.pic.png - - 7 not_a_picture text/html",
			"/x.zip zip a!b.jpg - encrypted a password",
		}
		got := r.allUnopened()
		for i := range got { // whatever its digest
			if strings.HasPrefix(got[i], "/#data-") {
				got[i] = want[0]
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("not opened:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := r.ledger().Pictures; n.NotHashable+n.ExactOnly != len(want)-2 { // one was cut, and one is a member
			t.Errorf("pictures %+v do not agree with %d lines", n, len(want))
		}
		r.reopen(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		time.Sleep(2 * time.Hour)
		r.once()
		if got := r.allUnopened(); len(got) != len(want) {
			t.Errorf("after a second round: %q", got)
		}
		w.set(at("/blurred.pic"), "sharp")
		r.eye.gives = nil
		w.serves(at("/x.zip"), "application/zip", string(zipped(2, 50)))
		r.eye.opens = opened
		time.Sleep(2 * time.Hour)
		later := time.Now()
		r.once()
		got = r.allUnopened()
		if text := strings.Join(got, "\n"); len(got) != len(want)-2 || strings.Contains(text, "blurred") || strings.Contains(text, "zip") {
			t.Errorf("after two were mended:\n%s", text)
		}
		if got := r.unopened(later, time.Now().Add(time.Second)); len(got) != 2 || !strings.HasPrefix(strings.Join(got, ""), "/") {
			t.Errorf("seen anew: %q, want the two that were fetched again", got)
		}
	})
}

// dying is a body whose connection breaks before its end.
type dying struct {
	Reader interface{ Read([]byte) (int, error) }
}

func (d *dying) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (d *dying) Close() error { return nil }

// The lines of one link and of one site are bounded: of a link the first, of a
// site the newest stay.
func TestUnopenedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var page strings.Builder
		for i := range 60 {
			fmt.Fprintf(&page, "<a href=/%02d.zip>x</a> ", i)
		}
		w := newWorld("-- ONION/ --\n" + page.String())
		for i := range 60 {
			w.serves(at(fmt.Sprintf("/%02d.zip", i)), "application/zip", string(zipped(1, 50+i)))
		}
		r := newRig(t, w)
		r.eye.opens = func(f crawler.Found) (crawler.Inspection, error) {
			i := crawler.Inspection{Containers: crawler.Containers{Opened: 1}}
			for k := range 1001 + int(f.Container.Size%2) {
				i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: fmt.Sprint(k), Size: 1, Cause: crawler.Encrypted})
			}
			return i, nil
		}
		r.configure(board())
		r.once()
		got := r.allUnopened()
		if len(got) < 40_000 || len(got) > 50_000 {
			t.Errorf("%d lines are kept of 60,000", len(got))
		}
		if newest := r.unopened(time.Now().Add(-5*time.Second), time.Now().Add(time.Second)); len(newest) == 0 || !strings.Contains(newest[len(newest)-1], "more, as this one") {
			t.Errorf("the newest are %d lines", len(newest))
		}
		for _, err := range r.Unopened(t.Context(), "nobody", time.Time{}, time.Now()) {
			if !errors.Is(err, crawler.ErrNoSite) {
				t.Errorf("a site that is not there gives %v", err)
			}
		}
	})
}

// What is not kept of many slices is counted over all of them.
func TestUnopenedBeyondWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/x.zip")
		w.put(at("/x.zip"), newFileOf(largeZip(100, 100<<10)))
		r := newRig(t, w)
		r.eye.opens = func(f crawler.Found) (i crawler.Inspection, err error) {
			for k := range 700 {
				i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: fmt.Sprint(f.From, " ", k), Size: 1, Cause: crawler.Encrypted, Why: "a password"})
			}
			if f.From < 3 {
				i.Next = f.From + 1
			}
			return i, nil
		}
		r.configure(board())
		r.once()
		got := r.allUnopened()
		text := strings.Join(got, "\n")
		if len(got) != 1000 || strings.Count(text, "more, as this one") != 1 || !strings.Contains(text, "and 1800 more, as this one: a password") {
			at := max(strings.Index(text, "more, as this one"), 0)
			t.Errorf("%d lines, and one says %q", len(got), text[max(at-40, 0):at+100])
		}
	})
}

// The lines of all slices of a container stand together.
func TestUnopenedOfSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/x.zip")
		w.put(at("/x.zip"), newFileOf(largeZip(90, 100<<10)))
		r := newRig(t, w)
		r.eye.opens = func(f crawler.Found) (crawler.Inspection, error) {
			i, err := look{slice: 30}.open(f)
			i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: fmt.Sprint("from ", f.From), Cause: crawler.Unsupported})
			return i, err
		}
		r.configure(board())
		r.once()
		if got := r.allUnopened(); len(got) != 3 {
			t.Errorf("not opened: %q, want a line of each slice", got)
		}
	})
}
