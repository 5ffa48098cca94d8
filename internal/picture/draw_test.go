package picture_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"runtime"
	"testing"

	"leakwatch/internal/picture"
)

// drawn returns a colour picture with slopes, boxes and discs. Each place has a
// look of its own, so that a turned or shifted copy is told apart.
func drawn(seed uint32, w, h int) *image.NRGBA {
	next := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(40 + 160*x/w), uint8(30 + 120*y/h), uint8(200 - 90*(x+y)/(w+h)), 255})
		}
	}
	for range 40 {
		c := color.NRGBA{uint8(next(256)), uint8(next(256)), uint8(next(256)), 255}
		x0, y0, bw, bh, round := next(w), next(h), 1+next(w/3+1), 1+next(h/3+1), next(2) == 0
		for y := y0; y < min(h, y0+bh); y++ {
			for x := x0; x < min(w, x0+bw); x++ {
				dx, dy := 2*(x-x0)*bh-bw*bh, 2*(y-y0)*bw-bw*bh
				if !round || dx*dx+dy*dy < bw*bw*bh*bh {
					m.SetNRGBA(x, y, c)
				}
			}
		}
	}
	return m
}

func scene(w, h int) *image.NRGBA { return drawn(7, w, h) }

// grey is what the room promises of a picture: alpha on white, then luma.
func grey(m image.Image) *image.Gray {
	b := m.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.NRGBAModel.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			v := .299*float64(c.R) + .587*float64(c.G) + .114*float64(c.B)
			a := float64(c.A) / 255
			g.Pix[y*g.Stride+x] = uint8(v*a + 255*(1-a) + .5)
		}
	}
	return g
}

// far returns the mean difference of two planes, 255 when sizes differ.
func far(a, b *image.Gray) float64 {
	if a.Rect != b.Rect {
		return 255
	}
	sum := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			d := int(a.Pix[y*a.Stride+x]) - int(b.Pix[y*b.Stride+x])
			sum += max(d, -d)
		}
	}
	return float64(sum) / float64(a.Rect.Dx()*a.Rect.Dy())
}

func decode(t testing.TB, data []byte) picture.Picture {
	t.Helper()
	p, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return p
}

// refusal decodes what must be refused, and returns how much was allocated.
func refusal(t testing.TB, data []byte, l picture.Limits) (*picture.Refusal, uint64) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := picture.NewDecoder(l).Decode(context.Background(), data)
	runtime.ReadMemStats(&after)
	var r *picture.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %+v, %v, want a refusal", p, err)
	}
	if r.Why == "" {
		t.Errorf("the refusal %s does not say why", r.Cause)
	}
	return r, after.TotalAlloc - before.TotalAlloc
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const pngHead = "\x89PNG\r\n\x1a\n"

// chunk is a PNG chunk; wrong is added to its checksum.
func chunk(kind string, body []byte, wrong uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])+wrong)
}

func ihdr(w, h uint32, depth, colour, interlace byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, w)
	b = binary.BigEndian.AppendUint32(b, h)
	return chunk("IHDR", append(b, depth, colour, 0, 0, interlace), 0)
}

func packed(raw []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(raw)
	w.Close()
	return b.Bytes()
}

func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// exifBlock is a TIFF block with nothing but an orientation.
func exifBlock(o byte) []byte {
	return join("MM\x00*\x00\x00\x00\x08\x00\x01", "\x01\x12\x00\x03\x00\x00\x00\x01\x00", []byte{o}, "\x00\x00", "\x00\x00\x00\x00")
}

// withExif puts an EXIF segment behind the start of a JPEG.
func withExif(data []byte, o byte) []byte {
	body := join("Exif\x00\x00", exifBlock(o))
	return join(data[:2], "\xff\xe1", binary.BigEndian.AppendUint16(nil, uint16(len(body)+2)), body, data[2:])
}

// segments calls f for each segment of a JPEG in front of its first scan.
func segments(data []byte, f func(marker byte, at, end int)) {
	for at := 2; data[at] == 0xff; {
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		f(data[at+1], at, end)
		if data[at+1] == 0xda {
			return
		}
		at = end
	}
}

// bits writes bits from the highest on, with or without JPEG's stuffing.
type bits struct {
	out  []byte
	acc  uint64
	n    int
	jpeg bool
}

func (b *bits) put(v, n int) {
	b.acc = b.acc<<n | uint64(v)&(1<<n-1)
	for b.n += n; b.n >= 8; b.n -= 8 {
		c := byte(b.acc >> (b.n - 8))
		b.out = append(b.out, c)
		if c == 0xff && b.jpeg {
			b.out = append(b.out, 0)
		}
	}
}

// progressive is a grey progressive JPEG of whole blocks, each of one grey
// value: a scan of DC coefficients, then one of AC coefficients that are zero.
func progressive(w, h int, at func(bx, by int) int) []byte {
	frame := []byte{0xff, 0xc2, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0}
	dqt := append([]byte{0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{8}, 64)...)
	// DC: 12 codes of 4 bits, by size. AC: one code of 1 bit, the end of block.
	dc := append([]byte{0xff, 0xc4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	ac := append([]byte{0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)
	first, second := &bits{jpeg: true}, &bits{jpeg: true}
	last := 0
	for by := range (h + 7) / 8 {
		for bx := range (w + 7) / 8 {
			v := at(bx, by) - 128 // 8 x the grey value, over a quantiser of 8
			d := v - last
			last = v
			size := 0
			for n := max(d, -d); n > 0; n >>= 1 {
				size++
			}
			first.put(size, 4)
			if d < 0 {
				d += 1<<size - 1
			}
			first.put(d, size)
			second.put(0, 1)
		}
	}
	first.put(0x7f, 7)
	second.put(0x7f, 7)
	sos := func(ss, se byte) []byte { return []byte{0xff, 0xda, 0, 8, 1, 1, 0, ss, se, 0} }
	return join("\xff\xd8", dqt, frame, dc, ac, sos(0, 0), first.out, sos(1, 63), second.out, "\xff\xd9")
}

// losslessWebP is a VP8L chunk of literals of eight bits.
func losslessWebP(m *image.NRGBA) []byte { return losslessOf(m, false) }

func losslessWebPAlpha(m *image.NRGBA) []byte { return losslessOf(m, true) }

func losslessOf(m *image.NRGBA, alpha bool) []byte {
	var b []byte
	n := 0
	put := func(v, width int) { // lowest bit first
		for i := range width {
			if n%8 == 0 {
				b = append(b, 0)
			}
			b[n/8] |= byte(v>>i&1) << (n % 8)
			n++
		}
	}
	put(0x2f, 8)
	put(m.Rect.Dx()-1, 14)
	put(m.Rect.Dy()-1, 14)
	put(0, 1+3) // no hint of alpha, version 0
	put(0, 3)   // no transform, no cache, one group of codes
	alphabets := []int{280, 256, 256}
	if alpha {
		alphabets = append(alphabets, 256)
	}
	for _, alphabet := range alphabets {
		put(0, 1)
		put(12-4, 4)
		for _, s := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8} {
			if s == 0 || s == 8 {
				put(1, 3)
			} else {
				put(0, 3)
			}
		}
		put(0, 1)
		for s := range alphabet {
			if s < 256 {
				put(1, 1) // length 8
			} else {
				put(0, 1)
			}
		}
	}
	if !alpha {
		put(0b101, 3) // one symbol of eight bits
		put(255, 8)
	}
	put(0b0001, 4) // distance: the symbol 0
	for i := 0; i < len(m.Pix); i += 4 {
		for c, v := range []uint8{m.Pix[i+1], m.Pix[i], m.Pix[i+2], m.Pix[i+3]} {
			if c == 3 && !alpha {
				continue
			}
			for bit := 7; bit >= 0; bit-- {
				put(int(v>>bit), 1)
			}
		}
	}
	return b
}

func riffChunk(kind string, body []byte) []byte {
	b := join(kind, binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func webpOf(chunks ...[]byte) []byte {
	body := bytes.Join(chunks, nil)
	return join("RIFF", binary.LittleEndian.AppendUint32(nil, uint32(4+len(body))), "WEBP", body)
}

func vp8x(flags byte, w, h int) []byte {
	b := make([]byte, 10)
	b[0] = flags
	b[4], b[5], b[6] = byte(w-1), byte((w-1)>>8), byte((w-1)>>16)
	b[7], b[8], b[9] = byte(h-1), byte((h-1)>>8), byte((h-1)>>16)
	return riffChunk("VP8X", b)
}

// animationFrame is an ANMF chunk around a picture.
func animationFrame(w, h int, chunks ...[]byte) []byte {
	b := make([]byte, 16)
	b[6], b[7], b[9], b[10] = byte(w-1), byte((w-1)>>8), byte(h-1), byte((h-1)>>8)
	return riffChunk("ANMF", append(b, bytes.Join(chunks, nil)...))
}

// allocation returns how many bytes f allocates.
func allocation(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
