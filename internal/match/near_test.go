package match

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"leakwatch/internal/phash"
)

// drawRows draws n rows of a kind, each with a ref, and what they were drawn of.
func drawRows(r *rand.Rand, kind string, n int) (all rows, hashes []class, refs []uint32, from []Entry) {
	from = population(r, kind, n)
	for i := range from {
		hashes = append(hashes, classOf([32]byte(*from[i].PDQ)))
		refs = append(refs, uint32(r.IntN(1+n*2/3)))
		all.add(hashes[i])
	}
	all.end()
	return all, hashes, refs, from
}

// leastOf is the least distance over the turns, and the first turn that has it.
func leastOf(b *batch, h *class) (distance, turn int) {
	distance = 257
	for o := range b.turns {
		if d := b.turns[o].distance(h); d < distance {
			distance, turn = d, o
		}
	}
	return distance, turn
}

func checkNear(t *testing.T, r *rand.Rand, kind string, n, radius int) {
	t.Helper()
	all, hashes, refs, from := drawRows(r, kind, n)
	parts := make([]*batch, 1+r.IntN(4))
	for i := range parts {
		parts[i] = newBatch(query(r, from).Parts[0].Turns)
	}
	k := 1 + r.IntN(6)
	counts := func(row int) (uint32, bool) { return refs[row], row%5 != 3 }
	near := all.near(parts, radius, k, counts)
	for i, b := range parts {
		var within []neighbour
		best := map[uint32]neighbour{}
		for row := range hashes {
			d, turn := leastOf(b, &hashes[row])
			if d > radius {
				continue
			}
			n := neighbour{row, refs[row], d, turn}
			within = append(within, n)
			if had, known := best[n.ref]; row%5 != 3 && (!known || d < had.distance) {
				best[n.ref] = n
			}
		}
		want := slices.SortedFunc(maps.Values(best), func(a, b neighbour) int {
			return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.row, b.row))
		})
		want = want[:min(k, len(want))]
		if !slices.Equal(near[i], want) {
			t.Fatalf("%d %s rows, radius %d, %d nearest: got %v, want %v", n, kind, radius, k, near[i], want)
		}
		row, d, turn := all.nearest(b, radius, func(row int) bool { return row%5 != 3 })
		if len(want) == 0 && row >= 0 || len(want) > 0 && (neighbour{row, want[0].ref, d, turn}) != want[0] {
			t.Fatalf("%d %s rows, radius %d, nearest: got row %d at %d turn %d, want %v", n, kind, radius, row, d, turn, want)
		}
		var got []neighbour
		all.each(b, radius, func(row, d, turn int) { got = append(got, neighbour{row, refs[row], d, turn}) })
		if !slices.Equal(got, within) {
			t.Fatalf("%d %s rows, each within %d: got %v, want %v", n, kind, radius, got, within)
		}
	}
}

// What searches find is what a plain loop over all rows finds.
func TestNearEqualsLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, kind := range []string{"random", "clustered", "duplicates", "zeros", "ones"} {
		for _, n := range []int{0, 1, 2, 3, 4, 5, 511, 512, 513, 1100} {
			for _, radius := range []int{-1, 0, 1, 31, 63, 90, 128, 255, 256} {
				checkNear(t, r, kind, n, radius)
			}
		}
	}
}

func FuzzNearEqualsLoop(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint16(3), uint8(63), uint8(0))
	f.Add(uint64(5), uint64(9), uint16(700), uint8(90), uint8(2))
	kinds := []string{"random", "clustered", "duplicates", "zeros", "ones"}
	f.Fuzz(func(t *testing.T, seed, seed2 uint64, n uint16, radius, kind uint8) {
		checkNear(t, rand.New(rand.NewPCG(seed, seed2)), kinds[int(kind)%len(kinds)], int(n)%1500, int(radius))
	})
}

// A scan that must take more planes, since too much passes, goes on exactly:
// here all rows agree in the planes that a small radius reads.
func TestScanLearns(t *testing.T) {
	r := rand.New(rand.NewPCG(39, 40))
	turns := same(randomPDQ(r))
	h := classOf([32]byte(turns[0]))
	var all rows
	var want []int
	for i := range 40 * groupRows {
		c := h
		for k := range c {
			c[k] ^= r.Uint64() << 32
		}
		if i%5000 == 77 {
			c = h
			want = append(want, i)
		}
		all.add(c)
	}
	all.end()
	var got []int
	all.each(newBatch(turns), 31, func(row, _, _ int) { got = append(got, row) })
	got = slices.DeleteFunc(got, func(row int) bool { return all.at(row) != h })
	if !slices.Equal(got, want) {
		t.Errorf("got rows %v, want %v", got, want)
	}
}

// Windows that have no hash make no row, and the others keep their numbers.
func TestWindowRows(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	b := newBuilder(0, nil)
	p, q := randomPDQ(r), randomPDQ(r)
	b.seg.windows.add([]*phash.PDQ{&p, nil, &q}, owner{3, 1})
	b.seg.windows.add(nil, owner{4, 4})
	b.seg.windows.add([]*phash.PDQ{nil, &p}, owner{5, 5})
	w := &b.segment(record{}).windows
	if w.hash.len() != 3 || !slices.Equal(w.number, []uint8{0, 2, 1}) || !slices.Equal(w.owner, []owner{{3, 1}, {3, 1}, {5, 5}}) {
		t.Errorf("got %d rows, windows %v of %v", w.hash.len(), w.number, w.owner)
	}
	if row, d, _ := w.hash.nearest(newBatch(same(q)), 10, func(int) bool { return true }); row != 1 || d != 0 {
		t.Errorf("got row %d at %d, want row 1 at 0", row, d)
	}
}

// Planes give back the rows that were cut.
func TestRowsGiveBack(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for _, n := range []int{0, 1, 63, 64, 511, 512, 513, 1300} {
		var all rows
		var want []class
		for range n {
			want = append(want, classOf([32]byte(randomPDQ(r))))
			all.add(want[len(want)-1])
		}
		all.end()
		if all.len() != n {
			t.Errorf("got %d rows, want %d", all.len(), n)
		}
		for i := range want {
			if got := all.at(i); got != want[i] {
				t.Fatalf("row %d of %d: got %x, want %x", i, n, got, want[i])
			}
		}
	}
}
