package demo

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	glyphWidth  = 7
	glyphHeight = 13
)

// textMask draws s by the small built-in font, grown so that a line is height
// pixels high, with the stairs of the growth rubbed smooth.
func textMask(s string, height float64) *image.Alpha {
	small := image.NewAlpha(image.Rect(0, 0, glyphWidth*len(s)+2, glyphHeight+2))
	d := font.Drawer{Dst: small, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(1, 1+basicfont.Face7x13.Ascent)}
	d.DrawString(s)
	k := height / glyphHeight
	big := image.NewAlpha(image.Rect(0, 0, int(float64(small.Rect.Dx())*k), int(float64(small.Rect.Dy())*k)))
	w, h := small.Rect.Dx(), small.Rect.Dy()
	for y := range big.Rect.Dy() {
		fy := min(max((float64(y)+.5)/k-.5, 0), float64(h-1)-1e-6)
		j := int(fy)
		t := fy - float64(j)
		for x := range big.Rect.Dx() {
			fx := min(max((float64(x)+.5)/k-.5, 0), float64(w-1)-1e-6)
			i := int(fx)
			u := fx - float64(i)
			a := func(i, j int) float64 { return float64(small.Pix[j*small.Stride+i]) / 255 }
			v := (a(i, j)*(1-u)+a(i+1, j)*u)*(1-t) + (a(i, j+1)*(1-u)+a(i+1, j+1)*u)*t
			// The middle of the slope becomes the edge; one pixel of it stays soft.
			v = (v-.34)*max(k, 1.6) + .5
			big.Pix[y*big.Stride+x] = uint8(255 * min(max(v, 0), 1))
		}
	}
	return big
}

// text writes s with its upper left corner at x, y and returns its width.
func (c *canvas) text(ink color.NRGBA, s string, x, y, height float64) float64 {
	mask := textMask(s, height)
	at := mask.Rect.Add(image.Pt(int(x), int(y)))
	draw.DrawMask(c.RGBA, at, image.NewUniform(ink), image.Point{}, mask, image.Point{}, draw.Over)
	return textWidth(s, height)
}

func textWidth(s string, height float64) float64 {
	return float64(glyphWidth*len(s)) * height / glyphHeight
}

// textOn writes s onto the parallelogram with corners a (upper left), b (upper
// right) and d (lower left), filling it.
func (c *canvas) textOn(ink color.NRGBA, s string, a, b, d xy) {
	height := math.Hypot(d.x-a.x, d.y-a.y)
	if height < 4 {
		return
	}
	mask := textMask(s, max(height, 13))
	w, h := float64(mask.Rect.Dx()), float64(mask.Rect.Dy())
	// Colour the mask, then lay it onto the plane by an affine map.
	flat := image.NewRGBA(mask.Rect)
	draw.DrawMask(flat, flat.Rect, image.NewUniform(ink), image.Point{}, mask, image.Point{}, draw.Src)
	m := [6]float64{(b.x - a.x) / w, (d.x - a.x) / h, a.x, (b.y - a.y) / w, (d.y - a.y) / h, a.y}
	draw.BiLinear.Transform(c.RGBA, m, flat, flat.Rect, draw.Over, nil)
}
