package picture

import "image"

// maxSide bounds the long side of Picture.Luma.
const maxSide = 1024

// reduce averages a surface to a long side of at most long pixels, line by
// line: beside the surface, only the result and one line are held.
func reduce(s surface, long int, g *guard) (*image.Gray, error) {
	w, h := s.width, s.height
	if n := max(w, h); n > long {
		to := func(side int) int { return max(1, (side*long+n/2)/n) }
		w, h = to(w), to(h)
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	buffer := make([]uint8, s.width)
	across := cells(s.width, w)
	sums := make([]float32, w)              // of the lines of this cell so far
	line := make([]float32, w)              // one line, averaged across
	share := float32(h) / float32(s.height) // of a cell that one line fills
	row := 0
	for y := range s.height {
		if y%16 == 0 {
			if err := g.check(); err != nil {
				return nil, err
			}
		}
		pixels := buffer
		if s.seen == nil || s.seen(y) {
			pixels = s.line(y, buffer)
		} else {
			for x := range buffer {
				buffer[x] = missing
			}
		}
		if h == s.height && w == s.width {
			copy(out.Pix[y*out.Stride:], pixels)
			continue
		}
		average(pixels, across, line)
		// Line y covers y*h .. (y+1)*h of the output, in 1/s.height lines.
		end := (y + 1) * h
		if border := (row + 1) * s.height; end < border {
			for x, v := range line {
				sums[x] += v * share
			}
		} else {
			over := float32(end-border) / float32(s.height) // belongs to the next cell
			to := out.Pix[row*out.Stride:][:w]
			for x, v := range line {
				to[x] = uint8(sums[x] + v*(share-over) + .5)
				sums[x] = v * over
			}
			row++
		}
	}
	return out, nil
}

// cell is one output pixel across: whole input pixels from..to, and shares of
// the pixels before and after them.
type cell struct {
	from, to      int
	before, after float32
	scale         float32
}

func cells(n, m int) []cell {
	out := make([]cell, m)
	for i := range out {
		begin, end := i*n, (i+1)*n // in 1/m pixels
		c := cell{from: (begin + m - 1) / m, to: end / m, scale: float32(m) / float32(n)}
		c.before = float32(c.from*m-begin) / float32(m)
		c.after = float32(end-c.to*m) / float32(m)
		out[i] = c
	}
	return out
}

func average(pixels []uint8, across []cell, to []float32) {
	for i, c := range across {
		var whole uint32
		for _, v := range pixels[c.from:c.to] {
			whole += uint32(v)
		}
		sum := float32(whole)
		if c.before > 0 {
			sum += c.before * float32(pixels[c.from-1])
		}
		if c.after > 0 {
			sum += c.after * float32(pixels[c.to])
		}
		to[i] = sum * c.scale
	}
}

// turn shows a plane as a viewer who applies EXIF orientation o.
func turn(g *image.Gray, o int) *image.Gray {
	if o <= 1 || o > 8 {
		return g
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	outW, outH := w, h
	if o >= 5 {
		outW, outH = h, w
	}
	out := image.NewGray(image.Rect(0, 0, outW, outH))
	// The source position of output (x, y) is start + x*dx + y*dy.
	start, dx, dy := 0, 1, g.Stride
	right, bottom := w-1, (h-1)*g.Stride
	switch o {
	case 2: // mirrored left to right
		start, dx = right, -1
	case 3: // turned by half
		start, dx, dy = right+bottom, -1, -g.Stride
	case 4: // upside down
		start, dy = bottom, -g.Stride
	case 5: // transposed
		dx, dy = g.Stride, 1
	case 6: // to be turned clockwise
		start, dx, dy = bottom, -g.Stride, 1
	case 7: // transposed along the other diagonal
		start, dx, dy = right+bottom, -g.Stride, -1
	case 8: // to be turned counter-clockwise
		start, dx, dy = right, g.Stride, -1
	}
	for y := range outH {
		at := start + y*dy
		to := out.Pix[y*out.Stride:][:outW]
		for x := range to {
			to[x] = g.Pix[at]
			at += dx
		}
	}
	return out
}
