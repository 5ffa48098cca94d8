package picture

import "errors"

// errCutOff: the bits ran out, or a code or marker came that cannot be there.
var errCutOff = errors.New("the scan breaks off")

// mcuBlock is one block of an MCU, in the order of the scan. Blocks of colour
// are stepped over, since codes have no index.
type mcuBlock struct {
	starts *starts
	runs   *runs
	levels *levels // of luma, where more than DC is wanted
	dc, ac *huffman
	luma   bool
	at     int // of luma: where in the plane the block of the first MCU lies
}

// lumaScan decodes the luma of the one scan of a sequential JPEG that has it.
// The bits are kept in local variables and each step is written out: in
// functions of its own it would take half as long again.
type lumaScan struct {
	guard        *guard
	bits         *entropy
	blocks       []mcuBlock
	across, down int // MCUs
	interval     int // MCUs between restarts, 0 for none
	plane        []uint8
	stepX, stepY int // in the plane, from one MCU to the next and to the one below
	weights      weights
}

// irregular reports whether steps led neither to the end of a block nor to
// another code of it: past the end, or nowhere.
func irregular(k int) bool { return k > 64 && k <= toEnd || k >= toEnd+64 }

// means decodes DC alone, one value for each block, and returns how many rows
// of MCUs are whole.
func (s *lumaScan) means() (int, error) {
	var (
		acc   uint64
		n     uint
		pos   int
		level int32
	)
	bits, left, q := s.bits, s.interval, s.weights.quant[0]
	for my := range s.down {
		if len(s.plane) <= my*s.stepY {
			return my, errCutOff
		}
		row := s.plane[my*s.stepY:]
		if err := s.guard.check(); err != nil {
			return my, err
		}
		for mx := range s.across {
			if s.interval > 0 {
				if left == 0 {
					if bits.over(pos, n) || !bits.restart() {
						return my, errCutOff
					}
					acc, n, pos, level, left = 0, 0, 0, 0, s.interval
				}
				left--
			}
			if pos >= bits.limit {
				if pos = bits.more(pos); bits.over(pos, n) {
					return my, errCutOff
				}
			}
			for i := range s.blocks {
				b := &s.blocks[i]
				acc |= bits.load(pos) >> (n & 63)
				pos += int(63-n) >> 3
				n |= 56
				first := b.starts[acc>>(64-windowBits)]
				acc <<= first & lengthMask
				n -= uint(first & lengthMask)
				k, diff := int(first&0xffff)>>lengthBits, int32(first)>>16
				if irregular(k) {
					bit := pos*8 - int(n) - int(first&lengthMask)
					if bit, diff = s.first(bit, b.dc); bit < 0 {
						return my, errCutOff
					}
					acc, n, pos = bits.seek(bit)
					k = 1
				}
				var e run
				for k < 64 {
					acc |= bits.load(pos) >> (n & 63)
					pos += int(63-n) >> 3
					n |= 56
					e = b.runs[acc>>(64-windowBits)]
					acc <<= e & lengthMask
					n -= uint(e & lengthMask)
					if k += int(e >> lengthBits); k < 64 {
						e = b.runs[acc>>(64-windowBits)]
						acc <<= e & lengthMask
						n -= uint(e & lengthMask)
						k += int(e >> lengthBits)
					}
					if k >= 64 && irregular(k) {
						bit := pos*8 - int(n) - int(e&lengthMask)
						if bit, k = s.next(bit, k-int(e>>lengthBits), b.ac); bit < 0 {
							return my, errCutOff
						}
						acc, n, pos = bits.seek(bit)
					}
				}
				if b.luma {
					level += diff
					row[b.at+mx*s.stepX] = grey((level*q + 4) >> 3)
				}
			}
		}
		if bits.over(pos, n) {
			return my, errCutOff
		}
	}
	return s.down, nil
}

// values decodes the first coefficients of each block as well, for planes that
// are finer than one value a block. It is otherwise as means.
func (s *lumaScan) values() (int, error) {
	var (
		acc   uint64
		n     uint
		pos   int
		level int32
		c     [64]int32 // in zigzag order; those behind last are not cleared
	)
	bits, left, last := s.bits, s.interval, s.weights.last
	for my := range s.down {
		if err := s.guard.check(); err != nil {
			return my, err
		}
		if len(s.plane) <= my*s.stepY {
			return my, errCutOff
		}
		row := s.plane[my*s.stepY:]
		for mx := range s.across {
			if s.interval > 0 {
				if left == 0 {
					if bits.over(pos, n) || !bits.restart() {
						return my, errCutOff
					}
					acc, n, pos, level, left = 0, 0, 0, 0, s.interval
				}
				left--
			}
			if pos >= bits.limit {
				if pos = bits.more(pos); bits.over(pos, n) {
					return my, errCutOff
				}
			}
			for i := range s.blocks {
				b := &s.blocks[i]
				acc |= bits.load(pos) >> (n & 63)
				pos += int(63-n) >> 3
				n |= 56
				first := b.starts[acc>>(64-windowBits)]
				acc <<= first & lengthMask
				n -= uint(first & lengthMask)
				k, diff := int(first&0xffff)>>lengthBits, int32(first)>>16
				if irregular(k) {
					bit := pos*8 - int(n) - int(first&lengthMask)
					if bit, diff = s.first(bit, b.dc); bit < 0 {
						return my, errCutOff
					}
					acc, n, pos = bits.seek(bit)
					k = 1
				}
				if b.luma {
					level += diff
					for k <= last {
						acc |= bits.load(pos) >> (n & 63)
						pos += int(63-n) >> 3
						n |= 56
						e := b.levels[acc>>(64-windowBits)]
						acc <<= e & lengthMask
						n -= uint(e & lengthMask)
						k += int(e&0xffff) >> lengthBits
						if k <= 64 {
							c[(k-1)&63] = int32(e) >> 16
						} else if irregular(k) {
							bit := pos*8 - int(n) - int(e&lengthMask)
							v := 0
							if bit, k, v = s.value(bit, k-int(e&0xffff)>>lengthBits, b.ac); bit < 0 {
								return my, errCutOff
							}
							if v != 0 {
								c[(k-1)&63] = int32(v)
							}
							acc, n, pos = bits.seek(bit)
						}
					}
				}
				var e run
				for k < 64 {
					acc |= bits.load(pos) >> (n & 63)
					pos += int(63-n) >> 3
					n |= 56
					e = b.runs[acc>>(64-windowBits)]
					acc <<= e & lengthMask
					n -= uint(e & lengthMask)
					if k += int(e >> lengthBits); k < 64 {
						e = b.runs[acc>>(64-windowBits)]
						acc <<= e & lengthMask
						n -= uint(e & lengthMask)
						k += int(e >> lengthBits)
					}
					if k >= 64 && irregular(k) {
						bit := pos*8 - int(n) - int(e&lengthMask)
						if bit, k = s.next(bit, k-int(e>>lengthBits), b.ac); bit < 0 {
							return my, errCutOff
						}
						acc, n, pos = bits.seek(bit)
					}
				}
				if b.luma {
					c[0] = level
					s.weights.draw(&c, row[b.at+mx*s.stepX:])
				}
			}
		}
		if bits.over(pos, n) {
			return my, errCutOff
		}
	}
	return s.down, nil
}

// first reads a DC code from a position in bits and returns the next one, or a
// negative one where there is no code.
func (s *lumaScan) first(bit int, dc *huffman) (int, int32) {
	acc, _, _ := s.bits.seek(bit)
	size, length := dc.symbol(acc)
	if length == 0 {
		return -1, 0
	}
	v := int(acc << length >> (64 - size))
	return bit + int(length) + int(size), int32(extend(v, int(size)))
}

// next steps over one AC code, as first reads one.
func (s *lumaScan) next(bit, k int, ac *huffman) (int, int) {
	bit, k, _ = s.value(bit, k, ac)
	return bit, k
}

// value reads one AC code for coefficient k or one behind it, and returns the
// place after it: 64 is the end of the block, also when it leads beyond.
func (s *lumaScan) value(bit, k int, ac *huffman) (int, int, int) {
	acc, _, _ := s.bits.seek(bit)
	value, length := ac.symbol(acc)
	run, size := int(value>>4), uint(value&15)
	switch {
	case length == 0:
		return -1, 64, 0
	case value == 0:
		return bit + int(length), 64, 0
	case size == 0:
		return bit + int(length), min(64, k+16), 0
	case k+run > 63:
		return bit + int(length), 64, 0 // as image/jpeg has it: the bits are not read
	}
	v := int(acc << length >> (64 - size))
	return bit + int(length+size), k + run + 1, extend(v, int(size))
}
