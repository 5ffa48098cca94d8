package crawler_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// zipped is a zip of so many members, each of size bytes that do not shrink.
func zipped(members, size int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%04d.pic", i), Method: zip.Store})
		if err != nil {
			panic(err)
		}
		body := bytes.Repeat([]byte{byte(i), byte(i >> 8), 'x', 'y'}, size/4+1)[:size]
		w.Write(append([]byte("PIC "), body[:size-4]...))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// serves lets a URL answer with the same body each time.
func (w *world) serves(url, mediaType, body string, headers ...string) {
	w.answer(url, func(int) (*http.Response, error) { return reply(200, mediaType, body, headers...), nil })
}

// opened reads a whole container as a zip and looks at each member.
func opened(f crawler.Found) (crawler.Inspection, error) {
	z, err := zip.NewReader(f.Container.At, f.Container.Size)
	if err != nil {
		return crawler.Inspection{Cause: crawler.Damaged, Why: err.Error()}, nil
	}
	i := crawler.Inspection{Containers: crawler.Containers{Opened: 1}}
	for _, m := range z.File[f.From:] {
		r, err := m.Open()
		if err != nil {
			return i, err
		}
		_, err = io.Copy(io.Discard, r)
		r.Close()
		if err != nil {
			i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: m.Name, Size: int64(m.UncompressedSize64), Cause: crawler.Damaged, Why: err.Error()})
			continue
		}
		i.Members++
		i.Pictures.Inspected++
	}
	return i, nil
}

// A small archive is fetched whole and shown, and what came of it is counted;
// the same bytes a day later are not looked at again.
func TestSmallContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := zipped(7, 100)
		w := newWorld(`
-- ONION/ --
<a href="/deep/x.ZIP?raw=1">x</a> <a href="/dl?id=7">y</a>
`)
		w.serves(at("/deep/x.ZIP?raw=1"), "application/octet-stream", string(body))
		w.serves(at("/dl?id=7"), "application/zip", string(body))
		r := newRig(t, w)
		r.eye.opens = opened
		r.configure(board(func(s *crawler.SiteConfig) { s.Depth = 1; s.MaxInterval = time.Hour }))
		r.once()
		for _, f := range r.eye.found {
			if f.Kind != crawler.KindContainer || f.Container.Size != int64(len(body)) || f.SHA256 != sha256.Sum256(body) || f.Archives != "sample" || f.From != 0 || f.Slices {
				t.Errorf("found %+v", f)
			}
		}
		if f := r.eye.found[0]; f.Container.Name != "x.ZIP" || f.Page != at("/") {
			t.Errorf("found first %q on %q, want the one whose name tells", f.Container.Name, f.Page)
		}
		l := r.ledger()
		if l.Containers != (crawler.Containers{Opened: 2}) || l.Members != 14 || l.Pictures.Inspected != 14 {
			t.Errorf("ledger has containers %+v, %d members, pictures %+v", l.Containers, l.Members, l.Pictures)
		}
		time.Sleep(2 * time.Hour)
		r.once()
		if n := len(r.eye.found); n != 4 || !r.eye.found[2].Unchanged || r.eye.found[2].Kind != crawler.KindContainer {
			t.Errorf("shown %d times, want twice more as unchanged", n)
		}
		if got := r.cause(at("/dl?id=7")); got != crawler.Unchanged {
			t.Errorf("ended in %s, want unchanged", got)
		}
		r.see("2")
		r.once()
		if n := len(r.eye.found); n != 6 || r.eye.found[5].Unchanged {
			t.Errorf("shown %d times after a new sight, want twice more with its bytes", n)
		}
	})
}

// The containers of a page do not count towards the depth; a page that is only
// called like one does, or a maze of them had no end.
func TestContainersAndTheDepth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("-- ONION/ --\n<a href=/0.zip>x</a>\n")
		for i := range 10 {
			w.set(at(fmt.Sprintf("/%d.zip", i)), fmt.Sprintf("<html><a href=/%d.zip>x</a>", i+1))
		}
		r := newRig(t, w)
		r.configure(board(func(s *crawler.SiteConfig) { s.Depth = 3 }))
		r.once()
		for i, want := range []int{1, 1, 1, 1, 0} {
			if n := w.times(at(fmt.Sprintf("/%d.zip", i))); n != want {
				t.Errorf("/%d.zip was asked for %d times, want %d", i, n, want)
			}
		}
		if l := r.link(at("/3.zip")); !strings.Contains(*l.Why, "1 link limit_depth") {
			t.Errorf("/3.zip says %q, want what it leaves out", *l.Why)
		}
	})
}

// Texts go up when their words are new, in UTF-8, and once more when a new
// sight may read them otherwise.
func TestTextsGoUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("-- ONION/ --\nWords <a href=/list.csv>x</a> <a href=/rows.json>y</a>\n")
		w.serves(at("/list.csv"), "text/csv; charset=windows-1251", "\xcf\xeb\xe0\xf2\xe5;1\n")
		w.serves(at("/rows.json"), "application/json", `[1]`)
		r := newRig(t, w)
		sight := ""
		r.o.TextSight = func() string { return sight }
		r.reopen(board())
		r.configure(board())
		r.once()
		var got []string
		for _, f := range r.eye.texts {
			got = append(got, f.URL[len(at("")):]+" "+strings.TrimSpace(string(f.Body)))
		}
		if text := strings.Join(got, "|"); len(got) != 3 || !strings.Contains(text, "/list.csv Плате;1") || !strings.Contains(text, "/rows.json [1]") || !strings.HasPrefix(got[0], "/ Words") {
			t.Errorf("shown %q", got)
		}
		time.Sleep(2 * time.Hour)
		r.once()
		if len(r.eye.texts) != 3 {
			t.Errorf("shown %d texts, want none again", len(r.eye.texts)-3)
		}
		sight = "plates"
		r.once()
		if len(r.eye.texts) != 6 {
			t.Errorf("shown %d texts after a new sight, want 3", len(r.eye.texts)-3)
		}
		w.set(at("/"), "Other words")
		time.Sleep(2 * time.Hour)
		r.once()
		if len(r.eye.texts) != 7 {
			t.Errorf("shown %d texts after one changed, want 1", len(r.eye.texts)-6)
		}
	})
}
