package demo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"slices"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"
)

// edit is one form of re-posting: what happens to the pixels, and how the
// result is written.
type edit struct {
	form   string
	change func(*image.RGBA) image.Image
	write  func(image.Image) ([]byte, string, error)
}

func edits() []edit {
	same := func(p *image.RGBA) image.Image { return p }
	return []edit{
		{"jpeg-q30", same, asJPEG(30)},
		{"resize-50", func(p *image.RGBA) image.Image { return scaled(p, .5) }, asJPEG(80)},
		{"resize-25", func(p *image.RGBA) image.Image { return scaled(p, .25) }, asJPEG(80)},
		{"watermark", watermarked, asJPEG(85)},
		{"wm-small", signed, asJPEG(85)},
		{"mirror", turned(2), asJPEG(85)},
		{"rot-90", turned(6), asJPEG(85)},
		{"rot-180", turned(3), asJPEG(85)},
		{"rot-270", turned(8), asJPEG(85)},
		{"gray", grayed, asJPEG(85)},
		{"brightness", brighter, asJPEG(85)},
		{"png", same, asPNG},
		{"gif", same, asGIF},
		{"bmp", same, asBMP},
		{"tiff", same, asTIFF},
		{"banner", bannered, asJPEG(85)},
		{"exif-orientation", turned(8), asExif(6)},
		{"crop-5", cropped, asJPEG(85)},
	}
}

// Forms names the re-post forms that Edit knows.
func Forms() []string {
	var names []string
	for _, e := range edits() {
		names = append(names, e.form)
	}
	return names
}

// Edit makes a copy of a picture in one of the Forms and returns the file and
// its media type.
//
// Turned forms are clockwise. "exif-orientation" is stored turned, with a tag
// that turns it back: it looks like the original. "watermark" is a word tiled
// over the picture at 45 %, "wm-small" a site's name in the corner, "banner" a
// black bar of 13 % at the bottom, "brightness" adds 40 to each channel,
// "crop-5" takes 5 % of the area from the border.
func Edit(img image.Image, form string) (file []byte, mediaType string, err error) {
	for _, e := range edits() {
		if e.form == form {
			return e.write(e.change(copyRGBA(img)))
		}
	}
	return nil, "", fmt.Errorf("demo: no form is called %q", form)
}

func copyRGBA(img image.Image) *image.RGBA {
	b := img.Bounds()
	p := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(p, p.Rect, img, b.Min, draw.Src)
	return p
}

func asJPEG(quality int) func(image.Image) ([]byte, string, error) {
	return func(p image.Image) ([]byte, string, error) { return encodeJPEG(p, quality), "image/jpeg", nil }
}

func asPNG(p image.Image) ([]byte, string, error) {
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, p)
	return b.Bytes(), "image/png", err
}

// asGIF keeps 216 colours, undithered.
func asGIF(p image.Image) ([]byte, string, error) {
	colours := make(color.Palette, 0, 216)
	for i := range 216 {
		colours = append(colours, color.RGBA{uint8(i / 36 * 51), uint8(i / 6 % 6 * 51), uint8(i % 6 * 51), 255})
	}
	// The palette is a cube, so the nearest colour need not be searched.
	near := func(v uint8) int { return (int(v) + 25) / 51 }
	from := copyRGBA(p)
	flat := image.NewPaletted(from.Rect, colours)
	for i := range flat.Pix {
		flat.Pix[i] = uint8(near(from.Pix[4*i])*36 + near(from.Pix[4*i+1])*6 + near(from.Pix[4*i+2]))
	}
	var b bytes.Buffer
	err := gif.Encode(&b, flat, nil)
	return b.Bytes(), "image/gif", err
}

func asBMP(p image.Image) ([]byte, string, error) {
	var b bytes.Buffer
	err := bmp.Encode(&b, p)
	return b.Bytes(), "image/bmp", err
}

func asTIFF(p image.Image) ([]byte, string, error) {
	var b bytes.Buffer
	err := tiff.Encode(&b, p, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	return b.Bytes(), "image/tiff", err
}

// asExif writes a JPEG whose EXIF block says how it is to be turned.
func asExif(orientation uint16) func(image.Image) ([]byte, string, error) {
	return func(p image.Image) ([]byte, string, error) {
		file := encodeJPEG(p, 85)
		// A TIFF header and one directory with one entry: tag 0x0112, a short.
		block := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
		binary.BigEndian.PutUint16(block[24:], orientation)
		head := []byte{0xff, 0xd8, 0xff, 0xe1, 0, 0}
		binary.BigEndian.PutUint16(head[4:], uint16(len(block)+2))
		return slices.Concat(head, block, file[2:]), "image/jpeg", nil
	}
}

func scaled(p *image.RGBA, k float64) *image.RGBA {
	w, h := int(float64(p.Rect.Dx())*k+.5), int(float64(p.Rect.Dy())*k+.5)
	to := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	draw.BiLinear.Scale(to, to.Rect, p, p.Rect, draw.Src, nil)
	return to
}

// turned makes a copy that a viewer must turn by no tag: the pixels as EXIF
// orientation o tells a viewer to show them.
func turned(o int) func(*image.RGBA) image.Image {
	return func(p *image.RGBA) image.Image { return turn(p, o) }
}

func turn(p *image.RGBA, o int) *image.RGBA {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	tw, th := w, h
	if o >= 5 {
		tw, th = h, w
	}
	to := image.NewRGBA(image.Rect(0, 0, tw, th))
	for y := range th {
		for x := range tw {
			sx, sy := x, y
			if o >= 5 {
				sx, sy = y, x
			}
			switch o {
			case 2, 8: // for 8 the transposed x runs backwards
				sx = w - 1 - sx
			case 3, 7:
				sx, sy = w-1-sx, h-1-sy
			case 4, 6:
				sy = h - 1 - sy
			}
			copy(to.Pix[to.PixOffset(x, y):][:4], p.Pix[p.PixOffset(sx, sy):][:4])
		}
	}
	return to
}

func watermarked(p *image.RGBA) image.Image {
	c := &canvas{RGBA: p}
	w, h := c.size()
	s := .11 * h
	for row, y := 0, s/2; y < h; row, y = row+1, y+2*s {
		for x := -7 * s; x < w; x += 7 * s {
			c.text(thin(rgb(0xffffff), .45), "SAMPLE", x+float64(row%2)*3*s, y, s)
		}
	}
	return p
}

func signed(p *image.RGBA) image.Image {
	c := &canvas{RGBA: p}
	w, h := c.size()
	s := max(8, .045*h) * 1.3 // of a line; the letters are smaller
	name := "darkplaza.onion"
	c.text(rgb(0xffffff), name, w-textWidth(name, s)-s/2, h-1.3*s, s)
	return p
}

func bannered(p *image.RGBA) image.Image {
	c := &canvas{RGBA: p}
	w, h := c.size()
	c.rect(rgb(0x000000), 0, .87*h, w, h)
	c.text(rgb(0xffe020), "LEAKED BY NULLBAY", .04*w, .89*h, .1*h)
	return p
}

func grayed(p *image.RGBA) image.Image {
	to := image.NewGray(p.Rect)
	for i := range to.Pix {
		q := p.Pix[4*i:]
		to.Pix[i] = uint8((299*int(q[0]) + 587*int(q[1]) + 114*int(q[2])) / 1000)
	}
	return to
}

func brighter(p *image.RGBA) image.Image {
	for i := range p.Pix {
		if i%4 != 3 {
			p.Pix[i] = clip(int(p.Pix[i]) + 40)
		}
	}
	return p
}

func cropped(p *image.RGBA) image.Image {
	const side = (1 - .97468) / 2 // the square root of .95 stays
	dx, dy := int(side*float64(p.Rect.Dx())+.5), int(side*float64(p.Rect.Dy())+.5)
	return copyRGBA(p.SubImage(image.Rect(dx, dy, p.Rect.Dx()-dx, p.Rect.Dy()-dy)))
}
