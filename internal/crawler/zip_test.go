package crawler_test

import (
	"bytes"
	"encoding/binary"
)

// le appends numbers in little-endian order: byte widths by their types.
func le(b []byte, numbers ...any) []byte {
	for _, n := range numbers {
		switch n := n.(type) {
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, n)
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, n)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, n)
		case string:
			b = append(b, n...)
		default:
			panic("le: unreachable")
		}
	}
	return b
}

const none16, zero16, zero32 = uint16(0xffff), uint16(0), uint32(0)

// zipLocal is the header in front of a stored member.
func zipLocal(name string, size int64) []byte {
	return le(nil, uint32(0x04034b50), uint16(20), zero16, zero16, zero32, uint32(7), uint32(size), uint32(size), uint16(len(name)), zero16, name)
}

// zipCentral adds the entry of a member to a directory, in zip64.
func zipCentral(b *bytes.Buffer, name string, size, at int64) {
	b.Write(le(nil, uint32(0x02014b50), uint16(45), uint16(45), zero16, zero16, zero32, uint32(7), uint32(size), uint32(size), uint16(len(name)), uint16(12),
		zero16, zero16, zero16, zero32, uint32(0xffffffff), name, uint16(1), uint16(8), uint64(at)))
}

// zipEnd ends a directory that stands at a place, in zip64.
func zipEnd(b *bytes.Buffer, members int, at int64) {
	n, size := uint64(members), uint64(b.Len())
	b.Write(le(nil, uint32(0x06064b50), uint64(44), uint16(45), uint16(45), zero32, zero32, n, n, size, uint64(at)))
	b.Write(le(nil, uint32(0x07064b50), zero32, uint64(at)+size, uint32(1)))
	b.Write(le(nil, uint32(0x06054b50), zero16, zero16, none16, none16, uint32(0xffffffff), uint32(0xffffffff), zero16))
}
