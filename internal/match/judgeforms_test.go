package match

import (
	"bytes"
	"image"
	"image/draw"
	"math"
	"math/rand/v2"

	"leakwatch/internal/demo"
	"leakwatch/internal/phash"
)

// judgeInPlace is a form that keeps the frame of the picture.
func judgeInPlace(name string, change func(g *image.Gray, r *rand.Rand) *image.Gray) judgeForm {
	return judgeForm{name, func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
		to := change(judgeResize(g, g.Rect.Dx(), g.Rect.Dy()), r)
		return to, judgeSame(g, to)
	}}
}

// judgeEdited is one of demo's forms.
func judgeEdited(form string) judgeForm {
	return judgeInPlace(form, func(g *image.Gray, _ *rand.Rand) *image.Gray {
		file, _, err := demo.Edit(g, form)
		if err != nil {
			panic(err)
		}
		img, _, err := image.Decode(bytes.NewReader(file))
		if err != nil {
			panic(err)
		}
		return judgeGray(img, 1<<20)
	})
}

// judgeTones puts each grey value through a curve.
func judgeTones(name string, curve func(v float64, r *rand.Rand) float64) judgeForm {
	return judgeInPlace(name, func(g *image.Gray, r *rand.Rand) *image.Gray {
		for i, v := range g.Pix {
			g.Pix[i] = uint8(min(max(curve(float64(v), r), 0), 255) + .5)
		}
		return judgeJPEG(g, 85)
	})
}

// judgeMoreForms are what hides a picture's details.
func judgeMoreForms() []judgeForm {
	return []judgeForm{
		judgeEdited("watermark"), judgeEdited("wm-small"), judgeEdited("brightness"),
		judgeInPlace("jpeg-q10", func(g *image.Gray, _ *rand.Rand) *image.Gray { return judgeJPEG(g, 10) }),
		judgeTones("noise-12", func(v float64, r *rand.Rand) float64 { return v + 12*r.NormFloat64() }),
		judgeTones("contrast+50", func(v float64, _ *rand.Rand) float64 { return 1.5*(v-128) + 128 }),
		judgeTones("gamma-0.5", func(v float64, _ *rand.Rand) float64 { return 255 * math.Sqrt(v/255) }),
		judgeInPlace("blur-strong", func(g *image.Gray, _ *rand.Rand) *image.Gray {
			w, h := g.Rect.Dx(), g.Rect.Dy()
			k := max(2*max(2, w/70), 4)
			return judgeJPEG(judgeResize(judgeResize(g, max(w/k, 1), max(h/k, 1)), w, h), 80)
		}),
		judgeInPlace("plate-black", func(g *image.Gray, _ *rand.Rand) *image.Gray {
			w, h := g.Rect.Dx(), g.Rect.Dy()
			draw.Draw(g, image.Rect(w*38/100, h*60/100, w*62/100, h*74/100), image.Black, image.Point{}, draw.Src)
			return judgeJPEG(g, 80)
		}),
		judgeInPlace("face-blur", func(g *image.Gray, _ *rand.Rand) *image.Gray {
			w, h := g.Rect.Dx(), g.Rect.Dy()
			box := image.Rect(w*40/100, h*20/100, w*60/100, h*45/100)
			few := judgeWindow(g, float64(box.Min.X), float64(box.Min.Y), float64(box.Max.X), float64(box.Max.Y), 6, 6)
			draw.Draw(g, box, judgeResize(few, box.Dx(), box.Dy()), image.Point{}, draw.Src)
			return judgeJPEG(g, 80)
		}),
		{"crop-half", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
			to := judgeWindow(g, .15*w, .15*h, .86*w, .86*h, int(.71*w), int(.71*h))
			return judgeJPEG(to, 80), fromWindows(1, phash.Whole(), phash.Window{.15, .15, .86, .86}, judgeAspect(to), judgeAspect(g))
		}},
		{"resize-12", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeResize(g, max(480*12/100, 1), max(480*12/100*g.Rect.Dy()/g.Rect.Dx(), 1))
			return judgeJPEG(to, 80), fromWindows(1, phash.Whole(), phash.Whole(), judgeAspect(to), judgeAspect(g))
		}},
	}
}

// judgeStrangers are drawn pictures that no set holds.
func judgeStrangers(n int) []*image.Gray {
	var all []*image.Gray
	for i, p := range demo.Set(2*n, 99) {
		if i%2 == 0 {
			all = append(all, judgeGray(p.Image(), 640))
		}
	}
	return all
}
