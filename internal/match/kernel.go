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

// count is the counter of 64 rows, and the offsets after it.
func (t *counter) count(g *group, w int, offsets []uint32) (sum [counterBits]uint64, rest []uint32) {
	sum = t.start
	at := func(i int) uint64 { return g[(int(offsets[i])/8+w)&(groupWords-1)] }
	for list, b := range t.blocks {
		if list == 1 {
			for i := range sum {
				sum[i] = ^sum[i]
			}
		}
		one, two, four := sum[0], sum[1], sum[2]
		for range b[0] {
			var a2, b2, a4, b4, c8 uint64
			one, a2 = add3(one, at(0), at(1))
			one, b2 = add3(one, at(2), at(3))
			two, a4 = add3(two, a2, b2)
			one, a2 = add3(one, at(4), at(5))
			one, b2 = add3(one, at(6), at(7))
			two, b4 = add3(two, a2, b2)
			four, c8 = add3(four, a4, b4)
			offsets = offsets[8:]
			for i := 3; i < counterBits; i++ {
				sum[i], c8 = sum[i]^c8, sum[i]&c8
			}
		}
		sum[0], sum[1], sum[2] = one, two, four
		for range b[1] {
			var a2, b2, c4 uint64
			sum[0], a2 = add3(sum[0], at(0), at(1))
			sum[0], b2 = add3(sum[0], at(2), at(3))
			sum[1], c4 = add3(sum[1], a2, b2)
			offsets = offsets[4:]
			for i := 2; i < counterBits; i++ {
				sum[i], c4 = sum[i]^c4, sum[i]&c4
			}
		}
		for range b[2] {
			c := at(0)
			offsets = offsets[1:]
			for i := range sum {
				sum[i], c = sum[i]^c, sum[i]&c
			}
		}
	}
	return sum, offsets
}

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
