package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/xi2/xz"
)

// sevenCoder is one step of unpacking a folder.
type sevenCoder struct {
	method   uint64
	props    []byte
	unpacked int64 // bytes that come out of it
}

const (
	sevenCopy      = 0x00
	sevenDelta     = 0x03
	sevenLZMA2     = 0x21
	sevenLZMA      = 0x030101
	sevenDeflate   = 0x040108
	sevenDeflate64 = 0x040109
	sevenBzip2     = 0x040202
	sevenZstd      = 0x04F71101
	sevenAES       = 0x06F10701
)

// judge tells why a coder cannot be undone, if so.
func (c *sevenCoder) judge() (cause, why string) {
	switch c.method {
	case sevenCopy, sevenDelta, sevenLZMA2, sevenLZMA, sevenDeflate, sevenDeflate64, sevenBzip2, sevenZstd:
		return "", ""
	case sevenAES:
		return "encrypted", "its name and size are stated all the same"
	}
	return "unsupported", fmt.Sprintf("method %X", c.method)
}

func (c *sevenCoder) reader(w *walk, b *box, r io.Reader) (io.Reader, error) {
	buf, ok := r.(*bufio.Reader)
	if !ok {
		buf = bufio.NewReaderSize(r, 32<<10)
	}
	switch c.method {
	case sevenCopy:
		return r, nil
	case sevenDelta:
		if len(c.props) != 1 {
			return nil, fault("damaged", "a delta without its distance")
		}
		return &delta{r: r, back: int(c.props[0]) + 1}, nil
	case sevenLZMA2:
		return c.lzma2(w, b, buf)
	case sevenLZMA:
		if len(c.props) < 5 {
			return nil, fault("damaged", "LZMA without its properties")
		}
		return w.lzma(b, rawLZMA{props: c.props[0], dictionary: int64(le32(c.props[1:])), size: c.unpacked}, buf)
	case sevenDeflate:
		return flate.NewReader(buf), nil
	case sevenDeflate64:
		return &deflate64{r: buf, state: (*deflate64).header}, nil
	case sevenBzip2:
		return w.bzip2(b, buf)
	case sevenZstd:
		z, _, err := unpackZstd(w, b, buf)
		return z, err
	}
	return nil, fault("unsupported", "method %X", c.method)
}

// lzma2 goes through the decoder for xz, the faster one, with the head of a
// stream and of a block put before it. The folder's size ends it.
func (c *sevenCoder) lzma2(w *walk, b *box, r *bufio.Reader) (io.Reader, error) {
	if len(c.props) != 1 || c.props[0] > 40 {
		return nil, fault("damaged", "LZMA2 without its properties")
	}
	prop := c.props[0]
	for prop > 0 && lzma2Window(prop-1) >= c.unpacked {
		prop--
	}
	if _, err := w.dictionary(b, lzma2Window(prop), c.unpacked); err != nil {
		return nil, err
	}
	head := []byte("\xFD7zXZ\x00\x00\x00")
	head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(head[6:8]))
	block := []byte{2, 0, 0x21, 1, prop, 0, 0, 0}
	head = append(head, binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))...)
	z, err := xz.NewReader(io.MultiReader(bytes.NewReader(head), r), uint32(lzma2Window(prop)))
	if err != nil {
		return nil, packedFault(err)
	}
	return z, nil
}

// delta adds to each byte the one some places before.
type delta struct {
	r    io.Reader
	back int
	last [256]byte
	at   int
}

func (d *delta) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	for i := range p[:n] {
		p[i] += d.last[d.at]
		d.last[d.at] = p[i]
		d.at = (d.at + 1) % d.back
	}
	return n, err
}
