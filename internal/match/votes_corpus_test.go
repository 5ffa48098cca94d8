package match

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// ballast makes an entry of corners that other pictures have, in other places
// and with other bits.
func pointsBallast(r *rand.Rand, pool []phash.Point) *phash.Points {
	p := &phash.Points{Width: 480, Height: 320, List: make([]phash.Point, 160)}
	for i := range p.List {
		q := pool[r.IntN(len(pool))]
		q.X, q.Y, q.Angle = r.Float32(), r.Float32()*2/3, r.Float32()*6.28
		for range 24 {
			k := r.IntN(256)
			q.Descriptor[k/64] ^= 1 << (k % 64)
		}
		p.List[i] = q
	}
	return p
}

func TestVotesOfPhotographs(t *testing.T) {
	_, planes := pointsCorpus(t)
	entries := make([]phash.Points, len(planes))
	var pool []phash.Point
	for i, g := range planes {
		if n := max(g.Rect.Dx(), g.Rect.Dy()); n > 480 {
			planes[i] = pointsScaled(g, 480/float64(n), 480/float64(n))
		}
		entries[i] = phash.PointsOf(planes[i], phash.Entry)
		pool = append(pool, entries[i].List...)
	}
	_ = bits.Len
	use := map[string]bool{"crop-quarter": true, "random-50": true, "random-25": true, "resize-25": true, "tiled": true, "tile": true, "rot-5": true}
	for _, size := range []int{1000, 20000} {
		r := rand.New(rand.NewPCG(9, 9))
		b := new(voteBuilder)
		for i := range entries {
			b.add(&entries[i])
		}
		for len(b.first) < size {
			b.add(pointsBallast(r, pool))
		}
		start := time.Now()
		v := b.build()
		fmt.Printf("%d entries built in %v, %d bytes an entry\n", size, time.Since(start), v.memory()/int64(size))
		for _, form := range pointsForms() {
			if !use[form.name] {
				continue
			}
			in, first, ok := 0, 0, 0
			var spent time.Duration
			ncast := 0
			for i, g := range planes {
				r := rand.New(rand.NewPCG(uint64(i), 7))
				found := phash.PointsOf(pointsJPEG(form.make(g, r), 80), phash.Found)
				start := time.Now()
				top := v.elect(&found, 12)
				spent += time.Since(start)
				ncast += len(v.cast(&found))
				for k, b := range top {
					if int(b.entry) == i {
						in++
						if k == 0 {
							first++
						}
						if _, n := mapOf(&entries[i], &found); n >= 10 {
							ok++
						}
					}
				}
			}
			n := float64(len(planes))
			fmt.Printf("  %-14s among 12 %.1f first %.1f and mapped %.1f  %v votes %d\n", form.name, 100*float64(in)/n, 100*float64(first)/n, 100*float64(ok)/n, spent/time.Duration(len(planes)), ncast/len(planes))
		}
	}
}
