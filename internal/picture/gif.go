package picture

import (
	"compress/lzw"
	"fmt"
	"image"
	"image/color"
	"io"
)

// gifFile is the first frame of a GIF, with a count of all. image/gif is not
// used: it gives nothing of a frame that is cut off, and what is left to do
// beside compress/lzw is to look up colours.
type gifFile struct {
	width, height int // of the frame
	palette       []byte
	transparent   int // index, -1 if none
	interlaced    bool
	literal       int
	data          []byte // of the frame, in blocks
	frames        int
	ended         bool
}

func readGIF(data []byte, p *plan) error {
	if len(data) < 13 {
		return refuse("damaged", "cut off in the header")
	}
	f := &gifFile{transparent: -1}
	global, rest := gifPalette(data[13:], data[10])
	f.walk(rest, global)
	p.canvas = [2]int{int(le16(data[6:])), int(le16(data[8:]))}
	p.width, p.height = f.width, f.height
	if f.data == nil {
		p.width, p.height = p.canvas[0], p.canvas[1]
		p.decode = func(*guard) (surface, error) { return surface{}, refuse("damaged", "cut off before the first frame") }
		return nil
	}
	p.frames = f.frames
	if f.frames > 1 {
		p.why = fmt.Sprintf("frame 1 of %d", f.frames)
		if !f.ended {
			p.why += " or more"
		}
	}
	p.memory = 2 * int64(f.width) * int64(f.height)
	p.decode = f.decode
	return nil
}

// gifPalette cuts a colour table off, as flags announce it.
func gifPalette(data []byte, flags byte) (palette, rest []byte) {
	if flags&0x80 == 0 {
		return nil, data
	}
	n := min(len(data), 3<<(flags&7+1))
	return data[:n], data[n:]
}

// walk passes over the blocks, and keeps the first frame.
func (f *gifFile) walk(data, global []byte) {
	transparent := -1
	for len(data) > 0 {
		switch data[0] {
		case 0x21: // extension
			if len(data) > 8 && data[1] == 0xf9 && data[2] == 4 && data[3]&1 != 0 {
				transparent = int(data[6])
			}
			data = afterBlocks(data[min(2, len(data)):])
		case 0x2c: // frame
			if len(data) < 11 {
				return
			}
			f.frames++
			head := data[1:10]
			local, rest := gifPalette(data[10:], head[8])
			if len(rest) == 0 {
				return
			}
			if f.frames == 1 {
				f.width, f.height = int(le16(head[4:])), int(le16(head[6:]))
				f.interlaced, f.transparent = head[8]&0x40 != 0, transparent
				f.palette, f.literal, f.data = global, int(rest[0]), rest[1:]
				if local != nil {
					f.palette = local
				}
			}
			transparent = -1
			data = afterBlocks(rest[1:])
		case 0x3b:
			f.ended = true
			return
		default:
			return
		}
	}
}

// afterBlocks passes over blocks, each behind its length, up to the empty one.
func afterBlocks(data []byte) []byte {
	for len(data) > 0 {
		n := int(data[0])
		data = data[min(len(data), 1+n):]
		if n == 0 {
			break
		}
	}
	return data
}

// blocks reads what the blocks hold.
type blocks struct {
	guard *guard
	data  []byte
	left  int // of the block at hand
}

func (b *blocks) ReadByte() (byte, error) {
	if b.left == 0 {
		if err := b.guard.check(); err != nil {
			return 0, err
		}
		if len(b.data) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		b.left, b.data = int(b.data[0]), b.data[1:]
		if b.left == 0 {
			b.data = nil
			return 0, io.EOF
		}
	}
	if len(b.data) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	c := b.data[0]
	b.left, b.data = b.left-1, b.data[1:]
	return c, nil
}

// Read is there for the interface: compress/lzw reads bytes.
func (b *blocks) Read(p []byte) (int, error) {
	for i := range p {
		c, err := b.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = c
	}
	return len(p), nil
}

func (f *gifFile) decode(g *guard) (surface, error) {
	if f.palette == nil {
		return surface{}, refuse("damaged", "no colours")
	}
	if f.literal < 2 || f.literal > 8 {
		return surface{}, refuse("damaged", "codes of %d bits", f.literal)
	}
	m := image.NewPaletted(image.Rect(0, 0, f.width, f.height), f.colours())
	r := lzw.NewReader(&blocks{guard: g, data: f.data}, lzw.LSB, f.literal)
	defer r.Close()
	n, err := io.ReadFull(r, m.Pix)
	if n < f.width {
		return surface{}, fmt.Errorf("no line is whole: %w", err)
	}
	lines := n / f.width
	s, err2 := surfaceOf(m)
	order := f.order()
	if f.interlaced {
		plain, place := s.line, make([]int, f.height)
		for i, y := range order {
			place[y] = i
		}
		s.line = func(y int, to []uint8) []uint8 { return plain(place[y], to) }
	}
	if err != nil {
		whole := make([]bool, f.height)
		for _, y := range order[:lines] {
			whole[y] = true
		}
		s.seen = func(y int) bool { return whole[y] }
		s.why = fmt.Sprintf("%d lines of %d: %v", lines, f.height, err)
	}
	return s, err2
}

// order returns which line comes when.
func (f *gifFile) order() []int {
	order := make([]int, 0, f.height)
	passes := [][2]int{{0, 1}}
	if f.interlaced {
		passes = [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	for _, p := range passes {
		for y := p[0]; y < f.height; y += p[1] {
			order = append(order, y)
		}
	}
	return order
}

func (f *gifFile) colours() color.Palette {
	out := make(color.Palette, len(f.palette)/3, 256)
	for i := range out {
		out[i] = color.RGBA{f.palette[3*i], f.palette[3*i+1], f.palette[3*i+2], 255}
	}
	if f.transparent >= 0 {
		for len(out) <= f.transparent {
			out = append(out, color.RGBA{})
		}
		out[f.transparent] = color.RGBA{}
	}
	return out
}
