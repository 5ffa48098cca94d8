package match

import (
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/phash"
)

// Published hashes of real pictures: 1,350 to search in, 100 to look for.
func TestSearchEqualsLoopOnRealHashes(t *testing.T) {
	corpus := os.Getenv("LEAKWATCH_CORPUS")
	if corpus == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with the published hashes")
	}
	read := func(name string) []Entry {
		f, err := os.Open(filepath.Join(corpus, "pdq-vectors", "index", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return collect(t, ReadRows(f, name, Auto))
	}
	all, needles := read("haystack.txt"), read("needles.txt")
	s := openSets(t, DefaultOptions())
	if set := load(t, s, "real", all); set.Entries != 1350 || set.Notes != nil && set.Notes.Bad > 0 {
		t.Errorf("got %+v, want 1350 entries", set)
	}
	found := 0
	for _, radius := range []int{31, 63, 90} {
		o := DefaultOptions()
		o.MaxDistance = radius
		s.Configure(o)
		for _, e := range needles {
			q := Query{Parts: []Part{{Turns: [8]phash.PDQ{*e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ}, Quality: 100}}}
			checkSearch(t, s, all, o, q)
			found += len(s.Search(q))
		}
	}
	t.Logf("hits within 31, 63 and 90 bits: %d", found)
}
