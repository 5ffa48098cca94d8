package picture_test

import (
	"bytes"
	"compress/lzw"
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/picture"
)

// heldMost runs f, and returns the most that the heap held meanwhile beyond
// what it held before.
func heldMost(f func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most, done := m.HeapAlloc, uint64(0), make(chan bool)
	go func() {
		for {
			select {
			case <-done:
				done <- true
				return
			case <-time.After(2 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	f()
	done <- true
	<-done
	return most - min(most, before)
}

// largeGIF is a GIF of frames of w x h pixels of one colour each.
func largeGIF(w, h, frames int, flags byte) []byte {
	le16 := func(v int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
	out := join("GIF89a", le16(w), le16(h), "\xf7\x00\x00")
	for i := range 256 {
		out = append(out, byte(i), byte(i), byte(i))
	}
	var packed [4]bytes.Buffer
	for n := range packed {
		z := lzw.NewWriter(&packed[n], lzw.LSB, 8)
		row := bytes.Repeat([]byte{byte(n*60 + 1)}, w)
		for range h {
			z.Write(row)
		}
		z.Close()
	}
	for n := range frames {
		out = join(out, "!\xf9\x04", []byte{flags, 1, 0, 0, 0}, ",\x00\x00\x00\x00", le16(w), le16(h), "\x00\x08")
		for b := packed[n%4].Bytes(); len(b) > 0; b = b[min(255, len(b)):] {
			out = append(append(out, byte(min(255, len(b)))), b[:min(255, len(b))]...)
		}
		out = append(out, 0)
	}
	return append(out, ';')
}

// emptyWebP is a lossless picture of any size in a few bytes: each code has one
// symbol, so a pixel takes no bit.
func emptyWebP(w, h int) []byte {
	one := 0
	for i := range 5 {
		one |= 1 << (3 + 4*i)
	}
	return join("\x2f", le(uint32(w-1)|uint32(h-1)<<14), le(uint32(one)))
}

// Animations that are cheap to send: the memory is that of a few frames, the
// work is bounded, and what was left out is told.
func TestAnimationBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	var frames [][]byte
	frames = append(frames, vp8x(2, 4000, 4000), riffChunk("ANIM", make([]byte, 6)))
	for range 300 {
		frames = append(frames, animationFrame(4000, 4000, riffChunk("VP8L", emptyWebP(4000, 4000))))
	}
	be := func(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
	apng := join(pngHead, ihdr(4000, 4000, 8, 6, 0), chunk("acTL", join(be(200), be(0)), 0))
	pixels := packed(make([]byte, 4000*(1+4*4000)))
	control := join(be(0), be(4000), be(4000), be(0), be(0), "\x00\x01\x00\x0a\x02\x01")
	apng = join(apng, chunk("IDAT", pixels, 0))
	for range 200 {
		apng = join(apng, chunk("fcTL", control, 0), chunk("fdAT", join("\x00\x00\x00\x00", pixels), 0))
	}
	for _, tc := range []struct {
		name string
		data []byte
		most uint64
	}{
		{"gif of 200 frames of 16 megapixels", largeGIF(4000, 4000, 200, 0), 160 << 20},
		{"gif that restores and is never opaque", largeGIF(4000, 4000, 200, 3<<2|1), 160 << 20},
		{"webp of 300 frames of 16 megapixels", webpOf(frames...), 400 << 20},
		{"png of 200 frames of 16 megapixels", apng, 300 << 20},
	} {
		start := time.Now()
		var p picture.Picture
		var err error
		most := heldMost(func() {
			p, err = picture.NewDecoder(picture.Limits{Time: time.Minute}).Decode(context.Background(), tc.data)
		})
		t.Logf("%s: %d KiB held %d MiB for %v; %d kept, %q", tc.name, len(tc.data)>>10, most>>20, time.Since(start), len(p.Further), p.Why)
		if err != nil || p.Cause != "limit_frames" || len(p.Further) > 15 || most > tc.most {
			t.Errorf("%s: %v, %q, %d kept, held %d MiB", tc.name, err, p.Why, len(p.Further), most>>20)
		}
		if p, err := picture.NewDecoder(picture.Limits{Time: 700 * time.Millisecond}).Decode(context.Background(), tc.data); err == nil && p.Cause != "limit_time" && p.Cause != "limit_frames" {
			t.Errorf("%s, in little time: %q", tc.name, p.Cause)
		}
	}
}

// Pages of thousands of parts, all of the same bytes, are not weighed for
// longer than they may be decoded.
func TestTimeOfPages(t *testing.T) {
	tables, rest := abbreviated(jpegOf(t, scene(16, 16)))
	const n = 4000
	var sizes []uint32
	for range n {
		sizes = append(sizes, uint32(len(rest)))
	}
	data := tiffBook(binary.LittleEndian, [][]byte{bytes.Repeat(rest, n)}, func(at []uint32) (pages []map[uint16]tiffField) {
		var places []uint32
		for i := range n {
			places = append(places, at[0]+uint32(i*len(rest)))
		}
		for range 16 {
			pages = append(pages, map[uint16]tiffField{256: nums(16), 257: nums(n), 258: nums(8), 259: nums(7), 262: nums(6), 277: nums(3),
				273: nums(places...), 278: nums(1), 279: nums(sizes...), 347: {bytes: tables}})
		}
		return pages
	})
	start := time.Now()
	r, _ := refusal(t, data, picture.Limits{Time: time.Millisecond})
	if took := time.Since(start); r.Cause != "limit_time" || took > 50*time.Millisecond {
		t.Errorf("%v after %v, 1 ms was allowed", r, took)
	}
}

// A million frames that cannot be drawn are counted, not remembered.
func TestDamagedFrames(t *testing.T) {
	const n = 1 << 20
	good := largeGIF(16, 16, 2, 0)
	empty := "," + "\x00\x00\x00\x00" + "\x00\x00\x10\x00" + "\x00\x08\x00" // 0x16
	data := join(good[:len(good)-1], bytes.Repeat([]byte(empty), n), ";")
	var p picture.Picture
	var err error
	most := heldMost(func() {
		p, err = picture.NewDecoder(picture.Limits{Time: time.Minute}).Decode(context.Background(), data)
	})
	if want := "frame 3: a frame of 0x16 on a canvas of 16x16 and"; err != nil || !strings.Contains(p.Why, want) {
		t.Errorf("got %v, %q, want %q", err, p.Why, want)
	}
	if most > 64<<20 { // remembered, they were 130 MiB
		t.Errorf("%d KiB held %d MiB", len(data)>>10, most>>20)
	}
}
