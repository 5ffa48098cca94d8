package phash

import (
	"image"
	"math/rand/v2"
	"testing"

	"github.com/corona10/goimagehash"
)

// The pHash of a plane of 64x64 is that of the library itself.
func TestPerceiveIsTheLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(64, 64))
	for n := range 300 {
		plane := image.NewGray(image.Rect(0, 0, side, side))
		noise, slope := 1+r.IntN(255), r.IntN(5)
		for i := range plane.Pix {
			plane.Pix[i] = uint8(r.IntN(noise) + slope*(i%side) + n%3*i/side)
		}
		want, err := goimagehash.PerceptionHash(plane)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := perceive(plane)
		if uint64(got) != want.GetHash() || ok != (got != pHashBlack && got != pHashBlank) {
			t.Errorf("plane %d: got %v, %v, want %016x", n, got, ok, want.GetHash())
		}
	}
}
