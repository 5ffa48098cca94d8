package phash

import "image"

// resize brings a plane to w by h pixels: by area where it shrinks, between
// the pixels where it grows.
func resize(luma *image.Gray, w, h int) []uint8 {
	fromW, fromH := luma.Rect.Dx(), luma.Rect.Dy()
	if w <= fromW && h <= fromH {
		return byArea(luma, w, h)
	}
	pix := make([]uint8, 0, fromW*fromH)
	for y := range fromH {
		pix = append(pix, luma.Pix[y*luma.Stride:][:fromW]...)
	}
	return between(pix, fromW, fromH, w, h)
}

// byArea gives each pixel the average of what it covers.
func byArea(luma *image.Gray, w, h int) []uint8 {
	fromW, fromH := luma.Rect.Dx(), luma.Rect.Dy()
	out := make([]uint8, w*h)
	if w == fromW && h == fromH {
		for y := range h {
			copy(out[y*w:][:w], luma.Pix[y*luma.Stride:])
		}
		return out
	}
	across, along := partsOf(fromW, w), partsOf(fromH, h)
	line, sums := make([]float32, w), make([]float32, w)
	made := -1 // the line of luma that line holds
	for y := range along {
		clear(sums)
		for k, weight := range along[y].weights {
			if at := along[y].from + k; made != at {
				made = at
				average(luma.Pix[made*luma.Stride:][:fromW], across, line)
			}
			for x, v := range line {
				sums[x] += v * weight
			}
		}
		to := out[y*w:][:w]
		for x, v := range sums {
			to[x] = uint8(v + .5)
		}
	}
	return out
}

// average of the pixels of one line over parts of it.
func average(pixels []uint8, parts []span, to []float32) {
	for i := range parts {
		p := &parts[i]
		var sum float32
		for k, v := range pixels[p.from:][:len(p.weights)] {
			sum += p.weights[k] * float32(v)
		}
		to[i] = sum
	}
}

// partsOf divides n pixels into m equal parts.
func partsOf(n, m int) []span {
	out, store := make([]span, m), make([]float32, 0, n+2*m)
	for i := range out {
		// In units of 1/m pixel, part i covers n of them, from i*n.
		from, to, first := i*n/m, ((i+1)*n+m-1)/m, len(store)
		for k := from; k < to; k++ {
			covered := min((i+1)*n, (k+1)*m) - max(i*n, k*m)
			store = append(store, float32(covered)/float32(n))
		}
		out[i] = span{from, store[first:]}
	}
	return out
}

// between gives each pixel the value at its centre, linear between the four
// pixels about it.
func between(pix []uint8, fromW, fromH, w, h int) []uint8 {
	out := make([]uint8, w*h)
	across, along := betweens(fromW, w), betweens(fromH, h)
	// Two lines of pix, already of the new width, in 1/128; and which they are.
	lines, have := [2][]uint16{make([]uint16, w), make([]uint16, w)}, [2]int32{-1, -1}
	line := func(y int32) []uint16 {
		to := lines[y&1]
		if have[y&1] != y {
			have[y&1] = y
			from := pix[int(y)*fromW:][:fromW]
			for x := range to {
				m := &across[x]
				to[x] = uint16(uint32(from[m.from])*(128-m.weight) + uint32(from[m.from+m.next])*m.weight)
			}
		}
		return to
	}
	for y, m := range along {
		upper, lower := line(m.from), line(m.from+m.next)
		to := out[y*w:][:w]
		for x := range to {
			to[x] = uint8((uint32(upper[x])*(128-m.weight) + uint32(lower[x])*m.weight + 1<<13) >> 14)
		}
	}
	return out
}

// mix is a place between pixel from and the next one.
type mix struct {
	from, next int32  // next is 0 at the end of the line
	weight     uint32 // of the next one, in 1/128
}

// betweens returns where the centres of m equal parts of n pixels lie.
func betweens(n, m int) []mix {
	out := make([]mix, m)
	for i := range out {
		// The centre lies at ((2i+1)*n/(2m)) - 1/2, here in 1/256 pixels.
		at := ((2*i+1)*n*128+m/2)/m - 128
		at = min(max(at, 0), (n-1)*256)
		out[i] = mix{from: int32(at >> 8), weight: uint32(at&255) / 2}
		if at>>8 < n-1 {
			out[i].next = 1
		}
	}
	return out
}

// ThumbOf is the picture as a Thumb.
func ThumbOf(luma *image.Gray) Thumb {
	var t Thumb
	if luma.Rect.Empty() {
		return t
	}
	copy(t[:], byArea(luma, ThumbSide, ThumbSide))
	return t
}
