package picture

import "math"

// A picture of less than two megapixels is not much larger than the plane that
// later stages look at: its blocks are drawn in whole.

// wholeWeights are the quantisers by row and column, times the scales that the
// transform of Arai, Agui and Nakajima (1988) leaves to them, and the places of
// coefficients in that order.
type wholeWeights struct {
	of    [64]float32
	place [64]uint8 // in the coefficients of a block, where k stands at k+1 and 63 at 0
}

func wholeWeightsOf(quant *[64]int32) *wholeWeights {
	scale := func(u int) float64 {
		if u == 0 {
			return math.Sqrt(1. / 8)
		}
		return .5 * math.Cos(float64(u)*math.Pi/16)
	}
	w := &wholeWeights{}
	for k, at := range zigzag() {
		i := int(at[0])*8 + int(at[1])
		w.of[i] = float32(scale(int(at[0])) * scale(int(at[1])) * float64(quant[k]))
		w.place[i] = uint8((k + 1) % 64)
	}
	return w
}

// draw draws a block of 8x8 pixels and clears the coefficients: level, then
// those in c.
func (w *wholeWeights) draw(level int32, c *[64]int32, to []uint8, stride int) {
	var f [64]float32
	c[1] = level
	for u := range 8 {
		at := func(v int) int32 { return c[w.place[8*v+u]&63] }
		c0, c1, c2, c3, c4, c5, c6, c7 := at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)
		mean := float32(c0) * w.of[u]
		if u == 0 {
			mean += 128.5
		}
		if c1|c2|c3|c4|c5|c6|c7 == 0 {
			for v := range 8 {
				f[8*v+u] = mean
			}
			continue
		}
		f[u], f[8+u], f[16+u], f[24+u], f[32+u], f[40+u], f[48+u], f[56+u] = cosinesBack(mean,
			float32(c1)*w.of[8+u], float32(c2)*w.of[16+u], float32(c3)*w.of[24+u], float32(c4)*w.of[32+u],
			float32(c5)*w.of[40+u], float32(c6)*w.of[48+u], float32(c7)*w.of[56+u])
	}
	clear(c[:])
	for v := range 8 {
		r := f[8*v:][:8]
		p0, p1, p2, p3, p4, p5, p6, p7 := cosinesBack(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
		line := to[v*stride:][:8]
		line[0], line[1], line[2], line[3] = rounded(p0), rounded(p1), rounded(p2), rounded(p3)
		line[4], line[5], line[6], line[7] = rounded(p4), rounded(p5), rounded(p6), rounded(p7)
	}
}

// cosinesBack is the inverse DCT of eight points, whose scales are in what it
// is given.
func cosinesBack(c0, c1, c2, c3, c4, c5, c6, c7 float32) (p0, p1, p2, p3, p4, p5, p6, p7 float32) {
	const root2, a, b, d = 1.414213562, 1.847759065, 1.082392200, 2.613125930
	plus, minus, sum := c0+c4, c0-c4, c2+c6
	twist := (c2-c6)*root2 - sum
	e0, e1, e2, e3 := plus+sum, minus+twist, minus-twist, plus-sum

	z10, z11, z12, z13 := c5-c3, c1+c7, c1-c7, c5+c3
	z5 := (z10 + z12) * a
	o7 := z11 + z13
	o6 := z5 - z10*d - o7
	o5 := (z11-z13)*root2 - o6
	o4 := z5 - z12*b - o5
	return e0 + o7, e1 + o6, e2 + o5, e3 + o4, e3 - o4, e2 - o5, e1 - o6, e0 - o7
}
