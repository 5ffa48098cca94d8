package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

func drawMap(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.rect(rgb(0xe9e4d4), 0, 0, w, h)
	for range 9 { // woods and ponds
		x, y := between(r, 0, w), between(r, 0, h)
		var ps []xy
		for _, p := range arc(x, y, between(r, 30, 110), between(r, 30, 90), 0, 2*math.Pi) {
			ps = append(ps, xy{p.x + between(r, -12, 12), p.y + between(r, -12, 12)})
		}
		c.poly(pick(r, rgb(0xa9cf9a), rgb(0x8fbfe0), rgb(0xc9dcae)), ps...)
	}
	for range 14 { // streets
		f := newField(r, 5, 1)
		a, b := between(r, 0, h), between(r, 0, h)
		var ps []xy
		for t := 0.0; t <= 1; t += .04 {
			p := xy{t * w, a + (b-a)*t + 50*f.at(t, 0)}
			if r.IntN(30) > 14 && len(ps) == 0 {
				p = xy{p.y, p.x}
			}
			ps = append(ps, p)
		}
		width := between(r, 3, 13)
		c.path(rgb(0x9a9488), width+2, ps...)
		c.path(pick(r, rgb(0xffffff), rgb(0xf6d878), rgb(0xf0b070)), width, ps...)
	}
	for range 160 { // houses
		x, y := between(r, 0, w), between(r, 0, h)
		c.rect(rgb(0xc4b4a4), x, y, x+between(r, 5, 18), y+between(r, 5, 18))
	}
	c.ellipse(rgb(0xd02020), between(r, 80, w-80), between(r, 80, h-80), 12, 12)
}

func drawSea(r *rand.Rand, c *canvas) {
	w, h := c.size()
	line := h * between(r, .35, .55)
	c.vertical(0, int(line), hue(between(r, .5, .65), .55, .8), rgb(0xf6ead2))
	c.shade(newField(r, 9, 7), 0, int(line), 50)
	c.vertical(int(line), int(h), hue(.55, .5, .55), hue(between(r, .5, .62), .8, .3))
	for range 420 {
		y := line + (h-line)*math.Pow(r.Float64(), 1.6)
		s := 3 + 34*(y-line)/(h-line)
		x := between(r, -20, w)
		c.ellipse(thin(pick(r, rgb(0xffffff), rgb(0x0c2c48)), .35), x, y, s, s*.13)
	}
	for range 1 + r.IntN(4) { // boats
		x, s := between(r, 60, w-60), between(r, 20, 80)
		y := line + s*between(r, .2, 1.2)
		ink := hue(r.Float64(), .6, .5)
		c.poly(ink, xy{x - s, y}, xy{x + s, y}, xy{x + s*.7, y + s*.3}, xy{x - s*.8, y + s*.3})
		c.line(rgb(0x3c2c20), s*.06, xy{x, y}, xy{x, y - s*1.6})
		c.poly(rgb(0xf4f0e4), xy{x + 3, y - s*1.6}, xy{x + s*.8, y - s*.1}, xy{x + 3, y - s*.1})
		c.poly(hue(r.Float64(), .5, .9), xy{x - 3, y - s*1.4}, xy{x - s*.6, y - s*.1}, xy{x - 3, y - s*.1})
	}
}

func drawLogo(r *rand.Rand, c *canvas) {
	w, h := c.size()
	a, b := hue(r.Float64(), .7, .5), hue(r.Float64(), .5, .95)
	c.rect(b, 0, 0, w, h)
	n := 5 + r.IntN(9)
	in, turn := between(r, .3, .8), between(r, 0, 3)
	var ps []xy
	for i := range 2 * n {
		radius := w * .42
		if i%2 == 1 {
			radius *= in
		}
		ps = append(ps, arc(w/2+between(r, -8, 8), h*.45, radius, radius, turn+math.Pi*float64(i)/float64(n), 9)[0])
	}
	c.poly(a, ps...)
	for range 5 {
		c.ellipse(hue(r.Float64(), .6, .9), w*between(r, .15, .85), h*between(r, .1, .8), between(r, 8, 40), between(r, 8, 40))
	}
	name := pick(r, "KRAKN", "NULLBAY", "DUSK", "ORCHID", "VOID9", "HELIX")
	c.rect(dim(a, .5), 0, h*.78, w, h)
	c.text(b, name, w/2-textWidth(name, 44)/2, h*.8, 44)
}

func drawStillLife(r *rand.Rand, c *canvas) {
	w, h := c.size()
	table := h * between(r, .5, .7)
	c.vertical(0, int(table), hue(r.Float64(), .3, .4), hue(r.Float64(), .3, .7))
	c.shade(newField(r, 6, 5), 0, int(table), 40)
	c.vertical(int(table), int(h), rgb(0x8a5a34), rgb(0x4c3020))
	for y := table; y < h; y += between(r, 8, 20) {
		c.line(thin(rgb(0x2c1c10), .5), 2, xy{0, y}, xy{w, y + between(r, -6, 6)})
	}
	for range 4 + r.IntN(4) {
		x, s := between(r, 40, w-40), between(r, 26, 76)
		y := between(r, table, h-40)
		ink := hue(r.Float64(), .75, between(r, .5, .95))
		c.ellipse(thin(rgb(0x000000), .4), x+s*.3, y+s*.2, s*1.1, s*.3)
		switch r.IntN(3) {
		case 0:
			c.ellipse(ink, x, y-s*.7, s*.8, s*.8)
			c.glow(thin(rgb(0xffffff), .5), x-s*.25, y-s, s*.4)
		case 1:
			c.round(ink, x-s*.5, y-s*1.9, x+s*.5, y, s*.2)
			c.rect(dim(ink, .7), x-s*.16, y-s*2.5, x+s*.16, y-s*1.9)
			c.rect(rgb(0xf0e8d8), x-s*.5, y-s*1.2, x+s*.5, y-s*.5)
		default:
			c.poly(ink, xy{x - s, y - s}, xy{x + s, y - s}, xy{x + s*.6, y}, xy{x - s*.6, y})
			c.ellipse(dim(ink, 1.3), x, y-s, s, s*.25)
		}
	}
}

// drawAvatar draws a small badge: a plain sign on a ground, mirrored as such
// signs are.
func drawAvatar(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.rect(hue(r.Float64(), .25, .95), 0, 0, w, h)
	ink := hue(r.Float64(), .7, between(r, .3, .7))
	cell := w / 6
	for j := range 6 {
		for i := range 3 {
			if r.IntN(2) == 0 {
				continue
			}
			x, y := float64(i)*cell, float64(j)*cell
			c.rect(ink, x, y, x+cell, y+cell)
			c.rect(ink, w-x-cell, y, w-x, y+cell)
		}
	}
	if w > 64 {
		c.text(dim(ink, .4), fmt.Sprint(r.IntN(90)+10), w*.3, h*.7, 22)
	}
}
