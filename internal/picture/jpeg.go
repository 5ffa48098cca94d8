package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markerDHT  = 0xc4
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDNL  = 0xdc
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerAPP1 = 0xe1
	markerAPPE = 0xee
)

// jpegFile is a JPEG as a walk over its markers finds it. The decoder gets its
// parts and nothing else: no comments, profiles or previews.
type jpegFile struct {
	parts       [][]byte
	scans       []int  // the indexes of parts that are scans
	frame       int    // the index of the part with the frame header
	head        []byte // the payload of the frame header
	progressive bool
	tables      bool // Huffman tables came
	jfif        bool
	adobe       bool
	transform   byte // Adobe's
	orientation int
	ended       bool
}

func (f *jpegFile) height() int     { return int(be16(f.head[1:])) }
func (f *jpegFile) width() int      { return int(be16(f.head[3:])) }
func (f *jpegFile) components() int { return int(f.head[5]) }

// sampling returns the factors of component i.
func (f *jpegFile) sampling(i int) (h, v int) {
	if f.components() == 1 {
		return 1, 1 // whatever it says: T.81, A.2.2
	}
	return int(f.head[7+3*i] >> 4), int(f.head[7+3*i] & 15)
}

func readJPEG(data []byte, p *plan) error {
	f := &jpegFile{orientation: 1, parts: [][]byte{{0xff, markerSOI}}, frame: -1}
	if err := f.walk(data[2:]); err != nil {
		return err
	}
	if f.frame < 0 {
		return refuse("damaged", "no frame header")
	}
	p.width, p.height, p.orientation = f.width(), f.height(), f.orientation
	if p.height == 0 {
		return refuse("damaged", "a height of 0, and no line count after the scan")
	}
	if len(f.scans) == 0 {
		return refuse("damaged", "cut off before the first scan")
	}
	p.memory = f.memory()
	p.decode = f.decode
	p.luma = lumaOf(f, p.small, p.tables)
	return nil
}

// memory is what image/jpeg allocates: whole MCUs of each component, the
// coefficients of a progressive one at four bytes each, and a second picture
// where colours must be converted.
func (f *jpegFile) memory() int64 {
	maxH, maxV := f.sampling(0)
	mcus := int64((f.width()+8*maxH-1)/(8*maxH)) * int64((f.height()+8*maxV-1)/(8*maxV))
	var planes int64
	for i := range f.components() {
		h, v := f.sampling(i)
		planes += mcus * int64(h*v) * 64
	}
	n := planes
	if f.progressive {
		n += 4 * planes
	}
	rgb := f.components() == 3 && !f.jfif && (f.adobe && f.transform == 0 || f.head[6] == 'R')
	if f.components() == 4 || rgb {
		n += 4 * int64(f.width()) * int64(f.height())
	}
	return n
}

// walk sorts the segments of data, which follows the start marker.
func (f *jpegFile) walk(data []byte) error {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return nil
		}
		if len(f.parts) > mostParts {
			return refuse("damaged", "more than %d parts", mostParts)
		}
		data = data[i+1:]
		marker := data[0]
		switch {
		case marker == 0xff:
			continue // fill bytes
		case marker == markerEOI:
			f.ended = true
			return nil
		case marker < 0xc0, marker >= 0xd0 && marker <= markerSOI:
			data = data[1:] // stray data, or a marker without a segment
			continue
		}
		if len(data) < 3 {
			return nil
		}
		n := int(be16(data[1:]))
		if n < 2 {
			return refuse("damaged", "a segment of length %d", n)
		}
		if 1+n > len(data) {
			return nil // cut off in this segment
		}
		segment, payload := data[:1+n], data[3:1+n]
		data = data[1+n:]
		if marker == markerSOS {
			n := scanEnd(data)
			f.startScan(segment, data[:n])
			data = data[n:]
			continue
		}
		if err := f.segment(marker, segment, payload); err != nil {
			return err
		}
	}
}

// add keeps a segment, which lies behind the 0xff of its marker.
func (f *jpegFile) add(segment []byte) {
	f.parts = append(f.parts, []byte{0xff}, segment)
}

func (f *jpegFile) startScan(header, data []byte) {
	if !f.tables && !f.progressive {
		// Frames of motion JPEG leave the tables out: they are these.
		f.add(standardTables())
		f.tables = true
	}
	f.add(header)
	f.scans = append(f.scans, len(f.parts)-2)
	f.parts = append(f.parts, data)
}

// scanEnd returns where the entropy-coded data of a scan ends: at a marker
// other than a restart. Stuffed and fill bytes belong to the data.
func scanEnd(data []byte) int {
	at := 0
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i + 1
		if c := data[at]; c != 0 && c != 0xff && (c < 0xd0 || c > 0xd7) {
			return at - 1
		}
	}
}

// segment keeps what decoding needs.
func (f *jpegFile) segment(marker byte, segment, payload []byte) error {
	switch marker {
	case 0xc0, 0xc1, 0xc2:
		return f.frameHeader(marker, segment, payload)
	case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf:
		return refuse("unsupported", "%s", kindOfFrame(marker))
	case markerDHT:
		f.tables = true
		f.add(segment)
	case markerDQT, markerDRI:
		f.add(segment)
	case markerDNL:
		if len(payload) >= 2 && f.frame >= 0 && f.height() == 0 {
			f.setHeight(int(be16(payload)))
		}
	case markerAPP0:
		if bytes.HasPrefix(payload, []byte("JFIF\x00")) {
			f.jfif = true
			f.add(segment)
		}
	case markerAPPE:
		if len(payload) >= 12 && bytes.HasPrefix(payload, []byte("Adobe")) {
			f.adobe, f.transform = true, payload[11]
			f.add(segment)
		}
	case markerAPP1:
		if block, ok := bytes.CutPrefix(payload, []byte("Exif\x00\x00")); ok && f.orientation == 1 {
			f.orientation = orientationOf(block)
		}
	}
	return nil
}

func kindOfFrame(marker byte) string {
	switch {
	case marker >= 0xc9:
		return "arithmetic coding"
	case marker == 0xc3 || marker == 0xc7:
		return "lossless JPEG"
	}
	return "hierarchical JPEG"
}

func (f *jpegFile) frameHeader(marker byte, segment, payload []byte) error {
	if f.frame >= 0 {
		return refuse("damaged", "two frame headers")
	}
	if len(payload) < 6 || len(payload) != 6+3*int(payload[5]) {
		return refuse("damaged", "a frame header of %d bytes", len(payload))
	}
	f.head = payload
	switch n := f.components(); {
	case payload[0] != 8:
		return refuse("unsupported", "%d bits a sample", payload[0])
	case n != 1 && n != 3 && n != 4:
		return refuse("unsupported", "%d components", n)
	}
	for i := range f.components() {
		if h, v := f.sampling(i); h < 1 || h > 4 || v < 1 || v > 4 {
			return refuse("damaged", "sampling factors of %d and %d", h, v)
		}
	}
	f.progressive = marker == 0xc2
	f.add(segment)
	f.frame = len(f.parts) - 1
	return nil
}

// setHeight writes a height into a copy of the frame header.
func (f *jpegFile) setHeight(n int) {
	segment := bytes.Clone(f.parts[f.frame])
	segment[4], segment[5] = byte(n>>8), byte(n)
	f.parts[f.frame], f.head = segment, segment[3:]
}

func (f *jpegFile) image(g *guard, parts [][]byte) (image.Image, error) {
	end := []byte{0xff, markerEOI} // files without one are common
	return jpeg.Decode(&stream{guard: g, parts: append(parts[:len(parts):len(parts)], end)})
}

func (f *jpegFile) decode(g *guard) (surface, error) {
	m, err := f.image(g, f.parts)
	if err != nil {
		if _, ok := err.(jpeg.UnsupportedError); ok || g.check() != nil {
			return surface{}, err
		}
		return f.salvage(g, err)
	}
	s, err := surfaceOf(m)
	if f.progressive && !f.ended {
		s.why = "the end is missing, and with it perhaps some detail"
	}
	return s, err
}

// salvage decodes what lies before the place where err came up.
func (f *jpegFile) salvage(g *guard, err error) (surface, error) {
	if len(f.scans) == 1 && !f.progressive {
		return f.upperLines(g, err)
	}
	// Each scan of several refines or completes the picture: leave the last
	// one out, and when that does not do, half of them and so on.
	for n := len(f.scans) - 1; n > 0; n /= 2 {
		m, again := f.image(g, f.parts[:f.scans[n]])
		if stop := g.check(); stop != nil {
			return surface{}, stop
		}
		if again == nil {
			s, err2 := surfaceOf(m)
			s.why = fmt.Sprintf("scans 1 to %d of %d: %v", n, len(f.scans), err)
			return s, err2
		}
	}
	return surface{}, err
}

// upperLines decodes the rows of blocks that are whole, by a frame header that
// claims no more than these; the lines below stay grey.
func (f *jpegFile) upperLines(g *guard, cause error) (surface, error) {
	height := f.height()
	rows, err := f.wholeRows(g)
	if err != nil {
		return surface{}, err
	}
	_, v := f.sampling(0)
	lines := 8 * v * rows
	if lines == 0 {
		return surface{}, cause
	}
	lines = min(lines, height)
	f.setHeight(lines)
	m, err := f.image(g, f.parts)
	if err != nil {
		return surface{}, err
	}
	s, err := surfaceOf(m)
	s.height = height
	s.seen = func(y int) bool { return y < lines }
	s.why = fmt.Sprintf("lines 1 to %d of %d: %v", lines, height, cause)
	return s, err
}

// standardTables is a DHT segment with the tables of T.81, annex K.3.
func standardTables() []byte {
	var b bytes.Buffer
	b.WriteByte(markerDHT)
	b.WriteString("\x01\xa2") // the length: 2 + 4*17 + 12 + 162 + 12 + 162
	dc := string([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	for _, t := range []struct{ class, counts, values string }{
		{"\x00", "\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00", dc},
		{"\x10", "\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d", acValues(lumaAC)},
		{"\x01", "\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00", dc},
		{"\x11", "\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77", acValues(chromaAC)},
	} {
		b.WriteString(t.class + t.counts + t.values)
	}
	return b.Bytes()
}

// The values of the AC tables begin like this; the remaining ones follow in
// rising order.
const (
	lumaAC   = "\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82"
	chromaAC = "\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1"
)

func acValues(head string) string {
	b := []byte(head)
	for v := range 256 {
		size := v & 15
		if (size >= 1 && size <= 10 || v == 0x00 || v == 0xf0) && bytes.IndexByte(b, byte(v)) < 0 {
			b = append(b, byte(v))
		}
	}
	return string(b)
}
