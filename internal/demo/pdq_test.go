package demo

import (
	"image"
	"image/draw"
	"math"
	"math/bits"
	"slices"
)

// A rough PDQ, so that this room can tell whether its pictures are told apart
// and its copies found: 64x64 by plain area average instead of the published
// filters. It is off by a few bits, which the bounds of the tests allow for.

type roughPDQ [4]uint64

func (a roughPDQ) distance(b roughPDQ) (n int) {
	for i := range a {
		n += bits.OnesCount64(a[i] ^ b[i])
	}
	return n
}

func roughPlane(img image.Image) (plane [64][64]float64) {
	b := img.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Over)
	for j := range 64 {
		for i := range 64 {
			x0, y0 := i*b.Dx()/64, j*b.Dy()/64
			x1, y1 := max((i+1)*b.Dx()/64, x0+1), max((j+1)*b.Dy()/64, y0+1)
			sum := 0.0
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					p := rgba.Pix[rgba.PixOffset(x, y):]
					sum += .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
				}
			}
			plane[j][i] = sum / float64((x1-x0)*(y1-y0))
		}
	}
	return plane
}

// roughTurns gives the hashes of a picture in its eight turns and flips, and
// the quality of the first.
func roughTurns(img image.Image) (turns [8]roughPDQ, quality int) {
	plane := roughPlane(img)
	sum := 0
	for j := range 64 {
		for i := range 64 {
			if j < 63 {
				sum += int(math.Abs(plane[j][i]-plane[j+1][i]) * 100 / 255)
			}
			if i < 63 {
				sum += int(math.Abs(plane[j][i]-plane[j][i+1]) * 100 / 255)
			}
		}
	}
	dct := roughDCT(plane)
	for o := range turns {
		var v [256]float64
		for k := range 16 {
			for l := range 16 {
				a := dct[k][l]
				if o&4 != 0 {
					a = dct[l][k]
				}
				if o&1 != 0 && l%2 == 0 { // odd frequencies change sign; l counts from 1
					a = -a
				}
				if o&2 != 0 && k%2 == 0 {
					a = -a
				}
				v[16*k+l] = a
			}
		}
		sorted := slices.Clone(v[:])
		slices.Sort(sorted)
		for i := range v {
			if v[i] > sorted[127] {
				turns[o][i/64] |= 1 << (i % 64)
			}
		}
	}
	return turns, min(sum/90, 100)
}

func roughDCT(plane [64][64]float64) (dct [16][16]float64) {
	var cos [16][64]float64
	for k := range cos {
		for i := range cos[k] {
			cos[k][i] = math.Cos(math.Pi / 128 * float64(k+1) * float64(2*i+1))
		}
	}
	var half [16][64]float64
	for k := range 16 {
		for x := range 64 {
			for y := range 64 {
				half[k][x] += cos[k][y] * plane[y][x]
			}
		}
	}
	for k := range 16 {
		for l := range 16 {
			for x := range 64 {
				dct[k][l] += half[k][x] * cos[l][x]
			}
		}
	}
	return dct
}
