package demo

import (
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestLook writes sheets of drawn pictures for eyes to judge: a drawing is
// right when it looks right, which no other test can say.
func TestLook(t *testing.T) {
	dir := os.Getenv("LEAKWATCH_LOOK")
	if dir == "" {
		t.Skip("LEAKWATCH_LOOK names no folder to write sheets into")
	}
	set := Set(60, 1)
	var lanes, plates, strangers, forms []image.Image
	for i, p := range set {
		if p.Kind == "lane" && len(lanes) < 24 {
			lanes = append(lanes, p.Image())
		} else if p.Kind == "plate" {
			plates = append(plates, p.Image())
		}
		if i < 28 {
			strangers = append(strangers, Stranger(i, 1).Image())
		}
	}
	for _, form := range Forms() {
		file, _, err := Edit(set[1].Image(), form)
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, decode(t, file))
	}
	sheet(t, filepath.Join(dir, "lanes.png"), lanes, 6, 640, 480)
	sheet(t, filepath.Join(dir, "plates.png"), plates, 4, plateWidth, plateHeight)
	sheet(t, filepath.Join(dir, "strangers.png"), strangers, 7, 640, 620)
	sheet(t, filepath.Join(dir, "forms.png"), forms, 6, 640, 640)
}

func sheet(t *testing.T, path string, imgs []image.Image, columns, w, h int) {
	t.Helper()
	all := image.NewRGBA(image.Rect(0, 0, w*columns, h*((len(imgs)+columns-1)/columns)))
	for i, img := range imgs {
		at := image.Pt(i%columns*w, i/columns*h)
		draw.Draw(all, img.Bounds().Sub(img.Bounds().Min).Add(at), img, img.Bounds().Min, draw.Src)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, all); err != nil {
		t.Fatal(err)
	}
}
