package match

import "math/bits"

// search is one batch on its way through rows. Found is told each row within
// radius, with the least distance over the turns and the first turn that has
// it, in the order of the rows; it may lower the radius.
type search struct {
	b      *batch
	radius int
	found  func(row, distance, turn int)

	plan           *plan
	exact          *plan // to look again, once it was needed
	least          int   // planes that the plan must have
	groups, wasted int   // lately: groups, and rows that passed in vain
}

// scan takes searches through all rows, group by group, so that the rows come
// from memory once for all of them.
func (r *rows) scan(searches ...*search) {
	for i := range r.groups() {
		g := r.group(i)
		for _, s := range searches {
			if s.radius >= 0 {
				s.group(r, i, g)
			}
		}
	}
}

func (s *search) group(r *rows, number int, g *group) {
	if s.plan == nil {
		s.plan = &plan{b: s.b}
		s.plan.aim(s.radius, s.least)
	} else if s.plan.radius != s.radius {
		s.plan.aim(s.radius, s.least)
	}
	var near [lineWords]uint64
	s.plan.group(g, &near)
	if r.n-number*groupRows < groupRows {
		blank(&near, r.n-number*groupRows)
	}
	passed := 0
	for _, w := range near {
		passed += bits.OnesCount64(w)
	}
	s.groups++
	if passed == 0 {
		return
	}
	if passed*costOfRow > len(s.b.distinct)*(costOfOne+256) && !s.plan.exact() {
		s.refine(g, &near)
	}
	for w, rest := range near {
		for ; rest != 0; rest &= rest - 1 {
			row := number*groupRows + 64*w + bits.TrailingZeros64(rest)
			h := r.at(row)
			if d, turn := s.b.distance(&h); d <= s.radius {
				s.found(row, d, turn)
				passed--
			}
		}
	}
	s.learn(passed)
}

// refine leaves the rows of near that are within the radius. It costs as much
// as to gather some of them.
func (s *search) refine(g *group, near *[lineWords]uint64) {
	if s.exact == nil {
		s.exact = exactPlan(s.b)
	}
	s.exact.aim(s.radius, 0)
	var within [lineWords]uint64
	s.exact.group(g, &within)
	for w := range near {
		near[w] &= within[w]
	}
}

// learn asks for more planes where too many rows pass in vain.
func (s *search) learn(wasted int) {
	s.wasted += wasted
	if s.groups >= 16 {
		if s.wasted > 4*s.groups && s.least < 256 {
			s.least = min(256, max(s.least, s.plan.planes)+32)
			s.plan.aim(s.radius, s.least)
		}
		s.groups, s.wasted = 0, 0
	}
}

// blank clears the marks beyond the first n rows.
func blank(near *[lineWords]uint64, n int) {
	for w := range near {
		if keep := n - 64*w; keep < 64 {
			near[w] &= 1<<max(keep, 0) - 1
		}
	}
}
