package demo

import (
	"bytes"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"strings"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
)

func decode(t *testing.T, file []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return img
}

func TestEdit(t *testing.T) {
	lane := Set(1, 3)[0].Image() // 640x480
	want := map[string]struct {
		w, h, far int
		mediaType string
		turn      int // of the rough turns: 1 flips x, 2 flips y, 4 transposes
	}{
		"jpeg-q30": {640, 480, 20, "image/jpeg", 0}, "resize-50": {320, 240, 20, "image/jpeg", 0}, "resize-25": {160, 120, 30, "image/jpeg", 0},
		"watermark": {640, 480, 45, "image/jpeg", 0}, "wm-small": {640, 480, 30, "image/jpeg", 0}, "mirror": {640, 480, 20, "image/jpeg", 1},
		"rot-90": {480, 640, 20, "image/jpeg", -1}, "rot-180": {640, 480, 20, "image/jpeg", 3}, "rot-270": {480, 640, 20, "image/jpeg", -1},
		"gray": {640, 480, 20, "image/jpeg", 0}, "brightness": {640, 480, 30, "image/jpeg", 0}, "png": {640, 480, 0, "image/png", 0},
		"gif": {640, 480, 20, "image/gif", 0}, "bmp": {640, 480, 0, "image/bmp", 0}, "tiff": {640, 480, 0, "image/tiff", 0},
		"banner": {640, 480, 72, "image/jpeg", 0}, "exif-orientation": {480, 640, 20, "image/jpeg", -1}, "crop-5": {624, 468, 66, "image/jpeg", 0},
	}
	base, _ := roughTurns(lane)
	for _, form := range Forms() {
		t.Run(form, func(t *testing.T) {
			w, ok := want[form]
			if !ok {
				t.Fatal("the table does not know this form")
			}
			file, mediaType, err := Edit(lane, form)
			if err != nil {
				t.Fatal(err)
			}
			img := decode(t, file)
			if b := img.Bounds(); b.Dx() != w.w || b.Dy() != w.h {
				t.Errorf("size %dx%d, want %dx%d", b.Dx(), b.Dy(), w.w, w.h)
			}
			if sniffed := http.DetectContentType(file); mediaType != w.mediaType || form != "tiff" && sniffed != mediaType {
				t.Errorf("media type %s, bytes say %s, want %s", mediaType, sniffed, w.mediaType)
			}
			got, _ := roughTurns(img)
			d, at := 256, 0
			for o := range got {
				if n := got[o].distance(base[0]); n < d {
					d, at = n, o
				}
			}
			if d > w.far {
				t.Errorf("distance %d, want <= %d", d, w.far)
			}
			if w.turn >= 0 && at != w.turn || w.turn < 0 && at&4 == 0 {
				t.Errorf("found turned by %d, want %d", at, w.turn)
			}
		})
	}
	if _, _, err := Edit(lane, "no such form"); err == nil || !strings.Contains(err.Error(), "no such form") {
		t.Errorf("an unknown form gave the error %v", err)
	}
}

// The tag must lead back to the original.
func TestExifOrientationTurnsBack(t *testing.T) {
	p := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range p.Pix {
		p.Pix[i] = uint8(i * 9)
	}
	for o, inverse := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6} {
		if back := turn(turn(p, o), inverse); !bytes.Equal(back.Pix, p.Pix) {
			t.Errorf("orientation %d is not undone by %d", o, inverse)
		}
	}
	clockwise := turn(p, 6) // the lower left corner comes to the upper left
	if got, want := clockwise.RGBAAt(0, 0), p.RGBAAt(0, 1); got != want {
		t.Errorf("turned clockwise, the upper left is %v, want %v", got, want)
	}
	file, _, err := Edit(p, "exif-orientation")
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"); !bytes.HasPrefix(file, want) {
		t.Errorf("the file begins with % x", file[:40])
	}
}
