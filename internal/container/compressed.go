package container

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/xi2/xz"
)

func sniffGzip(head []byte, _ string) bool {
	return len(head) >= 10 && head[0] == 0x1F && head[1] == 0x8B && head[2] == 8 && head[3]&0xE0 == 0
}

func sniffBzip2(head []byte, _ string) bool {
	return len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90")
}

func sniffXz(head []byte, _ string) bool {
	return len(head) >= 6 && string(head[:6]) == "\xFD7zXZ\x00"
}

func sniffZstd(head []byte, _ string) bool {
	return len(head) >= 4 && (string(head[:4]) == "\x28\xB5\x2F\xFD" || head[0]&0xF0 == 0x50 && string(head[1:4]) == "\x2A\x4D\x18")
}

// unpacker undoes one way of packing a stream. It returns also the name that the
// stream states, if it does.
type unpacker func(w *walk, b *box, r *bufio.Reader) (io.Reader, string, error)

// openPacked opens a stream that was packed as a whole. What is in it is a tar,
// and then one container with it; or one member, named after the container.
func openPacked(suffix string, unpack unpacker) opener {
	return func(w *walk, b *box) error {
		b.sequential, b.solid = true, true
		r, name, err := unpack(w, b, bufio.NewReaderSize(b.reader(), 64<<10))
		if err != nil {
			return err
		}
		buf := bufio.NewReaderSize(&pump{r, w, b}, 64<<10)
		head, err := buf.Peek(tarBlock)
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		if len(head) == tarBlock && tarHeader(head) {
			b.format = "tar." + suffix
			return readTars(w, b, &tarSource{buf: buf})
		}
		if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		b.count = 1
		if name == "" {
			name = innerName(b.name)
		}
		return w.member(b, entry{name: name, size: -1, packed: -1}, func() (io.Reader, error) { return buf, nil })
	}
}

// innerName is the name of what was packed, by that of the container.
func innerName(name string) string {
	name = bareName(name)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i]
	}
	return "content"
}

// pump is an unpacked stream, of which every byte counts, also those that are
// passed over.
type pump struct {
	r io.Reader
	w *walk
	b *box
}

func (p *pump) Read(to []byte) (int, error) {
	if err := p.w.alive(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(to)
	if gone := p.w.spend(p.b, n); gone != nil {
		return n, gone
	}
	if err != nil && err != io.EOF {
		err = packedFault(err)
	}
	return n, err
}

// packedFault tells the errors of the libraries apart.
func packedFault(err error) error {
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch), err == bzip2.StructuralError("block checksum mismatch"):
		return fault("crc_mismatch", "%v", err)
	case errors.Is(err, xz.ErrMemlimit), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fault("limit_window", "a dictionary that is larger than the limit, or than that of the first stream")
	case errors.Is(err, zstd.ErrUnknownDictionary), errors.Is(err, xz.ErrOptions), errors.Is(err, xz.ErrUnsupportedCheck):
		return fault("unsupported", "%v", err)
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fault("limit_total", "%v", err)
	}
	return err
}

// window reserves the dictionary of a decompressor, of which need bytes are
// stated: never less than the usual 8 MiB, since a later stream may need more
// than the first. All at work share one limit.
func (w *walk) window(b *box, need int64) (int64, error) {
	left := w.limits.Window - w.windows
	if need > left {
		return 0, fault("limit_window", "a dictionary of %d bytes", need)
	}
	size := max(need, min(8<<20, left))
	if err := w.reserve(b, size); err != nil {
		return 0, err
	}
	w.windows += size
	b.window += size
	return size, nil
}

// dictionary reserves the dictionary of a decoder of which it is known how much
// comes out of it: it needs no more than that.
func (w *walk) dictionary(b *box, stated, unpacked int64) (int64, error) {
	need := min(stated, max(unpacked, 4<<10))
	if need > w.limits.Window-w.windows {
		return 0, fault("limit_window", "a dictionary of %d bytes", need)
	}
	if err := w.reserve(b, need); err != nil {
		return 0, err
	}
	w.windows += need
	b.window += need
	return need, nil
}

// taken is what the decoders of one body hold of the limits.
type taken struct{ held, window int64 }

// decoders gives back what the decoders of an earlier body hold, and tells what
// those hold that build makes.
func (w *walk) decoders(b *box, old taken, build func() (io.Reader, error)) (io.Reader, taken, error) {
	w.giveBack(b, old)
	before := taken{b.held, b.window}
	r, err := build()
	return r, taken{b.held - before.held, b.window - before.window}, err
}

func (w *walk) giveBack(b *box, t taken) {
	w.held -= t.held
	w.windows -= t.window
	b.held -= t.held
	b.window -= t.window
}

func unpackGzip(_ *walk, b *box, r *bufio.Reader) (io.Reader, string, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, "", err
	}
	z.Multistream(false)
	name := ""
	if z.Name != "" {
		name = bareName(z.Name)
	}
	return &gzips{z: z, r: r, b: b}, name, nil
}

// gzips reads one stream after the other; what follows the last is a remark.
type gzips struct {
	z *gzip.Reader
	r *bufio.Reader
	b *box
}

func (g *gzips) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		head, _ := g.r.Peek(10)
		if !sniffGzip(head, "") {
			return 0, g.tail()
		}
		if err := g.z.Reset(g.r); err != nil {
			return 0, err
		}
		g.z.Multistream(false)
	}
}

func (g *gzips) tail() error {
	n, err := io.Copy(io.Discard, g.r)
	if n > 0 {
		g.b.remark("%d bytes after the end", n)
	}
	if err != nil {
		return err
	}
	return io.EOF
}

func unpackBzip2(w *walk, b *box, r *bufio.Reader) (io.Reader, string, error) {
	z, err := w.bzip2(b, r)
	return &bzips{z, b}, "", err
}

// bzip2 reserves the block that a decoder holds.
func (w *walk) bzip2(b *box, r *bufio.Reader) (io.Reader, error) {
	if err := w.reserve(b, 4<<20); err != nil {
		return nil, err
	}
	return bzip2.NewReader(r), nil
}

type bzips struct {
	r io.Reader
	b *box
}

func (z *bzips) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if err == bzip2.StructuralError("bad magic value in continuation file") {
		z.b.remark("bytes after the end")
		err = io.EOF
	}
	return n, err
}

func unpackXz(w *walk, b *box, r *bufio.Reader) (io.Reader, string, error) {
	head, _ := r.Peek(xzHeads)
	size, err := w.window(b, xzWindow(head))
	if err != nil {
		return nil, "", err
	}
	z, err := xz.NewReader(r, uint32(min(size, 1<<32-1)))
	if err != nil {
		return nil, "", packedFault(err)
	}
	z.Multistream(false)
	return &xzs{z, b}, "", nil
}

// xzHeads is the longest that the head of a stream and that of its first block
// can be.
const xzHeads = 12 + 1024

// xzWindow reads the size of the dictionary out of the first block's head: the
// last filter is LZMA2, with one byte of properties.
func xzWindow(head []byte) int64 {
	if len(head) < 14 {
		return 0
	}
	block := head[12:]
	end := (int(block[0]) + 1) * 4
	if block[0] == 0 || end > len(block) {
		return 0
	}
	i := bytes.LastIndex(block[:end], []byte{0x21, 1})
	if i < 0 || i+2 >= end || block[i+2] > 40 {
		return 0
	}
	return lzma2Window(block[i+2])
}

// lzma2Window is the size of the dictionary by the byte that stands for it.
func lzma2Window(p byte) int64 {
	if p >= 40 {
		return 1<<32 - 1
	}
	return (2 | int64(p&1)) << (p/2 + 11)
}

// xzs reads one stream after the other; what follows the last is a remark.
type xzs struct {
	z *xz.Reader
	b *box
}

func (x *xzs) Read(p []byte) (int, error) {
	for {
		n, err := x.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		err = x.z.Reset(nil)
		if errors.Is(err, xz.ErrFormat) || errors.Is(err, xz.ErrBuf) {
			x.b.remark("bytes after the end")
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		x.z.Multistream(false)
	}
}

func unpackZstd(w *walk, b *box, r *bufio.Reader) (io.Reader, string, error) {
	head, _ := r.Peek(zstd.HeaderMaxSize)
	var first zstd.Header
	if err := first.Decode(head); err != nil {
		return nil, "", err
	}
	need := first.WindowSize
	if first.SingleSegment {
		need = first.FrameContentSize
	}
	if need > 1<<60 {
		need = 1 << 60
	}
	size, err := w.window(b, int64(need))
	if err != nil {
		return nil, "", err
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(max(size, zstd.MinWindowSize))), zstd.WithDecoderMaxMemory(uint64(w.limits.Total)))
	if err != nil {
		return nil, "", err
	}
	b.close = z.Close
	return &zstds{z: z, b: b}, "", nil
}

type zstds struct {
	z   *zstd.Decoder
	b   *box
	any bool
}

func (z *zstds) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	z.any = z.any || n > 0
	if z.any && errors.Is(err, zstd.ErrMagicMismatch) {
		z.b.remark("bytes after the end")
		err = io.EOF
	}
	return n, err
}
