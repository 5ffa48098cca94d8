//go:build nodynamic && wasm2go

package picture_test

import (
	"bytes"
	"image"
	"image/draw"
	"testing"

	"github.com/gen2brain/avif"

	"leakwatch/internal/picture"
)

func avifOf(t testing.TB, m image.Image, o avif.Options) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return avif.Encode(b, m, o) })
}

func TestAVIF(t *testing.T) {
	opaque := func(m *image.NRGBA) *image.RGBA { return as(m, image.NewRGBA(m.Rect)).(*image.RGBA) }
	half := image.NewNRGBA(image.Rect(0, 0, 160, 120))
	for i, v := range scene(160, 120).Pix {
		half.Pix[i] = v
		if i%4 == 3 {
			half.Pix[i] = uint8(i / 4 % 160)
		}
	}
	for _, tc := range []struct {
		name string
		m    image.Image
		o    avif.Options
		far  float64
	}{
		{"4:2:0", opaque(scene(160, 120)), avif.Options{Quality: 90, Speed: 10, ChromaSubsampling: image.YCbCrSubsampleRatio420}, 4},
		{"4:4:4", opaque(scene(161, 121)), avif.Options{Quality: 90, Speed: 10, ChromaSubsampling: image.YCbCrSubsampleRatio444}, 3},
		{"lossless", opaque(scene(33, 47)), avif.Options{Lossless: true, Speed: 10}, 1},
		{"alpha", as(half, image.NewRGBA(half.Rect)), avif.Options{Quality: 95, QualityAlpha: 95, Speed: 10, ChromaSubsampling: image.YCbCrSubsampleRatio444}, 4},
	} {
		p := decode(t, avifOf(t, tc.m, tc.o))
		b := tc.m.Bounds()
		if p.Format != "avif" || p.Width != b.Dx() || p.Height != b.Dy() || p.Frames != 1 || p.Partial || p.Orientation != 1 {
			t.Errorf("%s: %s %dx%d, %d frames, %q", tc.name, p.Format, p.Width, p.Height, p.Frames, p.Why)
		}
		if d := far(p.Luma, grey(tc.m)); d > tc.far {
			t.Errorf("%s: %.2f grey values off", tc.name, d)
		}
	}
}

// taken cuts an encoded picture out of its file: its stream and its
// properties, so that a test can build other files of it.
func taken(t testing.TB, data []byte) heifPart {
	t.Helper()
	p := heifPart{kind: "av01"}
	find := func(kind string) []byte {
		at := bytes.Index(data, []byte(kind)) - 4
		return data[at : at+int(data[at+2])<<8+int(data[at+3])]
	}
	for _, kind := range []string{"ispe", "pixi", "av1C"} {
		p.props = append(p.props, find(kind))
	}
	p.data = data[bytes.Index(data, []byte("mdat"))+4:]
	return p
}

func coded(t testing.TB, m *image.NRGBA) []byte {
	return avifOf(t, as(m, image.NewRGBA(m.Rect)), avif.Options{Quality: 90, Speed: 10, ChromaSubsampling: image.YCbCrSubsampleRatio420})
}

// A picture of tiles, as phones store large ones.
func TestAVIFGrid(t *testing.T) {
	m := scene(256, 128)
	half := func(x int) *image.NRGBA {
		out := image.NewNRGBA(image.Rect(0, 0, 128, 128))
		draw.Draw(out, out.Rect, m, image.Pt(x, 0), draw.Src)
		return out
	}
	grid := heifPart{kind: "grid", data: []byte{0, 0, 0, 1, 1, 0, 0, 128}, props: [][]byte{ispe(256, 128)}, refs: map[string][]int{"dimg": {2, 3}}}
	p := decode(t, heifOf([]heifPart{grid, taken(t, coded(t, half(0))), taken(t, coded(t, half(128)))}))
	if d := far(p.Luma, grey(m)); p.Width != 256 || p.Height != 128 || d > 4 {
		t.Errorf("%dx%d, %.1f grey values off", p.Width, p.Height, d)
	}
}

func TestAVIFOrientation(t *testing.T) {
	m := scene(96, 64)
	for o, how := range map[int][2]string{1: {}, 2: {"", "\x01"}, 3: {"\x02"}, 4: {"", "\x00"}, 5: {"\x01", "\x00"}, 6: {"\x03"}, 7: {"\x01", "\x01"}, 8: {"\x01"}} {
		part := taken(t, coded(t, stored(m, o)))
		for i, kind := range []string{"irot", "imir"} {
			if how[i] != "" {
				part.props = append(part.props, bx(kind, how[i]))
			}
		}
		p := decode(t, heifOf([]heifPart{part}))
		if d := far(p.Luma, grey(m)); p.Orientation != o || p.Width != 96 || p.Height != 64 || d > 4 {
			t.Errorf("orientation %d: got %d, %dx%d, %.1f grey values off", o, p.Orientation, p.Width, p.Height, d)
		}
	}
}

// Of a sequence the still picture is seen, and that it is not all.
func TestAVIFSequence(t *testing.T) {
	a, b := scene(96, 64), drawn(8, 96, 64)
	anim := &avif.AVIF{Image: []image.Image{as(a, image.NewRGBA(a.Rect)), as(b, image.NewRGBA(b.Rect))}, Delay: []float64{.1, .1}}
	data := encoded(t, func(w *bytes.Buffer) error {
		return avif.EncodeAll(w, anim, avif.Options{Quality: 90, Speed: 10, ChromaSubsampling: image.YCbCrSubsampleRatio420})
	})
	p := decode(t, data)
	if d := far(p.Luma, grey(a)); p.Frames != 2 || p.Cause != "partial" || d > 5 {
		t.Errorf("%d frames, %q, %q, %.1f grey values off", p.Frames, p.Cause, p.Why, d)
	}
}

// Damage ends in a cause, and leaves the decoder fit for the next picture.
func TestAVIFDamaged(t *testing.T) {
	good := coded(t, scene(96, 64))
	for n := 1; n < 40; n++ {
		data := bytes.Clone(good)
		for at := n * 7; at < len(data); at += 211 {
			data[at] ^= byte(1 + n)
		}
		p, err := picture.NewDecoder(picture.Limits{}).Decode(t.Context(), data)
		if err == nil && p.Luma == nil {
			t.Errorf("damage %d: neither picture nor cause", n)
		}
	}
	if d := far(decode(t, good).Luma, grey(scene(96, 64))); d > 4 {
		t.Errorf("after the damaged ones: %.1f grey values off", d)
	}
}
