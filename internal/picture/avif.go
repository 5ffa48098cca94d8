package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// avifFile is the picture of an AVIF, with its alpha if it has any. The decoder
// gets it in a file written anew, which holds what was weighed here and nothing
// else: no sequence, no thumbnail, no description.
type avifFile struct {
	items []avifItem // a picture and its tiles, then its alpha and the tiles of that
	size  int        // of all their bytes
	work  int64      // pixels of all frames in all streams
	deep  bool       // more than eight bits a sample
}

// avifItem is a stream, or a grid of those that follow it.
type avifItem struct {
	kind    string
	props   []box
	data    []byte
	tiles   int // of a grid
	masks   int // the number of the item whose alpha it is, from 1; 0 if it is none
	w, h    int // as announced
	streams sequence
}

func readAVIF(data []byte, p *plan) error {
	h := readHEIF(data)
	it := h.items[h.primary]
	if it == nil || it.kind == "" {
		if h.frames > 0 {
			return refuse("unsupported", "a sequence of AVIF without a still picture")
		}
		return refuse("damaged", "no picture is announced")
	}
	f := &avifFile{}
	if err := f.add(h, it, p); err != nil {
		return err
	}
	p.width, p.height, p.orientation = f.items[0].w, f.items[0].h, h.orientation(it)
	if alpha := h.alpha(); alpha != nil {
		at := len(f.items)
		if err := f.add(h, alpha, p); err != nil {
			return err
		}
		f.items[at].masks = 1
	}
	if h.frames > 1 {
		p.frames = h.frames
		p.why = fmt.Sprintf("frame 1 of %d: those of an AVIF are not decoded", h.frames)
	}
	p.memory = f.memory(int64(p.width) * int64(p.height))
	p.decode = f.decode
	return nil
}

// memory is what was measured of the decoder, and rounded up: 32 bytes a pixel,
// or 64 when it is deep, with the copies that growing takes.
func (f *avifFile) memory(pixels int64) int64 {
	n := 32 * max(pixels, f.work)
	if f.deep {
		n *= 2
	}
	return n + 3*int64(f.size) + 4<<20
}

// add takes an item in, with its tiles. The decoder cannot be stopped: what it
// may have to do is bounded here, by the headers of the streams.
func (f *avifFile) add(h *heif, it *heifItem, p *plan) error {
	if it.kind != "grid" {
		return f.addStream(h, it, p)
	}
	body := h.content(it, 12)
	if len(body) < 8 || body[1]&1 != 0 && len(body) < 12 {
		return refuse("damaged", "a grid of %d bytes", len(body))
	}
	grid := avifItem{kind: "grid", props: f.properties(h, it), data: body, tiles: len(it.parts), w: int(be16(body[4:])), h: int(be16(body[6:]))}
	if body[1]&1 != 0 {
		grid.w, grid.h = int(be32(body[4:])), int(be32(body[8:]))
	}
	if n := (1 + int(body[2])) * (1 + int(body[3])); n != grid.tiles {
		return refuse("damaged", "a grid of %d tiles, of which %d are there", n, grid.tiles)
	}
	if err := p.limits.fits(grid.w, grid.h, p.limits.Pixels); err != nil {
		return err
	}
	f.items = append(f.items, grid)
	for _, id := range it.parts {
		tile := h.items[id]
		if tile == nil {
			return refuse("damaged", "a tile is missing")
		}
		if err := f.addStream(h, tile, p); err != nil {
			return err
		}
	}
	return nil
}

func (f *avifFile) addStream(h *heif, it *heifItem, p *plan) error {
	if it.kind != "av01" {
		return refuse("unsupported", "an item of kind %q", it.kind)
	}
	most := 2*len(h.data) - f.size
	n := avifItem{kind: it.kind, props: f.properties(h, it), data: h.content(it, max(0, most))}
	f.size += len(n.data)
	w, ht := h.size(it)
	n.w, n.h, n.streams = int(w), int(ht), readOBUs(n.data)
	if n.w == 0 || n.h == 0 || n.streams.frames == 0 {
		return refuse("damaged", "a stream of %dx%d pixels and %d frames", n.w, n.h, n.streams.frames)
	}
	// What is announced and what the stream says may differ: both count.
	pixels := int64(0)
	for _, s := range [][2]int{{n.w, n.h}, {n.streams.width, n.streams.height}} {
		if err := p.limits.fits(s[0], s[1], p.limits.Pixels); err != nil {
			return err
		}
		pixels = max(pixels, int64(s[0])*int64(s[1]))
	}
	f.work += pixels * int64(n.streams.frames)
	if f.work > p.limits.Pixels {
		return refuse("limit_pixels", "streams of %d pixels, %d allowed", f.work, p.limits.Pixels)
	}
	f.items = append(f.items, n)
	return nil
}

// properties are those that decoding needs, each cut to its fixed part: a
// sequence header in the configuration would not be the one that was weighed,
// and thousands of tiles may share one property, which is written for each.
func (f *avifFile) properties(h *heif, it *heifItem) []box {
	var out []box
	for _, p := range []struct {
		kind  string
		bytes int
	}{{"ispe", 12}, {"pixi", 9}, {"av1C", 4}, {"colr", 11}, {"auxC", 64}} {
		body := h.properties(it, p.kind)
		switch {
		case body == nil, p.kind == "colr" && !bytes.HasPrefix(body, []byte("nclx")):
			continue
		case p.kind == "av1C":
			f.deep = f.deep || len(body) > 2 && body[2]&0x40 != 0
		}
		out = append(out, box{p.kind, body[:min(p.bytes, len(body))]})
	}
	return out
}

// written is the file for the decoder.
func (f *avifFile) written() []byte {
	head := boxOf("ftyp", []byte("avif\x00\x00\x00\x00avifmif1miaf"))
	length := len(head) + len(f.meta(0)) + 8
	file := append(head, f.meta(length)...)
	file = binary.BigEndian.AppendUint32(file, uint32(8+f.bytes()))
	file = append(file, "mdat"...)
	for _, it := range f.items {
		file = append(file, it.data...)
	}
	return file
}

func (f *avifFile) bytes() int {
	n := 0
	for _, it := range f.items {
		n += len(it.data)
	}
	return n
}

// meta is the box that describes the items, whose bytes begin at an offset.
func (f *avifFile) meta(at int) []byte {
	be := binary.BigEndian
	count := uint16(len(f.items))
	entries := be.AppendUint16(make([]byte, 4), count)
	places := be.AppendUint16([]byte{0, 0, 0, 0, 0x44, 0}, count)
	owners := be.AppendUint32([]byte{0, 0, 0, 1}, uint32(count)) // flag 1: numbers of two bytes
	refs := make([]byte, 4)
	var props []byte
	number := uint16(0)
	for i, it := range f.items {
		id := uint16(i + 1)
		entries = append(entries, boxOf("infe", []byte{2, 0, 0, 0}, be.AppendUint16(nil, id), []byte{0, 0}, []byte(it.kind), []byte{0})...)
		places = be.AppendUint16(be.AppendUint16(be.AppendUint16(places, id), 0), 1)
		places = be.AppendUint32(be.AppendUint32(places, uint32(at)), uint32(len(it.data)))
		at += len(it.data)
		owners = append(be.AppendUint16(owners, id), byte(len(it.props)))
		for _, p := range it.props {
			number++
			essential := uint16(0)
			if p.kind == "av1C" {
				essential = 1 << 15
			}
			owners = be.AppendUint16(owners, number|essential)
			props = append(props, boxOf(p.kind, p.body)...)
		}
		if it.tiles > 0 {
			to := be.AppendUint16(be.AppendUint16(nil, id), uint16(it.tiles))
			for k := range it.tiles {
				to = be.AppendUint16(to, id+uint16(k)+1)
			}
			refs = append(refs, boxOf("dimg", to)...)
		}
		if it.masks > 0 {
			refs = append(refs, boxOf("auxl", be.AppendUint16(nil, id), []byte{0, 1}, be.AppendUint16(nil, uint16(it.masks)))...)
		}
	}
	parts := [][]byte{
		make([]byte, 4),
		boxOf("hdlr", make([]byte, 8), []byte("pict"), make([]byte, 13)),
		boxOf("pitm", []byte{0, 0, 0, 0, 0, 1}),
		boxOf("iloc", places),
		boxOf("iinf", entries),
		boxOf("iprp", boxOf("ipco", props), boxOf("ipma", owners)),
	}
	if len(refs) > 4 {
		parts = append(parts, boxOf("iref", refs))
	}
	return boxOf("meta", parts...)
}

func boxOf(kind string, parts ...[]byte) []byte {
	n := 8
	for _, p := range parts {
		n += len(p)
	}
	out := append(binary.BigEndian.AppendUint32(make([]byte, 0, n), uint32(n)), kind...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func (f *avifFile) decode(g *guard) (surface, error) {
	if err := g.check(); err != nil {
		return surface{}, err
	}
	m, err := decodeAV1(bytes.NewReader(f.written()))
	if err != nil {
		return surface{}, err
	}
	return surfaceOf(m)
}
