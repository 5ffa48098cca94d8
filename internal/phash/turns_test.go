package phash_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"leakwatch/internal/phash"
)

// noisy is a plane of blobs that has no symmetry.
func noisy(r *rand.Rand, w, h int) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, w, h))
	for range 60 {
		x, y, rx, ry, v := r.IntN(w), r.IntN(h), 5+r.IntN(w/3), 5+r.IntN(h/3), uint8(r.IntN(256))
		for j := max(0, y-ry); j < min(h, y+ry); j++ {
			for i := max(0, x-rx); i < min(w, x+rx); i++ {
				p.Pix[j*p.Stride+i] = v
			}
		}
	}
	return p
}

func TestDerivedTurns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sum, most, n := 0, 0, 0
	for range 60 {
		turns := phash.Turns(noisy(r, 200+r.IntN(400), 150+r.IntN(400)))
		derived := phash.Derived(turns[0])
		again := turns
		phash.Transpose(&again)
		if again != turns {
			t.Fatal("the transposed turns are not the transposed hashes")
		}
		for o := range turns {
			d := derived[o].Distance(turns[o])
			sum, most, n = sum+d, max(most, d), n+1
		}
		if derived[0] != turns[0] {
			t.Fatal("the upright hash changed")
		}
	}
	mean := float64(sum) / float64(n)
	t.Logf("derived turns are %.1f bits off in the mean, %d at most", mean, most)
	if mean > 20 { // any others would be 128 off
		t.Errorf("derived turns are %.1f bits off in the mean: not the same turns", mean)
	}
}
