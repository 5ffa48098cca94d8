package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/picture"
)

// claims are pictures of a few bytes that announce an enormous size.
func claims() map[string][]byte {
	be16 := func(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
	le16 := func(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }
	idat := chunk("IDAT", packed(make([]byte, 100)), 0)
	bmpHead := func(w, h uint32, depth byte) []byte {
		b := make([]byte, 54)
		copy(b, "BM")
		copy(b[10:], le(54))
		copy(b[14:], le(40))
		copy(b[18:], le(w))
		copy(b[22:], le(h))
		b[26], b[28] = 1, depth
		return b
	}
	// Five codes of the one symbol 0: any number of pixels from no bits.
	one := 0
	for i := range 5 {
		one |= 1 << (3 + 4*i)
	}
	big := join("\x2f", le(16383|16383<<14), le(uint32(one)))
	return map[string][]byte{
		"png 65535":       join(pngHead, ihdr(65535, 65535, 8, 6, 0), idat),
		"png 60000 of 16": join(pngHead, ihdr(60000, 60000, 16, 6, 1), idat),
		"png 2^31-1":      join(pngHead, ihdr(1<<31-1, 1<<31-1, 8, 6, 0), idat),
		"png 2^31":        join(pngHead, ihdr(1<<31, 1<<31, 8, 6, 0), idat),
		"png 30 M high":   join(pngHead, ihdr(1, 30_000_000, 8, 0, 0), idat),
		"gif 60000":       join("GIF89a", le16(60000), le16(60000), "\x80\x00\x00\x00\x00\x00\xff\xff\xff"),
		"gif frame 60000": join("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00", le16(60000), le16(60000), "\x00\x02\x02\x44\x01\x00;"),
		"gif screen":      join("GIF89a", le16(60000), le16(60000), "\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"),
		"jpeg 65500":      join("\xff\xd8\xff\xc0\x00\x11\x08", be16(65500), be16(65500), "\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00", make([]byte, 500)),
		"jpeg 30000 wide": join("\xff\xd8\xff\xc0\x00\x0b\x08", be16(100), be16(30000), "\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", make([]byte, 500)),
		"jpeg in memory":  join("\xff\xd8\xff\xc2\x00\x11\x08", be16(16000), be16(16000), "\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00", make([]byte, 500)),
		"webp 16384":      webpOf(riffChunk("VP8L", big)),
		"webp that lies":  webpOf(vp8x(0, 16, 16), riffChunk("VP8L", big)),
		"webp canvas":     webpOf(vp8x(0, 1<<24, 1<<24), riffChunk("VP8L", losslessWebP(scene(16, 16)))),
		"webp lossy":      webpOf(riffChunk("VP8 ", join("\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f", make([]byte, 100)))),
		"webp alpha":      webpOf(vp8x(16, 1<<15, 1<<15), riffChunk("ALPH", []byte{1, 0}), riffChunk("VP8 ", join("\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f", make([]byte, 100)))),
		"bmp 40000":       bmpHead(40000, 40000, 24),
		"bmp upside down": bmpHead(40000, 1<<32-40000, 32),
		"tiff 60000":      tiffFile(map[uint16]uint32{256: 60000, 257: 60000, 258: 8, 259: 1, 262: 1, 273: 8, 278: 60000, 279: 100}, make([]byte, 100)),
		"tiff one strip":  tiffFile(map[uint16]uint32{256: 6000, 257: 6000, 258: 8, 259: 8, 262: 1, 273: 8, 278: 6000, 279: 100}, make([]byte, 100)),
		"tiff huge tile":  tiffFile(map[uint16]uint32{256: 6000, 257: 6000, 258: 8, 259: 8, 262: 1, 322: 6016, 323: 6016, 324: 8, 325: 100}, make([]byte, 100)),
	}
}

func TestClaims(t *testing.T) {
	for name, data := range claims() {
		r, allocated := refusal(t, data, picture.Limits{})
		if r.Cause != "limit_pixels" && r.Cause != "limit_side" {
			t.Errorf("%s: got %v, want a limit", name, r)
		}
		if want := name == "png 30 M high" || name == "jpeg 30000 wide" || name == "png 2^31"; want != (r.Cause == "limit_side") {
			t.Errorf("%s: got %v", name, r)
		}
		if allocated > 2<<20 {
			t.Errorf("%s: allocated %d KiB from %d bytes", name, allocated>>10, len(data))
		}
	}
}

// These hold what they announce, and are cheap to send.
func TestBombs(t *testing.T) {
	rows := func(w, h, n int) []byte { return packed(make([]byte, h*(1+n))) }
	large := join(pngHead, ihdr(12000, 12000, 1, 0, 0), chunk("IDAT", rows(12000, 12000, 1500), 0), chunk("IEND", nil, 0))
	if r, allocated := refusal(t, large, picture.Limits{}); r.Cause != "limit_pixels" || allocated > 1<<20 {
		t.Errorf("a picture of 144 megapixels in %d bytes: got %v, %d KiB", len(large), r, allocated>>10)
	}
	// A comment, a profile and a description that unpack to 64 MiB are not
	// unpacked.
	raw := pngOf(t, scene(64, 48))
	bomb := packed(make([]byte, 64<<20))
	texts := join(raw[:33], chunk("zTXt", join("k\x00\x00", bomb), 0), chunk("iCCP", join("k\x00\x00", bomb), 0), chunk("iTXt", join("XML:com.adobe.xmp\x00\x01\x00\x00\x00", bomb), 0), raw[33:])
	allocated := allocation(func() { decode(t, texts) })
	if allocated > 4<<20 {
		t.Errorf("compressed texts: allocated %d KiB", allocated>>10)
	}
	// Of 150 frames sixteen are decoded, and none is kept: they are the same.
	frames := join("GIF89a\xc8\x00\x96\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	frame := join(",\x00\x00\x00\x00\xc8\x00\x96\x00\x00", gifData(200*150))
	frames = join(frames, bytes.Repeat(frame, 150), ";")
	allocated = allocation(func() {
		if p := decode(t, frames); p.Frames != 150 || p.Cause != "limit_frames" || len(p.Further) > 0 {
			t.Errorf("150 frames: got %d, %q, %d kept", p.Frames, p.Cause, len(p.Further))
		}
	})
	if allocated > 2<<20 {
		t.Errorf("150 frames of 200x150: allocated %d KiB", allocated>>10)
	}
	// Directories that point at each other, and one at 4 GiB.
	loop := tiffFile(map[uint16]uint32{256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 8, 278: 16, 279: 256}, make([]byte, 256))
	copy(loop[len(loop)-4:], le(8+256))
	if p := decode(t, loop); p.Frames > 2 {
		t.Errorf("a directory that follows itself: %d pages", p.Frames)
	}
	if r, allocated := refusal(t, join("II*\x00\xf0\xff\xff\xff", make([]byte, 100)), picture.Limits{}); r.Cause != "damaged" || allocated > 1<<20 {
		t.Errorf("a directory at 4 GiB: got %v, %d KiB", r, allocated>>10)
	}
	// Millions of empty parts cost no more than the file.
	for name, data := range map[string][]byte{
		"png":  join(raw[:33], bytes.Repeat(chunk("IDAT", nil, 0), 1<<17), raw[33:]),
		"jpeg": join("\xff\xd8", bytes.Repeat([]byte("\xff\xc4\x00\x02"), 1<<20)),
	} {
		allocated := allocation(func() { picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data) })
		if allocated > 8<<20 {
			t.Errorf("%s of empty parts: allocated %d KiB", name, allocated>>10)
		}
	}
}

// gifData is LZW data of n pixels of colour 0, without compression.
func gifData(n int) []byte {
	b := []byte{2} // codes of 3 bits, cleared before they grow
	var raw []byte
	acc, bits := 0, 0
	put := func(v int) {
		acc |= v << bits
		for bits += 3; bits >= 8; bits -= 8 {
			raw = append(raw, byte(acc))
			acc >>= 8
		}
	}
	for i := range n {
		if i%2 == 0 {
			put(4)
		}
		put(0)
	}
	put(5)
	raw = append(raw, byte(acc), 0)
	for len(raw) > 0 {
		k := min(255, len(raw))
		b = append(append(b, byte(k)), raw[:k]...)
		raw = raw[k:]
	}
	return append(b, 0)
}

func TestLimits(t *testing.T) {
	m := scene(200, 100)
	data := jpegOf(t, m)
	for _, tc := range []struct {
		name  string
		l     picture.Limits
		cause string
	}{
		{"bytes", picture.Limits{Bytes: int64(len(data)) - 1}, "limit_bytes"},
		{"pixels of a JPEG", picture.Limits{PixelsJPEG: 19_999}, "limit_pixels"},
		{"side", picture.Limits{Side: 199}, "limit_side"},
		{"memory", picture.Limits{Memory: 10_000}, "limit_pixels"},
		{"time", picture.Limits{Time: 1}, "limit_time"},
	} {
		r, _ := refusal(t, data, tc.l)
		if r.Cause != tc.cause || r.Format != "jpeg" || tc.name != "bytes" && (r.Width != 200 || r.Height != 100) {
			t.Errorf("%s: got %+v, want %s", tc.name, r, tc.cause)
		}
	}
	enough := picture.Limits{Bytes: int64(len(data)), Pixels: 1, PixelsJPEG: 20_000, Side: 200, Memory: 60_000, Time: time.Minute}
	if _, err := picture.NewDecoder(enough).Decode(context.Background(), data); err != nil {
		t.Errorf("at each limit: %v", err)
	}
}

// Whatever the decoder, time ends it; a cancelled ctx says nothing of the
// picture.
func TestTimeAndCancel(t *testing.T) {
	m := scene(300, 200)
	page := grey(m)
	for name, data := range map[string][]byte{
		"jpeg": jpegOf(t, m),
		"png":  pngOf(t, m),
		"gif":  join("GIF89a\x20\x03\x58\x02\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x20\x03\x58\x02\x00", gifData(800*600), ";"),
		"webp": webpOf(riffChunk("VP8L", losslessWebP(m))),
		"bmp":  bmp32(m, 255),
		"tiff": tiffFile(map[uint16]uint32{256: 300, 257: 200, 258: 8, 259: 1, 262: 1, 273: 8, 278: 200, 279: 60000}, page.Pix),
	} {
		if r, _ := refusal(t, data, picture.Limits{Time: 1}); r.Cause != "limit_time" {
			t.Errorf("%s: got %v, want limit_time", name, r)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 0)
		_, err := picture.NewDecoder(picture.Limits{}).Decode(ctx, data)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, time of ctx over: got %v", name, err)
		}
		ctx, cancel = context.WithCancel(context.Background())
		cancel()
		_, err = picture.NewDecoder(picture.Limits{}).Decode(ctx, data)
		var r *picture.Refusal
		if !errors.Is(err, context.Canceled) || errors.As(err, &r) {
			t.Errorf("%s, cancelled: got %v", name, err)
		}
	}
}

// A progressive JPEG may ask for a walk over all blocks again and again: here
// 900 times in 20 KB.
func TestManyScansEndInTime(t *testing.T) {
	p := progressive(4000, 4000, func(bx, by int) int { return 100 })
	// One code of one bit, the end of up to 32,767 bands.
	table := append([]byte{0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0xe0)
	long := bytes.Repeat(join("\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00", bytes.Repeat([]byte{0x7f, 0xfe, 0xff, 0x00}, 12)), 900)
	data := join(p[:len(p)-2], table, long, "\xff\xd9")
	start := time.Now()
	r, _ := refusal(t, data, picture.Limits{Time: 300 * time.Millisecond})
	if took := time.Since(start); r.Cause != "limit_time" || took > 5*time.Second {
		t.Errorf("got %v after %v", r, took)
	}
}

// Decodes of one Decoder wait for one another's memory.
func TestMemoryIsShared(t *testing.T) {
	data := pngOf(t, image.NewGray(image.Rect(0, 0, 400, 400)))
	d := picture.NewDecoder(picture.Limits{Memory: 200_000})
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := d.Decode(context.Background(), data)
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if r, _ := refusal(t, data, picture.Limits{Memory: 150_000}); r.Cause != "limit_pixels" || !strings.Contains(r.Why, "MiB") {
		t.Errorf("more than there is: got %v", r)
	}
}

func ExampleLimits() {
	fmt.Printf("%+v\n", picture.DefaultLimits())
	// Output: {Bytes:33554432 Pixels:40000000 PixelsJPEG:268000000 Side:20000 Frames:16 Time:10s Memory:536870912}
}
