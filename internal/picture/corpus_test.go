package picture_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// corpus returns the folder of photographs that may not stand here.
func corpus(t *testing.T) string {
	t.Helper()
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder: photographs are needed")
	}
	if _, err := os.Stat(root); err != nil {
		t.Fatalf("LEAKWATCH_CORPUS: %v", err)
	}
	return root
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func hash(t *testing.T, data []byte) phash.PDQ {
	t.Helper()
	pic := decode(t, data)
	p, _, err := phash.OfTurned(pic.Luma, image.Pt(pic.Width, pic.Height))
	if err != nil {
		t.Fatal(err)
	}
	return p.PDQ
}

// Every photograph decodes, and nothing of it is missing.
func TestPhotographsAreWhole(t *testing.T) {
	root := corpus(t)
	n := 0
	for _, pattern := range []string{"cameras/*", "vehicles/*", "plates/*", "lanes/*/*0.jpg", "pdq-vectors/*/*.*g", "pdq-vectors/modes/*"} {
		paths, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, path := range paths {
			p, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), read(t, path))
			if n++; err != nil || p.Partial {
				t.Errorf("%s: %v, %q", filepath.Base(path), err, p.Why)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d photographs", n)
	}
}

// One bridge in 1 bit, palette, grey, CMYK, YCbCr and two kinds of WebP: all
// give the hash of the original.
func TestModes(t *testing.T) {
	root := filepath.Join(corpus(t), "pdq-vectors")
	want := hash(t, read(t, root, "bridge-mods/aaa-orig.jpg"))
	paths, _ := filepath.Glob(filepath.Join(root, "modes/*"))
	for _, path := range paths {
		if d := want.Distance(hash(t, read(t, path))); d > 4 {
			t.Errorf("%s: %d bits off, want 4 at most", filepath.Base(path), d)
		}
	}
	if len(paths) != 7 {
		t.Errorf("%d modes, want 7", len(paths))
	}
	// Without Adobe's mark nobody knows whether the inks are turned round.
	cmyk := read(t, root, "modes/CMYK.jpg")
	at := bytes.Index(cmyk, []byte("Adobe"))
	copy(cmyk[at:], "Other")
	if r, _ := refusal(t, cmyk, picture.Limits{}); r.Cause != "unsupported" {
		t.Errorf("CMYK without a mark: got %v", r)
	}
}

// orientation-1 to -8 show the same picture; 5 to 8 have another sampling.
func TestOrientationsOfACamera(t *testing.T) {
	root := filepath.Join(corpus(t), "cameras")
	want := hash(t, read(t, root, "orientation-1.jpg"))
	for _, o := range "2345678" {
		name := "orientation-" + string(o) + ".jpg"
		if d := want.Distance(hash(t, read(t, root, name))); d > 4 {
			t.Errorf("%s: %d bits off, want 4 at most", name, d)
		}
	}
}

// Progressive, with restart markers, and grey: what was cut off is seen as far
// as it goes, and never taken for whole.
func TestPhotographsCutOff(t *testing.T) {
	root := filepath.Join(corpus(t), "cameras")
	for name, fewest := range map[string]int{
		"canon-g2-1.jpg": 17, "restart-canon-g2-1.jpg": 17, "gray-canon-g2-1.jpg": 17, "kodak-dc280-1.jpg": 17,
		"progressive-canon-g2-1.jpg": 15, "progressive-kodak-dc280-1.jpg": 15,
	} {
		data := read(t, root, name)
		whole := hash(t, data)
		seen := 0
		for percent := 5; percent < 100; percent += 5 {
			p, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data[:len(data)*percent/100])
			var r *picture.Refusal
			switch {
			case errors.As(err, &r) && r.Cause == "damaged":
			case err != nil:
				t.Errorf("%s cut at %d %%: %v", name, percent, err)
			case !p.Partial:
				t.Errorf("%s cut at %d %%: passes for whole", name, percent)
			default:
				seen++
				print, _, err := phash.OfTurned(p.Luma, image.Pt(p.Width, p.Height))
				if err != nil {
					t.Errorf("%s cut at %d %%: %v", name, percent, err)
				}
				most := 256
				if percent == 95 || strings.HasPrefix(name, "progressive") {
					most = 40
				}
				if d := whole.Distance(print.PDQ); d > most {
					t.Errorf("%s cut at %d %%: %d bits off the whole, %q", name, percent, d, p.Why)
				}
			}
		}
		if seen < fewest {
			t.Errorf("%s: pixels from %d of 19 cuts, want %d", name, seen, fewest)
		}
	}
}
