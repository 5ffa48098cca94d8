package match

import (
	"image"
	"math/bits"
)

// withoutOverlays leaves bars, boxes and letters laid over the picture out of
// the region, when half of it remains.
func withoutOverlays(q *aligned, toned, e, back *frame, visible *cells) cells {
	var boxes []bar
	differ := disagreement(toned, e, &q.seen, 20)
	for part := range differ.components(leastSpeck) {
		if tone, ok := overlay(&q.grey, &part, &q.seen, 8, .60, 20); ok {
			boxes = append(boxes, bar{tone, part})
		}
	}
	over := filled(boxes)
	rest := visible.without(&over)
	if massOf(e, back, &rest) >= massOf(e, back, visible)/2 {
		return rest
	}
	return *visible
}

// bar is something of one tone laid over a picture.
type bar struct {
	tone int
	part cells
}

// filled are the bars with what stands in them, as letters do: a bar that
// fills half of its bounding box is that box, and bars of one tone on the same
// rows are one.
func filled(bars []bar) (over cells) {
	for i := range bars {
		over = over.or(&bars[i].part)
		box := bars[i].part.bounds()
		if 2*bars[i].part.count() < box.Dx()*box.Dy() {
			continue
		}
		for k := range bars {
			with := bars[k].part.bounds()
			same := box.Min.Y < with.Max.Y && with.Min.Y < box.Max.Y && 3*(min(box.Max.Y, with.Max.Y)-max(box.Min.Y, with.Min.Y)) >= 2*box.Dy()
			if d := bars[i].tone - bars[k].tone; same && d <= 8 && d >= -8 {
				box.Min.X, box.Max.X = min(box.Min.X, with.Min.X), max(box.Max.X, with.Max.X)
			}
		}
		for y := box.Min.Y; y < box.Max.Y; y++ {
			over[y] |= (1<<(box.Max.X-box.Min.X) - 1) << box.Min.X
		}
	}
	return over
}

// bounds is the least rectangle around the cells.
func (c *cells) bounds() image.Rectangle {
	all := uint64(0)
	r := image.Rectangle{}
	for j, row := range c {
		if row == 0 {
			continue
		}
		if all == 0 {
			r.Min.Y = j
		}
		all |= row
		r.Max.Y = j + 1
	}
	if all != 0 {
		r.Min.X, r.Max.X = bits.TrailingZeros64(all), bits.Len64(all)
	}
	return r
}

// overlay reports whether part of the raw picture q has one tone, within so
// many grey values in the given share of its cells or more, and is framed by
// cells that lie more than ring grey values from it: a bar or box laid over.
func overlay(q *frame, part, seen *cells, within int, share float64, ring float32) (tone int, ok bool) {
	var counts [256]int
	n := 0
	for i := range part.each() {
		counts[min(max(int(q[i]+.5), 0), 255)]++
		n++
	}
	width := 2*within + 1
	sum, weighted, most := 0, 0, 0
	for v, c := range counts {
		sum, weighted = sum+c, weighted+c*v
		if v >= width {
			sum, weighted = sum-counts[v-width], weighted-counts[v-width]*(v-width)
		}
		if sum > most {
			most, tone = sum, weighted/sum
		}
	}
	if float64(most) < share*float64(n) {
		return 0, false
	}
	near := part.grown() // half covered cells agree with whatever is near
	around := near.grown()
	around = around.without(&near)
	around = around.and(seen)
	far, all := 0, 0
	for i := range around.each() {
		all++
		if d := q[i] - float32(tone); d > ring || d < -ring {
			far++
		}
	}
	return tone, 2*far > all
}
