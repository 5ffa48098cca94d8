package container

import (
	"errors"
	"fmt"
	"io"
)

// entry is what a container states of one member.
type entry struct {
	name       string // as stated
	size       int64  // -1: not stated
	packed     int64  // -1: not stated
	crc        *uint32
	dir        bool
	bare       bool   // nothing but a statement: neither body nor cause
	sha1       []byte // as stated, or nil
	sha256     []byte
	cause, why string // why it cannot be opened, if so
}

// sniffed is how many bytes of a member are looked at to tell its format.
const sniffed = 512

// member takes one entry of b all the way: it is passed over, stated, opened as
// a container, or visited with its body. open is called when the body is wanted,
// and not more than once. An error must be returned by the opener at once; it
// has done its accounting already.
func (w *walk) member(b *box, e entry, open func() (io.Reader, error)) error {
	if err := w.stopped(b); err != nil {
		return err
	}
	if err := w.alive(); err != nil {
		return err
	}
	if b.saw != nil {
		b.saw(e.name)
	}
	if b.depth == 0 {
		w.index, w.within, w.done = b.next, 0, false
	}
	b.next++
	if b.depth == 0 && w.index < w.from {
		return nil
	}
	if w.entries++; w.entries > w.limits.Members {
		w.over = fault("limit_members", "more than %d members", w.limits.Members)
		return w.over
	}
	m := w.state(b, e)
	unwanted := e.dir || e.bare || w.o.List || m.Cause != "" && m.Cause != "bad_path" ||
		b.depth == 0 && w.o.Only != nil && !w.o.Only(m)
	if unwanted {
		return w.tell(b, m, nil)
	}
	r, err := open()
	if err != nil {
		return w.refuse(b, m, err)
	}
	return w.enter(b, m, e, &meter{r: r, w: w, b: b, packed: e.packed})
}

// state makes the Member of an entry.
func (w *walk) state(b *box, e entry) Member {
	name, fine := cleanName(e.name)
	m := Member{Name: b.prefix + name, Index: w.index, Size: e.size, Packed: e.packed, CRC32: e.crc, Dir: e.dir, SHA1: e.sha1, SHA256: e.sha256, Cause: e.cause, Why: e.why}
	if len(m.Name) > maxName {
		m.Name, fine = cut(m.Name, maxName), false
	}
	if m.Cause == "" && !fine && !e.dir {
		m.Cause, m.Why = "bad_path", "the name leads out of the container, or is no name"
	}
	return m
}

// refuse visits a member that cannot be opened because of err.
func (w *walk) refuse(b *box, m Member, err error) error {
	if gone := w.stopped(b); gone != nil {
		return gone
	}
	m.Cause, m.Why = CauseOf(err)
	return w.tell(b, m, nil)
}

// enter looks at the first bytes of a member, and opens what is a container.
func (w *walk) enter(b *box, m Member, e entry, body *meter) error {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(body, head)
	if gone := w.stopped(b); gone != nil && n == 0 {
		return gone
	}
	if err != nil && n == 0 && !errors.Is(err, io.EOF) {
		return w.refuse(b, m, err)
	}
	if b.look != nil {
		if f := b.look(e.name, head[:n]); f != nil {
			return w.refuse(b, m, f)
		}
	}
	body.unread(head[:n])
	f := w.sniff(head[:n], e.name)
	if f == nil {
		return w.tell(b, m, body)
	}
	m.Format = f.name
	if b.depth >= w.limits.Depth {
		m.Cause, m.Why = "limit_nesting", fmt.Sprintf("more than %d containers in containers", w.limits.Depth)
		return w.tell(b, m, nil)
	}
	inner := &box{
		name: e.name, prefix: m.Name + "!", depth: b.depth + 1, parent: b, count: -1,
		size: -1, stream: body,
	}
	cause, why := inner.ended(w.openAs(inner, f))
	if gone := w.stopped(b); gone != nil && !errors.As(gone, new(*Fault)) {
		return gone
	}
	if m.Cause == "" || cause != "" {
		m.Cause, m.Why = cause, why
	}
	m.Format = inner.format
	return w.tell(b, m, nil)
}
