package match

import (
	"context"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/phash"
	pictures "leakwatch/internal/picture"
)

// pointsOriginal is a picture that is in the set.
type pointsOriginal struct {
	scene string // two pictures of one scene are not unrelated
	luma  *image.Gray
	entry phash.Points
}

func pointsOriginalOf(t testing.TB, scene string, file []byte) (pointsOriginal, bool) {
	t.Helper()
	p, err := pictures.NewDecoder(pictures.Limits{}).Decode(context.Background(), file)
	if err != nil {
		t.Fatalf("%s: %v", scene, err)
	}
	if print, _, err := phash.OfTurned(p.Luma, image.Point{}); err != nil || print.Quality < DefaultOptions().MinQuality {
		return pointsOriginal{}, false
	}
	g, _ := pointsFitted(480, 480)(p.Luma, nil)
	return pointsOriginal{scene, g, phash.PointsOf(g, phash.Entry)}, true
}

// pointsPhotographs are the scenes of the corpus, two pictures of each camera.
func pointsPhotographs(t testing.TB) []pointsOriginal {
	t.Helper()
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with photographs")
	}
	var all []pointsOriginal
	for _, pattern := range []string{
		"vehicles/*.jpg", "lanes/*/0010.jpg", "lanes/*/0040.jpg", "cameras/nikon-d90*.jpg", "pdq-vectors/misc/*.jpg",
		"pdq-vectors/exif-rotn/*1*.jpg", "pdq-vectors/dih/*original*.jpg", "pdq-vectors/labelme-subset/*.jpg",
	} {
		paths, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, path := range paths {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if o, ok := pointsOriginalOf(t, filepath.Base(filepath.Dir(path)), file); ok {
				all = append(all, o)
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d photographs", len(all))
	}
	return all
}

// pointsDrawn are pictures of the drawn data set. All lanes are one scene, and
// all plates: they share signs, letters and the line that the camera writes.
func pointsDrawn(t testing.TB) []pointsOriginal {
	t.Helper()
	var all []pointsOriginal
	for _, p := range demo.Set(5, 4) {
		if o, ok := pointsOriginalOf(t, p.Kind, p.JPEG); ok {
			all = append(all, o)
		}
	}
	return all
}

// pointsRight reports whether m puts the middles of the four quarters of the
// original within .05 of the long side of where the form puts them: aligning
// starts from there.
func pointsRight(o *pointsOriginal, found *phash.Points, repost *image.Gray, to pointsMap, m affine) bool {
	w, h := float64(o.luma.Rect.Dx()), float64(o.luma.Rect.Dy())
	unit := float64(max(repost.Rect.Dx(), repost.Rect.Dy()))
	for _, q := range [4][2]float64{{.3, .3}, {.7, .3}, {.3, .7}, {.7, .7}} {
		x, y := m.at(q[0]*w/max(w, h), q[1]*h/max(w, h))
		u, v := to(q[0]*w, q[1]*h)
		if math.Hypot(x-u/unit, y-v/unit) > .05*m.scale() {
			return false
		}
	}
	return true
}

// pointsMeasure makes every form of every original, draws times, and holds it
// against its entry, and against the entries of other scenes as it is and
// mirrored. It returns how often unrelated ones have each number of inliers.
func pointsMeasure(t *testing.T, all []pointsOriginal, draws int, floor float64) (unrelated [32]int) {
	for _, form := range pointsForms() {
		ten, eight, wrong, n := 0, 0, 0, 0
		for i := range all {
			o := &all[i]
			for draw := range draws {
				repost, to := form.make(o.luma, rand.New(rand.NewPCG(uint64(i), uint64(draw))))
				found := phash.PointsOf(pointsJPEG(repost, 80), phash.Found)
				both := [2]phash.Points{found, found.Mirrored()}
				if form.mirror {
					both[0], both[1] = both[1], both[0]
				}
				m, inliers := mapOf(&o.entry, &both[0])
				n++
				if inliers >= 8 {
					eight++
				}
				if inliers >= 10 {
					ten++
					if !pointsRight(o, &both[0], repost, to, m) {
						wrong++
					}
				}
				for j := range all {
					if all[j].scene != o.scene {
						for k := range both {
							_, inliers := mapOf(&all[j].entry, &both[k])
							unrelated[min(inliers, len(unrelated)-1)]++
						}
					}
				}
			}
		}
		share := float64(ten) / float64(n)
		t.Logf("%-15s 10 inliers %5.1f %%, 8 inliers %5.1f %%, of %d; wrong maps %d", form.name, 100*share, 100*float64(eight)/float64(n), n, wrong)
		if share < form.least-floor {
			t.Errorf("%s: %.1f %% have 10 inliers, want %.1f", form.name, 100*share, 100*(form.least-floor))
		}
		if wrong > n/20 { // a strongly squeezed picture may be mapped by a narrow part of it
			t.Errorf("%s: %d of %d maps with 10 inliers are wrong", form.name, wrong, ten)
		}
	}
	return unrelated
}

// pointsNever checks that no unrelated pair came near a map.
func pointsNever(t *testing.T, unrelated [32]int) {
	n := 0
	for inliers, k := range unrelated {
		n += k
		if inliers >= 8 && k > 0 {
			t.Errorf("%d unrelated pairs have %d inliers, want none with 8", k, inliers)
		}
	}
	t.Logf("unrelated pairs: %d, by inliers %v; none with 8: below %.1e (95 %%)", n, unrelated[:12], 3/float64(n))
}

func TestMapOfPhotographs(t *testing.T) {
	pointsNever(t, pointsMeasure(t, pointsPhotographs(t), 1, 0))
}

// The same of drawn pictures, which are flatter than photographs.
func TestMapOfDrawnPictures(t *testing.T) {
	if raceDetector {
		t.Skip("drawing takes half a minute under the race detector, and one goroutine has no races")
	}
	pointsNever(t, pointsMeasure(t, pointsDrawn(t), 1, .2))
}

// What is not in the set has no map: pages, logos, maps, patterns and letters.
func TestMapOfStrangers(t *testing.T) {
	entries := pointsDrawn(t)
	var unrelated [32]int
	strangers := 42
	if raceDetector {
		strangers = 3
	}
	for i := range strangers {
		p, err := pictures.NewDecoder(pictures.Limits{}).Decode(context.Background(), demo.Stranger(i, 2).JPEG)
		if err != nil {
			t.Fatal(err)
		}
		found := phash.PointsOf(p.Luma, phash.Found)
		mirrored := found.Mirrored()
		for j := range entries {
			for _, f := range []*phash.Points{&found, &mirrored} {
				_, inliers := mapOf(&entries[j].entry, f)
				unrelated[min(inliers, 31)]++
			}
		}
	}
	pointsNever(t, unrelated)
}

func TestMapOfNothing(t *testing.T) {
	some := pointsDrawn(t)[0].entry
	for name, p := range map[string]*phash.Points{"no points": {}, "one point": {Width: 480, Height: 360, List: some.List[:1]}} {
		if _, n := mapOf(&some, p); n != 0 {
			t.Errorf("%s: %d inliers", name, n)
		}
		if _, n := mapOf(p, &some); n != 0 {
			t.Errorf("%s as entry: %d inliers", name, n)
		}
	}
	// Points that all lie in one place, as a hostile list may have them.
	heap := phash.Points{Width: 480, Height: 360}
	for range 160 {
		heap.List = append(heap.List, some.List[0])
	}
	for _, f := range []*phash.Points{&heap, &some} {
		if m, n := mapOf(&heap, f); n >= 8 {
			t.Errorf("a heap: %d inliers by %v", n, m)
		}
	}
}
