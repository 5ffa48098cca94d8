package demo

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// bitWriter writes the highest bit first.
type bitWriter struct {
	b    []byte
	hold uint64
	n    int
}

func (w *bitWriter) put(v uint64, n int) {
	for n > 32 {
		n -= 32
		w.put(v>>n&(1<<32-1), 32)
	}
	w.hold = w.hold<<n | v&(1<<n-1)
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.hold>>(w.n-8)))
	}
}

// Bzip2 packs bytes, at least one. It sorts and counts as it should, and takes
// one code for all: larger than the tool's, and read by all.
func Bzip2(plain []byte) []byte {
	w := &bitWriter{b: []byte("BZh9")}
	whole := uint32(0)
	for chunk := range slices.Chunk(plain, 600_000) { // runs may grow it by a quarter
		sum := bzipSum(chunk)
		whole = bits.RotateLeft32(whole, 1) ^ sum
		bzipBlock(w, chunk, sum)
	}
	w.put(0x177245385090, 48)
	w.put(uint64(whole), 32)
	w.put(0, (8-w.n%8)%8)
	return w.b
}

// bzipSum is CRC-32 with the highest bit first.
func bzipSum(b []byte) uint32 {
	c := ^uint32(0)
	for _, v := range b {
		c ^= uint32(v) << 24
		for range 8 {
			if c>>31 == 1 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
	}
	return ^c
}

func bzipBlock(w *bitWriter, chunk []byte, sum uint32) {
	last, at := bzipSort(bzipRuns(chunk))
	var used [256]bool
	for _, v := range last {
		used[v] = true
	}
	symbols, n := bzipSymbols(last, used)
	w.put(0x314159265359, 48)
	w.put(uint64(sum), 32)
	w.put(uint64(at), 25) // with the bit that says: not randomised
	for row := -1; row < 16; row++ {
		for i := range 16 {
			bit := uint64(0)
			if row < 0 && slices.Contains(used[16*i:16*i+16], true) || row >= 0 && used[16*row+i] {
				bit = 1
			}
			if row < 0 || slices.Contains(used[16*row:16*row+16], true) {
				w.put(bit, 1)
			}
		}
	}
	groups := (len(symbols) + 49) / 50
	w.put(2, 3) // tables: two at least, both the same, and always the first
	w.put(uint64(groups), 15)
	for range groups {
		w.put(0, 1)
	}
	// Codes of k-1 bits for the first, of k for the others, so that none is left.
	k := bits.Len(uint(n - 1))
	short := 1<<k - n
	for range 2 {
		length := k - 1
		if short == 0 {
			length = k
		}
		w.put(uint64(length), 5)
		for i := range n {
			if i == short && length < k {
				w.put(2, 2)
			}
			w.put(0, 1)
		}
	}
	for _, s := range symbols {
		if s < short {
			w.put(uint64(s), k-1)
		} else {
			w.put(uint64(short+s), k)
		}
	}
}

// bzipRuns writes four to 255 of the same byte as four and a count.
func bzipRuns(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		n := 1
		for i+n < len(b) && n < 255 && b[i+n] == b[i] {
			n++
		}
		out = append(out, bytes.Repeat(b[i:i+1], min(n, 4))...)
		if n >= 4 {
			out = append(out, byte(n-4))
		}
		i += n
	}
	return out
}

// bzipSort gives the last column of the sorted rotations, and where the text
// itself is among them.
func bzipSort(b []byte) (last []byte, at int) {
	n := len(b)
	twice := slices.Concat(b, b, b[:min(n, 8)], make([]byte, 8))
	type rotation struct {
		head uint64
		from int
	}
	all := make([]rotation, n)
	for i := range all {
		all[i] = rotation{binary.BigEndian.Uint64(twice[i:]), i}
	}
	slices.SortFunc(all, func(x, y rotation) int {
		if c := cmp.Compare(x.head, y.head); c != 0 && n >= 8 {
			return c
		}
		return bytes.Compare(twice[x.from:x.from+n], twice[y.from:y.from+n])
	})
	last = make([]byte, n)
	for i, r := range all {
		last[i] = twice[r.from+n-1]
		if r.from == 0 {
			at = i
		}
	}
	return last, at
}

// bzipSymbols moves to front, writes runs of the front in two digits, and ends.
func bzipSymbols(last []byte, used [256]bool) (symbols []int, n int) {
	var front []byte
	for v := range 256 {
		if used[v] {
			front = append(front, byte(v))
		}
	}
	zeros := 0
	flush := func() {
		for ; zeros > 0; zeros = (zeros - 1) / 2 {
			symbols = append(symbols, (zeros-1)%2)
		}
	}
	for _, v := range last {
		i := bytes.IndexByte(front, v)
		if i == 0 {
			zeros++
			continue
		}
		flush()
		copy(front[1:i+1], front[:i])
		front[0] = v
		symbols = append(symbols, i+1)
	}
	flush()
	return append(symbols, len(front)+1), len(front) + 2
}
