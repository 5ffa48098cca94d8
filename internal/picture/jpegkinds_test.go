package picture_test

import (
	"bytes"
	"strings"
	"testing"

	"leakwatch/internal/picture"
)

// blocksJPEG is a baseline JPEG of whole blocks of one value each, with a
// component for each function; marks stand behind its start.
func blocksJPEG(w, h int, marks string, at ...func(bx, by int) int) []byte {
	n := len(at)
	frame := []byte{0xff, 0xc0, 0, byte(8 + 3*n), 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(n)}
	scan := []byte{0xff, 0xda, 0, byte(6 + 2*n), byte(n)}
	for c := range n {
		frame = append(frame, byte(c+1), 0x11, 0)
		scan = append(scan, byte(c+1), 0)
	}
	scan = append(scan, 0, 63, 0)
	dqt := append([]byte{0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{8}, 64)...)
	// DC: 12 codes of 4 bits, by size. AC: one code of 1 bit, the end of block.
	dc := append([]byte{0xff, 0xc4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	ac := append([]byte{0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)
	b := &bits{jpeg: true}
	last := make([]int, n)
	for by := range (h + 7) / 8 {
		for bx := range (w + 7) / 8 {
			for c := range n {
				v := at[c](bx, by) - 128
				d := v - last[c]
				last[c] = v
				size := 0
				for k := max(d, -d); k > 0; k >>= 1 {
					size++
				}
				b.put(size, 4)
				if d < 0 {
					d += 1<<size - 1
				}
				b.put(d, size)
				b.put(0, 1)
			}
		}
	}
	b.put(0x7f, 7)
	return join("\xff\xd8", marks, dqt, frame, dc, ac, scan, b.out, "\xff\xd9")
}

// Adobe stores four colours turned round: what is no ink is 255.
func TestFourColours(t *testing.T) {
	adobe := func(transform byte) string {
		return "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + string([]byte{transform})
	}
	grey := func(bx, by int) int { return 20 + (bx*31+by*17)%200 }
	full := func(int, int) int { return 255 }
	middle := func(int, int) int { return 128 }
	for name, data := range map[string][]byte{
		"CMYK of Adobe":            blocksJPEG(96, 64, adobe(0), grey, grey, grey, full),
		"CMYK of Adobe, all black": blocksJPEG(96, 64, adobe(0), full, full, full, grey),
		"YCCK of Adobe":            blocksJPEG(96, 64, adobe(2), func(bx, by int) int { return 255 - grey(bx, by) }, middle, middle, full),
		"RGB of Adobe":             blocksJPEG(96, 64, adobe(0), grey, grey, grey),
		"grey":                     blocksJPEG(96, 64, "", grey),
	} {
		p := decode(t, data)
		for y := 0; y < 64; y += 8 {
			for x := 0; x < 96; x += 8 {
				if got, want := int(p.Luma.Pix[y*p.Luma.Stride+x]), grey(x/8, y/8); got < want-2 || got > want+2 {
					t.Fatalf("%s: at %d,%d got %d, want %d", name, x, y, got, want)
				}
			}
		}
	}
	// Without the mark nobody knows which way round it is.
	r, _ := refusal(t, blocksJPEG(96, 64, "", grey, grey, grey, full), picture.Limits{})
	if r.Cause != "unsupported" || !strings.Contains(r.Why, "Adobe") {
		t.Errorf("CMYK without a mark: got %v", r)
	}
}

// Quantisers of sixteen bits are allowed in pictures of eight.
func TestQuantisersOfSixteenBits(t *testing.T) {
	m := scene(160, 120)
	data := jpegOf(t, m)
	var wide []byte
	wide = append(wide, data[:2]...)
	segments(data, func(marker byte, at, end int) {
		if marker != 0xdb {
			if marker == 0xda {
				end = len(data)
			}
			wide = append(wide, data[at:end]...)
			return
		}
		for body := data[at+4 : end]; len(body) > 0; body = body[65:] {
			wide = append(wide, 0xff, 0xdb, 0, 131, 0x10|body[0])
			for _, q := range body[1:65] {
				wide = append(wide, 0, q)
			}
		}
	})
	if d := far(decode(t, wide).Luma, decode(t, data).Luma); d > 0 || len(wide) <= len(data) {
		t.Errorf("%.2f grey values off", d)
	}
}
