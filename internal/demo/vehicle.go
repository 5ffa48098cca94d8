package demo

import (
	"image/color"
	"math/rand/v2"
)

// body is a kind of vehicle, in metres. It is drawn as a lower box with a
// cabin on top; nose and tail are what sticks out before and behind the cabin.
type body struct {
	name       string
	w, l       float64
	belt, high float64 // where windows begin, where the roof is
	nose, tail float64
	slope      float64 // how far the windscreen leans back
}

func bodies() []body {
	return []body{
		{"hatchback", 1.72, 3.9, .92, 1.47, .85, .05, .75},
		{"saloon", 1.80, 4.6, .92, 1.43, 1.15, .75, .80},
		{"estate", 1.80, 4.7, .94, 1.50, 1.10, .05, .80},
		{"off-roader", 1.92, 4.7, 1.12, 1.85, 1.15, .05, .45},
		{"pickup", 1.95, 5.4, 1.12, 1.82, 1.25, 1.7, .50},
		{"van", 2.00, 5.3, 1.15, 2.35, .55, .05, .50},
		{"lorry", 2.45, 8.5, 1.55, 2.75, .05, 5.9, .12},
		{"bus", 2.50, 11, 1.30, 3.15, .02, .02, .10},
	}
}

// vehicle is one that passes.
type vehicle struct {
	body
	ink       color.NRGBA
	x, z      float64 // middle, and the face that is nearest
	rear      bool    // seen from behind
	lights    bool
	plate     string
	rack      bool // something on the roof
	twoTone   bool
	grille    int
	brakeSign bool
}

// newVehicle makes one up at x, z.
func newVehicle(r *rand.Rand, x, z float64) vehicle {
	paints := []color.NRGBA{rgb(0xf2f2ee), rgb(0x17181b), rgb(0xb9bcc0), rgb(0x6a6e74), rgb(0xa31d1d), rgb(0x1d3f86),
		rgb(0x2f6b3f), rgb(0xd9b53a), rgb(0xd8691f), rgb(0x6b4a2f), rgb(0x7db2d6), rgb(0x4b1f4a)}
	kinds := bodies()
	return vehicle{
		body: kinds[r.IntN(len(kinds))], ink: dim(pick(r, paints...), between(r, .85, 1.1)), x: x, z: z, rear: r.IntN(3) == 0,
		lights: r.IntN(3) == 0, plate: plateText(r), rack: r.IntN(4) == 0, twoTone: r.IntN(4) == 0, grille: r.IntN(4), brakeSign: r.IntN(2) == 0,
	}
}

type p3 = [3]float64

// draw paints the vehicle, far faces first.
func (v vehicle) draw(c *camera, on *canvas) {
	x0, x1, z := v.x-v.w/2, v.x+v.w/2, v.z
	floor := .28
	if v.name == "lorry" || v.name == "bus" {
		floor = .42
	}
	for i := range 4 { // the ground below is dark, softly
		g := .12 * float64(4-i)
		c.quad(on, thin(rgb(0x101014), .22), p3{x0 - g, 0, z - g}, p3{x1 + g, 0, z - g}, p3{x1 + g, 0, z + v.l + g}, p3{x0 - g, 0, z + v.l + g})
	}
	nose, tail := v.nose, v.tail
	if v.rear {
		nose, tail = tail, nose
	}
	cab0, cab1 := z+nose, z+v.l-tail
	if v.rear && v.name == "lorry" { // the load hides the cab
		cab0, cab1 = z+v.l-2, z+v.l
	}
	v.load(c, on, cab0, cab1)
	v.cabin(c, on, cab0, cab1)
	v.flank(c, on, floor)
	if v.name != "lorry" || !v.rear {
		// Bonnet or boot.
		c.quad(on, dim(v.ink, 1.12), p3{x0, v.belt, z}, p3{x1, v.belt, z}, p3{x1 - .06, v.belt + .04, cab0 + .05}, p3{x0 + .06, v.belt + .04, cab0 + .05})
		for _, s := range []float64{-.32, .29} {
			c.quad(on, thin(rgb(0x000000), .2), p3{v.x + s*v.w, v.belt, z}, p3{v.x + s*v.w + .05, v.belt, z}, p3{v.x + s*v.w + .04, v.belt + .04, cab0}, p3{v.x + s*v.w, v.belt + .04, cab0})
		}
	}
	for _, x := range []float64{x0 + .02, x1 - .27} { // tyres
		c.quad(on, rgb(0x141414), p3{x, 0, z + .1}, p3{x + .25, 0, z + .1}, p3{x + .25, .6, z + .1}, p3{x, .6, z + .1})
	}
	v.face(c, on, floor)
}

// cabin paints roof, windows and pillars.
func (v vehicle) cabin(c *camera, on *canvas, z0, z1 float64) {
	x0, x1 := v.x-v.w/2+.04, v.x+v.w/2-.04
	in := .17 * min(v.slope*1.4, 1) // the roof is narrower than the belt
	back := v.slope * .6
	glass := rgb(0x27343d)
	if c.up > v.high {
		roof := dim(v.ink, 1.18)
		if v.twoTone {
			roof = rgb(0x1c1c1e)
		}
		c.quad(on, roof, p3{x0 + in, v.high, z0 + v.slope}, p3{x1 - in, v.high, z0 + v.slope}, p3{x1 - in, v.high, z1 - back}, p3{x0 + in, v.high, z1 - back})
		if v.rack {
			c.box(on, rgb(0x3c3a36), x0+in+.1, x1-in-.1, v.high, v.high+.28, z0+v.slope+.3, z1-back-.3)
		}
	}
	for _, s := range []float64{-1, 1} { // the side that can be seen
		x, top := x0, x0+in
		if s > 0 {
			x, top = x1, x1-in
		}
		if s < 0 && x <= 0 || s > 0 && x >= 0 {
			continue
		}
		c.quad(on, dim(v.ink, .8), p3{x, v.belt, z0}, p3{top, v.high, z0 + v.slope}, p3{top, v.high, z1 - back}, p3{x, v.belt, z1})
		m := (z0 + z1) / 2
		for _, w := range [][2]float64{{z0 + v.slope*.5 + .12, m - .06}, {m + .06, z1 - back*.6 - .15}} {
			c.quad(on, dim(glass, 1.25), p3{x, v.belt + .06, w[0]}, p3{top, v.high - .1, w[0] + v.slope*.3}, p3{top, v.high - .1, w[1]}, p3{x, v.belt + .06, w[1]})
		}
	}
	// Windscreen: frame, glass, the sky in it.
	c.quad(on, v.ink, p3{x0, v.belt, z0}, p3{x1, v.belt, z0}, p3{x1 - in, v.high, z0 + v.slope}, p3{x0 + in, v.high, z0 + v.slope})
	g := func(t, u float64) p3 { // t across, u up
		w := in * u
		return p3{x0 + .07 + w + (x1-x0-.14-2*w)*t, v.belt + .05 + (v.high-v.belt-.13)*u, z0 + v.slope*u - .01}
	}
	c.quad(on, glass, g(0, 0), g(1, 0), g(1, 1), g(0, 1))
	c.quad(on, thin(rgb(0xb8d0dc), .35), g(.1, 0), g(.42, 0), g(.62, 1), g(.3, 1))
	c.quad(on, thin(rgb(0xb8d0dc), .2), g(.55, 0), g(.62, 0), g(.8, 1), g(.73, 1))
	c.quad(on, thin(rgb(0x080a0c), .7), g(0, 0), g(1, 0), g(1, .16), g(0, .16))
	for _, x := range []float64{x0 - .2, x1} { // mirrors
		if !v.rear {
			c.box(on, dim(v.ink, .8), x, x+.2, v.belt+.02, v.belt+.2, z0+.3, z0+.45)
		}
	}
}

// load paints what a lorry or a pickup carries.
func (v vehicle) load(c *camera, on *canvas, cab0, cab1 float64) {
	x0, x1 := v.x-v.w/2, v.x+v.w/2
	switch {
	case v.name == "lorry" && v.rear:
		c.box(on, dim(mix(v.ink, rgb(0xdddddd), .5), 1), x0, x1, .9, 3.6, v.z, cab0-.3)
	case v.name == "lorry":
		c.box(on, mix(v.ink, rgb(0xe6e6e0), .6), x0-.03, x1+.03, .9, 3.7, cab1+.3, v.z+v.l)
	case v.name == "pickup" && !v.rear:
		c.box(on, rgb(0x6a5a40), x0+.15, x1-.15, v.belt, v.belt+.35, cab1+.3, v.z+v.l-.2)
	}
}

// flank paints the visible side below the windows, with wheels.
func (v vehicle) flank(c *camera, on *canvas, floor float64) {
	x := v.x - v.w/2
	if x <= 0 {
		x = v.x + v.w/2
		if x >= 0 {
			return
		}
	}
	z, end := v.z, v.z+v.l
	c.quad(on, dim(v.ink, .68), p3{x, floor, z}, p3{x, v.belt, z}, p3{x, v.belt, end}, p3{x, floor, end})
	c.quad(on, thin(rgb(0x101010), .5), p3{x, floor, z}, p3{x, floor + .14, z}, p3{x, floor + .14, end}, p3{x, floor, end})
	for _, t := range []float64{.8, v.l - .95} {
		var ps []xy
		for _, q := range arc(0, 0, .36, .34, 0, 6.283) {
			ps = append(ps, c.at(x, .34+q.y, z+t+q.x))
		}
		on.poly(rgb(0x121212), ps...)
		ps = nil
		for _, q := range arc(0, 0, .2, .19, 0, 6.283) {
			ps = append(ps, c.at(x, .34+q.y, z+t+q.x))
		}
		on.poly(rgb(0x8e9296), ps...)
	}
}

// face paints what is nearest: grille or tailgate, lamps, bumper, plate.
func (v vehicle) face(c *camera, on *canvas, floor float64) {
	x0, x1, z := v.x-v.w/2, v.x+v.w/2, v.z
	part := func(ink color.NRGBA, a, b, low, high float64) { // shares of width and of the face's height
		w, h := x1-x0, v.belt-floor
		p, q := c.at(x0+a*w, floor+high*h, z), c.at(x0+b*w, floor+low*h, z)
		on.round(ink, p.x, p.y, q.x, q.y, (q.y-p.y)*.25)
	}
	part(v.ink, 0, 1, 0, 1)
	part(dim(v.ink, .82), .02, .98, .02, .42) // bumper
	part(rgb(0x1a1a1c), .1, .9, .02, .16)
	lamp := []color.NRGBA{rgb(0xdfe6ea), rgb(0xfffbe2)}
	if v.rear {
		lamp = []color.NRGBA{rgb(0x8e1616), rgb(0xff4a3a)}
	}
	glass := lamp[0]
	if v.lights {
		glass = lamp[1]
	}
	if v.rear {
		part(dim(v.ink, .9), .12, .88, .45, .95)
		part(glass, .02, .14, .45, .95)
		part(glass, .86, .98, .45, .95)
		if v.name == "lorry" {
			part(rgb(0xd8a020), .2, .8, .1, .3)
		}
	} else {
		dark := rgb(0x161618)
		switch v.grille {
		case 0:
			part(dark, .28, .72, .5, .85)
		case 1:
			part(dark, .3, .7, .3, .9)
			for i := range 4 {
				part(rgb(0xb8bcc0), .31, .69, .36+.13*float64(i), .4+.13*float64(i))
			}
		case 2:
			part(dark, .2, .8, .62, .8)
			part(rgb(0xc8ccd0), .46, .54, .58, .84)
		default:
			part(dark, .25, .48, .52, .85)
			part(dark, .52, .75, .52, .85)
		}
		part(dim(glass, .6), .02, .25, .5, .88)
		part(glass, .04, .22, .54, .84)
		part(glass, .78, .96, .54, .84)
	}
	low := .16
	a, b := c.at(v.x-.27, floor+low+.13, z-.02), c.at(v.x+.27, floor+low, z-.02)
	on.round(rgb(0x222222), a.x-1, a.y-1, b.x+1, b.y+1, 2)
	on.round(rgb(0xf3f3ea), a.x, a.y, b.x, b.y, 2)
	if b.x-a.x > 24 {
		on.textOn(rgb(0x15181c), v.plate, xy{a.x + 2, a.y}, xy{b.x - 2, a.y}, xy{a.x + 2, b.y})
	}
}

// shine adds the light of its lamps.
func (v vehicle) shine(c *camera, on *canvas, strength float64) {
	if !v.lights {
		return
	}
	ink, wide := rgb(0xfff4d0), .5
	if v.rear {
		ink, wide = rgb(0xff3020), .35
	}
	for _, x := range []float64{v.x - v.w/2 + .22, v.x + v.w/2 - .22} {
		p := c.at(x, .28+.7*(v.belt-.28), v.z)
		on.glow(thin(ink, strength), p.x, p.y, c.focal/v.z*wide)
	}
}
