package demo

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

const (
	oleSector = 512
	oleFree   = 0xffffffff
	oleLast   = 0xfffffffe
	oleTable  = 0xfffffffd
)

// OLE writes a compound file, as old Word and PowerPoint do, with one stream
// of any length.
func OLE(stream string, body []byte) []byte {
	size := max(len(body), 4096) // shorter ones would stand elsewhere
	n := (size + oleSector - 1) / oleSector
	tables := 1
	for tables*oleSector/4 < n+1+tables {
		tables++
	}
	chain := make([]uint32, tables*oleSector/4)
	for i := range chain {
		switch {
		case i < tables:
			chain[i] = oleTable
		case i == tables, i == tables+n: // the directory; the stream's end
			chain[i] = oleLast
		case i < tables+n:
			chain[i] = uint32(i + 1)
		default:
			chain[i] = oleFree
		}
	}
	b := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 16)...)
	for _, v := range []uint16{62, 3, 0xfffe, 9, 6, 0, 0, 0} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	for _, v := range []uint32{0, uint32(tables), uint32(tables), 0, 4096, oleLast, 0, oleLast, 0} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for i := range uint32(109) {
		if int(i) >= tables {
			i = oleFree
		}
		b = binary.LittleEndian.AppendUint32(b, i)
	}
	for _, v := range chain {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, oleEntry("Root Entry", 5, 1, oleLast, 0)...)
	b = append(b, oleEntry(stream, 2, oleFree, uint32(tables+1), uint64(size))...)
	b = append(b, make([]byte, 2*128)...)
	b = append(b, body...)
	return append(b, make([]byte, n*oleSector-len(body))...)
}

func oleEntry(name string, kind byte, child, start uint32, size uint64) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(name)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	length := len(b) + 2
	b = append(b, bytes.Repeat([]byte{0}, 64-len(b))...)
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	b = append(b, kind, 1)
	for _, v := range []uint32{oleFree, oleFree, child} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, make([]byte, 36)...)
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, start), size)
}
