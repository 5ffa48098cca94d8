package picture

import (
	"bytes"
	"slices"
	"testing"
)

// within says whether part lies inside of data.
func within(data, part []byte) bool {
	return len(part) <= len(data)
}

// The chunks and frames of a WebP lie in it, and two walks see the same.
func FuzzWebPFrames(f *testing.F) {
	f.Add([]byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00ANMF\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00\x64\x00\x00\x02VP8L\x01\x00\x00\x00\x2f\x00"))
	f.Add([]byte("RIFF\xff\xff\xff\xffWEBPANMF\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 12 {
			return
		}
		sum := 0
		for kind, body := range chunks(data[12:]) {
			sum += 8 + len(body)
			if len(kind) != 4 || !within(data, body) {
				t.Fatalf("a chunk %q of %d bytes in %d", kind, len(body), len(data))
			}
		}
		if sum > len(data) {
			t.Fatalf("chunks of %d bytes in %d", sum, len(data))
		}
		w := &webpFile{body: data[12:]}
		w.walk()
		n := 0
		for frame := range w.frames() {
			if n++; frame.kind == "" || len(frame.data)+len(frame.alpha) > w.longest {
				t.Fatalf("frame %d: %q of %d bytes, the longest is %d", n, frame.kind, len(frame.data), w.longest)
			}
		}
		if n != w.count {
			t.Fatalf("%d frames, then %d", w.count, n)
		}
	})
}

// Two walks over a GIF, and over an animated PNG, see the same frames.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("GIF89a\x02\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x09\x00\x00\x00\x00,\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x02\x44\x01\x00,\x01\x00\x01\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x02\x00\x00\x00\x02\x08\x00\x00\x00\x00sum!\x00\x00\x00\x08acTL\x00\x00\x00\x02\x00\x00\x00\x00sum!\x00\x00\x00\x01IDATxsum!\x00\x00\x00\x1afcTL\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x0a\x00\x00sum!\x00\x00\x00\x05fdAT\x00\x00\x00\x02xsum!"))
	f.Fuzz(func(t *testing.T, data []byte) {
		format := Sniff(data)
		read := map[string]func([]byte, *plan) error{"gif": readGIF, "png": readPNG}[format]
		p := plan{orientation: 1, frames: 1, limits: DefaultLimits()}
		if read == nil || read(data, &p) != nil {
			return
		}
		n := 0
		if format == "gif" {
			g := &gifFile{}
			g.palette, g.body = gifPalette(data[13:], data[10])
			for frame := range g.frames() {
				if n++; !within(data, frame.data) || frame.at.Dx() > 65535 || frame.at.Dy() > 65535 {
					t.Fatalf("frame %d: %v with %d bytes", n, frame.at, len(frame.data))
				}
			}
		} else {
			f := &pngFile{body: data[8:], orientation: 1, frames: 1}
			if err := f.walk(); err != nil {
				t.Fatal(err)
			}
			for frame := range f.pictures() {
				if n++; len(frame.png.header) != 13 || frame.at.X > 1<<24 || frame.at.Y > 1<<24 {
					t.Fatalf("frame %d at %v, a header of %d bytes", n, frame.at, len(frame.png.header))
				}
			}
		}
		if p.further != nil && n != p.frames || p.memory < 0 {
			t.Fatalf("%d frames, planned for %d in %d bytes", n, p.frames, p.memory)
		}
	})
}

// What is written anew for the decoder of AVIF says what was read: the same
// items with the same bytes, sizes and streams.
func FuzzAVIFBoxes(f *testing.F) {
	item := &avifFile{items: []avifItem{{kind: "av01", props: []box{{"ispe", []byte("\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x30")}, {"av1C", []byte("\x81\x00\x0c\x00")}}, data: []byte("\x12\x00\x0a\x06\x18\x15\x7f\xb0\xad\x02\x32\x04\x00\x00\x00\x00")}}}
	f.Add(item.written())
	grid := &avifFile{items: []avifItem{{kind: "grid", tiles: 2, data: []byte{0, 0, 0, 1, 0, 128, 0, 48}}, item.items[0], item.items[0]}}
	f.Add(grid.written())
	f.Fuzz(func(t *testing.T, data []byte) {
		h := readHEIF(data)
		if len(h.items) > mostItems || len(h.props) > mostItems {
			t.Fatalf("%d items, %d properties", len(h.items), len(h.props))
		}
		for _, it := range h.items {
			if n := len(h.content(it, len(data))); n > len(data) || len(it.extents) > mostItems {
				t.Fatalf("an item of %d bytes in %d", n, len(data))
			}
		}
		p := plan{orientation: 1, frames: 1, limits: DefaultLimits()}
		if readAVIF(data, &p) != nil {
			return
		}
		a := &avifFile{}
		if err := a.add(h, h.items[h.primary], &p); err != nil {
			t.Fatalf("read once, and then %v", err)
		}
		again := readHEIF(a.written())
		for i, want := range a.items {
			got := again.items[uint32(i+1)]
			if got == nil || got.kind != want.kind || !bytes.Equal(again.content(got, len(data)), want.data) || len(got.parts) != want.tiles {
				t.Fatalf("item %d: %+v, want %+v", i+1, got, want)
			}
			if want.kind == "av01" && readOBUs(want.data) != want.streams {
				t.Fatalf("item %d: another stream", i+1)
			}
		}
		if p.width < 1 || p.height < 1 || int64(p.width) > p.limits.Pixels/int64(p.height) || a.work > p.limits.Pixels {
			t.Fatalf("%dx%d, work of %d", p.width, p.height, a.work)
		}
	})
}

// The pages of a TIFF are few, and what a tag names lies in the file.
func FuzzTIFFPages(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x02\x00\x00\x01\x04\x00\x01\x00\x00\x00\x10\x00\x00\x00\x01\x01\x03\x00\x09\x00\x00\x00\x04\x00\x00\x00\x08\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x4a\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if Sniff(data) != "tiff" {
			return
		}
		pages := tiffPages(data)
		if len(pages) == 0 || len(pages) > mostPages || len(shown(pages)) == 0 {
			t.Fatalf("%d pages", len(pages))
		}
		var places []uint32
		for _, p := range pages {
			if slices.Contains(places, p.at) {
				t.Fatalf("the directory at %d twice", p.at)
			}
			places = append(places, p.at)
			if len(p.children()) > 16 || len(p.wholeJPEG()) > len(data) {
				t.Fatalf("page at %d", p.at)
			}
			for _, tag := range []uint16{tagWidth, tagStrips, tagTiles, tagSubIFDs} {
				c := p.column(tag)
				if len(c.values) > len(data) || c.nth(c.len()) != 0 {
					t.Fatalf("tag %d has %d bytes of values", tag, len(c.values))
				}
			}
		}
		p := plan{orientation: 1, frames: 1, limits: DefaultLimits()}
		if readTIFF(data, &p) == nil && (p.width < 1 || p.height < 1 || p.memory < 0 || p.memory > p.limits.Memory) {
			t.Fatalf("%dx%d in %d bytes", p.width, p.height, p.memory)
		}
	})
}
