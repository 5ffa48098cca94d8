package demo

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// layout says how pictures are put on a larger one.
type layout struct {
	form string
	draw func(pictures []*image.RGBA) (*canvas, []image.Rectangle)
}

func layouts() []layout {
	white, black := rgb(0xffffff), rgb(0x000000)
	return []layout{
		{"border-5", bordered(white, .05)},
		{"border-15", bordered(black, .15)},
		{"letterbox-v", letterboxed(1, 1.25)},
		{"letterbox-h", letterboxed(2.33, 1.25)},
		{"chrome", drawChrome},
		{"page", drawForumPage},
		{"montage-2x2", montage(2, 2, 12, white)},
		{"montage-3x3", montage(3, 3, 10, black)},
		{"montage-4x5", montage(4, 5, 8, white)},
		{"montage-2x2-nogap", montage(2, 2, 0, black)},
	}
}

// Sheets names the forms that Sheet knows.
func Sheets() []string {
	var names []string
	for _, s := range layouts() {
		names = append(names, s.form)
	}
	return names
}

// Sheet puts pictures on a larger one in one of the forms Sheets, and says
// where each of them stands: a border or bars around the first picture, the
// first one in a browser's viewer ("chrome") or, beside the second, on the page
// of a forum ("page"), or up to twenty of them in rows and columns.
func Sheet(form string, pictures ...image.Image) (*image.RGBA, []image.Rectangle, error) {
	for _, s := range layouts() {
		if s.form == form && len(pictures) > 0 {
			copies := make([]*image.RGBA, len(pictures))
			for i, p := range pictures {
				copies[i] = copyRGBA(p)
			}
			on, at := s.draw(copies)
			return on.RGBA, at, nil
		}
	}
	return nil, nil, fmt.Errorf("demo: no sheet %q of %d pictures", form, len(pictures))
}

// put scales a picture into a cell, at its middle.
func (c *canvas) put(p *image.RGBA, cell image.Rectangle) image.Rectangle {
	w, h := cell.Dx(), cell.Dy()
	if pw, ph := p.Rect.Dx(), p.Rect.Dy(); pw*h > w*ph {
		h = (ph*w + pw/2) / pw
	} else {
		w = (pw*h + ph/2) / ph
	}
	at := image.Rect(0, 0, w, h).Add(cell.Min).Add(image.Pt((cell.Dx()-w)/2, (cell.Dy()-h)/2))
	draw.CatmullRom.Scale(c.RGBA, at, p, p.Rect, draw.Src, nil)
	return at
}

func blank(w, h int, ink color.NRGBA) *canvas {
	c := newCanvas(w, h)
	c.rect(ink, 0, 0, float64(w), float64(h))
	return c
}

func bordered(ink color.NRGBA, share float64) func([]*image.RGBA) (*canvas, []image.Rectangle) {
	return func(p []*image.RGBA) (*canvas, []image.Rectangle) {
		w, h := p[0].Rect.Dx(), p[0].Rect.Dy()
		m := int(share * float64(max(w, h)))
		c := blank(w+2*m, h+2*m, ink)
		return c, []image.Rectangle{c.put(p[0], image.Rect(m, m, m+w, m+h))}
	}
}

// letterboxed adds black bars until the sides are as ratio to 1, and at least
// by the factor: above and below for a ratio of 1 or less, else beside.
func letterboxed(ratio, factor float64) func([]*image.RGBA) (*canvas, []image.Rectangle) {
	return func(p []*image.RGBA) (*canvas, []image.Rectangle) {
		w, h := p[0].Rect.Dx(), p[0].Rect.Dy()
		if ratio > 1 {
			w = max(int(ratio*float64(h)), int(factor*float64(w)))
		} else {
			h = max(w, int(factor*float64(h)))
		}
		c := blank(w, h, rgb(0x000000))
		at := p[0].Rect.Add(image.Pt((w-p[0].Rect.Dx())/2, (h-p[0].Rect.Dy())/2))
		return c, []image.Rectangle{c.put(p[0], at)}
	}
}

func drawChrome(p []*image.RGBA) (*canvas, []image.Rectangle) {
	c := blank(1200, 760, rgb(0x141416))
	c.rect(rgb(0xe4e6ea), 0, 0, 1200, 40)
	c.rect(rgb(0xf6f7f9), 8, 6, 240, 40)
	c.text(rgb(0x303338), "picture.jpg", 22, 12, 18)
	c.rect(rgb(0xf6f7f9), 0, 40, 1200, 84)
	c.round(rgb(0xe2e5ea), 110, 47, 1080, 77, 14)
	c.text(rgb(0x50555c), "http://plaza7uylqbmz.onion/files/picture.jpg", 130, 52, 18)
	return c, []image.Rectangle{c.put(p[0], image.Rect(100, 102, 1100, 742))}
}

func drawForumPage(p []*image.RGBA) (*canvas, []image.Rectangle) {
	c := blank(1200, 900, rgb(0xffffff))
	c.rect(rgb(0x23272e), 0, 0, 1200, 60)
	for i := range 37 {
		y := 76 + 22*float64(i)
		c.rect(rgb(0x9aa0a8), 260, y, 700+float64(i*37%420), y+9)
		if i%3 == 0 {
			c.rect(rgb(0x9aa0a8), 40, y, 130, y+9)
		}
	}
	at := []image.Rectangle{image.Rect(260, 210, 900, 710), image.Rect(40, 210, 160, 330)}
	for i := range min(len(p), len(at)) {
		c.rect(rgb(0xffffff), float64(at[i].Min.X-10), float64(at[i].Min.Y-6), float64(at[i].Max.X+10), float64(at[i].Max.Y+6))
		at[i] = c.put(p[i], at[i])
	}
	return c, at[:min(len(p), len(at))]
}

func montage(columns, rows, gap int, ink color.NRGBA) func([]*image.RGBA) (*canvas, []image.Rectangle) {
	return func(p []*image.RGBA) (*canvas, []image.Rectangle) {
		const w, h = 1200, 900
		c := blank(w, h, ink)
		var at []image.Rectangle
		cw, ch := (w-gap*(columns+1))/columns, (h-gap*(rows+1))/rows
		for i := range min(len(p), columns*rows) {
			x, y := gap+i%columns*(cw+gap), gap+i/columns*(ch+gap)
			at = append(at, c.put(p[i], image.Rect(x, y, x+cw, y+ch)))
		}
		return c, at
	}
}
