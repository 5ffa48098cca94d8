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

// limits are the largest sums that a turn within radius can have.
func (b *batch) limits(radius int) (l [2][4]int) {
	for i := range l {
		for p := range l[i] {
			l[i][p] = b.slack[i][p] + radius
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
func (b *batch) nearest(rows []class, radius int, take func(row int) bool) (row, distance, turn int) {
	row = -1
	limits := b.limits(radius)
	for i := 0; i < len(rows) && radius >= 0; i++ {
		if b.prune {
			if i = pass(rows, i, &b.base, &limits); i == len(rows) {
				break
			}
		}
		if d, o := b.distance(&rows[i]); d <= radius && take(i) {
			row, distance, turn = i, d, o
			radius = d - 1
			limits = b.limits(radius)
		}
	}
	return row, distance, turn
}

// pass returns the next row from i on of which a sum is within its limit, or
// len(rows).
func pass(rows []class, i int, base *[2]class, limits *[2][4]int) int {
	p, q, l, m := base[0], base[1], limits[0], limits[1]
	for ; i < len(rows); i++ {
		w := &rows[i]
		a, b, c, d := bits.OnesCount64(w[0]^p[0]), bits.OnesCount64(w[1]^p[1]), bits.OnesCount64(w[2]^p[2]), bits.OnesCount64(w[3]^p[3])
		// The sign bit stays only where every difference is negative.
		far := (l[0] - (a + b + c + d)) & (l[1] - (128 + b + d - a - c)) & (l[2] - (128 + c + d - a - b)) & (l[3] - (128 + a + d - b - c))
		a, b, c, d = bits.OnesCount64(w[0]^q[0]), bits.OnesCount64(w[1]^q[1]), bits.OnesCount64(w[2]^q[2]), bits.OnesCount64(w[3]^q[3])
		far &= (m[0] - (a + b + c + d)) & (m[1] - (128 + b + d - a - c)) & (m[2] - (128 + c + d - a - b)) & (m[3] - (128 + a + d - b - c))
		if far >= 0 {
			return i
		}
	}
	return i
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
