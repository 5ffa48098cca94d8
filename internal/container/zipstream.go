package container

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// streamZip reads a zip from the front, by its local headers: a server that
// gives no ranges, or a zip without a directory.
func streamZip(w *walk, b *box) error {
	z := &zipStream{zipBodies: zipBodies{w: w, b: b}, r: bufio.NewReaderSize(b.reader(), 64<<10)}
	for first := true; ; first = false {
		if gone := w.alive(); gone != nil {
			return gone
		}
		sign, err := z.r.Peek(4)
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		switch {
		case len(sign) == 0:
			return fault("damaged", "the bytes end before a directory")
		case string(sign) == "PK\x03\x04":
			if err := z.member(); err != nil {
				return err
			}
		case string(sign) == "PK\x01\x02", string(sign) == "PK\x05\x06", string(sign) == "PK\x06\x06":
			return nil
		case first && string(sign) == "PK\x07\x08":
			_, _ = z.r.Discard(4)
		case err != nil && !errors.Is(err, io.EOF):
			return err
		default:
			if !z.resume() {
				return fault("damaged", "no member where one should begin")
			}
			if b.partly == nil {
				b.partly = fault("damaged", "bytes between two members")
			}
		}
	}
}

// zipStream is a zip that is read once.
type zipStream struct {
	zipBodies
	r *bufio.Reader
}

// resume goes on to what looks like the next local header.
func (z *zipStream) resume() bool {
	if _, err := z.r.Discard(1); err != nil {
		return false
	}
	for z.w.alive() == nil {
		if _, err := z.r.Peek(4); err != nil {
			return false
		}
		window, _ := z.r.Peek(z.r.Buffered())
		if i := bytes.Index(window, []byte("PK\x03\x04")); i >= 0 {
			_, _ = z.r.Discard(i)
			return true
		}
		_, _ = z.r.Discard(len(window) - 3)
	}
	return false
}

// member takes the next member, whose local header comes next.
func (z *zipStream) member() error {
	m, open, err := z.local()
	if err != nil {
		return err
	}
	body := z.body(m, open)
	if open && z.w.o.List && m.cause == "" {
		if err := z.drain(body); err != nil {
			m.cause, m.why = CauseOf(err)
		}
		m.size = body.got
	}
	err = z.w.member(z.b, m.entry, func() (io.Reader, error) {
		if body.err != nil && body.err != io.EOF {
			return nil, body.err
		}
		return body, nil
	})
	if err != nil {
		return err
	}
	if err := z.drain(body); z.w.stopped(z.b) != nil {
		return z.w.stopped(z.b)
	} else if err != nil && open {
		return nil // the next header is looked for
	}
	return nil
}

// local reads a local header. open tells that it does not say how long the
// member is.
func (z *zipStream) local() (m *zipMember, open bool, err error) {
	var fixed [30]byte
	if _, err := io.ReadFull(z.r, fixed[:]); err != nil {
		return nil, false, err
	}
	name := make([]byte, le16(fixed[26:]))
	extra := make([]byte, le16(fixed[28:]))
	if _, err := io.ReadFull(z.r, name); err != nil {
		return nil, false, err
	}
	if _, err := io.ReadFull(z.r, extra); err != nil {
		return nil, false, err
	}
	m = &zipMember{flags: le16(fixed[6:]), method: le16(fixed[8:])}
	m.entry = entry{size: int64(le32(fixed[22:])), packed: int64(le32(fixed[18:]))}
	m.name = zipName(name, extra, m.flags)
	if err := m.large(extra, new(int)); err != nil {
		return nil, false, err
	}
	crc := le32(fixed[14:])
	if m.flags&8 == 0 {
		m.crc = &crc
	}
	open = m.flags&8 != 0 && m.packed == 0
	if open {
		m.size, m.packed = -1, -1
	}
	m.dir = strings.HasSuffix(m.name, "/") && m.size <= 0
	if m.refused(0); m.dir {
		m.cause, m.why = "", ""
	}
	return m, open, nil
}

// body makes the reader of a member; what it gives is drained in any case.
func (z *zipStream) body(m *zipMember, open bool) *zipBody {
	if !open {
		limited := &io.LimitedReader{R: z.r, N: m.packed}
		body := &zipBody{rest: limited}
		if m.cause != "" {
			return body
		}
		if z.buf == nil {
			z.buf = bufio.NewReaderSize(limited, 32<<10)
		} else {
			z.buf.Reset(limited)
		}
		r, err := z.unpack(m, z.buf)
		body.r, body.err = r, err
		if err == nil {
			body.r = &checked{r: r, size: m.size, crc: m.crc, sum: crc32.NewIEEE()}
		}
		return body
	}
	ends := &zipDescriptor{z: z, sum: crc32.NewIEEE()}
	switch {
	case m.cause != "" || m.method == 0:
		ends.r = &zipScan{z: z, ends: ends, blind: m.cause != ""}
	case m.method == 8 || m.method == 9:
		r, err := z.unpack(m, z.r)
		if err != nil {
			return &zipBody{err: err}
		}
		ends.r = &zipInflate{r, ends}
	default:
		m.cause, m.why = "unsupported", fmt.Sprintf("method %d without a size", m.method)
		ends.r = &zipScan{z: z, ends: ends, blind: true}
	}
	return &zipBody{r: ends}
}

// drain reads what is left of a member.
func (z *zipStream) drain(body *zipBody) error {
	if body.rest != nil {
		_, err := io.Copy(io.Discard, &passed{body.rest, z.w})
		return err
	}
	if body.err != nil {
		return body.err
	}
	_, err := io.Copy(io.Discard, &pump{body, z.w, z.b})
	return err
}

// passed is packed bytes that are passed over.
type passed struct {
	r io.Reader
	w *walk
}

func (s *passed) Read(p []byte) (int, error) {
	if err := s.w.alive(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// zipBody is the body of a member of a stream.
type zipBody struct {
	r    io.Reader
	rest io.Reader // the packed bytes, when it is known where they end
	got  int64
	err  error
}

func (s *zipBody) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.got += int64(n)
	s.err = err
	return n, err
}

// zipDescriptor is a body whose size and CRC follow it.
type zipDescriptor struct {
	z   *zipStream
	r   io.Reader
	got int64
	sum interface {
		io.Writer
		Sum32() uint32
	}
}

func (d *zipDescriptor) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.got += int64(n)
	_, _ = d.sum.Write(p[:n])
	return n, err
}

// take reads the descriptor behind a body that ended by itself, with or without
// its sign, of 32 or 64 bits.
func (d *zipDescriptor) take() error {
	p, _ := d.z.r.Peek(24)
	sign := 0
	if len(p) >= 4 && string(p[:4]) == "PK\x07\x08" {
		sign = 4
	}
	p = p[sign:]
	if len(p) < 12 {
		return io.ErrUnexpectedEOF
	}
	size := 12
	if len(p) >= 20 && le64(p[12:]) == uint64(d.got) && le32(p[8:]) != uint32(d.got) {
		size = 20
	} else if le32(p[8:]) != uint32(d.got) {
		return fault("damaged", "%d bytes, and %d are stated", d.got, le32(p[8:]))
	}
	stated := le32(p)
	if _, err := d.z.r.Discard(sign + size); err != nil {
		return err
	}
	if stated != d.sum.Sum32() {
		return fault("crc_mismatch", "CRC-32 %08x, and %08x is stated", d.sum.Sum32(), stated)
	}
	return io.EOF
}

// zipInflate ends with its descriptor.
type zipInflate struct {
	r    io.Reader
	ends *zipDescriptor
}

func (f *zipInflate) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != io.EOF {
		return n, err
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.ends.take()
}

// zipScan is a stored body without a size: it ends where a descriptor says so.
// Blind, it knows no CRC: the bytes are encrypted.
type zipScan struct {
	z     *zipStream
	ends  *zipDescriptor
	blind bool
}

func (s *zipScan) Read(p []byte) (int, error) {
	r := s.z.r
	if _, err := r.Peek(4); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	window, _ := r.Peek(min(r.Buffered(), len(p)+3))
	i := bytes.Index(window, []byte("PK\x07\x08"))
	if i == 0 && s.here() {
		return 0, io.EOF
	}
	switch {
	case i == 0:
		i = 1
	case i < 0:
		i = max(len(window)-3, 1)
	}
	return r.Read(p[:min(i, len(p))])
}

// here tells whether the descriptor of the body comes next, and takes it.
func (s *zipScan) here() bool {
	p, _ := s.z.r.Peek(24)
	got := s.ends.got
	for _, large := range []bool{false, true} {
		size, packed := 16, uint64(0)
		switch {
		case len(p) >= 24 && large:
			size, packed = 24, le64(p[8:])
		case len(p) >= 16 && !large:
			packed = uint64(le32(p[8:]))
		default:
			continue
		}
		if packed == uint64(got) && (s.blind || le32(p[4:]) == s.ends.sum.Sum32()) {
			_, _ = s.z.r.Discard(size)
			return true
		}
	}
	return false
}
