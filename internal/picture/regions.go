package picture

import (
	"cmp"
	"image"
	"slices"
)

// How a page is taken apart. The idea is the recursive X-Y cut of page
// analysis (Nagy and Seth, 1984): what stands on a sheet is parted by lines
// that are all of one tone, from edge to edge.
const (
	maxRegions    = 40
	maxCuts       = 6   // one within another
	maxEdgeCuts   = 2   // of these by edges: rows, then columns
	flatVariance  = 9   // a line below it is flat: three grey values
	sameTone      = 6   // grey values between lines of one border
	minPart       = 16  // pixels, and a twelfth of the side that is cut
	minRegion     = 24  // pixels, and a thirtieth of the long side
	regionArea    = 120 // a region has at least one part in so many
	edgeStep      = 12  // grey values
	smallestPlane = 64  // of its long side: below, there is nothing to take apart
	finePlane     = 640 // a long side from which a gap is two lines wide
)

// Regions returns the parts of a plane that may be pictures of their own: what
// is left when flat borders are trimmed, the tiles of a sheet, a picture in a
// page. They lie in a plane with its origin at zero, the largest first, never
// the whole plane, at most 40 of them. A plain photograph has none.
func Regions(luma *image.Gray) []image.Rectangle {
	if luma == nil {
		return nil
	}
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if max(w, h) < smallestPlane || min(w, h) < minPart {
		return nil
	}
	f := &finder{luma: luma, sums: sumsOf(luma), whole: image.Rect(0, 0, w, h)}
	f.run = 1
	if max(w, h) > finePlane {
		f.run = 2
	}
	f.find(f.whole, 0, 0)
	// Of a page in crumbs the largest are looked at.
	slices.SortStableFunc(f.found, func(a, b image.Rectangle) int {
		return cmp.Compare(b.Dx()*b.Dy(), a.Dx()*a.Dy())
	})
	return f.found[:min(len(f.found), maxRegions)]
}

// finder takes one plane apart.
type finder struct {
	luma  *image.Gray
	sums  *sums
	whole image.Rectangle
	run   int // flat lines that make a gap
	found []image.Rectangle
}

// find keeps what is left of r without its border, and takes it apart.
func (f *finder) find(r image.Rectangle, depth, edges int) {
	r = f.trim(r)
	if !f.keep(r) || depth == maxCuts {
		return
	}
	down, across := f.split(r, true), f.split(r, false)
	parts := across
	if len(down) > len(across) || len(down) == len(across) && area(down) < area(across) {
		parts = down
	}
	switch {
	case len(parts) > 1 || len(parts) == 1 && parts[0] != r:
	case edges < maxEdgeCuts:
		if parts = f.splitAtEdges(r); len(parts) < 2 {
			return
		}
		edges++
	default:
		return
	}
	for _, p := range parts {
		f.find(p, depth+1, edges)
	}
}

func area(parts []image.Rectangle) (sum int) {
	for _, p := range parts {
		sum += p.Dx() * p.Dy()
	}
	return sum
}

// keep notes r if it can be a picture. It reports whether it is large enough
// to be looked into.
func (f *finder) keep(r image.Rectangle) bool {
	w, h := r.Dx(), r.Dy()
	least := max(minRegion, max(f.whole.Dx(), f.whole.Dy())/30)
	if w < least || h < least || w*h*regionArea < f.whole.Dx()*f.whole.Dy() {
		return false
	}
	if w*4 < h || w > 8*h || r == f.whole || slices.Contains(f.found, r) {
		return true
	}
	f.found = append(f.found, r)
	return true
}

// flat reports whether a line of r is of one tone, and the tone.
func (f *finder) flat(r image.Rectangle, at int, isRow bool) (tone int, ok bool) {
	line := image.Rect(r.Min.X, at, r.Max.X, at+1)
	if !isRow {
		line = image.Rect(at, r.Min.Y, at+1, r.Max.Y)
	}
	n := line.Dx() * line.Dy()
	sum, squares := f.sums.of(line)
	return int(sum) / n, uint64(squares)*uint64(n)-uint64(sum)*uint64(sum) < flatVariance*uint64(n)*uint64(n)
}

// trim takes the borders of r away: on each side the flat lines of one tone. A
// sky above the picture in its frame has another, and stays.
func (f *finder) trim(r image.Rectangle) image.Rectangle {
	var top, bottom, left, right edging
	for before := (image.Rectangle{}); r != before; { // a line may be flat once a border beside it is gone
		before = r
		r.Min.Y = f.follow(&top, r, r.Min.Y, r.Max.Y, 1, true)
		r.Max.Y = f.follow(&bottom, r, r.Max.Y-1, r.Min.Y-1, -1, true) + 1
		if r.Empty() {
			return image.Rectangle{}
		}
		r.Min.X = f.follow(&left, r, r.Min.X, r.Max.X, 1, false)
		r.Max.X = f.follow(&right, r, r.Max.X-1, r.Min.X-1, -1, false) + 1
		if r.Empty() || r.Dx()*r.Dy()*regionArea < f.whole.Dx()*f.whole.Dy() {
			return image.Rectangle{}
		}
	}
	return r
}

// edging is one side of a frame: its tone is that of its outermost flat line.
type edging struct {
	tone  int
	known bool
}

// follow goes over the flat lines of a border, from at in steps, and returns
// the first line that is none of them, or end.
func (f *finder) follow(b *edging, r image.Rectangle, at, end, step int, isRow bool) int {
	for ; at != end; at += step {
		tone, ok := f.flat(r, at, isRow)
		if ok && !b.known {
			b.tone, b.known = tone, true
		}
		if !ok || max(tone-b.tone, b.tone-tone) > sameTone {
			return at
		}
	}
	return at
}

// split cuts r along its flat lines, down (between rows) or across, and
// returns the parts between them: r itself where there are none.
func (f *finder) split(r image.Rectangle, down bool) (parts []image.Rectangle) {
	from, to := r.Min.X, r.Max.X
	if down {
		from, to = r.Min.Y, r.Max.Y
	}
	least := max(minPart, (to-from)/12)
	begin, flat := from, 0
	add := func(end int) {
		if end-begin < least {
			return
		}
		if down {
			parts = append(parts, image.Rect(r.Min.X, begin, r.Max.X, end))
		} else {
			parts = append(parts, image.Rect(begin, r.Min.Y, end, r.Max.Y))
		}
	}
	for at := from; at < to; at++ {
		if _, ok := f.flat(r, at, down); ok {
			flat++
			continue
		}
		if flat >= f.run {
			add(at - flat)
			begin = at
		}
		flat = 0
	}
	if flat < f.run {
		flat = 0
	}
	add(to - flat)
	return parts
}

// splitAtEdges cuts r where the tone jumps along a straight line, on the axis
// with more such lines: tiles that touch.
func (f *finder) splitAtEdges(r image.Rectangle) (parts []image.Rectangle) {
	down, across := f.edges(r, true), f.edges(r, false)
	begin := r.Min
	if len(down) > len(across) {
		for _, y := range append(down, r.Max.Y) {
			parts = append(parts, image.Rect(r.Min.X, begin.Y, r.Max.X, y))
			begin.Y = y
		}
		return parts
	}
	for _, x := range append(across, r.Max.X) {
		parts = append(parts, image.Rect(begin.X, r.Min.Y, x, r.Max.Y))
		begin.X = x
	}
	return parts
}

// edges returns the lines of r along which, on 45 % of their length, the tone
// jumps by more than edgeStep and by twice of what it does beside the line:
// each line the first of its side, the strongest within an eighth of the axis.
func (f *finder) edges(r image.Rectangle, down bool) (lines []int) {
	n, length := r.Dx(), r.Dy()
	if down {
		n, length = length, n
	}
	apart := max(minPart, n/8)
	if n < 2*apart {
		return nil
	}
	jumps := f.jumps(r, down)
	for at := apart; at <= n-apart; at++ {
		if jumps[at]*100 < 45*length {
			continue
		}
		window := jumps[max(0, at-apart):min(n, at+apart+1)]
		if jumps[at] < slices.Max(window) || slices.Contains(jumps[max(0, at-apart):at], jumps[at]) {
			continue
		}
		if down {
			lines = append(lines, r.Min.Y+at)
		} else {
			lines = append(lines, r.Min.X+at)
		}
	}
	return lines
}

// jumps counts, for each line of r across or down, the pixels at which the
// tone jumps from the line before.
func (f *finder) jumps(r image.Rectangle, down bool) []int {
	pix, stride := f.luma.Pix, f.luma.Stride
	if down {
		counts := make([]int, r.Dy())
		for y := r.Min.Y + 2; y < r.Max.Y-1; y++ {
			line := func(y int) []uint8 { return pix[y*stride:][r.Min.X:r.Max.X] }
			n := 0
			here, before, first, next := line(y), line(y-1), line(y-2), line(y+1)
			before, first, next = before[:len(here)], first[:len(here)], next[:len(here)]
			for x, v := range here {
				if jump := int(v) - int(before[x]); uint(jump+edgeStep) > 2*edgeStep && alone(jump, int(before[x])-int(first[x]), int(next[x])-int(v)) {
					n++
				}
			}
			counts[y-r.Min.Y] = n
		}
		return counts
	}
	counts := make([]int, r.Dx())
	if len(counts) < 4 {
		return counts
	}
	inner := counts[2 : len(counts)-1]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := pix[y*stride:][r.Min.X:r.Max.X]
		first, before, here, next := line[:len(inner)], line[1:][:len(inner)], line[2:][:len(inner)], line[3:][:len(inner)]
		for x := range inner {
			if jump := int(here[x]) - int(before[x]); uint(jump+edgeStep) > 2*edgeStep && alone(jump, int(before[x])-int(first[x]), int(next[x])-int(here[x])) {
				inner[x]++
			}
		}
	}
	return counts
}

// alone reports whether a step is more than twice the steps beside it.
func alone(step, before, after int) bool {
	step = max(step, -step)
	return step > 2*max(before, -before) && step > 2*max(after, -after)
}

// sums are integral images: of the grey values and of their squares above and
// to the left of a point. They may wrap round: the difference that a line
// needs, up to 255 x 255 x 65,535, does not.
type sums struct {
	stride         int
	plain, squares []uint32
}

func sumsOf(luma *image.Gray) *sums {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	s := &sums{stride: w + 1, plain: make([]uint32, (w+1)*(h+1)), squares: make([]uint32, (w+1)*(h+1))}
	for y := range h {
		line := luma.Pix[y*luma.Stride:][:w]
		above, aboveSquares := s.plain[y*s.stride+1:][:w], s.squares[y*s.stride+1:][:w]
		to, toSquares := s.plain[(y+1)*s.stride+1:][:w], s.squares[(y+1)*s.stride+1:][:w]
		var sum, squares uint32
		for x, v := range line {
			sum += uint32(v)
			squares += uint32(v) * uint32(v)
			to[x], toSquares[x] = above[x]+sum, aboveSquares[x]+squares
		}
	}
	return s
}

// of returns the sum of the grey values in a line, and of their squares.
func (s *sums) of(r image.Rectangle) (sum, squares uint32) {
	a, b := r.Min.Y*s.stride, r.Max.Y*s.stride
	sum = s.plain[b+r.Max.X] - s.plain[b+r.Min.X] - s.plain[a+r.Max.X] + s.plain[a+r.Min.X]
	squares = s.squares[b+r.Max.X] - s.squares[b+r.Min.X] - s.squares[a+r.Max.X] + s.squares[a+r.Min.X]
	return sum, squares
}
