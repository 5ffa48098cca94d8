package demo

import (
	"fmt"
	"image/color"
	"math/rand/v2"
)

// road draws the lanes, their paint and their wear.
func (c *camera) road(r *rand.Rand) {
	b, x0, x1 := c.back, c.left, c.right()
	tar := dim(pick(r, rgb(0x5b5c60), rgb(0x6a6864), rgb(0x4d5055)), between(r, .9, 1.15))
	const far, near = 160, 1.6
	flat := func(ink color.NRGBA, x0, x1, z0, z1 float64) {
		c.quad(b, ink, [3]float64{x0, 0, z0}, [3]float64{x1, 0, z0}, [3]float64{x1, 0, z1}, [3]float64{x0, 0, z1})
	}
	flat(dim(tar, 1.35), x0-.9, x1+.9, near, far) // kerb
	flat(tar, x0, x1, near, far)
	for i := range c.lanes { // tyres polish two tracks
		m := x0 + (float64(i)+.5)*laneMetres
		for _, t := range []float64{-.8, .8} {
			flat(thin(dim(tar, .7), .35), m+t-.3, m+t+.3, near, far)
		}
	}
	for range 40 { // repairs
		x, z := between(r, x0, x1-1), between(r, 2, 30)
		flat(thin(dim(tar, pick(r, .6, .75, 1.25)), .5), x, min(x+between(r, .2, 1.6), x1), z, z+between(r, .3, 3))
	}
	for range 24 { // cracks
		x, z := between(r, x0, x1), between(r, 2.5, 14)
		ps := []xy{}
		for range 7 {
			ps = append(ps, c.at(min(max(x, x0), x1), 0, z))
			x, z = x+between(r, -.35, .35), z+between(r, .1, .6)
		}
		b.path(thin(dim(tar, .45), .7), 1.2, ps...)
	}
	white := thin(rgb(0xe8e6da), .85)
	flat(white, x0+.15, x0+.32, near, far)
	flat(white, x1-.32, x1-.15, near, far)
	for i := 1; i < c.lanes; i++ {
		x := x0 + float64(i)*laneMetres
		for z := between(r, 1.5, 3); z < 60; z += 4 {
			flat(white, x-.08, x+.08, z, z+2)
		}
	}
	m := c.lead()
	flat(white, m-1.6, m+1.6, c.gate-2.2, c.gate-1.6) // stop line
	z := between(r, 5.5, 7)
	c.quad(b, thin(rgb(0xe8e6da), .7), [3]float64{m - .12, 0, z}, [3]float64{m + .12, 0, z}, [3]float64{m + .12, 0, z + 2.2},
		[3]float64{m + .45, 0, z + 2.2}, [3]float64{m, 0, z + 3.6}, [3]float64{m - .45, 0, z + 2.2}, [3]float64{m - .12, 0, z + 2.2})
}

// hall puts the lane under a roof: walls, pillars, strip lights.
func (c *camera) hall() {
	b, x0, x1, high := c.back, c.left-1.6, c.right()+1.6, 3.1
	wall, end := rgb(0x9c9a92), 30.0
	c.quad(b, rgb(0x46484a), [3]float64{x0, 0, end}, [3]float64{x1, 0, end}, [3]float64{x1, high, end}, [3]float64{x0, high, end})
	c.quad(b, dim(wall, .55), [3]float64{x0, high, 1.5}, [3]float64{x1, high, 1.5}, [3]float64{x1, high, end}, [3]float64{x0, high, end})
	for i, x := range []float64{x0, x1} {
		tone := dim(wall, .8+.2*float64(i))
		c.quad(b, tone, [3]float64{x, 0, 1.2}, [3]float64{x, high, 1.2}, [3]float64{x, high, end}, [3]float64{x, 0, end})
		c.quad(b, rgb(0x3f6a8c), [3]float64{x, .9, 1.2}, [3]float64{x, 1.25, 1.2}, [3]float64{x, 1.25, end}, [3]float64{x, .9, end})
	}
	for z := 27.0; z > 2; z -= 4.5 {
		c.quad(b, rgb(0xf4f2dc), [3]float64{x0 + 1.5, high - .02, z}, [3]float64{x0 + 1.9, high - .02, z}, [3]float64{x0 + 1.9, high - .02, z + 2}, [3]float64{x0 + 1.5, high - .02, z + 2})
		c.quad(b, rgb(0xf4f2dc), [3]float64{x1 - 1.9, high - .02, z}, [3]float64{x1 - 1.5, high - .02, z}, [3]float64{x1 - 1.5, high - .02, z + 2}, [3]float64{x1 - 1.9, high - .02, z + 2})
		c.box(b, dim(wall, .9), x0, x0+.5, 0, high, z-1, z-.5)
		c.box(b, dim(wall, .9), x1-.5, x1, 0, high, z-1, z-.5)
	}
}

// plaza draws canopy, booth, gate and light.
func (c *camera) plaza(r *rand.Rand) {
	b, m := c.back, c.lead()
	if c.style == "toll plaza" || c.style == "desert gate" || c.style == "port" {
		c.canopy(r)
	}
	if c.style == "port" {
		for i := range 5 { // stacked boxes
			z := 40 - 5*float64(i)
			for high := range 1 + r.IntN(2) {
				ink := pick(r, rgb(0xa4482f), rgb(0x2f5c8a), rgb(0x4d7a4a), rgb(0xb08a2c), rgb(0x888c90))
				x := c.right() + 3.2
				if i%2 == 0 {
					x = c.left - 6
				}
				c.box(b, ink, x, x+2.6, 2.6*float64(high), 2.6*float64(high+1)-.1, z, z+6)
			}
		}
	}
	x := m + c.side*2.5 // the island with the booth
	kerb := rgb(0xb8b4a8)
	c.box(b, kerb, x-.65, x+.65, 0, .22, c.gate-7, c.gate+4)
	c.booth(r, x)
	c.box(b, rgb(0xd8b02c), x-.18, x+.18, .22, 1.15, c.gate-.2, c.gate+.2)
	c.lamp(x - c.side*.3)
	for i := range 3 { // bollards
		c.bollard(x, c.gate-6.6+float64(i)*.9)
	}
}

func (c *camera) canopy(r *rand.Rand) {
	b, z := c.back, c.gate
	low, high := 5.2, 6.3
	ink := pick(r, rgb(0xdcdcd6), rgb(0x3c6c9c), rgb(0x8c3c34))
	for _, x := range []float64{c.left - 1.4, c.right() + 1.4} {
		c.box(b, rgb(0xa8a8a4), x-.25, x+.25, 0, low, z+1, z+1.5)
	}
	c.box(b, ink, c.left-3, c.right()+3, low, high, z-1, z+7)
	for i := range c.lanes {
		x := c.left + (float64(i)+.5)*laneMetres
		c.box(b, rgb(0x1c2420), x-.8, x+.8, low-.95, low-.1, z-1.1, z-1)
		c.sign(b, rgb(0x7cf08c), fmt.Sprintf("L%d", i+1), x-.55, x+.55, low-.95, low-.05, z-1.1)
	}
}

func (c *camera) booth(r *rand.Rand, x float64) {
	b := c.back
	z0, z1 := c.gate-4.5, c.gate-2
	ink := pick(r, rgb(0xe6e2d4), rgb(0xc8d4d8), rgb(0xd8c8a4))
	c.box(b, ink, x-.6, x+.6, .22, 2.5, z0, z1)
	glass := rgb(0x3c5664)
	c.quad(b, glass, [3]float64{x - .5, 1.1, z0}, [3]float64{x + .5, 1.1, z0}, [3]float64{x + .5, 2.1, z0}, [3]float64{x - .5, 2.1, z0})
	c.quad(b, dim(glass, 1.6), [3]float64{x - .5, 1.1, z0}, [3]float64{x - .1, 1.1, z0}, [3]float64{x + .2, 2.1, z0}, [3]float64{x - .3, 2.1, z0})
	inner := x - c.side*.6 // the window towards the lane
	c.quad(b, dim(glass, .8), [3]float64{inner, 1.1, z0 + .3}, [3]float64{inner, 2.1, z0 + .3}, [3]float64{inner, 2.1, z1 - .3}, [3]float64{inner, 1.1, z1 - .3})
	c.quad(b, rgb(0xc8402c), [3]float64{x - .6, .7, z0}, [3]float64{x + .6, .7, z0}, [3]float64{x + .6, .9, z0}, [3]float64{x - .6, .9, z0})
	c.box(b, dim(ink, .7), x-.8, x+.8, 2.5, 2.68, z0-.3, z1+.3)
}

func (c *camera) lamp(x float64) {
	c.box(c.back, rgb(0x303438), x-.05, x+.05, .2, 2.3, c.gate+.4, c.gate+.5)
	c.box(c.back, rgb(0x181c1e), x-.2, x+.2, 2.2, 3.1, c.gate+.3, c.gate+.4)
}

func (c *camera) bollard(x, z float64) {
	for i := range 5 {
		ink := rgb(0xf0ece0)
		if i%2 == 0 {
			ink = rgb(0xcc3a26)
		}
		c.box(c.back, ink, x-.1, x+.1, .22+.16*float64(i), .22+.16*float64(i+1), z, z+.15)
	}
}

// edges draws walls, fences and posts along the road.
func (c *camera) edges(r *rand.Rand) {
	if c.style == "car park" {
		return
	}
	b := c.back
	for _, s := range []float64{-1, 1} {
		x := c.left - 1.3
		if s > 0 {
			x = c.right() + 1.3
		}
		switch kind := r.IntN(3); {
		case kind == 0 || c.style == "toll plaza": // blocks of concrete
			for z := 40.0; z > 2.2; z -= 2.5 {
				c.box(b, dim(rgb(0xb4b0a4), between(r, .85, 1.05)), x-.2, x+.2, 0, .82, z, z+2.35)
			}
		case kind == 1: // guard rail
			for z := 42.0; z > 2.4; z -= 2 {
				c.box(b, rgb(0x84888a), x-.05, x+.05, 0, .7, z, z+.1)
			}
			c.box(b, rgb(0xb0b6b8), x-.07, x+.07, .42, .74, 2, 44)
		default: // wire fence
			for z := 40.0; z > 2.4; z -= 2.4 {
				c.box(b, rgb(0x50584c), x-.04, x+.04, 0, 2, z, z+.08)
			}
			for _, y := range []float64{.4, 1, 1.6, 2} {
				b.line(rgb(0x70786c), 1.2, c.at(x, y, 2), c.at(x, y, 42))
			}
		}
		if r.IntN(2) == 0 {
			z := between(r, 18, 26)
			c.box(b, rgb(0x585c60), x+s*.8-.08, x+s*.8+.08, 0, 7, z, z+.15)
			c.box(b, rgb(0x585c60), min(x+s*.8, x-s), max(x+s*.8, x-s), 6.9, 7.05, z, z+.15)
		}
	}
}
