package match

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"leakwatch/internal/phash"
)

const (
	nearDescriptor   = 64 // bits in which the descriptors of one corner differ at most
	guidedDescriptor = 88 // the same, where a map says that they are one corner
	bestPairs        = 60 // that are looked at
	seedPairs        = 32 // of which two make a map
)

// pair is a point of the entry and one of the found picture that look alike.
type pair struct{ e, f, distance int32 }

// pairsOf returns the most alike pairs, best first: to each point of either
// side the nearest one of the other.
func pairsOf(entry, found []phash.Point) []pair {
	far := pair{-1, -1, nearDescriptor + 1}
	ofFound := slices.Repeat([]pair{far}, len(found))
	var out []pair
	for i := range entry {
		a := entry[i].Descriptor
		best := far
		for j := range found {
			b := &found[j].Descriptor
			// No pair within nearDescriptor bits has most of them in one half, but by chance.
			d := bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1])
			if d > nearDescriptor*11/16 {
				continue
			}
			d += bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
			p := pair{int32(i), int32(j), int32(d)}
			if p.distance < best.distance {
				best = p
			}
			if p.distance < ofFound[j].distance {
				ofFound[j] = p
			}
		}
		if best.f >= 0 {
			out = append(out, best)
		}
	}
	for _, p := range ofFound {
		if p.e >= 0 {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(p, q pair) int {
		return cmp.Or(cmp.Compare(p.distance, q.distance), cmp.Compare(p.e, q.e), cmp.Compare(p.f, q.f))
	})
	return slices.Compact(out)
}

// follow fits the map to all that agrees with it, and looks near the places
// that it names for further pairs, less alike than the first. Those count for
// half as many as agree without being led: chance agrees with a map that was
// made of it (of 1,232 pairs of unrelated photographs 32 had 8 led pairs and
// more, none had 8 by this count).
func (g *geometry) follow(start similar, pairs []pair) (affine, int) {
	m := start.affine()
	inliers := make([]pair, 0, len(g.entry))
	for _, p := range pairs[:min(len(pairs), bestPairs)] {
		if g.apart(&m, p) < roughDistance*roughDistance {
			inliers = append(inliers, p)
		}
	}
	for _, within := range []float64{roughDistance, fineDistance, fineDistance} {
		fitted, ok := g.fit(inliers)
		if !ok || !fitted.plausible() {
			return affine{}, 0
		}
		m = fitted
		inliers = g.near(inliers[:0], &m, within)
	}
	free := make([]pair, 0, len(pairs))
	for _, p := range pairs {
		if g.apart(&m, p) < fineDistance*fineDistance {
			free = append(free, p)
		}
	}
	alone := g.count(&m, free)
	return m, min(g.count(&m, inliers), alone+alone/2)
}

// apart is the square of how far a pair is from where the map wants it, in
// units of the entry's long side.
func (g *geometry) apart(m *affine, p pair) float64 {
	x, y := m.at(g.entry[p.e].x, g.entry[p.e].y)
	dx, dy := x-g.found[p.f].x, y-g.found[p.f].y
	return (dx*dx + dy*dy) / math.Abs(m[0]*m[4]-m[1]*m[3])
}

// near appends the pair of each entry point that is most alike among those
// that lie, turn and grow as the map says.
func (g *geometry) near(to []pair, m *affine, within float64) []pair {
	if g.byX == nil {
		g.byX = make([]int32, len(g.found))
		for i := range g.byX {
			g.byX[i] = int32(i)
		}
		slices.SortFunc(g.byX, func(i, j int32) int { return cmp.Compare(g.found[i].x, g.found[j].x) })
	}
	scale := m.scale()
	grow, turn, far := math.Log(scale), math.Atan2(m[3]-m[1], m[0]+m[4]), within*scale
	for i := range g.entry {
		e := &g.entry[i]
		x, y := m.at(e.x, e.y)
		from, _ := slices.BinarySearchFunc(g.byX, x-far, func(j int32, v float64) int { return cmp.Compare(g.found[j].x, v) })
		best := pair{int32(i), -1, guidedDescriptor + 1}
		for _, j := range g.byX[from:] {
			f := &g.found[j]
			if f.x > x+far {
				break
			}
			if dx, dy := f.x-x, f.y-y; dx*dx+dy*dy > far*far || math.Abs(f.scale-e.scale-grow) > sameScale ||
				math.Abs(wrapped(f.angle-e.angle-turn)) > sameAngle {
				continue
			}
			if d := int32(distanceOf(&g.entryList[i].Descriptor, &g.foundList[j].Descriptor)); d < best.distance {
				best.f, best.distance = j, d
			}
		}
		if best.f >= 0 {
			to = append(to, best)
		}
	}
	return to
}

// distanceOf counts the bits in which two descriptors differ.
func distanceOf(a, b *[4]uint64) int {
	return bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1]) + bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
}

// count counts each point once, and each cell of a 32x32 grid of the entry,
// and of the found picture as far as the map reaches.
func (g *geometry) count(m *affine, inliers []pair) int {
	const cells = 32
	scale := m.scale()
	slices.SortFunc(inliers, func(p, q pair) int { return cmp.Or(cmp.Compare(p.distance, q.distance), cmp.Compare(p.e, q.e)) })
	seenE, seenF, seenPoint := map[[2]int]bool{}, map[[2]int]bool{}, map[int32]bool{}
	n := 0
	for _, p := range inliers {
		e, f := &g.entry[p.e], &g.found[p.f]
		cellE := [2]int{int(e.x * cells), int(e.y * cells)}
		cellF := [2]int{int(f.x * cells / scale), int(f.y * cells / scale)}
		if seenE[cellE] || seenF[cellF] || seenPoint[p.f] {
			continue
		}
		seenE[cellE], seenF[cellF], seenPoint[p.f] = true, true, true
		n++
	}
	return n
}

// fit is the least-squares map of the pairs; of few, one that keeps shapes,
// since one that does not would agree with anything.
func (g *geometry) fit(pairs []pair) (affine, bool) {
	if len(pairs) < minSeed {
		return affine{}, false
	}
	var ex, ey, fx, fy float64
	for _, p := range pairs {
		ex, ey, fx, fy = ex+g.entry[p.e].x, ey+g.entry[p.e].y, fx+g.found[p.f].x, fy+g.found[p.f].y
	}
	n := float64(len(pairs))
	ex, ey, fx, fy = ex/n, ey/n, fx/n, fy/n
	var xx, xy, yy, xu, yu, xv, yv float64 // of entry x, y and found u, v, about their means
	for _, p := range pairs {
		x, y, u, v := g.entry[p.e].x-ex, g.entry[p.e].y-ey, g.found[p.f].x-fx, g.found[p.f].y-fy
		xx, xy, yy = xx+x*x, xy+x*y, yy+y*y
		xu, yu, xv, yv = xu+x*u, yu+y*u, xv+x*v, yv+y*v
	}
	var m affine
	det := xx*yy - xy*xy
	if len(pairs) >= 2*minSeed && det > 1e-3*(xx+yy)*(xx+yy) {
		m = affine{(xu*yy - yu*xy) / det, (yu*xx - xu*xy) / det, 0, (xv*yy - yv*xy) / det, (yv*xx - xv*xy) / det, 0}
	} else {
		a, b := (xu+yv)/(xx+yy), (xv-yu)/(xx+yy)
		m = affine{a, -b, 0, b, a, 0}
	}
	m[2], m[5] = fx-(m[0]*ex+m[1]*ey), fy-(m[3]*ex+m[4]*ey)
	return m, xx+yy > 0
}
