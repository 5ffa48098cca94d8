package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	"leakwatch/internal/demo"
)

func over(on *image.RGBA, p image.Image) {
	draw.Draw(on, on.Rect, p, p.Bounds().Min, draw.Over)
}

// drawnAlbum stands for a folder where there is none: lane cameras and plates
// of the demo, and drawings of other things.
func drawnAlbum(lanes, others int) *album {
	a := &album{name: "drawings"}
	cameras, plates := map[int]*scene{}, &scene{name: "drawn plates", camera: true}
	at := 0
	for _, p := range demo.Set(lanes, 7) {
		if p.Kind != "lane" {
			a.add(plates, "plates", p.JPEG)
			continue
		}
		if cameras[at%6] == nil {
			cameras[at%6] = &scene{name: fmt.Sprintf("drawn camera %d", at%6+1), camera: true, fixed: true}
		}
		a.add(cameras[at%6], "fixed cameras", p.JPEG)
		at++
	}
	for i := 0; others > 0; i++ {
		p := demo.Stranger(i, 7)
		switch p.Kind {
		case "landscape", "skyline", "texture", "sea", "plasma", "still life", "map":
			a.add(&scene{name: fmt.Sprintf("drawing %d", i)}, "ordinary", p.JPEG)
			others--
		}
	}
	return a
}

func (a *album) add(s *scene, kind string, file []byte) {
	p := &photo{name: fmt.Sprintf("%s %d", s.name, len(s.photos)), kind: kind, scene: s, frame: len(s.photos), read: func() ([]byte, error) { return file, nil }}
	if len(s.photos) == 0 {
		a.scenes = append(a.scenes, s)
	}
	s.photos, a.photos = append(s.photos, p), append(a.photos, p)
}

// Of a made-up lane.
const (
	laneFrames = 40
	laneWidth  = 640
	laneHeight = 440
)

// laneAlbum makes a lane up: one background, and in each frame another
// vehicle, 480x330, blended in by a soft ellipse at (80,90) give or take 10
// pixels, light .9 to 1.1, noise of sd 2, JPEG 88.
func laneAlbum(name string, background image.Image, vehicles []*photo) (*album, error) {
	a, s := &album{name: name}, &scene{name: name, camera: true, fixed: true}
	back := resized(background, laneWidth, laneHeight)
	for i := range laneFrames {
		r := randomOf(name, fmt.Sprint(i))
		img, err := vehicles[i%len(vehicles)].original()
		if err != nil {
			return nil, err
		}
		if i >= len(vehicles) { // each vehicle once, then others out of the same pictures
			img = turn(cut(img, freeBox(r, .5, .8).in(img)), 2)
		}
		on := cut(back, back.Rect)
		blend(on, resized(img, 480, 330), 80+r.IntN(21)-10, 90+r.IntN(21)-10)
		light := between(r, .9, 1.1)
		sub := &subject{p: on, rand: r}
		tone(func(v float64) float64 { return v * light })(sub)
		noisy(2)(sub)
		file, err := asJPEG(88)(sub.p)
		if err != nil {
			return nil, err
		}
		a.add(s, "made-up lanes", file)
	}
	return a, nil
}

// blend lays a picture in, whole in the middle and gone at an ellipse's edge.
func blend(on, p *image.RGBA, x0, y0 int) {
	w, h := float64(p.Rect.Dx()), float64(p.Rect.Dy())
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			d := math.Hypot((float64(x)+.5)/w*2-1, (float64(y)+.5)/h*2-1)
			t := min(max((1-d)/.2, 0), 1) // the outer fifth is soft
			at, from := on.PixOffset(x0+x, y0+y), p.PixOffset(x, y)
			for c := range 3 {
				on.Pix[at+c] = clamp(float64(on.Pix[at+c])*(1-t) + float64(p.Pix[from+c])*t)
			}
		}
	}
}

// plain draws picture i of those that must raise nothing: icons, logos, flags,
// flat ones and gradients.
func plain(i int) (kind string, p *image.RGBA) {
	r := rand.New(rand.NewPCG(uint64(i), 99))
	kinds := []string{"flag", "flat", "gradient", "icon", "logo", "chart"}
	kind = kinds[i%len(kinds)]
	a, b, c := anyTone(r)(), anyTone(r)(), anyTone(r)()
	w, h := 60+r.IntN(540), 60+r.IntN(540)
	p = filled(w, h, func() color.RGBA { return a })
	switch kind {
	case "flag":
		drawFlag(r, p, b, c)
	case "gradient":
		angle := between(r, 0, 2*math.Pi)
		for y := range h {
			for x := range w {
				t := .5 + (float64(x)/float64(w)-.5)*math.Cos(angle) + (float64(y)/float64(h)-.5)*math.Sin(angle)
				p.SetRGBA(x, y, mixed(a, b, min(max(t, 0), 1)))
			}
		}
	case "icon":
		p = filled(48+16*r.IntN(9), 48+16*r.IntN(9), func() color.RGBA { return a })
		drawIcon(r, p, b)
	case "logo":
		drawIcon(r, p, b)
		write(p, []string{"NULLBAY", "DARK", "PLAZA", "24/7", "XMR"}[r.IntN(5)], .2*float64(w), .7*float64(h), .2*float64(h), c)
	case "chart":
		for n, i := 3+r.IntN(9), 0; i < n; i++ {
			x, top := .1+.8*float64(i)/float64(n), between(r, .15, .85)
			fill(p, box{x, top, x + .5/float64(n), .9}.in(p), mixed(b, c, float64(i)/float64(n)))
		}
	}
	return kind, p
}

// drawFlag draws stripes, a cross or a disc.
func drawFlag(r *rand.Rand, p *image.RGBA, b, c color.RGBA) {
	switch r.IntN(4) {
	case 0:
		fill(p, box{0, .333, 1, .667}.in(p), b)
		fill(p, box{0, .667, 1, 1}.in(p), c)
	case 1:
		fill(p, box{.333, 0, .667, 1}.in(p), b)
		fill(p, box{.667, 0, 1, 1}.in(p), c)
	case 2:
		fill(p, box{.3, 0, .42, 1}.in(p), b)
		fill(p, box{0, .44, 1, .56}.in(p), b)
	default:
		disc(p, .5, .5, .3, b)
	}
}

// drawIcon draws a few plain shapes.
func drawIcon(r *rand.Rand, p *image.RGBA, b color.RGBA) {
	for range 1 + r.IntN(4) {
		x, y := between(r, .1, .6), between(r, .1, .6)
		if r.IntN(2) == 0 {
			fill(p, box{x, y, x + between(r, .1, .4), y + between(r, .1, .4)}.in(p), b)
		} else {
			disc(p, x+.15, y+.15, between(r, .08, .25), b)
		}
	}
}

func disc(p *image.RGBA, cx, cy, radius float64, c color.RGBA) {
	w, h := float64(p.Rect.Dx()), float64(p.Rect.Dy())
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			if math.Hypot(float64(x)-cx*w, float64(y)-cy*h) <= radius*min(w, h) {
				p.SetRGBA(x, y, c)
			}
		}
	}
}

func mixed(a, b color.RGBA, t float64) color.RGBA {
	m := func(x, y uint8) uint8 { return clamp(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
}
