package picture

import (
	"encoding/binary"
	"slices"
)

// Tags of TIFF that are looked at before a decoder gets the file.
const (
	tagSubfile     = 254
	tagWidth       = 256
	tagLength      = 257
	tagCompression = 259
	tagPhotometric = 262
	tagFillOrder   = 266
	tagStrips      = 273
	tagSamples     = 277
	tagStripRows   = 278
	tagStripBytes  = 279
	tagPlanar      = 284
	tagTileWidth   = 322
	tagTileLength  = 323
	tagTiles       = 324
	tagTileBytes   = 325
	tagSubIFDs     = 330
	tagJPEGTables  = 347
	tagPreview     = 513 // where a whole JPEG lies
	tagPreviewLen  = 514
	tagDNG         = 50706
)

// mostPages bounds the walk from directory to directory.
const mostPages = 1000

// tiffPage is one directory of a TIFF, with its file.
type tiffPage struct {
	data    []byte
	order   binary.ByteOrder
	at      uint32
	entries []byte
}

// tiffPages returns the chain of directories.
func tiffPages(data []byte) []tiffPage {
	var out []tiffPage
	at := uint32(0)
	seen := map[uint32]bool{}
	for range mostPages {
		order, entries := directory(data, at)
		if at == 0 && len(data) >= 8 {
			at = order.Uint32(data[4:])
		}
		seen[at] = true
		out = append(out, tiffPage{data, order, at, entries})
		end := uint64(at) + 2 + uint64(len(entries))
		if len(entries) == 0 || end+4 > uint64(len(data)) {
			break
		}
		if at = order.Uint32(data[end:]); at == 0 || seen[at] {
			break
		}
	}
	return out
}

// shown returns the directories that are pages: reduced copies and masks are
// none, unless there is nothing else.
func shown(pages []tiffPage) []tiffPage {
	out := slices.DeleteFunc(slices.Clone(pages), func(p tiffPage) bool {
		kind, _ := p.value(tagSubfile)
		return kind&5 != 0 || len(p.entries) == 0
	})
	if len(out) == 0 {
		return pages[:1]
	}
	return out
}

// children returns the directories that this one points to.
func (p tiffPage) children() []tiffPage {
	var out []tiffPage
	subs := p.column(tagSubIFDs)
	for i := range min(subs.len(), 16) {
		at := subs.nth(i)
		if _, entries := directory(p.data, at); at != 0 && len(entries) > 0 {
			out = append(out, tiffPage{p.data, p.order, at, entries})
		}
	}
	return out
}

// column is the values of a tag, as they lie in the file: as many as do.
type column struct {
	order  binary.ByteOrder
	size   int // of a value
	values []byte
}

// field finds a tag.
func (p tiffPage) field(tag uint16) (column, bool) {
	for i := 0; i+12 <= len(p.entries); i += 12 {
		e := p.entries[i:][:12]
		if p.order.Uint16(e) != tag {
			continue
		}
		count := uint64(p.order.Uint32(e[4:]))
		size := map[uint16]uint64{1: 1, 3: 2, 4: 4, 7: 1, 13: 4}[p.order.Uint16(e[2:])]
		if size == 0 {
			return column{p.order, 1, nil}, true
		}
		values := e[8:]
		if size*count > 4 {
			at := uint64(p.order.Uint32(values))
			values = p.data[min(at, uint64(len(p.data))):]
		}
		return column{p.order, int(size), values[:min(size*count, uint64(len(values)))]}, true
	}
	return column{p.order, 1, nil}, false
}

func (p tiffPage) column(tag uint16) column {
	c, _ := p.field(tag)
	return c
}

func (c column) len() int { return len(c.values) / c.size }

// nth returns value i, 0 if there is none.
func (c column) nth(i int) uint32 {
	if c.len() <= i {
		return 0
	}
	switch v := c.values[c.size*i:]; c.size {
	case 1:
		return uint32(v[0])
	case 2:
		return uint32(c.order.Uint16(v))
	default:
		return c.order.Uint32(v)
	}
}

// value returns the first value of a tag.
func (p tiffPage) value(tag uint16) (uint32, bool) {
	c, ok := p.field(tag)
	return c.nth(0), ok
}

// or is value with a default.
func (p tiffPage) or(tag uint16, std uint32) uint32 {
	if v, ok := p.value(tag); ok {
		return v
	}
	return std
}

// bytes returns n bytes of the file, as far as it has them.
func (p tiffPage) bytes(at, n uint32) []byte {
	rest := p.data[min(uint64(at), uint64(len(p.data))):]
	return rest[:min(uint64(n), uint64(len(rest)))]
}
