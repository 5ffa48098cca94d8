package picture

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"leakwatch/internal/phash"
)

// photo draws what compresses like a camera's picture: detail at every size,
// the finer the weaker, edges, and the noise of a sensor.
func photo(seed uint32, w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	hash := func(x, y int) uint32 {
		n := seed ^ uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77
		n = (n ^ n>>15) * 0x2c1b3c6d
		n = (n ^ n>>12) * 0x297a2d39
		return n ^ n>>15
	}
	detail := make([]float32, w*h)
	for cell, strength := w/3, float32(55); cell >= 2; cell, strength = cell/2, strength*.6 {
		for y := range h {
			gy, fy := y/cell, float32(y%cell)/float32(cell)
			row := detail[y*w:][:w]
			var a, b, c, d float32
			for x := range row {
				gx, fx := x/cell, float32(x%cell)/float32(cell)
				if x%cell == 0 {
					at := func(x, y int) float32 { return float32(hash(x+cell*7919, y)>>16)/32768 - 1 }
					a, b, c, d = at(gx, gy), at(gx+1, gy), at(gx, gy+1), at(gx+1, gy+1)
				}
				row[x] += strength * ((a*(1-fx)+b*fx)*(1-fy) + (c*(1-fx)+d*fx)*fy)
			}
		}
	}
	for i := range 30 {
		n := hash(i, -1)
		x0, y0, bw, bh := int(n>>4)%w, int(n>>12)%h, w/20+int(n>>3)%(w/5), h/20+int(n>>7)%(h/5)
		for y := y0; y < min(h, y0+bh); y++ {
			for x := x0 + (y-y0)/4; x < min(w, x0+bw); x++ {
				detail[y*w+x] += float32(int(n>>24)%100 - 50)
			}
		}
	}
	for y := range h {
		for x := range w {
			n := hash(x, y)
			noise := float32(n&255+n>>8&255+n>>16&255+n>>24) - 510
			m.Y[y*m.YStride+x] = uint8(min(max(120+detail[y*w+x]+noise/48, 0), 255))
			if x%2 == 0 && y%2 == 0 {
				at := y/2*m.CStride + x/2
				m.Cb[at] = uint8(min(max(128+detail[y*w+x]/4+noise/200, 0), 255))
				m.Cr[at] = uint8(min(max(128-detail[y*w+x]/5-noise/220, 0), 255))
			}
		}
	}
	return m
}

// distances are bits that hashes differ in.
type distances []int

func (d distances) String() string {
	if len(d) == 0 {
		return "n 0"
	}
	slices.Sort(d)
	sum := 0
	for _, v := range d {
		sum += v
	}
	return fmt.Sprintf("n %d, mean %.2f, p99 %d, max %d", len(d), float64(sum)/float64(len(d)), d[(len(d)*99-1)/100], d[len(d)-1])
}

// agreement gathers by how many bits hashes of small planes are off those of
// the full one, by scale.
type agreement map[string]*[2]distances

// add decodes data both ways. It gives nothing for pictures that judge nothing.
func (a agreement) add(t *testing.T, d *Decoder, name string, data []byte) {
	t.Helper()
	p := plan{asked: asked{tables: &d.tables, upright: true}, orientation: 1, frames: 1}
	if err := d.read(context.Background(), "jpeg", data, &p); err != nil {
		return
	}
	p.luma = nil
	full, err := d.draw(context.Background(), &p)
	if err != nil || full.Partial {
		return
	}
	native := image.Pt(full.Width, full.Height)
	want, _, err := phash.OfTurned(full.Luma, native)
	if err != nil || want.Quality < 50 {
		return
	}
	for _, way := range []func(context.Context, []byte) (Picture, error){d.DecodeSmall, d.Decode} {
		pic, err := way(context.Background(), data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		got, _, err := phash.OfTurned(pic.Luma, native)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		kind := "baseline"
		if f := walked(t, data); f.progressive {
			kind = "progressive"
		}
		if pic.Sharp {
			kind += ", sharp"
		} else {
			kind += fmt.Sprintf(" at 1/%d", (native.X+pic.Luma.Rect.Dx()/2)/pic.Luma.Rect.Dx())
		}
		if a[kind] == nil {
			a[kind] = &[2]distances{}
		}
		bits := got.PDQ.Distance(want.PDQ)
		a[kind][0] = append(a[kind][0], bits)
		if bits > 10 {
			t.Errorf("%s, %s: PDQ is %d bits off the full decode, 10 at most", name, kind, bits)
		}
		if want.HasPHash {
			bits := got.PHash.Distance(want.PHash)
			a[kind][1] = append(a[kind][1], bits)
			if bits > 4 {
				t.Errorf("%s, %s: pHash is %d bits off the full decode, 4 at most", name, kind, bits)
			}
		}
	}
}

func (a agreement) log(t *testing.T) {
	for kind, d := range a {
		t.Logf("%s: PDQ %v; pHash %v", kind, d[0], d[1])
	}
}

func TestSmallAgreesWithFull(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: arithmetic without goroutines, which the race detector makes ten times slower")
	}
	a := agreement{}
	d := NewDecoder(Limits{})
	for i, size := range [][2]int{{640, 480}, {1000, 666}, {1283, 967}, {1600, 1200}, {2100, 1400}, {2560, 1921}, {1080, 1350}} {
		m := photo(uint32(i+1), size[0], size[1])
		a.add(t, d, fmt.Sprint(size), lumaEncoded(t, m, 60+5*i))
		c := coded(size[0], size[1], 2, 2, 40+8*i, func(x, y int) float64 { return float64(m.Y[y*m.YStride+x]) }, false)
		c.progressive = true
		a.add(t, d, fmt.Sprint("progressive ", size), c.file())
	}
	a.log(t)
}

// Every JPEG of the corpus whose full decode has a hash that judges.
func TestSmallAgreesOnPhotographs(t *testing.T) {
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder: photographs are needed")
	}
	a := agreement{}
	d := NewDecoder(Limits{})
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && Sniff(data) == "jpeg" {
			a.add(t, d, filepath.Base(path), data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a); n < 4 {
		t.Errorf("%d kinds of files", n)
	}
	a.log(t)
}
