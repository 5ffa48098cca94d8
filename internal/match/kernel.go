package match

// The kernels find the rows of a group that may be near a hash. They count
// mismatches plane by plane with carry-save adders (Harley and Seal; Warren,
// Hacker's Delight, 5-1): bit i of eight words, together, is the count of row
// i. Here they are in Go, for 64 rows at a time; kernel_amd64.s does the same
// for 256.

// counter is one count over some planes, in the order of its plan: first those
// where the hash has a 1, then those where it has a 0. Bits are counted, not
// mismatches: a count is begun, negated between the two lists by turning its
// bits round, and start makes up for the zeros of the first list.
type counter struct {
	start  [counterBits]uint64 // where the count begins: all zeros or all ones for each bit of it
	blocks [2][3]uint64        // how many blocks of 8, 4 and 1 planes each list has
}

const counterBits = 9

// begin sets where the count starts, so that it ends at value + mismatches,
// modulo 2^counterBits.
func (t *counter) begin(value int) {
	b := t.blocks[0]
	ones := int(8*b[0] + 4*b[1] + b[2])
	s := -1 - value - ones
	for i := range t.start {
		t.start[i] = -uint64(s >> i & 1)
	}
}

func (t *counter) planes() (n int) {
	for _, b := range t.blocks {
		n += int(8*b[0] + 4*b[1] + b[2])
	}
	return n
}

// count counts 64 rows, and returns the offsets after its own.
func (t *counter) count(g *group, w int, offsets []uint32) (sum [counterBits]uint64, rest []uint32) {
	s := &t.start
	a, b, c, d, e, f, h, i, j := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]
	for list := range t.blocks {
		if list == 1 {
			a, b, c, d, e, f, h, i, j = ^a, ^b, ^c, ^d, ^e, ^f, ^h, ^i, ^j
		}
		for range t.blocks[list][0] {
			o := (*[8]uint32)(offsets)
			offsets = offsets[8:]
			var p, q, r, s uint64
			a, p = add3(a, word(g, o[0], w), word(g, o[1], w))
			a, q = add3(a, word(g, o[2], w), word(g, o[3], w))
			b, r = add3(b, p, q)
			a, p = add3(a, word(g, o[4], w), word(g, o[5], w))
			a, q = add3(a, word(g, o[6], w), word(g, o[7], w))
			b, s = add3(b, p, q)
			c, r = add3(c, r, s)
			d, r = d^r, d&r
			e, r = e^r, e&r
			f, r = f^r, f&r
			h, r = h^r, h&r
			i, r = i^r, i&r
			j ^= r
		}
		for range 4*t.blocks[list][1] + t.blocks[list][2] {
			r := word(g, offsets[0], w)
			offsets = offsets[1:]
			a, r = a^r, a&r
			b, r = b^r, b&r
			c, r = c^r, c&r
			d, r = d^r, d&r
			e, r = e^r, e&r
			f, r = f^r, f&r
			h, r = h^r, h&r
			i, r = i^r, i&r
			j ^= r
		}
	}
	return [counterBits]uint64{a, b, c, d, e, f, h, i, j}, offsets
}

// word is 64 rows of the plane at an offset.
func word(g *group, offset uint32, w int) uint64 { return g[(int(offset/8)+w)&(groupWords-1)] }

// add3 adds three bits.
func add3(a, b, c uint64) (sum, carry uint64) {
	u := a ^ b
	return u ^ c, a&b | u&c
}

// oneGo marks the rows whose counter is below 256.
func oneGo(g *group, t *counter, offsets []uint32, near *[lineWords]uint64) {
	for w := range near {
		sum, _ := t.count(g, w, offsets)
		near[w] = ^sum[counterBits-1]
	}
}

// eightGo marks the rows that have a sum below zero, of the eight that scan.go
// makes of a plan's eight counters.
func eightGo(g *group, t *[8]counter, offsets []uint32, near *[lineWords]uint64) {
	for w := range near {
		var upright, across [4][8]uint64 // the distances of each class from the two bases
		rest := offsets
		for k := range 4 {
			var u, v [counterBits]uint64
			u, rest = t[2*k].count(g, w, rest)
			v, rest = t[2*k+1].count(g, w, rest)
			sumAndDifference((*[8]uint64)(u[:]), (*[8]uint64)(v[:]), &upright[k], &across[k])
		}
		near[w] = below(&upright) | below(&across)
	}
}

// below marks the rows that have a sum below zero, of the four of a base.
func below(c *[4][8]uint64) uint64 {
	var x, y, z, v [8]uint64
	sumAndDifference(&c[3], &c[1], &x, &z)
	sumAndDifference(&c[0], &c[2], &y, &v)
	return lessThanSize(&x, &y) | lessThanSize(&z, &v)
}

// sumAndDifference adds and subtracts numbers of 8 bits.
func sumAndDifference(x, y, sum, difference *[8]uint64) {
	carry, borrow := uint64(0), uint64(0)
	for i := range x {
		p, both, only := x[i]^y[i], x[i]&y[i], y[i]&^x[i]
		sum[i], difference[i] = p^carry, p^borrow
		carry, borrow = both|p&carry, only|borrow&^p
	}
}

// lessThanSize marks where x is less than y or than -y; neither is -128.
func lessThanSize(x, y *[8]uint64) uint64 {
	sign := y[7]
	borrow := sign // -y is ^y + 1
	for i := range 7 {
		size := y[i] ^ sign
		borrow = size&^x[i] | borrow&^(x[i]^size)
	}
	return x[7] | borrow
}
