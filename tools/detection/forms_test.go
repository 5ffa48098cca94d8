package main

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	_ "image/gif"
)

// pattern is a picture of which each part looks different.
func pattern(w, h int) *image.RGBA {
	p := filled(w, h, white)
	for y := range h {
		for x := range w {
			p.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x/9 + y/7) % 2 * 200), 255})
		}
	}
	return p
}

// applied makes a form of the pattern, with grey pictures beside it.
func applied(t *testing.T, f form, name string) (*image.RGBA, []byte) {
	t.Helper()
	s := &subject{p: pattern(longSide, 360), rand: randomOf(name, f.name)}
	s.other = func() *image.RGBA {
		return filled(300+s.rand.IntN(200), 300, func() color.RGBA { return color.RGBA{90, 90, 90, 255} })
	}
	file, err := f.apply(s)
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return s.p, file
}

func TestFormsAreTheSameInEachRun(t *testing.T) {
	for _, f := range append(tableForms(), heldOutForms()...) {
		_, one := applied(t, f, "a")
		_, again := applied(t, f, "a")
		_, other := applied(t, f, "b")
		if !bytes.Equal(one, again) {
			t.Errorf("%s: two runs give two files", f.name)
		}
		byChance := f.name == "noise-12" || f.name == "page" || f.group == "sheet" || len(f.name) > 5 && f.name[:5] == "free-"
		if byChance && bytes.Equal(one, other) {
			t.Errorf("%s: two originals share their chance", f.name)
		}
		if _, _, err := image.Decode(bytes.NewReader(one)); err != nil {
			t.Errorf("%s: the file cannot be read: %v", f.name, err)
		}
	}
}

// The table of 65 has each size that its column promises, of an original of
// 480x360.
func TestFormsHaveTheirSizes(t *testing.T) {
	sizes := map[string][2]int{
		"resize-75": {360, 270}, "resize-50": {240, 180}, "resize-25": {120, 90}, "resize-12": {58, 43}, "thumb-150": {150, 113}, "up-150": {720, 540},
		"border-5": {528, 408}, "border-15": {624, 504}, "letterbox-v": {480, 480}, "letterbox-h": {839, 360}, "chrome": {1200, 760}, "page": {1200, 900},
		"crop-5": {468, 350}, "crop-10": {456, 342}, "crop-20": {430, 322}, "crop-30": {402, 302}, "crop-side10": {432, 324}, "crop-corner25": {416, 312},
		"crop-half": {341, 256}, "crop-quarter": {240, 180}, "rot-1": {486, 368}, "rot-2": {492, 377}, "rot-5": {510, 400}, "rot-90": {360, 480}, "rot-270": {360, 480},
		"squeeze-80": {384, 360}, "squeeze-60": {288, 360}, "montage-2x2": {1200, 900}, "montage-3x3": {1200, 900}, "montage-4x5": {1200, 900},
		"montage-2x2-nogap": {1200, 900}, "r50+q40+wm": {240, 180}, "crop10+r50+q40": {228, 171}, "mirror+r50+banner": {240, 180}, "border+r50+q30+gray": {264, 204},
		"chrome+crop10": {1200, 760},
	}
	forms := tableForms()
	if len(forms) != 65 {
		t.Errorf("%d forms, want 65", len(forms))
	}
	names := map[string]bool{}
	for _, f := range forms {
		if names[f.name] {
			t.Errorf("%s stands twice in the table", f.name)
		}
		names[f.name] = true
		want, ok := sizes[f.name]
		if !ok {
			want = [2]int{480, 360}
		}
		p, _ := applied(t, f, "a")
		if d := p.Rect.Size().Sub(image.Pt(want[0], want[1])); max(d.X, -d.X) > 1 || max(d.Y, -d.Y) > 1 {
			t.Errorf("%s is %v, want %v", f.name, p.Rect.Size(), want)
		}
	}
	for name := range sizes {
		if !names[name] {
			t.Errorf("no form is called %s", name)
		}
	}
}

// A point of the original, as shares of its sides, lies where the form says.
func TestFormsPutThePictureWhereTheySay(t *testing.T) {
	for _, test := range []struct {
		form         string
		x, y         float64 // of the original
		formX, formY float64 // of the form
		within       float64 // grey values
	}{
		{form: "crop-side10", x: .55, y: .55, formX: .5, formY: .5, within: 6},
		{form: "crop-quarter", x: .55, y: .65, formX: .5, formY: .5, within: 6},
		{form: "crop-corner25", x: .433, y: .567, formX: .5, formY: .5, within: 6},
		{form: "mirror", x: .2, y: .3, formX: .8, formY: .3, within: 6},
		{form: "rot-90", x: .2, y: .3, formX: .7, formY: .2, within: 6},
		{form: "rot-180", x: .2, y: .3, formX: .8, formY: .7, within: 6},
		{form: "rot-270", x: .2, y: .3, formX: .3, formY: .8, within: 6},
		{form: "squeeze-60", x: .2, y: .3, formX: .2, formY: .3, within: 6},
		{form: "rot-5", x: .5, y: .5, formX: .5, formY: .5, within: 8},
		{form: "border-15", x: .5, y: .5, formX: .5, formY: .5, within: 6},
		{form: "letterbox-h", x: .5, y: .1, formX: .5, formY: .1, within: 6},
		{form: "chrome", x: .5, y: .5, formX: .5, formY: 422. / 760, within: 6},
		{form: "page", x: .5, y: .5, formX: 580. / 1200, formY: 450. / 900, within: 6},
	} {
		at := slices.IndexFunc(tableForms(), func(f form) bool { return f.name == test.form })
		p, _ := applied(t, tableForms()[at], "a")
		from := pattern(longSide, 360)
		got, want := soft(p, test.formX*float64(p.Rect.Dx()), test.formY*float64(p.Rect.Dy())), soft(from, test.x*480, test.y*360)
		for c := range 2 { // red and green tell the place
			if math.Abs(got[c]-want[c]) > test.within {
				t.Errorf("%s shows %v at (%.2f, %.2f), want %v", test.form, got, test.formX, test.formY, want)
				break
			}
		}
	}
}

// A sheet holds the original once and other pictures in all other cells.
func TestSheetsHoldTheOriginalOnce(t *testing.T) {
	for _, f := range tableForms() {
		if f.group != "sheet" && f.group != "3x3 sheet" && f.group != "sheet without gaps" {
			continue
		}
		cells, others := map[string]int{"montage-2x2": 4, "montage-3x3": 9, "montage-4x5": 20, "montage-2x2-nogap": 4}[f.name], 0
		s := &subject{p: pattern(longSide, 360), rand: randomOf("a", f.name)}
		s.other = func() *image.RGBA {
			others++
			return filled(300, 300, func() color.RGBA { return color.RGBA{90, 90, 90, 255} })
		}
		if _, err := f.apply(s); err != nil {
			t.Fatal(err)
		}
		ours := 0
		for i := 0; i < len(s.p.Pix); i += 4 {
			if s.p.Pix[i] != s.p.Pix[i+1] {
				ours++
			}
		}
		if others != cells-1 || ours == 0 || ours*(cells-1) > len(s.p.Pix)/4 {
			t.Errorf("%s asked for %d others and shows the original on %d of %d pixels, want %d cells", f.name, others, ours, len(s.p.Pix)/4, cells)
		}
	}
}

func TestRandomCropsKeepTheirArea(t *testing.T) {
	r := randomOf("a", "crops")
	places := map[box]bool{}
	for range 2000 {
		b := freeBox(r, .5, .65)
		w, h := b[2]-b[0], b[3]-b[1]
		if area := w * h; area < .499 || area > .651 || b[0] < 0 || b[1] < 0 || b[2] > 1.0001 || b[3] > 1.0001 || w/h < .59 || w/h > 1.61 {
			t.Fatalf("crop %v: area %.3f, sides %.2f", b, area, w/h)
		}
		places[b] = true
	}
	if len(places) < 2000 {
		t.Errorf("%d places of 2000 crops, want each its own", len(places))
	}
}

func TestEveryGoalHasForms(t *testing.T) {
	all := append(tableForms(), heldOutForms()...)
	for _, g := range goals() {
		for _, group := range g.groups {
			if len(chosenForms([]string{group}, all)) == 0 {
				t.Errorf("goal %s: no form is of group %q", g.figure, group)
			}
		}
	}
}
