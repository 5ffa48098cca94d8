package crawler

import (
	"time"

	"golang.org/x/sync/semaphore"
)

// Bodies under way lie in memory. Small ones are bounded by the number of
// workers. A larger one first takes what it may come to out of one budget, so
// that many sites that send without end cannot take all memory together.

const (
	smallBody  = 1 << 20
	largeAtOne = 256 << 20 // bytes of all larger bodies at once
)

func newLargeBodies() *semaphore.Weighted { return semaphore.NewWeighted(largeAtOne) }

// grow makes room for more of a body. At the end of a small one it waits until
// there is memory for the rest; that wait is not the site's, and only the time
// of the whole fetch ends it.
func (f *fetching) grow(buf []byte, w *watched, limit int64, coded bool) ([]byte, error) {
	most := limit + 1 // one more shows that it is too long
	if !coded && f.length >= 0 {
		most = min(most, f.length+1)
	}
	if large := f.limits.large; large != nil && len(buf) >= smallBody && f.held == 0 {
		need := min(most, largeAtOne) // at least one goes on, however large
		w.rest()
		if err := large.Acquire(f.ctx, need); err != nil {
			return buf, err
		}
		w.goOn()
		f.held = need
	}
	size := min(int64(2*cap(buf)), max(most, int64(len(buf))+1))
	return append(make([]byte, 0, size), buf...), nil
}

// rest stops watching the pace, goOn begins anew.
func (w *watched) rest() { w.end() }

func (w *watched) goOn() {
	if w.since, w.before = time.Now(), w.count; w.still != nil {
		w.still.Reset(w.idle)
	}
}
