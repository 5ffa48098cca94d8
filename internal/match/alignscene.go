package match

import (
	"image"
	"math"

	"leakwatch/internal/phash"
)

// scene is a grey picture with ever coarser copies, so that any part of it can
// be seen as a small grid at the same cost. It is made once for each found
// picture and never changes.
type scene struct {
	aspect float64 // width by height
	levels []level
}

// level is one copy of a scene.
type level struct {
	pix          []uint8
	stride, w, h int
	kx, ky       float64 // pixels in one unit, the long side of the picture
}

// sceneOf makes a scene of a plane with sides of 1 to 32767 pixels; level 0 is
// the plane itself.
func sceneOf(luma *image.Gray) *scene {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	long := float64(max(w, h))
	first := level{luma.Pix[luma.PixOffset(luma.Rect.Min.X, luma.Rect.Min.Y):], luma.Stride, w, h, long, long}
	return newScene(float64(w)/float64(h), first)
}

// sceneOfThumb makes a scene of an entry: its cells are the pixels.
func sceneOfThumb(r *reference) *scene {
	const n = phash.ThumbSide
	w, h := sides(r.aspect)
	return newScene(r.aspect, level{r.thumb[:], n, n, n, n / w, n / h})
}

func newScene(aspect float64, first level) *scene {
	s := &scene{aspect: aspect, levels: []level{first}}
	for l := first; min(l.w, l.h) >= 16; {
		l = l.halved()
		s.levels = append(s.levels, l)
	}
	return s
}

func (l *level) halved() level {
	to := phash.Halved(&image.Gray{Pix: l.pix, Stride: l.stride, Rect: image.Rect(0, 0, l.w, l.h)})
	return level{to.Pix, to.Stride, to.Rect.Dx(), to.Rect.Dy(), l.kx / 2, l.ky / 2}
}

// sampling is how one cell of a grid is averaged: at so many places about its
// middle, in 1/65536 pixels of a level.
type sampling struct {
	level  *level
	du, dv [2]float64 // from one cell to the next, in pixels of the level
	at     [2]float64 // the middle of the first cell, less half a pixel
	n      int
	places [64][2]int32
	reach  float64 // no place is farther from the middle, in either axis
}

// sampling plans an n x n grid over the entry's frame; m is of shares of that
// frame. Cells span at least fine pixels of the chosen level where the plane
// has them.
func (s *scene) sampling(m affine, n int, fine float64) sampling {
	size := func(l *level) (du, dv [2]float64) {
		k := float64(n)
		return [2]float64{m[0] * l.kx / k, m[3] * l.ky / k}, [2]float64{m[1] * l.kx / k, m[4] * l.ky / k}
	}
	depth := 0
	du, dv := size(&s.levels[0])
	least := min(math.Hypot(du[0], du[1]), math.Hypot(dv[0], dv[1]))
	for depth+1 < len(s.levels) && least >= 2*fine {
		depth, least = depth+1, least/2
	}
	p := sampling{level: &s.levels[depth]}
	p.du, p.dv = size(p.level)
	p.at[0] = m[2]*p.level.kx + (p.du[0]+p.dv[0])/2 - .5
	p.at[1] = m[5]*p.level.ky + (p.du[1]+p.dv[1])/2 - .5
	nu := int(min(max(math.Hypot(p.du[0], p.du[1])+.5, 1), 8))
	nv := int(min(max(math.Hypot(p.dv[0], p.dv[1])+.5, 1), 8))
	for i := range nu {
		for j := range nv {
			u, v := (float64(i)+.5)/float64(nu)-.5, (float64(j)+.5)/float64(nv)-.5
			x, y := u*p.du[0]+v*p.dv[0], u*p.du[1]+v*p.dv[1]
			p.places[p.n] = [2]int32{int32(x * 65536), int32(y * 65536)}
			p.n++
			p.reach = max(p.reach, math.Abs(x), math.Abs(y))
		}
	}
	return p
}

// grid is the picture as n x n cells in the frame of an entry: the average of
// each cell, and a bit for each cell whose middle lies in the picture. m is of
// shares of the frame.
func (s *scene) grid(m affine, n int, fine float64, grey []float32, seen *cells) {
	p := s.sampling(m, n, fine)
	l := p.level
	w, h := float64(l.w), float64(l.h)
	scale := 1 / (65536 * float32(p.n))
	*seen = cells{}
	for j := range n {
		row := grey[j*n:][:n]
		x0, y0 := p.at[0]+float64(j)*p.dv[0], p.at[1]+float64(j)*p.dv[1]
		for i := range row {
			x, y := x0+float64(i)*p.du[0], y0+float64(i)*p.du[1]
			if !(x >= -.5 && y >= -.5 && x < w-.5 && y < h-.5) {
				row[i] = 0
				continue
			}
			seen[j] |= 1 << i
			fx, fy := int32(x*65536), int32(y*65536)
			if x >= p.reach && y >= p.reach && x < w-1-p.reach && y < h-1-p.reach {
				row[i] = float32(p.inside(fx, fy)) * scale
			} else {
				row[i] = float32(p.edge(fx, fy)) * scale
			}
		}
	}
}

// inside sums bilinear samples that need no look at the edges.
func (p *sampling) inside(fx, fy int32) uint32 {
	pix, stride := p.level.pix, p.level.stride
	var sum uint32
	for k := range p.places[:p.n] {
		x, y := fx+p.places[k][0], fy+p.places[k][1]
		at := int(y>>16)*stride + int(x>>16)
		a, b := uint32(x>>8)&255, uint32(y>>8)&255
		four, low := pix[at:at+2:at+2], pix[at+stride:at+stride+2:at+stride+2]
		up := uint32(four[0])*(256-a) + uint32(four[1])*a
		down := uint32(low[0])*(256-a) + uint32(low[1])*a
		sum += up*(256-b) + down*b
	}
	return sum
}

// edge is inside with every place drawn into the plane.
func (p *sampling) edge(fx, fy int32) uint32 {
	l := p.level
	var sum uint32
	for k := range p.places[:p.n] {
		x := min(max(fx+p.places[k][0], 0), int32(l.w-1)<<16)
		y := min(max(fy+p.places[k][1], 0), int32(l.h-1)<<16)
		ix, iy := int(x>>16), int(y>>16)
		a, b := uint32(x>>8)&255, uint32(y>>8)&255
		right, low := min(ix+1, l.w-1), min(iy+1, l.h-1)*l.stride
		up := uint32(l.pix[iy*l.stride+ix])*(256-a) + uint32(l.pix[iy*l.stride+right])*a
		down := uint32(l.pix[low+ix])*(256-a) + uint32(l.pix[low+right])*a
		sum += up*(256-b) + down*b
	}
	return sum
}
