package crawler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// A hash set that is loaded while we watch judges pictures that were seen
// before it, without waiting for the day on which they would be due.
func TestANewSightLooksAtOldPicturesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		r.configure(board())
		r.run(time.Minute)
		if decoded, _ := r.eye.looks(at("/1.pic")); decoded != 1 {
			t.Fatalf("decoded %d times, want once", decoded)
		}
		pages := r.world.times(at("/a"))
		r.sight = "2"
		r.run(time.Minute) // the interval is an hour
		for _, path := range []string{"/1.pic", "/2.pic"} {
			if decoded, _ := r.eye.looks(at(path)); decoded != 2 {
				t.Errorf("%s was decoded %d times, want once more for the new sight", path, decoded)
			}
		}
		if n := r.world.times(at("/a")); n != pages {
			t.Errorf("a page was asked for %d times, want %d: it holds no picture", n, pages)
		}
	})
}

// It is not forgotten over a restart, and done once.
func TestANewSightIsRememberedOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		site := board(func(s *crawler.SiteConfig) { s.Interval, s.MaxInterval = 24*time.Hour, 24*time.Hour })
		r.configure(site)
		r.once()
		for i, want := range []int{2, 2, 3} {
			r.reopen(site)
			if i != 1 {
				r.sight += "+"
			}
			time.Sleep(time.Hour)
			r.once()
			if decoded, again := r.eye.looks(at("/1.pic")); decoded != want || again != 0 {
				t.Errorf("run %d: decoded %d times and seen again %d times, want %d and 0", i, decoded, again, want)
			}
		}
	})
}

// A set may be loaded while a picture is under inspection: what then comes of
// the old sight is not taken for the new one's.
func TestANewSightInMidInspection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(smallBoard))
		r.configure(board())
		r.run(time.Minute)
		loads := 0
		r.eye.gives = func(f crawler.Found) (crawler.Inspection, error) {
			if f.URL == at("/1.pic") && loads == 0 {
				loads++
				r.see("3")
				time.Sleep(30 * time.Second) // the walk for it passes meanwhile
			}
			return crawler.Inspection{Cause: crawler.OK}, nil
		}
		r.sight = "2"
		r.run(3 * time.Minute)
		if decoded, _ := r.eye.looks(at("/1.pic")); decoded != 3 {
			t.Errorf("decoded %d times, want 3: at first, with the second sight, and with the third", decoded)
		}
	})
}
