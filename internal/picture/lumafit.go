package picture

import "image"

// The last column and row of blocks of a JPEG mostly reach beyond its edge, by
// up to seven pixels: at 1/8 that is a good part of a pixel, over which the
// whole plane would be squeezed. So a plane is laid anew over what the picture
// has.

// tap is what one pixel is made of along one axis.
type tap struct {
	from    int
	weights [5]float32
}

// taps shares extent cells, the last of which may be partial, evenly among m
// pixels. Within a cell, values follow the parabola that has the means of the
// cell and of its neighbours; extent/m lies near 1.
func taps(cells, m int, extent float64) []tap {
	out := make([]tap, m)
	for i := range out {
		begin, end := extent*float64(i)/float64(m), extent*float64(i+1)/float64(m)
		from := max(0, min(int(begin)-1, cells-5))
		t := tap{from: from}
		scale := float64(m) / extent
		add := func(at, weight float64) {
			cell := min(int(at), cells-1)
			for j := from; j < cell; j++ {
				t.add(j, cells, weight)
			}
			x := at - float64(cell)
			slope, bend := weight*(x*x-x)/4, weight*(x*x*x/3-x*x/2+x/6)/2
			t.add(cell, cells, weight*x-2*bend)
			t.add(cell-1, cells, bend-slope)
			t.add(cell+1, cells, bend+slope)
		}
		add(end, scale)
		add(begin, -scale)
		out[i] = t
	}
	return out
}

// add adds weight to a cell; beyond the edge lies what lies at it.
func (t *tap) add(cell, cells int, weight float64) {
	cell = min(max(cell, 0), cells-1)
	if i := cell - t.from; i >= 0 && i < len(t.weights) {
		t.weights[i] += float32(weight)
	}
}

// fitted lays a plane of whole cells over w x h cells, where a cell is a pixel
// of the full picture times 1/scale.
func fitted(s surface, width, height, scale int, g *guard) (surface, error) {
	if width%scale == 0 && height%scale == 0 {
		return s, nil
	}
	w, h := max(1, (width+scale/2)/scale), max(1, (height+scale/2)/scale)
	across := taps(s.width, w, float64(width)/float64(scale))
	down := taps(s.height, h, float64(height)/float64(scale))
	out := image.NewGray(image.Rect(0, 0, w, h))
	// Lines of the source, averaged across: those that one tap reaches.
	var lines [5][]float32
	for i := range lines {
		lines[i] = make([]float32, w)
	}
	padded := make([]uint8, max(s.width, 5))
	next := 0
	for y, t := range down {
		if y%64 == 0 {
			if err := g.check(); err != nil {
				return s, err
			}
		}
		for ; next < min(t.from+5, s.height); next++ {
			line := lines[next%5]
			if s.seen != nil && !s.seen(next) {
				for x := range line {
					line[x] = missing
				}
				continue
			}
			copy(padded, s.line(next, nil))
			for x := range line {
				a := &across[x]
				p := padded[a.from:][:5]
				line[x] = a.weights[0]*float32(p[0]) + a.weights[1]*float32(p[1]) + a.weights[2]*float32(p[2]) + a.weights[3]*float32(p[3]) + a.weights[4]*float32(p[4])
			}
		}
		to := out.Pix[y*w:][:w]
		for x := range to {
			sum := float32(.5)
			for i, weight := range t.weights {
				if weight != 0 {
					sum += weight * lines[(t.from+i)%5][x]
				}
			}
			to[x] = uint8(min(max(sum, 0), 255))
		}
	}
	f, err := surfaceOf(out)
	f.why = s.why
	return f, err
}
