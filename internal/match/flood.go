package match

import (
	"sync"
	"time"
)

// FloodPictures is how many different pictures an entry may raise as copy
// within floodTime. A true entry is re-posted in tens of forms; one that
// hundreds of strangers look like is a blank page, a logo, a placeholder, and
// five hundred findings are more than a day's review can take.
const FloodPictures = 500

const (
	floodTime = 24 * time.Hour
	maxFloods = 10_000 // entries that are watched at once; beyond, the quietest are forgotten
)

// floods counts the pictures that each entry has raised of late. It begins anew
// with each start.
type floods struct {
	mu sync.Mutex
	of map[[2]string]*raised // set, ref
}

// raised are the pictures of one entry.
type raised struct {
	since time.Time
	sums  map[[8]byte]struct{}
}

// add counts a picture and reports whether the entry floods.
func (f *floods) add(set, ref string, sum [32]byte, at time.Time) (pictures int, flooded bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[[2]string]*raised{}
	}
	key := [2]string{set, ref}
	r := f.of[key]
	if r == nil || at.Sub(r.since) > floodTime {
		f.makeRoom(at)
		r = &raised{since: at, sums: map[[8]byte]struct{}{}}
		f.of[key] = r
	}
	r.sums[[8]byte(sum[:8])] = struct{}{}
	if len(r.sums) <= FloodPictures {
		return len(r.sums), false
	}
	delete(f.of, key)
	return FloodPictures + 1, true
}

// makeRoom forgets what is over, and else the quietest half.
func (f *floods) makeRoom(at time.Time) {
	for least := 0; len(f.of) >= maxFloods; least = 2*least + 1 {
		for key, r := range f.of {
			if at.Sub(r.since) > floodTime || len(r.sums) <= least {
				delete(f.of, key)
			}
		}
	}
}
