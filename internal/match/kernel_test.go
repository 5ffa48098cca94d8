package match

import (
	"math/rand/v2"
	"testing"
)

type (
	kernelOneFunc   func(g *group, s *single, near *[lineWords]uint64)
	kernelEightFunc func(g *group, p *plan, near *[lineWords]uint64)
)

// The kernels of this machine equal their twins in Go, and none passes over a
// row that the plain distance lets in.
func TestKernelsEqualGo(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for range 150 {
		checkKernels(t, r, r.IntN(256))
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
	eight, ones := &plan{b: b, radius: radius}, &plan{b: b, chosen: -1}
	ones.takeSingles(planes)
	ones.aim(radius, 0)
	g := all.group(0)
	var passed, either [lineWords]uint64
	fits := false
	if b.prune {
		for i := range eight.sums {
			eight.sumOf = eight.sums[i].take(eight.sumOf, &b.sums[i], planes)
		}
		fits = eight.startSums()
		eightGo(g, &eight.sums, eight.sumOf, &passed)
		checkEight(t, "the kernel in use", g, eight, &passed, func(g *group, p *plan, near *[lineWords]uint64) {
			kernelEight(g, &p.sums, p.sumOf, near)
		})
		otherKernels(t, func(name string, _ kernelOneFunc, f kernelEightFunc) { checkEight(t, name, g, eight, &passed, f) })
	}
	for i := range ones.singles {
		s := &ones.singles[i]
		var near [lineWords]uint64
		oneGo(g, &s.counter, s.offsets, &near)
		checkOne(t, "the kernel in use", g, s, &near, func(g *group, s *single, near *[lineWords]uint64) {
			kernelOne(g, &s.counter, s.offsets, near)
		})
		for w := range either {
			either[w] |= near[w]
		}
		otherKernels(t, func(name string, one kernelOneFunc, eight kernelEightFunc) { checkOne(t, name, g, s, &near, one) })
	}
	for i := range groupRows {
		h := all.at(i)
		d, _ := b.distance(&h)
		if d <= radius && (fits && passed[i/64]>>(i%64)&1 == 0 || either[i/64]>>(i%64)&1 == 0) {
			t.Fatalf("%d planes, radius %d: a row at %d is passed over", planes, radius, d)
		}
		if planes == 256 && d > radius && either[i/64]>>(i%64)&1 == 1 {
			t.Fatalf("all planes, radius %d: a row at %d is let in", radius, d)
		}
	}
}

func checkEight(t *testing.T, name string, g *group, p *plan, want *[lineWords]uint64, f kernelEightFunc) {
	t.Helper()
	var got [lineWords]uint64
	if f(g, p, &got); got != *want {
		t.Fatalf("%s, eight, radius %d: got %x, want %x", name, p.radius, got, *want)
	}
}

func checkOne(t *testing.T, name string, g *group, s *single, want *[lineWords]uint64, f kernelOneFunc) {
	t.Helper()
	var got [lineWords]uint64
	if f(g, s, &got); got != *want {
		t.Fatalf("%s, one: got %x, want %x", name, got, *want)
	}
}
