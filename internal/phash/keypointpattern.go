package phash

import "math"

// The pattern of comparisons is part of the stored format: it is made of whole
// numbers only, so that every machine makes the same one. Pair i+128 is pair i
// with the sign of y changed: the descriptor of a mirrored picture is that of
// the picture with its halves swapped.
const (
	pairs      = 256
	turns      = 32 // steps of the angle
	pairRadius = 14 // pixels from the corner to either end
	blurRadius = 3  // of the boxes of 3 and 5 pixels
	unit       = 1 << 14
)

// pattern is where the ends of each pair lie, for each angle.
type pattern struct {
	sin, cos [turns]int32 // in 1/unit
	ends     [turns][pairs][2]offset
	along    [pairs]int32 // by how much the first end lies farther towards the light, in 1/256 pixels
}

// offset is a place relative to the corner, in pixels.
type offset struct{ x, y int8 }

// newPattern draws 128 pairs: each coordinate is normal with deviation 31/5
// (the sum of twelve uniform ones, in 1/256 pixels), no end farther than
// pairRadius, the ends more than 4 apart. The source is SplitMix64 from 1.
func newPattern() *pattern {
	p := new(pattern)
	for k := range turns {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / turns)
		p.sin[k], p.cos[k] = int32(math.Round(sin*unit)), int32(math.Round(cos*unit))
	}
	state := uint64(1)
	coordinate := func() int32 {
		sum := int64(0)
		for range 12 {
			state += 0x9e3779b97f4a7c15
			z := state
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			z ^= z >> 31
			sum += int64(z >> 48)
		}
		return int32((sum - 6<<16) * 31 * 256 / 5 >> 16)
	}
	const pixel = 256
	for i := 0; i < pairs/2; {
		x0, y0, x1, y1 := coordinate(), coordinate(), coordinate(), coordinate()
		// Half a pixel is kept for rounding.
		const far = pairRadius*pixel - pixel/2
		if x0*x0+y0*y0 > far*far || x1*x1+y1*y1 > far*far || (x0-x1)*(x0-x1)+(y0-y1)*(y0-y1) <= 16*pixel*pixel {
			continue
		}
		for k := range turns {
			p.ends[k][i] = [2]offset{p.turned(x0, y0, k), p.turned(x1, y1, k)}
			p.ends[k][i+pairs/2] = [2]offset{p.turned(x0, -y0, k), p.turned(x1, -y1, k)}
		}
		p.along[i], p.along[i+pairs/2] = x0-x1, x0-x1
		i++
	}
	return p
}

// turned turns a place given in 1/256 pixels, and rounds halves away from zero.
func (p *pattern) turned(x, y int32, k int) offset {
	sin, cos := int64(p.sin[k]), int64(p.cos[k])
	round := func(v int64) int8 {
		const whole = unit * 256
		if v < 0 {
			return int8(-((whole/2 - v) / whole))
		}
		return int8((v + whole/2) / whole)
	}
	return offset{round(int64(x)*cos - int64(y)*sin), round(int64(x)*sin + int64(y)*cos)}
}

// describer turns corners into points.
type describer struct {
	pattern *pattern
	disc    [2*discRadius + 1]int // half the width of each line of the disc
	spread  int                   // the sum of the squares of x over the disc
	lines   [patchSide + 2*blurRadius][patchSide]uint16
	patch   [patchSide * patchSide]uint16
	offsets [turns][pairs][2]int16 // ends, as places in patch
}

const (
	discRadius = 13
	patchSide  = 2*pairRadius + 1
)

func newDescriber() *describer {
	d := &describer{pattern: newPattern()}
	for i := range d.disc {
		y := i - discRadius
		d.disc[i] = int(math.Sqrt(discRadius*discRadius - float64(y*y)))
		for x := range d.disc[i] {
			d.spread += 2 * (x + 1) * (x + 1)
		}
	}
	at := func(o offset) int16 { return int16(o.y+pairRadius)*patchSide + int16(o.x) + pairRadius }
	for k := range turns {
		for i, e := range d.pattern.ends[k] {
			d.offsets[k][i] = [2]int16{at(e[0]), at(e[1])}
		}
	}
	return d
}

// point describes a corner of a level, of a picture of w by h pixels.
func (d *describer) point(l *level, c corner, w, h int) Point {
	mx, my := d.moments(l, c)
	step := d.step(mx, my)
	d.smooth(l, c)
	p := Point{Scale: scaleOf(uint8(l.number)), Angle: angleOf(angled(math.Atan2(float64(my), float64(mx))))}
	long := float64(max(w, h))
	p.X = placeOf(placed((float64(c.x) + .5) * float64(w) / float64(l.w) / long))
	p.Y = placeOf(placed((float64(c.y) + .5) * float64(h) / float64(l.h) / long))
	slope := (int64(mx)*int64(d.pattern.cos[step]) + int64(my)*int64(d.pattern.sin[step])) * 225 / int64(d.spread) // 1/unit
	ends := &d.offsets[step]
	for k := range p.Descriptor {
		var word uint64
		for i, e := range ends[64*k:][:64] {
			// The sign bit of the difference: 1 where the first end is darker.
			trend := int32(slope * int64(d.pattern.along[64*k+i]) >> 22)
			word |= uint64(uint32(int32(d.patch[e[0]])-int32(d.patch[e[1]])-trend)>>31) << i
		}
		p.Descriptor[k] = word
	}
	return p
}

// moments of the disc about a corner: where its light lies.
func (d *describer) moments(l *level, c corner) (mx, my int32) {
	for i, half := range d.disc {
		y := i - discRadius
		line := l.pix[(int(c.y)+y)*l.w+int(c.x)-half:][:2*half+1]
		var sum, first int32
		for x, v := range line {
			sum += int32(v)
			first += int32(v) * int32(x)
		}
		mx += first - sum*int32(half)
		my += sum * int32(y)
	}
	return mx, my
}

// step is the angle nearest to the direction of (mx, my).
func (d *describer) step(mx, my int32) int {
	best, most := 0, int64(math.MinInt64)
	for k := range turns {
		if v := int64(mx)*int64(d.pattern.cos[k]) + int64(my)*int64(d.pattern.sin[k]); v > most {
			best, most = k, v
		}
	}
	return best
}

// smooth fills patch with the surroundings of a corner, each pixel the sum of
// those about it: a box of 3 and one of 5 pixels, 225 times their average.
func (d *describer) smooth(l *level, c corner) {
	for i := range d.lines {
		line := l.pix[(int(c.y)-border+i)*l.w+int(c.x)-border:][:patchSide+2*blurRadius]
		out := &d.lines[i]
		for x := range out {
			v := line[x:][:7]
			out[x] = uint16(v[0]) + uint16(v[6]) + 2*(uint16(v[1])+uint16(v[5])) + 3*(uint16(v[2])+uint16(v[3])+uint16(v[4]))
		}
	}
	for y := range patchSide {
		out := d.patch[y*patchSide:][:patchSide]
		l := d.lines[y:][:7]
		for x := range out {
			out[x] = l[0][x] + l[6][x] + 2*(l[1][x]+l[5][x]) + 3*(l[2][x]+l[3][x]+l[4][x])
		}
	}
}
