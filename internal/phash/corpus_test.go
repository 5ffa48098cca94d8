package phash_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"image"
	_ "image/jpeg"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// corpus returns the folder with the pictures whose hashes are published.
// Figures of theirs may stand here; the pictures may not.
func corpus(t *testing.T) string {
	t.Helper()
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder: the published vectors need their pictures")
	}
	if _, err := os.Stat(root); err != nil {
		t.Fatalf("LEAKWATCH_CORPUS: %v", err)
	}
	return root
}

// stored decodes a picture as it lies in the file: the published hashes do not
// know EXIF.
func stored(t *testing.T, path string) picture.Picture {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := picture.NewDecoder(picture.Limits{}).DecodeStored(context.Background(), data)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return p
}

// spread is a set of distances.
type spread []int

func (s spread) String() string {
	sum := 0
	for _, d := range s {
		sum += d
	}
	return fmt.Sprintf("n %d, mean %.2f, max %d", len(s), float64(sum)/float64(max(1, len(s))), slices.Max(s))
}

// The published rule: within 10 bits of the C++ chain at quality 80 and more.
// It is kept against every chain, and a picture of 512x512 pixels, which no
// chain resizes, gives the published hash itself.
func TestPublishedHashes(t *testing.T) {
	root := filepath.Join(corpus(t), "pdq-vectors")
	f, err := os.Open(filepath.Join(root, "vectors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	prints := map[string]phash.Print{}
	chains, exact := map[string]spread{}, 0
	for _, row := range rows[1:] {
		path, chain := row[0], row[3]
		want, err := phash.ParsePDQ(row[1])
		if err != nil {
			t.Fatal(err)
		}
		p, known := prints[path]
		if !known {
			if p, err = phash.Of(stored(t, filepath.Join(root, path)).Luma, image.Point{}); err != nil {
				if path != "misc/small.jpg" { // black but for one corner: no detail
					t.Errorf("%s: %v", path, err)
				}
				continue
			}
			prints[path] = p
		}
		d := p.PDQ.Distance(want)
		if q, err := strconv.Atoi(row[2]); err == nil && (q >= 50) != (p.Quality >= 50) {
			t.Errorf("%s: quality %d, published %d", path, p.Quality, q)
		}
		if p.Quality < 80 {
			t.Logf("%s: quality %d, %d bits off %s", path, p.Quality, d, chain)
			continue
		}
		if d > 10 {
			t.Errorf("%s: %d bits off %s, want 10 at most", path, d, chain)
		}
		if strings.Contains(path, "512x512") {
			exact++
			if d != 0 {
				t.Errorf("%s: %d bits off %s, want 0", path, d, chain)
			}
		}
		chains[chain] = append(chains[chain], d)
	}
	for chain, s := range chains {
		t.Logf("%s: %v", chain, s)
	}
	if exact < 2 {
		t.Errorf("%d hashes of a picture of 512x512, want 2 at least", exact)
	}
}

// The eight published turns of one bridge, each found among the turns of the
// original. Which turn is which orientation follows from their names.
func TestTurnsOfTheBridge(t *testing.T) {
	root := corpus(t)
	turns := phash.Turns(stored(t, filepath.Join(root, "pdq-vectors/dih/bridge-1-original.jpg")).Luma)
	var all spread
	for orientation, published := range map[int]string{
		1: "f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22", // original
		8: "b0a10efd71cc3f429413d48d0ffffe12e34e0e17ada952a9d29684210aa9e5af", // rotate-90
		3: "adad5a64b5a142e55362a09057dacd5ae63b847fc23794b766b319361fc93188", // rotate-180
		6: "a5f4a457a48995e8c9065c275aaa5498b61ba4bdf8fcf80387c32f8b0bfc4f05", // rotate-270
		4: "f8f80f31e0f417b00e37f5cd028f980fb36ed02a9662c1e233e6cc634e9c64dd", // flipx
		2: "8dad2599b1a1bd1853625f6553da32a1e63b7280c2374b4866b366c91bc9ce77", // flipy
		5: "f0a1f102f1dcc0bd9c5309720fff018de34ef1e8ada9a956d2967ade0ea91a50", // flip-plus-1
		7: "a5f05ba8a4896a17c106a3da5aaaab07b61b5b42f8fc07fc83c3d0740bfcb0fa", // flip-minus-1
	} {
		want, err := phash.ParsePDQ(published)
		if err != nil {
			t.Fatal(err)
		}
		d := turns[orientation-1].Distance(want)
		all = append(all, d)
		for o, h := range turns {
			if other := h.Distance(want); o != orientation-1 && other <= d+40 {
				t.Errorf("orientation %d is %d bits off its published hash, and %d is %d", orientation, d, o+1, other)
			}
		}
		if d > 10 {
			t.Errorf("orientation %d: %d bits off the published hash of the turned picture, want 10 at most", orientation, d)
		}
	}
	t.Logf("off the published hashes of the turned pictures: %v", all)
}

// A stored picture with orientation o, shown upright, is the picture that
// Turns calls o.
func TestTurnsFollowEXIF(t *testing.T) {
	root := corpus(t)
	paths, _ := filepath.Glob(filepath.Join(root, "pdq-vectors/exif-rotn/*.jpg"))
	more, _ := filepath.Glob(filepath.Join(root, "cameras/orientation-?.jpg"))
	for _, path := range append(paths, more...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		upright, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data)
		if err != nil {
			t.Fatal(err)
		}
		p, err := phash.Of(upright.Luma, image.Pt(upright.Width, upright.Height))
		if err != nil {
			t.Fatal(err)
		}
		turns := phash.Turns(stored(t, path).Luma)
		if d := p.PDQ.Distance(turns[upright.Orientation-1]); d > 0 {
			t.Errorf("%s: orientation %d, %d bits", filepath.Base(path), upright.Orientation, d)
		}
	}
	if len(paths)+len(more) < 12 {
		t.Errorf("%d pictures", len(paths)+len(more))
	}
}

// photographs are real ones of all kinds in the corpus.
func photographs(t *testing.T) []string {
	t.Helper()
	root := corpus(t)
	var all []string
	for _, pattern := range []string{"vehicles/*.jpg", "lanes/*/*10.jpg", "cameras/*-1.jpg", "plates/*1.jpg"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, paths...)
	}
	if len(all) < 50 {
		t.Fatalf("only %d photographs", len(all))
	}
	return all
}

func TestTurnsOfPhotographs(t *testing.T) {
	var all spread
	for _, path := range photographs(t) {
		luma := stored(t, path).Luma
		turns := phash.Turns(luma)
		for o := 1; o <= 8; o++ {
			p, err := phash.Of(turned(luma, o), image.Point{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p.PDQ.Distance(turns[o-1]))
		}
	}
	if t.Logf("turns against hashes of turned planes: %v", all); slices.Max(all) > 0 {
		t.Error("want 0")
	}
}

// The guard changes next to nothing: against goimagehash on the whole picture.
func TestAgreesWithGoimagehash(t *testing.T) {
	var all spread
	for _, path := range photographs(t) {
		p, err := phash.Of(stored(t, path).Luma, image.Point{})
		if err != nil || !p.HasPHash {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		want, err := goimagehash.PerceptionHash(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bits.OnesCount64(uint64(p.PHash)^want.GetHash()))
	}
	if t.Logf("against goimagehash on the whole picture: %v", all); slices.Max(all) > 4 {
		t.Error("want 4 at most")
	}
}
