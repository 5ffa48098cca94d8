package match

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"leakwatch/internal/phash"
)

func pastQuery(r *rand.Rand, near *phash.PDQ) Query {
	turns := hashes8(r)
	if near != nil {
		turns[r.IntN(8)] = flipped(r, *near, r.IntN(70))
	}
	q := Query{Parts: []Part{{Window: phash.Whole(), Turns: turns, Quality: 40 + r.IntN(60)}}}
	if r.IntN(3) == 0 {
		q.Parts = append(q.Parts, Part{Window: phash.Window{0, 0, .5, .5}, Turns: hashes8(r), Quality: 80})
	}
	return q
}

func hashes8(r *rand.Rand) (turns [8]phash.PDQ) {
	for i := range turns {
		for j := range turns[i] {
			turns[i][j] = byte(r.Uint32())
		}
	}
	return turns
}

func flipped(r *rand.Rand, p phash.PDQ, bits int) phash.PDQ {
	for _, bit := range r.Perm(256)[:bits] {
		p[bit/8] ^= 1 << (bit % 8)
	}
	return p
}

// Many at once are answered as each alone.
func TestSearchManyIsSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sets := openSets(t, DefaultOptions())
	var all []Entry
	for i := range 1500 {
		p := hashes8(r)[0]
		e := Entry{Ref: fmt.Sprint(i), PDQ: &p, Quality: UnknownQuality}
		if i%4 == 0 {
			w := hashes8(r)[0]
			e.Windows = []*phash.PDQ{nil, &w}
		}
		all = append(all, e)
	}
	all[7].SHA256 = fmt.Sprintf("%064x", 7)
	load(t, sets, "one", all[:1000])
	load(t, sets, "two", all[500:])
	var queries []Query
	for i := range 400 {
		var near *phash.PDQ
		switch e := all[r.IntN(len(all))]; {
		case i%5 == 0:
			near = e.PDQ
		case i%5 == 1 && e.Windows != nil:
			near = e.Windows[1]
		}
		queries = append(queries, pastQuery(r, near))
	}
	queries[3].SHA256[31] = 7
	queries[4] = Query{SHA256: queries[3].SHA256}
	got, err := sets.SearchMany([]string{"one", "two"}, queries)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range queries {
		want := sets.Search(queries[i])
		if found += len(want); len(want) != len(got[i]) || len(want) > 0 && !reflect.DeepEqual(got[i], want) {
			t.Errorf("query %d: %+v, alone %+v", i, got[i], want)
		}
	}
	if found < 100 {
		t.Errorf("only %d hits: the test shows nothing", found)
	}
	only, err := sets.SearchMany([]string{"two", "none"}, queries)
	for i := range only {
		for _, h := range only[i] {
			if h.Set != "two" || err != nil {
				t.Fatalf("asked two alone: %+v, %v", h, err)
			}
		}
	}
}

// A set's token changes with what lets it see more, and with no other set.
func TestHorizons(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sets := openSets(t, DefaultOptions())
	entries := func(n int) (all []Entry) {
		for i := range n {
			p := hashes8(r)[0]
			all = append(all, Entry{Ref: fmt.Sprint(i), PDQ: &p, Quality: UnknownQuality})
		}
		return all
	}
	load(t, sets, "one", entries(3))
	before := sets.Horizons()
	load(t, sets, "two", entries(3))
	if now := sets.Horizons(); now["one"] != before["one"] || now["two"] == "" {
		t.Errorf("another set was loaded: %v, before %v", now, before)
	}
	before = sets.Horizons()
	if _, err := sets.Disable(t.Context(), "one", []string{"1"}, "test"); err != nil {
		t.Fatal(err)
	}
	if now := sets.Horizons(); !reflect.DeepEqual(now, before) {
		t.Errorf("less is seen: %v, before %v", now, before)
	}
	if _, err := sets.Enable(t.Context(), "one", []string{"1"}); err != nil {
		t.Fatal(err)
	}
	if now := sets.Horizons(); now["one"] == before["one"] || now["two"] != before["two"] {
		t.Errorf("an entry counts again: %v, before %v", now, before)
	}
	before = sets.Horizons()
	o := DefaultOptions()
	o.CopyDistance++
	sets.Configure(o)
	if now := sets.Horizons(); now["one"] == before["one"] || now["two"] == before["two"] {
		t.Errorf("a threshold moved: %v, before %v", now, before)
	}
}
