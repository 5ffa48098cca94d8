package match

import (
	"math/rand/v2"
	"slices"
	"testing"

	"leakwatch/internal/phash"
)

// windowed is a set with windows: rows of the index, and what a loop needs to
// know of them.
type windowed struct {
	seg     segment
	all     []windowedRow
	entries []Entry // what was drawn for the wholes
	windows []Entry // and for the windows; not all of these are in the set
}

type windowedRow struct {
	hash       class
	entry, ref uint32
	window     int8
	quality    int
}

// drawWindowed draws a set of n entries of a kind, each with some windows.
func drawWindowed(r *rand.Rand, kind string, n int) *windowed {
	w := &windowed{entries: population(r, kind, n), windows: population(r, kind, 3*n)}
	b := newBuilder(0)
	firstOf := map[string]uint32{}
	for i, e := range w.entries {
		ref, known := firstOf[e.Ref]
		if !known {
			ref = uint32(i)
			firstOf[e.Ref] = ref
		}
		o := owner{uint32(i), ref}
		h := classOf([32]byte(*e.PDQ))
		b.addPDQ(h, int8(e.Quality), o)
		w.all = append(w.all, windowedRow{h, o.entry, ref, wholeEntry, e.Quality})
		for number := range r.IntN(4) {
			h := classOf([32]byte(*w.windows[3*i+number].PDQ))
			b.addWindow(h, o, uint8(7*number))
			w.all = append(w.all, windowedRow{h, o.entry, ref, int8(7 * number), 100})
		}
	}
	w.seg = *b.segment(record{})
	return w
}

// loop is near by its comment. Entries of one hash and quality share a row,
// for which the first of them speaks.
func (w *windowed) loop(b *batch, reach reach, k int, judged func(uint32, int) bool) []candidate {
	type shared struct {
		hash    class
		quality int
	}
	speaks := map[shared]bool{}
	best := map[uint32]candidate{}
	for i := range w.all {
		row := &w.all[i]
		radius := reach.window
		if row.window == wholeEntry {
			radius = reach.whole
			if speaks[shared{row.hash, row.quality}] {
				continue
			}
			speaks[shared{row.hash, row.quality}] = true
		}
		c := candidate{entry: row.entry, refID: row.ref, window: row.window, distance: 257}
		for o := range b.turns {
			if d := b.turns[o].distance(&row.hash); d < c.distance {
				c.distance, c.turn = d, o
			}
		}
		if c.distance > radius || !judged(row.entry, row.quality) {
			continue
		}
		if had, known := best[row.ref]; !known || c.before(&had) {
			best[row.ref] = c
		}
	}
	var list []candidate
	for _, c := range best {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	return list[:min(k, len(list))]
}

func checkNear(t *testing.T, r *rand.Rand, kind string, n, radius int) {
	t.Helper()
	w := drawWindowed(r, kind, n)
	parts := make([]*batch, 1+r.IntN(4))
	from := w.entries // what queries are made from
	for i := range parts {
		if i == 1 {
			from = w.windows
		}
		parts[i] = newBatch(query(r, from).Parts[0].Turns)
	}
	k := 1 + r.IntN(6)
	reach := reach{radius, radius - r.IntN(8)}
	judged := func(entry uint32, quality int) bool { return entry%5 != 3 && quality != 30 }
	got := w.seg.nearAll(parts, reach, k, judged)
	for i, b := range parts {
		if want := w.loop(b, reach, k, judged); !slices.Equal(got[i], want) {
			t.Fatalf("%d %s entries, reach %v, k %d: got %+v, want %+v", n, kind, reach, k, got[i], want)
		}
	}
}

// The k nearest entries are those of a plain loop over all rows.
func TestNearEqualsLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, kind := range []string{"random", "clustered", "duplicates", "zeros", "ones"} {
		for _, n := range []int{0, 1, 2, 3, 4, 5, 511, 512, 513, 1100} {
			for _, radius := range []int{0, 1, 31, 63, 90, 128, 255, 256} {
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

// A window of nearestWindow is that of a plain loop.
func TestNearestWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for range 40 {
		w := drawWindowed(r, "clustered", r.IntN(900))
		b := newBatch(pool()[r.IntN(5)])
		radius := r.IntN(257)
		take := func(row int) bool { return w.seg.winNumber[row] != 7 }
		row, d, turn := w.seg.nearestWindow(b, radius, take)
		want, wantD, wantTurn := -1, radius+1, 0
		for i := range w.seg.win.len() {
			h := w.seg.win.at(i)
			if n, o := b.distance(&h); n < wantD && take(i) {
				want, wantD, wantTurn = i, n, o
			}
		}
		if row != want || row >= 0 && (d != wantD || turn != wantTurn) {
			t.Fatalf("radius %d: got row %d at %d turn %d, want %d at %d turn %d", radius, row, d, turn, want, wantD, wantTurn)
		}
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

// A search stops where nothing can be found, and a picture of one hash alone
// is searched as eight turns of it.
func TestNearOfNothing(t *testing.T) {
	var seg segment
	b := newBatch(same(phash.PDQ{1}))
	if got := seg.near(b, reach{256, 256}, 3, func(uint32, int) bool { return true }); len(got) != 0 {
		t.Errorf("an empty set: got %+v, want none", got)
	}
	w := drawWindowed(rand.New(rand.NewPCG(37, 38)), "zeros", 3)
	if got := w.seg.near(b, reach{-1, -1}, 3, func(uint32, int) bool { return true }); len(got) != 0 {
		t.Errorf("no reach: got %+v, want none", got)
	}
	if got := w.seg.near(b, reach{1, 1}, 0, func(uint32, int) bool { return true }); len(got) != 0 {
		t.Errorf("none asked for: got %+v, want none", got)
	}
}
