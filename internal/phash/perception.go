package phash

import (
	"image"
	"math"

	"github.com/corona10/goimagehash"
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
// in three channels; so it is handed a fresh 64x64 plane and nothing else,
// which is the size that it would resize to itself.
func perception(luma *image.Gray) (PHash, bool) {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if w < minPerception || h < minPerception {
		return 0, false
	}
	s := sample(luma, evenSpans(w), evenSpans(h))
	plane := image.NewGray(image.Rect(0, 0, side, side))
	for y := range s {
		for x, v := range s[y] {
			plane.Pix[y*side+x] = uint8(math.Round(float64(v)))
		}
	}
	return perceive(plane)
}

func perceive(plane *image.Gray) (PHash, bool) {
	hash, err := goimagehash.PerceptionHash(plane)
	if err != nil {
		return 0, false
	}
	p := PHash(hash.GetHash())
	return p, p != pHashBlack && p != pHashBlank
}

// evenSpans averages n pixels over 64 equal parts.
func evenSpans(n int) []span {
	spans := make([]span, side)
	parts := area{n, side}
	weights, store := make([]float32, n), make([]float32, 0, 3*n)
	for i := range spans {
		clear(weights)
		parts.add(weights, i, 1)
		spans[i] = spanOf(weights, &store)
	}
	return spans
}
