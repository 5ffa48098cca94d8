package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"runtime/metrics"
	"slices"
	"testing"

	"golang.org/x/image/tiff"

	"leakwatch/internal/picture"
)

// FuzzDecode holds the room to its promises, whatever the bytes: a picture
// within the limits with a plane of the right size, or a refusal with a cause
// from the list; no panic, and no more memory than allowed.
func FuzzDecode(f *testing.F) {
	m := scene(48, 32)
	var g, strips bytes.Buffer
	if err := gif.Encode(&g, as(m, image.NewPaletted(m.Rect, palette.Plan9)), nil); err != nil {
		f.Fatal(err)
	}
	if err := tiff.Encode(&strips, m, &tiff.Options{Compression: tiff.Deflate}); err != nil {
		f.Fatal(err)
	}
	raw := pngOf(f, m)
	for _, seed := range [][]byte{
		jpegOf(f, m), jpegOf(f, grey(m)), withExif(jpegOf(f, m), 6), progressive(48, 32, func(x, y int) int { return 20 * x }),
		raw, interlaced(grey(m)), join(raw[:33], chunk("eXIf", exifBlock(8), 0), raw[33:]), g.Bytes(), strips.Bytes(),
		webpOf(riffChunk("VP8L", losslessWebP(m))), webpOf(vp8x(2, 48, 32), animationFrame(48, 32, riffChunk("VP8L", losslessWebP(m)))),
		bmp32(m, 7), twoPages(grey(m), grey(m)), []byte("<svg>"),
		gifOf(f, 160, 120, moves()), apngOf(160, 120, moves()), webpAnimation(160, 120, moves()),
		jpegTIFF(f, binary.LittleEndian, m, 16, 16, true, nil), jpegTIFF(f, binary.BigEndian, grey(m), 48, 8, false, map[uint16]tiffField{262: nums(0)}),
		heifOf([]heifPart{{kind: "av01", data: av1Stream(48, 32, 1, true), props: [][]byte{ispe(48, 32)}}}),
	} {
		f.Add(seed)
	}
	for _, data := range claims() {
		f.Add(data)
	}
	limits := picture.Limits{Bytes: 1 << 20, Pixels: 1 << 20, PixelsJPEG: 1 << 21, Side: 3000, Memory: 32 << 20}
	causes := []string{"limit_bytes", "limit_pixels", "limit_side", "limit_time", "not_a_picture", "unsupported", "damaged"}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		p, err := picture.NewDecoder(limits).Decode(context.Background(), data)
		if n := allocated() - before; n > 4*uint64(limits.Memory) {
			t.Errorf("allocated %d MiB", n>>20)
		}
		if err != nil {
			var r *picture.Refusal
			if !errors.As(err, &r) || !slices.Contains(causes, r.Cause) || r.Why == "" {
				t.Fatalf("got %v, want a refusal", err)
			}
			return
		}
		if p.Width < 1 || p.Height < 1 || p.Width*p.Height > 1<<21 || max(p.Width, p.Height) > 3000 || p.Orientation < 1 || p.Orientation > 8 || p.Frames < 1 {
			t.Fatalf("%dx%d, orientation %d, %d frames", p.Width, p.Height, p.Orientation, p.Frames)
		}
		if b := p.Luma.Rect; b.Min != (image.Point{}) || b.Empty() || max(b.Dx(), b.Dy()) > 1024 || len(p.Luma.Pix) != b.Dx()*b.Dy() {
			t.Fatalf("a plane of %v with %d values", b, len(p.Luma.Pix))
		}
		cuts := []string{"partial", "limit_frames", "limit_time"}
		if p.Partial != (p.Why != "") || p.Partial != slices.Contains(cuts, p.Cause) || !p.Partial && p.Cause != "" || p.Format != picture.Sniff(data) {
			t.Fatalf("partial %v, %q, %q, %s", p.Partial, p.Cause, p.Why, p.Format)
		}
		if len(p.Further) >= max(2, min(p.Frames, 16)) && len(p.Further) > 0 {
			t.Fatalf("%d further of %d frames", len(p.Further), p.Frames)
		}
		for _, g := range p.Further {
			if b := g.Rect; b.Min != (image.Point{}) || b.Empty() || max(b.Dx(), b.Dy()) > 512 || len(g.Pix) != b.Dx()*b.Dy() {
				t.Fatalf("a further plane of %v with %d values", b, len(g.Pix))
			}
		}
	})
}

// allocated is the sum of all allocations so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
