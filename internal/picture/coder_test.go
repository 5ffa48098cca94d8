package picture

import (
	"encoding/binary"
	"math"
)

// coder writes JPEG files of every kind that the luma decoder must know, from
// coefficients: image/jpeg writes only one.
type coder struct {
	w, h  int
	parts []*component
	quant [2][64]int // of luma and of colour, in zigzag order
	// What the file is to be like.
	progressive, separate, wideTables, standard, noEnd bool
	restart                                            int

	out        []byte
	acc        uint64
	n          int
	ends       int   // blocks that end and are not written yet
	amendments []int // bits of coefficients that are known already
}

type component struct {
	h, v         int
	across, down int // blocks, whole MCUs
	blocks       [][64]int
}

// coded transforms a luma plane, and two of colour that follow from it.
// Sampling is that of luma; colour has 1x1.
func coded(w, h, sampleH, sampleV, quality int, luma func(x, y int) float64, grey bool) *coder {
	c := &coder{w: w, h: h}
	z := zigzag()
	scale := 50. / float64(quality)
	if quality >= 50 {
		scale = 2 - float64(quality)/50
	}
	for k := range 64 {
		base := 8 + 3*float64(z[k][0]+z[k][1])
		c.quant[0][k] = max(1, int(base*scale))
		c.quant[1][k] = max(1, int(base*scale*1.3))
	}
	n := 3
	if grey {
		n, sampleH, sampleV = 1, 1, 1
	}
	for i := range n {
		p := &component{h: 1, v: 1}
		if i == 0 {
			p.h, p.v = sampleH, sampleV
		}
		p.across = (w + 8*sampleH - 1) / (8 * sampleH) * p.h
		p.down = (h + 8*sampleV - 1) / (8 * sampleV) * p.v
		at := func(x, y int) float64 {
			x, y = min(x*sampleH/p.h, w-1), min(y*sampleV/p.v, h-1)
			if i == 0 {
				return luma(x, y)
			}
			return 128 + 40*math.Sin(float64(x+i*y)/30) + luma(x, y)/9
		}
		for by := range p.down {
			for bx := range p.across {
				p.blocks = append(p.blocks, forward(func(x, y int) float64 { return at(8*bx+x, 8*by+y) - 128 }, &z, &c.quant[min(i, 1)]))
			}
		}
		c.parts = append(c.parts, p)
	}
	return c
}

func forward(at func(x, y int) float64, z *[64][2]uint8, quant *[64]int) (out [64]int) {
	var cos, half [8][8]float64
	for u := range 8 {
		for x := range 8 {
			cos[u][x] = math.Cos(float64((2*x+1)*u)*math.Pi/16) / 2
			if u == 0 {
				cos[u][x] = math.Sqrt(1. / 8)
			}
		}
	}
	for y := range 8 {
		for x := range 8 {
			v := at(x, y)
			for u := range 8 {
				half[y][u] += v * cos[u][x]
			}
		}
	}
	for k := range 64 {
		sum := 0.
		for y := range 8 {
			sum += half[y][z[k][1]] * cos[z[k][0]][y]
		}
		out[k] = int(math.Round(sum / float64(quant[k])))
	}
	return out
}

func (c *coder) segment(marker byte, body ...byte) {
	c.out = append(c.out, 0xff, marker)
	c.out = binary.BigEndian.AppendUint16(c.out, uint16(len(body)+2))
	c.out = append(c.out, body...)
}

func (c *coder) put(v, n int) {
	for n--; n >= 0; n-- {
		c.acc = c.acc<<1 | uint64(v>>n&1)
		if c.n++; c.n == 8 {
			c.out = append(c.out, byte(c.acc))
			if byte(c.acc) == 0xff {
				c.out = append(c.out, 0)
			}
			c.acc, c.n = 0, 0
		}
	}
}

func (c *coder) flush() {
	for c.n > 0 {
		c.put(1, 1)
	}
}

// symbol writes a code: DC sizes have codes of 4 bits, and there is one for each
// AC value, of 8 bits or 9; or they are the standard ones.
func (c *coder) symbol(class, v int) {
	if c.standard {
		h := c.tables()[class]
		next, at := 0, 0
		for i, n := range h[:16] {
			for range int(n) {
				if int(h[16+at]) == v {
					c.put(next, i+1)
					return
				}
				at++
				next++
			}
			next <<= 1
		}
		panic("no code")
	}
	switch {
	case class == 0:
		c.put(v, 4)
	case v < 254:
		c.put(v, 8)
	default:
		c.put(254+v, 9) // 508, 509
	}
}

// tables returns counts and values for DC and AC.
func (c *coder) tables() (t [2][]byte) {
	if c.standard {
		s := standardTables()[3:]
		return [2][]byte{s[1:29], s[30 : 30+16+162]}
	}
	t[0], t[1] = make([]byte, 16), make([]byte, 16)
	t[0][3], t[1][7], t[1][8] = 15, 254, 2
	for v := range 256 {
		if v < 15 {
			t[0] = append(t[0], byte(v))
		}
		t[1] = append(t[1], byte(v))
	}
	return t
}

func size(v int) (n int) {
	for v = max(v, -v); v > 0; v >>= 1 {
		n++
	}
	return n
}

func (c *coder) value(v, n int) {
	if v < 0 {
		v += 1<<n - 1
	}
	c.put(v, n)
}

// file writes the file.
func (c *coder) file() []byte {
	c.out = []byte{0xff, 0xd8}
	for i, q := range c.quant {
		b := []byte{byte(i)}
		for _, v := range q {
			if c.wideTables {
				b[0] = byte(i) | 16
				b = append(b, 0)
			}
			b = append(b, byte(v))
		}
		c.segment(0xdb, b...)
	}
	frame := []byte{8, byte(c.h >> 8), byte(c.h), byte(c.w >> 8), byte(c.w), byte(len(c.parts))}
	var all []int
	for i, p := range c.parts {
		frame = append(frame, byte(i+1), byte(p.h<<4|p.v), byte(min(i, 1)))
		all = append(all, i)
	}
	kind := byte(0xc0)
	if c.progressive {
		kind = 0xc2
	}
	c.segment(kind, frame...)
	for class, t := range c.tables() {
		c.segment(0xc4, append([]byte{byte(class << 4)}, t...)...)
	}
	if c.restart > 0 {
		c.segment(0xdd, byte(c.restart>>8), byte(c.restart))
	}
	switch {
	case c.progressive:
		c.scan(all, 0, 0, 0, 1)
		c.scan([]int{0}, 1, 5, 0, 2)
		for _, i := range all[1:] {
			c.scan([]int{i}, 1, 63, 0, 1)
		}
		c.scan([]int{0}, 6, 63, 0, 2)
		c.scan([]int{0}, 1, 63, 2, 1)
		c.scan(all, 0, 0, 1, 0)
		for _, i := range append(all[1:len(all):len(all)], 0) {
			c.scan([]int{i}, 1, 63, 1, 0)
		}
	case c.separate:
		for _, i := range all {
			c.scan([]int{i}, 0, 63, 0, 0)
		}
	default:
		c.scan(all, 0, 63, 0, 0)
	}
	if !c.noEnd {
		c.out = append(c.out, 0xff, 0xd9)
	}
	return c.out
}

func (c *coder) scan(which []int, first, last, high, low int) {
	head := []byte{byte(len(which))}
	for _, i := range which {
		head = append(head, byte(i+1), 0)
	}
	c.segment(0xda, append(head, byte(first), byte(last), byte(high<<4|low))...)
	levels := map[*component]int{}
	units, restarts := 0, byte(0)
	unit := func(blocks ...[2]int) { // component, block
		if c.restart > 0 && units > 0 && units%c.restart == 0 {
			c.end()
			c.flush()
			c.out = append(c.out, 0xff, 0xd0|restarts&7)
			restarts++
			clear(levels)
		}
		units++
		for _, b := range blocks {
			p := c.parts[b[0]]
			block := &p.blocks[b[1]]
			if first == 0 {
				if high > 0 {
					c.put(block[0]>>low&1, 1)
				} else {
					v := block[0] >> low
					n := size(v - levels[p])
					c.symbol(0, n)
					c.value(v-levels[p], n)
					levels[p] = v
				}
			}
			switch {
			case last == 0:
			case high > 0:
				c.refine(block, first, last, low)
			default:
				c.band(block, max(first, 1), last, low)
			}
		}
	}
	if len(which) == 1 {
		p := c.parts[which[0]]
		maxH, maxV := c.parts[0].h, c.parts[0].v
		for y := range (c.h*p.v + 8*maxV - 1) / (8 * maxV) {
			for x := range (c.w*p.h + 8*maxH - 1) / (8 * maxH) {
				unit([2]int{which[0], y*p.across + x})
			}
		}
	} else {
		p := c.parts[0]
		for my := range p.down / p.v {
			for mx := range p.across / p.h {
				var blocks [][2]int
				for _, i := range which {
					p := c.parts[i]
					for j := range p.h * p.v {
						blocks = append(blocks, [2]int{i, (my*p.v+j/p.h)*p.across + mx*p.h + j%p.h})
					}
				}
				unit(blocks...)
			}
		}
	}
	c.end()
	c.flush()
}

// end writes the ends of blocks that wait, as one run, and what they amend.
func (c *coder) end() {
	if c.ends > 0 {
		n := size(c.ends) - 1
		c.symbol(1, n<<4)
		c.put(c.ends-1<<n, n)
		c.ends = 0
	}
	for _, bit := range c.amendments {
		c.put(bit, 1)
	}
	c.amendments = nil
}

// band writes the first bits of AC (T.81, G.1.2.2).
func (c *coder) band(block *[64]int, first, last, low int) {
	run := 0
	for k := first; k <= last; k++ {
		v := block[k]
		if v = max(v, -v) >> low; v == 0 {
			run++
			continue
		}
		c.end()
		for ; run > 15; run -= 16 {
			c.symbol(1, 0xf0)
		}
		if block[k] < 0 {
			v = -v
		}
		c.symbol(1, run<<4|size(v))
		c.value(v, size(v))
		run = 0
	}
	if run > 0 {
		if c.ends++; !c.progressive || c.ends == 0x7fff {
			c.end()
		}
	}
}

// refine writes one bit more of AC (T.81, G.1.2.3).
func (c *coder) refine(block *[64]int, first, last, low int) {
	newest := first - 1 // the last coefficient that is new
	for k := first; k <= last; k++ {
		if v := block[k]; max(v, -v)>>low == 1 {
			newest = k
		}
	}
	run := 0
	var amend []int
	for k := first; k <= last; k++ {
		v := max(block[k], -block[k]) >> low
		switch {
		case v == 0:
			if run++; k <= newest && run == 16 {
				c.end()
				c.symbol(1, 0xf0)
				c.amendments, amend, run = amend, nil, 0
				c.end()
			}
		case v > 1:
			amend = append(amend, v&1)
		default:
			c.end()
			c.symbol(1, run<<4|1)
			if block[k] < 0 {
				c.put(0, 1)
			} else {
				c.put(1, 1)
			}
			c.amendments, amend, run = amend, nil, 0
			c.end()
		}
	}
	if run > 0 || len(amend) > 0 {
		c.ends++
		c.amendments = append(c.amendments, amend...)
		if c.ends == 0x7fff || len(c.amendments) > 900 {
			c.end()
		}
	}
}
