package container

import (
	"fmt"
	"hash/crc32"
	"io"
)

// sevenHeader bounds the header of a 7z, which is held as a whole: some 400,000
// members.
const sevenHeader = 48 << 20

// sevenDirectory is the header of a 7z.
type sevenDirectory struct {
	header     []byte // unpacked; names point into it
	files      int
	names      []uint32  // where each begins
	empty      sevenBits // members without a stream
	emptyFile  sevenBits // of those: files, not folders
	emptyUpTo  []int     // empty members before each 64th
	attributes []uint32
	folders    []sevenFolder
	streams    []sevenStream
}

// sevenFolder is one stream that was packed as a whole.
type sevenFolder struct {
	coders     []sevenCoder // in the order of unpacking
	from, size int64        // in the file
	unpacked   int64
	streams    int
	main       int     // which of what comes out of coders is the folder's
	order      []int   // of the coders, until their sizes are known
	crc        *uint32 // of the whole
	cause, why string
}

// sevenStream is the bytes of one member.
type sevenStream struct {
	folder       int
	offset, size int64
	crc          uint32
	summed       bool
}

// sevenBits is a list of yes and no.
type sevenBits []byte

func (s sevenBits) at(i int) bool { return i >= 0 && i/8 < len(s) && s[i/8]&(0x80>>(i%8)) != 0 }

// emptyIndex counts the empty members before i.
func (d *sevenDirectory) emptyIndex(i int) int {
	n := d.emptyUpTo[i/64]
	for j := i &^ 63; j < i; j++ {
		if d.empty.at(j) {
			n++
		}
	}
	return n
}

// readSevenDirectory reads the header at the end, unpacking it as often as it
// is packed.
func readSevenDirectory(w *walk, b *box) (*sevenDirectory, error) {
	var start [32]byte
	if _, err := readFullAt(b.at, start[:], 0); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(start[12:]) != le32(start[8:]) {
		return nil, fault("damaged", "the CRC of the first header is not as stated")
	}
	offset, size := le64(start[12:]), le64(start[20:])
	if size == 0 {
		return &sevenDirectory{}, nil
	}
	if offset > 1<<60 || size > 1<<60 || int64(offset+size) > b.size-32 {
		return nil, fault("damaged", "the bytes end before the directory")
	}
	if size > sevenHeader {
		return nil, fault("limit_memory", "a directory of %d bytes", size)
	}
	if err := w.reserve(b, int64(size)); err != nil {
		return nil, err
	}
	header := make([]byte, size)
	if _, err := readFullAt(b.at, header, 32+int64(offset)); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(header) != le32(start[28:]) {
		return nil, fault("crc_mismatch", "the CRC of the directory is not as stated")
	}
	for range 4 {
		if header[0] == 1 {
			d := &sevenDirectory{header: header}
			return d, d.parse(w, b)
		}
		if header[0] != 0x17 {
			break
		}
		packed, err := unpackSevenHeader(w, b, header)
		if err != nil {
			return nil, err
		}
		if header = packed; len(header) == 0 {
			break
		}
	}
	return nil, fault("damaged", "no directory where one should be")
}

// unpackSevenHeader unpacks a header that was packed itself.
func unpackSevenHeader(w *walk, b *box, header []byte) ([]byte, error) {
	p := &sevenParser{b: header, at: 1, end: len(header), reserve: func(n int64) error { return w.reserve(b, n) }}
	d := &sevenDirectory{header: header}
	p.streams(d)
	if p.err != nil {
		return nil, p.err
	}
	if len(d.folders) != 1 {
		return nil, fault("damaged", "a directory in %d folders", len(d.folders))
	}
	f := &d.folders[0]
	if f.cause == "encrypted" {
		return nil, fault("encrypted", "the directory too")
	}
	if f.unpacked > sevenHeader {
		return nil, fault("limit_memory", "a directory of %d bytes", f.unpacked)
	}
	if err := w.reserve(b, f.unpacked); err != nil {
		return nil, err
	}
	r, took, err := w.decoders(b, taken{}, func() (io.Reader, error) { return f.reader(w, b) })
	defer w.giveBack(b, took)
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(io.LimitReader(&pump{r, w, b}, f.unpacked))
	if err != nil {
		return nil, err
	}
	if f.crc != nil && *f.crc != crc32.ChecksumIEEE(whole) {
		return nil, fault("crc_mismatch", "the CRC of the directory is not as stated")
	}
	return whole, nil
}

// parse reads the header.
func (d *sevenDirectory) parse(w *walk, b *box) error {
	p := &sevenParser{b: d.header, at: 1, end: len(d.header), reserve: func(n int64) error { return w.reserve(b, n) }}
	for p.err == nil {
		switch id := p.byte(); id {
		case 0:
			return p.err
		case 2: // properties of the archive
			for p.err == nil && p.byte() != 0 {
				p.take(p.number())
			}
		case 3:
			p.fail("unsupported", "additional streams")
		case 4:
			p.streams(d)
		case 5:
			d.parseFiles(p)
		default:
			p.fail("damaged", fmt.Sprintf("property %d in the directory", id))
		}
	}
	return p.err
}

// parseFiles reads what is said of the members beside their bytes.
func (d *sevenDirectory) parseFiles(p *sevenParser) {
	if d.files > 0 {
		p.fail("damaged", "members are stated twice")
		return
	}
	d.files = p.count(p.end - p.at) // a name takes two bytes at least
	p.room(int64(d.files) * 16)
	for p.err == nil {
		id := p.byte()
		if id == 0 {
			break
		}
		q := p.part(p.number())
		switch id {
		case 0x0E:
			d.empty = sevenBits(q.take(uint64(d.files+7) / 8))
		case 0x0F:
			d.emptyFile = sevenBits(q.b[q.at:q.end])
		case 0x11:
			d.parseNames(q)
		case 0x15:
			d.parseAttributes(q)
		}
		if q.err != nil {
			p.err = q.err
		}
	}
	empty := 0
	for i := range d.files {
		if i%64 == 0 {
			d.emptyUpTo = append(d.emptyUpTo, empty)
		}
		if d.empty.at(i) {
			empty++
		}
	}
}

func (d *sevenDirectory) parseNames(q *sevenParser) {
	if q.byte() != 0 {
		q.fail("unsupported", "names that lie elsewhere")
		return
	}
	for len(d.names) < d.files && q.end-q.at >= 2 {
		d.names = append(d.names, uint32(q.at))
		for q.end-q.at >= 2 && (q.b[q.at] != 0 || q.b[q.at+1] != 0) {
			q.at += 2
		}
		q.at += 2
	}
}

func (d *sevenDirectory) parseAttributes(q *sevenParser) {
	defined := q.defined(d.files)
	if q.byte() != 0 {
		q.fail("unsupported", "attributes that lie elsewhere")
		return
	}
	d.attributes = make([]uint32, 0, d.files)
	for i := range d.files {
		v := uint32(0)
		if defined.at(i) {
			four := q.take(4)
			if q.err != nil {
				return
			}
			v = le32(four)
		}
		d.attributes = append(d.attributes, v)
	}
}
