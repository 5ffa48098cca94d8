package picture_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"leakwatch/internal/picture"
)

// A file that was cut off gives what it has, and says that it is not all: cut
// at every 5 %, it is partial or damaged, and never whole.
func TestCutOff(t *testing.T) {
	m := scene(320, 240)
	var g, strips bytes.Buffer
	if err := gif.Encode(&g, as(m, image.NewPaletted(m.Rect, palette.Plan9)), nil); err != nil {
		t.Fatal(err)
	}
	if err := tiff.Encode(&strips, m, &tiff.Options{Compression: tiff.Deflate}); err != nil {
		t.Fatal(err)
	}
	blocks := func(bx, by int) int { return (bx*7 + by*5) % 200 }
	for _, tc := range []struct {
		name string
		data []byte
		// fewest is how many of the 19 cuts give pixels.
		fewest int
	}{
		{"jpeg", jpegOf(t, m), 17},
		{"jpeg grey", jpegOf(t, grey(m)), 17},
		{"jpeg progressive", progressive(640, 480, blocks), 2},
		{"png", pngOf(t, m), 16},
		{"png interlaced", interlaced(grey(m)), 16},
		{"gif", g.Bytes(), 16},
		{"bmp", bmp32(m, 255), 19},
		{"webp", webpOf(riffChunk("VP8L", losslessWebP(m))), 0},
		{"tiff", strips.Bytes(), 0},
	} {
		whole := decode(t, tc.data).Luma
		seen, last := 0, 255.
		for percent := 5; percent < 100; percent += 5 {
			p, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), tc.data[:len(tc.data)*percent/100])
			var r *picture.Refusal
			switch {
			case errors.As(err, &r):
				if r.Cause != "damaged" {
					t.Errorf("%s cut at %d %%: %v", tc.name, percent, r)
				}
			case err != nil:
				t.Errorf("%s cut at %d %%: %v", tc.name, percent, err)
			case !p.Partial || p.Why == "":
				t.Errorf("%s cut at %d %%: passes for whole, %q", tc.name, percent, p.Why)
			default:
				seen++
				if tc.name == "png interlaced" {
					continue // coarser, of another size
				}
				d := far(p.Luma, whole)
				if d > last+1 {
					t.Errorf("%s cut at %d %%: %.1f off the whole, with 5 %% less it was %.1f", tc.name, percent, d, last)
				}
				last = d
			}
		}
		if seen < tc.fewest {
			t.Errorf("%s: pixels from %d of 19 cuts, want %d", tc.name, seen, tc.fewest)
		}
		if tc.fewest > 10 && last > 10 && last < 255 {
			t.Errorf("%s: cut at 95 %% it is %.1f off the whole", tc.name, last)
		}
	}
}

// What cameras, scanners and editors leave out or get wrong.
func TestJPEGOfTheField(t *testing.T) {
	m := scene(320, 240)
	data := jpegOf(t, m)
	var noTables []byte
	noTables = append(noTables, data[:2]...)
	sof, sos := 0, 0
	segments(data, func(marker byte, at, end int) {
		switch marker {
		case 0xc4: // the tables that the encoder writes are those of annex K
		case 0xc0:
			sof = at
			noTables = append(noTables, data[at:end]...)
		case 0xda:
			sos = at
			noTables = append(noTables, data[at:]...)
		default:
			noTables = append(noTables, data[at:end]...)
		}
	})
	lateHeight := bytes.Clone(data[:len(data)-2])
	lateHeight[sof+5], lateHeight[sof+6] = 0, 0
	body := data[:len(data)-2]
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"no Huffman tables", noTables},
		{"the number of lines behind the scan", join(lateHeight, "\xff\xdc\x00\x04\x00\xf0\xff\xd9")},
		{"zeros instead of an end", join(body, make([]byte, 300))},
		{"no end", body},
		{"rubbish behind the end", join(data, "<html>")},
		{"fill bytes and stray bytes between segments", join(data[:sof], "\xff\xff\xff\xff", data[sof+1:sos], "\x00\x01", data[sos:])},
		{"a second start", join(data[:2], "\xff\xd8", data[2:])},
		{"an unknown segment", join(data[:2], "\xff\xf3\x00\x04ab", data[2:])},
		{"a preview of another picture", withPreview(data, jpegOf(t, drawn(9, 160, 120)))},
		{"a broken description", join(data[:2], "\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff", data[2:])},
	} {
		p := decode(t, tc.data)
		if d := far(p.Luma, grey(m)); d > 3 || p.Partial || p.Width != 320 || p.Height != 240 {
			t.Errorf("%s: %dx%d, %.1f grey values off, %q", tc.name, p.Width, p.Height, d, p.Why)
		}
	}
}

func TestJPEGThatIsRefused(t *testing.T) {
	data := jpegOf(t, scene(64, 48))
	sof, sos := 0, 0
	segments(data, func(marker byte, at, end int) {
		switch marker {
		case 0xc0:
			sof = at
		case 0xda:
			sos = at
		}
	})
	noHeight := bytes.Clone(data)
	noHeight[sof+5], noHeight[sof+6] = 0, 0
	for name, data := range map[string][]byte{
		"a height of 0":     noHeight,
		"only a start":      []byte("\xff\xd8\xff"),
		"no frame":          []byte("\xff\xd8\xff\xd9"),
		"a segment of -2":   []byte("\xff\xd8\xff\xfe\x00\x00"),
		"two frames":        join(data[:sos], data[sof:sof+19], data[sos:]),
		"a scan of nothing": join(data[:sos], "\xff\xda\x00\x02\xff\xd9"),
	} {
		if r, _ := refusal(t, data, picture.Limits{}); r.Cause != "damaged" {
			t.Errorf("%s: got %v, want damaged", name, r)
		}
	}
	for want, marker := range map[string]byte{"arithmetic": 0xc9, "lossless": 0xc3, "hierarchical": 0xc5} {
		other := bytes.Clone(data)
		other[sof+1] = marker
		if r, _ := refusal(t, other, picture.Limits{}); r.Cause != "unsupported" || !strings.Contains(r.Why, want) {
			t.Errorf("%s: got %v", want, r)
		}
	}
	deep := bytes.Clone(data)
	deep[sof+4] = 12
	if r, _ := refusal(t, deep, picture.Limits{}); r.Cause != "unsupported" {
		t.Errorf("12 bits: got %v", r)
	}
}

// withPreview puts another JPEG into the description, as cameras do: it can be
// forged, and is never looked at.
func withPreview(data, preview []byte) []byte {
	block := join("II*\x00\x08\x00\x00\x00\x00\x00\x0e\x00\x00\x00\x02\x00\x01\x02\x04\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x02\x02\x04\x00\x01\x00\x00\x00\xff\x0f\x00\x00\x00\x00\x00\x00", preview)
	body := join("Exif\x00\x00", block)
	return join(data[:2], "\xff\xe1", []byte{byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body, data[2:])
}

// Damage in the middle: what lies above it is there.
func TestJPEGDamagedInside(t *testing.T) {
	m := scene(320, 240)
	data := jpegOf(t, m)
	copy(data[len(data)*2/3:], "\xff\xc1\xff\xc1")
	p := decode(t, data)
	if !p.Partial || !strings.HasPrefix(p.Why, "lines 1 to ") {
		t.Errorf("got partial %v, %q", p.Partial, p.Why)
	}
	top := func(g *image.Gray) *image.Gray { return g.SubImage(image.Rect(0, 0, 320, 120)).(*image.Gray) }
	if d := far(top(p.Luma), top(grey(m))); d > 3 {
		t.Errorf("the upper half is %.1f grey values off", d)
	}
}

func TestProgressive(t *testing.T) {
	at := func(bx, by int) int { return 20 + (bx*bx+by*9)%210 }
	p := decode(t, progressive(240, 160, at))
	for y := range 160 {
		for x := range 240 {
			if got, want := int(p.Luma.Pix[y*p.Luma.Stride+x]), at(x/8, y/8); got < want-1 || got > want+1 {
				t.Fatalf("at %d,%d: got %d, want %d", x, y, got, want)
			}
		}
	}
	data := progressive(240, 160, at)
	if p := decode(t, data[:len(data)-2]); !p.Partial {
		t.Error("without its end, a progressive picture passes for whole")
	}
	second := bytes.LastIndex(data, []byte("\xff\xda"))
	p = decode(t, data[:second+12])
	if !p.Partial || !strings.HasPrefix(p.Why, "scans 1 to 1 of 2") || far(p.Luma, decode(t, data).Luma) > 1 {
		t.Errorf("cut off in scan 2: partial %v, %q", p.Partial, p.Why)
	}
}

func TestPNGOfTheField(t *testing.T) {
	m := scene(320, 240)
	raw := pngOf(t, m)
	head, rest := raw[:33], raw[33:]
	pixels := make([]byte, 0, 240*961)
	for y := range 240 {
		pixels = append(pixels, 0)
		for x := range 320 {
			c := m.NRGBAAt(x, y)
			pixels = append(pixels, c.R, c.G, c.B)
		}
	}
	rgb := join(pngHead, ihdr(320, 240, 8, 2, 0))
	idat := func(b []byte, wrong uint32) []byte { return chunk("IDAT", b, wrong) }
	end := chunk("IEND", nil, 0)
	badSum := packed(pixels)
	badSum[len(badSum)-1] ^= 1
	z := packed(pixels)
	for _, tc := range []struct {
		name, why string
		data      []byte
	}{
		{"wrong sum of a profile", "", join(head, chunk("iCCP", []byte("icc\x00\x00xx"), 1), rest)},
		{"wrong sum of a text", "", join(head, chunk("tEXt", []byte("a\x00b"), 1), rest)},
		{"an empty IDAT", "", join(rgb, idat(z, 0), idat(nil, 0), end)},
		{"IDAT byte by byte", "", join(rgb, idat(z[:1], 0), idat(z[1:2], 0), idat(z[2:3], 0), idat(z[3:], 0), end)},
		{"surplus pixels", "", join(rgb, idat(packed(append(bytes.Clone(pixels), make([]byte, 5000)...)), 0), end)},
		{"no end", "", join(rgb, idat(z, 0))},
		{"a palette that is not needed", "", join(rgb, chunk("PLTE", []byte{1, 2, 3}, 0), idat(z, 0), end)},
		{"wrong sum of IDAT", "wrong checksum of IDAT", join(rgb, idat(z, 1), end)},
		{"wrong sum of the pixels", "wrong checksum of the pixels", join(rgb, idat(badSum, 0), end)},
	} {
		p := decode(t, tc.data)
		if d := far(p.Luma, grey(m)); d > .5 || p.Why != tc.why || p.Partial != (tc.why != "") {
			t.Errorf("%s: %.1f grey values off, partial %v, %q, want %q", tc.name, d, p.Partial, p.Why, tc.why)
		}
	}
	wild := bytes.Clone(pixels)
	wild[200*961] = 9
	if p := decode(t, join(rgb, idat(packed(wild), 0), end)); p.Why != "lines 1 to 200 of 240: filter 9 is unknown" {
		t.Errorf("a wild filter: %q", p.Why)
	}
}

func TestPNGThatIsRefused(t *testing.T) {
	rgb := join(pngHead, ihdr(320, 240, 8, 2, 0))
	idat := func(b []byte) []byte { return chunk("IDAT", b, 0) }
	end := chunk("IEND", nil, 0)
	z := packed(make([]byte, 16*17))
	for name, data := range map[string][]byte{
		"no pixels":       join(rgb, end),
		"no header":       []byte(pngHead),
		"no zlib":         join(rgb, idat([]byte("hello world")), end),
		"no palette":      join(pngHead, ihdr(16, 16, 8, 3, 0), idat(z), end),
		"an empty stream": join(rgb, idat(packed(nil)), end),
	} {
		if r, _ := refusal(t, data, picture.Limits{}); r.Cause != "damaged" {
			t.Errorf("%s: got %v, want damaged", name, r)
		}
	}
	for name, data := range map[string][]byte{
		"colour type 5": join(pngHead, ihdr(16, 16, 8, 5, 0), idat(z), end),
		"3 bits":        join(pngHead, ihdr(16, 16, 3, 0, 0), idat(z), end),
		"CgBI":          join(pngHead, chunk("CgBI", []byte{0, 0, 0, 0}, 0), rgb[8:], idat(z), end),
	} {
		if r, _ := refusal(t, data, picture.Limits{}); r.Cause != "unsupported" {
			t.Errorf("%s: got %v, want unsupported", name, r)
		}
	}
}

// interlaced is a PNG in the seven passes of Adam7.
func interlaced(g *image.Gray) []byte {
	var raw []byte
	w, h := g.Rect.Dx(), g.Rect.Dy()
	for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := p[1]; y < h; y += p[3] {
			if p[0] >= w {
				continue
			}
			raw = append(raw, 0)
			for x := p[0]; x < w; x += p[2] {
				raw = append(raw, g.Pix[y*g.Stride+x])
			}
		}
	}
	return join(pngHead, ihdr(uint32(w), uint32(h), 8, 0, 1), chunk("IDAT", packed(raw), 0), chunk("IEND", nil, 0))
}

func TestInterlaced(t *testing.T) {
	for _, size := range [][2]int{{320, 240}, {1, 1}, {3, 9}, {5, 1}, {8, 8}} {
		g := grey(scene(size[0], size[1]))
		if d := far(decode(t, interlaced(g)).Luma, g); d > 0 {
			t.Errorf("%v: %.2f grey values off", size, d)
		}
	}
	// Cut off in the last passes, the coarser grid is a picture without gaps.
	g := grey(scene(320, 240))
	data := interlaced(g)
	p := decode(t, data[:len(data)*40/100])
	if w := p.Luma.Rect.Dx(); !strings.HasPrefix(p.Why, "passes 1 to 4 of 7") && !strings.HasPrefix(p.Why, "passes 1 to 5 of 7") || w != 160 && w != 80 {
		t.Errorf("cut off at 40 %%: %d pixels wide, %q", w, p.Why)
	}
	// A GIF in four passes.
	var b bytes.Buffer
	lines := image.NewPaletted(g.Rect, palette.Plan9)
	whole := as(g, image.NewPaletted(g.Rect, palette.Plan9)).(*image.Paletted)
	to := 0
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := pass[0]; y < 240; y += pass[1] {
			copy(lines.Pix[to*320:][:320], whole.Pix[y*320:])
			to++
		}
	}
	if err := gif.Encode(&b, lines, nil); err != nil {
		t.Fatal(err)
	}
	data = b.Bytes()
	at := bytes.Index(data, []byte(",\x00\x00\x00\x00\x40\x01\xf0\x00"))
	data[at+9] |= 0x40
	if d := far(decode(t, data).Luma, grey(whole)); d > .5 {
		t.Errorf("gif: %.2f grey values off", d)
	}
	p = decode(t, data[:len(data)/2])
	if d := far(p.Luma, grey(whole)); !p.Partial || d > 80 {
		t.Errorf("gif cut in half: %.1f grey values off, %q", d, p.Why)
	}
}

func TestTIFFThatIsRefused(t *testing.T) {
	tags := func(more map[uint16]uint32) map[uint16]uint32 {
		all := map[uint16]uint32{256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 16, 279: 256}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for name, tc := range map[string]struct {
		tags  map[uint16]uint32
		cause string
	}{
		"no JPEG inside":    {tags(map[uint16]uint32{259: 7}), "damaged"},
		"old JPEG inside":   {tags(map[uint16]uint32{259: 6}), "unsupported"},
		"a raw preview":     {tags(map[uint16]uint32{513: 8, 514: 100}), "unsupported"},
		"DNG":               {tags(map[uint16]uint32{254: 1, 330: 8, 50706: 1}), "unsupported"},
		"separate planes":   {tags(map[uint16]uint32{277: 3, 284: 2}), "unsupported"},
		"reversed bits":     {tags(map[uint16]uint32{266: 2}), "unsupported"},
		"unknown packing":   {tags(map[uint16]uint32{259: 34712}), "unsupported"},
		"tiles of 1x1":      {tags(map[uint16]uint32{322: 1, 323: 1, 324: 8, 325: 1}), "damaged"},
		"a strip elsewhere": {tags(map[uint16]uint32{273: 1 << 30}), "damaged"},
		"no size":           {tags(map[uint16]uint32{256: 0}), "damaged"},
	} {
		if r, _ := refusal(t, tiffFile(tc.tags, make([]byte, 256)), picture.Limits{}); r.Cause != tc.cause {
			t.Errorf("%s: got %v, want %s", name, r, tc.cause)
		}
	}
}
