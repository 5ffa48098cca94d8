package match

import (
	"math"
	"math/rand/v2"
	"testing"
)

// How far two maps put a corner of the entry apart, in its long sides.
func judgeApart(m, n affine, aspect float64) float64 {
	back, _ := n.inverse()
	d := back.after(m)
	w, h := sides(aspect)
	far := 0.
	for _, c := range [4][2]float64{{0, 0}, {w, 0}, {0, h}, {w, h}} {
		x, y := d.at(c[0], c[1])
		far = max(far, math.Hypot(x-c[0], y-c[1]))
	}
	return far
}

func TestAlignFindsTheMap(t *testing.T) {
	lane := judgeLane(1, 4)
	r := rand.New(rand.NewPCG(1, 1))
	a := newAligner()
	var got aligned
	for _, form := range judgeForms() {
		for i, g := range lane {
			ref := judgeRef(g)
			found, truth := form.make(g, r)
			s := sceneOf(found)
			for _, hashed := range []bool{false, true} {
				by := .02
				if hashed {
					by = .03
				}
				begin := judgeShaken(truth, r, by)
				if !a.align(s, ref, []start{{begin, hashed}}, &got) {
					t.Errorf("%s of %d, hashed %v: no alignment from %.3f", form.name, i, hashed, judgeApart(begin, truth, ref.aspect))
					continue
				}
				off := judgeApart(got.m, truth, ref.aspect)
				t.Logf("%-18s %d hashed %-5v %.4f -> %.4f likeness %.3f share %.2f %.2f seen %d", form.name, i, hashed, judgeApart(begin, truth, ref.aspect), off, got.likeness, got.share, got.coarse, got.seen.count())
				if off > .006 {
					t.Errorf("%s of %d, hashed %v: got a map %.4f off, want .006", form.name, i, hashed, off)
				}
			}
		}
	}
}
