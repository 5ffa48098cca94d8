package match

import "math"

// plan is what the kernels count to find the rows of a group that may be
// within a radius of a batch: a necessary condition, over as many planes as
// are worth their time.
type plan struct {
	b       *batch
	radius  int
	chosen  int  // the radius that the planes were chosen for
	planes  int  // used; 0 before any were chosen
	eight   bool // one pass for all turns; else one for each distinct turn
	sums    [8]counter
	sumOf   []uint32 // the offsets of all sums, in bytes within a group
	singles []single
}

// single is the count for one turn.
type single struct {
	counter counter
	offsets []uint32
}

// exactPlan lets nothing pass that is beyond its radius.
func exactPlan(b *batch) *plan {
	p := &plan{b: b, chosen: -1}
	p.takeSingles(256)
	return p
}

// exact reports whether all that passes is within the radius.
func (p *plan) exact() bool { return !p.eight && p.planes == 256 }

// aim makes the plan one for a radius, with least planes at least, where a
// scan has seen too many rows pass.
func (p *plan) aim(radius, least int) {
	const stale = 8 // bits; a little less radius is no reason to choose anew
	p.radius = radius
	if p.planes == 0 || p.planes < least || radius <= p.chosen-stale {
		p.chosen = radius
		p.choose(least)
	}
	if p.eight && !p.startSums() {
		p.takeSingles(p.planes)
	}
	for i := range p.singles {
		p.singles[i].counter.begin(255 - radius)
	}
}

// choose takes the cheapest planes.
func (p *plan) choose(least int) {
	turns := float64(len(p.b.distinct))
	refine := turns * (costOfOne + 256)
	cheapest := math.Inf(1)
	for n := max(least, 64); n <= 256; n += 16 {
		cost := turns*(costOfOne+float64(n)) + costOfPassing(turns*chance(n, p.radius), refine)
		if cost < cheapest {
			cheapest, p.planes, p.eight = cost, n, false
		}
		if !p.b.prune {
			continue
		}
		through := 0.0
		for i := range p.b.slack {
			for _, slack := range p.b.slack[i] {
				if slack != unused {
					through += chance(n, p.radius+slack+sumRounding)
				}
			}
		}
		if cost := costOfEight + float64(n) + costOfPassing(through, refine); cost < cheapest {
			cheapest, p.planes, p.eight = cost, n, true
		}
	}
	if !p.eight {
		p.takeSingles(p.planes)
		return
	}
	p.sumOf, p.singles = p.sumOf[:0], nil
	for i := range p.sums {
		p.sumOf = p.sums[i].take(p.sumOf, &p.b.sums[i], p.planes)
	}
}

// The costs of a plan for a group, in planes counted.
const (
	costOfEight = 140 // of making eight sums of the counts
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

// sumRounding is by how much startSums is blunter than the slack.
const sumRounding = 3

// takeSingles makes the passes turn by turn.
func (p *plan) takeSingles(planes int) {
	p.planes, p.eight = planes, false
	p.singles = make([]single, len(p.b.distinct))
	l := newLists(make([]uint32, 0, 512))
	for i := range p.singles {
		l[0], l[1] = l[0][:0], l[1][:0]
		h := &p.b.distinct[i]
		for bit := range 64 {
			for k := range h {
				l.add(h[k]>>bit&1, plane(k, bit))
			}
		}
		s := &p.singles[i]
		s.offsets = s.counter.take(make([]uint32, 0, planes+8), &l, planes)
	}
}

// lists are the planes in which a hash has a 1 and those in which it has a 0,
// as offsets in bytes within a group.
type lists [2][]uint32

// newLists divides the space for both.
func newLists(space []uint32) lists {
	half := cap(space) / 2
	return lists{space[:0:half], space[half:half:cap(space)]}
}

func (l *lists) add(bit uint64, plane int) {
	l[1-bit] = append(l[1-bit], uint32(plane*lineWords*8))
}

// take lets the counter count the first planes of each list, about so many of
// 256, and whole blocks where that is less than all.
func (t *counter) take(offsets []uint32, l *lists, planes int) []uint32 {
	for i, list := range l {
		n := len(list)
		if planes < 256 {
			n = min(n, (n*planes/256+2)/4*4)
		}
		t.blocks[i] = [3]uint64{uint64(n / 8), uint64(n % 8 / 4), uint64(n % 4)}
		offsets = append(offsets, list[:n]...)
	}
	return offsets
}

// sign of count t in the sum of pattern mask of a base.
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

// startSums says where the counts start, so that the sum of each turn is below
// zero where it is within its limit; ok is false where that does not fit. There
// are eight counts and eight limits, and the transform is its own inverse but
// for a factor of 8: what the rounding costs is made good by the one count that
// adds to all sums.
func (p *plan) startSums() (ok bool) {
	var n, start [8]int
	for t := range n {
		n[t] = p.sums[t].planes()
	}
	var want [2][4]int
	for i := range want {
		for q, mask := range patterns {
			w := -(p.radius + max(p.b.slack[i][q], 0)) - 1
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
		start[t] = (start[t] + 4) >> 3
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
	for t := range start {
		p.sums[t].begin(start[t])
	}
	return sumsFit(&n, &start)
}

// sumsFit reports whether no row can be lost to the kernel's numbers of 8 bits.
// It holds x = d+b or d-b, which are modulo 256, against the size of y = a+c or
// a-c: y must be right, and an x of 128 and more only lets a row pass.
func sumsFit(n, start *[8]int) bool {
	for base := range 2 {
		var low, high [4]int
		for k := range low {
			u, v := start[2*k], start[2*k+1]
			low[k], high[k] = u+v, u+v+n[2*k]+n[2*k+1]
			if base == 1 {
				low[k], high[k] = u-v-n[2*k+1], u-v+n[2*k]
			}
		}
		x := min(low[3]+low[1], low[3]-high[1]) >= -128 && max(high[3]+high[1], high[3]-low[1]) < 256
		y := min(low[0]+low[2], low[0]-high[2]) > -128 && max(high[0]+high[2], high[0]-low[2]) < 128
		if !x || !y {
			return false
		}
	}
	return true
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
