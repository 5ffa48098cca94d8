package demo

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
)

// File is a member that the packers of this package take: a name and bytes.
type File struct {
	Name string
	Body []byte
}

// The ways in which Zip locks a member.
const (
	ZipCrypto = "zipcrypto" // the old cipher of PKZIP. The directory states name, size and CRC-32
	ZipAES    = "aes"       // AE-2: the directory states name and size, the CRC-32 is 0
)

// ZipPassword opens what is locked with ZipCrypto. What is locked with ZipAES
// is random: nobody has its password, so nobody can tell.
const ZipPassword = "infected"

// ZipMember is one entry as Zip writes it.
type ZipMember struct {
	File
	Method   uint16 // 0 stored, 8 deflated, 9 Deflate64; what has another is written as it is
	Streamed bool   // sizes and CRC-32 stand behind the body, as a writer into a pipe leaves them
	Zip64    bool   // sizes and offset as a large archive states them
	Lock     string // ZipCrypto, ZipAES
	Mode     uint32 // of Unix, with its type: 0o120777 is a link
	Raw      bool   // Body is packed by Method already: Lie states what it is

	// Lie, when it is there, changes what both headers state.
	Lie func(*ZipStated)
}

// ZipStated is what the headers of an entry state.
type ZipStated struct {
	Name         string // in the directory; the local header keeps its own
	CRC32        uint32
	Packed, Size uint64
	Offset       uint64 // of the local header
	Flags        uint16
}

// Zip packs members. It is an own writer since it must be able to lie.
func Zip(members ...ZipMember) []byte {
	var b, directory bytes.Buffer
	for _, m := range members {
		s := ZipStated{Name: m.Name, CRC32: crc32.ChecksumIEEE(m.Body), Size: uint64(len(m.Body)), Offset: uint64(b.Len()), Flags: 1 << 11}
		method, body := m.Method, m.Body
		if !m.Raw {
			body = zipBody(method, body)
		}
		if m.Streamed {
			s.Flags |= 1 << 3
		}
		var extra []byte
		switch m.Lock {
		case ZipCrypto:
			s.Flags |= 1
			body = zipEncrypt(body, byte(s.CRC32>>24), m.Streamed)
		case ZipAES:
			s.Flags |= 1
			extra = binary.LittleEndian.AppendUint16([]byte{0x01, 0x99, 7, 0, 2, 0, 'A', 'E', 3}, method)
			body, method, s.CRC32 = noise(len(body)+16+2+10, uint64(len(m.Body))), 99, 0
		}
		s.Packed = uint64(len(body))
		if m.Lie != nil {
			m.Lie(&s)
		}
		b.Write(zipLocal(m, s, method, extra))
		b.Write(body)
		if m.Streamed {
			b.Write(zipDescriptor(m, s))
		}
		directory.Write(zipEntry(m, s, method, extra))
	}
	at := b.Len()
	b.Write(directory.Bytes())
	b.Write(zipEnd(uint64(len(members)), uint64(at), uint64(directory.Len()), false, ""))
	return b.Bytes()
}

// Zipped packs files, deflated.
func Zipped(files ...File) []byte {
	members := make([]ZipMember, len(files))
	for i, f := range files {
		members[i] = ZipMember{File: f, Method: 8}
	}
	return Zip(members...)
}

// zipBody packs by a method. Deflate without matches is the same, bit by bit,
// in Deflate64.
func zipBody(method uint16, body []byte) []byte {
	level := flate.DefaultCompression
	switch method {
	case 8:
	case 9:
		level = flate.HuffmanOnly
	default:
		return body
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(fmt.Sprintf("demo: deflate: %v", err)) // both levels exist
	}
	z.Write(body)
	z.Close()
	return b.Bytes()
}

const zipTime = 0x4ecc43c0 // 2019-06-12 08:30:00

// zipHead are the fields that both headers have.
func zipHead(m ZipMember, s ZipStated, method uint16) []byte {
	need := uint16(20)
	if m.Zip64 {
		need = 45
	}
	b := binary.LittleEndian.AppendUint16(nil, need)
	b = binary.LittleEndian.AppendUint16(b, s.Flags)
	b = binary.LittleEndian.AppendUint16(b, method)
	return binary.LittleEndian.AppendUint32(b, zipTime)
}

func zipLocal(m ZipMember, s ZipStated, method uint16, extra []byte) []byte {
	b := append([]byte("PK\x03\x04"), zipHead(m, s, method)...)
	crc, packed, size := s.CRC32, uint32(s.Packed), uint32(s.Size)
	switch {
	case m.Streamed:
		crc, packed, size = 0, 0, 0
	case m.Zip64:
		packed, size = 1<<32-1, 1<<32-1
		extra = append(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte{1, 0, 16, 0}, s.Size), s.Packed), extra...)
	}
	for _, v := range []uint32{crc, packed, size} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(m.Name)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(extra)))
	return append(append(b, m.Name...), extra...)
}

func zipDescriptor(m ZipMember, s ZipStated) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("PK\x07\x08"), s.CRC32)
	for _, v := range []uint64{s.Packed, s.Size} {
		if m.Zip64 {
			b = binary.LittleEndian.AppendUint64(b, v)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	}
	return b
}

// zipEntry is one of the directory.
func zipEntry(m ZipMember, s ZipStated, method uint16, extra []byte) []byte {
	b := append([]byte("PK\x01\x02\x3f\x03"), zipHead(m, s, method)...)
	packed, size, offset := uint32(s.Packed), uint32(s.Size), uint32(s.Offset)
	if m.Zip64 {
		long := []byte{1, 0, 24, 0}
		for _, v := range []uint64{s.Size, s.Packed, s.Offset} {
			long = binary.LittleEndian.AppendUint64(long, v)
		}
		extra, packed, size, offset = append(long, extra...), 1<<32-1, 1<<32-1, 1<<32-1
	}
	mode := m.Mode
	if mode == 0 {
		mode = 0o100644
	}
	for _, v := range []uint32{s.CRC32, packed, size} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for _, v := range []int{len(s.Name), len(extra), 0, 0, 0} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	b = binary.LittleEndian.AppendUint32(b, mode<<16)
	b = binary.LittleEndian.AppendUint32(b, offset)
	return append(append(b, s.Name...), extra...)
}

// zipEnd closes a directory of n entries. Where its numbers are too large for
// the old record, or long is set, the records of zip64 stand before it.
func zipEnd(n, at, size uint64, long bool, comment string) []byte {
	var b []byte
	if long || n >= 1<<16-1 || at >= 1<<32-1 || size >= 1<<32-1 {
		b = append(b, "PK\x06\x06"...)
		b = binary.LittleEndian.AppendUint64(b, 44)
		b = append(b, 45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		for _, v := range []uint64{n, n, size, at} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = append(b, "PK\x06\x07\x00\x00\x00\x00"...)
		b = binary.LittleEndian.AppendUint64(b, at+size)
		b = append(b, 1, 0, 0, 0)
		n, size, at = 1<<16-1, 1<<32-1, 1<<32-1
	}
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(at))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(comment)))
	return append(b, comment...)
}

// zipEncrypt is the cipher of PKZIP: twelve bytes, of which the last is known
// to who has the password, and the body.
func zipEncrypt(body []byte, check byte, streamed bool) []byte {
	if streamed {
		check = byte(zipTime >> 8 & 0xff)
	}
	k := [3]uint32{0x12345678, 0x23456789, 0x34567890}
	table := crc32.IEEETable
	turn := func(c byte) {
		k[0] = table[byte(k[0])^c] ^ k[0]>>8
		k[1] = (k[1]+k[0]&0xff)*134775813 + 1
		k[2] = table[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
	}
	for _, c := range []byte(ZipPassword) {
		turn(c)
	}
	plain := append(append(noise(11, uint64(len(body))), check), body...)
	for i, c := range plain {
		t := uint16(k[2]) | 2
		plain[i] = c ^ byte(t*(t^1)>>8)
		turn(c)
	}
	return plain
}

// noise is n bytes that say nothing, the same for the same seed.
func noise(n int, seed uint64) []byte {
	r := rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed)))
	b := make([]byte, n)
	r.Read(b)
	return b
}
