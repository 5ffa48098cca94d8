package demo

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// HugeZip is a zip of any number of pictures that takes little room: a few
// pictures come again and again, each blown up to the same size by comments
// that its decoder passes over. It can be read anywhere.
type HugeZip struct {
	kinds     [][]byte // local header and body, but for the name: all of one length
	sums      []uint32
	which     func(i int) int // which picture member i is
	n         int
	stride    int64 // from one local header to the next
	directory []byte
}

// hugeName is the name of member i, of the same length for all.
func hugeName(i int) string { return fmt.Sprintf("DCIM/%03d/PIC_%08d.JPG", i/1000%1000, i) }

// NewHugeZip packs n members of about size bytes, stored. Which says which of
// the pictures, JPEG files shorter than size, member i is.
func NewHugeZip(n, size int, pictures [][]byte, which func(i int) int) *HugeZip {
	z := &HugeZip{n: n, which: which}
	for _, p := range pictures {
		p = blownUp(p, size)
		z.sums = append(z.sums, crc32.ChecksumIEEE(p))
		head := zipLocal(ZipMember{File: File{Name: hugeName(0)}}, ZipStated{CRC32: crc32.ChecksumIEEE(p), Packed: uint64(len(p)), Size: uint64(len(p))}, 0, nil)
		z.kinds = append(z.kinds, slices.Concat(head, p))
	}
	z.stride = int64(len(z.kinds[0]))
	body := uint64(size)
	for i := range n {
		at := uint64(i) * uint64(z.stride)
		m := ZipMember{File: File{Name: hugeName(i)}, Zip64: at >= 1<<32-1}
		z.directory = append(z.directory, zipEntry(m, ZipStated{Name: m.Name, CRC32: z.sums[which(i)], Packed: body, Size: body, Offset: at}, 0, nil)...)
	}
	at := uint64(z.stride) * uint64(n)
	z.directory = append(z.directory, zipEnd(uint64(n), at, uint64(len(z.directory)), false, "")...)
	return z
}

// Size is that of the whole file.
func (z *HugeZip) Size() int64 { return z.stride*int64(z.n) + int64(len(z.directory)) }

// Directory is how many bytes its directory takes.
func (z *HugeZip) Directory() int { return len(z.directory) }

// ReadAt makes the bytes as they are asked for.
func (z *HugeZip) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && off < z.Size() {
		part := z.directory
		at := off - z.stride*int64(z.n)
		if at < 0 {
			i := int(off / z.stride)
			at = off % z.stride
			if at < 30+int64(len(hugeName(0))) { // the header, with the name of this one
				part = slices.Clone(z.kinds[z.which(i)][:30+len(hugeName(0))])
				copy(part[30:], hugeName(i))
			} else {
				part = z.kinds[z.which(i)]
			}
		}
		k := copy(b[n:], part[at:])
		n, off = n+k, off+int64(k)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// blownUp puts comments behind the first marker of a JPEG until it has a size.
func blownUp(file []byte, size int) []byte {
	const longest = 60_000
	left := size - len(file)
	out := append(make([]byte, 0, size), file[:2]...)
	for left > 0 {
		n := min(left, longest)
		if rest := left - n; rest > 0 && rest < 4 {
			n -= 4
		}
		out = binary.BigEndian.AppendUint16(append(out, 0xff, 0xfe), uint16(n-2))
		out = append(out, make([]byte, n-4)...)
		left -= n
	}
	return append(out, file[2:]...)
}
