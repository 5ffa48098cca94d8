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
