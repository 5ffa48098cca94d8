package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// box is one container being opened.
type box struct {
	format string
	name   string // file name as stated, a hint
	prefix string // of the names of its members
	depth  int    // 0: the outermost
	parent *box
	parts  []Part
	kept   *Kept // of the outermost, or nil

	at     io.ReaderAt // or nil
	size   int64       // of at, else -1
	stream io.Reader   // from the first byte, when at is nil
	held   int64       // bytes of at that lie in our memory

	next  int // index of the next member
	count int // of members when the format states it, else -1
	read  int64
	out   int64 // unpacked of it and of all in it

	solid      bool   // its members are parts of one stream, which counts for them
	sequential bool   // packed bytes count for the ratio as they are read, not all at once
	window     int64  // bytes of dictionaries
	close      func() // of what it has at work, or nil
	over       *Fault // a limit of its own was reached
	partly     *Fault // a limit that cut one of its members
	note       string

	saw  func(name string)                     // told of each member, as stated; or nil
	look func(name string, head []byte) *Fault // asked before a member is visited; or nil
}

// outermost makes the box of a source.
func (w *walk) outermost(src Source) *box {
	b := &box{name: src.Name, count: -1, size: -1, parts: src.Parts, kept: src.Kept}
	if src.At != nil && src.Size >= 0 {
		b.at, b.size = &watchedAt{src.At, w, src.Size}, src.Size
	} else if src.Stream != nil {
		b.stream = &watched{src.Stream, w}
	} else {
		b.stream = bytes.NewReader(nil)
	}
	return b
}

// head returns the first bytes of b, which stay to be read.
func (b *box) head() ([]byte, error) {
	head := make([]byte, sniffed)
	if b.at != nil {
		n, err := b.at.ReadAt(head, 0)
		if n == 0 && err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return head[:n], nil
	}
	n, err := io.ReadFull(b.stream, head)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	b.stream = io.MultiReader(bytes.NewReader(head[:n]), b.stream)
	return head[:n], nil
}

// reader returns the bytes of b from the first, counted. It may be asked for
// once only, unless b.at is set.
func (b *box) reader() io.Reader {
	if b.at != nil {
		return &counted{io.NewSectionReader(b.at, 0, b.size), b}
	}
	return &counted{b.stream, b}
}

// all returns all bytes of b, or a fault when there are more than limit or than
// memory is left. The memory stays reserved until b is done with.
func (w *walk) all(b *box, limit int64) ([]byte, error) {
	if b.at != nil && b.size > limit {
		return nil, fault("limit_memory", "%d bytes, more than the %d that are held at once", b.size, limit)
	}
	if b.at != nil {
		if err := w.reserve(b, b.size); err != nil {
			return nil, err
		}
		whole := make([]byte, b.size)
		n, err := b.at.ReadAt(whole, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return whole[:n], err
	}
	return w.slurp(b, limit)
}

// slurp reads the stream of b to its end. What was read when that fails stays to
// be read.
func (w *walk) slurp(b *box, limit int64) ([]byte, error) {
	c, err := w.chunks(b, limit)
	if err != nil {
		return nil, err
	}
	if err := w.reserve(b, c.size); err != nil {
		b.stream = io.MultiReader(c.reader(), b.stream)
		return nil, err
	}
	whole := make([]byte, c.size)
	_, err = io.ReadFull(c.reader(), whole)
	w.held -= c.size
	b.held -= c.size
	return whole, err
}

// hold brings a stream into memory, so that it can be read anywhere.
func (w *walk) hold(b *box, limit int64) error {
	c, err := w.chunks(b, limit)
	if err != nil {
		return err
	}
	b.at, b.size = c, c.size
	return nil
}

// chunks reads the stream of b to its end, into memory that grows as bytes come.
// A body that fails in its middle is held as far as it came.
func (w *walk) chunks(b *box, limit int64) (*chunked, error) {
	c := &chunked{}
	r := b.reader()
	for {
		if err := w.reserve(b, chunkSize); err != nil || c.size >= limit {
			if err == nil {
				err = fault("limit_memory", "more than the %d bytes that are held at once", limit)
			}
			b.read -= c.size
			b.stream = io.MultiReader(c.reader(), b.stream)
			return nil, err
		}
		chunk := make([]byte, chunkSize)
		n, err := io.ReadFull(r, chunk)
		c.parts = append(c.parts, chunk[:n])
		c.size += int64(n)
		if errors.Is(err, io.EOF) || err == io.ErrUnexpectedEOF {
			return c, nil
		}
		if err != nil {
			if c.size == 0 || w.stopped(b) != nil {
				return nil, err
			}
			b.partly = faultOf(err)
			return c, nil
		}
	}
}

const chunkSize = 64 << 10

// chunked is bytes in memory, in pieces of chunkSize.
type chunked struct {
	parts [][]byte
	size  int64
}

func (c *chunked) reader() io.Reader { return io.NewSectionReader(c, 0, c.size) }

func (c *chunked) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, errors.New("a negative place")
	}
	done := 0
	for done < len(p) && at < c.size {
		n := copy(p[done:], c.parts[at/chunkSize][at%chunkSize:])
		done += n
		at += int64(n)
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// reserve takes n bytes of the memory of the walk for b.
func (w *walk) reserve(b *box, n int64) error {
	if n < 0 || w.held+n > w.limits.Memory {
		return fault("limit_memory", "%d bytes more than the %d that one walk holds", w.held+n-w.limits.Memory, w.limits.Memory)
	}
	w.held += n
	b.held += n
	return nil
}

// letGo gives back what b held.
func (w *walk) letGo(b *box) {
	w.held -= b.held
	w.windows -= b.window
	b.held, b.window = 0, 0
	if b.close != nil {
		b.close()
		b.close = nil
	}
}

// ended returns the cause of b after its opener returned err.
func (b *box) ended(err error) (cause, why string) {
	switch {
	case b.over != nil:
		return b.over.Code, b.over.Why
	case err != nil:
		return CauseOf(err)
	case b.partly != nil:
		return b.partly.Code, b.partly.Why
	}
	return "", b.note
}

// remark notes what is odd about b and no fault.
func (b *box) remark(format string, args ...any) {
	if b.note == "" {
		b.note = fmt.Sprintf(format, args...)
	}
}
