package phash

import (
	"image"
	"slices"
)

// side is the edge of the grid from which both hashes are made.
const side = 64

// samples is a picture as 64x64 floats.
type samples [side][side]float32

// span is what makes up one sample along one axis: weights of neighbours.
type span struct {
	from    int
	weights []float32
}

// grid is a sampling of one axis, and the same one of the axis run backwards.
// In both, spans begin and end in rising order of the pixels: the samples of
// the axis run backwards come out last first.
type grid struct{ forth, back []span }

// gridOf adds the mirror image to the spans of an axis of n pixels.
func gridOf(n int, forth []span) grid {
	back, store := make([]span, len(forth)), make([]float32, 0, 3*n)
	for i, s := range forth {
		begin := len(store)
		store = append(store, s.weights...)
		weights := store[begin:]
		slices.Reverse(weights)
		back[len(back)-1-i] = span{n - s.from - len(weights), weights}
	}
	return grid{forth, back}
}

// across applies spans to one line.
func across(line []uint8, spans []span, to *[side]float32) {
	for i, s := range spans {
		var sum float32
		for k, v := range line[s.from:][:len(s.weights)] {
			sum += s.weights[k] * float32(v)
		}
		to[i] = sum
	}
}

// down spreads the lines of a plane, from the top to the bottom, over the
// samples that they belong to.
type down struct {
	spans []span
	first int // the first output that waits for further lines
}

func (d *down) add(y int, line *[side]float32, to *samples) {
	for d.first < side && d.spans[d.first].from+len(d.spans[d.first].weights) <= y {
		d.first++
	}
	for i := d.first; i < side && d.spans[i].from <= y; i++ {
		k := y - d.spans[i].from
		if k >= len(d.spans[i].weights) {
			continue
		}
		w, out := d.spans[i].weights[k], &to[i]
		for x, v := range line {
			out[x] += w * v
		}
	}
}

// sample reads a plane through two axes.
func sample(luma *image.Gray, h, v []span) *samples {
	var out samples
	var line [side]float32
	rows := down{spans: v}
	for y := range luma.Rect.Dy() {
		across(luma.Pix[y*luma.Stride:][:luma.Rect.Dx()], h, &line)
		rows.add(y, &line, &out)
	}
	return &out
}

// sampleMirrors samples a plane as it is, mirrored left to right, upside down,
// and turned by half, which is both.
func sampleMirrors(luma *image.Gray, h, v grid) *[4]samples {
	var out [4]samples
	var line, back [side]float32
	rows := [4]down{{spans: v.forth}, {spans: v.forth}, {spans: v.back}, {spans: v.back}}
	for y := range luma.Rect.Dy() {
		pixels := luma.Pix[y*luma.Stride:][:luma.Rect.Dx()]
		across(pixels, h.forth, &line)
		across(pixels, h.back, &back)
		for i := range rows {
			if i%2 == 0 {
				rows[i].add(y, &line, &out[i])
			} else {
				rows[i].add(y, &back, &out[i])
			}
		}
	}
	out[1].mirror()
	slices.Reverse(out[2][:])
	out[3].mirror()
	slices.Reverse(out[3][:])
	return &out
}

func (s *samples) mirror() {
	for i := range s {
		slices.Reverse(s[i][:])
	}
}

// area shares an axis of n pixels among m equal parts. A pixel that is itself
// an average of finer ones is not even inside: it is taken as the parabola that
// has the means of the pixel and of its two neighbours, as in finite volumes.
// What is cut at the bounds of pixels is the same either way.
type area struct {
	n, m   int
	coarse bool
}

// reach returns the pixels that parts first to last may weigh.
func (a area) reach(first, last int) (begin, end int) {
	return max(0, first*a.n/a.m-1), min(a.n, (last+1)*a.n/a.m+2)
}

// add adds weight times part k to the weights of the n pixels.
func (a area) add(to []float32, k int, weight float64) {
	begin, end := k*a.n, (k+1)*a.n // in units of 1/m pixel
	for i := begin / a.m; i*a.m < end; i++ {
		from, until := max(begin-i*a.m, 0), min(end-i*a.m, a.m)
		share := weight / float64(a.n)
		if to[i] += float32(share * float64(until-from)); !a.coarse || until-from == a.m {
			continue
		}
		share *= float64(a.m)
		x, y := float64(from)/float64(a.m), float64(until)/float64(a.m)
		slope, bend := share*(below(y)-below(x)), share*(bulge(y)-bulge(x))
		to[max(i-1, 0)] += float32(bend - slope)
		to[i] -= float32(2 * bend)
		to[min(i+1, a.n-1)] += float32(bend + slope)
	}
}

// below and bulge are what half the slope of the two neighbours, and half the
// bend of all three, add to the integral over a pixel from 0 to x.
func below(x float64) float64 { return (x*x - x) / 4 }
func bulge(x float64) float64 { return (x*x*x/3 - x*x/2 + x/6) / 2 }

// spanOf copies the weights between begin and end, without the zeros at both
// ends, to the end of store.
func spanOf(weights []float32, begin, end int, store *[]float32) span {
	from, to := begin, end
	for from < to-1 && weights[from] == 0 {
		from++
	}
	for to > from+1 && weights[to-1] == 0 {
		to--
	}
	at := len(*store)
	*store = append(*store, weights[from:to]...)
	return span{from, (*store)[at:]}
}

// variance of the samples, in squares of grey values.
func (s *samples) variance() float64 {
	var sum, squares float64
	for i := range s {
		for _, v := range s[i] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
	}
	mean := sum / (side * side)
	return squares/(side*side) - mean*mean
}
