package match

import (
	"math/rand/v2"
	"testing"
)

// The kernels of this machine equal their twins in Go, and both leave in what
// the plain distances say.
func TestKernelsEqualGo(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for range 150 {
		checkKernels(t, r, r.IntN(257))
	}
}

func FuzzKernelsEqualGo(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint8(63))
	f.Fuzz(func(t *testing.T, seed, seed2 uint64, radius uint8) {
		checkKernels(t, rand.New(rand.NewPCG(seed, seed2)), int(radius))
	})
}

func checkKernels(t *testing.T, r *rand.Rand, radius int) {
	t.Helper()
	turns := picture(r)
	if r.IntN(4) == 0 {
		turns = same(turns[r.IntN(8)])
	}
	var all rows
	for range groupRows {
		h := randomPDQ(r)
		if r.IntN(2) == 0 {
			h = flipBits(r, turns[r.IntN(8)], r.IntN(257))
		}
		all.add(classOf([32]byte(h)))
	}
	all.end()
	b := newBatch(turns)
	planes := 64 + 8*r.IntN(25)
	eight, ones := &plan{b: b, radius: radius}, &plan{b: b, radius: radius}
	fits := eight.planEight(planes)
	ones.planOne(planes)
	g := all.group(0)
	var got, want [lineWords]uint64
	kernelEight(g, &eight.sums, eight.sumOf, &got)
	eightGo(g, &eight.sums, eight.sumOf, &want)
	if got != want {
		t.Fatalf("eight, %d planes, radius %d: got %x, want %x", planes, radius, got, want)
	}
	var either [lineWords]uint64
	for i := range ones.singles {
		s := &ones.singles[i]
		var near, twin [lineWords]uint64
		kernelOne(g, &s.tally, s.offsets, &near)
		oneGo(g, &s.tally, s.offsets, &twin)
		if near != twin {
			t.Fatalf("one, %d planes, radius %d: got %x, want %x", planes, radius, near, twin)
		}
		for w := range either {
			either[w] |= near[w]
		}
	}
	for i := range groupRows {
		h := all.at(i)
		d, _ := b.distance(&h)
		passed := fits && want[i/64]>>(i%64)&1 == 0
		if d <= radius && (passed || either[i/64]>>(i%64)&1 == 0) {
			t.Fatalf("%d planes, radius %d: a row at %d is passed over", planes, radius, d)
		}
		if planes == 256 && d > radius && either[i/64]>>(i%64)&1 == 1 {
			t.Fatalf("all planes, radius %d: a row at %d is let in", radius, d)
		}
	}
}
