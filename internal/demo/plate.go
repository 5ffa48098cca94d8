package demo

import (
	"image/color"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

const (
	plateWidth  = 520 // pixels
	plateHeight = 200
)

// plateText invents a number. Each begins with a digit pair and a Q, which no
// office that we know of gives out.
func plateText(r *rand.Rand) string {
	const letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	s := []byte{byte('0' + r.IntN(10)), 'Q'}
	for i := range 5 + r.IntN(2) {
		if i%3 == 1 {
			s = append(s, letters[r.IntN(len(letters))])
		} else {
			s = append(s, byte('0'+r.IntN(10)))
		}
	}
	return string(s)
}

// livery is how the plates of one invented place look.
type livery struct {
	name             string
	ground, ink, rim color.NRGBA
	band             bool // a coloured band on the left
	top              bool // the place's name above
}

func liveries() []livery {
	return []livery{
		{"NORTH MARCH", rgb(0xf4f3ea), rgb(0x17213c), rgb(0x17213c), false, true},
		{"AZORIA", rgb(0xf2c832), rgb(0x18181a), rgb(0x18181a), false, false},
		{"LOWLAND", rgb(0xf6f6f2), rgb(0x121416), rgb(0x121416), true, false},
		{"SIERRA BAY", rgb(0xcfe2ee), rgb(0x8a1c22), rgb(0x1c3f74), false, true},
		{"VESPER", rgb(0x1d4f38), rgb(0xf2f2ea), rgb(0xf2f2ea), false, true},
		{"OLD HARBOUR", rgb(0x20242a), rgb(0xe8e8e2), rgb(0xb8b8b0), false, false},
	}
}

// drawPlate draws plate i: the cut-out of a bumper with a plate on it.
func drawPlate(i int, seed uint64) *canvas {
	r := source(seed, placePlate, i)
	on := newCanvas(plateWidth, plateHeight)
	drawBumper(r, on)
	flat := drawFlatPlate(r)
	w, h := flat.size()
	// The plate hangs a little askew, at another distance each time.
	k := between(r, .66, 1.02)
	kx, ky := k*between(r, .88, 1.06), k*between(r, .85, 1.1)
	lean, turn := between(r, -.22, .22), between(r, -.11, .11)
	m := [6]float64{kx, lean * ky, 0, turn * kx, ky, 0}
	m[2] = plateWidth/2 + between(r, -42, 42) - m[0]*w/2 - m[1]*h/2
	m[5] = plateHeight/2 + between(r, -18, 18) - m[3]*w/2 - m[4]*h/2
	shadow := func(x, y float64) xy { return xy{m[0]*x + m[1]*y + m[2] + 5, m[3]*x + m[4]*y + m[5] + 6} }
	on.poly(thin(rgb(0x000000), .45), shadow(0, 0), shadow(w, 0), shadow(w, h), shadow(0, h))
	draw.ApproxBiLinear.Transform(on.RGBA, m, flat.RGBA, flat.Rect, draw.Over, nil)
	plateLight(r, on)
	on.grain(r, 7)
	return on
}

// drawBumper draws what is around a plate: paint, gaps, lamps, grille.
func drawBumper(r *rand.Rand, on *canvas) {
	paint := newVehicle(r, 0, 0).ink
	on.vertical(0, plateHeight, dim(paint, between(r, .9, 1.4)), dim(paint, between(r, .35, .7)))
	y := between(r, 12, 70)
	on.rect(dim(paint, .45), 0, y, plateWidth, y+between(r, 3, 8))
	on.rect(thin(rgb(0xffffff), .25), 0, y+8, plateWidth, y+12)
	dark := rgb(0x141416)
	switch r.IntN(4) {
	case 0: // grille above
		for x := -10.0; x < plateWidth; x += 22 {
			on.poly(dark, xy{x, 0}, xy{x + 13, 0}, xy{x + 9, y}, xy{x + 4, y})
		}
	case 1: // air intake below
		top := between(r, 150, 172)
		on.round(dark, between(r, 20, 120), top, between(r, 400, 500), plateHeight+30, 14)
		for x := 60.0; x < 460; x += 16 {
			on.line(rgb(0x38383c), 2, xy{x, top + 4}, xy{x, plateHeight})
		}
	case 2: // lamps
		ink := pick(r, rgb(0xb01818), rgb(0xe8ecee))
		on.ellipse(ink, between(r, -20, 10), between(r, 20, 90), between(r, 40, 80), between(r, 24, 50))
		on.ellipse(ink, between(r, 510, 540), between(r, 20, 90), between(r, 40, 80), between(r, 24, 50))
	default: // boards of a lorry
		for x := between(r, 0, 30); x < plateWidth; x += 64 {
			on.rect(dim(paint, .55), x, 0, x+4, plateHeight)
		}
		on.rect(rgb(0xd8a828), 0, 176, plateWidth, plateHeight)
	}
	on.shade(newField(r, 5, 3), 0, plateHeight, 30)
	for range r.IntN(14) { // mud and scratches
		x, y := between(r, 0, plateWidth), between(r, 0, plateHeight)
		on.ellipse(thin(rgb(0x50402c), .4), x, y, between(r, 2, 22), between(r, 2, 9))
		on.line(thin(rgb(0xe0e0e0), .25), 1, xy{x, y}, xy{x + between(r, -60, 60), y + between(r, -12, 12)})
	}
}

// drawFlatPlate draws the plate itself, seen from the front.
func drawFlatPlate(r *rand.Rand) *canvas {
	const w, h = 440, 116
	p := newCanvas(w, h)
	all := liveries()
	l := all[r.IntN(len(all))]
	p.round(rgb(0x18181a), 0, 0, w, h, 14)
	p.round(l.rim, 4, 4, w-4, h-4, 11)
	p.round(l.ground, 8, 8, w-8, h-8, 8)
	x0, y, high := 20.0, 12.0, 92.0
	if l.band {
		p.rect(rgb(0x1f4fb0), 8, 10, 44, h-10)
		p.text(rgb(0xf2d020), "LL", 14, h-44, 22)
		for i := range 8 {
			q := arc(26, 36, 11, 11, float64(i)*.785, 7)[0]
			p.ellipse(rgb(0xf2d020), q.x, q.y, 2, 2)
		}
		x0 = 52
	}
	if l.top {
		p.text(l.rim, l.name, w/2-textWidth(l.name, 24)/2, 9, 24)
		y, high = 30, 78
	}
	text := plateText(r)
	cut := 2 + r.IntN(2)
	text = text[:cut] + pick(r, "-", " ", ".") + text[cut:]
	// Each character is set apart so that the line fills the plate.
	step := (w - 18 - x0) / float64(len(text))
	for i := range len(text) {
		mask := textMask(text[i:i+1], high)
		narrow := step * 1.02
		box := mask.Rect
		box.Max.X, box.Max.Y = int(narrow), int(high*1.06)
		at := box.Add(imagePoint(x0+step*float64(i)-step*.02, y))
		inked := newCanvas(mask.Rect.Dx(), mask.Rect.Dy())
		draw.DrawMask(inked.RGBA, mask.Rect, uniform(l.ink), mask.Rect.Min, mask, mask.Rect.Min, draw.Src)
		draw.ApproxBiLinear.Scale(p.RGBA, at, inked.RGBA, mask.Rect, draw.Over, nil)
	}
	for _, x := range []float64{w * .18, w * .82} { // screws
		p.ellipse(rgb(0x8c8c88), x, h-12, 4, 4)
		p.line(rgb(0x40403c), 1.4, xy{x - 3, h - 12}, xy{x + 3, h - 12})
	}
	return p
}

// plateLight lays sun, shadow or a lamp over the picture.
func plateLight(r *rand.Rand, on *canvas) {
	switch r.IntN(4) {
	case 0: // a shadow across
		x, lean, w := between(r, -60, 420), between(r, -140, 140), between(r, 60, 320)
		on.poly(thin(rgb(0x06080e), between(r, .35, .6)), xy{x, 0}, xy{x + w, 0}, xy{x + w + lean, plateHeight}, xy{x + lean, plateHeight})
	case 1: // flash
		on.glow(thin(rgb(0xfffff0), between(r, .3, .6)), between(r, 60, 460), between(r, 20, 180), between(r, 120, 300))
	case 2: // night
		on.vertical(0, plateHeight, thin(rgb(0x080c18), between(r, .3, .7)), thin(rgb(0x080c18), between(r, .1, .6)))
		on.glow(thin(rgb(0xffe8b0), .6), between(r, 0, plateWidth), between(r, 0, plateHeight), between(r, 140, 260))
	default:
		on.shade(newField(r, 3, 2), 0, plateHeight, 40)
	}
}
