package phash

import (
	"math"
	"slices"
)

// PDQ as its authors publish it (facebook/ThreatExchange, "The TMK+PDQF video-
// hashing algorithm and the PDQ image-hashing algorithm"): two passes of a box
// filter along each axis, one sample at the middle of each of 64x64 cells, a
// 16x16 DCT without its constant row and column, one bit for each coefficient
// above their median.

// pdqSide is the long side to which a larger plane is averaged before the
// filter runs; a smaller one is hashed at its own size, as published.
//
// Window and phase of the filter depend on the size at which it runs, so that
// size is part of the hash. In bits, mean and maximum, against the published
// hashes of quality >= 80, by chain:
//
//	runs at        cpp (26)  cpp-wasm (14)  python (27)  java (10)
//	full size      4.6  10     3.7  10       5.1  12      4.8   8
//	<= 1024        5.6  10     2.4  10       4.1  10      5.8   8
//	<= 512         6.4  10     4.6   8       0.8  10      7.2  10
//	1024, then 512 6.7  10     3.6   8       1.9  10      7.6  10
//
// and between 72 photographs and their own copies, by the copy's long side
// (means):
//
//	runs at        960   640   512   480   320   240
//	full size      4.2   5.4   7.2   7.0  12.2  18.6
//	<= 1024        3.2   4.2   6.3   6.7  13.0  18.9
//	<= 512         0.5   1.0   0.0   6.2  16.3  18.1
//
// Each keeps the published rule of 10 bits against cpp, and only 512 brings a
// picture and its reduced copy to the same grid. Enlarging small pictures to
// 512 would take the 240 to 3.2, and hashes that others made of pictures of
// 256 pixels up to 58 bits away: against the rule, so not done here.
const pdqSide = 512

const order = 16 // frequencies 1 to 16 of the DCT along each axis

// reduced returns the size at which the filter runs over a w x h plane.
func reduced(w, h int) (int, int) {
	long := max(w, h)
	if long <= pdqSide {
		return w, h
	}
	to := func(n int) int { return max(1, (n*pdqSide+long/2)/long) }
	return to(w), to(h)
}

// pdqSpans folds three steps into one for an axis of n pixels: the average
// over m equal parts, two box passes over these, the samples at cell centres.
// Where the pixels are themselves averages of finer ones, coarse says so.
func pdqSpans(n, m int, coarse bool) []span {
	spans := make([]span, side)
	window := (m + 2*side - 1) / (2 * side)
	half := (window + 2) / 2
	box := func(at int) (from, to int) { return max(0, at+half-window), min(m-1, at+half-1) }
	parts := area{n, m, coarse}
	weights, store := make([]float32, n), make([]float32, 0, 4*n)
	var passes [4 * pdqSide / side]float64 // both passes: what each part weighs
	for i := range spans {
		clear(passes[:])
		from, to := box((2*i + 1) * m / (2 * side))
		first, last := m, 0
		for j := from; j <= to; j++ {
			jfrom, jto := box(j)
			first, last = min(first, jfrom), max(last, jto)
			for k := jfrom; k <= jto; k++ {
				passes[k-max(0, from-window)] += 1 / float64((to-from+1)*(jto-jfrom+1))
			}
		}
		begin, end := parts.reach(first, last)
		clear(weights[begin:end])
		for k := first; k <= last; k++ {
			parts.add(weights, k, passes[k-max(0, from-window)])
		}
		spans[i] = spanOf(weights, begin, end, &store)
	}
	return spans
}

// quality measures how much the samples change from one to the next, 0 to 100.
func (s *samples) quality() int {
	sum := 0
	for i := range s {
		for j, v := range s[i] {
			if i+1 < side {
				sum += step(v, s[i+1][j])
			}
			if j+1 < side {
				sum += step(v, s[i][j+1])
			}
		}
	}
	return min(100, sum/90)
}

// step is a difference in per cent of full scale, without its fraction.
func step(u, v float32) int {
	d := int((u - v) * 100 / 255)
	return max(d, -d)
}

// coefficients of the DCT: the first index is the frequency down, less one,
// the second the one across.
type coefficients [order][order]float32

// cosines are the weights of a DCT of 64 samples, frequencies 1 to 16. An odd
// frequency sees the differences of samples that mirror each other, an even one
// their sums; those are folded again, down to 4.
type cosines struct {
	of64 [32][8]float32 // frequencies 1, 3 .. 15, of differences
	of32 [16][4]float32 // 2, 6, 10, 14, of differences of sums, and so on
	of16 [8][2]float32  // 4, 12
	of8  [4][2]float32  // 8, and 16 of the sums
}

func cosinesOf() *cosines {
	var quarter [side + 1]float32
	for i := range quarter {
		quarter[i] = float32(math.Sqrt(2./side) * math.Cos(math.Pi/(2*side)*float64(i)))
	}
	cos := func(i int) float32 { // of i/128 half turns
		switch i %= 4 * side; {
		case i > 3*side:
			return quarter[4*side-i]
		case i > 2*side:
			return -quarter[i-2*side]
		case i > side:
			return -quarter[2*side-i]
		}
		return quarter[i]
	}
	var c cosines
	for y := range 32 {
		for f := range 8 {
			c.of64[y][f] = cos((2*f + 1) * (2*y + 1))
			if y < 16 && f < 4 {
				c.of32[y][f] = cos((2*f + 1) * (2*y + 1) * 2)
			}
			if y < 8 && f < 2 {
				c.of16[y][f] = cos((2*f + 1) * (2*y + 1) * 4)
			}
			if y < 4 && f < 2 {
				c.of8[y][f] = cos((f + 1) * (2*y + 1) * 8)
			}
		}
	}
	return &c
}

// line transforms one line.
func (c *cosines) line(in *[side]float32) (out [order]float32) {
	var sums [32]float32
	var a0, a1, a2, a3, a4, a5, a6, a7 float32
	for y := range sums {
		v, w := in[y], in[side-1-y]
		sums[y] = v + w
		v -= w
		b := &c.of64[y]
		a0 += v * b[0]
		a1 += v * b[1]
		a2 += v * b[2]
		a3 += v * b[3]
		a4 += v * b[4]
		a5 += v * b[5]
		a6 += v * b[6]
		a7 += v * b[7]
	}
	out[0], out[2], out[4], out[6], out[8], out[10], out[12], out[14] = a0, a1, a2, a3, a4, a5, a6, a7
	a0, a1, a2, a3, a4, a5, a6, a7 = 0, 0, 0, 0, 0, 0, 0, 0
	for y := range 16 {
		v, w := sums[y], sums[31-y]
		sums[y] = v + w
		v -= w
		b := &c.of32[y]
		a0 += v * b[0]
		a1 += v * b[1]
		a2 += v * b[2]
		a3 += v * b[3]
	}
	for y := range 8 {
		v, w := sums[y], sums[15-y]
		sums[y] = v + w
		v -= w
		a4 += v * c.of16[y][0]
		a5 += v * c.of16[y][1]
	}
	for y := range 4 {
		v, w := sums[y], sums[7-y]
		a6 += (v - w) * c.of8[y][0]
		a7 += (v + w) * c.of8[y][1]
	}
	out[1], out[5], out[9], out[13], out[3], out[11], out[7], out[15] = a0, a1, a2, a3, a4, a5, a6, a7
	return out
}

// half is transformed across, not yet down: by frequency, then by line.
type half [order][side]float32

func (h *half) set(y int, line [order]float32) {
	for g, v := range line {
		h[g][y] = v
	}
}

func (h *half) down(c *cosines) *coefficients {
	var out coefficients
	for g := range h {
		for f, v := range c.line(&h[g]) {
			out[f][g] = v
		}
	}
	return &out
}

func (s *samples) dct(c *cosines) *coefficients {
	var h half
	for y := range s {
		h.set(y, c.line(&s[y]))
	}
	return h.down(c)
}

// hash sets one bit for each coefficient above the median. The first
// coefficient is the last bit that is printed.
func (c *coefficients) hash(median float32) PDQ {
	var p PDQ
	for i := range c {
		for j, v := range c[i] {
			if k := i*order + j; v > median {
				p[len(p)-1-k/8] |= 1 << (k % 8)
			}
		}
	}
	return p
}

// median is the lower one. Values are parted as in quicksort, but only the part
// that has it is looked at again.
func (c *coefficients) median() float32 {
	var store [order * order]float32
	for i := range c {
		copy(store[i*order:], c[i][:])
	}
	part, want := store[:], len(store)/2-1
	for len(part) > 8 {
		a, b, d := part[0], part[len(part)/2], part[len(part)-1]
		pivot := max(min(a, b), min(max(a, b), d))
		i, j := 0, len(part)-1
		for i <= j {
			for part[i] < pivot {
				i++
			}
			for part[j] > pivot {
				j--
			}
			if i <= j {
				part[i], part[j] = part[j], part[i]
				i++
				j--
			}
		}
		switch {
		case want <= j:
			part = part[:j+1]
		case want >= i:
			part, want = part[i:], want-i
		default:
			return pivot
		}
	}
	slices.Sort(part)
	return part[want]
}

// transposed returns the coefficients of the transposed picture.
func (c *coefficients) transposed() *coefficients {
	var out coefficients
	for i := range out {
		for j := range out[i] {
			out[i][j] = c[j][i]
		}
	}
	return &out
}
