package phash

import (
	"encoding/binary"
	"math/bits"
)

// cornerStep is by how much the circle round a corner is brighter or darker
// than the corner itself.
const cornerStep = 9

// corner is a place on a level and how much it stands out.
type corner struct {
	x, y  int16
	score uint16
}

// cornerFinder finds FAST-9 corners: nine neighbours on a circle of sixteen
// that are all brighter, or all darker, by cornerStep.
type cornerFinder struct {
	scores []uint16 // of the level at hand; zero between levels
	found  []corner
}

// newCornerFinder is for levels of at most w by h pixels.
func newCornerFinder(w, h int) *cornerFinder {
	return &cornerFinder{scores: make([]uint16, w*h)}
}

// corners returns the corners that no neighbour outdoes, from the top to the
// bottom and from left to right.
func (f *cornerFinder) corners(l *level) []corner {
	f.found = f.found[:0]
	ring := ringOf(l.w)
	for y := border; y < l.h-border; y++ {
		f.row(l, y, &ring)
	}
	out := make([]corner, 0, len(f.found)/4)
	for _, c := range f.found {
		if f.strongest(int(c.y)*l.w+int(c.x), l.w) {
			out = append(out, c)
		}
	}
	for _, c := range f.found {
		f.scores[int(c.y)*l.w+int(c.x)] = 0
	}
	return out
}

// strongest compares a corner with its eight neighbours. Among equals the
// first stays.
func (f *cornerFinder) strongest(i, w int) bool {
	s := f.scores[i]
	above, row, below := f.scores[i-w-1:][:3], f.scores[i-1:][:3], f.scores[i+w-1:][:3]
	return s > above[0] && s > above[1] && s > above[2] && s > row[0] &&
		s >= row[2] && s >= below[0] && s >= below[1] && s >= below[2]
}

// ringOf returns where the circle of radius 3 lies about a pixel, in a plane
// of width w.
func ringOf(w int) [16]int {
	return [16]int{
		-3 * w, -3*w + 1, -2*w + 2, -w + 3, 3, w + 3, 2*w + 2, 3*w + 1,
		3 * w, 3*w - 1, 2*w - 2, w - 3, -3, -w - 3, -2*w - 2, -3*w - 1,
	}
}

// row looks at the pixels of one row, eight at a time.
func (f *cornerFinder) row(l *level, y int, ring *[16]int) {
	begin, end := y*l.w+border, (y+1)*l.w-border
	for i := begin; i < end; i += 8 {
		for mask := perhaps(l.pix, i, ring); mask != 0; mask &= mask - 1 {
			at := i + bits.TrailingZeros64(mask)/8
			if at >= end {
				break
			}
			if score := cornerScore(l.pix, at, ring); score > 0 {
				f.scores[at] = score
				f.found = append(f.found, corner{int16(at - y*l.w), int16(y), score})
			}
		}
	}
}

// perhaps returns the highest bit of byte k set where pixel i+k can be a
// corner. Nine neighbours of sixteen in a row hold one of every two that lie
// opposite each other. Bytes are compared in lanes
// of 16 bits.
func perhaps(pix []uint8, i int, ring *[16]int) uint64 {
	const (
		lanes = 0x00ff00ff00ff00ff
		high  = 0x8000800080008000
		step  = (cornerStep + 1) * 0x0001000100010001
	)
	at := func(by int) uint64 { return binary.LittleEndian.Uint64(pix[i+by:]) }
	c := at(0)
	even, odd := c&lanes, c>>8&lanes
	evenLow, evenHigh, oddLow, oddHigh := even+step, even|high, odd+step, odd|high
	bright, brightOdd, dark, darkOdd := uint64(high), uint64(high), uint64(high), uint64(high)
	for _, k := range [8]int{0, 4, 2, 6, 1, 5, 3, 7} {
		by := ring[k]
		p, q := at(by), at(-by)
		pe, po, qe, qo := p&lanes, p>>8&lanes, q&lanes, q>>8&lanes
		bright &= ((pe | high) - evenLow) | ((qe | high) - evenLow)
		brightOdd &= ((po | high) - oddLow) | ((qo | high) - oddLow)
		dark &= (evenHigh - (pe + step)) | (evenHigh - (qe + step))
		darkOdd &= (oddHigh - (po + step)) | (oddHigh - (qo + step))
		if bright|brightOdd|dark|darkOdd == 0 {
			return 0
		}
	}
	return (bright|dark)>>8 | brightOdd | darkOdd
}

// cornerScore is by how much the circle stands out beyond cornerStep, summed,
// or 0 where there is no corner.
func cornerScore(pix []uint8, at int, ring *[16]int) uint16 {
	c := int32(pix[at])
	var bright, dark uint32
	for k := range ring {
		d := int32(pix[at+ring[k]]) - c
		bright = bright>>1 | uint32(cornerStep-d)&(1<<31)
		dark = dark>>1 | uint32(cornerStep+d)&(1<<31)
	}
	sign := int32(1)
	switch {
	case nineInARow(bright >> 16):
	case nineInARow(dark >> 16):
		sign = -1
	default:
		return 0
	}
	var sum int32
	for k := range ring {
		sum += max(0, sign*(int32(pix[at+ring[k]])-c)-cornerStep)
	}
	return uint16(sum)
}

// nineInARow of a circle of sixteen bits.
func nineInARow(m uint32) bool {
	m |= m << 16
	two := m & (m >> 1)
	four := two & (two >> 2)
	eight := four & (four >> 4)
	return eight&(m>>8) != 0
}
