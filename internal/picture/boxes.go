package picture

import (
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"strings"
)

// heif is what the boxes of an AVIF say (ISO/IEC 23008-12): its items, and which
// of them is the picture.
type heif struct {
	data    []byte
	idat    []byte
	primary uint32
	items   map[uint32]*heifItem
	props   []box // of all items, counted from 1
	frames  int   // of a sequence, 0 if there is none
}

// heifItem is a picture, a part of one, or a description of it.
type heifItem struct {
	kind    string // av01, grid, Exif ...
	props   []int
	inIdat  bool
	extents [][2]uint64 // offset and length
	parts   []uint32    // that it is put together from
	masks   []uint32    // that it is the alpha of
}

// box is a box of ISO/IEC 14496-12 without its header.
type box struct {
	kind string
	body []byte
}

// mostItems bounds the items of a file, and the parts of one: a grid of the
// format has up to 65,536, one of a phone some fifty.
const mostItems = 4096

// boxes walks over boxes, as far as they are whole; the last may be cut off.
func boxes(data []byte) iter.Seq[box] {
	return func(yield func(box) bool) {
		for len(data) >= 8 {
			size, head := uint64(be32(data)), uint64(8)
			switch {
			case size == 1 && len(data) >= 16:
				size, head = binary.BigEndian.Uint64(data[8:]), 16
			case size == 0:
				size = uint64(len(data))
			}
			if size < head {
				return
			}
			end := min(size, uint64(len(data)))
			if !yield(box{string(data[4:8]), data[min(head, end):end]}) {
				return
			}
			data = data[end:]
		}
	}
}

// first returns the first box of a kind, walking down a path.
func first(data []byte, path ...string) []byte {
	for b := range boxes(data) {
		if b.kind != path[0] {
			continue
		}
		if len(path) == 1 {
			return b.body
		}
		return first(b.body, path[1:]...)
	}
	return nil
}

func readHEIF(data []byte) *heif {
	f := &heif{data: data, items: map[uint32]*heifItem{}}
	meta := first(data, "meta")
	if len(meta) > 4 {
		for b := range boxes(meta[4:]) {
			f.keep(b)
		}
	}
	if sizes := first(data, "moov", "trak", "mdia", "minf", "stbl", "stsz"); len(sizes) >= 12 {
		f.frames = int(min(be32(sizes[8:]), 1<<20))
	}
	return f
}

func (f *heif) keep(b box) {
	r := fields{data: b.body}
	switch b.kind {
	case "pitm":
		f.primary = r.id(r.version() != 0)
	case "idat":
		f.idat = b.body
	case "iinf":
		n := 2
		if r.version() != 0 {
			n = 4
		}
		r.uint(n)
		for b := range boxes(r.data) {
			f.entry(b)
		}
	case "iloc":
		f.locations(r)
	case "iprp":
		for b := range boxes(b.body) {
			switch b.kind {
			case "ipco":
				for b := range boxes(b.body) {
					if len(f.props) < mostItems {
						f.props = append(f.props, b)
					}
				}
			case "ipma":
				f.associations(fields{data: b.body})
			}
		}
	case "iref":
		f.references(r)
	}
}

// item returns an item; it may be spoken of before it is announced.
func (f *heif) item(id uint32) *heifItem {
	if f.items[id] == nil {
		if len(f.items) == mostItems {
			return &heifItem{}
		}
		f.items[id] = &heifItem{}
	}
	return f.items[id]
}

func (f *heif) entry(b box) {
	r := fields{data: b.body}
	v := r.version()
	if b.kind != "infe" || v < 2 {
		return
	}
	id := r.id(v > 2)
	r.uint(2)
	f.item(id).kind = string(r.bytes(4))
}

// locations reads iloc.
func (f *heif) locations(r fields) {
	v := r.version()
	sizes := r.uint(2)
	offset, length, base, index := int(sizes>>12&15), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if v == 0 {
		index = 0
	}
	count := int(r.id(v > 1))
	for range count {
		if r.over {
			return
		}
		it := f.item(r.id(v > 1))
		if v > 0 {
			it.inIdat = r.uint(2)&15 == 1
		}
		r.uint(2) // of the file itself, or another: none is followed
		from := r.uint(base)
		for range int(r.uint(2)) {
			r.uint(index)
			at, n := from+r.uint(offset), r.uint(length)
			if r.over || len(it.extents) == mostItems {
				break
			}
			it.extents = append(it.extents, [2]uint64{at, n})
		}
	}
}

// associations reads ipma.
func (f *heif) associations(r fields) {
	wide := len(r.data) > 3 && r.data[3]&1 != 0
	v := r.version()
	for range int(r.uint(4)) {
		if r.over {
			return
		}
		it := f.item(r.id(v > 0))
		for range int(r.uint(1)) {
			n := int(r.uint(1))
			if n &= 0x7f; wide {
				n = n<<8 | int(r.uint(1))
			}
			if len(it.props) < mostItems {
				it.props = append(it.props, n)
			}
		}
	}
}

// references reads which items a grid is made of, and whose alpha an item is.
func (f *heif) references(r fields) {
	wide := r.version() != 0
	for b := range boxes(r.data) {
		r := fields{data: b.body}
		it := f.item(r.id(wide))
		var to []uint32
		for range int(r.uint(2)) {
			id := r.id(wide)
			if r.over || len(to) == mostItems {
				break
			}
			to = append(to, id)
		}
		switch b.kind {
		case "dimg":
			it.parts = to
		case "auxl":
			it.masks = to
		}
	}
}

// alpha returns the item that is the alpha of the picture, nil if none is.
func (f *heif) alpha() *heifItem {
	for _, id := range slices.Sorted(maps.Keys(f.items)) {
		it := f.items[id]
		kind := string(f.properties(it, "auxC"))
		if slices.Contains(it.masks, f.primary) && (strings.Contains(kind, ":auxiliary:alpha") || strings.Contains(kind, ":auxid:1\x00")) {
			return it
		}
	}
	return nil
}

// properties returns those of an item, by kind.
func (f *heif) properties(it *heifItem, kind string) []byte {
	for _, n := range it.props {
		if n >= 1 && n <= len(f.props) && f.props[n-1].kind == kind {
			return f.props[n-1].body
		}
	}
	return nil
}

// size returns what ispe says of an item.
func (f *heif) size(it *heifItem) (w, h uint32) {
	b := f.properties(it, "ispe")
	if len(b) < 12 {
		return 0, 0
	}
	return be32(b[4:]), be32(b[8:])
}

// content returns the bytes of an item, up to most of them, as far as the file
// has them.
func (f *heif) content(it *heifItem, most int) []byte {
	from := f.data
	if it.inIdat {
		from = f.idat
	}
	var out []byte
	for _, e := range it.extents {
		at := min(e[0], uint64(len(from)))
		rest := from[at:]
		n := min(e[1], uint64(len(rest)))
		if e[1] == 0 { // to the end
			n = uint64(len(rest))
		}
		part := rest[:min(n, uint64(max(0, most-len(out))))]
		if len(it.extents) == 1 {
			return part
		}
		out = append(out, part...)
	}
	return out
}

// orientation returns how irot and imir turn an item, as EXIF tells it. A
// viewer turns first and mirrors then.
func (f *heif) orientation(it *heifItem) int {
	turns, mirror := 0, -1
	if b := f.properties(it, "irot"); len(b) > 0 {
		turns = int(b[0] & 3) // quarters, counter-clockwise
	}
	if b := f.properties(it, "imir"); len(b) > 0 {
		mirror = int(b[0] & 1) // 0: top to bottom, 1: left to right
	}
	switch mirror {
	case 0:
		return [4]int{4, 5, 2, 7}[turns]
	case 1:
		return [4]int{2, 7, 4, 5}[turns]
	}
	return [4]int{1, 8, 3, 6}[turns]
}

// fields reads numbers, one after the other. Beyond the end all are 0.
type fields struct {
	data []byte
	over bool // it was read beyond the end
}

func (r *fields) bytes(n int) []byte {
	if n > len(r.data) {
		r.over, r.data = true, nil
		return make([]byte, n)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *fields) uint(n int) uint64 {
	v := uint64(0)
	for _, c := range r.bytes(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

// version reads what heads a full box.
func (r *fields) version() int { return int(r.uint(4) >> 24) }

func (r *fields) id(wide bool) uint32 {
	if wide {
		return uint32(r.uint(4))
	}
	return uint32(r.uint(2))
}
