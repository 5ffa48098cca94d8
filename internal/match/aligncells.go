package match

import (
	"iter"
	"math/bits"

	"leakwatch/internal/phash"
)

const (
	frameSide  = phash.ThumbSide
	frameCells = frameSide * frameSide
)

// cells are some of the 64x64 cells of an entry's frame, a row to a word, the
// leftmost cell the lowest bit. Coarser grids use the beginning of it.
type cells [frameSide]uint64

func (c *cells) has(i int) bool { return c[i/frameSide]>>(i%frameSide)&1 != 0 }

func (c *cells) count() int {
	n := 0
	for _, row := range c {
		n += bits.OnesCount64(row)
	}
	return n
}

// each gives the numbers of the cells, in order.
func (c *cells) each() iter.Seq[int] {
	return func(yield func(int) bool) {
		for j, row := range c {
			for ; row != 0; row &= row - 1 {
				if !yield(j*frameSide + bits.TrailingZeros64(row)) {
					return
				}
			}
		}
	}
}

func (c *cells) and(d *cells) (e cells) {
	for j := range c {
		e[j] = c[j] & d[j]
	}
	return e
}

func (c *cells) without(d *cells) (e cells) {
	for j := range c {
		e[j] = c[j] &^ d[j]
	}
	return e
}

func (c *cells) or(d *cells) (e cells) {
	for j := range c {
		e[j] = c[j] | d[j]
	}
	return e
}

// grown adds the eight neighbours of each cell.
func (c *cells) grown() (e cells) {
	for j := range c {
		row := c[j] | c[j]<<1 | c[j]>>1
		e[j] |= row
		if j > 0 {
			e[j-1] |= row
		}
		if j+1 < len(c) {
			e[j+1] |= row
		}
	}
	return e
}

// inner are the cells of an n x n grid whose four neighbours are there too.
func (c *cells) inner(n int) (e cells) {
	for j := 1; j+1 < n; j++ {
		e[j] = c[j] & (c[j] << 1) & (c[j] >> 1) & c[j-1] & c[j+1]
	}
	return e
}

// component is the part of c that hangs together with its first cell, corners
// included; ok is false when c is empty.
func (c *cells) component() (part cells, ok bool) {
	for j, row := range c {
		if row != 0 {
			part[j] = row & -row
			ok = true
			break
		}
	}
	for size := 0; ok; {
		part = part.grown()
		part = part.and(c)
		n := part.count()
		if n == size {
			break
		}
		size = n
	}
	return part, ok
}

// components gives each part that hangs together and has least cells or more.
func (c cells) components(least int) iter.Seq[cells] {
	return func(yield func(cells) bool) {
		for {
			part, ok := c.component()
			if !ok {
				return
			}
			c = c.without(&part)
			if part.count() >= least && !yield(part) {
				return
			}
		}
	}
}

// frame is grey values of the 64x64 cells of an entry's frame.
type frame [frameCells]float32

func (f *frame) set(t *phash.Thumb) {
	for i, v := range t {
		f[i] = float32(v)
	}
}

// blurred is the average of 3x3 cells, of those that are there at the edges.
func (f *frame) blurred(to *frame) {
	var across frame
	for j := range frameSide {
		row, out := f[j*frameSide:][:frameSide], across[j*frameSide:][:frameSide]
		for i := 1; i+1 < frameSide; i++ {
			out[i] = (row[i-1] + row[i] + row[i+1]) / 3
		}
		out[0], out[frameSide-1] = (row[0]+row[1])/2, (row[frameSide-2]+row[frameSide-1])/2
	}
	for i := range frameSide {
		to[i] = (across[i] + across[i+frameSide]) / 2
		last := frameCells - frameSide + i
		to[last] = (across[last] + across[last-frameSide]) / 2
	}
	for i := frameSide; i < frameCells-frameSide; i++ {
		to[i] = (across[i-frameSide] + across[i] + across[i+frameSide]) / 3
	}
}

// ranges gives the least and the largest value of the 3x3 cells about each.
func (f *frame) ranges(low, high *frame) {
	var l, h frame
	for j := range frameSide {
		row := f[j*frameSide:][:frameSide]
		for i := range row {
			a, b := row[max(i-1, 0)], row[min(i+1, frameSide-1)]
			l[j*frameSide+i], h[j*frameSide+i] = min(a, row[i], b), max(a, row[i], b)
		}
	}
	for j := range frameSide {
		up, down := max(j-1, 0)*frameSide, min(j+1, frameSide-1)*frameSide
		for i := range frameSide {
			k := j*frameSide + i
			low[k], high[k] = min(l[up+i], l[k], l[down+i]), max(h[up+i], h[k], h[down+i])
		}
	}
}
