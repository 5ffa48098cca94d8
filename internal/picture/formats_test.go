package picture_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"leakwatch/internal/picture"
)

// as redraws a picture in another model.
func as(m image.Image, to draw.Image) draw.Image {
	draw.Draw(to, to.Bounds(), m, m.Bounds().Min, draw.Src)
	return to
}

func encoded(t testing.TB, f func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	m := scene(160, 120)
	size := m.Rect
	gray := as(m, image.NewGray(size))
	half := image.NewNRGBA(size)
	for i := range m.Pix {
		half.Pix[i] = m.Pix[i]
		if i%4 == 3 {
			half.Pix[i] = uint8(i / 4 % 256)
		}
	}
	encode := func(f func(*bytes.Buffer) error) []byte { return encoded(t, f) }
	bmpOf := func(m image.Image) []byte { return encode(func(b *bytes.Buffer) error { return bmp.Encode(b, m) }) }
	tiffOf := func(m image.Image, c tiff.CompressionType) []byte {
		return encode(func(b *bytes.Buffer) error { return tiff.Encode(b, m, &tiff.Options{Compression: c}) })
	}
	paletted := as(m, image.NewPaletted(size, palette.Plan9))
	for _, tc := range []struct {
		name, format string
		data         []byte
		want         image.Image
		far          float64
	}{
		{"jpeg", "jpeg", jpegOf(t, m), m, 2},
		{"jpeg grey", "jpeg", jpegOf(t, gray), gray, 2},
		{"png rgb", "png", pngOf(t, m), m, .5},
		{"png rgba", "png", pngOf(t, half), half, .5},
		{"png rgba 16", "png", pngOf(t, as(half, image.NewNRGBA64(size))), half, .5},
		{"png rgb 16", "png", pngOf(t, as(m, image.NewRGBA64(size))), m, .5},
		{"png grey", "png", pngOf(t, gray), gray, 0},
		{"png grey 16", "png", pngOf(t, as(gray, image.NewGray16(size))), gray, 0},
		{"png palette", "png", pngOf(t, paletted), paletted, .5},
		{"png palette of 2", "png", pngOf(t, as(m, image.NewPaletted(size, color.Palette{color.Black, color.White}))), as(m, image.NewPaletted(size, color.Palette{color.Black, color.White})), .5},
		{"gif", "gif", encode(func(b *bytes.Buffer) error { return gif.Encode(b, paletted, nil) }), paletted, .5},
		{"bmp 24", "bmp", bmpOf(as(m, image.NewRGBA(size))), m, .5},
		{"bmp grey", "bmp", bmpOf(gray), gray, .5},
		{"bmp palette", "bmp", bmpOf(paletted), paletted, .5},
		{"tiff", "tiff", tiffOf(m, tiff.Uncompressed), m, .5},
		{"tiff deflate", "tiff", tiffOf(m, tiff.Deflate), m, .5},
		{"tiff grey", "tiff", tiffOf(gray, tiff.Deflate), gray, 0},
		{"tiff grey 16", "tiff", tiffOf(as(gray, image.NewGray16(size)), tiff.Uncompressed), gray, 0},
		{"tiff rgba", "tiff", tiffOf(half, tiff.Deflate), half, .5},
		{"tiff premultiplied", "tiff", tiffOf(as(half, image.NewRGBA(size)), tiff.Deflate), half, 1},
		{"tiff palette", "tiff", tiffOf(paletted, tiff.Uncompressed), paletted, .5},
		{"webp lossless", "webp", webpOf(riffChunk("VP8L", losslessWebP(m))), m, .5},
		{"webp with a canvas", "webp", webpOf(vp8x(8, 160, 120), riffChunk("VP8L", losslessWebP(m)), riffChunk("EXIF", []byte("Exif\x00\x00"))), m, .5},
	} {
		p := decode(t, tc.data)
		if p.Format != tc.format || p.Width != 160 || p.Height != 120 || p.Orientation != 1 || p.Frames != 1 || p.Partial || p.Why != "" {
			t.Errorf("%s: got %s %dx%d, orientation %d, %d frames, %q", tc.name, p.Format, p.Width, p.Height, p.Orientation, p.Frames, p.Why)
		}
		if d := far(p.Luma, grey(tc.want)); d > tc.far {
			t.Errorf("%s: %.2f grey values off on average, want %v at most", tc.name, d, tc.far)
		}
	}
}

// The eight orientations of one picture are one picture, in each format that
// can carry one.
func TestOrientation(t *testing.T) {
	upright := scene(120, 80)
	want := grey(upright)
	for o := 1; o <= 8; o++ {
		stored := stored(upright, o)
		raw := pngOf(t, stored)
		for format, data := range map[string][]byte{
			"jpeg": withExif(jpegOf(t, stored), byte(o)),
			"png":  join(raw[:33], chunk("eXIf", exifBlock(byte(o)), 0), raw[33:]),
			"webp": webpOf(vp8x(8, stored.Rect.Dx(), stored.Rect.Dy()), riffChunk("VP8L", losslessWebP(stored)), riffChunk("EXIF", exifBlock(byte(o)))),
			"tiff": turnedTIFF(stored, o),
		} {
			p := decode(t, data)
			if d := far(p.Luma, want); p.Orientation != o || p.Width != 120 || p.Height != 80 || d > 3 {
				t.Errorf("%s, orientation %d: got %d, %dx%d, %.1f grey values off", format, o, p.Orientation, p.Width, p.Height, d)
			}
			s, err := picture.NewDecoder(picture.Limits{}).DecodeStored(context.Background(), data)
			if err != nil {
				t.Fatal(err)
			}
			if d := far(s.Luma, grey(stored)); s.Orientation != o || s.Width != stored.Rect.Dx() || d > 3 {
				t.Errorf("%s, orientation %d, as stored: got %d, %dx%d, %.1f grey values off", format, o, s.Orientation, s.Width, s.Height, d)
			}
		}
	}
}

// stored returns what must lie in the file so that orientation o shows m.
func stored(m *image.NRGBA, o int) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sw, sh := w, h
	if o >= 5 {
		sw, sh = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			// Row 0 of the file is this side of the picture, column 0 that one:
			// EXIF 2.3, tag 274.
			sx, sy := x, y
			switch o {
			case 2: // top, right
				sx = w - 1 - x
			case 3: // bottom, right
				sx, sy = w-1-x, h-1-y
			case 4: // bottom, left
				sy = h - 1 - y
			case 5: // left, top
				sx, sy = y, x
			case 6: // right, top
				sx, sy = y, w-1-x
			case 7: // right, bottom
				sx, sy = h-1-y, w-1-x
			case 8: // left, bottom
				sx, sy = h-1-y, x
			}
			out.SetNRGBA(sx, sy, m.NRGBAAt(x, y))
		}
	}
	return out
}

func turnedTIFF(m *image.NRGBA, o int) []byte {
	g := grey(m)
	return tiffFile(map[uint16]uint32{256: uint32(g.Rect.Dx()), 257: uint32(g.Rect.Dy()), 258: 8, 259: 1, 262: 1, 273: 8, 274: uint32(o), 278: uint32(g.Rect.Dy()), 279: uint32(len(g.Pix))}, g.Pix)
}

// A large picture is averaged, and an averaged one has the right size.
func TestAverages(t *testing.T) {
	for _, size := range [][2]int{{2048, 1024}, {1025, 700}, {700, 1500}, {20_000, 100}, {1024, 1024}, {4099, 3011}} {
		w, h := size[0], size[1]
		m := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				m.Pix[y*w+x] = uint8((255*x/w + 255*y/h) / 2)
			}
		}
		p := decode(t, pngOf(t, m))
		b := p.Luma.Rect
		if p.Width != w || p.Height != h || max(b.Dx(), b.Dy()) != min(1024, max(w, h)) || b.Min != (image.Point{}) {
			t.Fatalf("%v: got %dx%d with a plane of %v", size, p.Width, p.Height, b)
		}
		for y := range b.Dy() {
			for x := range b.Dx() {
				want := (255*(2*x+1)/(2*b.Dx()) + 255*(2*y+1)/(2*b.Dy())) / 2
				if got := int(p.Luma.Pix[y*p.Luma.Stride+x]); got < want-2 || got > want+2 {
					t.Fatalf("%v: at %d,%d got %d, want %d", size, x, y, got, want)
				}
			}
		}
	}
}

// A transparent picture is what a reader sees on white.
func TestAlphaOnWhite(t *testing.T) {
	m := scene(80, 60)
	ink := image.NewNRGBA(m.Rect)
	for i, v := range grey(m).Pix {
		ink.Pix[4*i+3] = 255 - v // black ink, thicker where the picture is darker
	}
	if d := far(decode(t, pngOf(t, ink)).Luma, grey(m)); d > 1 {
		t.Errorf("ink drawn in alpha: %.2f grey values off", d)
	}
	clear := image.NewNRGBA(m.Rect)
	for i := range m.Pix {
		if i%4 != 3 {
			clear.Pix[i] = m.Pix[i]
		}
	}
	for i, v := range decode(t, pngOf(t, clear)).Luma.Pix {
		if v != 255 {
			t.Fatalf("a clear picture: pixel %d is %d, want white", i, v)
		}
	}
	// A colour key: only this colour is clear.
	raw := pngOf(t, m)
	c := m.NRGBAAt(0, 0)
	keyed := decode(t, join(raw[:33], chunk("tRNS", []byte{0, c.R, 0, c.G, 0, c.B}, 0), raw[33:]))
	if got := keyed.Luma.Pix[0]; got != 255 {
		t.Errorf("the keyed colour is %d, want white", got)
	}
	if d := far(keyed.Luma, grey(m)); d > 10 {
		t.Errorf("a colour key changed %.1f grey values", d)
	}
	// A BMP with an unused alpha byte is opaque.
	for _, alpha := range []byte{0, 255} {
		if d := far(decode(t, bmp32(m, alpha)).Luma, grey(m)); d > 1 {
			t.Errorf("BMP with alpha %d everywhere: %.1f grey values off", alpha, d)
		}
	}
}

// Names and media types do not come in: only bytes do.
func TestSniff(t *testing.T) {
	m := scene(32, 32)
	for _, tc := range []struct{ data, want string }{
		{string(jpegOf(t, m)), "jpeg"}, {string(pngOf(t, m)), "png"},
		{"GIF89a", "gif"}, {"GIF87a", "gif"}, {"GIF88a", ""},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"}, {"RIFF\x00\x00\x00\x00WAVEfmt ", ""},
		{string(bmp32(m, 255)), "bmp"}, {"BMW sells cars that are pictured here", ""},
		{"II*\x00\x08\x00\x00\x00", "tiff"}, {"MM\x00*\x00\x00\x00\x08", "tiff"}, {"II+\x00\x08\x00\x00\x00", "bigtiff"},
		{"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", "avif"},
		{"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "avif"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "heic"},
		{"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", ""},
		{"\xff\x0a\xfa\x7f", "jxl"}, {"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"}, {"8BPS\x00\x01", "psd"},
		{"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00\x68\x04\x00\x00\x16\x00\x00\x00", "ico"},
		{"\x00\x00\x01\x00\x01\x00", ""},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"},
		{"\ufeff<?xml version='1.0'?>\n<!-- drawn --><svg>", "svg"},
		{"<!DOCTYPE svg PUBLIC", "svg"},
		{"<html><svg></svg></html>", ""}, {"<svgs>", ""}, {"<!-- ", ""}, {"", ""}, {"\xff\xd8", ""}, {"PK\x03\x04", ""}, {"%PDF-1.7", ""},
	} {
		if got := picture.Sniff([]byte(tc.data)); got != tc.want {
			t.Errorf("Sniff(%.24q) = %q, want %q", tc.data, got, tc.want)
		}
	}
	for _, data := range []string{"\xff\x0a\xfa\x7f", "8BPS\x00\x01", "<svg>", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"} {
		r, _ := refusal(t, []byte(data), picture.Limits{})
		if r.Cause != "unsupported" || r.Format == "" || !strings.Contains(r.Why, r.Format) {
			t.Errorf("%.12q: got %s %s %q", data, r.Cause, r.Format, r.Why)
		}
	}
	for _, data := range []string{"", "<html>", "hello", "BMW sells cars that are pictured here"} {
		if r, _ := refusal(t, []byte(data), picture.Limits{}); r.Cause != "not_a_picture" || r.Format != "" {
			t.Errorf("%q: got %s %q", data, r.Cause, r.Format)
		}
	}
}

// bmp32 is a BMP with a version 4 header, whose fourth byte may be alpha.
func bmp32(m *image.NRGBA, alpha byte) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	b := make([]byte, 14+108, 14+108+4*w*h)
	copy(b, "BM")
	put := func(at int, v uint32) {
		b[at], b[at+1], b[at+2], b[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	put(10, 14+108)
	put(14, 108)
	put(18, uint32(w))
	put(22, uint32(h))
	b[26], b[28] = 1, 32
	for y := h - 1; y >= 0; y-- {
		for x := range w {
			c := m.NRGBAAt(x, y)
			b = append(b, c.B, c.G, c.R, alpha)
		}
	}
	return b
}

// tiffFile is a TIFF of one page: the pixels at 8, then the directory. Values
// of tags 273, 279 and all others fit into an entry.
func tiffFile(tags map[uint16]uint32, pixels []byte) []byte {
	return join("II*\x00", le(uint32(8+len(pixels))), pixels, tiffDirectory(tags, 0))
}

func tiffDirectory(tags map[uint16]uint32, next uint32) []byte {
	var keys []uint16
	for k := range 65535 {
		if _, ok := tags[uint16(k)]; ok {
			keys = append(keys, uint16(k))
		}
	}
	b := []byte{byte(len(keys)), byte(len(keys) >> 8)}
	for _, k := range keys {
		b = append(b, byte(k), byte(k>>8), 4, 0, 1, 0, 0, 0)
		b = append(b, le(tags[k])...)
	}
	return append(b, le(next)...)
}

func le(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

func twoPages(a, b *image.Gray) []byte {
	tags := func(at int, g *image.Gray) map[uint16]uint32 {
		return map[uint16]uint32{256: uint32(g.Rect.Dx()), 257: uint32(g.Rect.Dy()), 258: 8, 259: 1, 262: 1, 273: uint32(at), 278: uint32(g.Rect.Dy()), 279: uint32(len(g.Pix))}
	}
	end := 8 + len(a.Pix) + len(b.Pix)
	first := tiffDirectory(tags(8, a), uint32(end+2+12*8+4))
	return join("II*\x00", le(uint32(end)), a.Pix, b.Pix, first, tiffDirectory(tags(8+len(a.Pix), b), 0))
}

func ExampleDecode() {
	_, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), []byte("<html>not found</html>"))
	fmt.Println(err)
	// Output: not_a_picture: the bytes are no picture that is known here
}
