package picture

import "bytes"

// scanHead is what holds for one scan.
type scanHead struct {
	components []int // of the frame, in the order of the scan
	dc, ac     []*huffman
	first      int // the first coefficient, the last one
	last       int
	high, low  uint // bits of successive approximation
	quant      [64]int32
	interval   int
	data       []byte
}

// of returns where component c stands in the scan, or -1.
func (s *scanHead) of(c int) int {
	for i, other := range s.components {
		if c == other {
			return i
		}
	}
	return -1
}

// mostScans bounds the scans of luma; ordinary files have one or five.
const mostScans = 64

// heads reads the tables and the headers of all scans with luma. Anything at
// which image/jpeg would fail, in a scan or behind the last one, sends the file
// there.
func (f *jpegFile) heads() ([]scanHead, error) {
	var (
		heads    []scanHead
		huffmans [2][4]*huffman
		quants   [4][64]int32
		interval int
		scans    = f.scans
	)
	baseline := f.parts[f.frame][0] == 0xc0
	for i, part := range f.parts {
		if len(scans) > 0 && i == scans[0] {
			scans = scans[1:]
			h, ok := f.scanHead(f.parts[i+1][3:], &huffmans, baseline)
			if !ok {
				return nil, errNotHere
			}
			if len(heads) == mostScans {
				return nil, errNotHere
			}
			if h.of(0) >= 0 {
				h.quant, h.interval, h.data = quants[f.head[8]], interval, f.parts[i+2]
				heads = append(heads, h)
			}
			continue
		}
		if i == 0 || len(part) < 3 || !bytes.Equal(f.parts[i-1], []byte{0xff}) {
			continue
		}
		ok := true
		switch payload := part[3:]; part[0] {
		case markerDHT:
			ok = huffmansOf(payload, &huffmans, baseline)
		case markerDQT:
			ok = quantsOf(payload, &quants) && (len(heads) == 0 || !f.progressive)
		case markerDRI:
			if ok = len(payload) == 2; ok {
				interval = int(be16(payload))
			}
		}
		if !ok {
			return nil, errNotHere
		}
	}
	return heads, nil
}

// scanHead reads the header of one scan.
func (f *jpegFile) scanHead(b []byte, huffmans *[2][4]*huffman, baseline bool) (s scanHead, ok bool) {
	if len(b) < 6 || int(b[0]) < 1 || int(b[0]) > f.components() || len(b) != 4+2*int(b[0]) {
		return s, false
	}
	n := int(b[0])
	for i := range n {
		id, dc, ac := b[1+2*i], b[2+2*i]>>4, b[2+2*i]&15
		if dc > 3 || ac > 3 || baseline && (dc > 1 || ac > 1) {
			return s, false
		}
		c := -1
		for j := range f.components() {
			if f.head[6+3*j] == id {
				c = j
			}
		}
		if c < 0 || s.of(c) >= 0 {
			return s, false
		}
		s.components = append(s.components, c)
		s.dc, s.ac = append(s.dc, huffmans[0][dc]), append(s.ac, huffmans[1][ac])
	}
	s.last = 63
	if f.progressive {
		s.first, s.last = int(b[1+2*n]), int(b[2+2*n])
		s.high, s.low = uint(b[3+2*n]>>4), uint(b[3+2*n]&15)
		if s.first == 0 && s.last != 0 || s.first > s.last || s.last > 63 || s.first > 0 && n > 1 || s.high > 0 && s.high != s.low+1 {
			return s, false
		}
	}
	return s, true
}

func huffmansOf(b []byte, to *[2][4]*huffman, baseline bool) bool {
	for len(b) > 0 {
		if len(b) < 17 {
			return false
		}
		class, id, total := b[0]>>4, b[0]&15, 0
		for _, n := range b[1:17] {
			total += int(n)
		}
		if class > 1 || id > 3 || baseline && id > 1 || total > 256 || len(b) < 17+total {
			return false
		}
		h, ok := huffmanOf(class, b[1:17], b[17:17+total])
		if !ok {
			return false
		}
		to[class][id] = h
		b = b[17+total:]
	}
	return true
}

func quantsOf(b []byte, to *[4][64]int32) bool {
	for len(b) > 0 {
		size, id := 1+int(b[0]>>4), b[0]&15
		if size > 2 || id > 3 || len(b) < 1+64*size {
			return false
		}
		for k := range to[id] {
			if to[id][k] = int32(b[1+k*size]); size == 2 {
				to[id][k] = int32(be16(b[1+2*k:]))
			}
		}
		b = b[1+64*size:]
	}
	return true
}
