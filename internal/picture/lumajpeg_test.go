package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"testing"
	"time"
)

// soft draws hills, edges and a little noise.
func soft(w, h int) func(x, y int) float64 {
	return func(x, y int) float64 {
		fx, fy := float64(x)/float64(w), float64(y)/float64(h)
		v := 128 + 50*math.Sin(11*fx+4*fy*fy) + 40*math.Cos(17*fy-3*fx*fx)
		if (x/37+y/53)%5 == 0 {
			v = 255 - v
		}
		n := uint32(x*7919 + y*104729)
		n = n*1664525 + 1013904223
		n ^= n >> 15
		return v + float64(n*2654435761>>29) - 4
	}
}

func lumaEncoded(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func walked(t testing.TB, data []byte) *jpegFile {
	t.Helper()
	f := &jpegFile{orientation: 1, parts: [][]byte{{0xff, markerSOI}}, frame: -1}
	if err := f.walk(data[2:]); err != nil {
		t.Fatal(err)
	}
	return f
}

// lumaAt decodes at a scale that the size alone would not choose.
func lumaAt(t testing.TB, data []byte, side int) (surface, error) {
	t.Helper()
	l := &lumaJPEG{jpegFile: walked(t, data), side: side, tables: &tables{}}
	return l.decode(&guard{ctx: context.Background(), until: time.Now().Add(time.Minute)})
}

// cells averages the full luma of image/jpeg over cells of scale pixels.
func cells(t testing.TB, data []byte, scale int) *image.Gray {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	full, err := surfaceOf(m)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewGray(image.Rect(0, 0, full.width/scale, full.height/scale))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum := 0
			for dy := range scale {
				for _, v := range full.line(y*scale+dy, nil)[x*scale:][:scale] {
					sum += int(v)
				}
			}
			out.Pix[y*out.Stride+x] = uint8((sum + scale*scale/2) / (scale * scale))
		}
	}
	return out
}

// apart returns the mean and the largest difference.
func apart(s surface, want *image.Gray) (mean float64, worst int) {
	for y := range min(want.Rect.Dy(), s.height) {
		line := s.line(y, nil)
		for x := range min(want.Rect.Dx(), s.width) {
			d := int(line[x]) - int(want.Pix[y*want.Stride+x])
			worst = max(worst, d, -d)
			mean += float64(max(d, -d))
		}
	}
	return mean / float64(max(1, len(want.Pix))), worst
}

func TestLumaAgainstFull(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
	type kind struct {
		name        string
		h, v        int
		grey        bool
		progressive bool
		set         func(*coder)
	}
	kinds := []kind{
		{"4:4:4", 1, 1, false, false, nil}, {"4:2:2", 2, 1, false, false, nil}, {"4:2:0", 2, 2, false, false, nil},
		{"4:4:0", 1, 2, false, false, nil}, {"4:1:1", 4, 1, false, false, nil}, {"4:1:0", 4, 2, false, false, nil},
		{"grey", 1, 1, true, false, nil},
		{"standard tables", 2, 2, false, false, func(c *coder) { c.standard = true }},
		{"wide quantisers", 2, 2, false, false, func(c *coder) { c.wideTables = true }},
		{"restart after each MCU", 2, 2, false, false, func(c *coder) { c.restart = 1 }},
		{"restart after 7 MCUs", 2, 1, false, false, func(c *coder) { c.restart = 7 }},
		{"a scan for each component", 1, 1, false, false, func(c *coder) { c.separate = true }},
		{"separate, 4:2:0", 2, 2, false, false, func(c *coder) { c.separate = true }},
		{"progressive 4:2:0", 2, 2, false, true, nil}, {"progressive 4:4:4", 1, 1, false, true, nil},
		{"progressive 4:1:1", 4, 1, false, true, nil}, {"progressive grey", 1, 1, true, true, nil},
		{"progressive 4:4:4, restarts", 1, 1, false, true, func(c *coder) { c.restart = 5 }},
	}
	for _, k := range kinds {
		for _, size := range [][2]int{{320, 240}, {203, 141}, {17, 130}, {8, 8}} {
			for _, quality := range []int{25, 85, 98} {
				c := coded(size[0], size[1], k.h, k.v, quality, soft(size[0], size[1]), k.grey)
				c.progressive = k.progressive
				if k.set != nil {
					k.set(c)
				}
				data := c.file()
				for _, side := range []int{1, 2, 4, 8} {
					if c.progressive && side > 2 {
						continue // never read: see lumaOf
					}
					name := fmt.Sprintf("%s %v quality %d at %d/8", k.name, size, quality, side)
					s, err := lumaAt(t, data, side)
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					if s.why != "" || s.width != max(1, (size[0]*side+4)/8) || s.height != max(1, (size[1]*side+4)/8) {
						t.Errorf("%s: %dx%d, %q", name, s.width, s.height, s.why)
					}
					if size[0]%8 > 0 || size[1]%8 > 0 || size[0] < 100 {
						continue // laid anew: see TestFitted; or one block, which is all edges
					}
					mean, worst := apart(s, cells(t, data, 8/side))
					// At 1/8 and in full nothing is left out, but for what clipping does. Of a
					// progressive file that is finely quantised little is left out.
					most, mostWorst := [9]float64{1: .2, 2: 1.5, 4: 1.5, 8: .1}[side], [9]int{1: 6, 2: 60, 4: 60, 8: 1}[side]
					if c.progressive && side == 2 {
						most = 3
					}
					if mean > most || worst > mostWorst {
						t.Errorf("%s: mean difference %.2f, largest %d", name, mean, worst)
					}
				}
			}
		}
	}
}

// Cut off anywhere, a sequential file gives the rows of blocks that are whole,
// the same as the full decoder, and says so; a progressive one gives what it
// has once DC is there.
func TestLumaCutOff(t *testing.T) {
	for _, restart := range []int{0, 3} {
		c := coded(320, 240, 2, 2, 85, soft(320, 240), false)
		c.restart, c.standard = restart, true
		data := c.file()
		for percent := 10; percent < 100; percent += 6 {
			part := data[:len(data)*percent/100]
			want := wholeRowsOf(t, part)
			for _, side := range []int{1, 2, 4, 8} {
				s, err := lumaAt(t, part, side)
				if want == 0 && errors.Is(err, errNotHere) {
					continue
				}
				if err != nil || s.why == "" {
					t.Errorf("%d %% at %d/8: %v, %q", percent, side, err, s.why)
					continue
				}
				rows := 0
				for y := range s.height {
					if s.seen(y) {
						rows++
					}
				}
				if got := rows / (2 * side); got != want {
					t.Errorf("restart %d, %d %% at %d/8: %d rows of blocks, want %d", restart, percent, side, got, want)
				}
			}
		}
	}
	c := coded(320, 240, 2, 2, 85, soft(320, 240), false)
	c.progressive, c.noEnd = true, true
	data := c.file()
	if s, err := lumaAt(t, data, 1); err != nil || s.why == "" {
		t.Errorf("progressive without its end: %v, %q", err, s.why)
	}
	if s, err := lumaAt(t, data[:len(data)/2], 1); err != nil || s.why == "" {
		t.Errorf("half of a progressive: %v, %q", err, s.why)
	}
	if _, err := lumaAt(t, data[:1500], 1); !errors.Is(err, errNotHere) {
		t.Errorf("half of its DC: %v", err)
	}
}

func wholeRowsOf(t *testing.T, data []byte) int {
	t.Helper()
	rows, err := walked(t, data).wholeRows(&guard{ctx: context.Background(), until: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A plane whose last cells are partial is laid anew: a slope stays where it is.
func TestFitted(t *testing.T) {
	for _, size := range [][2]int{{801, 600}, {807, 607}, {800, 603}, {23, 40}} {
		w, h := size[0], size[1]
		slope := func(x, y int) float64 { return 20 + 200*(float64(x)/float64(w)+float64(y)/float64(h))/2 }
		data := coded(w, h, 1, 1, 95, slope, true).file()
		for _, side := range []int{1, 2, 4} {
			s, err := lumaAt(t, data, side)
			if err != nil {
				t.Fatal(err)
			}
			for y := range s.height {
				for x, v := range s.line(y, nil)[:s.width] {
					want := 20 + 100*((float64(x)+.5)/float64(s.width)-.5/float64(w)+(float64(y)+.5)/float64(s.height)-.5/float64(h))
					if edge := x%(s.width-1) == 0 || y%(s.height-1) == 0; math.Abs(float64(v)-want) > 2 && !edge {
						t.Fatalf("%v at %d/8: at %d,%d of %dx%d it is %d, want %.1f", size, side, x, y, s.width, s.height, v, want)
					}
				}
			}
		}
	}
}
