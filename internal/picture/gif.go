package picture

import (
	"compress/lzw"
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"
	"slices"
)

// gifFile is a GIF. image/gif is not used: it gives nothing of a frame that is
// cut off, wants all frames of an animation in memory at once, and what is left
// to do beside compress/lzw is to look up colours.
type gifFile struct {
	width, height int // of the screen
	palette       []byte
	body          []byte // behind the palette
	count         int    // of frames
	ended         bool
}

// gifFrame is one frame, as its headers tell.
type gifFrame struct {
	at          image.Rectangle
	palette     []byte
	transparent int // index, -1 if none
	interlaced  bool
	after       int // what becomes of its place: keepPlace and so on
	literal     int
	data        []byte // in blocks
}

func readGIF(data []byte, p *plan) error {
	if len(data) < 13 {
		return refuse("damaged", "cut off in the header")
	}
	f := &gifFile{width: int(le16(data[6:])), height: int(le16(data[8:]))}
	f.palette, f.body = gifPalette(data[13:], data[10])
	p.canvas = [2]int{f.width, f.height}
	var first *gifFrame
	for frame := range f.frames() {
		if first == nil {
			first = &frame
		}
		f.count++
	}
	if first == nil {
		p.width, p.height = f.width, f.height
		p.decode = func(*guard) (surface, error) { return surface{}, refuse("damaged", "cut off before the first frame") }
		return nil
	}
	p.frames = f.count
	if f.count > 1 {
		f.clip(first).plan(p)
		return nil
	}
	// Of a single frame the empty rest of the screen is not shown.
	p.width, p.height = first.at.Dx(), first.at.Dy()
	p.memory = 2 * int64(p.width) * int64(p.height)
	p.decode = func(g *guard) (surface, error) { return first.into(g, make([]uint8, p.width*p.height)) }
	return nil
}

// clip makes an animation of the file. The screen holds the first frame,
// whatever its size in the header.
func (f *gifFile) clip(first *gifFrame) *clip {
	c := &clip{width: max(f.width, first.at.Max.X), height: max(f.height, first.at.Max.Y), count: f.count, ended: f.ended, pixel: 1, work: gifWork}
	var scratch []uint8 // for one frame after the other
	c.frames = func(yield func(clipFrame) bool) {
		for frame := range f.frames() {
			shown := clipFrame{
				at: frame.at, fault: c.outside(frame.at.Size()), over: true, opaque: frame.transparent < 0, after: frame.after,
				decode: func(g *guard) (surface, error) {
					scratch = slices.Grow(scratch[:0], frame.at.Dx()*frame.at.Dy())
					return frame.into(g, scratch[:frame.at.Dx()*frame.at.Dy()])
				},
			}
			if !yield(shown) {
				return
			}
		}
	}
	return c
}

// gifWork is how many pixels may be decoded for the frames beyond the first:
// some three seconds' worth.
const gifWork = 320_000_000

// gifPalette cuts a colour table off, as flags announce it.
func gifPalette(data []byte, flags byte) (palette, rest []byte) {
	if flags&0x80 == 0 {
		return nil, data
	}
	n := min(len(data), 3<<(flags&7+1))
	return data[:n], data[n:]
}

// frames walks over the blocks, and notes whether they come to their end.
func (f *gifFile) frames() iter.Seq[gifFrame] {
	return func(yield func(gifFrame) bool) {
		control := gifFrame{transparent: -1}
		for data := f.body; len(data) > 0; {
			switch data[0] {
			case 0x21: // extension
				if len(data) > 8 && data[1] == 0xf9 && data[2] == 4 {
					control = gifControl(data[3:])
				}
				data = afterBlocks(data[min(2, len(data)):])
			case 0x2c: // frame
				if len(data) < 11 {
					return
				}
				head := data[1:10]
				local, rest := gifPalette(data[10:], head[8])
				if len(rest) == 0 {
					return
				}
				corner, size := image.Pt(int(le16(head)), int(le16(head[2:]))), image.Pt(int(le16(head[4:])), int(le16(head[6:])))
				frame := control
				frame.at, frame.interlaced = image.Rectangle{corner, corner.Add(size)}, head[8]&0x40 != 0
				frame.palette, frame.literal, frame.data = f.palette, int(rest[0]), rest[1:]
				if local != nil {
					frame.palette = local
				}
				if !yield(frame) {
					return
				}
				control = gifFrame{transparent: -1}
				data = afterBlocks(rest[1:])
			case 0x3b:
				f.ended = true
				return
			default:
				return
			}
		}
	}
}

// gifControl reads how the next frame is to be shown.
func gifControl(b []byte) gifFrame {
	f := gifFrame{transparent: -1}
	if b[0]&1 != 0 {
		f.transparent = int(b[3])
	}
	switch b[0] >> 2 & 7 {
	case 2:
		f.after = clearPlace
	case 3, 4: // 4 is an old mistake of encoders
		f.after = restorePlace
	}
	return f
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

// into decodes the frame; its surface reads from the indexes that it fills.
func (f *gifFrame) into(g *guard, indexes []uint8) (surface, error) {
	if f.palette == nil {
		return surface{}, refuse("damaged", "no colours")
	}
	if f.literal < 2 || f.literal > 8 {
		return surface{}, refuse("damaged", "codes of %d bits", f.literal)
	}
	w, h := f.at.Dx(), f.at.Dy()
	m := &image.Paletted{Pix: indexes, Stride: w, Rect: image.Rect(0, 0, w, h), Palette: f.colours()}
	r := lzw.NewReader(&blocks{guard: g, data: f.data}, lzw.LSB, f.literal)
	defer r.Close()
	n, err := io.ReadFull(r, m.Pix)
	if n < w || n == 0 {
		return surface{}, fmt.Errorf("no line is whole: %w", err)
	}
	lines := n / w
	s, err2 := surfaceOf(m)
	order := f.order()
	if f.interlaced {
		place := make([]int, h)
		for i, y := range order {
			place[y] = i
		}
		s.line, s.alpha = rearranged(s.line, place), rearranged(s.alpha, place)
	}
	if err != nil {
		whole := make([]bool, h)
		for _, y := range order[:lines] {
			whole[y] = true
		}
		s.seen = func(y int) bool { return whole[y] }
		s.why = fmt.Sprintf("%d lines of %d: %v", lines, h, err)
	}
	return s, err2
}

// rearranged reads line y from where it is.
func rearranged(line func(int, []uint8) []uint8, place []int) func(int, []uint8) []uint8 {
	if line == nil {
		return nil
	}
	return func(y int, to []uint8) []uint8 { return line(place[y], to) }
}

// order returns which line comes when.
func (f *gifFrame) order() []int {
	h := f.at.Dy()
	order := make([]int, 0, h)
	passes := [][2]int{{0, 1}}
	if f.interlaced {
		passes = [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	for _, p := range passes {
		for y := p[0]; y < h; y += p[1] {
			order = append(order, y)
		}
	}
	return order
}

func (f *gifFrame) colours() color.Palette {
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
