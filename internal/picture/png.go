package picture

import (
	"fmt"
	"hash/crc32"
	"image/png"
	"iter"
)

// pngFile is a PNG as a walk over its chunks finds it.
type pngFile struct {
	body        []byte // behind the magic
	ended       bool
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
	f := &pngFile{body: data[8:], orientation: 1, frames: 1}
	if err := f.walk(); err != nil {
		return err
	}
	if be32(f.header) > 1<<31-1 || be32(f.header[4:]) > 1<<31-1 {
		return refuse("limit_side", "a side of more than 31 bits")
	}
	p.width, p.height, p.orientation, p.frames = f.width(), f.height(), f.orientation, f.frames
	if len(f.data) == 0 {
		return refuse("damaged", "no pixels")
	}
	if f.frames > 1 {
		count := 0
		for range f.pictures() {
			count++
		}
		if count > 1 {
			f.animation(p, count)
			return nil
		}
		p.why = fmt.Sprintf("frame 1 of %d", f.frames)
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

// pngChunks walks over chunks, of which the last, if it holds pixels, may be
// cut off.
func pngChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			n, kind, body := be32(data), string(data[4:8]), data[8:]
			whole := uint64(n)+4 <= uint64(len(body))
			switch {
			case whole:
				body, data = body[:n:n+4], body[n+4:]
			case kind == "IDAT" || kind == "fdAT":
				n := min(int(n), len(body))
				body, data = body[:n:n], nil
			default:
				return
			}
			if !yield(kind, body) {
				return
			}
		}
	}
}

// walk keeps the chunks that pixels need. A wrong checksum in one of them is
// noted; in any other chunk it does not matter.
func (f *pngFile) walk() error {
	for kind, body := range pngChunks(f.body) {
		if f.header == nil {
			if kind != "IHDR" || len(body) != 13 {
				return refuse("unsupported", "begins with a chunk %q of %d bytes", kind, len(body))
			}
			f.header = body
		}
		if kind == "IEND" {
			f.ended = true
			break
		}
		f.keep(kind, body)
		critical := kind == "IHDR" || kind == "PLTE" || kind == "IDAT"
		if critical && f.wrongSum == "" && !rightSum(kind, body) {
			f.wrongSum = kind
		}
	}
	if f.header == nil {
		return refuse("damaged", "cut off in the header")
	}
	return nil
}

// rightSum says whether the checksum behind a chunk is its own; one that was
// cut off has none, which is told elsewhere.
func rightSum(kind string, body []byte) bool {
	if cap(body) < len(body)+4 {
		return true
	}
	sum := body[len(body):][:4]
	return crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, body) == be32(sum)
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
		f.add(body)
	case "eXIf":
		f.orientation = orientationOf(body)
	case "acTL":
		if len(body) == 8 {
			f.frames = int(max(1, min(be32(body), 1<<20)))
		}
	}
}

// add keeps a part of the pixels.
func (f *pngFile) add(part []byte) {
	if len(f.data) < mostParts {
		f.data = append(f.data, part)
	} else {
		f.rest = append(f.rest, part...)
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
