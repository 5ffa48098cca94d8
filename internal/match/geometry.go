package match

import (
	"math"

	"leakwatch/internal/phash"
)

// scale is by how much the map enlarges, over both directions.
func (a affine) scale() float64 { return math.Sqrt(math.Abs(a[0]*a[4] - a[1]*a[3])) }

// plausible reports whether a re-post can come of the map: not mirrored, the
// sides squeezed by no more than 2 to 1 and sheared by no more than .35, the
// size changed by no more than 40.
func (a affine) plausible() bool {
	det := a[0]*a[4] - a[1]*a[3]
	if !(det > 1./1600 && det < 1600) { // which NaN is not
		return false
	}
	u, v := math.Hypot(a[0], a[3]), math.Hypot(a[1], a[4])
	shear := (a[0]*a[1] + a[3]*a[4]) / (u * v)
	return u < 2*v && v < 2*u && math.Abs(shear) <= .35
}

const (
	seedDistance  = .05  // of the entry's long side: of two points that make a map, at least
	roughDistance = .035 // of the same: from where a map made of two expects a point
	roughPixels   = 7    // of the coarser of two levels: from where the first fit expects one
	finePixels    = 3.5  // and a better one
	sameScale     = .35  // natural logarithm
	sameAngle     = .35  // radians
	minSeed       = 3    // pairs that agree, before more are looked for
	maxHypotheses = 3    // that are followed to the end
	maxRounds     = 5    // of fitting, rough and fine
	enough        = 25   // inliers, for no other map to be followed
)

// mapOf finds the map from an entry to a found picture with which the most
// keypoints agree, and how many do: see weigh. Where there is no map the number
// is 0. In a mirrored picture the map is found by Points.Mirrored.
func mapOf(entry, found *phash.Points) (affine, int) {
	pairs := pairsOf(entry.List, found.List)
	if len(pairs) < minSeed {
		return affine{}, 0
	}
	g := newGeometry(entry, found)
	var best affine
	most := 0.
	for _, start := range g.hypotheses(pairs) {
		if m, n := g.follow(start, pairs); n > most {
			best, most = m, n
		}
		if most >= enough {
			break
		}
	}
	return best, int(most)
}

// spot is a point as the geometry sees it.
type spot struct {
	x, y  float64 // in units of the long side
	scale float64 // natural logarithm of the size of the surroundings, in the same units
	angle float64
}

// geometry is the two sides of a comparison.
type geometry struct {
	entry, found         []spot
	entryList, foundList []phash.Point
	byX                  []int32 // found, from left to right
}

func newGeometry(entry, found *phash.Points) *geometry {
	return &geometry{entry: spotsOf(entry), found: spotsOf(found), entryList: entry.List, foundList: found.List}
}

func spotsOf(p *phash.Points) []spot {
	out := make([]spot, len(p.List))
	pixel := -math.Log(float64(max(p.Width, p.Height, 1)))
	for i := range p.List {
		q := &p.List[i]
		out[i] = spot{float64(q.X), float64(q.Y), pixel + math.Log(max(float64(q.Scale), 1e-3)), float64(q.Angle)}
	}
	return out
}

// wrapped brings an angle into -pi to pi.
func wrapped(a float64) float64 { return a - 2*math.Pi*math.Round(a/(2*math.Pi)) }

// similar is a map that turns and enlarges, and keeps shapes.
type similar struct {
	a, b, x, y   float64 // x' = a x - b y + x, y' = b x + a y + y
	scale, angle float64 // scale is a natural logarithm
}

func (s *similar) affine() affine { return affine{s.a, -s.b, s.x, s.b, s.a, s.y} }

// similarOf returns the map that two pairs make, if they can make one: both
// points must turn and grow as the line between them does.
func (g *geometry) similarOf(p, q pair) (similar, bool) {
	e1, e2, f1, f2 := &g.entry[p.e], &g.entry[q.e], &g.found[p.f], &g.found[q.f]
	s1, s2 := f1.scale-e1.scale, f2.scale-e2.scale
	if math.Abs(s1-s2) > sameScale {
		return similar{}, false
	}
	a1, a2 := wrapped(f1.angle-e1.angle), wrapped(f2.angle-e2.angle)
	if math.Abs(wrapped(a1-a2)) > sameAngle {
		return similar{}, false
	}
	ex, ey, fx, fy := e2.x-e1.x, e2.y-e1.y, f2.x-f1.x, f2.y-f1.y
	long := ex*ex + ey*ey
	if long < seedDistance*seedDistance {
		return similar{}, false
	}
	s := similar{a: (fx*ex + fy*ey) / long, b: (fy*ex - fx*ey) / long}
	s.scale = math.Log(s.a*s.a+s.b*s.b) / 2
	if !(math.Abs(s.scale-s1) < sameScale && math.Abs(s.scale-s2) < sameScale) {
		return similar{}, false
	}
	s.angle = math.Atan2(s.b, s.a)
	if math.Abs(wrapped(s.angle-a1)) > sameAngle || math.Abs(wrapped(s.angle-a2)) > sameAngle {
		return similar{}, false
	}
	s.x, s.y = f1.x-(s.a*e1.x-s.b*e1.y), f1.y-(s.b*e1.x+s.a*e1.y)
	return s, true
}

// hypotheses are the maps made of two of the best pairs with which the most
// other pairs agree, best first.
func (g *geometry) hypotheses(pairs []pair) []similar {
	seeds := pairs[:min(len(pairs), seedPairs)]
	best := make([]similar, 0, maxHypotheses+1)
	count := make([]int, 0, maxHypotheses+1)
	for i, p := range seeds {
		for _, q := range seeds[i+1:] {
			s, ok := g.similarOf(p, q)
			if !ok {
				continue
			}
			n := g.agreeing(&s, pairs)
			at := len(best)
			for at > 0 && n > count[at-1] {
				at--
			}
			if n < minSeed || at == maxHypotheses {
				continue
			}
			best, count = insertAt(best, at, s), insertAt(count, at, n)
			if len(best) > maxHypotheses {
				best, count = best[:maxHypotheses], count[:maxHypotheses]
			}
		}
	}
	return best
}

func insertAt[T any](s []T, at int, v T) []T {
	s = append(s, v)
	copy(s[at+1:], s[at:])
	s[at] = v
	return s
}

// agreeing counts the pairs that agree with s: in place, size and angle.
func (g *geometry) agreeing(s *similar, pairs []pair) int {
	far := roughDistance * roughDistance * (s.a*s.a + s.b*s.b)
	n := 0
	for _, p := range pairs {
		e, f := &g.entry[p.e], &g.found[p.f]
		dx, dy := s.a*e.x-s.b*e.y+s.x-f.x, s.b*e.x+s.a*e.y+s.y-f.y
		if dx*dx+dy*dy < far && math.Abs(f.scale-e.scale-s.scale) < sameScale && math.Abs(wrapped(f.angle-e.angle-s.angle)) < sameAngle {
			n++
		}
	}
	return n
}
