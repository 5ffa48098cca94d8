package phash

import (
	"image"
	"math"
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

// grid is a sampling of one axis, and the same one of the axis run backwards:
// its samples come out last first.
type grid struct{ forth, back []span }

// gridOf adds the mirror image to the spans of an axis of n pixels.
func gridOf(n int, forth []span) grid {
	back, store := make([]span, len(forth)), make([]float32, 0, 4*n)
	for i, s := range forth {
		begin := len(store)
		store = append(store, s.weights...)
		weights := store[begin:]
		slices.Reverse(weights)
		back[len(back)-1-i] = span{n - s.from - len(weights), weights}
	}
	return grid{forth, back}
}

// taps are spans across, all of the same length, a multiple of four.
type taps struct {
	from    [side]int
	length  int
	weights []float32
}

func tapsOf(spans []span) *taps {
	var t taps
	for _, s := range spans {
		t.length = max(t.length, (len(s.weights)+3)&^3)
	}
	t.weights = make([]float32, side*t.length)
	for i, s := range spans {
		t.from[i] = s.from
		for k, w := range s.weights {
			t.weights[i*t.length+k] = w / fixed
		}
	}
	return &t
}

// apply reads a line, which is padded by length.
func (t *taps) apply(line []float32, to *[side]float32) {
	weights := t.weights
	switch t.length {
	case 4:
		for i, from := range t.from {
			p, w := line[from:][:4], weights[4*i:][:4]
			to[i] = (w[0]*p[0] + w[1]*p[1]) + (w[2]*p[2] + w[3]*p[3])
		}
		return
	case 8:
		for i, from := range t.from {
			p, w := line[from:][:8], weights[8*i:][:8]
			to[i] = ((w[0]*p[0] + w[1]*p[1]) + (w[2]*p[2] + w[3]*p[3])) + ((w[4]*p[4] + w[5]*p[5]) + (w[6]*p[6] + w[7]*p[7]))
		}
		return
	case 12:
		for i, from := range t.from {
			p, w := line[from:][:12], weights[12*i:][:12]
			to[i] = ((w[0]*p[0] + w[1]*p[1]) + (w[2]*p[2] + w[3]*p[3])) + ((w[4]*p[4] + w[5]*p[5]) + (w[6]*p[6] + w[7]*p[7])) +
				((w[8]*p[8] + w[9]*p[9]) + (w[10]*p[10] + w[11]*p[11]))
		}
		return
	}
	for i, from := range t.from {
		var sum float32
		p := line[from:][:t.length]
		w := weights[i*t.length:][:t.length]
		for len(p) >= 4 && len(w) >= 4 {
			sum += (w[0]*p[0] + w[1]*p[1]) + (w[2]*p[2] + w[3]*p[3])
			p, w = p[4:], w[4:]
		}
		to[i] = sum
	}
}

// fixed is 1 in the integers in which lines are summed up: with 255 grey values
// and weights that add up to 1, a few of them below 0, they keep to 31 bits.
const fixed = 1 << 22

// column averages lines of a plane into one of them. Weights of integers are
// several times as fast here as floats are.
type column struct {
	luma *image.Gray
	sums []int32
	line []float32 // padded for taps
}

func columnOf(luma *image.Gray, padding int) *column {
	w := luma.Rect.Dx()
	return &column{luma, make([]int32, w), make([]float32, w+padding)}
}

func (c *column) apply(s *span) []float32 {
	n := len(c.sums)
	row := func(k int) []uint8 { return c.luma.Pix[(s.from+k)*c.luma.Stride:][:n] }
	weight := func(k int) int32 { return int32(math.Round(float64(s.weights[k]) * fixed)) }
	k, last := 0, len(s.weights)
	clear(c.sums)
	sums := c.sums
	for ; k+4 <= last; k += 4 {
		a, b, d, e := row(k)[:len(sums)], row(k + 1)[:len(sums)], row(k + 2)[:len(sums)], row(k + 3)[:len(sums)]
		p, q, r, t := weight(k), weight(k+1), weight(k+2), weight(k+3)
		for x := range sums {
			sums[x] += p*int32(a[x]) + q*int32(b[x]) + r*int32(d[x]) + t*int32(e[x])
		}
	}
	for ; k+2 <= last; k += 2 {
		a, b := row(k)[:len(sums)], row(k + 1)[:len(sums)]
		p, q := weight(k), weight(k+1)
		for x := range sums {
			sums[x] += p*int32(a[x]) + q*int32(b[x])
		}
	}
	if k < last {
		a, p := row(k)[:len(sums)], weight(k)
		for x := range sums {
			sums[x] += p * int32(a[x])
		}
	}
	line := c.line[:len(sums)]
	for x, v := range sums {
		line[x] = float32(v)
	}
	return c.line
}

// sample reads a plane through two axes.
func sample(luma *image.Gray, h, v []span) *samples {
	var out samples
	t := tapsOf(h)
	c := columnOf(luma, t.length)
	for i := range v {
		t.apply(c.apply(&v[i]), &out[i])
	}
	return &out
}

// mirrored are a picture's samples, and what the first half of the DCT makes of
// those of the picture as it is, mirrored left to right, upside down, and turned
// by half, which is both.
type mirrored struct {
	samples samples
	halves  [4]half
}

// mirrors samples a plane and its mirrors.
func (m *mirrored) mirrors(luma *image.Gray, h, v grid, cosines *cosines) {
	slices.Reverse(h.back)
	forth, back := tapsOf(h.forth), tapsOf(h.back)
	c := columnOf(luma, max(forth.length, back.length))
	var line [side]float32
	for i := range side {
		pixels := c.apply(&v.forth[i])
		forth.apply(pixels, &m.samples[i])
		m.halves[0].set(i, cosines.line(&m.samples[i]))
		back.apply(pixels, &line)
		m.halves[1].set(i, cosines.line(&line))
		pixels = c.apply(&v.back[side-1-i])
		forth.apply(pixels, &line)
		m.halves[2].set(i, cosines.line(&line))
		back.apply(pixels, &line)
		m.halves[3].set(i, cosines.line(&line))
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
