package crawler_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// shelf puts a file into volumes at URLs.
func (w *world) shelf(body io.ReaderAt, size int64, urls ...string) (files []*file) {
	each := (size + int64(len(urls)) - 1) / int64(len(urls))
	for i, url := range urls {
		from := int64(i) * each
		n := min(each, size-from)
		files = append(files, w.put(url, newFile(io.NewSectionReader(body, from, n), n)))
	}
	return files
}

// members counts what a container holds, and names the first fault.
func members(f crawler.Found) (crawler.Inspection, error) {
	z, err := zip.NewReader(f.Container.At, f.Container.Size)
	if err != nil {
		return crawler.Inspection{Cause: crawler.Split, Why: err.Error()}, nil
	}
	i := crawler.Inspection{Containers: crawler.Containers{Opened: 1}}
	for _, m := range z.File {
		r, err := m.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil && err != zip.ErrChecksum {
			var caused interface{ Cause() string }
			cause := crawler.Damaged
			if errors.As(err, &caused) {
				cause = crawler.Cause(caused.Cause())
			}
			i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: m.Name, Cause: cause, Why: err.Error()})
			continue
		}
		i.Members++
	}
	return i, nil
}

// The volumes of an archive that stand on a page are read as one: with ranges
// by ranges, else whole; once, by the first of them.
func TestVolumes(t *testing.T) {
	small, large := zipped(20, 3000), largeZip(60, 500<<10)
	for _, test := range []struct {
		name    string
		body    io.ReaderAt
		size    int64
		set     func([]*file)
		links   string // of volumes 1 to 3
		cause   crawler.Cause
		why     string
		members int
		others  crawler.Cause
	}{
		{"small", strings.NewReader(string(small)), int64(len(small)), nil, "123", crawler.OK, "", 20, crawler.OK},
		{"small, no ranges", strings.NewReader(string(small)), int64(len(small)), func(f []*file) { f[0].ranges, f[1].ranges, f[2].ranges = false, false, false }, "312", crawler.OK, "", 20, crawler.OK},
		{"refuses ranges", strings.NewReader(string(small)), int64(len(small)), func(f []*file) { f[1].fault = func(int64, int64) string { return refuse } }, "123", crawler.OK, "", 20, crawler.OK},
		{"large", large, large.size, nil, "321", crawler.OK, "", 60, crawler.OK},
		{"the second is not linked", large, large.size, nil, "13", crawler.OK, "volume 2 of x.zip is missing", 39, crawler.OK},
		{"the first is not linked", large, large.size, nil, "23", crawler.OK, "volume 1 of x.zip is missing", 39, crawler.OK},
		{"the second is gone", large, large.size, func(f []*file) { f[1].gone = 404 }, "123", crawler.OK, "volume x.zip.002 is missing", 39, crawler.OK},
		{"the second is busy", large, large.size, func(f []*file) { f[1].gone = 503 }, "123", crawler.HTTP5xx, "volume x.zip.002: status 503", 0, crawler.Split},
		{"large, no ranges", large, large.size, func(f []*file) { f[1].ranges = false }, "123", crawler.OK, "not read by ranges", 39, crawler.OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var page strings.Builder
				for _, n := range test.links {
					fmt.Fprintf(&page, "<a href=/d/x.zip.00%c?dl=1>x</a>", n)
				}
				w := newWorld("-- ONION/ --\n" + page.String())
				files := w.shelf(test.body, test.size, at("/d/x.zip.001?dl=1"), at("/d/x.zip.002?dl=1"), at("/d/x.zip.003?dl=1"))
				if test.set != nil {
					test.set(files)
				}
				r := newRig(t, w)
				r.eye.opens = members
				r.configure(board())
				r.once()
				first := at("/d/x.zip.00" + string(slices.Min([]byte(test.links))) + "?dl=1")
				lines := strings.Join(r.allUnopened(), "\n")
				l := r.link(first)
				if *l.Cause != test.cause || !strings.Contains(lines+fmt.Sprint(optionalText(l.Why)), test.why) || r.ledger().Members != test.members {
					t.Errorf("ended in %s (%s) with %d members; want %s %s %d\n%s", *l.Cause, optionalText(l.Why), r.ledger().Members, test.cause, test.why, test.members, lines)
				}
				for _, n := range test.links {
					url := at(fmt.Sprintf("/d/x.zip.00%c?dl=1", n))
					if got := r.cause(url); url != first && (got != test.others || !strings.Contains(optionalText(r.link(url).Why), "a volume of x.zip")) {
						t.Errorf("%s ended in %s, want %s", url, got, test.others)
					}
				}
				time.Sleep(8 * 24 * time.Hour)
				if r.once(); test.cause == crawler.OK && len(r.eye.froms()) != 1 {
					t.Errorf("looked at %d times in two rounds, want once", len(r.eye.froms()))
				}
			})
		})
	}
}

// A volume that is found later lets the archive be read again.
func TestAVolumeThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := zipped(20, 3000)
		w := newWorld("-- ONION/ --\n<a href=/x.zip.001>x</a><a href=/next>x</a>\n-- ONION/next --\nno more\n")
		w.shelf(strings.NewReader(string(body)), int64(len(body)), at("/x.zip.001"), at("/x.zip.002"))
		r := newRig(t, w)
		r.eye.opens = members
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		stop := r.start()
		time.Sleep(time.Minute)
		if got := r.cause(at("/x.zip.001")); got != crawler.Split && got != crawler.Damaged {
			t.Errorf("half an archive ended in %s", got)
		}
		w.set(at("/next"), "<a href=/x.zip.002>more</a>")
		time.Sleep(3 * time.Hour)
		stop()
		if r.cause(at("/x.zip.001")) != crawler.Unchanged || r.ledger().Members != 20 {
			t.Errorf("the first ended in %s with %d members, the second in %s", r.cause(at("/x.zip.001")), r.ledger().Members, r.cause(at("/x.zip.002")))
		}
	})
}

func optionalText(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
