package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/draw"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"leakwatch/internal/picture"
)

// tiffField is a field of a directory: numbers, or bytes.
type tiffField struct {
	numbers []uint32
	bytes   []byte
}

func nums(n ...uint32) tiffField { return tiffField{numbers: n} }

// tiffBook makes a TIFF: blobs first, whose places the directories get, then the
// directories, each with what does not fit into its entries behind it.
func tiffBook(order binary.AppendByteOrder, blobs [][]byte, pages func(at []uint32) []map[uint16]tiffField) []byte {
	head := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		head = "MM\x00*"
	}
	out := join(head, "\x00\x00\x00\x00")
	var at []uint32
	for _, b := range blobs {
		at = append(at, uint32(len(out)))
		out = append(out, b...)
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
	}
	link := 4
	for _, page := range pages(at) {
		start := len(out)
		copy(out[link:], order.AppendUint32(nil, uint32(start)))
		var tags []uint16
		for tag := range page {
			tags = append(tags, tag)
		}
		slices.Sort(tags)
		out = order.AppendUint16(out, uint16(len(tags)))
		behind := start + 2 + 12*len(tags) + 4
		var more []byte
		for _, tag := range tags {
			f, kind, count := page[tag], uint16(4), len(page[tag].numbers)
			var body []byte
			for _, n := range f.numbers {
				body = order.AppendUint32(body, n)
			}
			if f.bytes != nil {
				kind, count, body = 7, len(f.bytes), f.bytes
			}
			out = order.AppendUint32(order.AppendUint16(order.AppendUint16(out, tag), kind), uint32(count))
			if len(body) > 4 {
				out = order.AppendUint32(out, uint32(behind+len(more)))
				more = append(more, body...)
				if len(more)%2 == 1 {
					more = append(more, 0)
				}
				continue
			}
			out = append(append(out, body...), make([]byte, 4-len(body))...)
		}
		link = len(out)
		out = append(append(out, 0, 0, 0, 0), more...)
	}
	return out
}

// abbreviated splits a JPEG into its tables and the rest, as TIFF stores them.
func abbreviated(data []byte) (tables, rest []byte) {
	tables, rest = []byte("\xff\xd8"), []byte("\xff\xd8")
	segments(data, func(marker byte, at, end int) {
		switch marker {
		case 0xdb, 0xc4:
			tables = append(tables, data[at:end]...)
		case 0xda:
			rest = append(rest, data[at:]...)
		case 0xe0, 0xee:
		default:
			rest = append(rest, data[at:end]...)
		}
	})
	return append(tables, "\xff\xd9"...), rest
}

// inParts cuts a picture into JPEGs of a size; the last ones may be smaller,
// or are filled up.
func inParts(t testing.TB, m image.Image, w, h int, fill bool) (parts [][]byte, tables []byte) {
	b := m.Bounds()
	for y := 0; y < b.Dy(); y += h {
		for x := 0; x < b.Dx(); x += w {
			r := image.Rect(x, y, x+w, y+h)
			if !fill {
				r = r.Intersect(b)
			}
			var part draw.Image = image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
			if _, gray := m.(*image.Gray); gray {
				part = image.NewGray(part.Bounds())
			}
			draw.Draw(part, part.Bounds(), m, r.Min, draw.Src)
			var rest []byte
			tables, rest = abbreviated(jpegOf(t, part))
			parts = append(parts, rest)
		}
	}
	return parts, tables
}

// jpegTIFF is a page of JPEGs.
func jpegTIFF(t testing.TB, order binary.AppendByteOrder, m image.Image, w, h int, tiled bool, more map[uint16]tiffField) []byte {
	parts, tables := inParts(t, m, w, h, tiled)
	return tiffBook(order, parts, func(at []uint32) []map[uint16]tiffField {
		var sizes []uint32
		for _, p := range parts {
			sizes = append(sizes, uint32(len(p)))
		}
		page := map[uint16]tiffField{256: nums(uint32(m.Bounds().Dx())), 257: nums(uint32(m.Bounds().Dy())), 258: nums(8), 259: nums(7), 262: nums(6), 277: nums(3), 347: {bytes: tables}}
		if _, gray := m.(*image.Gray); gray {
			page[262], page[277] = nums(1), nums(1)
		}
		if tiled {
			page[322], page[323], page[324], page[325] = nums(uint32(w)), nums(uint32(h)), nums(at...), nums(sizes...)
		} else {
			page[273], page[278], page[279] = nums(at...), nums(uint32(h)), nums(sizes...)
		}
		for tag, f := range more {
			page[tag] = f
		}
		return []map[uint16]tiffField{page}
	})
}

func TestJPEGInTIFF(t *testing.T) {
	m := scene(200, 150)
	gray := grey(m)
	negative := image.NewGray(gray.Rect)
	for i, v := range gray.Pix {
		negative.Pix[i] = 255 - v
	}
	little, big := binary.AppendByteOrder(binary.LittleEndian), binary.AppendByteOrder(binary.BigEndian)
	for name, data := range map[string][]byte{
		"one strip":     jpegTIFF(t, little, m, 200, 150, false, nil),
		"strips":        jpegTIFF(t, big, m, 200, 64, false, nil),
		"tiles":         jpegTIFF(t, little, m, 64, 48, true, nil),
		"grey":          jpegTIFF(t, big, gray, 64, 64, true, nil),
		"white is zero": jpegTIFF(t, little, negative, 200, 32, false, map[uint16]tiffField{262: nums(0)}),
	} {
		p := decode(t, data)
		if d := far(p.Luma, gray); d > 3 || p.Partial || p.Width != 200 || p.Height != 150 || p.Format != "tiff" {
			t.Errorf("%s: %dx%d, %.1f grey values off, %q", name, p.Width, p.Height, d, p.Why)
		}
	}
	turned := decode(t, jpegTIFF(t, little, stored(m, 6), 64, 64, true, map[uint16]tiffField{274: nums(6)}))
	if d := far(turned.Luma, gray); d > 3 || turned.Orientation != 6 {
		t.Errorf("orientation %d, %.1f grey values off", turned.Orientation, d)
	}
}

// The components of a JPEG in TIFF are what TIFF says: of red, green and blue
// the first is no luma.
func TestRGBInJPEGInTIFF(t *testing.T) {
	m := scene(96, 64)
	channels := image.NewYCbCr(m.Rect, image.YCbCrSubsampleRatio444)
	for y := range 64 {
		for x := range 96 {
			c, i := m.NRGBAAt(x, y), channels.YOffset(x, y)
			channels.Y[i], channels.Cb[i], channels.Cr[i] = c.R, c.G, c.B
		}
	}
	_, rest := abbreviated(jpegOf(t, channels))
	tables, _ := abbreviated(jpegOf(t, channels))
	data := tiffBook(binary.LittleEndian, [][]byte{rest}, func(at []uint32) []map[uint16]tiffField {
		return []map[uint16]tiffField{{256: nums(96), 257: nums(64), 258: nums(8), 259: nums(7), 262: nums(2), 273: nums(at[0]), 277: nums(3), 278: nums(64), 279: nums(uint32(len(rest))), 347: {bytes: tables}}}
	})
	if d := far(decode(t, data).Luma, grey(m)); d > 8 { // the encoder halves green and blue
		t.Errorf("%.1f grey values off", d)
	}
}

func TestJPEGInTIFFDamaged(t *testing.T) {
	m := scene(200, 150)
	data := jpegTIFF(t, binary.LittleEndian, m, 200, 16, false, nil)
	// Part 3 is no JPEG any more.
	third := 0
	for range 3 {
		third += 1 + bytes.Index(data[third+1:], []byte("\xff\xd8"))
	}
	data[third] = 0
	p := decode(t, data)
	if p.Cause != "partial" || !strings.HasPrefix(p.Why, "9 parts of 10: ") || far(p.Luma, grey(m)) > 15 {
		t.Errorf("%q, %q, %.1f grey values off", p.Cause, p.Why, far(p.Luma, grey(m)))
	}
	one := map[uint16]tiffField{256: nums(64), 257: nums(64), 258: nums(8), 259: nums(7), 262: nums(1), 273: nums(8), 277: nums(1), 278: nums(64), 279: nums(10)}
	for name, tc := range map[string]struct {
		more  map[uint16]tiffField
		cause string
	}{
		"larger than announced": {map[uint16]tiffField{256: nums(16), 257: nums(16), 278: nums(16)}, "damaged"},
		"announced":             {map[uint16]tiffField{256: nums(60000), 257: nums(60000), 278: nums(60000)}, "limit_pixels"},
		"four colours":          {map[uint16]tiffField{277: nums(4), 262: nums(5)}, "unsupported"},
		"parts of nothing":      {map[uint16]tiffField{322: nums(1), 323: nums(0)}, "damaged"},
		"elsewhere":             {map[uint16]tiffField{273: nums(1 << 30)}, "damaged"},
		"the broken way":        {map[uint16]tiffField{259: nums(6)}, "unsupported"},
	} {
		page := map[uint16]tiffField{}
		for k, v := range one {
			page[k] = v
		}
		for k, v := range tc.more {
			page[k] = v
		}
		file := jpegOf(t, grey(scene(300, 300)))
		page[279] = nums(uint32(len(file)))
		data := tiffBook(binary.LittleEndian, [][]byte{file}, func(at []uint32) []map[uint16]tiffField { return []map[uint16]tiffField{page} })
		if name == "the broken way" {
			data[8] = 0
		}
		if r, allocated := refusal(t, data, picture.Limits{}); r.Cause != tc.cause || allocated > 2<<20 {
			t.Errorf("%s: got %v, %d KiB, want %s", name, r, allocated>>10, tc.cause)
		}
	}
	// A million parts that share their bytes.
	file := jpegOf(t, grey(scene(300, 300)))
	many := make([]uint32, 100_000)
	sizes := make([]uint32, len(many))
	for i := range many {
		many[i], sizes[i] = 8, uint32(len(file))
	}
	data = tiffBook(binary.LittleEndian, [][]byte{file}, func(at []uint32) []map[uint16]tiffField {
		return []map[uint16]tiffField{{256: nums(1000), 257: nums(1000), 259: nums(7), 262: nums(1), 277: nums(1), 322: nums(3), 323: nums(3), 324: nums(many...), 325: nums(sizes...)}}
	})
	if r, allocated := refusal(t, data, picture.Limits{}); r.Cause != "damaged" || allocated > 64<<20 {
		t.Errorf("parts that share bytes: got %v, %d KiB", r, allocated>>10)
	}
}

// Old TIFFs hold one whole JPEG.
func TestOldJPEGInTIFF(t *testing.T) {
	m := scene(120, 80)
	file := jpegOf(t, m)
	for name, page := range map[string]func(at uint32) map[uint16]tiffField{
		"by a tag of its own": func(at uint32) map[uint16]tiffField {
			return map[uint16]tiffField{256: nums(120), 257: nums(80), 259: nums(6), 262: nums(6), 277: nums(3), 513: nums(at), 514: nums(uint32(len(file)))}
		},
		"as a strip": func(at uint32) map[uint16]tiffField {
			return map[uint16]tiffField{256: nums(120), 257: nums(80), 259: nums(6), 262: nums(6), 273: nums(at), 277: nums(3), 278: nums(80), 279: nums(uint32(len(file)))}
		},
	} {
		data := tiffBook(binary.BigEndian, [][]byte{file}, func(at []uint32) []map[uint16]tiffField { return []map[uint16]tiffField{page(at[0])} })
		if p := decode(t, data); p.Partial || far(p.Luma, grey(m)) > 3 {
			t.Errorf("%s: %q, %.1f grey values off", name, p.Why, far(p.Luma, grey(m)))
		}
	}
}

// Of a raw file the largest preview is seen, and that this is not all.
func TestRawPreviews(t *testing.T) {
	m := scene(240, 160)
	small, large := jpegOf(t, drawn(5, 60, 40)), jpegOf(t, m)
	lossless := bytes.Clone(jpegOf(t, drawn(6, 400, 300))) // raw pixels: not to be decoded
	lossless[bytes.Index(lossless, []byte("\xff\xc0"))+1] = 0xc3
	blobs := [][]byte{make([]byte, 3*64), small, large, lossless}
	thumb := map[uint16]tiffField{254: nums(1), 256: nums(8), 257: nums(8), 258: nums(8), 259: nums(1), 262: nums(2), 277: nums(3), 278: nums(8), 279: nums(192)}
	with := func(more map[uint16]tiffField) map[uint16]tiffField {
		page := map[uint16]tiffField{}
		for k, v := range thumb {
			page[k] = v
		}
		for k, v := range more {
			page[k] = v
		}
		return page
	}
	strip := func(at uint32, size int) map[uint16]tiffField {
		return map[uint16]tiffField{254: nums(1), 259: nums(7), 262: nums(6), 273: nums(at), 277: nums(3), 279: nums(uint32(size))}
	}
	for name, pages := range map[string]func(at []uint32) []map[uint16]tiffField{
		"behind the first directory": func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{with(map[uint16]tiffField{273: nums(at[0]), 513: nums(at[1]), 514: nums(uint32(len(small)))}),
				{259: nums(6), 513: nums(at[2]), 514: nums(uint32(len(large)))}}
		},
		"as a strip, beside the raw pixels": func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{with(map[uint16]tiffField{273: nums(at[0]), 50706: nums(1)}), strip(at[3], len(lossless)), strip(at[2], len(large))}
		},
		"turned": func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{with(map[uint16]tiffField{273: nums(at[0]), 274: nums(1), 513: nums(at[2]), 514: nums(uint32(len(large)))})}
		},
	} {
		p := decode(t, tiffBook(binary.LittleEndian, blobs, pages))
		if d := far(p.Luma, grey(m)); p.Cause != "partial" || !strings.Contains(p.Why, "preview of 240x160") || d > 3 {
			t.Errorf("%s: %dx%d, %q, %.1f grey values off", name, p.Width, p.Height, p.Why, d)
		}
	}
	// In a directory that the first one points to.
	inner := tiffBook(binary.LittleEndian, blobs, func(at []uint32) []map[uint16]tiffField {
		return []map[uint16]tiffField{{259: nums(6), 513: nums(at[2]), 514: nums(uint32(len(large)))}}
	})
	sub := binary.LittleEndian.Uint32(inner[4:])
	outer := tiffDirectory(map[uint16]uint32{254: 1, 256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 274: 6, 278: 8, 279: 64, 330: sub}, 0)
	copy(inner[4:], le(uint32(len(inner))))
	p := decode(t, append(inner, outer...))
	if p.Cause != "partial" || p.Width != 160 || p.Height != 240 || p.Orientation != 6 {
		t.Errorf("in a sub-directory: %dx%d, orientation %d, %q", p.Width, p.Height, p.Orientation, p.Why)
	}
}

// Each page is looked at, whatever is wrong with another.
func TestPages(t *testing.T) {
	a, b := grey(scene(64, 48)), grey(drawn(8, 80, 60))
	page := func(at uint32, g *image.Gray, more map[uint16]tiffField) map[uint16]tiffField {
		p := map[uint16]tiffField{256: nums(uint32(g.Rect.Dx())), 257: nums(uint32(g.Rect.Dy())), 258: nums(8), 259: nums(1), 262: nums(1), 273: nums(at), 278: nums(uint32(g.Rect.Dy())), 279: nums(uint32(len(g.Pix)))}
		for k, v := range more {
			p[k] = v
		}
		return p
	}
	for name, tc := range map[string]struct {
		pages      func(at []uint32) []map[uint16]tiffField
		frames     int
		cause, why string
		luma       *image.Gray
		further    []*image.Gray
	}{
		"two of two sizes": {func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{page(at[0], a, nil), page(at[1], b, nil)}
		}, 2, "", "", a, []*image.Gray{b}},
		"a copy of reduced size": {func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{page(at[0], a, nil), page(at[1], b, map[uint16]tiffField{254: nums(1)})}
		}, 1, "", "", a, nil},
		"the first is refused": {func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{page(at[0], a, map[uint16]tiffField{259: nums(34712)}), page(at[1], b, nil), page(at[0], a, nil)}
		}, 3, "partial", "page 1: unsupported", b, []*image.Gray{a}},
		"the second is enormous": {func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{page(at[0], a, nil), page(at[1], b, map[uint16]tiffField{256: nums(60000), 257: nums(60000)}), page(at[1], b, nil)}
		}, 3, "limit_frames", "page 2: limit_pixels", a, []*image.Gray{b}},
		"the second lies elsewhere": {func(at []uint32) []map[uint16]tiffField {
			return []map[uint16]tiffField{page(at[0], a, nil), page(1<<30, b, nil), page(at[1], b, nil)}
		}, 3, "partial", "page 2: damaged", a, []*image.Gray{b}},
	} {
		p := decode(t, tiffBook(binary.BigEndian, [][]byte{a.Pix, b.Pix}, tc.pages))
		if p.Frames != tc.frames || p.Cause != tc.cause || !strings.HasPrefix(p.Why, tc.why) || far(p.Luma, tc.luma) > 0 || len(p.Further) != len(tc.further) {
			t.Errorf("%s: %d pages, %q, %q, %d kept", name, p.Frames, p.Cause, p.Why, len(p.Further))
			continue
		}
		for i, g := range p.Further {
			if far(g, tc.further[i]) > 0 {
				t.Errorf("%s: kept page %d is another", name, i)
			}
		}
	}
}

// Sixteen bits, and white that is zero.
func TestGreyTIFFs(t *testing.T) {
	g := grey(scene(64, 48))
	deep := make([]byte, 0, 2*len(g.Pix))
	negative := make([]byte, 0, 2*len(g.Pix))
	for _, v := range g.Pix {
		deep = append(deep, 7, v)
		negative = append(negative, 248, 255-v)
	}
	for name, tc := range map[string]struct {
		pixels []byte
		bits   uint32
		white  uint32
	}{"16 bits": {deep, 16, 1}, "16 bits, white is zero": {negative, 16, 0}} {
		data := tiffFile(map[uint16]uint32{256: 64, 257: 48, 258: tc.bits, 259: 1, 262: tc.white, 273: 8, 278: 48, 279: uint32(len(tc.pixels))}, tc.pixels)
		if d := far(decode(t, data).Luma, g); d > 1 {
			t.Errorf("%s: %.1f grey values off", name, d)
		}
	}
	deepColour := encoded(t, func(w *bytes.Buffer) error {
		return tiff.Encode(w, as(scene(64, 48), image.NewRGBA64(image.Rect(0, 0, 64, 48))), nil)
	})
	if p, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), deepColour); err != nil || far(p.Luma, g) > 1 {
		t.Errorf("16 bits in colour: %v", err)
	}
}
