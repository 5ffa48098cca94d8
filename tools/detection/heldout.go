package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// heldOutForms are kept out of every choice of a threshold or window: their
// geometry and strength are drawn anew for each original.
func heldOutForms() []form {
	list := func(steps ...step) []step { return steps }
	return []form{
		{"free-crop-80", "random crop", "80-95 % of the area, any place, sides .6-1.6 of the picture's", list(freeCrop(.80, .95)), asJPEG(85)},
		{"free-crop-65", "random crop", "65-80 %", list(freeCrop(.65, .80)), asJPEG(85)},
		{"free-crop-50", "random crop", "50-65 %", list(freeCrop(.50, .65)), asJPEG(85)},
		{"free-sheet-a", "random sheet", "2-5 columns, 2-5 rows, gap 2-24, any tone, JPEG 80", list(freeSheet), asJPEG(80)},
		{"free-sheet-b", "random sheet", "another draw, JPEG 70", list(freeSheet), asJPEG(70)},
		{"free-page", "random page", "anywhere on a light or dark page, 250-700 px wide, JPEG 80", list(freePage), asJPEG(80)},
		{"free-border", "random border", "each margin 1-20 %, any one tone", list(freeBorder), asJPEG(85)},
		{"free-turn", "random turn", "1-8 degrees either way", list(freeTurn), asJPEG(85)},
		{"free-mix-a", "random mix", "crop 75-97 %, scale .35-.9, one overlay, one tone, maybe mirrored, JPEG 60", list(freeMix), asJPEG(60)},
		{"free-mix-b", "random mix", "another draw, JPEG 35", list(freeMix), asJPEG(35)},
		{"free-photo", "screen photographed", "perspective of up to 5 %, darker to one side, noise, JPEG 75", list(freePhoto), asJPEG(75)},
	}
}

// freeBox is a part of so much area at a place by chance.
func freeBox(r *rand.Rand, least, most float64) box {
	for {
		area, aspect := between(r, least, most), math.Exp(between(r, math.Log(.6), math.Log(1.6)))
		w, h := math.Sqrt(area*aspect), math.Sqrt(area/aspect)
		if w <= 1 && h <= 1 {
			x, y := between(r, 0, 1-w), between(r, 0, 1-h)
			return box{x, y, x + w, y + h}
		}
	}
}

func freeCrop(least, most float64) step {
	return func(s *subject) { cropped(freeBox(s.rand, least, most))(s) }
}

// anyTone is a colour by chance.
func anyTone(r *rand.Rand) ink {
	c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
	switch r.IntN(4) {
	case 0:
		c = white()
	case 1:
		c = black()
	}
	return func() color.RGBA { return c }
}

func freeSheet(s *subject) {
	w, h := 900+s.rand.IntN(500), 700+s.rand.IntN(500)
	s.sheet(w, h, 2+s.rand.IntN(4), 2+s.rand.IntN(4), 2+s.rand.IntN(23), anyTone(s.rand))
}

func freePage(s *subject) {
	w, h := 900+s.rand.IntN(500), 800+s.rand.IntN(300)
	ground, line := color.RGBA{244, 244, 240, 255}, color.RGBA{150, 150, 150, 255}
	if s.rand.IntN(2) == 0 {
		ground, line = color.RGBA{24, 26, 30, 255}, color.RGBA{140, 144, 150, 255}
	}
	on := filled(w, h, func() color.RGBA { return ground })
	size := 250 + s.rand.IntN(451)
	ours := fit(s.p, min(size, w-80), h-200)
	x, y := 40+s.rand.IntN(w-79-ours.Rect.Dx()), 80+s.rand.IntN(h-119-ours.Rect.Dy())
	at := image.Rect(x, y, x+ours.Rect.Dx(), y+ours.Rect.Dy()).Inset(-14)
	pitch := 16 + s.rand.IntN(14)
	for ty := 20; ty < h-20; ty += pitch {
		words := image.Rect(40, ty, 40+round(between(s.rand, .2, .9)*float64(w-80)), ty+pitch/3)
		if !words.Overlaps(at) {
			fill(on, words, line)
		}
	}
	put(on, ours, x, y)
	s.p = on
}

func freeBorder(s *subject) {
	w, h := s.p.Rect.Dx(), s.p.Rect.Dy()
	margin := func(n int) int { return round(between(s.rand, .01, .20) * float64(n)) }
	left, right, top, low := margin(w), margin(w), margin(h), margin(h)
	on := filled(w+left+right, h+top+low, anyTone(s.rand))
	put(on, s.p, left, top)
	s.p = on
}

func freeTurn(s *subject) {
	degrees := between(s.rand, 1, 8)
	if s.rand.IntN(2) == 0 {
		degrees = -degrees
	}
	rotated(degrees)(s)
}

func freeMix(s *subject) {
	cropped(freeBox(s.rand, .75, .97))(s)
	if s.rand.IntN(3) == 0 {
		turned(2)(s)
	}
	scaled(between(s.rand, .35, .9))(s)
	switch s.rand.IntN(5) {
	case 0:
		signed(s)
	case 1:
		tiled(s)
	case 2:
		bannered(s)
	case 3:
		badged(s)
	}
	switch g := math.Exp(between(s.rand, -.5, .5)); s.rand.IntN(4) {
	case 0:
		grayed(s)
	case 1:
		tone(gamma(g))(s)
	case 2:
		tinted(s)
	}
}

// freePhoto is a phone held before a screen: the corners move inwards, each by
// itself, on a dark ground.
func freePhoto(s *subject) {
	w, h := float64(s.p.Rect.Dx()), float64(s.p.Rect.Dy())
	var quad [4][2]float64 // upper left, upper right, lower right, lower left
	for i, c := range [4][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		in := func(v float64) float64 { return v + (1-2*v)*between(s.rand, 0, .05) }
		quad[i] = [2]float64{in(c[0]) * w, in(c[1]) * h}
	}
	on, dim := filled(int(w), int(h), func() color.RGBA { return color.RGBA{20, 20, 22, 255} }), between(s.rand, .1, .4)
	for y := range int(h) {
		for x := range int(w) {
			u, v, ok := inQuad(quad, float64(x)+.5, float64(y)+.5)
			if !ok {
				continue
			}
			c := soft(s.p, u*w-.5, v*h-.5)
			k := 1 - dim*u
			on.SetRGBA(x, y, color.RGBA{clamp(k * c[0]), clamp(k * c[1]), clamp(k * c[2]), 255})
		}
	}
	s.p = on
	noisy(4)(s)
}

// inQuad says where in a unit square a point of a bent one lies, by Newton's
// rule on the bilinear map.
func inQuad(q [4][2]float64, x, y float64) (u, v float64, ok bool) {
	u, v = .5, .5
	for range 8 {
		var at, du, dv [2]float64
		for i := range at {
			at[i] = (1-u)*(1-v)*q[0][i] + u*(1-v)*q[1][i] + u*v*q[2][i] + (1-u)*v*q[3][i]
			du[i] = (1-v)*(q[1][i]-q[0][i]) + v*(q[2][i]-q[3][i])
			dv[i] = (1-u)*(q[3][i]-q[0][i]) + u*(q[2][i]-q[1][i])
		}
		det := du[0]*dv[1] - du[1]*dv[0]
		ex, ey := x-at[0], y-at[1]
		u, v = u+(ex*dv[1]-ey*dv[0])/det, v+(ey*du[0]-ex*du[1])/det
	}
	return u, v, u >= 0 && v >= 0 && u <= 1 && v <= 1
}

// soft reads between pixels.
func soft(p *image.RGBA, x, y float64) (c [3]float64) {
	x, y = min(max(x, 0), float64(p.Rect.Dx()-1)), min(max(y, 0), float64(p.Rect.Dy()-1))
	i, j := int(x), int(y)
	s, t := x-float64(i), y-float64(j)
	i1, j1 := min(i+1, p.Rect.Dx()-1), min(j+1, p.Rect.Dy()-1)
	for k := range c {
		at := func(i, j int) float64 { return float64(p.Pix[j*p.Stride+4*i+k]) }
		c[k] = (at(i, j)*(1-s)+at(i1, j)*s)*(1-t) + (at(i, j1)*(1-s)+at(i1, j1)*s)*t
	}
	return c
}
