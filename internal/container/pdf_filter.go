package container

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/ascii85"
	"errors"
	"io"
)

const maxPDFFilters = 8

// filtered undoes the filters of a stream up to one that packs pictures, whose
// name is then rest.
func (p *pdf) filtered(s pdfObject) (r io.Reader, rest string, f *Fault) {
	raw := p.raw(s)
	if p.lock != nil && s.dict["Type"] != pdfName("XRef") {
		if raw, f = p.lock.open(s.num, raw); f != nil {
			return nil, "", f
		}
	}
	filters := listOf(p.resolve(firstOf(s.dict, "Filter", "F")))
	parameters := listOf(p.resolve(firstOf(s.dict, "DecodeParms", "DP")))
	if len(filters) > maxPDFFilters {
		return nil, "", fault("limit_nesting", "%d filters", len(filters))
	}
	r = bytes.NewReader(raw)
	for i, x := range filters {
		name, _ := p.resolve(x).(pdfName)
		var with pdfDict
		if i < len(parameters) {
			with, _ = p.resolve(parameters[i]).(pdfDict)
		}
		switch name {
		case "FlateDecode", "Fl":
			r = p.predicted(&lenient{r: inflater(r)}, with)
		case "LZWDecode", "LZW":
			early := p.number(with["EarlyChange"], 1)
			r = p.predicted(&lenient{r: newPDFLZW(r, early)}, with)
		case "ASCII85Decode", "A85":
			r = ascii85.NewDecoder(&untilTilde{r: bufio.NewReader(r)})
		case "ASCIIHexDecode", "AHx":
			r = &hexReader{r: bufio.NewReader(r)}
		case "RunLengthDecode", "RL":
			r = &runLengths{r: bufio.NewReader(r)}
		case "Crypt":
		case "DCT":
			return r, "DCTDecode", nil
		default:
			return r, string(name), nil
		}
		if i < len(filters)-1 {
			r = &worked{r: r, p: p}
		}
	}
	return r, "", nil
}

func firstOf(d pdfDict, keys ...string) any {
	for _, k := range keys {
		if v, ok := d[k]; ok {
			return v
		}
	}
	return nil
}

// listOf is a list of one where a value stands for a list.
func listOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// number resolves a number, or takes the default.
func (p *pdf) number(v any, otherwise int) int {
	switch n := p.resolve(v).(type) {
	case int:
		return n
	case float64:
		if n > -1e9 && n < 1e9 {
			return int(n)
		}
	}
	return otherwise
}

// worked counts what is unpacked on the way and given to nobody.
type worked struct {
	r io.Reader
	p *pdf
}

func (c *worked) Read(b []byte) (int, error) {
	if c.p.work <= 0 {
		return 0, fault("limit_ratio", "streams unpack to more than %d times the document", c.p.w.limits.Ratio)
	}
	if err := c.p.w.alive(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.p.work -= int64(n)
	return n, err
}

// inflater reads zlib without its checksum: many writers get it wrong.
func inflater(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); len(head) == 2 && head[0]&0xf == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		_, _ = b.Discard(2)
	}
	return flate.NewReader(b)
}

// lenient ends where the bytes are damaged, and gives what came before. That it
// was too little shows where it is used.
type lenient struct {
	r   io.Reader
	got bool
}

func (l *lenient) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	l.got = l.got || n > 0
	if err != nil && err != io.EOF && l.got {
		var f *Fault
		if !errors.As(err, &f) {
			err = io.EOF
		}
	}
	return n, err
}

// predicted undoes the predictors of PNG and TIFF, which make rows of samples
// shorter when packed.
func (p *pdf) predicted(r io.Reader, with pdfDict) io.Reader {
	kind := p.number(with["Predictor"], 1)
	if kind < 2 {
		return r
	}
	colors, bits, columns := p.number(with["Colors"], 1), p.number(with["BitsPerComponent"], 8), p.number(with["Columns"], 1)
	if colors < 1 || colors > maxPDFInks || bits < 1 || bits > 16 || columns < 1 || columns > maxPDFSide {
		return &lenient{r: r}
	}
	row := (colors*bits*columns + 7) / 8
	return &predictor{r: bufio.NewReaderSize(r, 16<<10), png: kind >= 10, step: max(1, colors*bits/8), bits: bits, row: make([]byte, row), above: make([]byte, row)}
}

type predictor struct {
	r          *bufio.Reader
	png        bool
	step, bits int // bytes from a sample to the one left of it; bits of a component
	row, above []byte
	out        []byte
}

func (d *predictor) Read(b []byte) (int, error) {
	if len(d.out) == 0 {
		d.row, d.above = d.above, d.row
		kind := byte(2)
		if d.png {
			var err error
			if kind, err = d.r.ReadByte(); err != nil {
				return 0, err
			}
		}
		n, err := io.ReadFull(d.r, d.row)
		if n == 0 {
			return 0, err
		}
		clear(d.row[n:])
		if d.png {
			d.undo(kind)
		} else if d.bits == 8 {
			for i := d.step; i < len(d.row); i++ {
				d.row[i] += d.row[i-d.step]
			}
		}
		d.out = d.row[:n]
	}
	n := copy(b, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *predictor) undo(kind byte) {
	for i := range d.row {
		var left, corner byte
		if i >= d.step {
			left, corner = d.row[i-d.step], d.above[i-d.step]
		}
		up := d.above[i]
		switch kind {
		case 1:
			d.row[i] += left
		case 2:
			d.row[i] += up
		case 3:
			d.row[i] += byte((int(left) + int(up)) / 2)
		case 4:
			d.row[i] += paeth(left, up, corner)
		}
	}
}

func paeth(a, b, c byte) byte {
	pa, pb, pc := int(b)-int(c), int(a)-int(c), int(a)+int(b)-2*int(c)
	pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// untilTilde ends before the mark that ends base 85.
type untilTilde struct {
	r    *bufio.Reader
	done bool
}

func (u *untilTilde) Read(b []byte) (int, error) {
	for n := range b {
		if u.done {
			return n, io.EOF
		}
		c, err := u.r.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '~' {
			u.done = true
			return n, io.EOF
		}
		b[n] = c
	}
	return len(b), nil
}

type hexReader struct{ r *bufio.Reader }

func (h *hexReader) Read(b []byte) (int, error) {
	for n := range b {
		value, digits := 0, 0
		for digits < 2 {
			c, err := h.r.ReadByte()
			if err == nil && c == '>' {
				err = io.EOF
				_ = h.r.UnreadByte()
			}
			if err != nil && digits == 1 {
				b[n] = byte(value << 4)
				return n + 1, err
			}
			if err != nil {
				return n, err
			}
			if d := hexDigit(c); d >= 0 {
				value, digits = value<<4|d, digits+1
			}
		}
		b[n] = byte(value)
	}
	return len(b), nil
}

// runLengths undoes packed runs of one byte.
type runLengths struct {
	r     *bufio.Reader
	left  int
	same  bool
	value byte
}

func (u *runLengths) Read(b []byte) (int, error) {
	for n := range b {
		if u.left == 0 {
			c, err := u.r.ReadByte()
			if err != nil || c == 128 {
				return n, io.EOF
			}
			u.same = c > 128
			u.left = int(c) + 1
			if u.same {
				u.left = 257 - int(c)
				if u.value, err = u.r.ReadByte(); err != nil {
					return n, io.EOF
				}
			}
		}
		if !u.same {
			var err error
			if u.value, err = u.r.ReadByte(); err != nil {
				return n, io.EOF
			}
		}
		b[n] = u.value
		u.left--
	}
	return len(b), nil
}

// pdfLZW unpacks LZW as PDF and TIFF write it: codes from the high bit on, which
// grow one code early.
type pdfLZW struct {
	r      *bufio.Reader
	early  int
	prefix [4096]uint16
	last   [4096]byte
	length [4096]uint16
	next   int
	width  uint
	before int // code before, -1: none
	acc    uint32
	bits   uint
	out    []byte
}

func newPDFLZW(r io.Reader, early int) *pdfLZW {
	z := &pdfLZW{r: bufio.NewReader(r), early: early & 1}
	for i := range 256 {
		z.last[i], z.length[i] = byte(i), 1
	}
	z.reset()
	return z
}

func (z *pdfLZW) reset() { z.next, z.width, z.before = 258, 9, -1 }

func (z *pdfLZW) Read(b []byte) (int, error) {
	for len(z.out) == 0 {
		for z.bits < z.width {
			c, err := z.r.ReadByte()
			if err != nil {
				return 0, io.EOF
			}
			z.acc, z.bits = z.acc<<8|uint32(c), z.bits+8
		}
		z.bits -= z.width
		code := int(z.acc >> z.bits & (1<<z.width - 1))
		switch {
		case code == 256:
			z.reset()
		case code == 257:
			return 0, io.EOF
		default:
			if !z.code(code) {
				return 0, fault("damaged", "a code of LZW that was not given yet")
			}
		}
	}
	n := copy(b, z.out)
	z.out = z.out[n:]
	return n, nil
}

// code writes out what a code stands for, and gives the next one.
func (z *pdfLZW) code(code int) bool {
	if code > z.next || code == z.next && z.before < 0 || z.next > 4096 {
		return false
	}
	from, extra := code, 0
	if code == z.next {
		from, extra = z.before, 1
	}
	n := int(z.length[from])
	out := make([]byte, n+extra)
	for i, c := n-1, from; i >= 0; i-- {
		out[i] = z.last[c]
		c = int(z.prefix[c])
	}
	if extra == 1 {
		out[n] = out[0]
	}
	if z.before >= 0 && z.next < 4096 {
		z.prefix[z.next], z.last[z.next], z.length[z.next] = uint16(z.before), out[0], z.length[z.before]+1
		z.next++
	}
	switch z.next + z.early {
	case 512:
		z.width = 10
	case 1024:
		z.width = 11
	case 2048:
		z.width = 12
	}
	z.before, z.out = code, out
	return true
}
