package demo

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// xy is a point on a canvas, in pixels.
type xy struct{ x, y float64 }

// canvas is a picture being drawn. All shapes have soft edges and may reach
// over the border.
type canvas struct {
	*image.RGBA
	raster vector.Rasterizer
}

func newCanvas(w, h int) *canvas {
	return &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, w, h))}
}

func (c *canvas) size() (w, h float64) {
	return float64(c.Rect.Dx()), float64(c.Rect.Dy())
}

func (c *canvas) copy() *canvas {
	d := newCanvas(c.Rect.Dx(), c.Rect.Dy())
	copy(d.Pix, c.Pix)
	return d
}

// poly fills a polygon.
func (c *canvas) poly(ink color.NRGBA, ps ...xy) {
	const far = 4000 // the rasterizer reckons in fixed point
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for i, p := range ps {
		p = xy{min(max(p.x, -far), far), min(max(p.y, -far), far)}
		ps[i] = p
		x0, y0, x1, y1 = min(x0, p.x), min(y0, p.y), max(x1, p.x), max(y1, p.y)
	}
	if len(ps) < 3 {
		return
	}
	box := image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1))).Intersect(c.Rect)
	if box.Empty() {
		return
	}
	c.raster.Reset(box.Dx(), box.Dy())
	ox, oy := float64(box.Min.X), float64(box.Min.Y)
	c.raster.MoveTo(float32(ps[0].x-ox), float32(ps[0].y-oy))
	for _, p := range ps[1:] {
		c.raster.LineTo(float32(p.x-ox), float32(p.y-oy))
	}
	c.raster.ClosePath()
	c.raster.Draw(c.RGBA, box, image.NewUniform(ink), image.Point{})
}

func (c *canvas) rect(ink color.NRGBA, x0, y0, x1, y1 float64) {
	c.poly(ink, xy{x0, y0}, xy{x1, y0}, xy{x1, y1}, xy{x0, y1})
}

// arc returns points of an ellipse from angle a to angle b, in radians.
func arc(x, y, rx, ry, a, b float64) []xy {
	n := 6 + int(math.Sqrt(max(rx, ry)))*3
	ps := make([]xy, 0, n+1)
	for i := range n + 1 {
		t := a + (b-a)*float64(i)/float64(n)
		ps = append(ps, xy{x + rx*math.Cos(t), y + ry*math.Sin(t)})
	}
	return ps
}

func (c *canvas) ellipse(ink color.NRGBA, x, y, rx, ry float64) {
	c.poly(ink, arc(x, y, rx, ry, 0, 2*math.Pi)...)
}

// round fills a rectangle with round corners.
func (c *canvas) round(ink color.NRGBA, x0, y0, x1, y1, r float64) {
	r = min(r, (x1-x0)/2, (y1-y0)/2)
	const q = math.Pi / 2
	ps := arc(x1-r, y1-r, r, r, 0, q)
	ps = append(ps, arc(x0+r, y1-r, r, r, q, 2*q)...)
	ps = append(ps, arc(x0+r, y0+r, r, r, 2*q, 3*q)...)
	ps = append(ps, arc(x1-r, y0+r, r, r, 3*q, 4*q)...)
	c.poly(ink, ps...)
}

func (c *canvas) line(ink color.NRGBA, width float64, a, b xy) {
	dx, dy := b.x-a.x, b.y-a.y
	n := math.Hypot(dx, dy)
	if n == 0 {
		return
	}
	dx, dy = dx/n*width/2, dy/n*width/2
	c.poly(ink, xy{a.x - dy, a.y + dx}, xy{b.x - dy, b.y + dx}, xy{b.x + dy, b.y - dx}, xy{a.x + dy, a.y - dx})
}

// path draws lines through points.
func (c *canvas) path(ink color.NRGBA, width float64, ps ...xy) {
	for i := 1; i < len(ps); i++ {
		c.line(ink, width, ps[i-1], ps[i])
		c.ellipse(ink, ps[i].x, ps[i].y, width/2, width/2)
	}
}

// vertical fills rows y0 to y1 with a run of colours from top to bottom.
func (c *canvas) vertical(y0, y1 int, top, bottom color.NRGBA) {
	for y := max(y0, 0); y < min(y1, c.Rect.Dy()); y++ {
		row := image.Rect(0, y, c.Rect.Dx(), y+1)
		draw.Draw(c.RGBA, row, image.NewUniform(mix(top, bottom, float64(y-y0)/float64(y1-y0))), image.Point{}, draw.Over)
	}
}

// glow adds light around a point.
func (c *canvas) glow(ink color.NRGBA, x, y, radius float64) {
	box := image.Rect(int(x-radius), int(y-radius), int(x+radius)+1, int(y+radius)+1).Intersect(c.Rect)
	for py := box.Min.Y; py < box.Max.Y; py++ {
		i := c.PixOffset(box.Min.X, py)
		dy := float64(py) - y
		for px := box.Min.X; px < box.Max.X; px++ {
			dx := float64(px) - x
			if t := 1 - (dx*dx+dy*dy)/(radius*radius); t > 0 {
				g := int(t * t * float64(ink.A))
				c.Pix[i] = clip(int(c.Pix[i]) + int(ink.R)*g/255)
				c.Pix[i+1] = clip(int(c.Pix[i+1]) + int(ink.G)*g/255)
				c.Pix[i+2] = clip(int(c.Pix[i+2]) + int(ink.B)*g/255)
			}
			i += 4
		}
	}
}

func clip(v int) uint8 { return uint8(min(max(v, 0), 255)) }

// grain adds noise of a sensor.
func (c *canvas) grain(r *rand.Rand, amount int) {
	if amount <= 0 {
		return
	}
	var table [4096]int8
	for i := range table {
		table[i] = int8(r.IntN(2*amount+1) - amount)
	}
	w := c.Rect.Dx() * 4
	for y := range c.Rect.Dy() {
		at, row := r.IntN(len(table)), c.Pix[y*c.Stride:y*c.Stride+w]
		for i := 0; i+3 < len(row); i += 4 {
			d := int(table[(at+i>>2)&4095])
			row[i], row[i+1], row[i+2] = clip(int(row[i])+d), clip(int(row[i+1])+d), clip(int(row[i+2])+d)
		}
	}
}

// field is smooth noise: values between -1 and 1 on a coarse lattice.
type field struct {
	w, h int
	v    []float64
}

func newField(r *rand.Rand, w, h int) field {
	f := field{w + 1, h + 1, make([]float64, (w+1)*(h+1))}
	for i := range f.v {
		f.v[i] = r.Float64()*2 - 1
	}
	return f
}

// at reads the field at x, y of [0,1).
func (f field) at(x, y float64) float64 {
	x, y = min(max(x, 0), .9999)*float64(f.w-1), min(max(y, 0), .9999)*float64(f.h-1)
	i, j := int(x), int(y)
	s, t := x-float64(i), y-float64(j)
	s, t = s*s*(3-2*s), t*t*(3-2*t)
	k := j*f.w + i
	top := f.v[k] + (f.v[k+1]-f.v[k])*s
	low := f.v[k+f.w] + (f.v[k+f.w+1]-f.v[k+f.w])*s
	return top + (low-top)*t
}

// shade brightens and darkens the rows y0 to y1 by a field, at most by amount.
func (c *canvas) shade(f field, y0, y1 int, amount float64) {
	w := c.Rect.Dx()
	y0, y1 = max(y0, 0), min(y1, c.Rect.Dy())
	for y := y0; y < y1; y++ {
		row := c.Pix[y*c.Stride : y*c.Stride+4*w]
		for x := 0; x < w; x++ {
			d := int(amount * f.at(float64(x)/float64(w), float64(y-y0)/float64(y1-y0)))
			p := row[4*x : 4*x+3 : 4*x+3]
			p[0], p[1], p[2] = clip(int(p[0])+d), clip(int(p[1])+d), clip(int(p[2])+d)
		}
	}
}

func uniform(c color.NRGBA) *image.Uniform { return image.NewUniform(c) }

func imagePoint(x, y float64) image.Point { return image.Pt(int(math.Round(x)), int(math.Round(y))) }
