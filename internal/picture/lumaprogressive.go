package picture

// A progressive JPEG brings the first coefficient of all blocks in its first
// scan, but for a bit or so that a short one adds later, and the next few in the
// second. The others, nearly the whole file, are never read: a plane at 1/4
// lacks the last bits of what the second scan brings, and where nothing came
// yet, within what is left open, it follows the blocks around.

// progression holds the coefficients of luma while scans add to them.
type progression struct {
	*lumaJPEG
	guard  *guard
	across int            // blocks in a row of blocks
	dc     []int32        // of each block
	ac     [][lowAC]int16 // the first ones, in zigzag order
	open   [lowAC]int     // how much of each may still come, in halves of its quantiser
}

// lowAC is how many coefficients a plane at 1/4 looks at, behind the first.
const lowAC = 4

// reader reads the bits of a scan code by code.
type reader struct {
	*entropy
	acc uint64
	n   int
	pos int
}

// fill loads 56 bits or more.
func (r *reader) fill() {
	r.acc |= r.buf.load(r.pos) >> (r.n & 63)
	r.pos += (63 - r.n) >> 3
	r.n |= 56
}

func (r *reader) skip(n uint) {
	r.acc <<= n
	r.n -= int(n)
}

// take returns n bits, 16 at most, of those that fill loaded.
func (r *reader) take(n uint) int {
	v := int(r.acc >> 1 >> (63 - n))
	r.skip(n)
	return v
}

// code reads one code of at most 16 bits; the caller has filled.
func (r *reader) code(short *[windows]uint16, h *huffman) (byte, bool) {
	if s := short[r.acc>>(64-windowBits)]; s != 0 {
		r.skip(uint(s >> 8))
		return byte(s), true
	}
	v, length := h.symbol(r.acc)
	r.skip(length)
	return v, length > 0
}

// ready is called before each MCU; false ends the scan.
func (r *reader) ready() bool {
	if r.pos < r.limit {
		return true
	}
	r.pos = r.more(r.pos)
	return !r.over(r.pos, r.n)
}

func (r *reader) again() bool {
	if r.over(r.pos, r.n) || !r.restart() {
		return false
	}
	r.acc, r.n, r.pos = 0, 0, 0
	return true
}

// decodeProgressive is decode for a progressive file.
func (l *lumaJPEG) decodeProgressive(g *guard) (surface, error) {
	heads, err := l.heads()
	if err != nil {
		return surface{}, err
	}
	across, down, wide, high := l.mcus()
	blocks := across * wide * down * high
	if l.side > 2 || len(heads) == 0 || heads[0].first != 0 || heads[0].high != 0 || len(heads[0].data)*8 < blocks {
		return surface{}, errNotHere
	}
	stride := across * wide * l.side
	w := weightsOf(l.side, &heads[0].quant, stride, false)
	p := &progression{lumaJPEG: l, guard: g, across: across * wide, dc: make([]int32, blocks), open: [lowAC]int{1e6, 1e6, 1e6, 1e6}}
	if l.side > 1 {
		p.ac = make([][lowAC]int16, blocks)
	}
	for i := range heads {
		s := &heads[i]
		switch {
		case s.first == 0:
			err = p.means(s)
		case s.high == 0 && s.first <= lowAC && l.side > 1:
			err = p.levels(s)
		}
		if err != nil {
			return surface{}, err
		}
	}
	scan := &lumaScan{down: down, stepY: high * l.side * stride, weights: w, plane: make([]uint8, blocks*l.side*l.side)}
	p.draw(&w, scan.plane)
	s, err := l.surface(scan, down, g)
	if !l.ended {
		s.why = "the end is missing, and with it perhaps some detail"
	}
	return s, err
}

// dcPart is one block of an MCU in a scan of DC.
type dcPart struct {
	dc    *huffman
	short *[windows]uint16
	luma  bool
	at    int // of the first MCU, among the blocks
}

// dcParts returns the blocks of an MCU, and how many MCUs there are.
func (p *progression) dcParts(s *scanHead) (parts []dcPart, across, down int, err error) {
	across, down, _, _ = p.mcus()
	if len(s.components) == 1 {
		across, down = (p.width()+7)/8, (p.height()+7)/8
	}
	for i, c := range s.components {
		b := dcPart{dc: s.dc[i], luma: c == 0}
		if s.high == 0 {
			if b.dc == nil {
				return nil, 0, 0, errNotHere
			}
			b.short = b.dc.short()
		}
		h, v := p.sampling(c)
		if len(s.components) == 1 {
			h, v = 1, 1
		}
		for j := range h * v {
			b.at = j/h*p.across + j%h
			parts = append(parts, b)
		}
	}
	return parts, across, down, nil
}

// means reads a scan of DC, or of one bit more of it.
func (p *progression) means(s *scanHead) error {
	parts, across, down, err := p.dcParts(s)
	if err != nil {
		return err
	}
	wide, high := p.sampling(0)
	if len(s.components) == 1 {
		wide, high = 1, 1
	}
	r := &reader{entropy: newEntropy(s.data, len(parts))}
	level, left := int32(0), s.interval
	for my := range down {
		if err := p.guard.check(); err != nil {
			return err
		}
		for mx := range across {
			if s.interval > 0 {
				if left == 0 {
					if !r.again() {
						return errNotHere
					}
					level, left = 0, s.interval
				}
				left--
			}
			if !r.ready() {
				return errNotHere
			}
			for i := range parts {
				b := &parts[i]
				r.fill()
				if s.high > 0 {
					if bit := r.take(1); b.luma {
						p.dc[my*high*p.across+mx*wide+b.at] |= int32(bit) << s.low
					}
					continue
				}
				size, ok := r.code(b.short, b.dc)
				if !ok {
					return errNotHere
				}
				if diff := extend(r.take(uint(size)), int(size)); b.luma {
					level += int32(diff)
					p.dc[my*high*p.across+mx*wide+b.at] = level << s.low
				}
			}
		}
	}
	if r.over(r.pos, r.n) {
		return errNotHere
	}
	return nil
}

// levels reads the first scan of a band of AC.
func (p *progression) levels(s *scanHead) error {
	ac := s.ac[0]
	if ac == nil {
		return errNotHere
	}
	for k := s.first; k <= min(s.last, lowAC); k++ {
		p.open[k-1] = 2<<s.low - 1
	}
	short := ac.short()
	r := &reader{entropy: newEntropy(s.data, 1)}
	left, ended := s.interval, 0
	for by := range (p.height() + 7) / 8 {
		if err := p.guard.check(); err != nil {
			return err
		}
		for bx := range (p.width() + 7) / 8 {
			if s.interval > 0 {
				if left == 0 {
					if !r.again() {
						return errNotHere
					}
					ended, left = 0, s.interval
				}
				left--
			}
			if ended > 0 {
				ended--
				continue
			}
			if !r.ready() {
				return errNotHere
			}
			low := &p.ac[by*p.across+bx]
			for k := s.first; k <= s.last; k++ {
				r.fill()
				v, ok := r.code(short, ac)
				if !ok {
					return errNotHere
				}
				run, size := int(v>>4), uint(v&15)
				if size == 0 {
					if run < 15 {
						ended = 1<<run + r.take(uint(run)) - 1
						break
					}
					k += 15
					continue
				}
				if k += run; k > s.last {
					break
				}
				if level := extend(r.take(size), int(size)); k <= lowAC {
					low[k-1] = int16(level << s.low)
				}
			}
		}
	}
	if r.over(r.pos, r.n) {
		return errNotHere
	}
	return nil
}

// draw draws all blocks.
func (p *progression) draw(w *weights, plane []uint8) {
	if w.side == 1 {
		for i, v := range p.dc {
			plane[i] = grey((v*w.quant[0] + 4) >> 3)
		}
		return
	}
	down := len(p.dc) / p.across
	for y := range down {
		up, here, below := p.line(max(y-1, 0)), p.line(y), p.line(min(y+1, down-1))
		for x, v := range here {
			l, r := max(x-1, 0), min(x+1, p.across-1)
			c := &p.ac[y*p.across+x]
			// A slope across a block makes its halves differ from its mean by
			// a quarter of what it rises.
			mean := int(v)*w.slopes[0] + middle
			dc := w.slopes[0]
			a := p.level(c, 0, w.slopes[1], int(here[l]-here[r])*dc/8)
			b := p.level(c, 1, w.slopes[2], int(up[x]-below[x])*dc/8)
			ab := p.level(c, 3, w.slopes[3], int(up[l]-up[r]-below[l]+below[r])*dc/64)
			to := plane[(y*w.stride+x)*2:]
			lower := to[w.stride:][:2]
			to[0], to[1] = pixel(mean+a+b+ab), pixel(mean-a+b-ab)
			lower[0], lower[1] = pixel(mean+a-b-ab), pixel(mean-a-b+ab)
		}
	}
}

func (p *progression) line(y int) []int32 { return p.dc[y*p.across:][:p.across] }

// level is what coefficient k adds to a pixel: as it came, or else as expected
// from the blocks around, as far as that can still come.
func (p *progression) level(c *[lowAC]int16, k, weight, expected int) int {
	if v := c[k]; v != 0 {
		return int(v) * weight
	}
	most := p.open[k] * weight / 2
	return min(max(expected, -most), most)
}
