package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxWords = 64 << 10 // bytes of all words of a picture
	maxWord  = 16 << 10 // of one text of it
	maxTags  = 512      // of one directory
	maxRead  = 1 << 20  // bytes that are looked at for them, those of two entries twice
)

// Words returns what a picture says in words beside its pixels, in UTF-8 and a
// line each: EXIF, XMP, IPTC, comments. What is packed stays packed, what is
// longer than a few pages is cut, and what is damaged ends the reading. It
// decodes nothing and returns nil for what is no picture.
func Words(data []byte) []byte {
	w := &words{}
	switch Sniff(data) {
	case "jpeg":
		w.jpeg(data[2:])
	case "png":
		w.png(data[8:])
	case "webp":
		w.webp(data[12:])
	case "gif":
		w.gif(data)
	case "tiff":
		w.tiff(data)
	}
	return w.out
}

// words collects texts.
type words struct {
	out  []byte
	read int // bytes that were looked at
}

// full reports whether nothing more is taken. What says nothing counts too: all
// entries of a directory may be the same bytes.
func (w *words) full() bool { return len(w.out) >= maxWords || w.read >= maxRead }

// add takes a text in: UTF-8, else what Western Europe wrote before.
func (w *words) add(text []byte) {
	text = text[:min(len(text), maxWord)]
	w.read += len(text)
	text = bytes.TrimRight(text, "\x00 ")
	text = text[:min(len(text), max(maxWords-len(w.out), 0))]
	if len(text) == 0 {
		return
	}
	if utf8.Valid(text) {
		w.out = append(w.out, text...)
	} else {
		for _, c := range text {
			w.out = utf8.AppendRune(w.out, rune(c))
		}
	}
	w.out = append(w.out, '\n')
}

// wide takes a text of 16-bit letters in.
func (w *words) wide(text []byte, order binary.ByteOrder) {
	text = text[:min(len(text), maxWord)]
	var letters []uint16
	for ; len(text) >= 2; text = text[2:] {
		letters = append(letters, order.Uint16(text))
	}
	w.add([]byte(string(utf16.Decode(letters))))
}

// xmp takes the texts of XML in, those of its attributes too.
func (w *words) xmp(text []byte) {
	text = slices.Clone(text[:min(len(text), maxWord)])
	for i, c := range text {
		if bytes.IndexByte([]byte("<>\"="), c) >= 0 {
			text[i] = '\n'
		}
	}
	w.add(text)
}

// jpeg reads the segments before the first scan.
func (w *words) jpeg(data []byte) {
	for len(data) >= 4 && data[0] == 0xff && !w.full() {
		marker, n := data[1], int(be16(data[2:]))
		if marker == 0xff {
			data = data[1:]
			continue
		}
		if marker == markerSOS || n < 2 || 2+n > len(data) {
			return
		}
		body := data[4 : 2+n]
		switch {
		case marker == markerAPP1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			w.tiff(body[6:])
		case marker == markerAPP1 && bytes.HasPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")):
			w.xmp(body[29:])
		case marker == markerAPP0+13 && bytes.HasPrefix(body, []byte("Photoshop 3.0\x00")):
			w.photoshop(body[14:])
		case marker == 0xfe: // COM
			w.add(body)
		}
		data = data[2+n:]
	}
}

// photoshop looks for IPTC among resources.
func (w *words) photoshop(data []byte) {
	for len(data) >= 12 && bytes.HasPrefix(data, []byte("8BIM")) {
		id := be16(data[4:])
		name := 1 + int(data[6])
		at := 6 + name + name&1
		if at+4 > len(data) {
			return
		}
		size := int(be32(data[at:]))
		at += 4
		if size < 0 || size > len(data)-at {
			return
		}
		if id == 0x0404 {
			w.iptc(data[at : at+size])
		}
		data = data[min(at+size+size&1, len(data)):]
	}
}

// iptc reads the records of texts: city, title, caption and the like.
func (w *words) iptc(data []byte) {
	for len(data) >= 5 && data[0] == 0x1c && !w.full() {
		n := int(be16(data[3:]))
		if n > len(data)-5 {
			return
		}
		w.read += 5
		if data[1] == 2 && data[2] > 0 {
			w.add(data[5 : 5+n])
		}
		data = data[5+n:]
	}
}

// png reads the chunks with plain text.
func (w *words) png(data []byte) {
	for len(data) >= 12 && !w.full() {
		n := uint64(be32(data))
		if n > uint64(len(data)-12) {
			return
		}
		kind, body := string(data[4:8]), data[8:8+n]
		switch kind {
		case "tEXt":
			_, text, _ := bytes.Cut(body, []byte{0})
			w.add(text)
		case "iTXt":
			w.itxt(body)
		case "eXIf":
			w.tiff(body)
		}
		data = data[12+n:]
	}
}

// itxt reads a keyword, two flags, two translations and a text.
func (w *words) itxt(body []byte) {
	key, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 2 || rest[0] != 0 { // packed
		return
	}
	_, rest, _ = bytes.Cut(rest[2:], []byte{0})
	_, text, _ := bytes.Cut(rest, []byte{0})
	if string(key) == "XML:com.adobe.xmp" {
		w.xmp(text)
		return
	}
	w.add(text)
}

func (w *words) webp(data []byte) {
	for len(data) >= 8 && !w.full() {
		n := uint64(binary.LittleEndian.Uint32(data[4:]))
		if n > uint64(len(data)-8) {
			return
		}
		kind, body := string(data[:4]), data[8:8+n]
		switch kind {
		case "EXIF":
			w.tiff(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case "XMP ":
			w.xmp(body)
		}
		data = data[min(8+n+n&1, uint64(len(data))):]
	}
}

// gif reads the comments, wherever they stand between the frames.
func (w *words) gif(data []byte) {
	if len(data) < 13 {
		return
	}
	table := func(flags byte) int {
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	data = data[min(13+table(data[10]), len(data)):]
	for len(data) >= 2 && !w.full() {
		var text []byte
		switch {
		case data[0] == 0x21: // extension
			comment := data[1] == 0xfe
			text, data = subBlocks(data[2:], comment)
		case data[0] == 0x2c && len(data) >= 11: // frame
			_, data = subBlocks(data[min(11+table(data[9]), len(data)):], false)
		default:
			return
		}
		w.add(text)
	}
}

// subBlocks passes over blocks with their length before them, and gives out
// what is in them.
func subBlocks(data []byte, keep bool) (text, rest []byte) {
	for len(data) > 0 {
		n := int(data[0])
		if n == 0 || n >= len(data) {
			return text, data[min(n+1, len(data)):]
		}
		if keep && len(text) < maxWord {
			text = append(text, data[1:1+n]...)
		}
		data = data[1+n:]
	}
	return text, nil
}

// Tags of TIFF and EXIF that hold texts in another way than as text, or lead to
// further ones.
const (
	tagXMP         = 700
	tagIPTC        = 33723
	tagExifIFD     = 0x8769
	tagUserComment = 0x9286
	tagXPFirst     = 0x9c9b // title, comment, author, keywords, subject of Windows
	tagXPLast      = 0x9c9f
)

// tiff reads the texts of a block as TIFF and EXIF have it: of the first
// directory and of the one that EXIF hangs on it.
func (w *words) tiff(block []byte) {
	order, entries := directory(block, 0)
	if exif := w.entries(block, order, entries); exif != 0 {
		order, entries = directory(block, exif)
		w.entries(block, order, entries)
	}
}

// entries reads the texts of one directory, and returns where that of EXIF is.
func (w *words) entries(block []byte, order binary.ByteOrder, entries []byte) (exif uint32) {
	entries = entries[:min(len(entries), 12*maxTags)]
	for ; len(entries) >= 12 && !w.full(); entries = entries[12:] {
		tag, kind, n := order.Uint16(entries), order.Uint16(entries[2:]), order.Uint32(entries[4:])
		if tag == tagExifIFD {
			exif = order.Uint32(entries[8:])
			continue
		}
		if kind != 1 && kind != 2 && kind != 7 { // bytes, text, undefined
			continue
		}
		value := entries[8:12]
		if n > 4 {
			at := order.Uint32(value)
			if uint64(at)+uint64(n) > uint64(len(block)) {
				continue
			}
			value = block[at : at+n]
		}
		w.value(tag, kind, value[:min(len(value), int(n))], order)
	}
	return exif
}

func (w *words) value(tag, kind uint16, value []byte, order binary.ByteOrder) {
	switch {
	case tag == tagXMP:
		w.xmp(value)
	case tag == tagIPTC:
		w.iptc(value)
	case tag >= tagXPFirst && tag <= tagXPLast:
		w.wide(value, binary.LittleEndian)
	case tag == tagUserComment && len(value) > 8:
		if bytes.HasPrefix(value, []byte("UNICODE")) {
			w.wide(value[8:], order)
		} else {
			w.add(value[8:])
		}
	case kind == 2:
		w.add(value)
	}
}
