package picture

import "encoding/binary"

// orientationTag is where EXIF keeps how a picture is to be turned.
const orientationTag = 0x0112

// orientationOf reads the orientation, 1 to 8, from a TIFF block as EXIF,
// TIFF, PNG (eXIf) and WebP carry it. Anything else gives 1: a picture is never
// refused for its description. Only the first directory is read; the thumbnail
// lies in the second one, which nothing here looks at.
func orientationOf(block []byte) int {
	order, entries := directory(block, 0)
	for i := 0; i+12 <= len(entries); i += 12 {
		e := entries[i:]
		if order.Uint16(e) != orientationTag {
			continue
		}
		v := 0
		switch kind := order.Uint16(e[2:]); kind {
		case 1: // byte
			v = int(e[8])
		case 3: // short
			v = int(order.Uint16(e[8:]))
		case 4: // long
			v = int(order.Uint32(e[8:]))
		}
		if v >= 1 && v <= 8 {
			return v
		}
		return 1
	}
	return 1
}

// directory returns the entries, of 12 bytes each, of the directory at an
// offset of a TIFF block; offset 0 stands for the first directory. Entries that
// do not lie in the block are left out.
func directory(block []byte, at uint32) (binary.ByteOrder, []byte) {
	if len(block) < 8 {
		return binary.LittleEndian, nil
	}
	var order binary.ByteOrder
	switch string(block[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return binary.LittleEndian, nil
	}
	if at == 0 {
		at = order.Uint32(block[4:])
	}
	if uint64(at)+2 > uint64(len(block)) {
		return order, nil
	}
	n := 12 * int(order.Uint16(block[at:]))
	entries := block[at+2:]
	return order, entries[:min(n, len(entries)/12*12)]
}
