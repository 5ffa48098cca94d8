package match

import "math"

// plan is what the kernels count to find the rows of a group that may be
// within a radius of a batch: a necessary condition, with as many planes as
// are worth their time.
type plan struct {
	b       *batch
	radius  int
	eight   bool // one pass for all turns; else one for each distinct turn
	sums    [8]counter
	sumOf   []uint32 // the offsets of all sums, in bytes within a group
	singles []single
	planes  int  // used
	exact   bool // what passes is within the radius
}

// single is the counter for one turn.
type single struct {
	counter counter
	offsets []uint32
}

// newPlan chooses the cheapest plan. least is the number of planes to use at
// least, where a scan has seen too many rows pass.
func newPlan(b *batch, radius, least int) *plan {
	p := &plan{b: b, radius: radius}
	turns := float64(len(b.distinct))
	refine := turns * (costOfOne + 256)
	eight, one := math.Inf(1), math.Inf(1)
	var eightPlanes, onePlanes int
	for n := max(least, 64); n <= 256; n += 8 {
		if cost := turns*(costOfOne+float64(n)) + costOfPassing(turns*chance(n, radius), refine); cost < one {
			one, onePlanes = cost, n
		}
		if !b.prune {
			continue
		}
		through := 0.0
		for i := range b.slack {
			for _, slack := range b.slack[i] {
				if slack != unused {
					through += chance(n, radius+slack+sumRounding)
				}
			}
		}
		if cost := costOfEight + float64(n) + costOfPassing(through, refine); cost < eight {
			eight, eightPlanes = cost, n
		}
	}
	if eight < one && p.planEight(eightPlanes) {
		p.planes = eightPlanes
		return p
	}
	p.planOne(onePlanes)
	return p
}

// The costs of a plan for a group, in planes counted.
const (
	costOfEight = 140 // of making eight sums of the counters
	costOfOne   = 12  // of a pass
	costOfRow   = 400 // of gathering a row that passes
)

// costOfPassing is what the rows that pass cost: they are gathered, or where
// that is dearer, counted again exactly.
func costOfPassing(chance, refine float64) float64 {
	n := groupRows * chance
	return min(n*costOfRow, -math.Expm1(-n)*refine+n)
}

// chance is how often a sum over n planes is within a limit. Of unrelated rows
// each plane is a mismatch as often as not, but the planes of real pictures
// hang together, so that sums spread more.
func chance(n, limit int) float64 {
	const spread = 1.15 * 0.5
	z := (float64(limit) + 0.5 - float64(n)/2) / (spread * math.Sqrt(float64(n)))
	return math.Erfc(-z/math.Sqrt2) / 2
}

// sumRounding is by how much planEight is blunter than the slack.
const sumRounding = 3

// planOne makes the passes turn by turn.
func (p *plan) planOne(planes int) {
	p.planes, p.exact = planes, planes == 256
	p.singles = make([]single, len(p.b.distinct))
	for i := range p.singles {
		s, h := &p.singles[i], &p.b.distinct[i]
		var lists [2][]uint32
		for bit := range 64 {
			for k := range h {
				set := h[k] >> bit & 1
				lists[1-set] = append(lists[1-set], uint32(plane(k, bit)*lineWords*8))
			}
		}
		s.offsets = s.counter.choose(nil, &lists, planes)
		s.counter.begin(255 - p.radius)
	}
}

// choose takes the first planes of each list, about so many of 256, and whole
// blocks where that is less than all.
func (t *counter) choose(offsets []uint32, lists *[2][]uint32, planes int) []uint32 {
	for i, list := range lists {
		n := len(list)
		if planes < 256 {
			n = min(n, (n*planes/256+2)/4*4)
		}
		t.blocks[i] = [3]uint64{uint64(n / 8), uint64(n % 8 / 4), uint64(n % 4)}
		offsets = append(offsets, list[:n]...)
	}
	return offsets
}

// planEight makes the pass for all turns; ok is false where its sums would not
// fit into their bits.
func (p *plan) planEight(planes int) (ok bool) {
	base := &p.b.base
	var lists [8][2][]uint32 // class and whether the bases differ; what the first base has there
	for bit := range 64 {
		for k := range 4 {
			set, other := base[0][k]>>bit&1, base[1][k]>>bit&1
			l := &lists[2*k+int(set^other)][1-set]
			*l = append(*l, uint32(plane(k, bit)*lineWords*8))
		}
	}
	var n [8]int
	for i := range lists {
		p.sumOf = p.sums[i].choose(p.sumOf, &lists[i], planes)
		n[i] = p.sums[i].planes()
	}
	start := p.startSums(&n)
	for i := range p.sums {
		p.sums[i].begin(start[i])
	}
	p.eight = sumsFit(&n, &start)
	return p.eight
}

// sign of counter t in the sum of pattern mask of a base.
func sign(t int, mask uint, base int) int {
	s := 1
	if mask>>(t/2)&1 == 1 {
		s = -s
	}
	if base == 1 && t%2 == 1 {
		s = -s
	}
	return s
}

// startSums says where the counters start, of n planes each, so that the sum
// of each turn is below zero where it is within its limit. There are eight
// counters and eight limits, and the transform is its own inverse but for a
// factor of 8: what the rounding costs is made good by the one counter that
// counts for all.
func (p *plan) startSums(n *[8]int) (start [8]int) {
	var want [2][4]int
	for i := range want {
		for q, mask := range patterns {
			slack := p.b.slack[i][q]
			if slack == unused {
				slack = 0
			}
			w := -(p.radius + slack) - 1
			for t := range n {
				if sign(t, mask, i) < 0 {
					w += n[t] // a mismatch less is a match more
				}
			}
			want[i][q] = w
			for t := range start {
				start[t] += sign(t, mask, i) * w
			}
		}
	}
	for t := range start {
		start[t] = int(math.Floor(float64(start[t])/8 + 0.5))
	}
	over := math.MinInt
	for i := range want {
		for q, mask := range patterns {
			got := 0
			for t := range start {
				got += sign(t, mask, i) * start[t]
			}
			over = max(over, got-want[i][q])
		}
	}
	const always = 6 // class d, where the bases agree: plus in every sum
	start[always] -= over
	return start
}

// sumsFit reports whether the kernel's numbers of 8 bits hold all that it
// makes of counters of n planes.
func sumsFit(n, start *[8]int) bool {
	type span struct{ low, high int }
	plus := func(a, b span) span { return span{a.low + b.low, a.high + b.high} }
	minus := func(a, b span) span { return span{a.low - b.high, a.high - b.low} }
	fits := true
	check := func(spans ...span) {
		for _, s := range spans {
			fits = fits && s.low > -128 && s.high < 128
		}
	}
	for base := range 2 {
		var c [4]span
		for k := range c {
			u := span{start[2*k], start[2*k] + n[2*k]}
			v := span{start[2*k+1], start[2*k+1] + n[2*k+1]}
			if c[k] = plus(u, v); base == 1 {
				c[k] = minus(u, v)
			}
		}
		check(c[:]...)
		check(plus(c[3], c[1]), minus(c[3], c[1]), plus(c[0], c[2]), minus(c[0], c[2]))
	}
	return fits
}

// group marks the rows of a group that may be within the radius.
func (p *plan) group(g *group, near *[lineWords]uint64) {
	if p.eight {
		kernelEight(g, &p.sums, p.sumOf, near)
		return
	}
	*near = [lineWords]uint64{}
	if p.radius >= 256 {
		for w := range near {
			near[w] = ^near[w]
		}
		return
	}
	for i := range p.singles {
		var more [lineWords]uint64
		s := &p.singles[i]
		kernelOne(g, &s.counter, s.offsets, &more)
		for w := range near {
			near[w] |= more[w]
		}
	}
}
