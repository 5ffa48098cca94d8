package match

import (
	"context"
	"maps"
	"slices"
)

func sortedForms(edits map[string][]edited) []string { return slices.Sorted(maps.Keys(edits)) }

// measured is what Calibrate counted of a version.
type measured struct {
	Version           int  `json:"version"`
	LookAlikes        *int `json:"look_alikes"`
	Cameras           *int `json:"cameras"`
	WithoutBackground *int `json:"without_background"`
	NotDistinctive    *int `json:"not_distinctive"`
}

const (
	selfSample = 2_000  // entries whose nearest other is looked for
	maxCameras = 50_000 // hashes up to which cameras are counted: the work grows with the square
)

// itself measures the set against itself.
func (g *gauge) itself(ctx context.Context, c *Calibration) error {
	s := g.seg
	c.LookAlikes = s.lookAlikes(ctx, maxLookAlikes)
	var usable []int
	for row := range s.pdq.len() {
		if g.now.usable(int(s.qual[row])) {
			usable = append(usable, row)
		}
	}
	step := max(1, (len(usable)+selfSample-1)/selfSample)
	var nearest []int
	for i := 0; i < len(usable); i += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		nearest = append(nearest, g.nearestOther(usable[i]))
	}
	slices.Sort(nearest)
	c.Itself = Itself{Sampled: len(nearest), Within: []Share{}}
	at := func(share float64) *int {
		if i := int(share * float64(len(nearest))); len(nearest) > 0 && nearest[i] < far {
			return &nearest[i]
		}
		return nil
	}
	c.Itself.Least, c.Itself.P01, c.Itself.P10, c.Itself.Median = at(0), at(.01), at(.1), at(.5)
	for _, d := range []int{sureDistance, lookAlikeRadius, 45, 63} {
		if len(nearest) > 0 {
			n, _ := slices.BinarySearch(nearest, d+1)
			c.Itself.Within = append(c.Itself.Within, Share{d, rounded(float64(n) / float64(len(nearest)))})
		}
	}
	return g.countCameras(ctx, c, usable)
}

// nearestOther is the distance from a row to the nearest of another ref.
func (g *gauge) nearestOther(row int) int {
	s, self := g.seg, g.seg.pdq.at(row)
	if s.owner[row].ref&sharedRow != 0 {
		return 0
	}
	near, d, _ := s.pdq.nearest(batchOf([8]class{self, self, self, self, self, self, self, self}), wholeReach, func(other int) bool {
		return other != row && s.owner[other].rival(s.owner[row].refID()) && g.now.usable(int(s.qual[other]))
	})
	if near < 0 {
		return far
	}
	return d
}

// countCameras groups the entries that lie within cameraRadius of each other.
func (g *gauge) countCameras(ctx context.Context, c *Calibration, usable []int) error {
	s := g.seg
	if s.pdq.len() > maxCameras || len(usable) == 0 {
		return nil
	}
	group := make([]int, s.pdq.len())
	for i := range group {
		group[i] = i
	}
	root := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	cameras, few, plain := 0, 0, 0
	for _, row := range usable {
		if err := ctx.Err(); err != nil {
			return err
		}
		self := s.pdq.at(row)
		var t tally
		s.pdq.each(batchOf([8]class{self, self, self, self, self, self, self, self}), cameraRadius, func(other, d, _ int) {
			if d > sureDistance && g.now.usable(int(s.qual[other])) {
				t.add(self, s.pdq.at(other))
				group[root(other)] = root(row)
			}
		})
		switch cam := (camera{entries: t.n + 1, apart: t.most()}); {
		case cam.entries >= leastCamera && cam.bits() < leastBits:
			plain++
		case cam.entries > 1 && cam.entries < leastCamera:
			few++
		}
	}
	size := map[int]int{}
	for _, row := range usable {
		size[root(row)]++
	}
	for _, n := range size {
		if n >= leastCamera {
			cameras++
		}
	}
	c.Cameras, c.WithoutBackground, c.NotDistinctive = &cameras, &few, &plain
	return nil
}
