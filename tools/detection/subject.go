package main

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"

	"github.com/deepteams/webp"
	xdraw "golang.org/x/image/draw"
)

// longSide is what every original is brought to before a form is made of it.
const longSide = 480

// subject is a picture on its way into a form.
type subject struct {
	p     *image.RGBA
	rand  *rand.Rand
	other func() *image.RGBA // another picture, for sheets and pages
}

// step changes the picture.
type step func(*subject)

// encoder writes the file.
type encoder func(*image.RGBA) ([]byte, error)

// randomOf is the source of chance of one original in one form: the same in
// each run.
func randomOf(original, form string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(original + "\x00" + form))
	return rand.New(rand.NewPCG(h.Sum64(), uint64(len(form))))
}

// between draws from a to b.
func between(r *rand.Rand, a, b float64) float64 { return a + (b-a)*r.Float64() }

// brought is the picture with its long side as every form expects it.
func brought(img image.Image) *image.RGBA {
	b := img.Bounds()
	k := longSide / float64(max(b.Dx(), b.Dy()))
	return resized(img, round(float64(b.Dx())*k), round(float64(b.Dy())*k))
}

// resized is bilinear; it averages where it makes smaller.
func resized(img image.Image, w, h int) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	if img.Bounds().Size() == to.Rect.Size() {
		draw.Draw(to, to.Rect, img, img.Bounds().Min, draw.Src)
	} else {
		xdraw.BiLinear.Scale(to, to.Rect, img, img.Bounds(), draw.Src, nil)
	}
	return to
}

func round(v float64) int { return int(v + .5) }

func asJPEG(quality int) encoder {
	return func(p *image.RGBA) ([]byte, error) {
		var b bytes.Buffer
		err := jpeg.Encode(&b, p, &jpeg.Options{Quality: quality})
		return b.Bytes(), err
	}
}

func asPNG(p *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, p)
	return b.Bytes(), err
}

// asGIF takes the 256 colours of Plan 9, dithered.
func asGIF(p *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	err := gif.Encode(&b, p, &gif.Options{NumColors: 256})
	return b.Bytes(), err
}

func asWebP(quality float32) encoder {
	return func(p *image.RGBA) ([]byte, error) {
		o := webp.DefaultOptions()
		o.Quality = quality
		var b bytes.Buffer
		err := webp.Encode(&b, p, o)
		return b.Bytes(), err
	}
}
