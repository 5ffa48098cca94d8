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
	across := borders(s.width, w)
	before := make([]int32, s.width+1)      // the sum of a line's pixels before each
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
		average(pixels, across, before, line)
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

// border is where an output pixel begins: in input pixel at, after share/m of it.
type border struct{ at, share int }

// borders returns where m equal parts of n pixels begin, and the end.
func borders(n, m int) []border {
	out := make([]border, m+1)
	for i := range out {
		out[i] = border{i * n / m, i * n % m}
	}
	return out
}

// average averages one line over the parts between borders. It keeps the sums
// before each pixel: parts of one pixel or two are too short for loops.
func average(pixels []uint8, parts []border, before []int32, to []float32) {
	sum := int32(0)
	before = before[:len(pixels)+1]
	for x, v := range pixels {
		sum += int32(v)
		before[x+1] = sum
	}
	m := len(to)
	scale := 1 / float32(len(pixels))
	last := 0 // what lies before the part, in 1/m
	for i, end := range parts[1:][:m] {
		upTo := int(before[end.at]) * m
		if end.share > 0 {
			upTo += end.share * int(pixels[end.at])
		}
		to[i] = float32(upTo-last) * scale
		last = upTo
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
