package container

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

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
