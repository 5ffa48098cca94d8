package match

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"leakwatch/internal/demo"
	"leakwatch/internal/phash"
)

// judgeGray is a picture's luma at a long side of at most so many pixels.
func judgeGray(img image.Image, long int) *image.Gray {
	b := img.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(g, g.Rect, img, b.Min, draw.Src)
	if l := max(b.Dx(), b.Dy()); l > long {
		return judgeResize(g, (b.Dx()*long+l/2)/l, (b.Dy()*long+l/2)/l)
	}
	return g
}

// judgeResize averages areas when it reduces, and draws lines between pixels else.
func judgeResize(g *image.Gray, w, h int) *image.Gray {
	return judgeWindow(g, 0, 0, float64(g.Rect.Dx()), float64(g.Rect.Dy()), w, h)
}

// judgeWindow resamples a part of a plane.
func judgeWindow(g *image.Gray, x0, y0, x1, y1 float64, w, h int) *image.Gray {
	to := image.NewGray(image.Rect(0, 0, w, h))
	kx, ky := (x1-x0)/float64(w), (y1-y0)/float64(h)
	nx, ny := int(math.Ceil(2*kx)), int(math.Ceil(2*ky))
	for y := range h {
		for x := range w {
			sum := 0.
			for j := range ny {
				for i := range nx {
					sum += judgePixel(g, x0+(float64(x)+(float64(i)+.5)/float64(nx))*kx, y0+(float64(y)+(float64(j)+.5)/float64(ny))*ky)
				}
			}
			to.Pix[y*w+x] = uint8(sum/float64(nx*ny) + .5)
		}
	}
	return to
}

// judgePixel is the bilinear value at a place; the first pixel spans 0 to 1.
func judgePixel(g *image.Gray, x, y float64) float64 {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	x, y = min(max(x-.5, 0), float64(w-1)), min(max(y-.5, 0), float64(h-1))
	ix, iy := int(x), int(y)
	fx, fy := x-float64(ix), y-float64(iy)
	jx, jy := min(ix+1, w-1), min(iy+1, h-1)
	at := func(x, y int) float64 { return float64(g.Pix[y*g.Stride+x]) }
	return (at(ix, iy)*(1-fx)+at(jx, iy)*fx)*(1-fy) + (at(ix, jy)*(1-fx)+at(jx, jy)*fx)*fy
}

func judgeJPEG(g *image.Gray, quality int) *image.Gray {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	return judgeGray(img, 1<<20)
}

// judgeRef is what a set would store of a plane.
func judgeRef(g *image.Gray) *reference {
	small := judgeResize(g, phash.ThumbSide, phash.ThumbSide)
	return &reference{thumb: (*phash.Thumb)(small.Pix), aspect: float64(g.Rect.Dx()) / float64(g.Rect.Dy())}
}

// judgeForm is one way to post a picture again, with the map to what became of it.
type judgeForm struct {
	name string
	make func(g *image.Gray, r *rand.Rand) (*image.Gray, affine)
}

func judgeForms() []judgeForm { return append(judgeCleanForms(), judgeOverlaidForms()...) }

func judgeAspect(g *image.Gray) float64 { return float64(g.Rect.Dx()) / float64(g.Rect.Dy()) }

// judgeSame is the map to a picture that shows the whole of another.
func judgeSame(from, to *image.Gray) affine {
	return fromWindows(1, phash.Whole(), phash.Whole(), judgeAspect(to), judgeAspect(from))
}

func judgeCleanForms() []judgeForm {
	return []judgeForm{
		{"plain", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeJPEG(judgeGray(g, 480), 90)
			return to, judgeSame(g, to)
		}},
		{"jpeg-q20", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeJPEG(judgeGray(g, 480), 20)
			return to, judgeSame(g, to)
		}},
		{"resize-25", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeJPEG(judgeResize(g, g.Rect.Dx()/4, g.Rect.Dy()/4), 80)
			return to, judgeSame(g, to)
		}},
		{"gamma-2", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeGray(g, 480)
			to = judgeResize(to, to.Rect.Dx(), to.Rect.Dy())
			for i, v := range to.Pix {
				to.Pix[i] = uint8(255*math.Pow(float64(v)/255, 2) + .5)
			}
			return to, judgeSame(g, to)
		}},
		{"crop-70", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			side := math.Sqrt(.7)
			w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
			x, y := r.Float64()*(1-side), r.Float64()*(1-side)
			to := judgeWindow(g, x*w, y*h, (x+side)*w, (y+side)*h, int(w*side*.75), int(h*side*.75))
			return judgeJPEG(to, 80), fromWindows(1, phash.Whole(), phash.Window{x, y, x + side, y + side}, judgeAspect(to), judgeAspect(g))
		}},
		{"chrome", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeFill(1000, 640, 24)
			draw.Draw(to, image.Rect(0, 0, 1000, 70), judgeStripes(1000, 70), image.Point{}, draw.Src)
			k := min(840/float64(g.Rect.Dx()), 530/float64(g.Rect.Dy()))
			w, h := int(float64(g.Rect.Dx())*k), int(float64(g.Rect.Dy())*k)
			x, y := (1000-w)/2, 70+(570-h)/2
			draw.Draw(to, image.Rect(x, y, x+w, y+h), judgeResize(g, w, h), image.Point{}, draw.Src)
			win := phash.Window{float64(x) / 1000, float64(y) / 640, float64(x+w) / 1000, float64(y+h) / 640}
			return judgeJPEG(to, 85), fromWindows(1, win, phash.Whole(), judgeAspect(to), judgeAspect(g))
		}},
	}
}

func judgeOverlaidForms() []judgeForm {
	return []judgeForm{
		{"mirror+r50+banner", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeResize(g, g.Rect.Dx()/2, g.Rect.Dy()/2)
			w, h := to.Rect.Dx(), to.Rect.Dy()
			for y := range h {
				row := to.Pix[y*to.Stride:][:w]
				for i := range w / 2 {
					row[i], row[w-1-i] = row[w-1-i], row[i]
				}
			}
			draw.Draw(to, image.Rect(0, h*87/100, w, h), image.Black, image.Point{}, draw.Src)
			for i := range 12 { // letters
				x := w * (2*i + 3) / 40
				draw.Draw(to, image.Rect(x, h*90/100, x+w/60, h*97/100), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
			}
			return judgeJPEG(to, 60), fromWindows(2, phash.Whole(), phash.Whole(), judgeAspect(to), judgeAspect(g))
		}},
		{"face-black", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeResize(g, g.Rect.Dx(), g.Rect.Dy())
			w, h := to.Rect.Dx(), to.Rect.Dy()
			draw.Draw(to, image.Rect(w*2/5, h/5, w*3/5, h*45/100), image.Black, image.Point{}, draw.Src)
			return judgeJPEG(to, 80), judgeSame(g, to)
		}},
		{"logo-17", func(g *image.Gray, r *rand.Rand) (*image.Gray, affine) {
			to := judgeResize(g, g.Rect.Dx(), g.Rect.Dy())
			w := to.Rect.Dx()
			d := w * 17 / 100
			for y := range d {
				for x := range d {
					if (2*x-d)*(2*x-d)+(2*y-d)*(2*y-d) < d*d {
						to.Pix[(y+w/50)*to.Stride+x+w/50] = 80
					}
				}
			}
			for i := range 2 { // letters
				x, y := w/50+d*(3+4*i)/12, w/50+d/3
				draw.Draw(to, image.Rect(x, y, x+d/8, y+d/3), image.White, image.Point{}, draw.Src)
			}
			return judgeJPEG(to, 80), judgeSame(g, to)
		}},
	}
}

func judgeFill(w, h int, v uint8) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = v
	}
	return g
}

// judgeStripes looks like the bars of a browser.
func judgeStripes(w, h int) *image.Gray {
	g := judgeFill(w, h, 225)
	for x := 20; x+90 < w; x += 120 {
		draw.Draw(g, image.Rect(x, h/4, x+90, h*3/4), image.NewUniform(color.Gray{150}), image.Point{}, draw.Src)
	}
	return g
}

// judgeShaken is a map as hashes or keypoints would have found it.
func judgeShaken(m affine, r *rand.Rand, by float64) affine {
	noise := func() float64 { return (2*r.Float64() - 1) * by }
	return m.after(affine{1 + noise(), noise(), noise() / 2, noise(), 1 + noise(), noise() / 2})
}

// judgeLane is a made-up lane: one place, another vehicle in each picture,
// blended in by a soft ellipse, under changing light and with noise.
func judgeLane(seed uint64, n int) []*image.Gray {
	photos := demo.Set(2*n+10, seed) // three of five are lanes
	var drawn []*image.Gray
	for _, p := range photos {
		if p.Kind == "lane" {
			drawn = append(drawn, judgeGray(p.Image(), 640))
		}
	}
	r := rand.New(rand.NewPCG(seed, 7))
	back := judgeResize(drawn[0], 640, 440)
	var lane []*image.Gray
	for i := range n {
		vehicle := judgeWindow(drawn[1+i], 60, 100, 600, 471, 480, 330)
		g := image.NewGray(back.Rect)
		x0, y0, light := 80+r.IntN(21)-10, 90+r.IntN(21)-10, .9+.2*r.Float64()
		for y := range 440 {
			for x := range 640 {
				v := float64(back.Pix[y*640+x])
				if vx, vy := x-x0, y-y0; vx >= 0 && vy >= 0 && vx < 480 && vy < 330 {
					d := math.Hypot(float64(vx-240)/240, float64(vy-165)/165)
					t := min(max((1-d)*5, 0), 1)
					v += t * (float64(vehicle.Pix[vy*480+vx]) - v)
				}
				g.Pix[y*640+x] = uint8(min(max(v*light+2*r.NormFloat64(), 0), 255))
			}
		}
		lane = append(lane, judgeJPEG(g, 88))
	}
	return lane
}
