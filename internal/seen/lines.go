package seen

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"strings"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
)

// Lines are stored packed and deflated, a thousand together:
//
//	flags u8, name, size + 1, CRC-32 u32, SHA-1 20, SHA-256 32
//
// Names are kept as they were stated, for a set that is loaded later asks for
// them under a key of its own. Beside each block stand the keys by which a line
// is found, 4 bytes each, so that a question need not inflate what it is not in.

const (
	blockLines = 1000
	blockMost  = blockLines * (maxText + 128) // bytes of a block, inflated
)

const (
	lineCRC32 = 1 << iota
	lineSHA1
	lineSHA256
)

func appendLine(b []byte, l *container.Line) []byte {
	var flags byte
	if l.CRC32 != nil {
		flags |= lineCRC32
	}
	if len(l.SHA1) == 20 {
		flags |= lineSHA1
	}
	if len(l.SHA256) == 32 {
		flags |= lineSHA256
	}
	b = kv.AppendText(append(b, flags), cutText(l.Name))
	b = binary.AppendUvarint(b, uint64(max(l.Size, -1)+1))
	if l.CRC32 != nil {
		b = binary.BigEndian.AppendUint32(b, *l.CRC32)
	}
	if flags&lineSHA1 != 0 {
		b = append(b, l.SHA1...)
	}
	if flags&lineSHA256 != 0 {
		b = append(b, l.SHA256...)
	}
	return b
}

func cutText(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

func (r *reader) line() (l container.Line) {
	flags := r.Byte()
	l.Name, l.Size = r.Text(), int64(r.Uvarint())-1
	if flags&lineCRC32 != 0 {
		sum := r.uint32()
		l.CRC32 = &sum
	}
	if flags&lineSHA1 != 0 {
		l.SHA1 = bytes.Clone(r.Take(20))
	}
	if flags&lineSHA256 != 0 {
		l.SHA256 = bytes.Clone(r.Take(32))
	}
	return l
}

// block is some lines as they are stored.
type block struct{ packed, keys []byte }

// packer makes blocks.
type packer struct {
	deflate *flate.Writer
	plain   []byte
	out     bytes.Buffer
}

func newPacker() (*packer, error) {
	w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
	return &packer{deflate: w}, err
}

func (p *packer) pack(lines []container.Line) (b block, err error) {
	p.plain = p.plain[:0]
	for i := range lines {
		p.plain = appendLine(p.plain, &lines[i])
		for _, key := range lineKeys(&lines[i]) {
			b.keys = binary.BigEndian.AppendUint32(b.keys, key)
		}
	}
	p.out.Reset()
	p.deflate.Reset(&p.out)
	if _, err = p.deflate.Write(p.plain); err == nil {
		err = p.deflate.Close()
	}
	b.packed = bytes.Clone(p.out.Bytes())
	return b, err
}

func unpack(packed []byte) (lines []container.Line, err error) {
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), blockMost))
	if err != nil {
		return nil, fmt.Errorf("%w: lines of a manifest: %w", ErrDamaged, err)
	}
	r := reading(plain)
	for len(r.Rest) > 0 && !r.Bad {
		lines = append(lines, r.line())
	}
	if r.Bad {
		return nil, fmt.Errorf("%w: lines of a manifest", ErrDamaged)
	}
	return lines, nil
}

// The kinds of key by which a line is found.
const (
	bySHA256 = '2'
	bySHA1   = '1'
	byCRC32  = 'c' // and size
	byName   = 'n' // without its folders, and size
)

func keyOf(kind byte, value []byte) uint32 {
	sum := sha256.Sum256(append([]byte{kind}, value...))
	return binary.BigEndian.Uint32(sum[:])
}

func crcKey(crc uint32, size int64) uint32 {
	return keyOf(byCRC32, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, crc), uint64(size)))
}

func nameKey(name string, size int64) uint32 {
	return keyOf(byName, append(binary.BigEndian.AppendUint64(nil, uint64(size)), baseName(name)...))
}

// baseName is a name without folders, in the spelling in which names are
// compared.
func baseName(name string) string {
	return strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
}

func lineKeys(l *container.Line) (keys []uint32) {
	if len(l.SHA256) == 32 {
		keys = append(keys, keyOf(bySHA256, l.SHA256))
	}
	if len(l.SHA1) == 20 {
		keys = append(keys, keyOf(bySHA1, l.SHA1))
	}
	if l.Size >= 0 {
		if l.CRC32 != nil {
			keys = append(keys, crcKey(*l.CRC32, l.Size))
		}
		keys = append(keys, nameKey(l.Name, l.Size))
	}
	return keys
}
