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
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
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

// No map and no plane, however wild, breaks the bench or yields a number that
// is none.
func TestAlignWildMaps(t *testing.T) {
	a, r := newAligner(), rand.New(rand.NewPCG(4, 4))
	ref := judgeRef(judgeStripes(64, 48))
	planes := []*scene{
		sceneOf(judgeFill(1, 1, 9)), sceneOf(judgeFill(1, 900, 9)), sceneOf(judgeStripes(17, 16)),
		sceneOf(judgeStripes(640, 40)), sceneOfThumb(ref),
	}
	odd := []float64{0, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e-300, 1e9}
	var q aligned
	for i := range 400 {
		var m affine
		for k := range m {
			m[k] = math.Exp(r.NormFloat64()*4) * float64(1-2*r.IntN(2))
			if r.IntN(8) == 0 {
				m[k] = odd[r.IntN(len(odd))]
			}
		}
		if !a.align(planes[i%len(planes)], ref, []start{{m, i%2 == 0}}, &q) {
			continue
		}
		j := a.judge(&q, ref, nil, evidence{near: true})
		for _, v := range append(q.m[:], q.likeness, q.share, j.left) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("map %v: got %v", m, v)
			}
		}
	}
}
