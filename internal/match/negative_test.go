package match

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/phash"
)

// A false positive in one frame says nothing of another one of the file.
func TestNegativeOfAFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 5))
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	entry := picture(r)
	load(t, s, "set", append(numbered(r, 5), Entry{Ref: "A", PDQ: &entry[0], Quality: 90}))
	n := Negative{ID: "01A/f1", Set: "set", SHA256: strings.Repeat("0", 62) + "01", Window: phash.Whole(), Frame: 3}
	if err := s.Negate(context.Background(), "01A/", ownNegatives(n)); err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[int]string{0: Copy, 3: Weak} {
		hits := s.Search(Query{SHA256: [32]byte{31: 1}, Parts: []Part{{Window: phash.Whole(), Turns: entry, Quality: 90, Frame: frame}}})
		if len(hits) != 1 || hits[0].Verdict != want {
			t.Errorf("frame %d: got %+v, want %s", frame, hits, want)
		}
	}
}

// Where the first frame shows nothing, equal bytes are not told with the hash
// of another: a review would speak of that one.
func TestExactWithBlankFirstFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 8))
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, "set", []Entry{{Ref: "A", SHA256: strings.Repeat("0", 62) + "01"}})
	for frame, want := range []bool{true, false} {
		hits := s.Search(Query{SHA256: [32]byte{31: 1}, Parts: []Part{{Window: phash.Whole(), Turns: picture(r), Quality: 90, Frame: frame}}})
		if len(hits) != 1 || hits[0].Verdict != Exact || (hits[0].PDQ != nil) != want {
			t.Errorf("first part is frame %d: got %+v, want a hash: %v", frame, hits, want)
		}
	}
}
