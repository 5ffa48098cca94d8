package crawler_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// pageWith is a world of one page with a link.
func pageWith(path string) *world {
	return newWorld("-- ONION/ --\n<a href=\"" + path + "\">x</a>\n")
}

// look is an Inspector of zips: by their directories, each member whole. A
// member that cannot be read is one that is damaged.
type look struct {
	sample int               // members, then it ends as sampled; 0: all
	slice  int               // members, then it ends with Next; 0: all
	each   func(k int) error // called after each member
}

func (o look) open(f crawler.Found) (i crawler.Inspection, err error) {
	if f.Container.At == nil {
		return o.stream(f), nil
	}
	z, err := zip.NewReader(f.Container.At, f.Container.Size)
	if err != nil {
		return crawler.Inspection{Cause: crawler.Damaged, Why: err.Error()}, nil
	}
	for k := f.From; k < len(z.File); k++ {
		switch {
		case o.sample > 0 && k == o.sample:
			i.Cause, i.Containers.Sampled = crawler.Sampled, 1
			return i, nil
		case f.Slices && o.slice > 0 && k == f.From+o.slice:
			i.Next = k
			return i, nil
		}
		r, err := z.File[k].Open()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil && !errors.Is(err, zip.ErrChecksum) { // its sums are not drawn
			i.Unopened = append(i.Unopened, crawler.Unopened{Container: "zip", Member: z.File[k].Name, Cause: crawler.Damaged, Why: err.Error()})
			i.Cause, i.Next = crawler.Damaged, k
			return i, nil
		}
		i.Members++
		if o.each != nil {
			if err := o.each(k); err != nil {
				return i, err
			}
		}
	}
	i.Containers.Opened++
	return i, nil
}

// stream reads what comes; a sample is a MiB of it.
func (o look) stream(f crawler.Found) (i crawler.Inspection) {
	from := f.Container.Stream
	if o.sample > 0 {
		from = io.LimitReader(from, 1<<20)
		i.Cause, i.Containers.Sampled = crawler.Sampled, 1
	}
	if _, err := io.Copy(io.Discard, from); err != nil {
		return crawler.Inspection{Cause: crawler.Damaged, Why: err.Error()}
	}
	if o.sample == 0 {
		i.Containers.Opened++
	}
	return i
}

// A zip of 20 GB is looked into by its directory and by single members: what
// comes before the first one is a small share of it.
func TestLargeZipByRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/leak.zip")
		f := w.put(at("/leak.zip"), newFileOf(largeZip(65_000, 300<<10)))
		r := newRig(t, w)
		var first int64
		r.eye.opens = look{sample: 20, each: func(k int) error {
			if k == 0 {
				first, _ = f.counts()
			}
			return nil
		}}.open
		r.configure(board())
		r.once()
		share := float64(first) / float64(f.size)
		fmt.Fprintf(os.Stderr, "figure range_bytes_until_first_member %d\nratio range_share_until_first_member %.5f\n", first, share)
		if first == 0 || first > 20e6 || share > .02 {
			t.Errorf("%d bytes, %.3f %%, until the first member was read; want < 20 MB, < 2 %%", first, 100*share)
		}
		if sent, n := f.counts(); sent/int64(n) < 400<<10 {
			t.Errorf("%d requests for %d bytes, want large ones", n, sent)
		}
		if l := r.link(at("/leak.zip")); *l.Cause != crawler.Sampled || r.ledger().Members != 20 || r.ledger().Containers.Sampled != 1 {
			t.Errorf("link %+v with %d members", l, r.ledger().Members)
		}
	})
}

func newFileOf(s *sparse) *file { return newFile(s, s.size) }

// after lets a file misbehave from a request on.
func after(n int, fault string) func(f *file) {
	return func(f *file) {
		f.fault = func(int64, int64) string {
			if f.requests > n {
				return fault
			}
			return ""
		}
	}
}

// Where no ranges are taken, or they are lies, a large container is read as it
// comes; a server that breaks off is asked again from there.
func TestServersOfRanges(t *testing.T) {
	body := largeZip(40, 500<<10) // 20 MB
	for _, test := range []struct {
		name, path string
		set        func(*file)
		sample     int
		cause      crawler.Cause
		why        string
		most       int64 // bytes
	}{
		{"honest", "/x.zip", func(*file) {}, 0, crawler.OK, "", body.size * 11 / 10},
		{"without a name", "/x", func(*file) {}, 0, crawler.OK, "", body.size * 11 / 10},
		{"no ranges", "/x.zip", func(f *file) { f.ranges = false }, 0, crawler.OK, "", body.size},
		{"no ranges, without a name", "/x", func(f *file) { f.ranges = false }, 0, crawler.OK, "", body.size + 9<<20},
		{"refuses all", "/x.zip", after(0, refuse), 0, crawler.OK, "", body.size},
		{"refuses later", "/x.zip", after(3, refuse), 0, crawler.OK, "", body.size * 2},
		{"ignores later", "/x.zip", after(3, ignore), 0, crawler.OK, "", body.size * 2},
		{"begins anew", "/x.zip", after(1, anew), 0, crawler.OK, "", body.size * 2},
		{"shifts", "/x.zip", after(4, shift), 0, crawler.OK, "", body.size * 2},
		{"says another place", "/x.zip", after(0, moves), 0, crawler.OK, "", body.size + 1<<20},
		{"grows", "/x.zip", after(2, grows), 0, crawler.OK, "", body.size * 2},
		{"dies half-way each time", "/x.zip", after(0, dies), 0, crawler.OK, "", body.size * 12 / 10},
		{"no ranges, a sample", "/x.zip", func(f *file) { f.ranges = false }, 5, crawler.RangeIgnored, "read from the front up to byte 10", 10 << 20},
		{"shifts, a sample", "/x.zip", after(2, shift), 30, crawler.RangeLies, "other bytes at ", body.size},
		{"is busy later", "/x.zip", after(5, busy), 0, crawler.HTTP5xx, "503", body.size / 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pageWith(test.path)
				f := w.put(at(test.path), newFileOf(body))
				test.set(f)
				r := newRig(t, w)
				r.eye.opens = look{sample: test.sample}.open
				r.configure(board())
				r.once()
				l := r.link(at(test.path))
				if *l.Cause != test.cause || test.why != "" && !strings.Contains(*l.Why, test.why) {
					t.Errorf("ended in %s %v, want %s %s", *l.Cause, l.Why, test.cause, test.why)
				}
				if sent, n := f.counts(); sent > test.most {
					t.Errorf("%d bytes in %d requests for a file of %d, want at most %d", sent, n, f.size, test.most)
				}
				n := r.ledger().Containers
				want := map[crawler.Cause]crawler.Containers{crawler.OK: {Opened: 1}}[test.cause]
				if test.sample > 0 {
					want.Sampled = 1
				}
				if n != want {
					t.Errorf("the ledger has %+v, want %+v", n, want)
				}
			})
		})
	}
}

// A container that fits into memory, and not into the first range, is fetched
// whole, also from a server that breaks off, or whose ranges are lies.
func TestContainersOfAFewRanges(t *testing.T) {
	body := largeZip(20, 150<<10) // 3 MB
	for name, set := range map[string]func(*file){
		"honest":                   func(*file) {},
		"dies half-way each time":  after(0, dies),
		"refuses later":            after(1, refuse),
		"ignores later":            after(1, ignore),
		"begins anew":              after(1, anew),
		"shifts":                   after(1, shift),
		"grows":                    after(1, grows),
		"another one in its place": func(f *file) { f.etag = func() string { return fmt.Sprint(`"`, f.requests/2, `"`) } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pageWith("/x.zip")
				f := w.put(at("/x.zip"), newFileOf(body))
				set(f)
				r := newRig(t, w)
				r.eye.opens = look{}.open
				r.configure(board())
				r.once()
				if l := r.link(at("/x.zip")); *l.Cause != crawler.OK || r.ledger().Containers != (crawler.Containers{Opened: 1}) {
					t.Errorf("ended in %s %s, %+v", *l.Cause, optionalText(l.Why), r.ledger().Containers)
				}
				if sent, n := f.counts(); sent > 2*body.size+1<<20 {
					t.Errorf("%d bytes in %d requests for a file of %d", sent, n, f.size)
				}
			})
		})
	}
}

// A server that gives a few bytes for each range is not asked for ever.
func TestRangesOfAFewBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/x.zip")
		f := w.put(at("/x.zip"), newFileOf(largeZip(40, 500<<10)))
		after(2, drips)(f)
		r := newRig(t, w)
		r.eye.opens = look{}.open
		r.configure(board())
		r.once()
		if _, n := f.counts(); r.cause(at("/x.zip")) != crawler.Partial || n > 50 {
			t.Errorf("ended in %s after %d requests", r.cause(at("/x.zip")), n)
		}
	})
}

// The memory of containers that come without a length is given back, whatever
// way they take: more of them than fit at once are read one after the other.
func TestLargeContainersGiveTheirMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 60 // of 8 MiB each that are held; 256 MiB may be
		body := largeZip(20, 500<<10)
		var page strings.Builder
		w := newWorld("")
		for i := range files {
			path := fmt.Sprintf("/%d", i)
			fmt.Fprintf(&page, "<a href=%s>x</a>", path)
			f := w.put(at(path), newFileOf(body))
			f.unsized, f.ranges = true, i%2 == 0
			if i%4 == 0 {
				f.fault = func(int64, int64) string { return shift }
			}
		}
		w.set(at("/"), page.String())
		r := newRig(t, w)
		r.eye.opens = look{sample: 3}.open
		r.configure(board())
		r.once()
		n := r.ledger().Causes
		if n[crawler.Sampled]+n[crawler.RangeIgnored]+n[crawler.RangeLies] != files {
			t.Errorf("%v, want %d containers to end for no want of memory", n, files)
		}
	})
}

// A large container that stands unchanged on a server without ranges is not
// read again.
func TestUnchangedWithoutRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/x.zip")
		f := w.put(at("/x.zip"), newFileOf(largeZip(40, 500<<10)))
		f.ranges, f.etag = false, func() string { return "" }
		r := newRig(t, w)
		r.eye.opens = look{}.open
		r.configure(board())
		r.once()
		before, _ := f.counts()
		time.Sleep(8 * 24 * time.Hour)
		r.once()
		if after, _ := f.counts(); r.cause(at("/x.zip")) != crawler.Unchanged || after-before > 1<<20 {
			t.Errorf("ended in %s after %d bytes more, want unchanged after few", r.cause(at("/x.zip")), after-before)
		}
	})
}
