package match

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// pointsMap tells where a place of the original, in pixels, is in the re-post.
type pointsMap func(x, y float64) (float64, float64)

// pointsForm is a way to re-post a picture, on its grey plane.
type pointsForm struct {
	name string
	make func(g *image.Gray, r *rand.Rand) (*image.Gray, pointsMap)

	mirror bool    // found by Points.Mirrored, to which the map then belongs
	least  float64 // share of photographs that must have 10 inliers
}

func pointsForms() []pointsForm {
	type form = func(*image.Gray, *rand.Rand) (*image.Gray, pointsMap)
	crop := func(x0, y0, x1, y1 float64) form {
		return func(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) { return pointsCrop(g, x0, y0, x1, y1) }
	}
	scale := func(x, y float64) form {
		return func(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) { return pointsScaled(g, x, y) }
	}
	rotate := func(degrees float64) form {
		return func(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) { return pointsRotated(g, degrees) }
	}
	return []pointsForm{
		{name: "same", make: scale(1, 1), least: .97},
		{name: "crop-half", make: crop(.15, .15, .86, .86), least: .92},
		{name: "crop-quarter", make: crop(.3, .4, .8, .9), least: .70},
		{name: "crop-random-70", make: pointsCropRandom(.7), least: .95},
		{name: "crop-random-50", make: pointsCropRandom(.5), least: .95},
		{name: "crop-random-35", make: pointsCropRandom(.35), least: .85},
		{name: "crop-random-25", make: pointsCropRandom(.25), least: .70},
		{name: "rot-1", make: rotate(1), least: .95},
		{name: "rot-5", make: rotate(5), least: .95},
		{name: "rot-90", make: rotate(90), least: .97},
		{name: "resize-50", make: scale(.5, .5), least: .90},
		{name: "resize-25", make: scale(.25, .25), least: .85},
		{name: "up-150", make: scale(1.5, 1.5), least: .95},
		{name: "mirror", make: pointsMirror, mirror: true, least: .97},
		{name: "squeeze-80", make: scale(.8, 1), least: .95},
		{name: "squeeze-60", make: scale(.6, 1), least: .85},
		{name: "tiled", make: pointsTiled, least: .95},
		{name: "tile-3x3", make: pointsFitted(393, 293), least: .97},
		{name: "crop-half+r50", least: .85, make: func(g *image.Gray, r *rand.Rand) (*image.Gray, pointsMap) {
			c, m := pointsCropRandom(.5)(g, r)
			out, half := pointsScaled(c, .5, .5)
			return out, func(x, y float64) (float64, float64) { return half(m(x, y)) }
		}},
	}
}

func pointsCrop(g *image.Gray, x0, y0, x1, y1 float64) (*image.Gray, pointsMap) {
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	r := image.Rect(int(x0*w+.5), int(y0*h+.5), int(x1*w+.5), int(y1*h+.5))
	out := pointsMapped(r.Dx(), r.Dy(), func(x, y float64) float64 { return pointsAt(g, x+float64(r.Min.X), y+float64(r.Min.Y)) })
	return out, func(x, y float64) (float64, float64) { return x - float64(r.Min.X), y - float64(r.Min.Y) }
}

// pointsCropRandom keeps that share of the area, at any place, its shape up to
// 1.4 from the picture's.
func pointsCropRandom(area float64) func(*image.Gray, *rand.Rand) (*image.Gray, pointsMap) {
	return func(g *image.Gray, r *rand.Rand) (*image.Gray, pointsMap) {
		k := math.Exp((2*r.Float64() - 1) * math.Log(1.4))
		w, h := min(1, math.Sqrt(area*k)), min(1, math.Sqrt(area/k))
		w, h = max(w, area/h), max(h, area/w)
		x, y := r.Float64()*(1-w), r.Float64()*(1-h)
		return pointsCrop(g, x, y, x+w, y+h)
	}
}

// pointsFitted makes the picture as large as w by h holds.
func pointsFitted(w, h float64) func(*image.Gray, *rand.Rand) (*image.Gray, pointsMap) {
	return func(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) {
		k := min(w/float64(g.Rect.Dx()), h/float64(g.Rect.Dy()))
		return pointsScaled(g, k, k)
	}
}

// pointsScaled averages where it shrinks, by 4x4 samples a pixel.
func pointsScaled(g *image.Gray, kx, ky float64) (*image.Gray, pointsMap) {
	w, h := max(1, int(float64(g.Rect.Dx())*kx+.5)), max(1, int(float64(g.Rect.Dy())*ky+.5))
	kx, ky = float64(w)/float64(g.Rect.Dx()), float64(h)/float64(g.Rect.Dy())
	out := pointsMapped(w, h, func(x, y float64) float64 {
		sum := 0.
		for i := range 16 {
			dx, dy := (float64(i%4)+.5)/4-.5, (float64(i/4)+.5)/4-.5
			sum += pointsAt(g, (x+.5+dx)/kx-.5, (y+.5+dy)/ky-.5)
		}
		return sum / 16
	})
	return out, func(x, y float64) (float64, float64) { return x * kx, y * ky }
}

// pointsRotated turns the picture clockwise; the canvas grows, its corners are black.
func pointsRotated(g *image.Gray, degrees float64) (*image.Gray, pointsMap) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	tw, th := math.Round(w*cos+h*sin), math.Round(w*sin+h*cos)
	out := pointsMapped(int(tw), int(th), func(x, y float64) float64 {
		x, y = x+.5-tw/2, y+.5-th/2
		u, v := x*cos+y*sin+w/2-.5, y*cos-x*sin+h/2-.5
		if u < -.5 || v < -.5 || u > w-.5 || v > h-.5 {
			return 0
		}
		return pointsAt(g, u, v)
	})
	return out, func(x, y float64) (float64, float64) {
		x, y = x-w/2, y-h/2
		return x*cos - y*sin + tw/2, x*sin + y*cos + th/2
	}
}

func pointsMirror(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) {
	out := pointsMapped(g.Rect.Dx(), g.Rect.Dy(), func(x, y float64) float64 { return pointsAt(g, float64(g.Rect.Dx()-1)-x, y) })
	return out, func(x, y float64) (float64, float64) { return x, y }
}

// pointsTiled lays bars at 45 % over the picture, as the letters of a tiled mark.
func pointsTiled(g *image.Gray, _ *rand.Rand) (*image.Gray, pointsMap) {
	s := .11 * float64(g.Rect.Dy())
	out := pointsMapped(g.Rect.Dx(), g.Rect.Dy(), func(x, y float64) float64 {
		v := pointsAt(g, x, y)
		row, along := math.Floor(y/(2*s)), 0.
		if int(row)%2 == 1 {
			along = 3 * s
		}
		in := math.Mod(x+along, 7*s)
		if math.Mod(y, 2*s) < .7*s && in < 4*s && math.Mod(in, .6*s) < .25*s {
			return v*.55 + 255*.45
		}
		return v
	})
	return out, func(x, y float64) (float64, float64) { return x, y }
}

func pointsMapped(w, h int, at func(x, y float64) float64) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.Pix[y*out.Stride+x] = uint8(min(255, max(0, at(float64(x), float64(y))+.5)))
		}
	}
	return out
}

// pointsAt is the grey between the pixels about a place; pixel 0 has its
// centre at 0.
func pointsAt(g *image.Gray, x, y float64) float64 {
	x, y = min(max(x, 0), float64(g.Rect.Dx()-1)), min(max(y, 0), float64(g.Rect.Dy()-1))
	i, j := int(x), int(y)
	k, l := min(i+1, g.Rect.Dx()-1), min(j+1, g.Rect.Dy()-1)
	u, v := x-float64(i), y-float64(j)
	p := func(i, j int) float64 { return float64(g.Pix[j*g.Stride+i]) }
	return (p(i, j)*(1-u)+p(k, j)*u)*(1-v) + (p(i, l)*(1-u)+p(k, l)*u)*v
}

// pointsJPEG is what is left of a plane after a JPEG of that quality.
func pointsJPEG(g *image.Gray, quality int) *image.Gray {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	return img.(*image.Gray)
}
