package demo

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// The ways in which Rar locks. What is locked is random: nobody has the
// password, so nobody can tell.
const (
	RarBodies = "bodies" // names and sizes are stated
	RarHeader = "header" // nothing is stated
)

const rarSignature = "Rar!\x1a\x07\x01\x00"

// rarBlock is a header of RAR 5: its CRC-32, its size, and the rest.
func rarBlock(kind, flags uint64, rest, extra, body []byte) []byte {
	b := binary.AppendUvarint(nil, kind)
	if len(extra) > 0 {
		flags |= 1
	}
	if body != nil {
		flags |= 2
	}
	b = binary.AppendUvarint(b, flags)
	if len(extra) > 0 {
		b = binary.AppendUvarint(b, uint64(len(extra)))
	}
	if body != nil {
		b = binary.AppendUvarint(b, uint64(len(body)))
	}
	b = slices.Concat(b, rest, extra)
	b = append(binary.AppendUvarint(nil, uint64(len(b))), b...)
	return slices.Concat(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)), b, body)
}

// rarFile is a file's header and its bytes, or the part of them that stands in
// this volume. Before and after say that more stands in its neighbours.
func rarFile(f File, part []byte, lock string, before, after bool) []byte {
	const hasCRC = 4
	crc := crc32.ChecksumIEEE(f.Body)
	if after { // of what stands here; the last part has that of the whole
		crc = crc32.ChecksumIEEE(part)
	}
	b := binary.AppendUvarint(nil, hasCRC)
	b = binary.AppendUvarint(b, uint64(len(f.Body)))
	b = binary.AppendUvarint(b, 0o100644)
	b = binary.LittleEndian.AppendUint32(b, crc)
	b = append(b, 0, 1) // stored; made on Unix
	b = binary.AppendUvarint(b, uint64(len(f.Name)))
	b = append(b, f.Name...)
	var extra []byte
	if lock != "" {
		record := append([]byte{1, 0, 0, 15}, noise(32, 5)...) // AES, 2^15 rounds, salt and first block
		extra = append(binary.AppendUvarint(nil, uint64(len(record))), record...)
		part = noise((len(part)+15)/16*16, uint64(len(part)))
	}
	flags := uint64(0)
	if before {
		flags |= 8
	}
	if after {
		flags |= 16
	}
	return rarBlock(2, flags, b, extra, part)
}

// Rar packs files as RAR 5, stored.
func Rar(lock string, files ...File) []byte {
	b := []byte(rarSignature)
	if lock == RarHeader { // then all that follows is
		b = append(b, rarBlock(4, 0, append([]byte{0, 0, 15}, noise(16, 6)...), nil, nil)...)
		return append(b, noise(16+len(files)*256, 8)...)
	}
	b = append(b, rarBlock(1, 0, []byte{0}, nil, nil)...)
	for _, f := range files {
		b = append(b, rarFile(f, f.Body, lock, false, false)...)
	}
	return append(b, rarBlock(5, 0, []byte{0}, nil, nil)...)
}

// RarVolumes packs files as RAR 5, stored, into volumes of about size bytes.
func RarVolumes(size int, files ...File) [][]byte {
	var volumes [][]byte
	var b []byte
	begin := func() {
		const isVolume, hasNumber = 1, 2
		head := []byte{isVolume}
		if n := len(volumes); n > 0 {
			head = binary.AppendUvarint([]byte{isVolume | hasNumber}, uint64(n))
		}
		b = append([]byte(rarSignature), rarBlock(1, 0, head, nil, nil)...)
	}
	end := func(last bool) {
		more := byte(1)
		if last {
			more = 0
		}
		volumes = append(volumes, append(b, rarBlock(5, 0, []byte{more}, nil, nil)...))
	}
	begin()
	for _, f := range files {
		for at := 0; ; {
			n := min(max(size-len(b), 1), len(f.Body)-at)
			after := at+n < len(f.Body)
			b = append(b, rarFile(f, f.Body[at:at+n], "", at > 0, after)...)
			if at += n; !after {
				break
			}
			end(false)
			begin()
		}
	}
	end(true)
	return volumes
}
