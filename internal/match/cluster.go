package match

import (
	"math/bits"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Why a near hash is no proof in a set of fixed cameras: pictures of one camera
// share their background, and so most bits of their hashes. What tells an entry
// apart are the bits in which it differs from the others before its camera. A
// found picture is a copy only if these agree; if not, it is another picture
// before the same camera.

const (
	cameraRadius = 72   // bits between entries before one camera; unrelated ones never come so near
	kinRadius    = 63   // bits to a found picture, beyond which no entry says anything of its camera
	leastCamera  = 3    // entries, from which a majority means something
	leastBits    = 24   // that must set an entry apart, or nothing can be said
	wrongOfBits  = 4    // one in so many may be wrong
	keptCameras  = 4096 // of a set that are remembered
)

// camera is what an entry has in common with its neighbours in the set.
type camera struct {
	entries int   // the entry itself and those near to it; below leastCamera there is no camera
	apart   class // the bits in which the entry differs from most of them
}

// bits that set the entry apart.
func (c *camera) bits() int { return c.apart.distance(&class{}) }

// wrong counts those of them in which a found hash differs from the entry.
func (c *camera) wrong(found, entry *class) (n int) {
	for i, mask := range c.apart {
		n += bits.OnesCount64((found[i] ^ entry[i]) & mask)
	}
	return n
}

// cameras remembers cameras that were worked out.
type cameras struct {
	once sync.Once
	kept *lru.Cache[cameraKey, camera]
}

// cameraKey names a row and the rule by which other rows count.
type cameraKey struct {
	row     int
	window  int
	quality int
}

// cameraOf works out the camera of a candidate's entry from all hashes of the
// same kind within cameraRadius of it: the whole ones or those of the same
// window. Hashes within sureDistance are the same picture once more.
func (seg *segment) cameraOf(o Options, c *candidate) camera {
	seg.cameras.once.Do(func() { seg.cameras.kept, _ = lru.New[cameraKey, camera](keptCameras) })
	key := cameraKey{c.row, c.window, o.MinQuality}
	if known, ok := seg.cameras.kept.Get(key); ok {
		return known
	}
	var t tally
	self := seg.hashOf(c)
	all, counts := &seg.pdq, func(row int) bool { return o.usable(int(seg.qual[row])) }
	if c.window != noWindow {
		all, counts = &seg.windows.hash, func(row int) bool { return int(seg.windows.number[row]) == c.window }
	}
	all.each(batchOf([8]class{self, self, self, self, self, self, self, self}), cameraRadius, func(row, d, _ int) {
		if d > sureDistance && counts(row) {
			t.add(self, all.at(row))
		}
	})
	found := camera{entries: t.n + 1, apart: t.most()}
	seg.cameras.kept.Add(key, found)
	return found
}

// hashOf is the hash of a candidate's row.
func (seg *segment) hashOf(c *candidate) class {
	if c.window == noWindow {
		return seg.pdq.at(c.row)
	}
	return seg.windows.hash.at(c.row)
}

// tally counts, bit by bit, how many hashes differ from one of them.
type tally struct {
	n      int
	differ [4][64]int32
}

func (t *tally) add(self, other class) {
	t.n++
	for i := range self {
		for rest := self[i] ^ other[i]; rest != 0; rest &= rest - 1 {
			t.differ[i][bits.TrailingZeros64(rest)]++
		}
	}
}

// most are the bits in which more than half of all, the one included, differ.
func (t *tally) most() (c class) {
	for i := range t.differ {
		for bit, n := range t.differ[i] {
			if 2*int(n) > t.n+1 {
				c[i] |= 1 << bit
			}
		}
	}
	return c
}
