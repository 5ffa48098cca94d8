package seen_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"leakwatch/internal/kv"
	"leakwatch/internal/seen"
)

// What a full store did not take is not remembered either: the numbers of its
// texts are given to others.
func TestTextsOfWhatWasNotWritten(t *testing.T) {
	db, err := kv.Open(filepath.Join(t.TempDir(), "seen.db"), kv.Options{MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := seen.Open(db, seen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var many []seen.Picture
	for n := range 20_000 {
		p := drawn(random, n/2) // each twice, at two places
		if n%2 == 1 {
			p.SHA256 = many[n-1].SHA256
		}
		p.URL = fmt.Sprintf("http://gone.onion/%d", n)
		many = append(many, p)
	}
	if err := s.Note(t.Context(), many...); !errors.Is(err, kv.ErrFull) {
		t.Fatalf("a full store gave %v", err)
	}
	want := drawn(random, 1)
	want.Place = seen.Place{Site: "another", URL: "http://here.onion/a", Page: "http://here.onion/"}
	if err := s.Note(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got, known, err := s.Picture(want.SHA256); err != nil || !known || got.Place != want.Place {
		t.Errorf("stands at %+v, %v; noted at %+v", got.Place, err, want.Place)
	}
}
