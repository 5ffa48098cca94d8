package match

import (
	"math"

	"leakwatch/internal/phash"
)

// reference is what is stored of an entry to hold a found picture against.
type reference struct {
	thumb  *phash.Thumb
	aspect float64       // width by height
	points *phash.Points // may be nil
}

// start is a first guess of where the entry lies in the found picture.
type start struct {
	m      affine
	hashed bool // of windows with alike hashes: rough; else of keypoints
}

// aligned is a found picture brought into the frame of an entry.
type aligned struct {
	m        affine  // the best map
	start    int     // the number of the start that it came from
	grey     frame   // the found picture in the entry's frame
	seen     cells   // where it has something to show
	likeness float64 // correlation of the gradients, -1 to 1
	share    float64 // of 8x8 blocks that agree, 0 to 1
	coarse   float64 // of the 16 blocks of 8x8 cells on half the grid that agree
}

// The limits of an alignment.
const (
	maxMovedHashed = .16 // of the entry's long side, for any corner of what is seen
	maxMovedPoints = .08
	leastSeen      = frameCells / 16 // cells; fewer say nothing
)

// aligner is the bench on which pictures are aligned and judged. It holds
// scratch space, so that nothing is allocated on the way: one for a goroutine.
type aligner struct {
	ref       *reference
	templates [3]template // of ref, on grids of 16, 32 and 64
	grey      frame
	seen      cells
	left      frame // residuals
	inner     cells
	counts    [1024]int32
	gammas    [5][1025]float32
	try       aligned
}

// template is an entry on a grid, with its slopes in grey per side.
type template struct {
	n            int
	grey, du, dv frame
}

func newAligner() *aligner {
	a := &aligner{}
	for i := range a.templates {
		a.templates[i].n = 16 << i
	}
	for i, g := range [5]float64{.5, .71, 1, 1.41, 2} {
		for v := range a.gammas[i] {
			a.gammas[i][v] = float32(255 * math.Pow(min(float64(v)/4/255, 1), g))
		}
	}
	return a
}

// align brings the picture of s into the frame of ref: Gauss-Newton over the
// six numbers of an affine map, with Tukey's weights, from each of the starts.
// Of the results it gives the one whose gradients correlate best with the
// entry's; the least residual would prefer wrong maps (measured). It is false
// where no start led to a result near itself.
func (a *aligner) align(s *scene, ref *reference, starts []start, to *aligned) bool {
	a.take(ref)
	found := false
	for i, st := range starts {
		m, ok := a.refine(s, st)
		if !ok || !a.look(s, m, &a.try) {
			continue
		}
		if a.try.start = i; !found || a.try.likeness > to.likeness {
			found, *to = true, a.try
		}
	}
	if found {
		to.share, to.coarse = a.shares(to)
	}
	return found
}

// take prepares the templates of ref.
func (a *aligner) take(ref *reference) {
	if a.ref == ref {
		return
	}
	a.ref = ref
	fine := &a.templates[2]
	fine.grey.set(ref.thumb)
	for i := 1; i >= 0; i-- {
		to, from := &a.templates[i], &a.templates[i+1]
		for y := range to.n {
			for x := range to.n {
				k := 2*y*from.n + 2*x
				to.grey[y*to.n+x] = (from.grey[k] + from.grey[k+1] + from.grey[k+from.n] + from.grey[k+from.n+1]) / 4
			}
		}
	}
	for i := range a.templates {
		t := &a.templates[i]
		slopes(&t.grey, t.n, &t.du, &t.dv)
	}
}

// slopes are central differences in grey per side of the frame; 0 at the edge.
func slopes(grey *frame, n int, du, dv *frame) {
	k := float32(n) / 2
	for y := 1; y+1 < n; y++ {
		for i := y*n + 1; i < (y+1)*n-1; i++ {
			du[i] = (grey[i+1] - grey[i-1]) * k
			dv[i] = (grey[i+n] - grey[i-n]) * k
		}
	}
}

// refine runs Gauss-Newton from one start, coarse grid first.
func (a *aligner) refine(s *scene, st start) (affine, bool) {
	m := st.m.byShares(a.ref.aspect)
	grids, limit := a.templates[1:], maxMovedPoints
	if st.hashed {
		grids, limit = a.templates[:], maxMovedHashed
	}
	for i := range grids {
		t := &grids[i]
		turns := 5
		if t.n == frameSide {
			turns = 4
		}
		fit := fitting{b: 1}
		for range turns {
			step, ok := a.step(s, t, m, &fit)
			if !ok {
				return affine{}, false
			}
			m = m.after(step)
			if moved(step) < .02/float64(t.n) {
				break
			}
		}
	}
	m = m.ofShares(a.ref.aspect)
	return m, a.near(s, st.m, m, limit)
}

// moved is how far a step moves a corner of the frame, in sides.
func moved(step affine) float64 {
	far := 0.
	for _, c := range [4][2]float64{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		x, y := step.at(c[0], c[1])
		far = max(far, math.Hypot(x-c[0], y-c[1]))
	}
	return far
}

// near reports whether m stayed within limit of begin, in long sides of the
// entry, at the corners of that part of the entry which the picture shows.
func (a *aligner) near(s *scene, begin, m affine, limit float64) bool {
	back, ok := begin.inverse()
	if !ok {
		return false
	}
	ew, eh := sides(a.ref.aspect)
	fw, fh := sides(s.aspect)
	x0, y0, x1, y1 := ew, eh, 0., 0.
	for _, c := range [4][2]float64{{0, 0}, {fw, 0}, {0, fh}, {fw, fh}} {
		x, y := back.at(c[0], c[1])
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, ew), min(y1, eh)
	drift := back.after(m)
	for _, c := range [4][2]float64{{x0, y0}, {x1, y0}, {x0, y1}, {x1, y1}} {
		x, y := drift.at(c[0], c[1])
		if !(math.Hypot(x-c[0], y-c[1]) <= limit) {
			return false
		}
	}
	return true
}

// look takes the picture into the entry's frame by m and measures how alike
// the gradients are.
func (a *aligner) look(s *scene, m affine, to *aligned) bool {
	to.m = m
	s.grid(m.byShares(a.ref.aspect), frameSide, 2, to.grey[:], &to.seen)
	dropFlatLines(&to.grey, &to.seen)
	if to.seen.count() < leastSeen {
		return false
	}
	t := &a.templates[2]
	inner := to.seen.inner(frameSide)
	var cross, own, entry float64
	for i := range inner.each() {
		du, dv := to.grey[i+1]-to.grey[i-1], to.grey[i+frameSide]-to.grey[i-frameSide]
		eu, ev := t.du[i], t.dv[i]
		cross += float64(du*eu + dv*ev)
		own += float64(du*du + dv*dv)
		entry += float64(eu*eu + ev*ev)
	}
	if own*entry <= 0 {
		return false
	}
	to.likeness = cross / math.Sqrt(own*entry)
	return true
}

// dropFlatLines takes lines of one tone at the edges of what is seen out of
// it, a quarter of each side at most: the page around a tile.
func dropFlatLines(grey *frame, seen *cells) {
	const most = frameSide / 4
	line := func(at, step int) (n int, flat bool) {
		var sum, squares float64
		for k := range frameSide {
			if i := at + k*step; seen.has(i) {
				v := float64(grey[i])
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
		mean := sum / max(float64(n), 1)
		return n, squares/max(float64(n), 1)-mean*mean < 3.5*3.5
	}
	for _, side := range [4]struct{ from, next, step int }{
		{0, frameSide, 1}, {frameCells - frameSide, -frameSide, 1},
		{0, 1, frameSide}, {frameSide - 1, -1, frameSide},
	} {
		dropped := 0
		for k := range frameSide {
			at := side.from + k*side.next
			n, flat := line(at, side.step)
			if n > 0 && (!flat || dropped == most) {
				break
			}
			if n == 0 {
				continue
			}
			dropped++
			for k := range frameSide {
				i := at + k*side.step
				seen[i/frameSide] &^= 1 << (i % frameSide)
			}
		}
	}
}
