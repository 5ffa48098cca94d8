package match

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkJudge times the steps of one candidate: making the scene of a found
// picture of 640x440, aligning it from one map, judging it against a
// background of 15 others, and making that background.
func BenchmarkJudge(b *testing.B) {
	lane := judgeLane(1, 16)
	var refs []*reference
	for _, g := range lane {
		refs = append(refs, judgeRef(g))
	}
	r := rand.New(rand.NewPCG(1, 1))
	same := affine{1, 0, 0, 0, 1, 0}
	a := newAligner()
	back := judgeBackground(a, refs, 0, same)
	if !back.usable || back.entries < 12 {
		b.Fatalf("the background has %d entries: %s", back.entries, back.reason)
	}
	s, begin := sceneOf(lane[0]), judgeShaken(same, r, .01)
	var q aligned
	a.align(s, refs[0], []start{{begin, false}}, &q)
	for _, bc := range []struct {
		name string
		do   func()
	}{
		{"scene", func() { sceneOf(lane[0]) }},
		{"align_points", func() { a.align(s, refs[0], []start{{begin, false}}, &q) }},
		{"align_hashed", func() { a.align(s, refs[0], []start{{begin, true}}, &q) }},
		{"judge", func() { a.judge(&q, refs[0], back, evidence{inliers: 20}) }},
		{"judge_alone", func() { a.judge(&q, refs[0], nil, evidence{inliers: 20}) }},
		{"background", func() { judgeBackground(a, refs, 0, same) }},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			start, n := time.Now(), 0
			for b.Loop() {
				bc.do()
				n++
			}
			fmt.Printf("figure %s_us %.0f\n", bc.name, float64(time.Since(start).Microseconds())/float64(n))
		})
	}
}
