package crawler_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// froms lists with which member each look at a container began.
func (e *eye) froms() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []int
	for _, f := range e.found {
		if f.Kind == crawler.KindContainer && !f.Unchanged {
			all = append(all, f.From)
		}
	}
	return all
}

// A large container is worked in slices, each a visit of its own in the same
// round; the others of the site go on between them.
func TestSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("-- ONION/ --\n<a href=/x.zip>x</a> <a href=/a>a</a> <a href=/b>b</a>\n-- ONION/a --\na\n-- ONION/b --\nb\n")
		w.put(at("/x.zip"), newFileOf(largeZip(100, 100<<10)))
		r := newRig(t, w)
		r.eye.opens = look{slice: 30}.open
		r.configure(board())
		r.once()
		if got := r.eye.froms(); !slices.Equal(got, []int{0, 30, 60, 90}) {
			t.Errorf("looked from %v, want 4 slices", got)
		}
		l := r.ledger()
		if l.Containers != (crawler.Containers{Opened: 1}) || l.Members != 100 || l.Causes[crawler.OK] != 4+3 {
			t.Errorf("ledger %+v, want one container, 100 members and each slice a visit", l)
		}
		if d := r.site("board"); d.Round.Pages != 3 || *d.Round.End != "done" || d.Due != 0 {
			t.Errorf("round %+v, %d due, want 3 pages and nothing left", d.Round, d.Due)
		}
		all := w.all()
		first := slices.IndexFunc(all, func(a asked) bool { return a.url == at("/a") })
		last := len(all) - 1
		for all[last].url != at("/x.zip") {
			last--
		}
		if first > last {
			t.Error("the pages of the site waited until the container was done with")
		}
		r.eye.found = nil
		time.Sleep(8 * 24 * time.Hour)
		r.once()
		if got := r.cause(at("/x.zip")); got != crawler.Unchanged || len(r.eye.froms()) != 0 {
			t.Errorf("ended in %s after looks from %v, want unchanged without one", got, r.eye.froms())
		}
	})
}

// breaksOff is a round in which a container breaks off: for the memory of ours
// that fails, or a server that is busy.
func (r *rig) breaksOff(fails bool) {
	r.t.Helper()
	if _, err := r.Once(r.t.Context()); (err != nil) != fails {
		r.t.Errorf("Once gave %v", err)
	}
	if fails {
		return
	}
	if l := r.link(at("/x.zip")); *l.Cause != crawler.HTTP5xx || time.Until(*l.NextDue) < 9*time.Minute {
		r.t.Errorf("link %+v ended in %s, want http_5xx and ten minutes' rest", l, *l.Cause)
	}
}

// After a restart, a crash or a failure a container goes on where the last
// slice ended, unless another file stands there.
func TestSlicesGoOn(t *testing.T) {
	for _, test := range []struct {
		name   string
		crash  func(*rig, *file) error // in the third slice
		after  func(*file)
		froms  []int
		member int
	}{
		{"a crash", func(*rig, *file) error { return errors.New("our own memory failed") }, nil, []int{0, 30, 60, 60, 90}, 100},
		{"another file", func(*rig, *file) error { return errors.New("our own memory failed") },
			func(f *file) { f.etag = func() string { return `"two"` } }, []int{0, 30, 60, 0, 30, 60, 90}, 160},
		{"a busy server", func(_ *rig, f *file) error {
			f.fault = func(int64, int64) string { return busy }
			return nil
		}, func(f *file) { f.fault = nil }, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pageWith("/x.zip")
				f := w.put(at("/x.zip"), newFileOf(largeZip(100, 200<<10)))
				r := newRig(t, w)
				crashed := false
				r.eye.opens = look{slice: 30, each: func(k int) error {
					if k != 65 || crashed {
						return nil
					}
					crashed = true
					f.mu.Lock()
					defer f.mu.Unlock()
					return test.crash(r, f)
				}}.open
				r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
				r.breaksOff(test.froms != nil)
				r.reopen(board())
				f.mu.Lock()
				if test.after != nil {
					test.after(f)
				}
				f.mu.Unlock()
				for range 2 {
					time.Sleep(2 * time.Hour)
					r.once()
				}
				froms := r.eye.froms()
				if test.froms == nil {
					n := len(froms)
					if r.ledger().Containers.Opened != 1 || n != 5 || froms[3] < 61 || froms[3] > 90 {
						t.Errorf("looked from %v, ledger %+v, want it to go on at the member that failed", froms, r.ledger().Containers)
					}
					return
				}
				if l := r.ledger(); !slices.Equal(froms, test.froms) || l.Containers.Opened != 1 || l.Members != test.member {
					t.Errorf("looked from %v with %d members, %+v; want from %v with %d", froms, l.Members, l.Containers, test.froms, test.member)
				}
			})
		})
	}
}

// A slice of which the first answer breaks off early goes on where the last one
// ended: it is the same file, if one of volumes.
func TestSlicesGoOnAfterAShortBeginning(t *testing.T) {
	for _, volumes := range []bool{false, true} {
		t.Run(fmt.Sprint("volumes ", volumes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := largeZip(100, 200<<10)
				w := pageWith("/x.zip")
				var files []*file
				if volumes {
					w = newWorld("-- ONION/ --\n<a href=/x.zip.001>x</a><a href=/x.zip.002>x</a>\n")
					files = w.shelf(body, body.size, at("/x.zip.001"), at("/x.zip.002"))
				} else {
					files = []*file{w.put(at("/x.zip"), newFileOf(body))}
				}
				for _, f := range files {
					beginnings := 0
					f.fault = func(from, _ int64) string {
						if from == 0 {
							if beginnings++; beginnings == 3 {
								return early
							}
						}
						return ""
					}
				}
				r := newRig(t, w)
				r.eye.opens = look{slice: 30}.open
				r.configure(board())
				r.once()
				for range 2 {
					time.Sleep(time.Hour)
					r.once()
				}
				if froms := r.eye.froms(); !slices.Equal(froms, []int{0, 30, 60, 90}) || r.ledger().Containers.Opened != 1 {
					t.Errorf("looked from %v, %+v", froms, r.ledger())
				}
			})
		})
	}
}

// What a container takes counts towards the budget of the round; the next round
// goes on where it ended.
func TestContainersAndBudgets(t *testing.T) {
	for _, ranges := range []bool{true, false} {
		t.Run(fmt.Sprint("ranges ", ranges), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pageWith("/x.zip")
				f := w.put(at("/x.zip"), newFileOf(largeZip(100, 500<<10))) // 50 MB
				f.ranges = ranges
				r := newRig(t, w)
				r.eye.opens = look{slice: 10}.open
				r.configure(board(func(s *crawler.SiteConfig) { s.MaxBytes = 20 << 20 }))
				r.once()
				sent, _ := f.counts()
				if d := r.site("board"); *d.Round.End != "budget_bytes" || d.Round.Bytes > 25<<20 || sent > 25<<20 {
					t.Errorf("round %+v after %d bytes, want it to end at 20 MiB", d.Round, sent)
				}
				l, froms := r.ledger(), r.eye.froms()
				if !ranges {
					if l.Causes[crawler.BudgetBytes] != 1 || l.Containers.NotOpened != 1 {
						t.Errorf("ledger %+v, want a container that was not opened for the budget", l)
					}
					return
				}
				for range 3 {
					time.Sleep(time.Hour)
					r.once()
				}
				if l = r.ledger(); l.Containers != (crawler.Containers{Opened: 1}) || l.Members < 100 || l.Members > 110 || !slices.IsSorted(r.eye.froms()) {
					t.Errorf("ledger %+v after looks from %v and then %v", l, froms, r.eye.froms()[len(froms):])
				}
			})
		})
	}
}

// A container that is met when the budget of a round is all but used, is opened
// in the next round, and not after the longest interval.
func TestBudgetUsedBeforeTheFirstMember(t *testing.T) {
	for _, volumes := range []bool{false, true} {
		t.Run(fmt.Sprint("volumes ", volumes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, body := largeZip(20, 500<<10), largeZip(20, 600<<10)
				w := newWorld("-- ONION/ --\n<a href=/a.zip>x</a><a href=/x.zip>x</a>\n")
				w.put(at("/a.zip"), newFileOf(first))
				budget := first.size + 700<<10
				if volumes {
					w = newWorld("-- ONION/ --\n<a href=/x.zip.001>x</a><a href=/x.zip.002>x</a><a href=/x.zip.003>x</a><a href=/x.zip.004>x</a>\n")
					w.shelf(body, body.size, at("/x.zip.001"), at("/x.zip.002"), at("/x.zip.003"), at("/x.zip.004"))
					budget = 100 << 10
				} else {
					w.put(at("/x.zip"), newFileOf(body))
				}
				r := newRig(t, w)
				r.eye.opens = look{}.open
				small := board(func(s *crawler.SiteConfig) { s.MaxBytes = budget })
				r.configure(small)
				r.once()
				if d := r.site("board"); *d.Round.End != "budget_bytes" || volumes && d.Round.Bytes > budget+100<<10 {
					t.Errorf("round %+v, want it to end at %d bytes", d.Round, budget)
				}
				r.configure(board())
				time.Sleep(time.Hour)
				r.once()
				if l := r.ledger(); l.Containers.Opened != map[bool]int{false: 2, true: 1}[volumes] {
					t.Errorf("%+v, want all to be opened", l)
				}
			})
		})
	}
}

// A file that is another one each time is read as it comes, once a visit, and
// does not keep its link due.
func TestAnotherFileEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pageWith("/x.zip")
		f := w.put(at("/x.zip"), newFileOf(largeZip(100, 100<<10)))
		f.etag = func() string { return fmt.Sprintf(`"%d"`, f.requests) }
		r := newRig(t, w)
		r.eye.opens = look{slice: 30}.open
		r.configure(board())
		r.once()
		if got := r.cause(at("/x.zip")); got != crawler.OK || len(r.eye.froms()) > 2 {
			t.Errorf("ended in %s after looks from %v", got, r.eye.froms())
		}
	})
}
