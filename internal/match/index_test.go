package match

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"leakwatch/internal/phash"
)

// pool are pictures about whose turns sets and queries are drawn.
func pool() (pictures [5][8]phash.PDQ) {
	r := rand.New(rand.NewPCG(11, 12))
	for i := range pictures {
		pictures[i] = picture(r)
	}
	return pictures
}

// population draws a set of n entries of a kind.
func population(r *rand.Rand, kind string, n int) []Entry {
	all := make([]Entry, n)
	pictures := pool()
	for i := range all {
		centre := pictures[r.IntN(5)][r.IntN(8)]
		e := Entry{Ref: fmt.Sprintf("r%d", i), Quality: 100}
		var p phash.PDQ
		switch kind {
		case "random":
			p = randomPDQ(r)
		case "clustered":
			p = flipBits(r, centre, 5+r.IntN(100))
		case "duplicates":
			p = pictures[r.IntN(2)][0]
			p[r.IntN(3)*8] ^= byte(r.IntN(2) * 0xff)
			e.Ref = fmt.Sprintf("r%d", r.IntN(3))
			e.Quality = []int{UnknownQuality, 30, 50, 100}[r.IntN(4)]
		case "zeros":
		case "ones":
			for i := range p {
				p[i] = 0xff
			}
		}
		e.PDQ = &p
		all[i] = e
	}
	return all
}

// query draws a found picture: drawn afresh, or made from an entry.
func query(r *rand.Rand, all []Entry) Query {
	q := Query{Parts: []Part{{Quality: 100}}}
	switch r.IntN(6) {
	case 0:
		q.Parts[0].Turns = picture(r)
	case 1:
		for i := range q.Parts[0].Turns {
			q.Parts[0].Turns[i] = randomPDQ(r)
		}
	case 2:
		q.Parts[0].Turns = same(phash.PDQ{})
	case 3:
		q.Parts[0].Turns = pool()[r.IntN(5)]
	case 4: // turns that lie about one base, each at a distance of its own
		p := pool()[r.IntN(5)][r.IntN(8)]
		for i := range q.Parts[0].Turns {
			q.Parts[0].Turns[i] = flipBits(r, p, r.IntN(20))
		}
	case 5:
		q.Parts[0].Turns = picture(r)
		if len(all) == 0 {
			break
		}
		// One that stands about an entry as real turns do.
		e := *all[r.IntN(len(all))].PDQ
		for i, bit := range r.Perm(8) {
			q.Parts[0].Turns[i] = flipBits(r, e, min(bit*r.IntN(16), 256))
		}
	}
	return q
}

// checkSearch holds Search against loop.
func checkSearch(t *testing.T, s *Sets, all []Entry, o Options, q Query) {
	t.Helper()
	verdict, ref, d, orientation, lead := loop(all, o, &q)
	hits := s.Search(q)
	if verdict == "" {
		if len(hits) != 0 {
			t.Fatalf("%d entries: got %+v, a loop finds none", len(all), hits[0])
		}
		return
	}
	if len(hits) != 1 {
		t.Fatalf("%d entries: got %d hits, a loop finds %s at %d", len(all), len(hits), ref, d)
	}
	h := hits[0]
	if h.Verdict != verdict || h.Ref != ref || *h.Distance != d || !reflect.DeepEqual(h.Lead, lead) || h.Orientation != orientation {
		t.Fatalf("%d entries: got %s %s at %d, lead %s, orientation %d (%s), want %s %s at %d, lead %s, orientation %d",
			len(all), h.Verdict, h.Ref, *h.Distance, toldLead(h.Lead), h.Orientation, h.Rule, verdict, ref, d, toldLead(lead), orientation)
	}
}

func toldLead(n *int) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

// Search equals a plain loop over all entries.
func TestSearchEqualsLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := openSets(t, DefaultOptions())
	for _, kind := range []string{"random", "clustered", "duplicates", "zeros", "ones"} {
		for _, n := range []int{0, 1, 2, 3, 8, 1000} {
			all := population(r, kind, n)
			if n > 0 {
				load(t, s, "set", all)
			}
			for _, radius := range []int{0, 1, 31, 45, 63, 90, 256} {
				o := DefaultOptions()
				o.MaxDistance, o.CopyDistance = radius, min(45, radius)
				s.Configure(o)
				for range 12 {
					q := query(r, all)
					if n > 0 && r.IntN(3) == 0 {
						q.Parts[0].Turns[r.IntN(8)] = flipBits(r, *all[r.IntN(n)].PDQ, r.IntN(70))
					}
					checkSearch(t, s, all, o, q)
				}
			}
			if n > 0 {
				if err := s.Drop(t.Context(), "set"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func FuzzSearchEqualsLoop(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint8(3), uint8(63), uint8(0))
	f.Add(uint64(5), uint64(9), uint8(200), uint8(90), uint8(2))
	kinds := []string{"random", "clustered", "duplicates", "zeros", "ones"}
	f.Fuzz(func(t *testing.T, seed, seed2 uint64, n, radius, kind uint8) {
		r := rand.New(rand.NewPCG(seed, seed2))
		all := population(r, kinds[int(kind)%len(kinds)], int(n))
		o := DefaultOptions()
		o.MaxDistance = int(radius)
		seg := segmentOf(t, all)
		q := query(r, all)
		b := newBatch(q.Parts[0].Turns)
		row, d, turn := seg.pdq.nearest(b, o.MaxDistance, func(row int) bool { return o.usable(int(seg.qual[row])) })
		nearest, want, at := -1, o.MaxDistance+1, 0
		for i := range all {
			for o2, p := range q.Parts[0].Turns {
				if n := all[i].PDQ.Distance(p); o.usable(all[i].Quality) && n < want {
					nearest, want, at = i, n, o2
				}
			}
		}
		if (row >= 0) != (nearest >= 0) {
			t.Fatalf("got row %d, a loop says entry %d", row, nearest)
		}
		if row >= 0 && (all[seg.owner[row].entry].Ref != all[nearest].Ref || d != want || turn != at) {
			t.Fatalf("got %s at %d turn %d, want %s at %d turn %d", all[seg.owner[row].entry].Ref, d, turn, all[nearest].Ref, want, at)
		}
	})
}

// segmentOf builds a segment without a store.
func segmentOf(t testing.TB, all []Entry) *segment {
	b := newBuilder(len(all), nil)
	for i := range all {
		e := all[i]
		if reason := e.settle(); reason != "" {
			t.Fatal(reason)
		}
		r, ok := parseRow(appendRow(nil, &e, uint32(i), uint32(i)))
		if !ok {
			t.Fatal("a packed row cannot be read")
		}
		b.add(&r)
	}
	return b.segment(record{Rows: len(all)})
}

// Sorting the bits into classes keeps every distance.
func TestClassKeepsDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		p, q := randomPDQ(r), randomPDQ(r)
		a, b := classOf(p), classOf(q)
		if got, want := a.distance(&b), p.Distance(q); got != want {
			t.Fatalf("got distance %d, want %d", got, want)
		}
	}
}

// Turns of a picture are near the flipped bases: else scans would lose their
// speed, though not their exactness.
func TestTurnsPrune(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		b := newBatch(picture(r))
		if !b.prune {
			t.Fatalf("slack of drawn turns: %v, want at most %d", b.slack, maxSlack)
		}
	}
	var turns [8]phash.PDQ
	for i, s := range []string{ // published: one picture turned and hashed anew each time
		"f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22",
		"f8f80f31e0f417b00e37f5cd028f980fb36ed02a9662c1e233e6cc634e9c64dd",
		"adad5a64b5a142e55362a09057dacd5ae63b847fc23794b766b319361fc93188",
		"8dad2599b1a1bd1853625f6553da32a1e63b7280c2374b4866b366c91bc9ce77",
		"f0a1f102f1dcc0bd9c5309720fff018de34ef1e8ada9a956d2967ade0ea91a50",
		"b0a10efd71cc3f429413d48d0ffffe12e34e0e17ada952a9d29684210aa9e5af",
		"a5f05ba8a4896a17c106a3da5aaaab07b61b5b42f8fc07fc83c3d0740bfcb0fa",
		"a5f4a457a48995e8c9065c275aaa5498b61ba4bdf8fcf80387c32f8b0bfc4f05",
	} {
		var err error
		if turns[i], err = phash.ParsePDQ(s); err != nil {
			t.Fatal(err)
		}
	}
	b := newBatch(turns)
	t.Logf("slack of published turns: %v", b.slack)
	if !b.prune {
		t.Errorf("slack of published turns: %v, want at most %d", b.slack, maxSlack)
	}
}

// Turns that share a sum are all covered: the farthest sets the slack.
func TestSlackIsTheLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	turns := same(randomPDQ(r))
	turns[3] = flipBits(r, turns[0], 30)
	all := []Entry{{Ref: "a", PDQ: &turns[3], Quality: 100}, {Ref: "b", PDQ: ptr(randomPDQ(r)), Quality: 100}, {Ref: "c", PDQ: ptr(randomPDQ(r)), Quality: 100}}
	seg := segmentOf(t, all)
	row, d, turn := seg.pdq.nearest(newBatch(turns), 0, func(int) bool { return true })
	if row != 0 || d != 0 || turn != 3 {
		t.Errorf("got row %d at %d turn %d, want row 0 at 0 turn 3", row, d, turn)
	}
}

func TestSearchPHash(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	s := openSets(t, DefaultOptions())
	a := phash.PHash(0x1234567890123e45)
	list := []Entry{
		{Ref: "flat", PHash: ptr(phash.PHash(0))},
		{Ref: "a", PHash: &a},
		{Ref: "a too", PHash: &a},
		{Ref: "b", PHash: ptr(a ^ 0xff)},
		{Ref: "both", PHash: ptr(a), PDQ: ptr(randomPDQ(r)), Quality: 100},
	}
	set := load(t, s, "old", list)
	if set.ExactOnly != 1 || set.Duplicates != 1 {
		t.Errorf("got exact_only %d, duplicates %d, want 1 and 1", set.ExactOnly, set.Duplicates)
	}
	q := Query{Parts: []Part{{Turns: same(randomPDQ(r)), Quality: 80}}, HasPHash: true}
	for i := range q.PHash {
		q.PHash[i] = a ^ 0xf0f0f0
	}
	q.PHash[5] = a ^ 3
	hits := s.Search(q)
	if len(hits) != 1 || hits[0].Ref != "a" || *hits[0].Distance != 2 || *hits[0].Lead != 4 || hits[0].Orientation != 6 || hits[0].Algorithm != PHash || hits[0].Verdict != Copy {
		t.Errorf("got %+v, want a copy of a at 2", hits)
	}
	o := DefaultOptions()
	o.MaxDistance = 1 // caps all
	s.Configure(o)
	if hits := s.Search(q); len(hits) != 0 {
		t.Errorf("max_distance 1: got %+v, want none", hits)
	}
	q.PHash = [8]phash.PHash{} // a flat picture
	s.Configure(DefaultOptions())
	if hits := s.Search(q); len(hits) != 0 {
		t.Errorf("flat pHash: got %+v, want none", hits)
	}
}

func TestRule(t *testing.T) {
	o := DefaultOptions()
	for _, tt := range []struct {
		d, lead       int
		verdict, rule string
	}{
		{12, 31, Copy, "pdq 12 <= 45, lead 31 >= 10"},
		{45, 10, Copy, "pdq 45 <= 45, lead 10 >= 10"},
		{45, -1, Copy, "pdq 45 <= 45, no other picture in the set"},
		{8, 2, Copy, "pdq 8 <= 16, so near that lead 2 < 10 does not matter"},
		{17, 9, Weak, "pdq 17 <= 45, lead 9 < 10"},
		{46, 40, Weak, "pdq 46 > 45"},
	} {
		lead := &tt.lead
		if *lead < 0 {
			lead = nil
		}
		if verdict, rule := pdqVerdict(tt.d, lead, o.CopyDistance, o); verdict != tt.verdict || rule != tt.rule {
			t.Errorf("%d, lead %d: got %s (%s), want %s (%s)", tt.d, tt.lead, verdict, rule, tt.verdict, tt.rule)
		}
	}
	if cmp.Compare(strength(Exact), strength(Copy)) >= 0 || strength(Copy) >= strength(Weak) {
		t.Error("verdicts are not in order")
	}
}
