package picture_test

import (
	"image"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/picture"
)

// The pictures on drawn sheets and pages are found to within 3 % of their
// sides. Without gaps a border shows only where two pictures differ along it.
func TestRegions(t *testing.T) {
	photos := demo.Set(24, 77)
	var pics []image.Image
	for _, p := range photos {
		pics = append(pics, p.Image())
	}
	for _, form := range demo.Sheets() {
		least := .95
		switch {
		case strings.HasSuffix(form, "nogap"):
			least = .4
		case form == "page": // the second picture of it is a thumbnail
			least = .5
		}
		found, tiles := 0, 0
		for k := range 2 {
			sheet, at, err := demo.Sheet(form, pics[4*k:4*k+20]...)
			if err != nil {
				t.Fatal(err)
			}
			p, err := picture.NewDecoder(picture.Limits{}).Decode(t.Context(), jpegOf(t, sheet))
			if err != nil {
				t.Fatal(err)
			}
			scale := float64(p.Luma.Rect.Dx()) / float64(sheet.Bounds().Dx())
			regions := picture.Regions(p.Luma)
			for _, tile := range at {
				tiles++
				for _, r := range regions {
					if covers(r, tile, scale) {
						found++
						break
					}
				}
			}
		}
		if float64(found) < least*float64(tiles) {
			t.Errorf("%s: %d of %d pictures found, want %.0f %%", form, found, tiles, 100*least)
		}
	}
}

// A sky or a sheet of paper at the rim of a picture is no border of it: only the
// tone of the frame is taken away.
func TestRegionsKeepTheSky(t *testing.T) {
	for i := range 12 {
		photo := demo.Stranger(i, 5)
		sheet, at, err := demo.Sheet("border-15", photo.Image())
		if err != nil {
			t.Fatal(err)
		}
		p, err := picture.NewDecoder(picture.Limits{}).Decode(t.Context(), jpegOf(t, sheet))
		if err != nil {
			t.Fatal(err)
		}
		scale := float64(p.Luma.Rect.Dx()) / float64(sheet.Bounds().Dx())
		regions := picture.Regions(p.Luma)
		if !slices.ContainsFunc(regions, func(r image.Rectangle) bool { return covers(r, at[0], scale) }) {
			t.Errorf("%s: regions %v, none of them is the picture at %v", photo.Kind, regions, at[0])
		}
	}
}

// covers reports whether r is the tile, scaled, to within 3 % of its sides.
func covers(r, tile image.Rectangle, scale float64) bool {
	near := func(got, want, side int) bool {
		d := float64(got) - float64(want)*scale
		return max(d, -d) <= .03*float64(side)*scale+1
	}
	return near(r.Min.X, tile.Min.X, tile.Dx()) && near(r.Max.X, tile.Max.X, tile.Dx()) &&
		near(r.Min.Y, tile.Min.Y, tile.Dy()) && near(r.Max.Y, tile.Max.Y, tile.Dy())
}

// FuzzRegions: windows lie inside the plane, are no specks, and are few.
func FuzzRegions(f *testing.F) {
	f.Add([]byte{0}, uint16(400), uint16(300))
	f.Add([]byte{0, 255, 0, 0, 9}, uint16(64), uint16(64))
	f.Add([]byte("a page with lines of text in it, over and over"), uint16(1), uint16(700))
	f.Fuzz(func(t *testing.T, pattern []byte, w, h uint16) {
		if len(pattern) == 0 || int(w)*int(h) > 300_000 {
			return
		}
		plane := image.NewGray(image.Rect(0, 0, int(w), int(h)))
		for i := range plane.Pix {
			plane.Pix[i] = pattern[i*7/(1+i%5)%len(pattern)]
		}
		regions := picture.Regions(plane)
		if len(regions) > 40 {
			t.Fatalf("%d regions", len(regions))
		}
		for _, r := range regions {
			if !r.In(plane.Rect) || r.Dx() < 16 || r.Dy() < 16 {
				t.Fatalf("region %v of a plane of %dx%d", r, w, h)
			}
		}
	})
}
