package match

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"leakwatch/internal/phash"
	pictures "leakwatch/internal/picture"
)

// pointsForm is a way to re-post a picture, on its grey plane.
type pointsForm struct {
	name   string
	mirror bool
	make   func(g *image.Gray, r *rand.Rand) *image.Gray
}

func pointsForms() []pointsForm {
	crop := func(x0, y0, x1, y1 float64) func(*image.Gray, *rand.Rand) *image.Gray {
		return func(g *image.Gray, _ *rand.Rand) *image.Gray { return pointsCrop(g, x0, y0, x1, y1) }
	}
	scale := func(x, y float64) func(*image.Gray, *rand.Rand) *image.Gray {
		return func(g *image.Gray, _ *rand.Rand) *image.Gray { return pointsScaled(g, x, y) }
	}
	rotate := func(degrees float64) func(*image.Gray, *rand.Rand) *image.Gray {
		return func(g *image.Gray, _ *rand.Rand) *image.Gray { return pointsRotated(g, degrees) }
	}
	random := func(area float64) func(*image.Gray, *rand.Rand) *image.Gray {
		return func(g *image.Gray, r *rand.Rand) *image.Gray {
			// Width and height of that area, with a shape up to 1.4 from the picture's.
			k := math.Exp((2*r.Float64() - 1) * math.Log(1.4))
			w, h := min(1, math.Sqrt(area*k)), min(1, math.Sqrt(area/k))
			w, h = max(w, area/h), max(h, area/w)
			x, y := r.Float64()*(1-w), r.Float64()*(1-h)
			return pointsCrop(g, x, y, x+w, y+h)
		}
	}
	same := func(g *image.Gray, _ *rand.Rand) *image.Gray { return g }
	return []pointsForm{
		{"same", false, same},
		{"crop-half", false, crop(.15, .15, .86, .86)},
		{"crop-quarter", false, crop(.3, .4, .8, .9)},
		{"random-70", false, random(.7)},
		{"random-50", false, random(.5)},
		{"random-35", false, random(.35)},
		{"random-25", false, random(.25)},
		{"rot-1", false, rotate(1)},
		{"rot-5", false, rotate(5)},
		{"rot-90", false, func(g *image.Gray, _ *rand.Rand) *image.Gray { return pointsTurned(g) }},
		{"resize-50", false, scale(.5, .5)},
		{"resize-25", false, scale(.25, .25)},
		{"up-150", false, scale(1.5, 1.5)},
		{"mirror", true, func(g *image.Gray, _ *rand.Rand) *image.Gray { return pointsMirror(g) }},
		{"squeeze-80", false, scale(.8, 1)},
		{"squeeze-60", false, scale(.6, 1)},
		{"tiled", false, pointsTiled},
		{"tile", false, func(g *image.Gray, _ *rand.Rand) *image.Gray {
			k := min(393/float64(g.Rect.Dx()), 293/float64(g.Rect.Dy()))
			return pointsScaled(g, k, k)
		}},
		{"crop50+r50", false, func(g *image.Gray, r *rand.Rand) *image.Gray { return pointsScaled(random(.5)(g, r), .5, .5) }},
	}
}

func pointsCrop(g *image.Gray, x0, y0, x1, y1 float64) *image.Gray {
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	r := image.Rect(int(x0*w+.5), int(y0*h+.5), int(x1*w+.5), int(y1*h+.5))
	return pointsMapped(r.Dx(), r.Dy(), func(x, y float64) float64 { return pointsAt(g, x+float64(r.Min.X), y+float64(r.Min.Y)) })
}

// pointsScaled averages where it shrinks, by 4x4 samples a pixel.
func pointsScaled(g *image.Gray, kx, ky float64) *image.Gray {
	w, h := max(1, int(float64(g.Rect.Dx())*kx+.5)), max(1, int(float64(g.Rect.Dy())*ky+.5))
	return pointsMapped(w, h, func(x, y float64) float64 {
		sum := 0.
		for i := range 16 {
			dx, dy := (float64(i%4)+.5)/4-.5, (float64(i/4)+.5)/4-.5
			sum += pointsAt(g, (x+.5+dx)/kx-.5, (y+.5+dy)/ky-.5)
		}
		return sum / 16
	})
}

func pointsRotated(g *image.Gray, degrees float64) *image.Gray {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	tw, th := w*cos+h*sin, w*sin+h*cos
	return pointsMapped(int(tw), int(th), func(x, y float64) float64 {
		x, y = x-tw/2, y-th/2
		u, v := x*cos+y*sin+w/2, y*cos-x*sin+h/2
		if u < 0 || v < 0 || u > w-1 || v > h-1 {
			return 0
		}
		return pointsAt(g, u, v)
	})
}

func pointsTurned(g *image.Gray) *image.Gray {
	return pointsMapped(g.Rect.Dy(), g.Rect.Dx(), func(x, y float64) float64 { return pointsAt(g, y, float64(g.Rect.Dy()-1)-x) })
}

func pointsMirror(g *image.Gray) *image.Gray {
	return pointsMapped(g.Rect.Dx(), g.Rect.Dy(), func(x, y float64) float64 { return pointsAt(g, float64(g.Rect.Dx()-1)-x, y) })
}

// pointsTiled lays bars at 45 % over the picture, as the letters of a tiled mark.
func pointsTiled(g *image.Gray, _ *rand.Rand) *image.Gray {
	s := .11 * float64(g.Rect.Dy())
	return pointsMapped(g.Rect.Dx(), g.Rect.Dy(), func(x, y float64) float64 {
		v := pointsAt(g, x, y)
		row, along := math.Floor(y/(2*s)), 0.
		if int(row)%2 == 1 {
			along = 3 * s
		}
		in := math.Mod(x+along, 7*s)
		if math.Mod(y, 2*s) < .7*s && in < 4*s && math.Mod(in, .6*s) < .25*s {
			return v*.55 + 255*.45
		}
		return v
	})
}

func pointsMapped(w, h int, at func(x, y float64) float64) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.Pix[y*out.Stride+x] = uint8(min(255, max(0, at(float64(x), float64(y))+.5)))
		}
	}
	return out
}

func pointsAt(g *image.Gray, x, y float64) float64 {
	x, y = min(max(x, 0), float64(g.Rect.Dx()-1)), min(max(y, 0), float64(g.Rect.Dy()-1))
	i, j := int(x), int(y)
	k, l := min(i+1, g.Rect.Dx()-1), min(j+1, g.Rect.Dy()-1)
	u, v := x-float64(i), y-float64(j)
	p := func(i, j int) float64 { return float64(g.Pix[j*g.Stride+i]) }
	return (p(i, j)*(1-u)+p(k, j)*u)*(1-v) + (p(i, l)*(1-u)+p(k, l)*u)*v
}

// pointsJPEG is what is left of a plane after a JPEG of that quality.
func pointsJPEG(g *image.Gray, quality int) *image.Gray {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	return img.(*image.Gray)
}

// pointsCorpus decodes pictures of the corpus, one of many that a camera made
// being enough.
func pointsCorpus(t testing.TB) (names []string, planes []*image.Gray) {
	t.Helper()
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with photographs")
	}
	for _, pattern := range []string{"vehicles/*.jpg", "lanes/*/0010.jpg", "lanes/*/0040.jpg", "cameras/nikon-d90*.jpg", "pdq-vectors/misc/*.jpg", "pdq-vectors/exif-rotn/*1*.jpg", "pdq-vectors/dih/*original*.jpg", "pdq-vectors/labelme-subset/*.jpg"} {
		paths, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := pictures.Decode(context.Background(), data, pictures.Limits{})
			if err != nil {
				continue
			}
			if p, err := phash.Of(p.Luma, image.Point{}); err != nil || p.Quality < 50 {
				continue
			}
			names, planes = append(names, path[len(root):]), append(planes, p.Luma)
		}
	}
	return names, planes
}

func TestMapOfPhotographs(t *testing.T) {
	names, planes := pointsCorpus(t)
	entries := make([]phash.Points, len(planes))
	for i, g := range planes {
		if n := max(g.Rect.Dx(), g.Rect.Dy()); n > 480 {
			planes[i] = pointsScaled(g, 480/float64(n), 480/float64(n))
		}
		entries[i] = phash.PointsOf(planes[i], phash.Entry)
	}
	var spent time.Duration
	calls := 0
	var all [64]int
	for _, form := range pointsForms() {
		ten, eight, sum := 0, 0, 0
		var wrong [64]int
		for i, g := range planes {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			found := phash.PointsOf(pointsJPEG(form.make(g, r), 80), phash.Found)
			mirrored := found.Mirrored()
			right, other := &found, &mirrored
			if form.mirror {
				right, other = other, right
			}
			_, n := mapOf(&entries[i], right)
			sum += n
			if n >= 10 {
				ten++
			}
			if n >= 8 {
				eight++
			}
			for j := range entries {
				if filepath.Dir(names[i]) == filepath.Dir(names[j]) {
					continue
				}
				for _, f := range []*phash.Points{right, other} {
					start := time.Now()
					m, n := mapOf(&entries[j], f)
					spent += time.Since(start)
					calls++
					wrong[min(n, 63)]++
					all[min(n, 63)]++
					if n >= 8 {
						fmt.Println("  ", n, names[i], names[j], f == right, m, entries[j].Width, entries[j].Height, len(entries[j].List), f.Width, f.Height, len(f.List))
					}
				}
			}
		}
		fmt.Printf("%-14s >=10 %5.1f %%  >=8 %5.1f %%  mean %5.1f  n %d  wrong %v\n", form.name, 100*float64(ten)/float64(len(planes)), 100*float64(eight)/float64(len(planes)), float64(sum)/float64(len(planes)), len(planes), wrong[4:16])
	}
	t.Logf("%v a map of unrelated, n %d, inliers %v", spent/time.Duration(calls), calls, all)
}
