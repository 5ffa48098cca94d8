package demo

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"unicode/utf16"
)

// SevenZipHow says how SevenZip packs. The zero value stores each member in a
// folder of its own.
type SevenZipHow struct {
	Method string // "" stored, "deflate", "lzma2" (in chunks that are stored)
	Solid  bool   // all members in one folder
	Lock   string // "", SevenZipBodies, SevenZipHeader

	Dictionary byte // of lzma2, as its property byte: 16 (1 MiB) when 0
}

// The ways in which SevenZip locks. What is locked is random: nobody has the
// password, so nobody can tell.
const (
	SevenZipBodies = "bodies" // names, sizes and CRC-32 are stated
	SevenZipHeader = "header" // nothing is stated
)

// The tags of a header of 7z.
const (
	sevenEnd = iota
	sevenHeader
	_
	_
	sevenStreams
	sevenFiles
	sevenPack
	sevenUnpack
	sevenSubStreams
	sevenSize
	sevenCRC
	sevenFolder
	sevenCodersSize
	sevenNumStreams
	sevenNames   = 0x11
	sevenEncoded = 0x17
)

// sevenFolderOf is one packed stream.
type sevenFolderOf struct {
	packed []byte
	files  []File
}

func (f sevenFolderOf) size() (n int) {
	for _, m := range f.files {
		n += len(m.Body)
	}
	return n
}

// SevenZip packs files, none of them empty.
func SevenZip(how SevenZipHow, files ...File) []byte {
	var folders []sevenFolderOf
	if how.Solid {
		folders = []sevenFolderOf{{files: files}}
	} else {
		for _, f := range files {
			folders = append(folders, sevenFolderOf{files: []File{f}})
		}
	}
	if how.Dictionary == 0 {
		how.Dictionary = 16
	}
	var bodies []byte
	for i := range folders {
		var plain []byte
		for _, m := range folders[i].files {
			plain = append(plain, m.Body...)
		}
		folders[i].packed = how.pack(plain)
		bodies = append(bodies, folders[i].packed...)
	}
	header := slices.Concat([]byte{sevenHeader, sevenStreams}, how.packInfo(0, folders), how.unpackInfo(folders), how.subStreams(folders),
		[]byte{sevenEnd}, sevenFileNames(files), []byte{sevenEnd})
	if how.Lock == SevenZipHeader {
		locked := sevenFolderOf{packed: noise((len(header)+15)/16*16, 7), files: []File{{Body: header}}}
		at := len(bodies)
		bodies = append(bodies, locked.packed...)
		header = slices.Concat([]byte{sevenEncoded}, how.packInfo(at, []sevenFolderOf{locked}), how.unpackInfo([]sevenFolderOf{locked}), []byte{sevenEnd})
	}
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(bodies)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	head := binary.LittleEndian.AppendUint32([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), crc32.ChecksumIEEE(start))
	return slices.Concat(head, start, bodies, header)
}

func (how SevenZipHow) pack(plain []byte) []byte {
	switch {
	case how.Lock != "":
		return noise((len(plain)+15)/16*16, uint64(len(plain)))
	case how.Method == "deflate":
		return zipBody(8, plain)
	case how.Method == "lzma2":
		return lzma2Stored(plain)
	}
	return plain
}

// coder is one of a folder: how long its name is, its name, what it must know.
func (how SevenZipHow) coder() []byte {
	switch {
	case how.Lock != "":
		iv := append([]byte{0x53, 0x0f}, noise(16, 3)...) // 2^19 rounds, 16 bytes to begin with
		return slices.Concat([]byte{0x24, 0x06, 0xf1, 0x07, 0x01, byte(len(iv))}, iv)
	case how.Method == "deflate":
		return []byte{0x03, 0x04, 0x01, 0x08}
	case how.Method == "lzma2":
		return []byte{0x21, 0x21, 1, how.Dictionary}
	}
	return []byte{0x01, 0x00}
}

func (how SevenZipHow) packInfo(at int, folders []sevenFolderOf) []byte {
	b := sevenNumbers([]byte{sevenPack}, at, len(folders))
	b = append(b, sevenSize)
	for _, f := range folders {
		b = sevenNumbers(b, len(f.packed))
	}
	return append(b, sevenEnd)
}

func (how SevenZipHow) unpackInfo(folders []sevenFolderOf) []byte {
	b := append(sevenNumbers([]byte{sevenUnpack, sevenFolder}, len(folders)), 0)
	for range folders {
		b = append(append(b, 1), how.coder()...)
	}
	b = append(b, sevenCodersSize)
	for _, f := range folders {
		b = sevenNumbers(b, f.size())
	}
	return append(b, sevenEnd)
}

func (how SevenZipHow) subStreams(folders []sevenFolderOf) []byte {
	b := []byte{sevenSubStreams, sevenNumStreams}
	for _, f := range folders {
		b = sevenNumbers(b, len(f.files))
	}
	b = append(b, sevenSize)
	for _, f := range folders {
		for _, m := range f.files[:len(f.files)-1] { // the last is what is left
			b = sevenNumbers(b, len(m.Body))
		}
	}
	b = append(b, sevenCRC, 1)
	for _, f := range folders {
		for _, m := range f.files {
			b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(m.Body))
		}
	}
	return append(b, sevenEnd)
}

func sevenFileNames(files []File) []byte {
	names := []byte{0}
	for _, f := range files {
		for _, u := range append(utf16.Encode([]rune(f.Name)), 0) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
	}
	b := append(sevenNumbers([]byte{sevenFiles}, len(files)), sevenNames)
	return append(append(sevenNumbers(b, len(names)), names...), sevenEnd)
}

// sevenNumbers appends numbers as 7z writes them: the ones before the first
// zero of the first byte count the bytes that follow.
func sevenNumbers(b []byte, list ...int) []byte {
	for _, v := range list {
		if v < 0 {
			panic(fmt.Sprintf("demo: %d is no size", v))
		}
		n := 0 // bytes that follow
		for n < 8 && bits.Len64(uint64(v)) > 7*(n+1) {
			n++
		}
		first := byte(0xff << (8 - n))
		if n < 8 {
			first |= byte(uint64(v) >> (8 * n))
		}
		b = append(b, first)
		for i := range n {
			b = append(b, byte(uint64(v)>>(8*i)))
		}
	}
	return b
}
