package container

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

func le16(p []byte) uint16 { return binary.LittleEndian.Uint16(p) }
func le32(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }
func le64(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }

// readFullAt is ReadAt that says io.ErrUnexpectedEOF for too few bytes.
func readFullAt(r io.ReaderAt, p []byte, at int64) (int, error) {
	n, err := r.ReadAt(p, at)
	switch {
	case n == len(p):
		return n, nil
	case err == nil || err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// zipDirectory gives the entries of a zip's directory one by one.
type zipDirectory struct {
	held    []byte // the directory, when it is small enough
	r       *bufio.Reader
	left    int64 // bytes of the directory
	count   int   // of entries, as far as they were looked through; else -1
	skew    int64 // bytes before the zip, for which its offsets do not account
	parts   []Part
	twice   map[int]bool // entries whose bytes are those of another one; nil: not looked for
	claimed int64        // bytes of the entries so far
}

// zipHeld is the directory that is held in memory: some 300,000 entries. A larger
// one is read as it is needed, and members on each other show by their sum alone.
const zipHeld = 32 << 20

const (
	zipEndSize   = 22
	zipEntrySize = 46
	zipEntryMin  = zipEntrySize + 1 // with a name of one byte
)

// readZipDirectory finds the directory and looks through it once, for members
// that lie on each other.
func readZipDirectory(w *walk, b *box) (*zipDirectory, error) {
	end, err := findZipEnd(w, b)
	if err != nil {
		return nil, err
	}
	d := &zipDirectory{count: -1, skew: end.at - end.size - end.offset, parts: b.parts}
	if d.skew != 0 && len(b.parts) == 0 {
		// A zip that was cut may end with one that it holds: a member before
		// what the directory knows of tells.
		var sign [4]byte
		if _, err := readFullAt(b.at, sign[:], 0); err != nil {
			return nil, err
		}
		if string(sign[:]) == "PK\x03\x04" {
			return nil, fault("damaged", "the directory at the end is that of a member")
		}
	}
	if err := d.hold(w, b, end); err != nil {
		return nil, err
	}
	if d.held != nil && !w.o.List {
		if err := d.look(w, b, end); err != nil {
			return nil, err
		}
	}
	d.rewind(b, end)
	return d, nil
}

// hold reads a directory that is not too large, unless an earlier walk did.
func (d *zipDirectory) hold(w *walk, b *box, end zipEnd) error {
	if end.size > min(zipHeld, w.limits.Memory/4) || w.reserve(b, end.size) != nil {
		return nil
	}
	from := end.at - end.size
	if k := b.kept; k != nil && k.source == b.size && k.from == from && int64(len(k.directory)) == end.size {
		d.held = k.directory
		return nil
	}
	d.held = make([]byte, end.size)
	if _, err := readFullAt(b.at, d.held, from); err != nil {
		return err
	}
	if b.kept != nil {
		*b.kept = Kept{source: b.size, from: from, directory: d.held}
	}
	return nil
}

func (d *zipDirectory) rewind(b *box, end zipEnd) {
	var r io.Reader = io.NewSectionReader(b.at, end.at-end.size, end.size)
	if d.held != nil {
		r = bytes.NewReader(d.held)
	}
	d.r = bufio.NewReaderSize(r, 64<<10)
	d.left = end.size
}

// volumeStart is where a volume, counted from 0, begins.
func volumeStart(parts []Part, n int) (at int64) {
	for _, p := range parts[:min(n, len(parts))] {
		at += p.Size
	}
	return at
}

// span is where one member lies.
type span struct {
	from, to int64
	i        int
}

// look reads the whole directory, and notes which entries claim bytes of others.
func (d *zipDirectory) look(w *walk, b *box, end zipEnd) error {
	d.rewind(b, end)
	var spans []span
	d.count = 0
	for {
		m, err := d.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if d.count == 0 {
				return err
			}
			break // the second reading ends here too, and says so
		}
		if d.count%1024 == 0 {
			if err := w.alive(); err != nil {
				return err
			}
			if err := w.reserve(b, 1024*24*2); err != nil {
				return err
			}
		}
		if m.at >= 0 {
			spans = append(spans, span{m.at, m.at + 30 + m.packed, d.count})
		}
		d.count++
	}
	slices.SortStableFunc(spans, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	d.twice = map[int]bool{}
	var reached int64
	for _, s := range spans {
		if s.from < reached {
			d.twice[s.i] = true
		}
		reached = max(reached, s.to)
	}
	return nil
}

// overlaps tells whether the bytes of entry i, the one just read, are those of
// another entry too.
func (d *zipDirectory) overlaps(i int, m *zipMember, size int64) bool {
	if d.twice != nil {
		return d.twice[i]
	}
	d.claimed += 30 + max(m.packed, 0)
	return d.claimed > size
}

// next returns the next entry, and io.EOF after the last.
func (d *zipDirectory) next() (*zipMember, error) {
	if d.left == 0 {
		return nil, io.EOF
	}
	var fixed [zipEntrySize]byte
	if err := d.read(fixed[:]); err != nil {
		return nil, err
	}
	if string(fixed[:4]) != "PK\x01\x02" {
		return nil, fault("damaged", "no entry where the directory should have one")
	}
	name := make([]byte, le16(fixed[28:]))
	extra := make([]byte, le16(fixed[30:]))
	if err := d.read(name); err != nil {
		return nil, err
	}
	if err := d.read(extra); err != nil {
		return nil, err
	}
	comment := int64(le16(fixed[32:]))
	if comment > d.left {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := d.r.Discard(int(comment)); err != nil {
		return nil, err
	}
	d.left -= comment
	crc := le32(fixed[16:])
	m := &zipMember{flags: le16(fixed[8:]), method: le16(fixed[10:])}
	m.entry = entry{crc: &crc, packed: int64(le32(fixed[20:])), size: int64(le32(fixed[24:]))}
	m.name = zipName(name, extra, m.flags)
	m.at = int64(le32(fixed[42:]))
	disk := int(le16(fixed[34:]))
	if err := m.large(extra, &disk); err != nil { // of this entry: the others must not be lost with it
		m.cause, m.why = CauseOf(err)
		m.size, m.packed, m.at = -1, -1, -1
		return m, nil
	}
	m.at += d.skew
	m.at += volumeStart(d.parts, disk)
	d.dirOrNot(m, fixed[:])
	return m, nil
}

// dirOrNot tells folders and what cannot be unpacked.
func (d *zipDirectory) dirOrNot(m *zipMember, fixed []byte) {
	m.dir = strings.HasSuffix(m.name, "/") && m.size == 0
	var mode uint32
	if creator := fixed[5]; creator == 3 || creator == 19 {
		mode = le32(fixed[38:]) >> 16
	}
	if m.refused(mode); m.dir {
		m.cause, m.why = "", ""
	}
	if m.method == 99 || m.flags&1 != 0 && *m.crc == 0 {
		m.crc = nil // AE-2 hides it
	}
}

func (d *zipDirectory) read(p []byte) error {
	if int64(len(p)) > d.left {
		return io.ErrUnexpectedEOF
	}
	if _, err := io.ReadFull(d.r, p); err != nil {
		return err
	}
	d.left -= int64(len(p))
	return nil
}

// large takes 64-bit figures out of the extra field.
func (m *zipMember) large(extra []byte, disk *int) error {
	field, ok := zipExtra(extra, 1)
	for _, v := range []*int64{&m.size, &m.packed, &m.at} {
		if *v != 0xFFFFFFFF {
			continue
		}
		if len(field) < 8 {
			if ok {
				return fault("damaged", "a size of 64 bits is missing")
			}
			continue
		}
		u := le64(field)
		if u > 1<<60 {
			return fault("damaged", "a size of %d bytes", u)
		}
		*v, field = int64(u), field[8:]
	}
	if *disk == 0xFFFF && len(field) >= 4 {
		*disk = int(le32(field))
	}
	return nil
}

// zipExtra returns one field of the extra fields.
func zipExtra(extra []byte, id uint16) ([]byte, bool) {
	for len(extra) >= 4 {
		size := int(le16(extra[2:]))
		if size > len(extra)-4 {
			return nil, false
		}
		if le16(extra) == id {
			return extra[4 : 4+size], true
		}
		extra = extra[4+size:]
	}
	return nil, false
}

// zipName reads a name: UTF-8 where that is said or plain to see, else the old
// code page of DOS. Windows' slashes become those of the format.
func zipName(name, extra []byte, flags uint16) string {
	if unicodePath, ok := zipExtra(extra, 0x7075); ok && len(unicodePath) > 5 && utf8.Valid(unicodePath[5:]) {
		name = unicodePath[5:]
	}
	s := string(name)
	if flags&0x800 == 0 && !utf8.Valid(name) {
		if decoded, err := charmap.CodePage437.NewDecoder().Bytes(name); err == nil {
			s = string(decoded)
		}
	}
	if !strings.Contains(s, "/") {
		s = strings.ReplaceAll(s, `\`, "/")
	}
	return s
}

// zipEnd is what the end of a zip says of its directory.
type zipEnd struct {
	at      int64 // where the directory ends
	size    int64
	offset  int64 // of the directory, as stated
	entries uint64
}

// findZipEnd looks for the end record, from behind.
func findZipEnd(w *walk, b *box) (zipEnd, error) {
	tail := make([]byte, min(b.size-lastThere(b.parts), 64<<10+zipEndSize))
	from := b.size - int64(len(tail))
	if _, err := readFullAt(b.at, tail, from); err != nil {
		return zipEnd{}, err
	}
	for i := len(tail) - zipEndSize; i >= 0; i-- {
		i = bytes.LastIndex(tail[:i+4], []byte("PK\x05\x06"))
		if i < 0 {
			break
		}
		if i > len(tail)-zipEndSize {
			continue
		}
		if err := w.alive(); err != nil {
			return zipEnd{}, err
		}
		end, err := parseZipEnd(b, tail[i:], from+int64(i))
		if gone := w.stopped(b); gone != nil {
			return zipEnd{}, gone
		}
		if err != nil {
			continue
		}
		if behind := len(tail) - i - zipEndSize - int(le16(tail[i+20:])); behind > 0 {
			b.remark("%d bytes after the end", behind)
		}
		return end, nil
	}
	return zipEnd{}, fault("damaged", "no directory at the end")
}

// lastThere is where the volumes begin of which none behind is missing.
func lastThere(parts []Part) (at int64) {
	var whole int64
	for _, p := range parts {
		if whole += p.Size; p.At == nil {
			at = whole
		}
	}
	return at
}

// parseZipEnd reads an end record and its 64-bit brother, and checks that a
// directory is where they say.
func parseZipEnd(b *box, p []byte, at int64) (zipEnd, error) {
	end := zipEnd{at: at, entries: uint64(le16(p[10:])), size: int64(le32(p[12:])), offset: int64(le32(p[16:]))}
	disk := int(le16(p[6:]))
	if end.entries == 0xFFFF || end.size == 0xFFFFFFFF || end.offset == 0xFFFFFFFF {
		if err := end.large(b, &disk); err != nil {
			return zipEnd{}, err
		}
	}
	end.offset += volumeStart(b.parts, disk)
	if end.size > end.at || end.entries > uint64(end.size)/zipEntryMin+1 {
		return zipEnd{}, fmt.Errorf("a directory of %d bytes before byte %d", end.size, end.at)
	}
	if end.size == 0 {
		return end, nil
	}
	var sign [4]byte
	if _, err := readFullAt(b.at, sign[:], end.at-end.size); err != nil {
		return zipEnd{}, err
	}
	if string(sign[:]) != "PK\x01\x02" {
		return zipEnd{}, fmt.Errorf("no directory %d bytes before byte %d", end.size, end.at)
	}
	return end, nil
}

// large reads the record of zip64, when there is one.
func (end *zipEnd) large(b *box, disk *int) error {
	var locator [20]byte
	if end.at < 20 {
		return nil
	}
	if _, err := readFullAt(b.at, locator[:], end.at-20); err != nil || string(locator[:4]) != "PK\x06\x07" {
		return err
	}
	var record [56]byte
	stated := int64(le64(locator[8:])&(1<<60-1)) + volumeStart(b.parts, int(le32(locator[4:])))
	for _, at := range []int64{stated, end.at - 20 - 56} { // the second when bytes stand before the zip
		if at < 0 || at > b.size-56 {
			continue
		}
		if _, err := readFullAt(b.at, record[:], at); err != nil {
			return err
		}
		if string(record[:4]) != "PK\x06\x06" {
			continue
		}
		size, offset := le64(record[40:]), le64(record[48:])
		if size > 1<<60 || offset > 1<<60 {
			return fmt.Errorf("a directory of %d bytes", size)
		}
		*disk = int(le32(record[20:]))
		end.entries, end.size, end.offset, end.at = le64(record[32:]), int64(size), int64(offset), at
		return nil
	}
	return nil
}
