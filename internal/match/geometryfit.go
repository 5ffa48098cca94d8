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
	guidedDescriptor = 72 // the same, where a map says that they are one corner
	bestPairs        = 60 // that are looked at
	seedPairs        = 32 // of which two make a map
)

// pair is a point of the entry and one of the found picture that look alike.
type pair struct{ e, f, distance int32 }

// pairsOf returns the most alike pairs, best first: to each point of either
// side the nearest one of the other.
func pairsOf(entry, found []phash.Point) []pair {
	// A pair in one word, so that the least is the best: distance, entry, found.
	const none = (nearDescriptor + 1) << 32
	ofFound := make([]uint64, len(found))
	for j := range ofFound {
		ofFound[j] = none
	}
	out := make([]uint64, 0, len(entry)+len(found))
	for i := range entry {
		a, best := entry[i].Descriptor, uint64(none)
		for j := range found {
			b := &found[j].Descriptor
			// Few pairs within nearDescriptor bits have most of them in one half.
			d := bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1])
			if d > nearDescriptor*11/16 {
				continue
			}
			d += bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
			p := uint64(d)<<32 | uint64(i)<<16 | uint64(j)
			best, ofFound[j] = min(best, p), min(ofFound[j], p)
		}
		if best < none {
			out = append(out, best)
		}
	}
	for _, p := range ofFound {
		if p < none {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	pairs := make([]pair, min(len(out), bestPairs))
	for i := range pairs {
		pairs[i] = pair{int32(out[i] >> 16 & 0xffff), int32(out[i] & 0xffff), int32(out[i] >> 32)}
	}
	return pairs
}

// follow fits the map to all that agrees with it, and looks near the places
// that it names for further pairs, less alike than the first.
func (g *geometry) follow(start similar, pairs []pair) (affine, float64) {
	m := start.affine()
	inliers := make([]pair, 0, len(g.entry))
	for _, p := range pairs {
		if g.apart(&m, p) < roughDistance*roughDistance {
			inliers = append(inliers, p)
		}
	}
	for _, pixels := range [2]float64{roughPixels, finePixels} {
		// A map made of one corner of the picture reaches the rest step by step.
		for round, before := 0, 0; round < maxRounds && (round < 2 || len(inliers) > before); round++ {
			fitted, ok := g.fit(inliers)
			if !ok || !fitted.plausible() {
				return affine{}, 0
			}
			m, before = fitted, len(inliers)
			inliers = g.near(inliers[:0], &m, pixels)
		}
	}
	return m, g.weigh(&m, inliers)
}

// apart is the square of how far a pair is from where the map wants it, in
// units of the entry's long side.
func (g *geometry) apart(m *affine, p pair) float64 {
	x, y := m.at(g.entry[p.e].x, g.entry[p.e].y)
	dx, dy := x-g.found[p.f].x, y-g.found[p.f].y
	return (dx*dx + dy*dy) / math.Abs(m[0]*m[4]-m[1]*m[3])
}

// near appends the pair of each entry point that is most alike among those
// that lie, turn and grow as the map says. How far one may lie off is given in
// pixels of the coarser of the two levels.
func (g *geometry) near(to []pair, m *affine, pixels float64) []pair {
	if g.byX == nil {
		g.byX = make([]int32, len(g.found))
		for i := range g.byX {
			g.byX[i] = int32(i)
		}
		slices.SortFunc(g.byX, func(i, j int32) int { return cmp.Compare(g.found[i].x, g.found[j].x) })
	}
	scale := m.scale()
	grow, turn := math.Log(scale), math.Atan2(m[3]-m[1], m[0]+m[4])
	for i := range g.entry {
		e := &g.entry[i]
		x, y := m.at(e.x, e.y)
		most := min(math.Exp(e.scale+grow+sameScale)*pixels, scale*roughDistance)
		from, _ := slices.BinarySearchFunc(g.byX, x-most, func(j int32, v float64) int { return cmp.Compare(g.found[j].x, v) })
		best := pair{int32(i), -1, guidedDescriptor + 1}
		for _, j := range g.byX[from:] {
			f := &g.found[j]
			if f.x > x+most {
				break
			}
			if math.Abs(f.y-y) > most || math.Abs(f.scale-e.scale-grow) > sameScale || math.Abs(wrapped(f.angle-e.angle-turn)) > sameAngle {
				continue
			}
			far := min(math.Exp(max(e.scale+grow, f.scale))*pixels, most)
			if dx, dy := f.x-x, f.y-y; dx*dx+dy*dy > far*far {
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

// weigh counts the pairs that agree. One whose surroundings overlap by much
// with those of a better one does not count: it sees the same pixels. A pair
// counts by how rare it is that corners of unlike pictures are so alike: one
// in a thousand counts 1.
func (g *geometry) weigh(m *affine, inliers []pair) float64 {
	const (
		cell        = 1. / 40 // of the entry's long side
		apartPixels = 7       // of the coarser level
	)
	slices.SortFunc(inliers, func(p, q pair) int { return cmp.Or(cmp.Compare(p.distance, q.distance), cmp.Compare(p.e, q.e)) })
	scale, n, sum := m.scale(), 0, 0.
next:
	for i, p := range inliers {
		e, f := &g.entry[p.e], &g.found[p.f]
		for _, q := range inliers[:n] {
			e2, f2 := &g.entry[q.e], &g.found[q.f]
			near := max(cell, math.Exp(max(e.scale, e2.scale))*apartPixels)
			if math.Hypot(e.x-e2.x, e.y-e2.y) < near || math.Hypot(f.x-f2.x, f.y-f2.y) < near*scale {
				continue next
			}
		}
		inliers[i], inliers[n] = inliers[n], p
		n++
		sum += min(rarity(int(p.distance)), g.elsewhere(m, p)) / 3
	}
	return sum
}

// elsewhere is what rarity would say, had it seen these two pictures alone: a
// corner that is alike to many, in other places than the map says, says little.
func (g *geometry) elsewhere(m *affine, p pair) float64 {
	scale, e, f := m.scale(), &g.entry[p.e], &g.found[p.f]
	n := 0
	for j := range g.found {
		if d := distanceOf(&g.entryList[p.e].Descriptor, &g.foundList[j].Descriptor); int32(d) <= p.distance {
			if o := &g.found[j]; math.Hypot(o.x-f.x, o.y-f.y) > roughDistance*scale {
				n++
			}
		}
	}
	for i := range g.entry {
		if d := distanceOf(&g.entryList[i].Descriptor, &g.foundList[p.f].Descriptor); int32(d) <= p.distance {
			if o := &g.entry[i]; math.Hypot(o.x-e.x, o.y-e.y) > roughDistance {
				n++
			}
		}
	}
	if n == 0 {
		return math.Inf(1)
	}
	return math.Log10(float64(len(g.found)+len(g.entry)) / float64(n))
}

// rarity is the decimal logarithm of how many pairs of corners of unlike
// pictures there are for one that differs in at most that many bits. Measured
// on 11 million pairs.
func rarity(distance int) float64 {
	const from, step = 20, 8
	table := [...]float64{5.0, 4.0, 3.3, 2.7, 2.3, 1.9, 1.6, 1.3, 1.1, .9}
	if distance <= from {
		return table[0]
	}
	i := min((distance-from)/step, len(table)-2)
	part := float64(distance-from-i*step) / step
	return max(0, table[i]+(table[i+1]-table[i])*part)
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
