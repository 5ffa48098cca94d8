package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"slices"
	"testing"

	"leakwatch/internal/picture"
)

// shown draws what a viewer shows of an animation, frame by frame.
type shown struct {
	at      image.Rectangle
	picture *image.NRGBA // alpha as stored; its origin is zero
	after   string       // keep, clear or restore
	over    bool
}

func viewer(w, h int, frames []shown) []*image.Gray {
	canvas := image.NewNRGBA(image.Rect(0, 0, w, h))
	var out []*image.Gray
	for _, f := range frames {
		before := image.NewNRGBA(canvas.Rect)
		copy(before.Pix, canvas.Pix)
		op := draw.Src
		if f.over {
			op = draw.Over
		}
		draw.Draw(canvas, f.at, f.picture, image.Point{}, op)
		out = append(out, grey(canvas))
		switch f.after {
		case "clear":
			draw.Draw(canvas, f.at, image.Transparent, image.Point{}, draw.Src)
		case "restore":
			canvas = before
		}
	}
	return out
}

// moves is an animation that uses all there is: parts, clear pixels, the three
// ways to leave. Its pixels are clear or opaque.
func moves() []shown {
	full := image.Rect(0, 0, 160, 120)
	part := func(seed uint32, r image.Rectangle) *image.NRGBA {
		m := drawn(seed, r.Dx(), r.Dy())
		for i := 3; i < len(m.Pix); i += 4 {
			if i/4%r.Dx() > r.Dx()*2/3 {
				m.Pix[i] = 0
			}
		}
		return m
	}
	a, b, c := image.Rect(20, 10, 120, 100), image.Rect(80, 40, 160, 120), image.Rect(0, 60, 90, 110)
	return []shown{
		{full, scene(160, 120), "keep", true},
		{a, part(11, a), "restore", true},
		{b, part(12, b), "clear", true},
		{c, part(13, c), "keep", true},
		{full, drawn(14, 160, 120), "keep", true},
		{b, part(15, b), "restore", true},
		{a, part(16, a), "clear", true},
		{c, part(17, c), "keep", true},
	}
}

func gifOf(t testing.TB, w, h int, frames []shown) []byte {
	t.Helper()
	g := &gif.GIF{Config: image.Config{Width: w, Height: h}}
	colours := append(color.Palette{color.Transparent}, palette.WebSafe...)
	leave := map[string]byte{"keep": gif.DisposalNone, "clear": gif.DisposalBackground, "restore": gif.DisposalPrevious}
	for _, f := range frames {
		m := image.NewPaletted(f.at, colours)
		draw.Draw(m, f.at, f.picture, image.Point{}, draw.Src)
		g.Image, g.Delay, g.Disposal = append(g.Image, m), append(g.Delay, 10), append(g.Disposal, leave[f.after])
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fctl is a frame control of an animated PNG.
func fctl(n int, f shown) []byte {
	be := func(v int) []byte { return []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)} }
	leave, over := map[string]byte{"clear": 1, "restore": 2}[f.after], byte(0)
	if f.over {
		over = 1
	}
	return chunk("fcTL", join(be(n), be(f.at.Dx()), be(f.at.Dy()), be(f.at.Min.X), be(f.at.Min.Y), []byte{0, 1, 0, 10, leave, over}), 0)
}

// rgbaRows are the pixels of a PNG before they are packed.
func rgbaRows(m *image.NRGBA) []byte {
	var b []byte
	for y := range m.Rect.Dy() {
		b = append(append(b, 0), m.Pix[y*m.Stride:][:4*m.Rect.Dx()]...)
	}
	return b
}

func apngOf(w, h int, frames []shown) []byte {
	out := join(pngHead, ihdr(uint32(w), uint32(h), 8, 6, 0), chunk("acTL", []byte{0, 0, 0, byte(len(frames)), 0, 0, 0, 0}, 0))
	for i, f := range frames {
		body := packed(rgbaRows(f.picture))
		out = append(out, fctl(2*i, f)...)
		if i == 0 {
			out = append(out, chunk("IDAT", body, 0)...)
			continue
		}
		half := len(body) / 2 // over two chunks
		out = join(out, chunk("fdAT", join("\x00\x00\x00\x00", body[:half]), 0), chunk("fdAT", join("\x00\x00\x00\x00", body[half:]), 0))
	}
	return join(out, chunk("IEND", nil, 0))
}

func webpAnimation(w, h int, frames []shown) []byte {
	chunks := [][]byte{vp8x(2+16, w, h), riffChunk("ANIM", make([]byte, 6))}
	for _, f := range frames {
		b := animationFrame(f.at.Dx(), f.at.Dy(), riffChunk("VP8L", losslessWebPAlpha(f.picture)))
		b[8], b[11] = byte(f.at.Min.X/2), byte(f.at.Min.Y/2)
		if f.after == "clear" {
			b[8+15] |= 1
		}
		if !f.over {
			b[8+15] |= 2
		}
		chunks = append(chunks, b)
	}
	return webpOf(chunks...)
}

// Further frames are those that a viewer shows.
func TestFurtherFramesAreComposed(t *testing.T) {
	frames := moves()
	forWebP := slices.Clone(frames)
	for i := range forWebP {
		if forWebP[i].after == "restore" {
			forWebP[i].after = "keep" // WebP has no other way
		}
	}
	soft := slices.Clone(frames) // alpha between clear and opaque
	for i, f := range soft {
		m := image.NewNRGBA(f.picture.Rect)
		copy(m.Pix, f.picture.Pix)
		for j := 3; j < len(m.Pix) && i > 0; j += 4 {
			m.Pix[j] = uint8(j / 16)
		}
		soft[i].picture, soft[i].over = m, i != 5
	}
	softWebP := slices.Clone(soft)
	for i := range softWebP {
		if softWebP[i].after == "restore" {
			softWebP[i].after = "clear"
		}
	}
	for _, tc := range []struct {
		name   string
		data   []byte
		frames []shown
		far    float64
	}{
		{"gif", gifOf(t, 160, 120, frames), frames, 20}, // 216 colours
		{"png", apngOf(160, 120, frames), frames, .5},
		{"png, soft", apngOf(160, 120, soft), soft, 1},
		{"webp", webpAnimation(160, 120, forWebP), forWebP, .5},
		{"webp, soft", webpAnimation(160, 120, softWebP), softWebP, 1},
	} {
		want := viewer(160, 120, tc.frames)
		p := decode(t, tc.data)
		if p.Partial || p.Frames != len(want) || p.Width != 160 || p.Height != 120 || len(p.Further) != len(want)-1 {
			t.Errorf("%s: %d frames of %dx%d, %d kept, %q", tc.name, p.Frames, p.Width, p.Height, len(p.Further), p.Why)
			continue
		}
		for i, got := range append([]*image.Gray{p.Luma}, p.Further...) {
			if d := far(got, want[i]); d > tc.far {
				t.Errorf("%s: frame %d is %.2f grey values off, want %v at most", tc.name, i+1, d, tc.far)
			}
		}
	}
}

// A sample of many frames is even, holds the last, and says what it is.
func TestFramesAreSampled(t *testing.T) {
	var frames []shown
	for i := range 31 {
		frames = append(frames, shown{image.Rect(0, 0, 64, 48), drawn(uint32(100+i), 64, 48), "keep", true})
	}
	want := viewer(64, 48, frames)
	for name, data := range map[string][]byte{
		"gif": gifOf(t, 64, 48, frames), "png": apngOf(64, 48, frames), "webp": webpAnimation(64, 48, frames), "tiff": manyPages(want),
	} {
		p := decode(t, data)
		if p.Frames != 31 || p.Cause != "limit_frames" || len(p.Further) != 15 {
			t.Errorf("%s: %d frames, %d kept, %q, %q", name, p.Frames, len(p.Further), p.Cause, p.Why)
			continue
		}
		for i, got := range p.Further {
			if d := far(got, want[2*(i+1)]); d > 20 {
				t.Errorf("%s: kept picture %d is %.1f grey values off frame %d", name, i+1, d, 2*(i+1)+1)
			}
		}
		p, err := picture.NewDecoder(picture.Limits{Frames: 1}).Decode(t.Context(), data)
		if err != nil || p.Frames != 31 || p.Cause != "limit_frames" || len(p.Further) > 0 {
			t.Errorf("%s, one frame allowed: %v, %d frames, %d kept, %q", name, err, p.Frames, len(p.Further), p.Cause)
		}
	}
}

// What an eye would not call another picture is not kept.
func TestFramesThatShowNothingNewAreNotKept(t *testing.T) {
	a, b := scene(160, 120), drawn(8, 160, 120)
	cursor := scene(160, 120)
	draw.Draw(cursor, image.Rect(70, 50, 74, 58), image.Black, image.Point{}, draw.Src)
	full := image.Rect(0, 0, 160, 120)
	frame := func(m *image.NRGBA) shown { return shown{full, m, "keep", true} }
	p := decode(t, apngOf(160, 120, []shown{frame(a), frame(cursor), frame(a), frame(b), frame(a), frame(b)}))
	if p.Partial || len(p.Further) != 1 || far(p.Further[0], grey(b)) > 1 {
		t.Errorf("kept %d, %q, want the one other picture", len(p.Further), p.Why)
	}
}

// The orientation of the file is that of all its frames.
func TestFurtherFramesAreUpright(t *testing.T) {
	a, b := scene(120, 80), drawn(8, 120, 80)
	lying := image.Rect(0, 0, 80, 120)
	frames := []shown{{lying, stored(a, 6), "keep", true}, {lying, stored(b, 6), "keep", true}}
	raw := apngOf(80, 120, frames)
	moving := webpAnimation(80, 120, frames)
	for name, data := range map[string][]byte{
		"png":  join(raw[:33], chunk("eXIf", exifBlock(6), 0), raw[33:]),
		"webp": webpOf(moving[12:], riffChunk("EXIF", exifBlock(6))),
	} {
		p := decode(t, data)
		if p.Width != 120 || len(p.Further) != 1 || far(p.Luma, grey(a)) > 1 || far(p.Further[0], grey(b)) > 1 {
			t.Errorf("%s: %dx%d, %d kept, %q", name, p.Width, p.Height, len(p.Further), p.Why)
		}
		if s, err := picture.NewDecoder(picture.Limits{}).DecodeStored(t.Context(), data); err != nil || len(s.Further) != 1 || far(s.Further[0], grey(frames[1].picture)) > 1 {
			t.Errorf("%s, as stored: %v, %d kept", name, err, len(s.Further))
		}
	}
}

// Of a damaged animation everything is shown that is there.
func TestFramesThatAreDamaged(t *testing.T) {
	frames := []shown{}
	for i := range 6 {
		frames = append(frames, shown{image.Rect(0, 0, 64, 48), drawn(uint32(30+i), 64, 48), "keep", true})
	}
	for name, data := range map[string][]byte{"gif": gifOf(t, 64, 48, frames), "png": apngOf(64, 48, frames), "webp": webpAnimation(64, 48, frames)} {
		p := decode(t, data[:len(data)*70/100])
		if p.Cause != "partial" || len(p.Further) < 2 {
			t.Errorf("%s cut at 70 %%: %q, %q, %d kept", name, p.Cause, p.Why, len(p.Further))
		}
	}
	// The first frame is broken: the others are seen.
	data := webpAnimation(64, 48, frames)
	data[bytes.Index(data, []byte("VP8L"))+8] = 0
	p := decode(t, data)
	if p.Cause != "partial" || len(p.Further) != 4 || far(p.Luma, grey(frames[1].picture)) > 1 {
		t.Errorf("a broken first frame: %q, %q, %d kept", p.Cause, p.Why, len(p.Further))
	}
	// A frame larger than the canvas is not drawn.
	data = webpAnimation(64, 48, append(frames[:2:2], shown{image.Rect(0, 0, 200, 100), scene(200, 100), "keep", true}, frames[3]))
	if p := decode(t, data); p.Cause != "partial" || p.Why != "frame 3: a frame of 200x100 on a canvas of 64x48" || len(p.Further) != 2 {
		t.Errorf("a frame larger than the canvas: %q, %q, %d kept", p.Cause, p.Why, len(p.Further))
	}
}

// The picture that a viewer without animation shows may be no frame.
func TestStillPictureOfAnAnimatedPNG(t *testing.T) {
	still, frames := drawn(40, 64, 48), []shown{
		{image.Rect(0, 0, 64, 48), drawn(41, 64, 48), "keep", true},
		{image.Rect(16, 8, 48, 40), drawn(42, 32, 32), "keep", true},
	}
	data := apngOf(64, 48, append([]shown{{image.Rect(0, 0, 64, 48), still, "keep", true}}, frames...))
	at := bytes.Index(data, []byte("fcTL")) - 4
	data = append(data[:at:at], data[at+38:]...) // no control of the still picture
	data[bytes.Index(data, []byte("acTL"))+7]--
	p, want := decode(t, data), viewer(64, 48, frames)
	if len(p.Further) != 2 || far(p.Luma, grey(still)) > .5 || far(p.Further[0], want[0]) > .5 || far(p.Further[1], want[1]) > .5 || p.Partial {
		t.Errorf("kept %d, %q", len(p.Further), p.Why)
	}
}

// manyPages is a TIFF of a page for each picture.
func manyPages(pages []*image.Gray) []byte {
	size := len(pages[0].Pix)
	at := 8 + size*len(pages)
	out := join("II*\x00", le(uint32(at)))
	for _, g := range pages {
		out = append(out, g.Pix...)
	}
	for i, g := range pages {
		at += 2 + 8*12 + 4
		next := uint32(at)
		if i == len(pages)-1 {
			next = 0
		}
		out = append(out, tiffDirectory(map[uint16]uint32{256: uint32(g.Rect.Dx()), 257: uint32(g.Rect.Dy()), 258: 8, 259: 1, 262: 1, 273: uint32(8 + i*size), 278: uint32(g.Rect.Dy()), 279: uint32(size)}, next)...)
	}
	return out
}
