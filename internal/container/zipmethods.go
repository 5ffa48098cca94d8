package container

import (
	"bufio"
	"compress/bzip2"
	"io"

	"github.com/klauspost/compress/flate"
)

// zipKnows tells whether a method of packing can be undone.
func zipKnows(method uint16) bool {
	switch method {
	case 0, 8, 9, 12, 14, 93, 95:
		return true
	}
	return false
}

// unpack undoes the packing of one member.
func (z *zipBodies) unpack(m *zipMember, r *bufio.Reader) (io.Reader, error) {
	body, took, err := z.w.decoders(z.b, z.took, func() (io.Reader, error) { return z.decoder(m, r) })
	z.took = took
	return body, err
}

// decoder goes by the method. Of the rare ones the first bytes must look as they
// should: else the method is not what it says.
func (z *zipBodies) decoder(m *zipMember, r *bufio.Reader) (io.Reader, error) {
	head, _ := r.Peek(10)
	switch {
	case m.method == 0:
		return r, nil
	case m.method == 8 && z.inflate == nil:
		z.inflate = flate.NewReader(r)
		return z.inflate, nil
	case m.method == 8:
		return z.inflate, z.inflate.(flate.Resetter).Reset(r, nil)
	case m.method == 9:
		if z.inflate64 == nil {
			z.inflate64 = new(deflate64)
		}
		*z.inflate64 = deflate64{r: r, state: (*deflate64).header}
		return z.inflate64, nil
	case m.method == 12 && sniffBzip2(head, ""):
		return bzip2.NewReader(r), nil
	case m.method == 14 && len(head) >= 9 && le16(head[2:]) == 5 && head[4] < 225:
		return z.lzma(m, r)
	case m.method == 93 && sniffZstd(head, ""):
		return libraryReader(unpackZstd(z.w, z.b, r))
	case m.method == 95 && sniffXz(head, ""):
		return libraryReader(unpackXz(z.w, z.b, r))
	}
	return nil, fault("unsupported", "method %d", m.method)
}

func libraryReader(r io.Reader, _ string, err error) (io.Reader, error) { return r, err }

// lzma reads what stands before a stream: the version of the packer, and how long
// the properties are that follow.
func (z *zipBodies) lzma(m *zipMember, r *bufio.Reader) (io.Reader, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	const withEnd = 2
	return z.w.lzma(z.b, rawLZMA{props: head[4], dictionary: int64(le32(head[5:])), size: m.size, marked: m.flags&withEnd != 0}, r)
}
