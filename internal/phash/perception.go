package phash

import (
	"image"
	"math"

	"github.com/corona10/goimagehash/etcs"
	"github.com/corona10/goimagehash/transforms"
)

// minPerception is the side from which a pHash says something.
const minPerception = 32

// Blank pictures share these two values.
const (
	pHashBlack = 0
	pHashBlank = 1 << 63
)

// perception computes the pHash of goimagehash behind a guard. The library
// reads the wrong pixels of a plane whose origin is not zero, gives an empty
// plane the hash of the picture before, and walks every pixel of a large one
// in three channels; so its transform is handed a fresh 64x64 plane and nothing
// else, which is the size that it would resize to itself.
func perception(luma *image.Gray) (PHash, bool) {
	plane, ok := perceptionPlane(luma)
	if !ok {
		return 0, false
	}
	return perceive(plane)
}

// PHashTurns returns the pHashes of a picture in its eight orientations, in
// the order of OfTurned; false where Of gives none. They find entries of lists
// that carry no PDQ.
func PHashTurns(luma *image.Gray) ([8]PHash, bool) {
	var turns [8]PHash
	plane, ok := perceptionPlane(luma)
	if !ok {
		return turns, false
	}
	for o := range turns {
		if turns[o], ok = perceive(turned(plane, o+1)); !ok {
			return [8]PHash{}, false
		}
	}
	return turns, true
}

// turned returns a square plane as a viewer shows it who applies EXIF
// orientation o.
func turned(plane *image.Gray, o int) *image.Gray {
	out := image.NewGray(plane.Rect)
	for y := range side {
		for x := range side {
			fromX, fromY := x, y
			if o >= 5 {
				fromX, fromY = fromY, fromX
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				fromX = side - 1 - fromX
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				fromY = side - 1 - fromY
			}
			out.Pix[y*side+x] = plane.Pix[fromY*side+fromX]
		}
	}
	return out
}

// perceptionPlane is the 64x64 plane that the library is handed.
func perceptionPlane(luma *image.Gray) (*image.Gray, bool) {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if w < minPerception || h < minPerception {
		return nil, false
	}
	s := sample(luma, evenSpans(w), evenSpans(h))
	plane := image.NewGray(image.Rect(0, 0, side, side))
	for y := range s {
		for x, v := range s[y] {
			plane.Pix[y*side+x] = uint8(math.Round(float64(v)))
		}
	}
	return plane, true
}

// perceive does what goimagehash.PerceptionHash does with the plane, by the
// library's own transform, but of the 64 columns only the eight that it looks
// at. The result is the same to the bit: a test says so.
func perceive(plane *image.Gray) (PHash, bool) {
	const kept = 8
	var lines [side * side]float64
	for i, v := range plane.Pix[:side*side] {
		grey := float64(v)
		lines[i] = 0.299*grey + 0.587*grey + 0.114*grey
	}
	for y := range side {
		transforms.DCT1DFast64(lines[y*side:][:side])
	}
	var low [kept * kept]float64
	for x := range kept {
		var column [side]float64
		for y := range column {
			column[y] = lines[y*side+x]
		}
		transforms.DCT1DFast64(column[:])
		for y := range kept {
			low[y*kept+x] = column[y]
		}
	}
	median := etcs.MedianOfPixelsFast64(low[:])
	p := PHash(0)
	for i, v := range low {
		if v > median {
			p |= 1 << (len(low) - 1 - i)
		}
	}
	return p, p != pHashBlack && p != pHashBlank
}

// evenSpans averages n pixels over 64 equal parts.
func evenSpans(n int) []span {
	spans := make([]span, side)
	parts := area{n: n, m: side}
	weights, store := make([]float32, n), make([]float32, 0, 3*n)
	for i := range spans {
		begin, end := parts.reach(i, i)
		clear(weights[begin:end])
		parts.add(weights, i, 1)
		spans[i] = spanOf(weights, begin, end, &store)
	}
	return spans
}
