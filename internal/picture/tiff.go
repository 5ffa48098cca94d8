package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

// Tags of TIFF that are looked at before the decoder gets the file.
const (
	tagSubfile     = 254
	tagCompression = 259
	tagFillOrder   = 266
	tagSamples     = 277
	tagStripRows   = 278
	tagPlanar      = 284
	tagTileWidth   = 322
	tagTileLength  = 323
	tagSubIFDs     = 330
	tagPreview     = 513 // an embedded JPEG
	tagDNG         = 50706
)

// mostPages bounds the walk from page to page.
const mostPages = 1000

// tiffFile is the first directory of a TIFF.
type tiffFile struct {
	data    []byte
	order   binary.ByteOrder
	entries []byte
}

func readTIFF(data []byte, p *plan) error {
	order, entries := directory(data, 0)
	f := tiffFile{data, order, entries}
	if err := f.refused(); err != nil {
		return err
	}
	config, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return refusalOf(err)
	}
	p.width, p.height, p.orientation = config.Width, config.Height, orientationOf(data)
	p.frames = f.pages()
	if p.frames > 1 {
		p.why = fmt.Sprintf("page 1 of %d", p.frames)
	}
	held := int64(4)
	switch config.ColorModel {
	case color.GrayModel:
		held = 1
	case color.Gray16Model:
		held = 2
	case color.RGBA64Model, color.NRGBA64Model:
		held = 8
	}
	p.memory = held*int64(p.width)*int64(p.height) + f.block(p)
	p.decode = f.decode
	return nil
}

// refused names what x/image/tiff would decode wrongly or not at all.
func (f tiffFile) refused() error {
	_, preview := f.value(tagPreview)
	_, sub := f.value(tagSubIFDs)
	_, dng := f.value(tagDNG)
	kind, _ := f.value(tagSubfile)
	reduced := kind&1 != 0
	samples, _ := f.value(tagSamples)
	planar, _ := f.value(tagPlanar)
	compression, _ := f.value(tagCompression)
	fill, _ := f.value(tagFillOrder)
	switch {
	case len(f.entries) == 0:
		return refuse("damaged", "cut off before the directory")
	case compression == 6 || compression == 7:
		return refuse("unsupported", "JPEG inside TIFF")
	case preview || dng || sub && reduced:
		return refuse("unsupported", "a camera's raw file, of which only previews are pictures")
	case planar == 2 && samples > 1:
		return refuse("unsupported", "separate planes")
	case fill == 2 && compression <= 1:
		return refuse("unsupported", "bits in reversed order")
	}
	return nil
}

// value returns the first value of a tag of whole numbers.
func (f tiffFile) value(tag uint16) (uint32, bool) {
	return f.valueIn(f.entries, tag)
}

func (f tiffFile) valueIn(entries []byte, tag uint16) (uint32, bool) {
	for i := 0; i+12 <= len(entries); i += 12 {
		e := entries[i:][:12]
		if f.order.Uint16(e) != tag {
			continue
		}
		kind, count, body := f.order.Uint16(e[2:]), uint64(f.order.Uint32(e[4:])), e[8:]
		size := map[uint16]uint64{1: 1, 3: 2, 4: 4}[kind]
		if size == 0 || count == 0 {
			return 0, true
		}
		if at := uint64(f.order.Uint32(body)); size*count > 4 {
			if at+4 > uint64(len(f.data)) {
				return 0, true
			}
			body = f.data[at:]
		}
		switch size {
		case 1:
			return uint32(body[0]), true
		case 2:
			return uint32(f.order.Uint16(body)), true
		}
		return f.order.Uint32(body), true
	}
	return 0, false
}

// block bounds what the decoder holds of one strip or tile: it unpacks up to
// eight bytes a pixel, into a buffer that doubles as it grows. Strips that are
// not packed are no longer than the file; they are read in pieces of 10 MiB,
// into a buffer that grows.
func (f tiffFile) block(p *plan) int64 {
	if compression, _ := f.value(tagCompression); compression <= 1 {
		return 3*int64(len(f.data)) + min(10<<20, int64(len(f.data)))
	}
	w, h := int64(p.width), int64(p.height)
	if tw, ok := f.value(tagTileWidth); ok && tw != 0 {
		th, _ := f.value(tagTileLength)
		// Tiles may be larger than the picture, by up to 1,024 pixels a side.
		w, h = min(int64(tw), w+1024), min(int64(th), h+1024)
	} else if rows, _ := f.value(tagStripRows); rows > 0 {
		h = min(h, int64(rows))
	}
	return 3 * 8 * w * h
}

// pages counts the pictures of the file: reduced copies and masks are none.
func (f tiffFile) pages() int {
	n, at, seen := 0, uint32(0), map[uint32]bool{}
	for range mostPages {
		_, entries := directory(f.data, at)
		if kind, _ := f.valueIn(entries, tagSubfile); kind&5 == 0 {
			n++
		}
		if at == 0 {
			at = f.order.Uint32(f.data[4:])
		}
		end := uint64(at) + 2 + uint64(len(entries))
		if len(entries) == 0 || end+4 > uint64(len(f.data)) {
			break
		}
		if at = f.order.Uint32(f.data[end:]); at == 0 || seen[at] {
			break
		}
		seen[at] = true
	}
	return max(1, n)
}

func (f tiffFile) decode(g *guard) (surface, error) {
	m, err := tiff.Decode(&anywhere{stream{guard: g, parts: [][]byte{f.data}}, f.data})
	if err != nil {
		return surface{}, err
	}
	return surfaceOf(m)
}

// anywhere is a stream that can be read at any place, as TIFF is.
type anywhere struct {
	stream
	data []byte
}

func (a *anywhere) ReadAt(p []byte, at int64) (int, error) {
	if err := a.guard.check(); err != nil {
		return 0, err
	}
	if at < 0 || at >= int64(len(a.data)) {
		return 0, io.EOF
	}
	n := copy(p, a.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
