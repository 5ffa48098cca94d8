package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"image/png"
	"io"
)

// pngFile is a PNG as a walk over its chunks finds it.
type pngFile struct {
	header      []byte // the 13 bytes of IHDR
	palette     []byte
	transparent []byte
	data        [][]byte // what the IDAT chunks hold
	rest        []byte   // what they hold beyond the first mostParts
	orientation int
	frames      int
	wrongSum    string // the first critical chunk whose checksum is wrong
}

func (f *pngFile) width() int       { return int(be32(f.header)) }
func (f *pngFile) height() int      { return int(be32(f.header[4:])) }
func (f *pngFile) depth() int       { return int(f.header[8]) }
func (f *pngFile) colour() byte     { return f.header[9] }
func (f *pngFile) interlaced() bool { return f.header[12] == 1 }

// The colour types of PNG.
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

func readPNG(data []byte, p *plan) error {
	f := &pngFile{orientation: 1, frames: 1}
	if err := f.walk(data[8:]); err != nil {
		return err
	}
	if be32(f.header) > 1<<31-1 || be32(f.header[4:]) > 1<<31-1 {
		return refuse("limit_side", "a side of more than 31 bits")
	}
	p.width, p.height, p.orientation, p.frames = f.width(), f.height(), f.orientation, f.frames
	if f.frames > 1 {
		p.why = fmt.Sprintf("frame 1 of %d", f.frames)
	}
	if len(f.data) == 0 {
		return refuse("damaged", "no pixels")
	}
	// image/png holds the picture, and of an interlaced one the largest pass.
	p.memory = int64(p.width) * int64(p.height) * f.heldBytes()
	if f.interlaced() {
		p.memory += p.memory / 2
	}
	p.decode = f.decode
	return nil
}

// samples returns how many samples a pixel has in the file.
func (f *pngFile) samples() int {
	return map[byte]int{pngGrey: 1, pngRGB: 3, pngPalette: 1, pngGreyAlpha: 2, pngRGBA: 4}[f.colour()]
}

// heldBytes returns the bytes a pixel that image/png needs.
func (f *pngFile) heldBytes() int64 {
	n := int64(4)
	if f.colour() == pngPalette || f.colour() == pngGrey && f.transparent == nil {
		n = 1
	}
	if f.depth() == 16 {
		n *= 2
	}
	return n
}

// walk keeps the chunks that pixels need. A wrong checksum in one of them is
// noted; in any other chunk it does not matter.
func (f *pngFile) walk(data []byte) error {
	for len(data) >= 8 {
		n, kind := be32(data), string(data[4:8])
		body := data[8:]
		whole := uint64(n)+4 <= uint64(len(body))
		if !whole && kind != "IDAT" {
			break
		}
		sum := uint32(0)
		if whole {
			body, sum, data = body[:n], be32(body[n:]), body[n+4:]
		} else {
			body, data = body[:min(uint64(n), uint64(len(body)))], nil
		}
		if f.header == nil {
			if kind != "IHDR" || n != 13 {
				return refuse("unsupported", "begins with a chunk %q of %d bytes", kind, n)
			}
			f.header = body
		}
		if kind == "IEND" {
			break
		}
		f.keep(kind, body)
		critical := kind == "IHDR" || kind == "PLTE" || kind == "IDAT"
		if whole && critical && f.wrongSum == "" && crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, body) != sum {
			f.wrongSum = kind
		}
	}
	if f.header == nil {
		return refuse("damaged", "cut off in the header")
	}
	return nil
}

func (f *pngFile) keep(kind string, body []byte) {
	switch kind {
	case "PLTE":
		if f.colour() == pngPalette && f.palette == nil && f.data == nil {
			most := 3 << min(f.depth(), 8)
			f.palette = body[:min(len(body)/3*3, most)]
		}
	case "tRNS":
		want := map[byte]int{pngGrey: 2, pngRGB: 6}[f.colour()]
		switch {
		case f.transparent != nil || f.data != nil:
		case f.colour() == pngPalette:
			f.transparent = body[:min(len(body), len(f.palette)/3)]
		case want > 0 && len(body) == want:
			f.transparent = body
		}
	case "IDAT":
		if len(f.data) < mostParts {
			f.data = append(f.data, body)
		} else {
			f.rest = append(f.rest, body...)
		}
	case "eXIf":
		f.orientation = orientationOf(body)
	case "acTL":
		if len(body) == 8 {
			f.frames = int(max(1, min(be32(body), 1<<20)))
		}
	}
}

// passes returns the size of each pass of rows: one, or the seven of Adam7.
func (f *pngFile) passes() [][2]int {
	w, h := f.width(), f.height()
	if !f.interlaced() {
		return [][2]int{{w, h}}
	}
	var out [][2]int
	for _, p := range [7][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		out = append(out, [2]int{(w - p[2] + p[0] - 1) / p[0], (h - p[3] + p[1] - 1) / p[1]})
	}
	return out
}

func (f *pngFile) decode(g *guard) (surface, error) {
	rows, err := newRows(f, g)
	if err != nil {
		return surface{}, err
	}
	m, err := png.Decode(rows)
	if err != nil {
		return surface{}, err
	}
	s, err := surfaceOf(m)
	if err != nil {
		return surface{}, err
	}
	switch {
	case rows.fault != nil && !f.interlaced():
		lines := rows.whole[0]
		if lines == 0 {
			return surface{}, fmt.Errorf("no line is whole: %w", rows.fault)
		}
		s.seen = func(y int) bool { return y < lines }
		s.why = fmt.Sprintf("lines 1 to %d of %d: %v", lines, s.height, rows.fault)
	case rows.fault != nil:
		n := rows.wholePasses()
		if n == 0 {
			return surface{}, fmt.Errorf("no pass is whole: %w", rows.fault)
		}
		s = coarse(s, n)
		s.why = fmt.Sprintf("passes 1 to %d of 7: %v", n, rows.fault)
	case f.wrongSum != "":
		s.why = "wrong checksum of " + f.wrongSum
	case rows.badSum:
		s.why = "wrong checksum of the pixels"
	}
	return s, nil
}

// coarse keeps the pixels that lie on the grid of the first n passes of Adam7.
func coarse(s surface, n int) surface {
	step := [7][2]int{1: {8, 8}, 2: {4, 8}, 3: {4, 4}, 4: {2, 4}, 5: {2, 2}, 6: {1, 2}}[n]
	from, buffer := s.line, make([]uint8, s.width)
	s.width, s.height = (s.width+step[0]-1)/step[0], (s.height+step[1]-1)/step[1]
	s.line = func(y int, to []uint8) []uint8 {
		line := from(y*step[1], buffer)
		to = to[:s.width]
		for x := range to {
			to[x] = line[x*step[0]]
		}
		return to
	}
	return s
}

// rows is a PNG written anew for image/png, which refuses a file for any fault:
// the header, the palette, and the rows that can be unpacked, stored without
// compression and with right checksums. Rows that are missing are zeros; whole
// tells how many are not. Nothing but one row is held.
type rows struct {
	pixels io.Reader // the unpacked rows, filter bytes included
	passes [][2]int
	bits   int // a pixel
	pass   int
	row    int
	whole  []int // rows that came, for each pass
	fault  error // why no more came
	line   []byte
	out    bytes.Buffer
	crc    uint32
	adler  hash.Hash32
	badSum bool // the rows are whole, and their checksum is wrong
	done   bool
	guard  *guard
}

// blockSize is the most that one stored block holds.
const blockSize = 65535

func newRows(f *pngFile, g *guard) (*rows, error) {
	pixels, err := zlib.NewReader(&stream{guard: g, parts: append(f.data, f.rest)})
	if err != nil {
		return nil, err
	}
	r := &rows{pixels: pixels, passes: f.passes(), bits: f.samples() * f.depth(), adler: adler32.New(), guard: g}
	r.whole = make([]int, len(r.passes))
	if r.bits == 0 {
		return nil, png.UnsupportedError(fmt.Sprintf("colour type %d", f.colour()))
	}
	r.out.WriteString("\x89PNG\r\n\x1a\n")
	r.chunk("IHDR", f.header)
	if f.palette != nil {
		r.chunk("PLTE", f.palette)
	}
	if len(f.transparent) > 0 {
		r.chunk("tRNS", f.transparent)
	}
	size := 2 + 4 // of zlib, and its checksum
	for _, p := range r.passes {
		n := r.rowSize(p[0])
		if p[0] > 0 {
			size += p[1] * (n + 5*((n+blockSize-1)/blockSize))
		}
	}
	size += 5 // an empty last block
	r.out.Write(binary.BigEndian.AppendUint32(nil, uint32(size)))
	r.crc = 0
	r.write([]byte("IDAT\x78\x01"))
	return r, nil
}

// chunk writes a whole chunk.
func (r *rows) chunk(kind string, body []byte) {
	r.out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
	r.crc = 0
	r.write([]byte(kind))
	r.write(body)
	r.out.Write(binary.BigEndian.AppendUint32(nil, r.crc))
}

// write writes a part of a chunk.
func (r *rows) write(b []byte) {
	r.out.Write(b)
	r.crc = crc32.Update(r.crc, crc32.IEEETable, b)
}

// rowSize is that of a row of w pixels, with its filter byte.
func (r *rows) rowSize(w int) int { return 1 + (w*r.bits+7)/8 }

func (r *rows) Read(p []byte) (int, error) {
	if err := r.guard.check(); err != nil {
		return 0, err
	}
	for r.out.Len() < len(p) && !r.done {
		r.next()
	}
	return r.out.Read(p)
}

// next writes one row, or the end.
func (r *rows) next() {
	for r.pass < len(r.passes) && (r.passes[r.pass][0] == 0 || r.row == r.passes[r.pass][1]) {
		r.pass, r.row = r.pass+1, 0
	}
	if r.pass == len(r.passes) {
		r.end()
		return
	}
	n := r.rowSize(r.passes[r.pass][0])
	if cap(r.line) < n {
		r.line = make([]byte, n)
	}
	line := r.line[:n]
	r.unpack(line)
	r.row++
	for len(line) > 0 {
		part := line[:min(len(line), blockSize)]
		line = line[len(part):]
		r.write([]byte{0, byte(len(part)), byte(len(part) >> 8), ^byte(len(part)), ^byte(len(part) >> 8)})
		r.write(part)
		r.adler.Write(part)
	}
}

// unpack reads one row; after the first fault all rows are zeros.
func (r *rows) unpack(line []byte) {
	if r.fault == nil {
		_, r.fault = io.ReadFull(r.pixels, line)
		if r.fault == nil && line[0] > 4 {
			r.fault = fmt.Errorf("filter %d is unknown", line[0])
		}
		if r.fault == nil {
			r.whole[r.pass]++
			return
		}
		if r.fault == io.EOF {
			r.fault = io.ErrUnexpectedEOF
		}
	}
	clear(line)
}

func (r *rows) end() {
	if r.fault == nil {
		// Behind the last row stands the checksum of all of them. Data in front
		// of it is surplus, which nobody misses.
		_, err := r.pixels.Read(make([]byte, 1))
		r.badSum = err == zlib.ErrChecksum
	}
	r.write([]byte{1, 0, 0, 0xff, 0xff})
	r.write(r.adler.Sum(nil))
	r.out.Write(binary.BigEndian.AppendUint32(nil, r.crc))
	r.chunk("IEND", nil)
	r.done = true
}

// wholePasses counts the passes from the first one that came whole.
func (r *rows) wholePasses() int {
	for i, n := range r.whole {
		if r.passes[i][0] > 0 && n < r.passes[i][1] {
			return i
		}
	}
	return len(r.whole)
}
