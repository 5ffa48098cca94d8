package match

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/phash"
)

// judgeCamera is one fixed camera: entries, and pictures of other vehicles.
type judgeCamera struct {
	name         string
	entries, kin []*image.Gray
}

// judgeTally counts what became of the queries of a camera.
type judgeTally struct {
	posts, right, wrong, other        int // re-posts: named, named by another entry, not a copy
	kinPairs, falsePairs              int
	kinQueries, falseQueries, kinSaid int
	noBackground, notDistinctive      int
}

func (t *judgeTally) add(o judgeTally) {
	t.posts += o.posts
	t.right += o.right
	t.wrong += o.wrong
	t.other += o.other
	t.kinPairs += o.kinPairs
	t.falsePairs += o.falsePairs
	t.kinQueries += o.kinQueries
	t.falseQueries += o.falseQueries
	t.kinSaid += o.kinSaid
	t.noBackground += o.noBackground
	t.notDistinctive += o.notDistinctive
}

func (t judgeTally) String() string {
	return fmt.Sprintf("re-posts %d of %d, wrong entry %d; kin: %d of %d pairs, %d of %d queries copy, %d kin; entries without background %d, not distinctive %d",
		t.right, t.posts, t.wrong, t.falsePairs, t.kinPairs, t.falseQueries, t.kinQueries, t.kinSaid, t.noBackground, t.notDistinctive)
}

// judgeAll holds every entry and every kin picture, in all forms, against
// every entry. Maps are the true ones, shaken.
func judgeAll(t *testing.T, c judgeCamera, forms []judgeForm, hold bool) (sum judgeTally) {
	r := rand.New(rand.NewPCG(3, 3))
	a := newAligner()
	refs := make([]*reference, len(c.entries))
	for i, g := range c.entries {
		refs[i] = judgeRef(g)
	}
	backs := make([]*background, len(refs))
	same := affine{1, 0, 0, 0, 1, 0}
	for i, ref := range refs {
		if hold {
			backs[i] = judgeBackground(a, refs, i, judgeShaken(same, r, .004))
			if !backs[i].usable {
				sum.noBackground++
			} else if !backs[i].distinctive() {
				sum.notDistinctive++
			}
			t.Logf("%s entry %d: usable %v mass %.3f tolerance %.0f others %d %s", c.name, i, backs[i].usable, backs[i].mass, backs[i].tolerance, backs[i].entries, backs[i].reason)
		}
		_ = ref
	}
	var q aligned
	ask := func(found *scene, m affine, i int) judgement {
		if !a.align(found, refs[i], []start{{judgeShaken(m, r, .008), false}}, &q) {
			return judgement{verdict: Weak, rule: "not aligned"}
		}
		return a.judge(&q, refs[i], backs[i], evidence{inliers: 20})
	}
	for _, form := range forms {
		for k, g := range append(append([]*image.Gray{}, c.entries...), c.kin...) {
			picture, m := form.make(g, r)
			s := sceneOf(picture)
			named, kin, best := -1, false, 2.
			for i := range refs {
				j := ask(s, m, i)
				if k >= len(refs) {
					sum.kinPairs++
				}
				if j.verdict == Copy {
					if k >= len(refs) {
						sum.falsePairs++
						t.Logf("FALSE %s %s of kin %d: copy of %d: %s", c.name, form.name, k-len(refs), i, j.rule)
					}
					left := 1.
					if j.residual != nil {
						left = *j.residual
					}
					if left < best {
						named, best = i, left
					}
				}
				if k == i && j.verdict != Copy {
					t.Logf("LOST %s %s of %d: %s %s", c.name, form.name, i, j.verdict, j.rule)
				}
				kin = kin || j.verdict == Kin
			}
			switch {
			case k >= len(refs):
				sum.kinQueries++
				if named >= 0 {
					sum.falseQueries++
				} else if kin {
					sum.kinSaid++
				}
			case named == k:
				sum.posts, sum.right = sum.posts+1, sum.right+1
			case named >= 0:
				sum.posts, sum.wrong = sum.posts+1, sum.wrong+1
			default:
				sum.posts, sum.other = sum.posts+1, sum.other+1
			}
		}
	}
	return sum
}

// judgeBackground links entry i with all the others.
func judgeBackground(a *aligner, refs []*reference, i int, m affine) *background {
	var others []linked
	for k, o := range refs {
		if k != i {
			others = append(others, linked{o, uint32(k), m})
		}
	}
	return a.backgroundOf(refs[i], uint32(i), others)
}

func TestJudgeMadeUpLanes(t *testing.T) {
	var sum judgeTally
	for seed := range uint64(2) {
		lane := judgeLane(seed+1, 14)
		c := judgeCamera{fmt.Sprintf("made %d", seed), lane[:8], lane[8:]}
		got := judgeAll(t, c, judgeForms(), true)
		t.Logf("%s: %v", c.name, got)
		sum.add(got)
	}
	t.Logf("all: %v", sum)
	if sum.falsePairs > 0 || sum.wrong > 0 {
		t.Errorf("got %d kin pairs called copy and %d re-posts under another entry, want none", sum.falsePairs, sum.wrong)
	}
	if sum.right*100 < sum.posts*95 {
		t.Errorf("got %d of %d re-posts, want 95 %%", sum.right, sum.posts)
	}
}

// Real cameras: frames at least 2 s apart, even ones entries, odd ones kin.
func TestJudgeRealCameras(t *testing.T) {
	corpus := os.Getenv("LEAKWATCH_CORPUS")
	if corpus == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with pictures of fixed cameras")
	}
	folders, _ := filepath.Glob(filepath.Join(corpus, "lanes", "*"))
	var sum judgeTally
	for _, folder := range folders {
		c := judgeFilm(t, folder)
		got := judgeAll(t, c, judgeForms(), true)
		t.Logf("%s: %d entries, %d kin: %v", c.name, len(c.entries), len(c.kin), got)
		sum.add(got)
	}
	t.Logf("all: %v", sum)
}

// judgeFilm takes frames of quality 50 or more from a folder, 8 apart. Two
// frames that hardly differ cannot be told apart by anyone: a kin picture of
// which less than 3 % of the 64x64 cells differ by more than 20 grey values
// from an entry is left out, and an entry of which less than 1 % do from another.
func judgeFilm(t *testing.T, folder string) judgeCamera {
	c := judgeCamera{name: filepath.Base(folder)}
	names, _ := filepath.Glob(filepath.Join(folder, "*.jpg"))
	for i, turn := 0, 0; i < len(names); i += 8 {
		f, err := os.Open(names[i])
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		g := judgeGray(img, 960)
		if p, err := phash.Of(g, image.Point{}); err != nil || p.Quality < 50 {
			continue
		}
		near := 1.
		for _, e := range c.entries {
			near = min(near, judgeDiffer(judgeRef(e).thumb, judgeRef(g).thumb))
		}
		switch {
		case turn%5 < 3 && len(c.entries) < 10 && near >= .01:
			c.entries = append(c.entries, g)
		case near >= .03:
			c.kin = append(c.kin, g)
		}
		turn++
	}
	return c
}

// judgeDiffer is the share of cells that differ by more than 20 grey values.
func judgeDiffer(a, b *phash.Thumb) float64 {
	n := 0
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > 20 || d < -20 {
			n++
		}
	}
	return float64(n) / float64(len(a))
}
