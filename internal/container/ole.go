package container

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf16"
)

// Old Word, PowerPoint, Excel and Outlook files, Thumbs.db among others, are
// compound files: streams in chains of sectors, like a small disk. Pictures lie
// somewhere in the streams.

func sniffOLE(head []byte, _ string) bool {
	return bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
}

const (
	oleLastSector = 0xfffffffa // and above: no sector follows
	maxOLEStreams = 100_000
)

// compound is one compound file.
type compound struct {
	w      *walk
	b      *box
	sector int64    // bytes
	fat    []uint32 // the next sector of each
	small  []uint32 // the same of small sectors, of 64 bytes in the stream of the root
	cutoff int64    // streams of fewer bytes lie in small sectors
	root   oleStream
	smalls []byte // the stream of the root, once it was read
	all    []oleStream
}

// oleStream is one entry of the directory that is a stream.
type oleStream struct {
	name  string
	start uint32
	size  int64
}

// openOLE visits the pictures and the words of each stream, and streams that are
// a file as a whole.
func openOLE(w *walk, b *box) error {
	c := &compound{w: w, b: b}
	if err := c.read(); err != nil {
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		return c.raw(err)
	}
	for _, s := range c.all {
		if format, known := oleFormats()[s.name]; known {
			b.format = format
		}
		if s.name == "EncryptedPackage" || s.name == "EncryptedSummary" {
			return fault("encrypted", "the document asks for a password")
		}
	}
	for _, s := range c.all {
		if err := c.visit(s); err != nil {
			return err
		}
	}
	return nil
}

// raw looks for pictures in the bytes of a file of which the tables are damaged.
func (c *compound) raw(damage error) error {
	data, err := c.w.all(c.b, c.w.limits.Memory/2)
	if err != nil {
		return damage
	}
	if err := c.carve("stream", data); err != nil {
		return err
	}
	return damage
}

// oleFormats tell what a compound file is by the streams that it has.
func oleFormats() map[string]string {
	return map[string]string{"WordDocument": "doc", "PowerPoint Document": "ppt", "Workbook": "xls", "Book": "xls", "__properties_version1.0": "msg"}
}

// visit takes one stream.
func (c *compound) visit(s oleStream) error {
	data, err := c.bytes(s)
	if err != nil {
		e := entry{name: s.name, size: s.size, packed: -1}
		f := faultOf(err)
		e.cause, e.why = f.Code, f.Why
		return c.w.member(c.b, e, nil)
	}
	defer c.release(int64(len(data)))
	if s.name == "WordDocument" && len(data) > 12 && data[11]&1 != 0 {
		c.b.partly = fault("encrypted", "the document asks for a password")
		return nil
	}
	data = unpadded(data)
	if pictureFormat(data) != "" || sniff(c.w.formats, data[:min(len(data), sniffed)], s.name) != nil {
		return c.tell(s.name, data)
	}
	if s.name == "Workbook" || s.name == "Book" {
		drawings, locked := biffDrawings(data) // taken out of data
		if locked {
			c.b.partly = fault("encrypted", "the workbook asks for a password")
			return nil
		}
		if err := c.carve(s.name, drawings); err != nil {
			return err
		}
	} else if err := c.carve(s.name, data); err != nil {
		return err
	}
	if text := looseText(data); len(text) > 0 && hasWords(s.name) {
		return c.tell(s.name+".txt", text)
	}
	return nil
}

// unpadded cuts off the zeros by which a stream that is a picture was filled up.
func unpadded(data []byte) []byte {
	n := 0
	switch pictureFormat(data) {
	case "jpg":
		work := len(data)
		n = jpegLength(data, &work)
	case "png":
		n, _ = pngLength(data)
	}
	if n > 0 && len(bytes.TrimLeft(data[n:], "\x00")) == 0 {
		return data[:n]
	}
	return data
}

// hasWords tells the streams of which people read words: texts, subjects,
// attachments' names.
func hasWords(name string) bool {
	switch name {
	case "WordDocument", "PowerPoint Document", "Workbook", "Book", "1Table", "0Table", "\x05SummaryInformation", "\x05DocumentSummaryInformation":
		return true
	}
	return len(name) == 20 && name[:12] == "__substg1.0_" && (name[16:] == "001F" || name[16:] == "001E")
}

func (c *compound) tell(name string, data []byte) error {
	e := entry{name: clean(name), size: int64(len(data)), packed: -1}
	return c.w.member(c.b, e, func() (io.Reader, error) { return bytes.NewReader(data), nil })
}

// carve visits the pictures in the bytes of a stream, and takes them out.
func (c *compound) carve(stream string, data []byte) error {
	n := 0
	pictures, short := carved(data)
	if short != nil {
		c.b.partly = short
	}
	for _, p := range pictures {
		n++
		e := entry{name: clean(fmt.Sprintf("%s-%d.%s", stream, n, p.extension)), size: int64(len(p.body)), packed: -1}
		if p.extension == "emf" || p.extension == "wmf" || p.extension == "pict" {
			e.cause, e.why = "unsupported", "a drawing in "+p.extension
		}
		if err := c.w.member(c.b, e, func() (io.Reader, error) {
			return io.MultiReader(bytes.NewReader(p.head), bytes.NewReader(p.body)), nil
		}); err != nil {
			return err
		}
		clear(p.body) // no letters of a picture are words
	}
	return nil
}

// read reads the header, the tables and the directory.
func (c *compound) read() error {
	var head [512]byte
	if _, err := readFullAt(c.b.at, head[:], 0); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	shift := le16(head[30:])
	if shift != 9 && shift != 12 {
		return fault("damaged", "sectors of 2 to the power of %d bytes", shift)
	}
	c.sector, c.cutoff = 1<<shift, int64(le32(head[56:]))
	if c.cutoff > 1<<20 {
		return fault("damaged", "small streams of up to %d bytes", c.cutoff)
	}
	if err := c.w.reserve(c.b, (c.b.size/c.sector+1)*16); err != nil {
		return err
	}
	if err := c.tables(head[:]); err != nil {
		return err
	}
	return c.directory(le32(head[48:]))
}

// tables reads the chains of sectors, and those of small sectors.
func (c *compound) tables(head []byte) error {
	most := int(c.b.size/c.sector) + 1
	places := make([]uint32, 0, 109)
	for i := range 109 {
		places = append(places, le32(head[76+4*i:]))
	}
	per := int(c.sector / 4)
	for next := le32(head[68:]); next < oleLastSector && len(places) <= most; {
		block, err := c.at(next)
		if err != nil {
			break
		}
		for i := range per - 1 {
			places = append(places, le32(block[4*i:]))
		}
		next = le32(block[4*(per-1):])
	}
	for _, p := range places {
		if p >= oleLastSector || len(c.fat) > most {
			continue
		}
		block, err := c.at(p)
		if err != nil {
			continue
		}
		for i := range per {
			c.fat = append(c.fat, le32(block[4*i:]))
		}
	}
	// Four bytes for each small sector of 64, and they are kept twice.
	size := min(int64(le32(head[64:]))*c.sector, c.b.size/16+c.sector)
	if err := c.w.reserve(c.b, 3*size); err != nil {
		return nil // streams in small sectors will say that they are damaged
	}
	table, err := c.chain(le32(head[60:]), size)
	if err != nil {
		return nil
	}
	for i := 0; i+4 <= len(table); i += 4 {
		c.small = append(c.small, le32(table[i:]))
	}
	return nil
}

func (c *compound) directory(start uint32) error {
	table, err := c.chain(start, min(c.b.size, maxOLEStreams*128))
	if len(table) < 128 {
		if err == nil {
			err = fault("damaged", "no directory")
		}
		return err
	}
	for i := 0; i+128 <= len(table); i += 128 {
		e := table[i : i+128]
		n := int(le16(e[64:]))
		if n < 2 || n > 64 {
			continue
		}
		units := make([]uint16, n/2-1)
		for j := range units {
			units[j] = le16(e[2*j:])
		}
		s := oleStream{name: string(utf16.Decode(units)), start: le32(e[116:]), size: int64(le32(e[120:]))}
		if c.sector > 512 {
			s.size |= int64(le32(e[124:])&0x7fffffff) << 32
		}
		switch e[66] {
		case 5:
			c.root = s
		case 2:
			if s.size > 0 {
				c.all = append(c.all, s)
			}
		}
	}
	return nil
}

// at reads one sector.
func (c *compound) at(sector uint32) ([]byte, error) {
	block := make([]byte, c.sector)
	n, err := c.b.at.ReadAt(block, (int64(sector)+1)*c.sector)
	if n == 0 && err != nil {
		return nil, err
	}
	return block, nil // the last one may be cut
}

// chain reads size bytes from the sector start on, or as many as there are.
func (c *compound) chain(start uint32, size int64) ([]byte, error) {
	size = min(size, c.b.size)
	out := make([]byte, 0, min(size, 1<<20))
	for next, n := start, 0; int64(len(out)) < size; n++ {
		if next >= oleLastSector {
			break
		}
		if n > len(c.fat) || int(next) >= len(c.fat) {
			return out, fault("damaged", "a chain of sectors leads out of the file")
		}
		block, err := c.at(next)
		if err != nil {
			return out, err
		}
		out = append(out, block[:min(int64(len(block)), size-int64(len(out)))]...)
		next = c.fat[next]
	}
	return out, nil
}

// bytes reads a stream, under reservation until release. Of one that is damaged
// it gives what there is.
func (c *compound) bytes(s oleStream) ([]byte, error) {
	if s.size > c.b.size {
		return nil, fault("damaged", "a stream of %d bytes in a file of %d", s.size, c.b.size)
	}
	if err := c.w.reserve(c.b, 2*s.size); err != nil {
		return nil, err
	}
	data, err := c.stream(s)
	if err != nil && len(data) > 0 && c.w.stopped(c.b) == nil {
		c.b.partly, err = faultOf(err), nil
	}
	c.release(s.size - int64(len(data))) // from here on what release takes
	if err != nil {
		c.release(int64(len(data)))
	}
	return data, err
}

func (c *compound) release(n int64) {
	c.w.held -= 2 * n
	c.b.held -= 2 * n
}

func (c *compound) stream(s oleStream) ([]byte, error) {
	if s.size >= c.cutoff {
		return c.chain(s.start, s.size)
	}
	if c.smalls == nil {
		if err := c.w.reserve(c.b, min(c.root.size, c.b.size)); err != nil {
			return nil, err
		}
		var err error
		if c.smalls, err = c.chain(c.root.start, c.root.size); err != nil && len(c.smalls) == 0 {
			return nil, err
		}
	}
	whole, out := c.smalls, []byte(nil)
	for next, n := s.start, 0; int64(len(out)) < s.size && next < oleLastSector; n++ {
		if n > len(c.small) || int(next) >= len(c.small) || int(next+1)*64 > len(whole) {
			return out, fault("damaged", "a chain of small sectors leads out of the file")
		}
		piece := whole[next*64 : next*64+64]
		out = append(out, piece[:min(64, s.size-int64(len(out)))]...)
		next = c.small[next]
	}
	return out, nil
}
