package match

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// pointsBallast is an entry of corners that other pictures have, in other
// places, and with some other bits.
func pointsBallast(r *rand.Rand, pool []phash.Point) *phash.Points {
	p := &phash.Points{Width: 480, Height: 320, List: make([]phash.Point, 160)}
	for i := range p.List {
		q := pool[r.IntN(len(pool))]
		q.X, q.Y, q.Angle = r.Float32(), r.Float32()*2/3, r.Float32()*6.28
		for range 48 {
			k := r.IntN(256)
			q.Descriptor[k/64] ^= 1 << (k % 64)
		}
		p.List[i] = q
	}
	return p
}

// pointsVotes are the votes of a set of size entries: all, then ballast.
func pointsVotes(all []pointsOriginal, size int) *votes {
	var pool []phash.Point
	for i := range all {
		pool = append(pool, phash.PointsOf(all[i].luma, phash.Found).List...)
	}
	r := rand.New(rand.NewPCG(9, 9))
	b := &voteBuilder{}
	for i := range all {
		b.add(&all[i].entry)
	}
	for len(b.first) < size {
		b.add(pointsBallast(r, pool))
	}
	return b.build()
}

// pointsElected asks for forms of all originals: is the right entry among the
// 12 named, and does it have 10 inliers? The first of the pair returned is the
// share of both, the second that of the named.
func pointsElected(t testing.TB, all []pointsOriginal, v *votes, names ...string) (found, named float64) {
	t.Helper()
	n := 0
	for _, form := range pointsForms() {
		for _, name := range names {
			if form.name != name {
				continue
			}
			for i := range all {
				repost, _ := form.make(all[i].luma, rand.New(rand.NewPCG(uint64(i), 0)))
				p := phash.PointsOf(pointsJPEG(repost, 80), phash.Found)
				if form.mirror {
					p = p.Mirrored()
				}
				n++
				for _, b := range v.elect(&p, 12) {
					if int(b.entry) != i {
						continue
					}
					named++
					if _, inliers := mapOf(&all[i].entry, &p); inliers >= 10 {
						found++
					}
				}
			}
		}
	}
	return found / float64(n), named / float64(n)
}

func TestVotesName(t *testing.T) {
	if raceDetector {
		t.Skip("as TestMapOfDrawnPictures")
	}
	all := pointsDrawn(t)
	v := pointsVotes(all, 500)
	for _, form := range []string{"same", "mirror", "crop-random-50", "rot-5", "tile-3x3"} {
		found, named := pointsElected(t, all, v, form)
		t.Logf("%s: %.0f %% named, %.0f %% with 10 inliers, of %d in 500 entries", form, 100*named, 100*found, len(all))
		if named < .79 {
			t.Errorf("%s: %.0f %% named, want 79", form, 100*named)
		}
	}
}

func TestVotesOfPhotographs(t *testing.T) {
	all := pointsPhotographs(t)
	v := pointsVotes(all, 1000)
	for form, want := range map[string]float64{"crop-quarter": .7, "crop-half": .92, "crop-random-50": .95, "tile-3x3": .97, "rot-5": .95} {
		found, named := pointsElected(t, all, v, form)
		t.Logf("%s: %.1f %% named, %.1f %% with 10 inliers, of %d in 1000 entries", form, 100*named, 100*found, len(all))
		if found < want {
			t.Errorf("%s: %.1f %%, want %.1f", form, 100*found, 100*want)
		}
	}
}

// Entries without keypoints keep their numbers, and nobody votes for them.
func TestVotesOfEmptyEntries(t *testing.T) {
	some := pointsDrawn(t)
	b := &voteBuilder{}
	b.add(nil)
	b.add(&phash.Points{})
	b.add(&some[0].entry)
	b.add(nil)
	b.add(&some[1].entry)
	b.add(nil)
	v := b.build()
	for want, o := range map[uint32]*pointsOriginal{2: &some[0], 4: &some[1]} {
		if top := v.elect(&o.entry, 1); len(top) != 1 || top[0].entry != want {
			t.Errorf("got %+v, want entry %d", top, want)
		}
	}
	if top := (&voteBuilder{}).build().elect(&some[0].entry, 12); len(top) != 0 {
		t.Errorf("a set without keypoints names %+v", top)
	}
}

// pointsCPU is what this process has used so far.
func pointsCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}

// BenchmarkVotes prints what a question to a set costs and finds, against the
// making of the found picture's keypoints. 300,000 entries would need 3.2 GB:
// they are above deepEntries.
func BenchmarkVotes(b *testing.B) {
	all := pointsDrawn(b)
	for _, size := range []int{1000, 20_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			v := pointsVotes(all, size)
			var ask, make time.Duration
			i := 0
			for b.Loop() {
				o := &all[i%len(all)]
				start := pointsCPU(b)
				p := phash.PointsOf(o.luma, phash.Found)
				made := pointsCPU(b)
				v.elect(&p, 12)
				make, ask = make+made-start, ask+pointsCPU(b)-made
				i++
			}
			found, named := pointsElected(b, all, v, "crop-quarter", "crop-random-50", "tile-3x3", "resize-25")
			fmt.Printf("figure votes_%d_bytes_per_entry %d\n", size, v.memory()/int64(size))
			fmt.Printf("figure votes_%d_named_percent %.1f\n", size, 100*named)
			fmt.Printf("figure votes_%d_with_map_percent %.1f\n", size, 100*found)
			fmt.Printf("ratio votes_%d_vs_making_keypoints %.2f\n", size, float64(ask)/float64(make))
		})
	}
}

// BenchmarkMapOf holds one map against the making of the found picture's
// keypoints.
func BenchmarkMapOf(b *testing.B) {
	all := pointsDrawn(b)
	p := phash.PointsOf(all[0].luma, phash.Found)
	var spent [3]time.Duration
	steps := [3]func(){
		func() { mapOf(&all[0].entry, &p) },
		func() { mapOf(&all[1].entry, &p) },
		func() { phash.PointsOf(all[0].luma, phash.Found) },
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, step := range steps {
			start := time.Now()
			step()
			spent[i] += time.Since(start)
		}
	}
	fmt.Printf("ratio map_of_the_entry_vs_making_keypoints %.3f\n", float64(spent[0])/float64(spent[2]))
	fmt.Printf("ratio map_of_another_vs_making_keypoints %.3f\n", float64(spent[1])/float64(spent[2]))
}
