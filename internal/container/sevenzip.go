package container

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

const sevenSign = "7z\xBC\xAF\x27\x1C"

func sniffSeven(head []byte, _ string) bool {
	return len(head) >= 6 && string(head[:6]) == sevenSign
}

// openSeven works by the header at the end. Its members lie in folders, each of
// which is one stream: to come to a member all before it in its folder must be
// unpacked.
func openSeven(w *walk, b *box) error {
	d, err := readSevenDirectory(w, b)
	if err != nil {
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		return err
	}
	b.solid, b.count = true, d.files
	s := &sevenBodies{w: w, b: b, d: d, folder: -1}
	stream := 0 // of all substreams
	for i := range d.files {
		e, hasStream := d.entry(i, stream)
		at := stream
		if hasStream {
			stream++
		}
		err := w.member(b, e, func() (io.Reader, error) {
			if !hasStream {
				return eof{}, nil
			}
			return s.open(at)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eof is a body of no bytes.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// entry is the member i, whose body, if it has one, is the given substream.
func (d *sevenDirectory) entry(i, stream int) (e entry, hasStream bool) {
	e = entry{name: d.name(i), size: 0, packed: -1}
	hasStream = !d.empty.at(i)
	const folder, reparse, unix = 0x10, 0x400, 0x8000
	var attributes uint32
	if i < len(d.attributes) {
		attributes = d.attributes[i]
	}
	if !hasStream {
		e.dir = !d.emptyFile.at(d.emptyIndex(i)) || attributes&folder != 0
	}
	if attributes&reparse != 0 || attributes&unix != 0 && attributes>>28 != 8 && attributes>>28 != 4 && attributes>>28 != 0 {
		e.cause, e.why = "bad_entry", "a link, a device or the like"
	}
	if !hasStream {
		return e, false
	}
	if stream >= len(d.streams) {
		e.size, e.cause, e.why = -1, "damaged", "no bytes are stated for it"
		return e, true
	}
	s := d.streams[stream]
	e.size = s.size
	if s.summed {
		e.crc = &s.crc
	}
	if f := &d.folders[s.folder]; e.cause == "" && f.cause != "" {
		e.cause, e.why = f.cause, f.why
	}
	return e, true
}

func (d *sevenDirectory) name(i int) string {
	if i >= len(d.names) {
		return fmt.Sprintf("member-%d", i+1)
	}
	p := d.header[d.names[i]:]
	units := make([]uint16, 0, 64)
	for ; len(p) >= 2 && (p[0] != 0 || p[1] != 0) && len(units) <= maxName; p = p[2:] {
		units = append(units, le16(p))
	}
	return string(utf16.Decode(units))
}

// sevenBodies gives the members of the folders, one folder open at a time.
type sevenBodies struct {
	w      *walk
	b      *box
	d      *sevenDirectory
	folder int // that is open; -1: none
	r      io.Reader
	offset int64 // in it
	took   taken // by its decoders
	failed error // that ended it
}

// open goes to a substream, through all before it.
func (s *sevenBodies) open(stream int) (io.Reader, error) {
	want := s.d.streams[stream]
	if s.folder != want.folder || s.offset > want.offset {
		if err := s.begin(want.folder); err != nil {
			return nil, err
		}
	}
	if s.failed == nil {
		_, s.failed = io.CopyN(io.Discard, s, want.offset-s.offset)
	}
	if s.failed != nil {
		if errors.Is(s.failed, io.EOF) {
			s.failed = io.ErrUnexpectedEOF
		}
		return nil, s.failed
	}
	body := &checked{r: io.LimitReader(s, want.size), size: want.size, sum: crc32.NewIEEE()}
	if want.summed {
		body.crc = &want.crc
	}
	return body, nil
}

func (s *sevenBodies) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.offset += int64(n)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// begin opens a folder at its first byte.
func (s *sevenBodies) begin(folder int) error {
	s.folder, s.offset = folder, 0
	f := &s.d.folders[folder]
	r, took, err := s.w.decoders(s.b, s.took, func() (io.Reader, error) { return f.reader(s.w, s.b) })
	s.took, s.failed = took, err
	if err != nil {
		return err
	}
	s.r = &pump{r, s.w, s.b}
	return nil
}

// reader chains the coders of a folder.
func (f *sevenFolder) reader(w *walk, b *box) (io.Reader, error) {
	if f.cause != "" {
		return nil, fault(f.cause, "%s", f.why)
	}
	if f.from < 0 || f.size < 0 || f.from+f.size > b.size {
		return nil, fault("damaged", "the bytes end before the folder does")
	}
	var r io.Reader = bufio.NewReaderSize(io.NewSectionReader(b.at, f.from, f.size), 64<<10)
	for _, c := range f.coders {
		next, err := c.reader(w, b, r)
		if err != nil {
			return nil, err
		}
		r = next
	}
	return io.LimitReader(r, f.unpacked), nil
}
