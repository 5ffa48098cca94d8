package inspect_test

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/match"
)

// A copy in a later frame is found, also where the first frame is blank.
func TestFramesAreLookedAt(t *testing.T) {
	photos := demo.Set(4, 31)
	r := newRig(t)
	r.load("dataset", photos[0].JPEG, photos[1].JPEG)
	frame := func(img image.Image) *image.Paletted {
		p := image.NewPaletted(image.Rect(0, 0, 640, 480), palette.Plan9)
		draw.FloydSteinberg.Draw(p, p.Rect, large(img, 640, 480), image.Point{})
		return p
	}
	blank := image.NewUniform(color.Gray{200})
	for name, first := range map[string]image.Image{"blank": blank, "stranger": photos[3].Image()} {
		a := gif.GIF{Delay: []int{10, 10}}
		if u, ok := first.(*image.Uniform); ok {
			p := image.NewPaletted(image.Rect(0, 0, 640, 480), palette.Plan9)
			draw.Draw(p, p.Rect, u, image.Point{}, draw.Src)
			a.Image = append(a.Image, p)
		} else {
			a.Image = append(a.Image, frame(first))
		}
		a.Image = append(a.Image, frame(photos[1].Image()))
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, &a); err != nil {
			t.Fatal(err)
		}
		seen, err := r.room.Look(t.Context(), b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(seen.Hits) != 1 || seen.Hits[0].Verdict != match.Copy || seen.Hits[0].Frame != 1 {
			t.Errorf("%s: got %+v, want one copy in the second frame", name, seen.Hits)
		}
		if name == "blank" && (seen.Cause == nil || *seen.Cause != "partial") {
			t.Errorf("blank: the cause is %v, want partial: a frame was judged", seen.Cause)
		}
	}
}
