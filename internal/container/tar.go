package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

const tarBlock = 512

// sniffTar checks the sum of the first header: every dialect has it.
func sniffTar(head []byte, _ string) bool { return len(head) >= tarBlock && tarHeader(head) }

func tarHeader(block []byte) bool {
	field := strings.Trim(string(block[148:156]), " \x00")
	stated, err := strconv.ParseInt(field, 8, 64)
	if err != nil || block[0] == 0 {
		return false
	}
	var sum, signed int64
	for i, c := range block[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
		signed += int64(int8(c))
	}
	return stated == sum || stated == signed
}

// openTar reads one tar after the other, for some are glued together.
func openTar(w *walk, b *box) error {
	return readTars(w, b, newTarSource(b))
}

func readTars(w *walk, b *box, src *tarSource) error {
	for {
		err := readTar(w, b, src)
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		skipped, more := src.nextHeader(w)
		if err == nil || errors.Is(err, io.EOF) {
			err = src.err
		}
		if err != nil && b.partly == nil {
			b.partly = faultOf(err)
		}
		if !more {
			if skipped > 0 {
				b.remark("%d bytes after the end", skipped)
			}
			return nil
		}
	}
}

// readTar reads to the end of one tar.
func readTar(w *walk, b *box, src *tarSource) error {
	t := tar.NewReader(src.reader())
	for {
		h, err := t.Next()
		if err != nil {
			return err
		}
		e := entry{name: h.Name, size: h.Size, packed: -1, dir: h.Typeflag == tar.TypeDir}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeRegA, tar.TypeGNUSparse, tar.TypeCont, tar.TypeDir:
		case tar.TypeSymlink, tar.TypeLink:
			e.cause, e.why = "bad_entry", "a link"
		case tar.TypeXGlobalHeader:
			continue
		default:
			e.cause, e.why = "bad_entry", "a device or the like"
		}
		e.packed = packedSize(h)
		if err := w.member(b, e, func() (io.Reader, error) { return t, nil }); err != nil {
			return err
		}
	}
}

// tarSource is the bytes of glued tars, of which one can look ahead. It seeks
// where it can: what is passed over is not read.
type tarSource struct {
	at  *io.SectionReader
	buf *bufio.Reader
	err error // what ended the bytes, if not their end
}

func newTarSource(b *box) *tarSource {
	if b.at != nil {
		return &tarSource{at: io.NewSectionReader(b.at, 0, b.size)}
	}
	return &tarSource{buf: bufio.NewReaderSize(b.reader(), 64<<10)}
}

func (s *tarSource) reader() io.Reader {
	if s.at != nil {
		return s.at
	}
	return s.buf
}

// packedSize is the size of a member in the tar. Of a sparse one the tar does not
// say: it is taken to be nothing, and the ratio decides.
func packedSize(h *tar.Header) int64 {
	sparse := h.Typeflag == tar.TypeGNUSparse
	for name := range h.PAXRecords {
		sparse = sparse || strings.HasPrefix(name, "GNU.sparse.")
	}
	if sparse {
		return 0
	}
	return h.Size
}

// peek returns the next block without taking it.
func (s *tarSource) peek() []byte {
	if s.buf != nil {
		block, err := s.buf.Peek(tarBlock)
		if err != nil && err != io.EOF {
			s.err = err
		}
		return block
	}
	block := make([]byte, tarBlock)
	here, _ := s.at.Seek(0, io.SeekCurrent)
	n, err := s.at.ReadAt(block, here)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return block[:n]
}

func (s *tarSource) discard(n int) {
	if s.buf != nil {
		_, _ = s.buf.Discard(n)
		return
	}
	_, _ = s.at.Seek(int64(n), io.SeekCurrent)
}

// nextHeader goes on to the next header of a tar, and tells whether there is
// one, and how many bytes that are not zero it passed over.
func (s *tarSource) nextHeader(w *walk) (skipped int64, more bool) {
	zero := make([]byte, tarBlock)
	for w.alive() == nil {
		block := s.peek()
		if len(block) == tarBlock && tarHeader(block) {
			return skipped, true
		}
		if len(block) == 0 {
			return skipped, false
		}
		if !bytes.Equal(block, zero[:len(block)]) {
			skipped += int64(len(block))
		}
		s.discard(len(block))
	}
	return skipped, false
}
