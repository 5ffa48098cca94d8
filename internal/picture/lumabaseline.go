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
	slopes *slopes // of luma, where no more than two of AC are
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
	elsewhere    bool // set where image/jpeg reads something else than is done here
}

// t counts two things at once, so that one addition of a step moves both on: its
// lowest six bits are the bits of acc that are used up, 63 - n, and above them
// stands k, the coefficient that is due.
const (
	blockEnd = 64 << lengthBits // from here on, the block is over
	// Without the bit of toEnd, k is 64 at most; more leads past the end of the
	// block, or nowhere.
	regular   = 512<<lengthBits - 1
	irregular = 65 << lengthBits
)

// means decodes DC alone, one value for each block, and returns how many rows
// of MCUs are whole.
func (s *lumaScan) means() (int, error) {
	var (
		acc   uint64
		t     = 63
		pos   int
		level int32
		bits  = s.bits
		buf   = &bits.buf
		left  = s.interval
		q     = s.weights.quant[0]
	)
	for my := range s.down {
		if err := s.begin(my); err != nil {
			return my, err
		}
		row := s.plane[my*s.stepY:]
		for range s.across {
			if s.interval > 0 {
				if left == 0 {
					if bits.over(pos, ^t&63) || !bits.restart() {
						return my, errCutOff
					}
					acc, t, pos, level, left = 0, 63, 0, 0, s.interval
				}
				left--
			}
			if pos >= bits.limit {
				if pos = bits.more(pos); bits.over(pos, ^t&63) {
					return my, errCutOff
				}
			}
			for i := range s.blocks {
				b := &s.blocks[i]
				acc |= buf.load(pos) >> (^t & 63)
				pos += t >> 3 & 7
				t &= 7
				first := b.starts[acc>>(64-windowBits)]
				e := uint64(first & stepMask)
				acc <<= e & lengthMask
				t += int(e)
				diff := int32(first) >> 16
				for {
					runs := b.runs
					for t < blockEnd {
						acc |= buf.load(pos) >> (^t & 63)
						pos += t >> 3 & 7
						t &^= 56
						e = uint64(runs[acc>>(64-windowBits)])
						acc <<= e & lengthMask
						if t += int(e); t >= blockEnd {
							break
						}
						e = uint64(runs[acc>>(64-windowBits)])
						acc <<= e & lengthMask
						t += int(e)
					}
					if t&regular < irregular {
						break
					}
					k := t >> lengthBits
					bit, n := pos*8-^t&63-int(e&lengthMask), 0
					if k -= int(e >> lengthBits); k == 0 {
						bit, diff = s.first(bit, b.dc)
						k = 1
					} else {
						bit, k = s.next(bit, k, b.ac)
					}
					if bit < 0 {
						return my, errCutOff
					}
					acc, n, pos = bits.seek(bit)
					t = k<<lengthBits | 63 - n
				}
				if b.luma {
					level += diff
					row[b.at] = grey((level*q + 4) >> 3)
				}
			}
			row = row[s.stepX:]
		}
		if bits.over(pos, ^t&63) {
			return my, errCutOff
		}
	}
	return s.down, nil
}

// begin is called before each row of MCUs.
func (s *lumaScan) begin(my int) error {
	if len(s.plane) <= my*s.stepY {
		return errCutOff
	}
	return s.guard.check()
}

// values decodes the first coefficients of each block as well, for planes that
// are finer than one value a block. It is otherwise as means.
func (s *lumaScan) values() (int, error) {
	var (
		acc    uint64
		t      = 63
		pos    int
		level  int32
		c      [64]int32 // coefficient k at k+1; those behind the last wanted are not cleared
		bits   = s.bits
		buf    = &bits.buf
		left   = s.interval
		wanted = (s.weights.last + 1) << lengthBits // as blockEnd
	)
	for my := range s.down {
		if err := s.begin(my); err != nil {
			return my, err
		}
		row := s.plane[my*s.stepY:]
		for range s.across {
			if s.interval > 0 {
				if left == 0 {
					if bits.over(pos, ^t&63) || !bits.restart() {
						return my, errCutOff
					}
					acc, t, pos, level, left = 0, 63, 0, 0, s.interval
				}
				left--
			}
			if pos >= bits.limit {
				if pos = bits.more(pos); bits.over(pos, ^t&63) {
					return my, errCutOff
				}
			}
			for i := range s.blocks {
				b := &s.blocks[i]
				acc |= buf.load(pos) >> (^t & 63)
				pos += t >> 3 & 7
				t &= 7
				first := b.starts[acc>>(64-windowBits)]
				e := uint64(first & stepMask)
				acc <<= e & lengthMask
				t += int(e)
				diff := int32(first) >> 16
				for {
					if slopes := b.slopes; slopes != nil && t>>lengthBits == 1 {
						acc |= buf.load(pos) >> (^t & 63)
						pos += t >> 3 & 7
						t &^= 56
						slope := slopes[acc>>(64-windowBits)]
						e = uint64(slope & stepMask)
						acc <<= e & lengthMask
						t += int(e)
						c[2], c[3] = int32(int8(slope>>16)), int32(slope)>>24
					}
					if levels := b.levels; levels != nil {
						for t < wanted {
							acc |= buf.load(pos) >> (^t & 63)
							pos += t >> 3 & 7
							t &^= 56
							level := levels[acc>>(64-windowBits)]
							e = uint64(level & stepMask)
							acc <<= e & lengthMask
							t += int(e)
							c[t>>lengthBits&63] = int32(level) >> 16
							if t >= wanted {
								break
							}
							level = levels[acc>>(64-windowBits)]
							e = uint64(level & stepMask)
							acc <<= e & lengthMask
							t += int(e)
							c[t>>lengthBits&63] = int32(level) >> 16
						}
					}
					runs := b.runs
					for t < blockEnd {
						acc |= buf.load(pos) >> (^t & 63)
						pos += t >> 3 & 7
						t &^= 56
						e = uint64(runs[acc>>(64-windowBits)])
						acc <<= e & lengthMask
						if t += int(e); t >= blockEnd {
							break
						}
						e = uint64(runs[acc>>(64-windowBits)])
						acc <<= e & lengthMask
						t += int(e)
					}
					if t&regular < irregular {
						break
					}
					k := t >> lengthBits
					bit, n, v := pos*8-^t&63-int(e&lengthMask), 0, 0
					if k -= int(e >> lengthBits); k == 0 {
						bit, diff = s.first(bit, b.dc)
						k = 1
					} else if bit, k, v = s.value(bit, k, b.ac); v != 0 && b.luma {
						c[k&63] = int32(v)
					}
					if bit < 0 {
						return my, errCutOff
					}
					acc, n, pos = bits.seek(bit)
					t = k<<lengthBits | 63 - n
				}
				if b.luma {
					level += diff
					switch s.weights.side {
					case 2:
						s.weights.quarter(level, c[2], c[3], c[5], row[b.at:])
						c[2], c[3], c[5] = 0, 0, 0
					case 4:
						s.weights.half(level, &c, row[b.at:])
					default:
						s.weights.whole.draw(level, &c, row[b.at:], s.weights.stride)
					}
				}
			}
			row = row[s.stepX:]
		}
		if bits.over(pos, ^t&63) {
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
	case runOfBlocks(value):
		s.elsewhere = true
		return -1, 64, 0
	case value == 0:
		return bit + int(length), 64, 0
	case size == 0:
		return bit + int(length), min(64, k+16), 0
	case k+run > 63 && s.weights.side == 8: // values has put it into a place that was taken
		s.elsewhere = true
		return -1, 64, 0
	case k+run > 63:
		return bit + int(length), 64, 0 // as image/jpeg has it: the bits are not read
	}
	v := int(acc << length >> (64 - size))
	return bit + int(length+size), k + run + 1, extend(v, int(size))
}
