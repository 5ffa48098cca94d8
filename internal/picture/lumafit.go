package picture

import (
	"bytes"
	"image"
	"math"
)

// The last column and row of blocks of a JPEG mostly reach beyond its edge, by
// up to seven pixels: at 1/8 that is a good part of a pixel, over which the
// whole plane would be squeezed. So a plane is laid anew over what the picture
// has.

// tap is what one pixel is made of along one axis, in 1/16384.
type tap struct {
	from    int
	weights [5]int32
}

// taps shares extent cells, the last of which may be partial, evenly among m
// pixels. Within a cell, values follow the parabola that has the means of the
// cell and of its neighbours; extent/m lies near 1.
func taps(cells, m int, extent float64) []tap {
	out := make([]tap, m)
	for i := range out {
		begin, end := extent*float64(i)/float64(m), extent*float64(i+1)/float64(m)
		from := max(0, min(int(begin)-1, cells-5))
		var weights [5]float64
		one := func(cell int, weight float64) {
			// Beyond the edge lies what lies at it.
			if i := min(max(cell, 0), cells-1) - from; i >= 0 && i < len(weights) {
				weights[i] += weight
			}
		}
		upTo := func(at, weight float64) {
			cell := min(int(at), cells-1)
			for j := from; j < cell; j++ {
				one(j, weight)
			}
			x := at - float64(cell)
			slope, bend := weight*(x*x-x)/4, weight*(x*x*x/3-x*x/2+x/6)/2
			one(cell, weight*x-2*bend)
			one(cell-1, bend-slope)
			one(cell+1, bend+slope)
		}
		scale := float64(m) / extent
		upTo(end, scale)
		upTo(begin, -scale)
		out[i].from = from
		for j, v := range weights {
			out[i].weights[j] = int32(math.Round(v * (1 << 14)))
		}
	}
	return out
}

// fitted lays a plane of whole cells over as many pixels as the picture has
// cells, whole or not. A cell is a pixel of the full picture times scale.
func fitted(s surface, width, height, scale int, g *guard) (surface, error) {
	if width%scale == 0 && height%scale == 0 {
		return s, nil
	}
	w, h := max(1, (width+scale/2)/scale), max(1, (height+scale/2)/scale)
	across := taps(s.width, w, float64(width)/float64(scale))
	down := taps(s.height, h, float64(height)/float64(scale))
	out := image.NewGray(image.Rect(0, 0, w, h))
	line := make([]int32, max(s.width, len(across[0].weights)))
	empty := bytes.Repeat([]byte{missing}, s.width)
	source := func(y int) []uint8 {
		if y = min(y, s.height-1); s.seen != nil && !s.seen(y) {
			return empty
		}
		return s.line(y, nil)
	}
	for y := range down {
		if y%64 == 0 {
			if err := g.check(); err != nil {
				return s, err
			}
		}
		down[y].mix(source, line[:s.width])
		to := out.Pix[y*w:][:w]
		if width%scale == 0 {
			for x, v := range line[:w] {
				to[x] = grey((v+1<<6)>>7 - 128)
			}
			continue
		}
		for x := range to {
			t := &across[x]
			p := line[t.from:][:len(t.weights)]
			v := t.weights[0]*p[0] + t.weights[1]*p[1] + t.weights[2]*p[2] + t.weights[3]*p[3] + t.weights[4]*p[4]
			to[x] = grey((v+1<<20)>>21 - 128)
		}
	}
	f, err := surfaceOf(out)
	f.why = s.why
	return f, err
}

// mix averages five lines into 128 times their grey values.
func (t *tap) mix(source func(int) []uint8, to []int32) {
	n := len(to)
	a, b, c, d, e := source(t.from)[:n], source(t.from + 1)[:n], source(t.from + 2)[:n], source(t.from + 3)[:n], source(t.from + 4)[:n]
	p, q, r, u, v := t.weights[0], t.weights[1], t.weights[2], t.weights[3], t.weights[4]
	for x := range to {
		to[x] = (p*int32(a[x]) + q*int32(b[x]) + r*int32(c[x]) + u*int32(d[x]) + v*int32(e[x])) >> 7
	}
}
