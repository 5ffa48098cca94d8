package container

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// ratioFloor is what may be unpacked before the ratio counts.
const ratioFloor = 16 << 20

// Fault is an error with a cause of the list.
type Fault struct {
	Code string
	Why  string
}

func (f *Fault) Error() string { return f.Code + ": " + f.Why }

// Cause returns the code.
func (f *Fault) Cause() string { return f.Code }

func fault(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Why: fmt.Sprintf(format, args...)}
}

// CauseOf returns the cause of what could not be read, and why in words; "" for
// nil and for the end of a body.
func CauseOf(err error) (cause, why string) {
	if err == nil || err == io.EOF {
		return "", ""
	}
	f := faultOf(err)
	return f.Code, f.Why
}

func faultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	var caused interface{ Cause() string }
	if errors.As(err, &caused) {
		return &Fault{Code: caused.Cause(), Why: err.Error()}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &Fault{Code: "damaged", Why: "the bytes end too early"}
	}
	return &Fault{Code: "damaged", Why: cut(clean(err.Error()), 200)}
}

// alive checks ctx and the time of the walk.
func (w *walk) alive() error {
	if err := w.ctx.Err(); err != nil {
		if w.ended == nil {
			w.ended = err
		}
		return w.ended
	}
	if w.deadline.IsZero() {
		return nil
	}
	if w.reads++; w.reads%16 != 1 {
		return nil
	}
	if time.Now().After(w.deadline) {
		w.over = fault("limit_time", "longer than %v", w.limits.Time)
		return w.over
	}
	return nil
}

// spend counts n bytes that came out of b, and returns the limit that was
// reached by them.
func (w *walk) spend(b *box, n int) error {
	w.unpacked += int64(n)
	if w.unpacked > w.limits.Total && w.over == nil {
		w.over = fault("limit_total", "more than %d bytes unpacked", w.limits.Total)
	}
	for x := b; x != nil; x = x.parent {
		x.out += int64(n)
		if in := x.packed(); x.over == nil && x.out > ratioFloor && x.out-ratioFloor > in*int64(w.limits.Ratio) {
			x.over = fault("limit_ratio", "%d bytes out of %d, more than %d times as many", x.out, in, w.limits.Ratio)
		}
	}
	return w.stopped(b)
}

// packed returns how many bytes b itself has, as far as that is known.
func (b *box) packed() int64 {
	if b.at != nil && !b.sequential {
		return b.size
	}
	return b.read
}

// counted counts the bytes read of a box.
type counted struct {
	r io.Reader
	b *box
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.b.read += int64(n)
	return n, err
}

// meter is the body of a member: it counts, and ends at the limits.
type meter struct {
	r      io.Reader
	w      *walk
	b      *box
	packed int64 // bytes of the member in its container; -1: not known
	got    int64
	head   []byte // put back
	err    error
}

// unread puts back what was read of the head, which is counted.
func (m *meter) unread(head []byte) { m.head = head }

func (m *meter) Read(p []byte) (int, error) {
	if len(m.head) > 0 {
		n := copy(p, m.head)
		m.head = m.head[n:]
		return n, nil
	}
	if m.err != nil {
		return 0, m.err
	}
	if err := m.w.alive(); err != nil {
		m.err = err
		return 0, err
	}
	n, err := m.fenced(p)
	m.got += int64(n)
	m.err = err
	if m.b.solid {
		if gone := m.w.stopped(m.b); gone != nil {
			m.err = gone
		}
	} else if gone := m.w.spend(m.b, n); gone != nil {
		m.err = gone
	}
	if limit := int64(m.w.limits.Ratio); m.packed >= 0 && m.got > ratioFloor && (m.got-ratioFloor)/limit > m.packed {
		f := fault("limit_ratio", "%d bytes out of %d, more than %d times as many", m.got, m.packed, limit)
		if m.b.partly == nil {
			m.b.partly = f
		}
		m.err = f
	}
	return n, m.err
}

// fenced reads, and turns the panic of a decoder into damage.
func (m *meter) fenced(p []byte) (n int, err error) {
	defer func() { fence(recover(), &err) }()
	return m.r.Read(p)
}

// watched is the stream of the source: its errors are kept, whatever a library
// makes of them.
type watched struct {
	r io.Reader
	w *walk
}

func (s *watched) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.w.source = sourceFault(err)
		err = s.w.source
	}
	return n, err
}

// watchedAt is the same of a source that can be read anywhere.
type watchedAt struct {
	r    io.ReaderAt
	w    *walk
	size int64
}

func (s *watchedAt) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fault("damaged", "a place before the first byte") // of the container's making: the source was not asked
	}
	n, err := s.r.ReadAt(p, at)
	if err != nil && (err != io.EOF || n < len(p) && at+int64(n) < s.size) {
		if err == io.EOF {
			err = fault("partial", "the bytes end at %d of %d", at+int64(n), s.size)
		}
		if cause, _ := CauseOf(err); cause == "split" {
			return n, err // the other volumes can be read
		}
		s.w.source = sourceFault(err)
		err = s.w.source
	}
	return n, err
}

func sourceFault(err error) error {
	var caused interface{ Cause() string }
	if errors.As(err, &caused) {
		return err
	}
	return &Fault{Code: "partial", Why: cut(clean(err.Error()), 200)}
}
