package demo

import (
	"fmt"
	"image/color"
	"math"
	"math/rand/v2"
)

// strangerKind draws one kind of picture that is not in the set.
type strangerKind struct {
	name string
	w, h int
	draw func(r *rand.Rand, c *canvas)
}

func strangerKinds() []strangerKind {
	return []strangerKind{
		{"landscape", 640, 420, drawLandscape},
		{"skyline", 600, 400, drawSkyline},
		{"bars", 520, 360, drawBars},
		{"pattern", 400, 400, drawPattern},
		{"page", 480, 620, drawPage},
		{"texture", 500, 375, drawTexture},
		{"map", 560, 440, drawMap},
		{"curves", 560, 320, drawCurves},
		{"sea", 640, 400, drawSea},
		{"logo", 300, 300, drawLogo},
		{"plasma", 480, 480, drawPlasma},
		{"still life", 520, 400, drawStillLife},
		{"avatar", 96, 96, drawAvatar},
		{"icon", 48, 48, drawAvatar},
	}
}

// Stranger draws picture i of those that are not in any set: landscapes,
// charts, pages, patterns, logos. Kinds take turns.
func Stranger(i int, seed uint64) Photo {
	kinds := strangerKinds()
	return drawStranger(kinds[i%len(kinds)], i, seed)
}

func drawStranger(k strangerKind, i int, seed uint64) Photo {
	r := source(seed, placeStranger, i)
	c := newCanvas(k.w, k.h)
	k.draw(r, c)
	c.grain(r, 3)
	return Photo{Name: fmt.Sprintf("s%04d.jpg", i+1), Kind: k.name, JPEG: encodeJPEG(c, 84)}
}

func drawLandscape(r *rand.Rand, c *canvas) {
	w, h := c.size()
	tone := r.Float64()
	sky := hue(between(r, .5, .7), .5, .85)
	if tone > .7 {
		sky = hue(between(r, .03, .1), .6, .9)
	}
	c.vertical(0, int(h), sky, dim(mix(sky, rgb(0xfff4dd), .7), 1.1))
	c.shade(newField(r, 8, 6), 0, int(h*.6), 45)
	c.ellipse(rgb(0xfff3c8), between(r, 60, w-60), between(r, 40, h*.4), 34, 34)
	base := hue(between(r, .2, .75), .35, .6)
	for layer := range 5 {
		f, g := newField(r, 4+3*layer, 1), newField(r, 30, 1)
		y := h * (.35 + .14*float64(layer))
		ps := []xy{{0, h}}
		for x := 0.0; x <= w; x += 5 {
			ps = append(ps, xy{x, y + h*.22*f.at(x/w, 0) + 8*g.at(x/w, 0)})
		}
		c.poly(dim(base, 1.15-.2*float64(layer)), append(ps, xy{w, h})...)
	}
	for range 40 {
		x, y, s := between(r, 0, w), between(r, h*.72, h), between(r, 8, 44)
		c.line(rgb(0x3c2c1c), s*.12, xy{x, y}, xy{x, y - s})
		c.ellipse(hue(between(r, .2, .36), .6, between(r, .2, .5)), x, y-s, s*.4, s*.55)
	}
}

func drawSkyline(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.vertical(0, int(h), hue(between(r, .55, .8), .7, between(r, .2, .6)), hue(between(r, 0, .12), .5, .95))
	for layer := range 3 {
		ink := hue(between(r, .55, .75), .4, .55-.17*float64(layer))
		for x := -20.0; x < w; {
			bw, bh := between(r, 28, 84), h*between(r, .2, .75)*(1-.15*float64(layer))
			c.rect(ink, x, h-bh, x+bw, h)
			if r.IntN(3) == 0 {
				c.poly(ink, xy{x, h - bh}, xy{x + bw/2, h - bh - bw*.8}, xy{x + bw, h - bh})
			}
			for y := h - bh + 8; y < h-10; y += 14 {
				for k := x + 6; k < x+bw-8; k += 11 {
					if r.IntN(3) == 0 {
						c.rect(rgb(0xf8dc8c), k, y, k+6, y+8)
					}
				}
			}
			x += bw + between(r, -6, 24)
		}
	}
}

func drawBars(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.rect(rgb(0xffffff), 0, 0, w, h)
	n := 5 + r.IntN(9)
	c.text(rgb(0x222222), pick(r, "Turnover by month", "Hash rate", "Escrow volume", "Members", "Fees, 30 days"), 24, 10, 22)
	for i := range 6 {
		y := h - 36 - float64(i)*(h-90)/5
		c.line(rgb(0xd0d0d0), 1, xy{46, y}, xy{w - 16, y})
		c.text(rgb(0x666666), fmt.Sprint(i*20), 16, y-7, 13)
	}
	step, base := (w-80)/float64(n), r.Float64()
	for i := range n {
		x, top := 54+step*float64(i), between(r, 56, h-60)
		c.rect(hue(base+float64(i)*.04, .65, .8), x, top, x+step*.72, h-36)
		c.rect(hue(base+float64(i)*.04, .5, .55), x, between(r, top, h-40), x+step*.72, h-36)
	}
	c.path(rgb(0x333333), 3, scatter(r, n, 60, w-20, 60, h-60)...)
}

// scatter gives n points from left to right.
func scatter(r *rand.Rand, n int, x0, x1, y0, y1 float64) []xy {
	ps := make([]xy, n)
	for i := range ps {
		ps[i] = xy{x0 + (x1-x0)*float64(i)/float64(max(n-1, 1)), between(r, y0, y1)}
	}
	return ps
}

func drawCurves(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.rect(rgb(0x10161e), 0, 0, w, h)
	for i := range 12 {
		c.line(rgb(0x24303c), 1, xy{w * float64(i) / 12, 0}, xy{w * float64(i) / 12, h})
		c.line(rgb(0x24303c), 1, xy{0, h * float64(i) / 12}, xy{w, h * float64(i) / 12})
	}
	c.text(rgb(0xc8d0d8), pick(r, "XMR / day", "latency", "rate 90 d", "supply"), 14, 8, 24)
	for range 3 + r.IntN(3) {
		f, g := newField(r, 4+r.IntN(5), 1), newField(r, 40, 1)
		y, a := between(r, h*.25, h*.75), between(r, 40, 150)
		var ps []xy
		for x := 0.0; x <= w; x += 4 {
			ps = append(ps, xy{x, y + a*f.at(x/w, 0) + 9*g.at(x/w, 0)})
		}
		ink := hue(r.Float64(), .7, .95)
		c.path(ink, 3, ps...)
		c.poly(thin(ink, .25), append(append([]xy{{0, h}}, ps...), xy{w, h})...)
	}
}

func drawPattern(r *rand.Rand, c *canvas) {
	w, h := c.size()
	base := r.Float64()
	c.rect(hue(base, .3, .9), 0, 0, w, h)
	cell := between(r, 34, 90)
	kind := r.IntN(4)
	lean := between(r, -.5, .5)
	for j := -3; float64(j)*cell < h+3*cell; j++ {
		for i := -3; float64(i)*cell < w+3*cell; i++ {
			x, y := float64(i)*cell+lean*float64(j)*cell, float64(j)*cell
			ink := hue(base+between(r, -.12, .5), .6, between(r, .25, .95))
			switch kind {
			case 0:
				c.poly(ink, xy{x, y}, xy{x + cell, y + between(r, -9, 9)}, xy{x + cell/2, y + cell})
			case 1:
				c.ellipse(ink, x+cell/2, y+cell/2, cell*between(r, .2, .55), cell*between(r, .2, .55))
			case 2:
				c.rect(ink, x, y, x+cell*between(r, .4, 1), y+cell*between(r, .4, 1))
			default:
				c.path(ink, cell*.16, arc(x+cell/2, y+cell/2, cell*.45, cell*.45, between(r, 0, 6), between(r, 7, 11))...)
			}
		}
	}
}

func drawPage(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.rect(rgb(0xfbfaf5), 0, 0, w, h)
	words := []string{"the", "service", "wallet", "order", "ships", "from", "stealth", "review", "vendor", "key", "update", "mirror", "escrow", "thread"}
	ink := rgb(0x22252a)
	c.text(ink, pick(r, "TERMS", "NOTICE", "MANUAL", "README", "INVOICE"), 36, 26, 44)
	for y := 90.0; y < h-30; y += 19 {
		if r.IntN(7) == 0 {
			if r.IntN(2) == 0 {
				bh := between(r, 40, 120)
				c.rect(hue(r.Float64(), .4, between(r, .3, .8)), between(r, 30, 160), y, between(r, 240, w-30), y+bh)
				y += bh
			}
			continue
		}
		line := ""
		for float64(len(line)) < between(r, 20, 56) {
			line += words[r.IntN(len(words))] + " "
		}
		c.text(ink, line[:min(len(line), 56)], 34, y, 14)
	}
}

func drawTexture(r *rand.Rand, c *canvas) {
	w, h := c.size()
	c.vertical(0, int(h), hue(r.Float64(), .4, .6), hue(r.Float64(), .4, .4))
	for k := range 5 {
		c.shade(newField(r, 3<<k, 2<<k), 0, int(h), 62)
	}
	for range 60 {
		x, y, s := between(r, 0, w), between(r, 0, h), between(r, 4, 40)
		c.ellipse(thin(pick(r, rgb(0x000000), rgb(0xffffff)), .3), x, y, s, s*between(r, .3, 1))
	}
}

func drawPlasma(r *rand.Rand, c *canvas) {
	w := c.Rect.Dx()
	a, b, d := newField(r, 6, 6), newField(r, 9, 9), newField(r, 4, 4)
	for y := range c.Rect.Dy() {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(c.Rect.Dy())
			t := a.at(u, v) + .6*math.Sin(7*b.at(u, v))
			c.SetRGBA(x, y, rgba(hue(t*.6+1, .7, .55+.4*d.at(u, v))))
		}
	}
}

func rgba(c color.NRGBA) color.RGBA { return color.RGBA{c.R, c.G, c.B, 255} }
