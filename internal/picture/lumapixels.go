package picture

import "math"

// weights turn the coefficients of a block into pixels of a plane at 1/8, 1/4
// or 1/2. Each is the mean of the pixels of the full plane that it stands for,
// short of what the coefficients left out would add; that is little, since
// they stand for detail finer than the pixel.
type weights struct {
	side   int         // pixels of a block along each axis: 1, 2, 4 or 8
	last   int         // the last coefficient in zigzag order that is wanted
	quant  [64]int32   // in zigzag order
	of     [16]float32 // by row and column
	slopes [4]int      // the same for 2x2 pixels, in 1/8192 of a grey value
	whole  *wholeWeights
	stride int // of the plane
}

// zigzag gives the row and the column of a coefficient.
func zigzag() [64][2]uint8 {
	var t [64][2]uint8
	v, u := 0, 0
	for k := range t {
		t[k] = [2]uint8{uint8(v), uint8(u)}
		switch up := (u+v)%2 == 0; {
		case up && u == 7, !up && v == 7 && u < 7:
			if up {
				v++
			} else {
				u++
			}
		case up && v == 0:
			u++
		case !up && u == 0:
			v++
		case up:
			v, u = v-1, u+1
		default:
			v, u = v+1, u-1
		}
	}
	return t
}

// weightsOf makes ready for blocks of side x side pixels. A plane that is looked
// at for more than hashes of the whole is sharp: it gets what the others do
// without, since it does not change the hashes.
func weightsOf(side int, quant *[64]int32, stride int, sharp bool) weights {
	w := weights{side: side, quant: *quant, stride: stride}
	switch {
	case side == 8:
		w.last, w.whole = 63, wholeWeightsOf(quant)
		return w
	case side == 4 && sharp:
		w.last = 24
	case side == 4:
		w.last = 9
	case side == 2 && sharp:
		w.last = 4
	case side == 2:
		w.last = 2
	}
	// The mean of a cosine over the pixels of one part is the cosine of the
	// part's middle times this.
	share := func(u int) float64 {
		if u == 0 {
			return math.Sqrt(1. / 8)
		}
		if side == 2 {
			return .5 * (math.Cos(math.Pi/16) + math.Cos(3*math.Pi/16) + math.Cos(5*math.Pi/16) + math.Cos(7*math.Pi/16)) / 4
		}
		return .5 * math.Cos(float64(u)*math.Pi/16)
	}
	for k, at := range zigzag() {
		if v, u := int(at[0]), int(at[1]); v < side && u < side {
			weight := share(u) * share(v) * float64(quant[k])
			if w.of[v*side+u] = float32(weight); side == 2 {
				w.slopes[v*side+u] = int(math.Round(weight * pixelUnit))
			}
		}
	}
	return w
}

// grey turns a sample around zero into a grey value.
func grey(v int32) uint8 {
	v += 128
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
}

// pixelUnit is a grey value in the integers that pixels are reckoned in, and
// middle the grey of a block of zeros, with half a grey value for rounding.
const (
	pixelBits = 13
	pixelUnit = 1 << pixelBits
	middle    = 128*pixelUnit + pixelUnit/2
)

// pixel cuts a value off to a grey value.
func pixel(v int) uint8 {
	v >>= pixelBits
	if uint(v) > 255 {
		return uint8(^(v >> 63))
	}
	return uint8(v)
}

// quarter draws a block of 2x2 pixels from its mean, its two slopes and its
// twist, which are coefficients 1, 2 and 4.
func (w *weights) quarter(level, u, v, uv int32, to []uint8) {
	mean := int(level)*w.slopes[0] + middle
	a, b, ab := int(u)*w.slopes[1], int(v)*w.slopes[2], int(uv)*w.slopes[3]
	below := to[w.stride:][:2]
	to[0], to[1] = pixel(mean+a+b+ab), pixel(mean-a+b-ab)
	below[0], below[1] = pixel(mean+a-b-ab), pixel(mean-a-b+ab)
}

// half draws a block of 4x4 pixels by an inverse DCT of four points along each
// axis, and clears the coefficients: level, then those in c, where coefficient k
// stands at k+1.
func (w *weights) half(level int32, c *[64]int32, to []uint8) {
	mean := float32(level)*w.of[0] + 128.5
	any := int32(0)
	for _, v := range c[2:26] {
		any |= v
	}
	if any == 0 {
		v := rounded(mean)
		for y := range 4 {
			line := to[y*w.stride:][:4]
			line[0], line[1], line[2], line[3] = v, v, v, v
		}
		return
	}
	const a, b, d = 0.92387953, 0.38268343, 0.70710678 // cos of 1/8, 3/8 and 1/4 pi
	// Zigzag order, by row: 0 1 5 6, 2 4 7 13, 3 8 12 17, 9 11 18 24.
	f := [16]float32{
		mean, float32(c[2]) * w.of[1], float32(c[6]) * w.of[2], float32(c[7]) * w.of[3],
		float32(c[3]) * w.of[4], float32(c[5]) * w.of[5], float32(c[8]) * w.of[6], float32(c[14]) * w.of[7],
		float32(c[4]) * w.of[8], float32(c[9]) * w.of[9], float32(c[13]) * w.of[10], float32(c[18]) * w.of[11],
		float32(c[10]) * w.of[12], float32(c[12]) * w.of[13], float32(c[19]) * w.of[14], float32(c[25]) * w.of[15],
	}
	clear(c[2:26])
	for u := range 4 {
		even, odd := f[u]+d*f[8+u], f[u]-d*f[8+u]
		p, q := a*f[4+u]+b*f[12+u], b*f[4+u]-a*f[12+u]
		f[u], f[4+u], f[8+u], f[12+u] = even+p, odd+q, odd-q, even-p
	}
	for y := range 4 {
		r := f[4*y:][:4]
		even, odd := r[0]+d*r[2], r[0]-d*r[2]
		p, q := a*r[1]+b*r[3], b*r[1]-a*r[3]
		line := to[y*w.stride:][:4]
		line[0], line[1], line[2], line[3] = rounded(even+p), rounded(odd+q), rounded(odd-q), rounded(even-p)
	}
}

// rounded cuts off what has half a grey value added.
func rounded(v float32) uint8 {
	i := int32(v)
	if uint32(i) > 255 {
		return uint8(^(i >> 31))
	}
	return uint8(i)
}
