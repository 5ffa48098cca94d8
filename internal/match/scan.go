package match

import (
	"math/bits"

	"leakwatch/internal/phash"
)

// How a scan over 8 orientations costs as much as one over 2.
//
// A flip of a picture negates the DCT coefficients of odd frequency along one
// axis, and so turns round whole classes of bits; a transposition exchanges
// rows and columns. Let a, b, c, d be the distances of the four classes (class)
// between a row and the upright found picture. Then the distances of the
// picture flipped across, down and both ways are about
//
//	a+b+c+d   (64-a)+b+(64-c)+d   (64-a)+(64-b)+c+d   a+(64-b)+(64-c)+d
//
// and the transposed four come from a second base in the same way. About: each
// turn takes its own median, so its true hash lies slack bits beside the
// flipped base. By the triangle inequality no turn is nearer to the row than
// its sum minus its slack: where all eight are beyond the radius the row is
// passed over, else the true distances decide. Nothing is approximate.

// patterns are the classes, as bits of a mask, that each of the sums turns round.
var patterns = [4]uint{0b0000, 0b0101, 0b0011, 0b0110}

// unused is the slack of a sum that no turn needs.
const unused = -1 << 20

// maxSlack is where the sums pass too many rows to be worth it.
const maxSlack = 48

// batch is one found picture made ready for scans.
type batch struct {
	turns [8]class
	base  [2]class
	slack [2][4]int // how far the turns lie from pattern p of base b
	prune bool
}

func newBatch(turns [8]phash.PDQ) *batch {
	b := &batch{prune: true}
	for o, t := range turns {
		b.turns[o] = classOf(t)
	}
	b.base = [2]class{b.turns[0], b.turns[4]}
	for i := range b.slack {
		b.slack[i] = [4]int{unused, unused, unused, unused}
	}
	for o := range b.turns {
		base, pattern, slack := b.nearestSum(&b.turns[o])
		b.slack[base][pattern] = max(b.slack[base][pattern], slack)
		b.prune = b.prune && slack <= maxSlack
	}
	return b
}

// nearestSum says which pattern of which base describes a turn best.
func (b *batch) nearestSum(turn *class) (base, pattern, slack int) {
	slack = 257
	for i := range b.base {
		for p, mask := range patterns {
			d := 0
			for c := range turn {
				n := bits.OnesCount64(turn[c] ^ b.base[i][c])
				if mask>>c&1 == 1 {
					n = 64 - n
				}
				d += n
			}
			if d < slack {
				base, pattern, slack = i, p, d
			}
		}
	}
	return base, pattern, slack
}

// pass counts four sums at once, in lanes of 16 bits: two rows by two bases.
// A lane starts at its limit over threshold, and what the sum leaves has that
// bit only where the sum is within the limit.
const (
	lanes     = 1 | 1<<16 | 1<<32 | 1<<48
	threshold = 1024
)

// limits are the lanes to start from, one word for each pattern.
func (b *batch) limits(radius int) (l [4]uint64) {
	for p, mask := range patterns {
		for i := range b.base {
			limit := threshold + b.slack[i][p] + radius
			if b.slack[i][p] == unused {
				limit = threshold / 2
			}
			if mask != 0 {
				limit -= 128 // two of the four words are turned round
			}
			l[p] |= uint64(limit) << (16 * i) * (1 | 1<<32)
		}
	}
	return l
}

// distance is the least over the turns, and the first turn that has it.
func (b *batch) distance(row *class) (d, turn int) {
	d = 257
	for o := range b.turns {
		if n := b.turns[o].distance(row); n < d {
			d, turn = n, o
		}
	}
	return d, turn
}

// nearest returns the first row of the least distance within radius that take
// accepts; row is -1 when there is none.
func (b *batch) nearest(r *rows, radius int, take func(row int) bool) (row, distance, turn int) {
	row = -1
	rows := r.hashes
	limits := b.limits(radius)
	for i := 0; i < len(rows) && radius >= 0; i += 2 {
		if b.prune {
			if i = pass(rows, i, &b.base, &limits); i >= len(rows) {
				break
			}
		}
		for j := i; j < min(i+2, len(rows)); j++ {
			if d, o := b.distance(&rows[j]); d <= radius && take(j) {
				row, distance, turn = j, d, o
				radius = d - 1
				limits = b.limits(radius)
			}
		}
	}
	return row, distance, turn
}

// pass returns the next pair of rows, from i on, of which a sum is within its
// limit. A last row without a partner always passes.
func pass(rows []class, i int, base *[2]class, limits *[4]uint64) int {
	p, q := base[0], base[1]
	for ; i+1 < len(rows); i += 2 {
		w, v := &rows[i], &rows[i+1]
		a := lane(w[0], v[0], p[0], q[0])
		b := lane(w[1], v[1], p[1], q[1])
		c := lane(w[2], v[2], p[2], q[2])
		d := lane(w[3], v[3], p[3], q[3])
		ab, cd, ba, dc := a+b, c+d, b-a, d-c
		near := (limits[0] - ab - cd) | (limits[1] - dc - ba) | (limits[2] - cd + ab) | (limits[3] - dc + ba)
		if near&(threshold*lanes) != 0 {
			return i
		}
	}
	return i
}

// lane counts the bits between two rows and two bases.
func lane(w, v, p, q uint64) uint64 {
	return uint64(bits.OnesCount64(w^p)) + uint64(bits.OnesCount64(w^q))<<16 +
		uint64(bits.OnesCount64(v^p))<<32 + uint64(bits.OnesCount64(v^q))<<48
}

// nearestPHash is nearest for 64-bit hashes.
func nearestPHash(rows []uint64, turns *[8]phash.PHash, radius int, take func(row int) bool) (row, distance, turn int) {
	row = -1
	for i := 0; i < len(rows) && radius >= 0; i++ {
		for o := range turns {
			if d := bits.OnesCount64(rows[i] ^ uint64(turns[o])); d <= radius && take(i) {
				row, distance, turn = i, d, o
				radius = d - 1
			}
		}
	}
	return row, distance, turn
}
