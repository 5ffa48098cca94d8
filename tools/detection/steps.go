package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

// box is a part of a picture, x0 y0 x1 y1 as shares of its sides.
type box [4]float64

func (b box) in(p *image.RGBA) image.Rectangle {
	w, h := float64(p.Rect.Dx()), float64(p.Rect.Dy())
	return image.Rect(round(b[0]*w), round(b[1]*h), round(b[2]*w), round(b[3]*h)).Intersect(p.Rect)
}

// cut is a copy of a part with its origin at zero.
func cut(p *image.RGBA, r image.Rectangle) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, max(r.Dx(), 1), max(r.Dy(), 1)))
	draw.Draw(to, to.Rect, p, r.Min, draw.Src)
	return to
}

func cropped(b box) step { return func(s *subject) { s.p = cut(s.p, b.in(s.p)) } }

func scaled(k float64) step {
	return func(s *subject) {
		s.p = resized(s.p, round(float64(s.p.Rect.Dx())*k), round(float64(s.p.Rect.Dy())*k))
	}
}

func squeezed(k float64) step {
	return func(s *subject) { s.p = resized(s.p, round(float64(s.p.Rect.Dx())*k), s.p.Rect.Dy()) }
}

func fitted(w, h int) step { return func(s *subject) { s.p = fit(s.p, w, h) } }

// fit makes a picture as large as it can be in w x h.
func fit(p *image.RGBA, w, h int) *image.RGBA {
	k := min(float64(w)/float64(p.Rect.Dx()), float64(h)/float64(p.Rect.Dy()))
	return resized(p, min(w, round(float64(p.Rect.Dx())*k)), min(h, round(float64(p.Rect.Dy())*k)))
}

// tone changes each channel by itself.
func tone(f func(v float64) float64) step {
	return func(s *subject) {
		var table [256]uint8
		for v := range table {
			table[v] = clamp(f(float64(v)))
		}
		for i, v := range s.p.Pix {
			if i%4 != 3 {
				s.p.Pix[i] = table[v]
			}
		}
	}
}

func clamp(v float64) uint8 { return uint8(min(max(math.Round(v), 0), 255)) }

func gamma(g float64) func(float64) float64 {
	return func(v float64) float64 { return 255 * math.Pow(v/255, g) }
}

func grayed(s *subject) {
	p := s.p.Pix
	for i := 0; i < len(p); i += 4 {
		v := clamp(.299*float64(p[i]) + .587*float64(p[i+1]) + .114*float64(p[i+2]))
		p[i], p[i+1], p[i+2] = v, v, v
	}
}

func tinted(s *subject) {
	p := s.p.Pix
	for i := 0; i < len(p); i += 4 {
		p[i], p[i+2] = clamp(1.2*float64(p[i])+10), clamp(.7*float64(p[i+2]))
	}
}

func noisy(sd float64) step {
	return func(s *subject) {
		for i, v := range s.p.Pix {
			if i%4 != 3 {
				s.p.Pix[i] = clamp(float64(v) + sd*s.rand.NormFloat64())
			}
		}
	}
}

// blurred takes the larger of a least radius and a part of the width.
func blurred(least, part int) step {
	return func(s *subject) {
		r := max(least, s.p.Rect.Dx()/part)
		s.p = boxBlur(boxBlur(s.p, r), r)
	}
}

func sharpened(s *subject) {
	soft := boxBlur(s.p, 1)
	for i, v := range s.p.Pix {
		if i%4 != 3 {
			s.p.Pix[i] = clamp(float64(v) + 1.5*(float64(v)-float64(soft.Pix[i])))
		}
	}
}

// boxBlur averages over squares of 2r+1 pixels; beyond the border the last
// pixel goes on.
func boxBlur(p *image.RGBA, r int) *image.RGBA {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	half, to := image.NewRGBA(p.Rect), image.NewRGBA(p.Rect)
	for y := range h {
		blurLine(half.Pix[y*half.Stride:], p.Pix[y*p.Stride:], w, 4, r)
	}
	for x := range w {
		blurLine(to.Pix[4*x:], half.Pix[4*x:], h, half.Stride, r)
	}
	return to
}

// blurLine averages n pixels that lie step bytes apart.
func blurLine(to, from []uint8, n, step, r int) {
	at := func(i int) int { return min(max(i, 0), n-1) * step }
	size := 2*r + 1
	for c := range 4 {
		sum := size / 2
		for i := -r; i <= r; i++ {
			sum += int(from[at(i)+c])
		}
		for i := range n {
			to[i*step+c] = uint8(sum / size)
			sum += int(from[at(i+r+1)+c]) - int(from[at(i-r)+c])
		}
	}
}

// turned shows the picture as a viewer does that applies an EXIF orientation.
func turned(orientation int) step { return func(s *subject) { s.p = turn(s.p, orientation) } }

func turn(p *image.RGBA, o int) *image.RGBA {
	if o < 2 || o > 8 {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	to := image.NewRGBA(p.Rect)
	if o >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			fx, fy := x, y
			if o >= 5 {
				fx, fy = y, x
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				fx = w - 1 - fx
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				fy = h - 1 - fy
			}
			copy(to.Pix[to.PixOffset(x, y):][:4], p.Pix[p.PixOffset(fx, fy):][:4])
		}
	}
	return to
}

// rotated turns clockwise by any angle on a canvas that holds all of it.
func rotated(degrees float64) step {
	return func(s *subject) {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		w, h := float64(s.p.Rect.Dx()), float64(s.p.Rect.Dy())
		tw, th := w*math.Abs(cos)+h*math.Abs(sin), w*math.Abs(sin)+h*math.Abs(cos)
		to := filled(round(tw), round(th), black)
		x, y := tw/2-(cos*w-sin*h)/2, th/2-(sin*w+cos*h)/2
		xdraw.BiLinear.Transform(to, [6]float64{cos, -sin, x, sin, cos, y}, s.p, s.p.Rect, draw.Over, nil)
		s.p = to
	}
}

// The tones of margins and sheets.
func white() color.RGBA { return color.RGBA{255, 255, 255, 255} }
func black() color.RGBA { return color.RGBA{0, 0, 0, 255} }

// ink is a colour.
type ink func() color.RGBA

func filled(w, h int, c ink) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	fill(p, p.Rect, c())
	return p
}

func fill(p *image.RGBA, r image.Rectangle, c color.RGBA) {
	draw.Draw(p, r, image.NewUniform(c), image.Point{}, draw.Src)
}
