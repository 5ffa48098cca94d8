package phash

import "math/bits"

// Derived returns about what OfTurned would, from the upright hash alone. A
// mirror negates the coefficients of odd frequency along its axis, so that their
// bits turn round; but the published filter does not look at the middle of its
// cells, and each turn takes its own median: see OfTurned for how far off that is.
func Derived(upright PDQ) (turns [8]PDQ) {
	for i, h := range [4]PDQ{upright, upright.mirrored(true, false), upright.mirrored(true, true), upright.mirrored(false, true)} {
		turns[i] = h
	}
	Transpose(&turns)
	return turns
}

// Transpose fills in the four turns that are transposed from the four that are
// not, which come first. That is exact: the coefficients are the same ones.
func Transpose(turns *[8]PDQ) {
	for _, o := range [4][2]int{{0, 4}, {1, 7}, {2, 6}, {3, 5}} {
		turns[o[1]] = turns[o[0]].Transposed()
	}
}

// Transposed is the hash of the transposed picture.
func (p PDQ) Transposed() (out PDQ) {
	for i := range p {
		for rest := p[i]; rest != 0; rest &= rest - 1 {
			k := (len(p)-1-i)*8 + bits.TrailingZeros8(rest)
			t := k%order*order + k/order
			out[len(p)-1-t/8] |= 1 << (t % 8)
		}
	}
	return out
}

// mirrored turns round the bits that a mirror left to right, or upside down,
// negates: of frequencies 1, 3 .. across, or down.
func (p PDQ) mirrored(across, down bool) PDQ {
	for i := range p {
		if across {
			p[i] ^= 0x55 // columns 0, 2 .. of 8
		}
		if down && (len(p)-1-i)/2%2 == 0 {
			p[i] ^= 0xff // rows 0, 2 .. of two bytes each
		}
	}
	return p
}
