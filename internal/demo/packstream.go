package demo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"slices"
)

// Tar packs files.
func Tar(files ...File) []byte {
	headers := make([]tar.Header, len(files))
	for i, f := range files {
		headers[i] = tar.Header{Name: f.Name, Typeflag: tar.TypeReg, Size: int64(len(f.Body)), Mode: 0o644, ModTime: changed()}
	}
	return tarOf(headers, files)
}

// tarOf packs entries of any kind, each with a body of its own.
func tarOf(headers []tar.Header, files []File) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range headers {
		if err := w.WriteHeader(&headers[i]); err != nil {
			panic(fmt.Sprintf("demo: tar %s: %v", headers[i].Name, err)) // names are ours
		}
		w.Write(files[i].Body)
	}
	w.Close()
	return b.Bytes()
}

// Gzip packs bytes and names them.
func Gzip(name string, plain []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

// lzma2Stored wraps bytes into LZMA2, in chunks that are not packed.
func lzma2Stored(plain []byte) []byte {
	var b []byte
	control := byte(1) // forget the dictionary
	for chunk := range slices.Chunk(plain, 1<<16) {
		b = append(b, control)
		b = binary.BigEndian.AppendUint16(b, uint16(len(chunk)-1))
		b = append(b, chunk...)
		control = 2
	}
	return append(b, 0)
}

// Xz wraps bytes into one stream of xz. Dictionary is the property byte of
// LZMA2: 16 is 1 MiB, 40 4 GiB.
func Xz(plain []byte, dictionary byte) []byte {
	flags := []byte{0, 4} // CRC-64
	sum := func(b []byte) []byte {
		return binary.LittleEndian.AppendUint32(bytes.Clone(b), crc32.ChecksumIEEE(b))
	}
	pad := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
	head := append([]byte("\xfd7zXZ\x00"), sum(flags)...)
	block := append([]byte{2, 0, 0x21, 1, dictionary}, 0, 0, 0) // 12 bytes with the sum
	block = sum(block)
	body := lzma2Stored(plain)
	unpadded := len(block) + len(body) + 8
	check := binary.LittleEndian.AppendUint64(nil, crc64.Checksum(plain, crc64.MakeTable(crc64.ECMA)))
	index := binary.AppendUvarint([]byte{0, 1}, uint64(unpadded))
	index = sum(pad(binary.AppendUvarint(index, uint64(len(plain)))))
	foot := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	foot = append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(foot)), foot...)
	return slices.Concat(head, block, pad(body), check, index, foot, []byte("YZ"))
}

// Zstd wraps bytes, fewer than 4 GiB, into one frame, unpacked.
func Zstd(plain []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x58}, uint32(len(plain))) // a window of 2 MiB
	left := len(plain)
	for chunk := range slices.Chunk(plain, 1<<17) {
		left -= len(chunk)
		head := uint32(len(chunk)) << 3
		if left == 0 {
			head |= 1
		}
		b = append(b, byte(head), byte(head>>8), byte(head>>16))
		b = append(b, chunk...)
	}
	return b
}
