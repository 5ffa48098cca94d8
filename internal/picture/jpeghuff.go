package picture

// Where a sequential JPEG breaks off, its decoder says only that it does. This
// walk over the codes, without computing a pixel, finds how many rows of
// blocks came whole.

// code is a Huffman table in the form of T.81, annex F.2.2.3.
type code struct {
	values    []byte
	max, from [17]int // for each length: the largest code, and values[from+code]
}

// codes reads the tables of all DHT segments before a scan: [class][id].
func (f *jpegFile) codes() (t [2][4]code) {
	for _, part := range f.parts[:f.scans[0]] {
		if len(part) < 3 || part[0] != markerDHT {
			continue
		}
		for b := part[3:]; len(b) >= 17; {
			total, class, id := 0, b[0]>>4, b[0]&15
			for _, n := range b[1:17] {
				total += int(n)
			}
			if class > 1 || id > 3 || total > 256 || len(b) < 17+total {
				break
			}
			t[class][id] = codeOf(b[1:17], b[17:17+total])
			b = b[17+total:]
		}
	}
	return t
}

func codeOf(counts, values []byte) code {
	c := code{values: values}
	next, used := 0, 0
	for i, n := range counts {
		c.from[i+1] = used - next
		next += int(n)
		used += int(n)
		c.max[i+1] = next - 1
		if n == 0 {
			c.max[i+1] = -1
		}
		next <<= 1
	}
	return c
}

// bitReader reads the bits of one scan. over is true once they have run out,
// or a marker came up where there should be bits.
type bitReader struct {
	data []byte
	at   int
	bits uint32
	n    int
	over bool
}

func (r *bitReader) bit() int {
	if r.n == 0 {
		if r.at >= len(r.data) {
			r.over = true
			return 0
		}
		c := r.data[r.at]
		r.at++
		if c == 0xff {
			if r.at >= len(r.data) || r.data[r.at] != 0 {
				r.over = true
				return 0
			}
			r.at++
		}
		r.bits, r.n = uint32(c), 8
	}
	r.n--
	return int(r.bits>>r.n) & 1
}

func (r *bitReader) skip(n int) {
	for range n {
		r.bit()
	}
}

// symbol returns the next value of a table; an unknown code ends the reading.
func (r *bitReader) symbol(c *code) int {
	v := 0
	for n := 1; n <= 16 && !r.over; n++ {
		v = v<<1 | r.bit()
		if i := c.from[n] + v; v <= c.max[n] && i < len(c.values) {
			return int(c.values[i])
		}
	}
	r.over = true
	return 0
}

// block skips one block of 64 coefficients.
func (r *bitReader) block(dc, ac *code) {
	r.skip(min(r.symbol(dc), 16))
	for k := 1; k < 64 && !r.over; k++ {
		v := r.symbol(ac)
		switch run, size := v>>4, v&15; {
		case size > 0:
			k += run
			if k < 64 {
				r.skip(size)
			}
		case run == 15:
			k += 15
		default:
			return
		}
	}
}

// restart moves behind the next restart marker.
func (r *bitReader) restart() {
	r.n = 0
	for ; r.at+1 < len(r.data); r.at++ {
		if c := r.data[r.at+1]; r.data[r.at] == 0xff && c >= 0xd0 && c <= 0xd7 {
			r.at += 2
			return
		}
	}
	r.over = true
}

// wholeRows counts the rows of MCUs that the one scan of a sequential JPEG
// holds from its beginning.
func (f *jpegFile) wholeRows(g *guard) (int, error) {
	header := f.parts[f.scans[0]+1][3:]
	tables := f.codes()
	var blocks [][2]*code // of one MCU
	if n := f.components(); len(header) != 4+2*n || int(header[0]) != n {
		return 0, nil
	}
	for i := range f.components() {
		if header[1+2*i] != f.head[6+3*i] || header[2+2*i]&0xcc != 0 {
			return 0, nil // another order than that of the frame: not seen yet
		}
		h, v := f.sampling(i)
		for range h * v {
			blocks = append(blocks, [2]*code{&tables[0][header[2+2*i]>>4], &tables[1][header[2+2*i]&15]})
		}
	}
	interval := 0
	for _, part := range f.parts[:f.scans[0]] {
		if len(part) == 5 && part[0] == markerDRI {
			interval = int(be16(part[3:]))
		}
	}
	h, v := f.sampling(0)
	across, down := (f.width()+8*h-1)/(8*h), (f.height()+8*v-1)/(8*v)
	r := &bitReader{data: f.parts[f.scans[0]+2]}
	for mcu := range across * down {
		if mcu%across == 0 {
			if err := g.check(); err != nil {
				return 0, err
			}
		}
		if interval > 0 && mcu > 0 && mcu%interval == 0 {
			r.restart()
		}
		for _, b := range blocks {
			r.block(b[0], b[1])
		}
		if r.over {
			return mcu / across, nil
		}
	}
	return down, nil
}
