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

func (s *samples) dct() *coefficients {
	var cosine [4 * side]float32 // one full turn, scaled
	for i := range cosine {
		cosine[i] = float32(math.Sqrt(2./side) * math.Cos(math.Pi/(2*side)*float64(i)))
	}
	var basis [order][side]float32
	for f := range basis {
		for x := range side {
			basis[f][x] = cosine[(f+1)*(2*x+1)%len(cosine)]
		}
	}
	var half [order][side]float32 // transformed down, not yet across
	for f := range half {
		for y := range side {
			b := basis[f][y]
			for x, v := range s[y] {
				half[f][x] += b * v
			}
		}
	}
	var out coefficients
	for f := range half {
		for g := range basis {
			var sum float32
			for x, v := range half[f] {
				sum += v * basis[g][x]
			}
			out[f][g] = sum
		}
	}
	return &out
}

// hash sets one bit for each coefficient above the lower median. The first
// coefficient is the last bit that is printed.
func (c *coefficients) hash() PDQ {
	var sorted [order * order]float32
	for i := range c {
		copy(sorted[i*order:], c[i][:])
	}
	slices.Sort(sorted[:])
	median := sorted[len(sorted)/2-1]
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
