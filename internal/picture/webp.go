package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/image/webp"
)

// webpFile is the one picture of a WebP that is decoded, with what was found
// around it. The decoder gets it in a container written anew: sizes that the
// file announces elsewhere never reach it.
type webpFile struct {
	kind        string // "VP8 " or "VP8L"
	data, alpha []byte
	canvas      [2]int
	orientation int
	frames      int
}

func readWebP(data []byte, p *plan) error {
	f := &webpFile{orientation: 1}
	f.walk(data[12:], true)
	p.orientation, p.canvas, p.frames = f.orientation, f.canvas, max(1, f.frames)
	if f.frames > 1 {
		p.why = fmt.Sprintf("frame 1 of %d", f.frames)
	}
	var err error
	switch f.kind {
	case "":
		p.width, p.height = f.canvas[0], f.canvas[1]
		p.decode = func(*guard) (surface, error) { return surface{}, refuse("damaged", "cut off before the pixels") }
		return nil
	case "VP8 ":
		p.width, p.height, err = sizeOfVP8(f.data)
	default:
		p.width, p.height, err = sizeOfVP8L(f.data)
	}
	if err != nil {
		return err
	}
	p.memory = f.memory(int64(p.width) * int64(p.height))
	p.decode = func(g *guard) (surface, error) { return f.decode(g, p.width, p.height) }
	return nil
}

// memory is what x/image/webp holds for n pixels: 4:2:0 planes and, of alpha,
// one plane and the lossless picture in which it is packed; or two lossless
// pictures. Lossless ones come with trees of codes, up to 140 MiB of them when
// the file has room to describe these.
func (f *webpFile) memory(n int64) int64 {
	trees := func(b []byte) int64 { return min(140<<20, 256*int64(len(b))) }
	if f.kind == "VP8L" {
		return 8*n + trees(f.data)
	}
	if f.alpha != nil {
		return 11*n + trees(f.alpha)
	}
	return 2 * n
}

// walk reads chunks: those of the file, or those of one frame.
func (f *webpFile) walk(data []byte, top bool) {
	for len(data) >= 8 {
		kind, n := string(data[:4]), uint64(le32(data[4:]))
		body := data[8:]
		data = nil
		if n <= uint64(len(body)) {
			data = body[min(n+n%2, uint64(len(body))):]
			body = body[:n]
		}
		switch {
		case kind == "VP8X" && top && len(body) >= 10:
			f.canvas = [2]int{1 + int(le32(body[3:])>>8), 1 + int(le32(body[6:])>>8)}
		case kind == "EXIF" && top:
			f.orientation = orientationOf(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case kind == "ANMF" && top:
			f.frames++
			if f.kind == "" && len(body) > 16 {
				f.walk(body[16:], false)
			}
		case kind == "ALPH" && f.kind == "" && f.alpha == nil:
			f.alpha = body
		case (kind == "VP8 " || kind == "VP8L") && f.kind == "":
			f.kind, f.data = kind, body
		}
	}
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

func (f *webpFile) decode(g *guard, w, h int) (surface, error) {
	var parts [][]byte
	size := 4
	add := func(kind string, body []byte) {
		head := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		parts = append(parts, head, body)
		size += len(head) + len(body)
		if len(body)%2 == 1 {
			parts = append(parts, []byte{0})
			size++
		}
	}
	if f.alpha != nil && f.kind == "VP8 " {
		const alphaFlag = 0x10
		head := []byte{alphaFlag, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
		add("VP8X", head)
		add("ALPH", f.alpha)
	}
	add(f.kind, f.data)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size))
	parts = append([][]byte{head, []byte("WEBP")}, parts...)
	m, err := webp.Decode(&stream{guard: g, parts: parts})
	if err != nil {
		return surface{}, err
	}
	return surfaceOf(m)
}
