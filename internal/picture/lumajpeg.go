package picture

import (
	"errors"
	"fmt"
)

// Most of a JPEG is detail that no fingerprint looks at. What stands in the
// files luma*.go decodes luma alone, at 1/8, 1/4, 1/2 or all of its size, from ITU-T
// T.81: 1/8 is the first coefficient of each block. It takes what is common,
// and leaves the rest, and everything that is not in order, to image/jpeg.

// errNotHere sends a JPEG to image/jpeg.
var errNotHere = errors.New("not for the luma decoder")

// smallSide is what the shorter side of a small plane has at least. PDQ, in bits
// off the hash of the full plane, by that side, over crops of 40 photographs:
//
//	136-159  n 224  mean 3.6  p99 10  max 10
//	160-191  n 256  mean 2.6  p99 10  max 12
//	192-223  n 403  mean 2.0  p99 10  max 12
//	224-239  n 120  mean 1.4  p99  8  max  8
//	240-383  n 632  mean 0.9  p99  4  max  6
//
// The rule is 10 bits on every photograph.
const smallSide = 240

// lumaJPEG is a JPEG that the luma decoder takes.
type lumaJPEG struct {
	*jpegFile
	side   int  // pixels of a block along each axis: 1, 2, 4 or 8
	sharp  bool // a small plane would not be smaller
	tables *tables
}

// lumaOf chooses the scale; nil means that only the full one will do. A small
// plane has a shorter side of smallSide, a sharp one a longer side of maxSide:
// the least that later stages look at.
func lumaOf(f *jpegFile, small bool, t *tables) *lumaJPEG {
	if !f.hasLuma() {
		return nil
	}
	w, h := f.width(), f.height()
	for _, side := range []int{1, 2, 4, 8} {
		if f.progressive && side >= 4 {
			return nil // its detail comes last, and would have to be read in whole
		}
		sharp := max(w, h)*side >= 8*maxSide || side == 8
		if sharp && f.progressive && side > 1 {
			return nil
		}
		if sharp || small && min(w, h)*side >= 8*smallSide {
			return &lumaJPEG{f, side, sharp, t}
		}
	}
	return nil
}

// hasLuma reports whether the first component is luma, which only the colour
// space tells, and never the sampling. It also asks for sampling that image/jpeg
// takes: that of luma is then the highest, and that of both colours the same.
func (f *jpegFile) hasLuma() bool {
	switch f.components() {
	case 1:
		h, v := f.head[7]>>4, f.head[7]&15
		return f.head[8] <= 3 && h >= 1 && h <= 4 && h != 3 && v >= 1 && v <= 4 && v != 3
	case 4:
		return false
	}
	red := f.head[6] == 'R' && f.head[9] == 'G' && f.head[12] == 'B'
	if !f.jfif && (f.adobe && f.transform == 0 || red) {
		return false
	}
	total := 0
	h0, v0 := f.sampling(0)
	for i := range 3 {
		h, v := f.sampling(i)
		total += h * v
		if h == 3 || v == 3 || v == 4 || h0%h != 0 || v0%v != 0 || f.head[8+3*i] > 3 {
			return false
		}
	}
	distinct := f.head[6] != f.head[9] && f.head[6] != f.head[12] && f.head[9] != f.head[12]
	return total <= mostBlocks && distinct && f.head[10] == f.head[13]
}

// mcus returns how many MCUs there are, and the blocks of luma in each.
func (f *jpegFile) mcus() (across, down, wide, high int) {
	wide, high = f.sampling(0)
	return (f.width() + 8*wide - 1) / (8 * wide), (f.height() + 8*high - 1) / (8 * high), wide, high
}

// memory is what decode allocates at most.
func (l *lumaJPEG) memory() int64 {
	across, down, wide, high := l.mcus()
	blocks := int64(across*wide) * int64(down*high)
	n := 2*blocks*int64(l.side*l.side) + lumaOverhead
	if l.progressive {
		n += 4 * blocks
		if l.side > 1 {
			n += 2 * lowAC * blocks
		}
	}
	return n
}

// lumaOverhead is more than tables and bits take.
const lumaOverhead = 512 << 10

// decode returns errNotHere where the file is not in order.
func (l *lumaJPEG) decode(g *guard) (surface, error) {
	if l.progressive {
		return l.decodeProgressive(g)
	}
	scan, err := l.prepare(g)
	if err != nil {
		return surface{}, err
	}
	var rows int
	if l.side == 1 {
		rows, err = scan.means()
	} else {
		rows, err = scan.values()
	}
	switch {
	case scan.elsewhere:
		return surface{}, errNotHere
	case err != nil && !errors.Is(err, errCutOff):
		return surface{}, err
	}
	return l.surface(scan, rows, g)
}

// prepare makes ready the one scan of a sequential JPEG that has luma.
func (l *lumaJPEG) prepare(g *guard) (*lumaScan, error) {
	heads, err := l.heads()
	if err != nil {
		return nil, err
	}
	var head *scanHead
	for i := range heads {
		if heads[i].of(0) >= 0 {
			if head != nil {
				return nil, errNotHere
			}
			head = &heads[i]
		}
	}
	if head == nil {
		return nil, errNotHere
	}
	s := &lumaScan{guard: g, interval: head.interval}
	across, down, wide, high := l.mcus()
	stride := across * wide * l.side
	s.across, s.down, s.stepX, s.stepY = across, down, wide*l.side, high*l.side*stride
	s.weights = weightsOf(l.side, &head.quant, stride, l.sharp)
	if len(head.components) == 1 {
		s.across, s.down, s.stepX, s.stepY = (l.width()+7)/8, (l.height()+7)/8, l.side, l.side*stride
		wide, high = 1, 1
	}
	for i, c := range head.components {
		dc, ac := head.dc[i], head.ac[i]
		if dc == nil || ac == nil {
			return nil, errNotHere
		}
		b := mcuBlock{dc: dc, ac: ac, runs: l.tables.runs(ac), luma: c == 0}
		if b.starts = l.tables.starts(dc, ac); c == 0 && l.side > 1 {
			b.starts, b.levels = l.tables.starts(dc, nil), l.tables.levels(ac)
			if l.side == 2 && !l.sharp {
				b.slopes = l.tables.slopes(ac)
			}
		}
		h, v := l.sampling(c)
		if len(head.components) == 1 {
			h, v = 1, 1
		}
		for j := range h * v {
			b.at = j/h*l.side*stride + j%h*l.side
			s.blocks = append(s.blocks, b)
		}
	}
	s.bits = newEntropy(head.data, len(s.blocks))
	// A block takes two bits at least: what cannot be there gets no memory.
	rows := min(s.down, len(head.data)*4/(len(s.blocks)*s.across)+1)
	s.plane = make([]uint8, rows*s.stepY)
	return s, nil
}

// surface gives the lines of the plane. Of a file that breaks off, those of
// rows that came whole.
func (l *lumaJPEG) surface(scan *lumaScan, rows int, g *guard) (surface, error) {
	scale := 8 / l.side
	stride := scan.weights.stride
	s := surface{width: (l.width() + scale - 1) / scale, height: (l.height() + scale - 1) / scale}
	s.line = func(y int, _ []uint8) []uint8 { return scan.plane[y*stride:][:s.width] }
	if rows == scan.down {
		return fitted(s, l.width(), l.height(), scale, g)
	}
	lines := rows * scan.stepY / stride
	if lines == 0 {
		return s, errNotHere
	}
	s.seen = func(y int) bool { return y < lines }
	s.why = fmt.Sprintf("lines 1 to %d of %d: %v", min(lines*scale, l.height()), l.height(), errCutOff)
	return fitted(s, l.width(), l.height(), scale, g)
}
