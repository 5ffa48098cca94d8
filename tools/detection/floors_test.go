package main

import (
	"io"
	"os"
	"testing"
)

// floor is the least that a stage finds of a goal's forms, in per cent raised
// as a copy and named at all.
type floor struct {
	stage, figure      string
	copies, candidates float64
}

// floors are those of drawings; of photographs a tenth less is asked, since
// one of few may have so little detail that its copies are judged by none.
func floors() []floor {
	all := []floor{{"hashes", "mean", 65, 68}}
	for _, whole := range []string{"codec", "size", "tone", "filter", "mirror", "squeeze"} {
		all = append(all, floor{"hashes", whole, 100, 100})
	}
	return all
}

// The short form of `make detection`: few originals, all 65 forms.
func TestSightKeepsItsFloors(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute: not under the race detector")
	}
	t.Run("drawings", func(t *testing.T) { keepsFloors(t, options{short: true, originals: 5}, 1) })
	t.Run("photographs", func(t *testing.T) {
		corpus := os.Getenv("LEAKWATCH_CORPUS")
		if corpus == "" {
			t.Skip("LEAKWATCH_CORPUS names no folder with photographs")
		}
		keepsFloors(t, options{short: true, originals: 8, corpus: corpus}, .9)
	})
}

func keepsFloors(t *testing.T, o options, share float64) {
	m, err := measure(t.Context(), o, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + m.figures())
	goalsOf := map[string][]string{}
	for _, g := range goals() {
		goalsOf[g.figure] = g.groups
	}
	for _, f := range floors() {
		groups, known := goalsOf[f.figure]
		if !known {
			t.Errorf("no goal is called %s", f.figure)
		}
		for i, s := range m.stages {
			got := m.over(groups).stages[i]
			if s.name == f.stage && (got.copies.percent() < share*f.copies || got.candidates.percent() < share*f.candidates) {
				t.Errorf("%s %s: %.1f %% raised, %.1f %% named, want %g and %g", s.name, f.figure, got.copies.percent(), got.candidates.percent(), share*f.copies, share*f.candidates)
			}
		}
	}
	for i, s := range m.stages {
		if strange := m.strange[i]; strange.pictures.hit > 0 || strange.blanks.hit > 0 {
			t.Errorf("%s: unrelated pictures raise a copy: %s; icons and the like: %s; want none", s.name, of(strange.pictures), of(strange.blanks))
		}
		if m.first[i].percent() < 98 {
			t.Errorf("%s: the right entry stands first in %s, want 98 %%", s.name, of(m.first[i]))
		}
	}
}
