package picture

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"math"
	"testing"
	"time"
)

// lumaNoise draws soft hills, hard edges and the noise of a camera.
func lumaNoise(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	seed := uint32(w*31 + h)
	next := func() int { seed = seed*1664525 + 1013904223; return int(seed >> 24) }
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			v := 128 + 50*math.Sin(11*fx+4*fy*fy) + 40*math.Cos(17*fy-3*fx*fx)
			if (x/37+y/53)%5 == 0 {
				v = 255 - v
			}
			m.Y[y*m.YStride+x] = uint8(max(0, min(255, int(v)+(next()+next()+next()+next()-510)/64)))
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(i/7), uint8(128+next()/16)
	}
	return m
}

func lumaEncoded(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lumaAt decodes at a scale that the size alone would not choose.
func lumaAt(t testing.TB, data []byte, side int) (surface, error) {
	t.Helper()
	f := &jpegFile{orientation: 1, parts: [][]byte{{0xff, markerSOI}}, frame: -1}
	if err := f.walk(data[2:]); err != nil {
		t.Fatal(err)
	}
	l := &lumaJPEG{jpegFile: f, side: side, tables: &tables{}}
	g := &guard{ctx: context.Background(), until: time.Now().Add(time.Minute)}
	return l.decode(g)
}

// cells averages whole cells of the full luma.
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
	w, h := full.width/scale, full.height/scale
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sum := 0
			for dy := range scale {
				line := full.line(y*scale+dy, nil)
				for _, v := range line[x*scale:][:scale] {
					sum += int(v)
				}
			}
			out.Pix[y*out.Stride+x] = uint8((sum + scale*scale/2) / (scale * scale))
		}
	}
	return out
}

func TestLumaAgainstFull(t *testing.T) {
	for _, size := range [][2]int{{640, 480}, {333, 217}, {16, 16}, {1000, 9}} {
		for _, quality := range []int{30, 85, 98} {
			m := lumaNoise(size[0], size[1])
			grey := image.NewGray(m.Rect)
			copy(grey.Pix, m.Y)
			for name, data := range map[string][]byte{"420": lumaEncoded(t, m, quality), "grey": lumaEncoded(t, grey, quality)} {
				for _, side := range []int{1, 2, 4} {
					s, err := lumaAt(t, data, side)
					if err != nil {
						t.Fatalf("%v %s %d at %d: %v", size, name, quality, side, err)
					}
					want := cells(t, data, 8/side)
					worst, sum := 0, 0
					for y := range want.Rect.Dy() {
						line := s.line(y, nil)
						for x := range want.Rect.Dx() {
							d := int(line[x]) - int(want.Pix[y*want.Stride+x])
							worst = max(worst, d, -d)
							sum += max(d, -d)
						}
					}
					t.Logf("%v %s quality %d at %d/8: worst %d, mean %.2f", size, name, quality, side, worst, float64(sum)/float64(max(1, len(want.Pix))))
				}
			}
		}
	}
}
