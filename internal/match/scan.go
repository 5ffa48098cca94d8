package match

import (
	"math/bits"
	"slices"

	"leakwatch/internal/phash"
)

// How a scan over 8 orientations costs little more than one over 1.
//
// A flip of a picture negates the DCT coefficients of odd frequency along one
// axis, and so turns round whole classes of bits; a transposition exchanges
// rows and columns. Let a, b, c, d be the distances of the four classes (class)
// between a row and the upright found picture. Then the distances of the
// picture flipped across, down and both ways are about
//
//	a+b+c+d   (64-a)+b+(64-c)+d   (64-a)+(64-b)+c+d   a+(64-b)+(64-c)+d
//
// and the transposed four come from a second base in the same way: in the bits
// in which both bases agree its mismatches are the same, in the others they
// are the rest. So eight counts, of four classes in two parts each, give all
// eight sums (a Hadamard transform), and every plane is read once.
//
// About: each turn takes its own median, so its true hash lies slack bits
// beside the flipped base. By the triangle inequality no turn is nearer to the
// row than its sum minus its slack, and no sum over some of the planes is more
// than that over all: where all eight are beyond the radius the row is passed
// over, else the true distances decide. Nothing is approximate.

// patterns are the classes, as bits of a mask, that each of the sums turns round.
var patterns = [4]uint{0b0000, 0b0101, 0b0011, 0b0110}

// unused is the slack of a sum that no turn needs.
const unused = -1 << 20

// maxSlack is where the sums pass too many rows to be worth it.
const maxSlack = 48

// batch is one found picture, or a part of it, made ready for scans.
type batch struct {
	turns    [8]class
	distinct []class // the turns that are not equal to one before
	base     [2]class
	slack    [2][4]int // how far the turns lie from pattern p of base b
	sums     [8]lists  // the planes of class k, where the bases agree 2 k, and where they do not 2 k + 1
	prune    bool      // the sums can be had
}

func newBatch(turns [8]phash.PDQ) *batch {
	var sorted [8]class
	for o, t := range turns {
		sorted[o] = classOf(t)
	}
	return batchOf(sorted)
}

// batchOf is newBatch for hashes that are sorted into classes already. Eight
// times the same make a search for that hash as it stands.
func batchOf(turns [8]class) *batch {
	b := &batch{turns: turns}
	for o, t := range turns {
		if !slices.Contains(turns[:o], t) {
			b.distinct = append(b.distinct, t)
		}
	}
	if b.prune = len(b.distinct) > 1; !b.prune {
		return b
	}
	b.base = [2]class{b.turns[0], b.turns[4]}
	var sums [8]struct{ base, pattern int }
	for o := range b.turns {
		sums[o].base, sums[o].pattern = b.nearestSum(&b.turns[o])
	}
	for i := range b.base {
		var flipped []class
		for o, sum := range sums {
			if sum.base == i {
				flipped = append(flipped, b.turns[o].turned(patterns[sum.pattern]))
			}
		}
		b.base[i] = b.base[i].middle(flipped)
		b.slack[i] = [4]int{unused, unused, unused, unused}
	}
	for o, sum := range sums {
		t := b.turns[o].turned(patterns[sum.pattern])
		slack := t.distance(&b.base[sum.base])
		b.slack[sum.base][sum.pattern] = max(b.slack[sum.base][sum.pattern], slack)
		b.prune = b.prune && slack <= maxSlack
	}
	space := make([]uint32, 2*64*len(b.sums))
	for i := range b.sums {
		b.sums[i] = newLists(space[2*64*i:][:0:128])
	}
	for bit := range 64 {
		for k := range 4 {
			set, other := b.base[0][k]>>bit&1, b.base[1][k]>>bit&1
			b.sums[2*k+int(set^other)].add(set, plane(k, bit))
		}
	}
	return b
}

// nearestSum says which pattern of which base describes a turn best.
func (b *batch) nearestSum(turn *class) (base, pattern int) {
	least := 257
	for p, mask := range patterns {
		t := turn.turned(mask)
		for i := range b.base {
			if d := t.distance(&b.base[i]); d < least {
				base, pattern, least = i, p, d
			}
		}
	}
	return base, pattern
}

// turned negates the classes of a mask.
func (c class) turned(mask uint) class {
	for i := range c {
		c[i] ^= -uint64(mask >> i & 1)
	}
	return c
}

// middle is what most of the hashes say, bit by bit; where they are divided, c
// says it.
func (c class) middle(hashes []class) class {
	for i := range c {
		var n [4]uint64 // how many have a 1: up to 8
		for _, h := range hashes {
			carry := h[i]
			for j := range n {
				n[j], carry = n[j]^carry, n[j]&carry
			}
		}
		most, half := atLeast(&n, len(hashes)/2+1), atLeast(&n, (len(hashes)+1)/2)
		c[i] = most | c[i]&half
	}
	return c
}

// atLeast marks the numbers that are at least m.
func atLeast(n *[4]uint64, m int) uint64 {
	more, equal := uint64(0), ^uint64(0)
	for j := len(n) - 1; j >= 0; j-- {
		if m>>j&1 == 0 {
			more |= equal & n[j]
			equal &^= n[j]
		} else {
			equal &= n[j]
		}
	}
	return more | equal
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
