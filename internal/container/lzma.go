package container

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// rawLZMA is what an archive states of a stream that bears no head of its own.
type rawLZMA struct {
	props      byte
	dictionary int64
	size       int64 // unpacked
	marked     bool  // it has a mark at its end
}

// lzma has the head of a stream written, with no larger dictionary than its size
// asks for.
func (w *walk) lzma(b *box, s rawLZMA, r *bufio.Reader) (io.Reader, error) {
	dictionary, err := w.dictionary(b, s.dictionary, s.size)
	if err != nil {
		return nil, err
	}
	// The decoder keeps 768 odds of two bytes for each state that a letter can be in.
	if err := w.reserve(b, 768*2<<(s.props%9+s.props/9%5)); err != nil {
		return nil, err
	}
	size := uint64(s.size)
	if s.marked {
		size = 1<<64 - 1
	}
	head := binary.LittleEndian.AppendUint32([]byte{s.props}, uint32(dictionary))
	head = binary.LittleEndian.AppendUint64(head, size)
	config := lzma.ReaderConfig{DictCap: int(max(dictionary, lzma.MinDictCap))}
	return config.NewReader(&headed{head: head, r: r})
}

// headed is bytes before a reader, byte by byte too: else the library would put
// a buffer in between.
type headed struct {
	head []byte
	r    *bufio.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(p, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.r.Read(p)
}

func (h *headed) ReadByte() (byte, error) {
	if len(h.head) > 0 {
		c := h.head[0]
		h.head = h.head[1:]
		return c, nil
	}
	return h.r.ReadByte()
}
