package picture_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"testing"
	"time"

	"leakwatch/internal/demo"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

func regionPlane(t testing.TB, img image.Image, quality, long int) *image.Gray {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	p, err := picture.Decode(t.Context(), b.Bytes(), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return shrink(p.Luma, long)
}

func shrink(p *image.Gray, long int) *image.Gray {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	if max(w, h) <= long {
		return p
	}
	k := float64(long) / float64(max(w, h))
	tw, th := int(float64(w)*k), int(float64(h)*k)
	to := image.NewGray(image.Rect(0, 0, tw, th))
	for y := range th {
		for x := range tw {
			sum, n := 0.0, 0.0
			fx0, fx1 := float64(x)/k, float64(x+1)/k
			fy0, fy1 := float64(y)/k, float64(y+1)/k
			for yy := int(fy0); yy < int(fy1+.999) && yy < h; yy++ {
				wy := min(fy1, float64(yy+1)) - max(fy0, float64(yy))
				for xx := int(fx0); xx < int(fx1+.999) && xx < w; xx++ {
					wx := min(fx1, float64(xx+1)) - max(fx0, float64(xx))
					sum += wx * wy * float64(p.Pix[yy*p.Stride+xx])
					n += wx * wy
				}
			}
			to.Pix[y*to.Stride+x] = uint8(sum/n + .5)
		}
	}
	return to
}

func TestMeasureRegions(t *testing.T) {
	photos := demo.Set(60, 77)
	for _, long := range []int{1024, 400} {
		for _, form := range demo.Sheets() {
			tiles, found, near, regions, kept := 0, 0, 0, 0, 0
			var spent time.Duration
			for k := range 10 {
				var pics []image.Image
				for i := range 20 {
					pics = append(pics, photos[(k*7+i)%len(photos)].Image())
				}
				img, at, err := demo.Sheet(form, pics...)
				if err != nil {
					t.Fatal(err)
				}
				plane := regionPlane(t, img, 80, long)
				start := time.Now()
				rs := picture.Regions(plane)
				spent += time.Since(start)
				regions += len(rs)
				for _, r := range rs {
					if _, _, ok := phash.TurnsOf(plane, r); ok {
						kept++
					}
				}
				k := float64(plane.Rect.Dx()) / float64(img.Rect.Dx())
				for i, a := range at {
					tiles++
					best := 1.0
					for _, r := range rs {
						off := max(diff(r.Min.X, a.Min.X, k, a.Dx()), diff(r.Max.X, a.Max.X, k, a.Dx()), diff(r.Min.Y, a.Min.Y, k, a.Dy()), diff(r.Max.Y, a.Max.Y, k, a.Dy()))
						best = min(best, off)
					}
					if best < .03 {
						found++
					}
					if best < .012 {
						near++
					}
					_ = i
				}
			}
			fmt.Printf("%d %-18s tiles %d found %.2f exact %.2f  regions %.1f kept %.1f  %.2f ms\n", long, form, tiles, float64(found)/float64(tiles), float64(near)/float64(tiles), float64(regions)/10, float64(kept)/10, spent.Seconds()*100)
		}
		n, any, regions, kept := 0, 0, 0, 0
		for _, p := range photos {
			plane := regionPlane(t, p.Image(), 80, long)
			rs := picture.Regions(plane)
			n++
			if len(rs) > 0 {
				any++
			}
			regions += len(rs)
			for _, r := range rs {
				if _, _, ok := phash.TurnsOf(plane, r); ok {
					kept++
				}
			}
		}
		fmt.Printf("%d plain %d any %d regions %d kept %d\n", long, n, any, regions, kept)
	}
}

func diff(a, b int, k float64, n int) float64 {
	d := (float64(a) - float64(b)*k) / (float64(n) * k)
	return max(d, -d)
}
