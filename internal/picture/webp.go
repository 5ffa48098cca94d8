package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"iter"

	"golang.org/x/image/webp"
)

// webpFile is a WebP as a walk over its chunks finds it.
type webpFile struct {
	body        []byte
	still       webpFrame // the picture that stands outside of frames
	canvas      [2]int
	orientation int
	count       int // of frames
	longest     int // bytes of a frame
	ended       bool
}

// webpFrame is one picture of a WebP. The decoder gets it in a container
// written anew: sizes that the file announces elsewhere never reach it.
type webpFrame struct {
	kind        string // "VP8 " or "VP8L", "" if none came
	data, alpha []byte
	at          image.Point
	over        bool
	after       int
}

func readWebP(data []byte, p *plan) error {
	f := &webpFile{body: data[12:], orientation: 1, ended: uint64(le32(data[4:]))+8 <= uint64(len(data))+1}
	f.walk()
	p.orientation, p.canvas = f.orientation, f.canvas
	if f.count > 1 {
		return f.animation(p)
	}
	one := f.still
	for frame := range f.frames() {
		one = frame
		break
	}
	if one.kind == "" {
		p.width, p.height = f.canvas[0], f.canvas[1]
		p.decode = func(*guard) (surface, error) { return surface{}, refuse("damaged", "cut off before the pixels") }
		return nil
	}
	size, err := one.size()
	if err != nil {
		return err
	}
	p.width, p.height = size.X, size.Y
	p.memory = one.memory(int64(p.width) * int64(p.height))
	p.decode = one.decode
	return nil
}

// webpWork is how many pixels may be decoded for the frames beyond the first:
// some three seconds' worth.
const webpWork = 80_000_000

// animation plans for the frames. Without a canvas in the header, the
// first one is it.
func (f *webpFile) animation(p *plan) error {
	c := &clip{width: f.canvas[0], height: f.canvas[1], count: f.count, ended: f.ended, work: webpWork}
	for frame := range f.frames() {
		size, err := frame.size()
		if err == nil && (c.width == 0 || c.height == 0) {
			c.width, c.height = frame.at.X+size.X, frame.at.Y+size.Y
		}
		break
	}
	c.frames = func(yield func(clipFrame) bool) {
		for frame := range f.frames() {
			if !yield(frame.shown(c)) {
				return
			}
		}
	}
	c.plan(p)
	// Any of the frames may be lossless, or have alpha.
	p.memory += 11*int64(c.width)*int64(c.height) + webpTrees(f.longest)
	return nil
}

func (f webpFrame) shown(c *clip) clipFrame {
	s := clipFrame{over: f.over, opaque: f.kind == "VP8 " && f.alpha == nil, after: f.after, decode: f.decode}
	size, err := f.size()
	if err != nil {
		s.fault = err.Error()
		return s
	}
	s.at = image.Rectangle{f.at, f.at.Add(size)}
	s.fault = c.outside(size)
	return s
}

// memory is what x/image/webp holds for n pixels: 4:2:0 planes and, of alpha,
// one plane and the lossless picture in which it is packed; or two lossless
// pictures. Lossless ones come with trees of codes, up to 140 MiB of them when
// the file has room to describe these.
func (f webpFrame) memory(n int64) int64 {
	if f.kind == "VP8L" {
		return 8*n + webpTrees(len(f.data))
	}
	if f.alpha != nil {
		return 11*n + webpTrees(len(f.alpha))
	}
	return 2 * n
}

func webpTrees(bytes int) int64 { return min(140<<20, 256*int64(bytes)) }

// chunks walks over chunks; the last may be cut off.
func chunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			kind, n := string(data[:4]), uint64(le32(data[4:]))
			body := data[8:]
			data = nil
			if n <= uint64(len(body)) {
				data = body[min(n+n%2, uint64(len(body))):]
				body = body[:n]
			}
			if !yield(kind, body) {
				return
			}
		}
	}
}

// walk notes what is known without decoding.
func (f *webpFile) walk() {
	for kind, body := range chunks(f.body) {
		switch kind {
		case "VP8X":
			if len(body) >= 10 {
				f.canvas = [2]int{1 + int(le32(body[3:])>>8), 1 + int(le32(body[6:])>>8)}
			}
		case "EXIF":
			f.orientation = orientationOf(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case "ANMF": // see frames
		default:
			f.still.keep(kind, body)
		}
	}
	for frame := range f.frames() {
		f.count++
		f.longest = max(f.longest, len(frame.data)+len(frame.alpha))
	}
}

// frames are those of an animation that have pixels.
func (f *webpFile) frames() iter.Seq[webpFrame] {
	return func(yield func(webpFrame) bool) {
		for kind, body := range chunks(f.body) {
			if kind != "ANMF" {
				continue
			}
			var frame webpFrame
			if len(body) > 16 {
				frame.at = image.Pt(2*int(le24(body)), 2*int(le24(body[3:])))
				frame.over = body[15]&2 == 0
				if body[15]&1 != 0 {
					frame.after = clearPlace
				}
				for kind, part := range chunks(body[16:]) {
					frame.keep(kind, part)
				}
			}
			if frame.kind != "" && !yield(frame) {
				return
			}
		}
	}
}

func (f *webpFrame) keep(kind string, body []byte) {
	switch {
	case f.kind != "":
	case kind == "ALPH" && f.alpha == nil:
		f.alpha = body
	case kind == "VP8 " || kind == "VP8L":
		f.kind, f.data = kind, body
	}
}

func le24(b []byte) uint32 { return uint32(le16(b)) | uint32(b[2])<<16 }

// size is that of what the decoder allocates.
func (f webpFrame) size() (image.Point, error) {
	var w, h int
	err := error(refuse("damaged", "no pixels"))
	switch f.kind {
	case "VP8 ":
		w, h, err = sizeOfVP8(f.data)
	case "VP8L":
		w, h, err = sizeOfVP8L(f.data)
	}
	return image.Pt(w, h), err
}

// sizeOfVP8 reads the header of a key frame (RFC 6386, 9.1).
func sizeOfVP8(b []byte) (w, h int, err error) {
	if len(b) < 10 || b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
		return 0, 0, refuse("damaged", "no key frame")
	}
	return int(le16(b[6:]) & 0x3fff), int(le16(b[8:]) & 0x3fff), nil
}

func sizeOfVP8L(b []byte) (w, h int, err error) {
	if len(b) < 5 || b[0] != 0x2f {
		return 0, 0, refuse("damaged", "no lossless header")
	}
	v := le32(b[1:])
	return 1 + int(v&0x3fff), 1 + int(v>>14&0x3fff), nil
}

func (f webpFrame) decode(g *guard) (surface, error) {
	size, err := f.size()
	if err != nil {
		return surface{}, err
	}
	w, h := size.X, size.Y
	var parts [][]byte
	length := 4
	add := func(kind string, body []byte) {
		head := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		parts = append(parts, head, body)
		length += len(head) + len(body)
		if len(body)%2 == 1 {
			parts = append(parts, []byte{0})
			length++
		}
	}
	if f.alpha != nil && f.kind == "VP8 " {
		const alphaFlag = 0x10
		head := []byte{alphaFlag, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
		add("VP8X", head)
		add("ALPH", f.alpha)
	}
	add(f.kind, f.data)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(length))
	parts = append([][]byte{head, []byte("WEBP")}, parts...)
	m, err := webp.Decode(&stream{guard: g, parts: parts})
	if err != nil {
		return surface{}, err
	}
	return surfaceOf(m)
}
