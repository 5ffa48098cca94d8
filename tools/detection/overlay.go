package main

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	xdraw "golang.org/x/image/draw"
)

// The boxes that a poster blackens or blurs.
func plateBox() box { return box{.38, .60, .62, .74} }
func faceBox() box  { return box{.40, .20, .60, .45} }

func blacked(where box) step {
	return func(s *subject) { fill(s.p, where.in(s.p), black()) }
}

func smeared(where box) step {
	return func(s *subject) {
		at, r := where.in(s.p), max(3, s.p.Rect.Dx()/40)
		draw.Draw(s.p, at, boxBlur(boxBlur(cut(s.p, at), r), r), image.Point{}, draw.Src)
	}
}

// Lines of the built-in font are so many pixels high and its letters so wide.
const (
	glyphWidth  = 7
	glyphHeight = 13
)

func textWidth(text string, height float64) float64 {
	return float64(glyphWidth*len(text)) * height / glyphHeight
}

// write puts a line of text with its upper left corner at x, y.
func write(p *image.RGBA, text string, x, y, height float64, c color.RGBA) {
	small := image.NewAlpha(image.Rect(0, 0, glyphWidth*len(text), glyphHeight))
	d := font.Drawer{Dst: small, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(0, basicfont.Face7x13.Ascent)}
	d.DrawString(text)
	big := image.NewRGBA(image.Rect(0, 0, max(round(textWidth(text, height)), 1), max(round(height), 1)))
	xdraw.BiLinear.Scale(big, big.Rect, small, small.Rect, draw.Src, nil)
	draw.DrawMask(p, big.Rect.Add(image.Pt(round(x), round(y))), image.NewUniform(c), image.Point{}, big, image.Point{}, draw.Over)
}

// signed is wm-small: the name of a site in the corner.
func signed(s *subject) {
	w, h := float64(s.p.Rect.Dx()), float64(s.p.Rect.Dy())
	size, name := max(8, .045*h), "darkplaza.onion"
	write(s.p, name, w-textWidth(name, size)-size/2, h-1.4*size, size, white())
}

// tiled is wm-tiled: a word over the whole picture.
func tiled(s *subject) {
	w, h := float64(s.p.Rect.Dx()), float64(s.p.Rect.Dy())
	size := .11 * h
	for row, y := 0, 0.0; y < h; row, y = row+1, y+2*size {
		for x := -7 * size; x < w; x += 7 * size {
			write(s.p, "SAMPLE", x+float64(row%2)*3*size, y, size, color.RGBA{115, 115, 115, 115}) // 45 % of white
		}
	}
}

// bannered is banner-13.
func bannered(s *subject) {
	w, h := float64(s.p.Rect.Dx()), float64(s.p.Rect.Dy())
	fill(s.p, box{0, .87, 1, 1}.in(s.p), black())
	write(s.p, "LEAKED BY NULLBAY", .04*w, .89*h, .09*h, color.RGBA{255, 224, 32, 255})
}

// badged is logo-17.
func badged(s *subject) {
	w := float64(s.p.Rect.Dx())
	r, edge := .17*w/2, w/50
	for y := range int(edge + 2*r + 1) {
		for x := range int(edge + 2*r + 1) {
			dx, dy := float64(x)+.5-edge-r, float64(y)+.5-edge-r
			if dx*dx+dy*dy <= r*r {
				s.p.SetRGBA(x, y, color.RGBA{208, 24, 32, 255})
			}
		}
	}
	size := .9 * r
	write(s.p, "NB", edge+r-textWidth("NB", size)/2, edge+r-size/2, size, white())
}
