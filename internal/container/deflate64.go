package container

import (
	"bufio"
	"io"
)

// deflate64 undoes method 9 of zip, which Windows uses for what is large: deflate
// with a window of 64 KiB, two more codes for distances, and a last code for
// lengths that has 16 bits of its own.
type deflate64 struct {
	r    *bufio.Reader
	bits uint64
	n    uint // valid bits

	window [64 << 10]byte
	at     int  // where the next byte goes
	out    int  // bytes before at that were not given yet
	full   bool // the window was filled once

	last    bool // the block under way is the last
	state   func(*deflate64) error
	stored  int // bytes left of a stored block
	length  int // of the match under way
	back    int
	lengths huffman
	dists   huffman
	err     error
}

func (d *deflate64) Read(p []byte) (int, error) {
	for d.out == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.err = d.state(d)
	}
	start := (d.at - d.out) & (len(d.window) - 1)
	n := copy(p, d.window[start:min(start+d.out, len(d.window))])
	d.out -= n
	return n, nil
}

// room tells whether the window can take one more byte before it must be given.
func (d *deflate64) room() bool { return d.out < len(d.window)/2 }

func (d *deflate64) put(c byte) {
	d.window[d.at] = c
	if d.at++; d.at == len(d.window) {
		d.at, d.full = 0, true
	}
	d.out++
}

// need reads until there are n bits, of at most 32.
func (d *deflate64) need(n uint) error {
	for d.n < n {
		c, err := d.r.ReadByte()
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		d.bits |= uint64(c) << d.n
		d.n += 8
	}
	return nil
}

func (d *deflate64) take(n uint) (int, error) {
	if err := d.need(n); err != nil {
		return 0, err
	}
	v := int(d.bits & (1<<n - 1))
	d.bits >>= n
	d.n -= n
	return v, nil
}

var errDeflate64 error = fault("damaged", "bits that no deflate64 has")

// header begins a block.
func (d *deflate64) header() error {
	if d.last {
		return io.EOF
	}
	v, err := d.take(3)
	if err != nil {
		return err
	}
	d.last = v&1 != 0
	switch v >> 1 {
	case 0:
		return d.beginStored()
	case 1:
		d.fixed()
	case 2:
		if err := d.dynamic(); err != nil {
			return err
		}
	default:
		return errDeflate64
	}
	d.state = (*deflate64).codes
	return nil
}

func (d *deflate64) beginStored() error {
	d.bits >>= d.n & 7
	d.n -= d.n & 7
	v, err := d.take(32)
	if err != nil {
		return err
	}
	if v&0xFFFF != ^(v>>16)&0xFFFF {
		return errDeflate64
	}
	d.stored = v & 0xFFFF
	d.state = (*deflate64).copyStored
	return nil
}

func (d *deflate64) copyStored() error {
	for d.stored > 0 && d.room() {
		c, err := d.take(8)
		if err != nil {
			return err
		}
		d.put(byte(c))
		d.stored--
	}
	if d.stored == 0 {
		d.state = (*deflate64).header
	}
	return nil
}

// codes decodes until the window is half full, or the block ends.
func (d *deflate64) codes() error {
	for d.room() {
		for ; d.length > 0 && d.room(); d.length-- {
			d.put(d.window[(d.at-d.back)&(len(d.window)-1)])
		}
		if d.length > 0 {
			return nil
		}
		v, err := d.symbol(&d.lengths)
		switch {
		case err != nil:
			return err
		case v < 256:
			d.put(byte(v))
		case v == 256:
			d.state = (*deflate64).header
			return nil
		default:
			if err := d.match(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// match reads the rest of a length and its distance.
func (d *deflate64) match(v int) error {
	extra, base := uint(0), v-257+3
	switch {
	case v > 285:
		return errDeflate64
	case v == 285:
		extra, base = 16, 3
	case v >= 265:
		extra = uint(v-261) / 4
		base = (4+(v-265)%4)<<extra + 3
	}
	more, err := d.take(extra)
	if err != nil {
		return err
	}
	d.length = base + more
	c, err := d.symbol(&d.dists)
	if err != nil {
		return err
	}
	extra, base = 0, c+1
	if c >= 4 {
		extra = uint(c-2) / 2
		base = (2+c&1)<<extra + 1
	}
	if more, err = d.take(extra); err != nil {
		return err
	}
	if d.back = base + more; d.back > d.at && !d.full {
		return errDeflate64
	}
	return nil
}

// fixed sets the codes that need no description.
func (d *deflate64) fixed() {
	var lengths [288]byte
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	d.lengths.build(lengths[:])
	var dists [32]byte
	for i := range dists {
		dists[i] = 5
	}
	d.dists.build(dists[:])
}

// dynamic reads the description of the codes.
func (d *deflate64) dynamic() error {
	v, err := d.take(14)
	if err != nil {
		return err
	}
	nlen, ndist, nclen := v&31+257, v>>5&31+1, v>>10+4
	var lengths [288 + 32]byte
	for i := range nclen {
		c, err := d.take(3)
		if err != nil {
			return err
		}
		lengths["\x10\x11\x12\x00\x08\x07\x09\x06\x0a\x05\x0b\x04\x0c\x03\x0d\x02\x0e\x01\x0f"[i]] = byte(c)
	}
	var codes huffman
	if !codes.build(lengths[:19]) {
		return errDeflate64
	}
	lengths = [len(lengths)]byte{}
	for i := 0; i < nlen+ndist; {
		c, err := d.symbol(&codes)
		if err != nil {
			return err
		}
		if c < 16 {
			lengths[i] = byte(c)
			i++
			continue
		}
		base, extra, value := 3, uint(c-14), byte(0)
		switch c {
		case 16:
			if i == 0 {
				return errDeflate64
			}
			value = lengths[i-1]
		case 17:
			extra = 3
		case 18:
			base, extra = 11, 7
		}
		more, err := d.take(extra)
		if err != nil {
			return err
		}
		if i+base+more > nlen+ndist {
			return errDeflate64
		}
		for range base + more {
			lengths[i] = value
			i++
		}
	}
	if !d.lengths.build(lengths[:nlen]) || !d.dists.build(lengths[nlen:nlen+ndist]) {
		return errDeflate64
	}
	return nil
}

// huffman is one canonical code: of each length the first code and how many.
type huffman struct {
	count  [16]int
	symbol [288]uint16
	quick  [512]uint16 // by the next 9 bits: symbol<<4 | length, 0: longer
}

// build makes the code from the lengths of its symbols, and tells whether they
// fit together.
func (h *huffman) build(lengths []byte) bool {
	*h = huffman{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	left := 1
	var next, offset [16]int
	for n := 1; n < 16; n++ {
		if left = left<<1 - h.count[n]; left < 0 {
			return false
		}
		if n < 15 {
			offset[n+1] = offset[n] + h.count[n]
			next[n+1] = (next[n] + h.count[n]) << 1
		}
	}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbol[offset[n]] = uint16(s)
		offset[n]++
		code := next[n]
		next[n]++
		if n <= 9 {
			for i := reversed(code, uint(n)); i < len(h.quick); i += 1 << n {
				h.quick[i] = uint16(s)<<4 | uint16(n)
			}
		}
	}
	return true
}

func reversed(code int, n uint) int {
	r := 0
	for range n {
		r = r<<1 | code&1
		code >>= 1
	}
	return r
}

// symbol reads one symbol. It takes no byte beyond those of the symbol.
func (d *deflate64) symbol(h *huffman) (int, error) {
	if q := h.quick[d.bits&511]; q != 0 && uint(q&15) <= d.n {
		d.bits >>= q & 15
		d.n -= uint(q & 15)
		return int(q >> 4), nil
	}
	code, first, index := 0, 0, 0
	for n := uint(1); n < 16; n++ {
		if err := d.need(n); err != nil {
			return 0, err
		}
		code |= int(d.bits >> (n - 1) & 1)
		if count := h.count[n]; code-count < first {
			d.bits >>= n
			d.n -= n
			return int(h.symbol[index+code-first]), nil
		}
		index += h.count[n]
		first = (first + h.count[n]) << 1
		code <<= 1
	}
	return 0, errDeflate64
}
