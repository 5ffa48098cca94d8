package container

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/ulikunitz/xz/lzma"
)

// zipKnows tells whether a method of packing can be undone.
func zipKnows(method uint16) bool {
	switch method {
	case 0, 8, 9, 12, 14, 93, 95:
		return true
	}
	return false
}

// unpack undoes the packing of one member. Of the rare methods the first bytes
// must look as they should: else the method is not what it says.
func (z *zipBodies) unpack(m *zipMember, r *bufio.Reader) (io.Reader, error) {
	z.w.freeWindow(z.b, z.window)
	before := z.b.window
	defer func() { z.window = z.b.window - before }()
	z.window = 0
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

// lzma has its head written anew: version and size of the properties stand
// before it, the size of the body does not.
func (z *zipBodies) lzma(m *zipMember, r *bufio.Reader) (io.Reader, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size, err := z.w.dictionary(z.b, int64(le32(head[5:])), m.size)
	if err != nil {
		return nil, err
	}
	written := binary.LittleEndian.AppendUint32([]byte{head[4]}, uint32(size))
	const withEnd = 2
	if m.flags&withEnd != 0 {
		written = binary.LittleEndian.AppendUint64(written, 1<<64-1)
	} else {
		written = binary.LittleEndian.AppendUint64(written, uint64(m.size))
	}
	config := lzma.ReaderConfig{DictCap: int(max(size, lzma.MinDictCap))}
	return config.NewReader(&headed{head: written, r: r})
}
