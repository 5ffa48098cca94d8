package crawler_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// A host is asked for as many links at once as its site allows, and no more.
// Under the race detector this also proves that visits of one host, and of two
// sites that share it, do not stand in each other's way.
func TestParallelVisitsOfOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := ""
		for i := range 30 {
			page += fmt.Sprintf("<a href=/%d>x</a><img src=/%d.pic>", i, i)
		}
		w := newWorld("-- ONION/ --\n" + page)
		for i := range 30 {
			w.set(at(fmt.Sprintf("/%d", i)), "<a href=/>back</a>")
			w.set(at(fmt.Sprintf("/%d.pic", i)), fmt.Sprint(i))
		}
		w.took = 100 * time.Millisecond
		r := newRig(t, w)
		wide := func(s *crawler.SiteConfig) { s.Parallel, s.Delay = 4, 0 }
		other := board(wide)
		other.Name = "other"
		r.configure(board(wide), other)
		if s := r.once(); s.Visits != 2*61 || s.Pictures != 2*30 {
			t.Errorf("summary %+v, want 122 visits and 60 pictures", s)
		}
		most := 0
		for _, a := range w.all() {
			now := 0
			for _, b := range w.all() {
				if !b.at.After(a.at) && b.until.After(a.at) {
					now++
				}
			}
			most = max(most, now)
		}
		if most != 4 {
			t.Errorf("at most %d requests of one host at once, want 4", most)
		}
	})
}
