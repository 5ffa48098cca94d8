package phash

import (
	"image"
	"math"
)

// Want says for which side of a comparison keypoints are made.
type Want int

// The two sides. An entry's are stored, so they are few; a found picture's are
// made once and forgotten, and must cover what of it may be an entry.
const (
	Entry Want = iota // at most 160 points, from at most 480 pixels
	Found             // at most 450 points, from at most 720 pixels
)

func (w Want) limits() (long, points int) {
	if w == Entry {
		return 480, 160
	}
	return 720, 450
}

const (
	levels     = 8
	levelStep  = 1.22 // of one level's scale over that of the level below
	minLevel   = 36   // pixels of the short side: a level needs a border and something within
	border     = pairRadius + blurRadius
	enlargeTo  = 320 // pixels of the long side: below it corners are too near each other
	maxEnlarge = 2.5
)

// PointsOf finds the keypoints of a picture: FAST-9 corners (Rosten 2006) on
// levels of falling size, each turned by its intensity centroid and described
// by comparisons of its surroundings (ORB, Rublee 2011). They are spread over
// the picture, so that a crop keeps its share of them.
//
// Every value is one that the binary form can hold: points are equal before
// and after they were stored.
func PointsOf(luma *image.Gray, want Want) Points {
	long, quota := want.limits()
	w, h := workingSize(luma.Rect.Dx(), luma.Rect.Dy(), long)
	out := Points{Width: w, Height: h}
	if min(w, h) < minLevel {
		return out
	}
	all := pyramid(luma, w, h)
	found := make([][]corner, len(all))
	finder := newCornerFinder(w, h)
	for i := range all {
		found[i] = finder.corners(&all[i])
	}
	d := newDescriber()
	out.List = make([]Point, 0, quota)
	for _, c := range choose(all, found, quota, want == Entry) {
		out.List = append(out.List, d.point(&all[c.level], c.corner, w, h))
	}
	return out
}

// workingSize is the size on which keypoints are looked for.
func workingSize(w, h, long int) (int, int) {
	n := max(w, h)
	if n == 0 {
		return 0, 0
	}
	scale := 1.0
	switch {
	case n > long:
		scale = float64(long) / float64(n)
	case n < enlargeTo:
		scale = min(enlargeTo/float64(n), maxEnlarge)
	}
	side := func(v int) int { return max(1, int(math.Round(float64(v)*scale))) }
	return side(w), side(h)
}

// level is the picture at one scale.
type level struct {
	number int
	w, h   int
	pix    []uint8 // w*h
}

// pyramid makes the levels, the finest first.
func pyramid(luma *image.Gray, w, h int) []level {
	all := make([]level, 1, levels)
	all[0] = level{0, w, h, resize(luma, w, h)}
	for n := 1; n < levels; n++ {
		s := math.Pow(levelStep, float64(n))
		lw, lh := int(math.Round(float64(w)/s)), int(math.Round(float64(h)/s))
		if min(lw, lh) < minLevel {
			break
		}
		below := &all[n-1]
		all = append(all, level{n, lw, lh, between(below.pix, below.w, below.h, lw, lh)})
	}
	return all
}
