package container

import (
	"bufio"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

func sniffZip(head []byte, _ string) bool {
	if len(head) < 4 || head[0] != 'P' || head[1] != 'K' {
		return false
	}
	switch [2]byte{head[2], head[3]} {
	case [2]byte{3, 4}, [2]byte{5, 6}:
		return true
	case [2]byte{7, 8}: // split, or written as if
		return len(head) >= 8 && head[4] == 'P' && head[5] == 'K' && head[6] == 3 && head[7] == 4
	}
	return false
}

// openZip works by the directory at the end, which is read first: it alone says
// what a zip holds. Where there is none, the members speak for themselves.
func openZip(w *walk, b *box) error {
	d, err := readZipDirectory(w, b)
	if err != nil {
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		return zipWithoutDirectory(w, b, err)
	}
	z := &zipBodies{w: w, b: b}
	b.count = d.count
	for i := 0; ; i++ {
		m, err := d.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("member %d of the directory: %w", i, err)
		}
		if d.overlaps(i, m, b.size) && m.cause == "" {
			m.cause, m.why = "damaged", "its bytes are those of another member too"
		}
		if err := w.member(b, m.entry, func() (io.Reader, error) { return z.open(m) }); err != nil {
			return err
		}
	}
}

// zipWithoutDirectory reads a zip whose directory is missing from the front.
func zipWithoutDirectory(w *walk, b *box, why error) error {
	found := faultOf(why)
	before := b.next
	err := streamZip(w, b)
	if gone := w.stopped(b); gone != nil {
		return gone
	}
	if err == nil || b.next > before {
		return fault(found.Code, "%s: its members were read one after the other", found.Why)
	}
	return found
}

// zipMember is one entry of a zip's directory, or a local header.
type zipMember struct {
	entry
	method uint16
	flags  uint16
	at     int64 // of the local header
}

// refused says why a member cannot be unpacked, if so.
func (m *zipMember) refused(mode uint32) {
	const link = 0xA000
	switch {
	case mode>>12 == link>>12:
		m.cause, m.why = "bad_entry", "a link"
	case mode>>12 != 0 && mode>>12 != 8 && mode>>12 != 4:
		m.cause, m.why = "bad_entry", "a device or the like"
	case m.flags&1 != 0:
		m.cause, m.why = "encrypted", "its name and size are stated all the same"
	case !zipKnows(m.method):
		m.cause, m.why = "unsupported", fmt.Sprintf("method %d", m.method)
	}
}

// zipBodies opens the members of one zip, of which one is read at a time.
type zipBodies struct {
	w         *walk
	b         *box
	buf       *bufio.Reader
	inflate   io.ReadCloser
	inflate64 *deflate64
	took      taken // by the decoder of the member under way
}

// open finds the bytes of a member behind its local header.
func (z *zipBodies) open(m *zipMember) (io.Reader, error) {
	var local [30]byte
	if _, err := readFullAt(z.b.at, local[:], m.at); err != nil {
		return nil, fmt.Errorf("local header: %w", err)
	}
	if string(local[:4]) != "PK\x03\x04" {
		return nil, fault("damaged", "no member where the directory points")
	}
	start := m.at + 30 + int64(le16(local[26:])) + int64(le16(local[28:]))
	if start+m.packed > z.b.size {
		return nil, fault("damaged", "the bytes end before the member does")
	}
	section := io.NewSectionReader(z.b.at, start, m.packed)
	if z.buf == nil {
		z.buf = bufio.NewReaderSize(section, 64<<10)
	} else {
		z.buf.Reset(section)
	}
	r, err := z.unpack(m, z.buf)
	if err != nil {
		return nil, err
	}
	return &checked{r: r, size: m.size, crc: m.crc, sum: crc32.NewIEEE()}, nil
}

// checked holds a body against what is stated of it: the size while it comes,
// the CRC at its end.
type checked struct {
	r    io.Reader
	size int64 // -1: not stated
	crc  *uint32
	sum  hash.Hash32
	got  int64
}

func (c *checked) Read(p []byte) (int, error) {
	if c.size >= 0 && int64(len(p)) > c.size-c.got+1 {
		p = p[:c.size-c.got+1]
	}
	n, err := c.r.Read(p)
	if c.size >= 0 && c.got+int64(n) > c.size {
		n = int(c.size - c.got)
		err = fault("damaged", "more bytes than the %d that are stated", c.size)
	}
	c.got += int64(n)
	c.sum.Write(p[:n])
	if err == io.EOF {
		return n, c.end()
	}
	return n, err
}

// end judges a body that was read to its end.
func (c *checked) end() error {
	switch {
	case c.size >= 0 && c.got < c.size:
		return fault("damaged", "%d bytes, and %d are stated", c.got, c.size)
	case c.crc != nil && *c.crc != c.sum.Sum32():
		return fault("crc_mismatch", "CRC-32 %08x, and %08x is stated", c.sum.Sum32(), *c.crc)
	}
	return io.EOF
}
