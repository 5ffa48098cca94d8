package demo

import (
	"fmt"
	"image/color"
	"math/rand/v2"
)

const (
	laneWidth  = 640 // pixels
	laneHeight = 480
)

// camera looks along a lane. Metres: X to the right of it, Y up from the
// ground, Z ahead.
type camera struct {
	index  int
	style  string
	focal  float64 // pixels
	up     float64 // height above the ground
	vx, hy float64 // where the lane vanishes, in pixels
	left   float64 // of the road, X
	lanes  int
	lane   int     // the one that it watches, from 0
	gate   float64 // Z of the gate
	side   float64 // of the booth: -1 or 1
	back   *canvas // what it sees when nothing is there
}

const laneMetres = 3.6

// styles are the places where cameras stand.
func styles() []string {
	return []string{"desert gate", "toll plaza", "mountain pass", "car park", "forest gate", "port"}
}

// newCamera puts up camera i of a world.
func newCamera(i int, seed uint64) *camera {
	r := source(seed, placeCamera, i)
	c := &camera{
		index: i, style: styles()[i%len(styles())],
		focal: between(r, 560, 720), up: between(r, 2.6, 3.8), vx: between(r, 230, 410), hy: between(r, 95, 150),
		lanes: 2 + r.IntN(2), gate: between(r, 13, 17), side: pick(r, -1.0, 1),
		back: newCanvas(laneWidth, laneHeight),
	}
	switch c.style {
	case "port":
		c.hy, c.up, c.gate = between(r, -40, 0), between(r, 5.2, 6), 19
	case "car park":
		c.hy, c.up, c.lanes, c.gate = between(r, 150, 175), between(r, 2.1, 2.5), 1, 12
	case "toll plaza":
		c.lanes, c.hy = 3, between(r, 70, 110)
	}
	c.lane = r.IntN(c.lanes)
	c.left = -(float64(c.lane)+.5)*laneMetres + between(r, -.9, .9)
	c.paint(r)
	return c
}

// at projects a point of the place onto the picture.
func (c *camera) at(x, y, z float64) xy {
	z = max(z, .8)
	return xy{c.vx + c.focal*x/z, c.hy + c.focal*(c.up-y)/z}
}

// lead is the middle of the watched lane, X.
func (c *camera) lead() float64 { return c.left + (float64(c.lane)+.5)*laneMetres }

func (c *camera) right() float64 { return c.left + float64(c.lanes)*laneMetres }

// quad fills a plane given by four points of the place.
func (c *camera) quad(on *canvas, ink color.NRGBA, p ...[3]float64) {
	ps := make([]xy, len(p))
	for i, q := range p {
		ps[i] = c.at(q[0], q[1], q[2])
	}
	on.poly(ink, ps...)
}

// box draws a box: the faces that the camera can see, the front last.
func (c *camera) box(on *canvas, ink color.NRGBA, x0, x1, y0, y1, z0, z1 float64) {
	switch {
	case y1 < c.up:
		c.quad(on, dim(ink, 1.2), [3]float64{x0, y1, z0}, [3]float64{x1, y1, z0}, [3]float64{x1, y1, z1}, [3]float64{x0, y1, z1})
	case y0 > c.up:
		c.quad(on, dim(ink, .4), [3]float64{x0, y0, z0}, [3]float64{x1, y0, z0}, [3]float64{x1, y0, z1}, [3]float64{x0, y0, z1})
	}
	if x0 > 0 {
		c.quad(on, dim(ink, .62), [3]float64{x0, y0, z0}, [3]float64{x0, y1, z0}, [3]float64{x0, y1, z1}, [3]float64{x0, y0, z1})
	}
	if x1 < 0 {
		c.quad(on, dim(ink, .72), [3]float64{x1, y0, z0}, [3]float64{x1, y1, z0}, [3]float64{x1, y1, z1}, [3]float64{x1, y0, z1})
	}
	c.quad(on, ink, [3]float64{x0, y0, z0}, [3]float64{x1, y0, z0}, [3]float64{x1, y1, z0}, [3]float64{x0, y1, z0})
}

// sign writes text onto an upright plane that faces the camera.
func (c *camera) sign(on *canvas, ink color.NRGBA, text string, x0, x1, y0, y1, z float64) {
	on.textOn(ink, text, c.at(x0, y1, z), c.at(x1, y1, z), c.at(x0, y0, z))
}

// label is what the camera writes into each of its pictures.
func (c *camera) label() string {
	return fmt.Sprintf("%s  CAM %02d  LANE %d", []string{"GATE-W", "PLAZA", "PASS", "P2-IN", "WOOD-N", "PORT"}[c.index%6], c.index+1, c.lane+1)
}

// paint draws the empty place, far things first.
func (c *camera) paint(r *rand.Rand) {
	c.sky(r)
	c.land(r)
	c.road(r)
	if c.style == "car park" {
		c.hall()
	}
	c.plaza(r)
	c.edges(r)
}

// sky draws what is above the horizon.
func (c *camera) sky(r *rand.Rand) {
	b, horizon := c.back, int(c.hy)
	top, low := rgb(0x5d8fc4), rgb(0xd9e2e6)
	if c.style == "desert gate" {
		top, low = rgb(0x6fa3d0), rgb(0xefe0c4)
	}
	b.vertical(0, max(horizon+2, 1), top, low)
	b.shade(newField(r, 7, 5), 0, horizon, 26)
	b.shade(newField(r, 19, 9), 0, horizon, 16)
	far := []color.NRGBA{rgb(0x8f9fb0), rgb(0x6f7f86), rgb(0x55635a)}
	for layer := range 3 {
		high := []float64{62, 40, 24}[layer]
		switch c.style {
		case "mountain pass":
			high *= 1.7
		case "toll plaza":
			if layer > 0 {
				c.skyline(r, far[layer], high*1.3)
				continue
			}
		case "forest gate":
			if layer > 0 {
				c.trees(r, layer)
				continue
			}
		}
		f := newField(r, 5+6*layer, 1)
		ps := []xy{{0, c.hy + 3}}
		for x := 0.0; x <= laneWidth; x += 8 {
			ps = append(ps, xy{x, c.hy - high*(.55+.45*f.at(x/laneWidth, 0)) + between(r, 0, 3)})
		}
		b.poly(far[layer], append(ps, xy{laneWidth, c.hy + 3})...)
	}
}

// skyline puts a row of houses at the horizon.
func (c *camera) skyline(r *rand.Rand, ink color.NRGBA, high float64) {
	for x := -10.0; x < laneWidth; {
		w, h := between(r, 18, 52), high*between(r, .5, 1.5)
		tone := dim(ink, between(r, .8, 1.15))
		c.back.rect(tone, x, c.hy-h, x+w, c.hy+3)
		for wy := c.hy - h + 5; wy < c.hy-6; wy += 7 {
			for wx := x + 4; wx < x+w-4; wx += 6 {
				c.back.rect(dim(tone, pick(r, .6, .75, 1.4)), wx, wy, wx+3, wy+4)
			}
		}
		x += w + between(r, 0, 6)
	}
}

// trees puts a wood at the horizon, the nearer the higher.
func (c *camera) trees(r *rand.Rand, layer int) {
	for x := -20.0; x < laneWidth+20; x += between(r, 9, 26) {
		h := between(r, 40, 75) * float64(layer)
		ink := dim(mix(rgb(0x2f4a2c), rgb(0x5c7040), r.Float64()), between(r, .6, 1.1))
		for k := range 4 {
			t := float64(k) / 4
			w := h * .32 * (1 - t*.8)
			c.back.poly(dim(ink, 1+.12*t), xy{x - w, c.hy + 4 - h*t*.8}, xy{x + w, c.hy + 4 - h*t*.8}, xy{x, c.hy - h*(t*.8+.35)})
		}
	}
}

// land draws the ground beside the road.
func (c *camera) land(r *rand.Rand) {
	ink := map[string]color.NRGBA{"desert gate": rgb(0xc2a878), "toll plaza": rgb(0x8a9068), "mountain pass": rgb(0x87896e),
		"car park": rgb(0x7c7c7a), "forest gate": rgb(0x5f7340), "port": rgb(0x9a9790)}[c.style]
	b, from := c.back, max(int(c.hy)+2, 0)
	b.vertical(from, laneHeight, dim(ink, 1.12), dim(ink, .82))
	rough := 22.0
	if c.style == "port" { // concrete
		rough = 6
	}
	for x := range 3 {
		b.shade(newField(r, 8<<x, 6<<x), from, laneHeight, rough)
	}
	for range 260 { // stones and tufts
		z := between(r, 3, 40)
		p := c.at(between(r, -14, 14), 0, z)
		s := 60 / z * between(r, .15, .5)
		b.ellipse(dim(ink, pick(r, .55, .75, 1.25)), p.x, p.y, s, s*.5)
	}
}
