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
	refs, backs := judgeCameraOf(t, a, c, r, hold, &sum)
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
			named, kin, best := -1, false, judgement{}
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
					if named < 0 || j.before(&best) {
						named, best = i, j
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

// Strangers are never named, whatever map brought them here.
func TestJudgeStrangers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
	lane := judgeLane(5, 6)
	var refs []*reference
	for _, g := range lane {
		refs = append(refs, judgeRef(g))
	}
	a, r := newAligner(), rand.New(rand.NewPCG(9, 9))
	var q aligned
	judged := 0
	for i, ref := range refs {
		b := judgeBackground(a, refs, i, affine{1, 0, 0, 0, 1, 0})
		for k, g := range judgeStrangers(10) {
			s := sceneOf(g)
			truth := fromWindows(1+r.IntN(8), phash.Whole(), phash.Whole(), s.aspect, ref.aspect)
			if !a.align(s, ref, []start{{truth, true}, {judgeShaken(truth, r, .05), true}}, &q) {
				continue
			}
			judged++
			for _, back := range []*background{b, nil} {
				if j := a.judge(&q, ref, back, evidence{near: true}); j.verdict != Weak {
					t.Errorf("stranger %d as entry %d is %s: %s", k, i, j.verdict, j.rule)
				}
			}
		}
	}
	t.Logf("%d of 60 pairs could be aligned", judged)
}

// The verdict without a background: a copy, another vehicle, too little.
func TestJudgeAlone(t *testing.T) {
	lane := judgeLane(6, 3)
	a, r := newAligner(), rand.New(rand.NewPCG(9, 9))
	same := affine{1, 0, 0, 0, 1, 0}
	var q aligned
	for _, tc := range []struct {
		name  string
		found *image.Gray
		ev    evidence
		want  string
	}{
		{"re-encoded, keypoints", judgeJPEG(lane[0], 30), evidence{inliers: 12}, Copy},
		{"re-encoded, hash with lead", judgeJPEG(lane[0], 30), evidence{near: true, sure: true}, Copy},
		{"re-encoded, hash and few keypoints", judgeJPEG(lane[0], 30), evidence{near: true, inliers: 6}, Copy},
		{"re-encoded, hash and hardly a keypoint", judgeJPEG(lane[0], 30), evidence{near: true, inliers: 5}, Kin},
		{"re-encoded, few keypoints", judgeJPEG(lane[0], 30), evidence{inliers: 9}, Weak},
		{"another vehicle", lane[1], evidence{near: true, sure: true, inliers: 30}, Kin},
	} {
		ref := judgeRef(lane[0])
		if !a.align(sceneOf(tc.found), ref, []start{{judgeShaken(same, r, .01), false}}, &q) {
			t.Errorf("%s: not aligned", tc.name)
			continue
		}
		j := a.judge(&q, ref, nil, tc.ev)
		if j.verdict != tc.want || j.residual != nil || j.cameraEntries != 0 || j.rule == "" {
			t.Errorf("%s: got %+v, want %s without residual and camera", tc.name, j, tc.want)
		}
	}
}

// The same picture twice in a set is no rival of itself.
func TestJudgeTwins(t *testing.T) {
	lane := judgeLane(7, 6)
	refs := []*reference{judgeRef(judgeJPEG(lane[0], 25))}
	for _, g := range lane {
		refs = append(refs, judgeRef(g))
	}
	a := newAligner()
	same := affine{1, 0, 0, 0, 1, 0}
	b := judgeBackground(a, refs, 1, same)
	twins := 0
	for _, o := range b.others {
		if o.twin != (o.entry == 0) {
			t.Errorf("entry %d as a twin of entry 1: got %v", o.entry, o.twin)
		} else if o.twin {
			twins++
		}
	}
	if twins != 1 || !b.usable || !b.distinctive() || b.camera != 0 {
		t.Errorf("got %d twins, usable %v, mass %.3f, camera %d; want 1, a background, and entry 0 for a camera", twins, b.usable, b.mass, b.camera)
	}
	var q aligned
	if !a.align(sceneOf(lane[0]), refs[1], []start{{same, true}}, &q) {
		t.Fatal("not aligned")
	}
	if j := a.judge(&q, refs[1], b, evidence{near: true}); j.verdict != Copy || j.cameraEntries != b.entries || j.camera != 0 {
		t.Errorf("got %+v, want a copy", j)
	}
	alone := a.backgroundOf(refs[1], 1, []linked{{refs[0], 0, same}})
	if alone.usable || alone.reason == "" {
		t.Errorf("a twin alone: got %v and reason %q, want no background", alone.usable, alone.reason)
	}
	if j := a.judge(&q, refs[1], alone, evidence{inliers: 20}); j.verdict != Copy {
		t.Errorf("beside a twin alone: got %s, want copy: %s", j.verdict, j.rule)
	}
}

// judgeCameraOf makes references of the entries, and backgrounds where hold.
func judgeCameraOf(t *testing.T, a *aligner, c judgeCamera, r *rand.Rand, hold bool, sum *judgeTally) (refs []*reference, backs []*background) {
	for _, g := range c.entries {
		refs = append(refs, judgeRef(g))
	}
	backs = make([]*background, len(refs))
	for i := range refs {
		if !hold {
			break
		}
		b := judgeBackground(a, refs, i, judgeShaken(affine{1, 0, 0, 0, 1, 0}, r, .004))
		if !b.usable {
			sum.noBackground++
		} else if !b.distinctive() {
			sum.notDistinctive++
		}
		t.Logf("%s entry %d: usable %v mass %.3f tolerance %.0f others %d %s", c.name, i, b.usable, b.mass, b.tolerance, b.entries, b.reason)
		backs[i] = b
	}
	return refs, backs
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
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
	var sum judgeTally
	for seed := range uint64(2) {
		lane := judgeLane(seed+1, 10)
		c := judgeCamera{fmt.Sprintf("made %d", seed), lane[:6], lane[6:]}
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

// What hides details hides no vehicle: copies stay copies.
func TestJudgeHiddenDetails(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
	lane := judgeLane(3, 5)
	got := judgeAll(t, judgeCamera{"made", lane, nil}, judgeMoreForms(), true)
	t.Logf("%v", got)
	if got.wrong > 0 || got.right*100 < got.posts*95 {
		t.Errorf("got %v, want 95 %% of the re-posts and none under another entry", got)
	}
}

// Real cameras: frames at least 2 s apart, by turns an entry and a kin picture.
func TestJudgeRealCameras(t *testing.T) {
	folders := judgeFolders(t)
	var sum judgeTally
	for _, folder := range folders {
		c := judgeFilm(t, folder, 0, 2)
		got := judgeAll(t, c, judgeForms(), true)
		t.Logf("%s: %d entries, %d kin: %v", c.name, len(c.entries), len(c.kin), got)
		sum.add(got)
	}
	if sum.wrong > 0 || sum.falsePairs*200 > sum.kinPairs {
		t.Errorf("got %d of %d kin pairs called copy and %d re-posts under another entry, want 1 in 200 at most and none", sum.falsePairs, sum.kinPairs, sum.wrong)
	}
	t.Logf("all: %v", sum)
}

// judgeFolders are the corpus's films of fixed cameras.
func judgeFolders(t *testing.T) []string {
	corpus := os.Getenv("LEAKWATCH_CORPUS")
	if corpus == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with pictures of fixed cameras")
	}
	folders, err := filepath.Glob(filepath.Join(corpus, "lanes", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folder of %s/lanes: %v", corpus, err)
	}
	return folders
}

// judgeFilm takes frames of quality 50 or more from a folder, 8 apart. Two
// frames that hardly differ cannot be told apart by anyone: a kin picture of
// which less than 3 % of the 64x64 cells differ by more than 20 grey values
// from an entry is left out, and an entry of which less than 1 % do from another.
func judgeFilm(t *testing.T, folder string, first, every int) judgeCamera {
	c := judgeCamera{name: filepath.Base(folder)}
	names, _ := filepath.Glob(filepath.Join(folder, "*.jpg"))
	var kin []*image.Gray
	for i, turn := first, 0; i < len(names); i += 8 {
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
		if p, _, err := phash.OfTurned(g, image.Point{}); err != nil || p.Quality < 50 {
			continue
		}
		switch {
		case turn%every != 0 || len(c.entries) == 10:
			kin = append(kin, g)
		case judgeNearest(c.entries, g) >= .01:
			c.entries = append(c.entries, g)
		}
		turn++
	}
	for _, g := range kin {
		if judgeNearest(c.entries, g) >= .03 {
			c.kin = append(c.kin, g)
		}
	}
	return c
}

// judgeNearest is the least share of cells in which g differs from one of the entries.
func judgeNearest(entries []*image.Gray, g *image.Gray) float64 {
	near := 1.
	for _, e := range entries {
		near = min(near, judgeDiffer(judgeRef(e).thumb, judgeRef(g).thumb))
	}
	return near
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

// One entry of a camera in the set, and nothing known of the rest.
func TestJudgeRealCamerasAlone(t *testing.T) {
	folders := judgeFolders(t)
	var sum judgeTally
	for _, folder := range folders {
		c := judgeFilm(t, folder, 0, 2)
		got := judgeAll(t, c, judgeForms(), false)
		t.Logf("%s: %d entries, %d kin: %v", c.name, len(c.entries), len(c.kin), got)
		sum.add(got)
	}
	t.Logf("all: %v", sum)
}
