package container

import (
	"bytes"
	"fmt"
)

const zipEndSize = 22

// zipEnd is what the end of a zip says of its directory.
type zipEnd struct {
	at      int64 // where the directory ends
	size    int64
	offset  int64 // of the directory, as stated
	entries uint64
}

// findZipEnd looks for the end record, from behind.
func findZipEnd(w *walk, b *box) (zipEnd, error) {
	tail := make([]byte, min(b.size-lastThere(b.parts), 64<<10+zipEndSize))
	from := b.size - int64(len(tail))
	if _, err := readFullAt(b.at, tail, from); err != nil {
		return zipEnd{}, err
	}
	for i := len(tail) - zipEndSize; i >= 0; i-- {
		i = bytes.LastIndex(tail[:i+4], []byte("PK\x05\x06"))
		if i < 0 {
			break
		}
		if i > len(tail)-zipEndSize {
			continue
		}
		if err := w.alive(); err != nil {
			return zipEnd{}, err
		}
		end, err := parseZipEnd(b, tail[i:], from+int64(i))
		if gone := w.stopped(b); gone != nil {
			return zipEnd{}, gone
		}
		if err != nil {
			continue
		}
		if behind := len(tail) - i - zipEndSize - int(le16(tail[i+20:])); behind > 0 {
			b.remark("%d bytes after the end", behind)
		}
		return end, nil
	}
	return zipEnd{}, fault("damaged", "no directory at the end")
}

// lastThere is where the volumes begin of which none behind is missing.
func lastThere(parts []Part) (at int64) {
	var whole int64
	for _, p := range parts {
		if whole += p.Size; p.At == nil {
			at = whole
		}
	}
	return at
}

// parseZipEnd reads an end record and its 64-bit brother, and checks that a
// directory is where they say.
func parseZipEnd(b *box, p []byte, at int64) (zipEnd, error) {
	end := zipEnd{at: at, entries: uint64(le16(p[10:])), size: int64(le32(p[12:])), offset: int64(le32(p[16:]))}
	disk := int(le16(p[6:]))
	if end.entries == 0xFFFF || end.size == 0xFFFFFFFF || end.offset == 0xFFFFFFFF {
		if err := end.large(b, &disk); err != nil {
			return zipEnd{}, err
		}
	}
	end.offset += volumeStart(b.parts, disk)
	if end.size > end.at || end.entries > uint64(end.size)/zipEntryMin+1 {
		return zipEnd{}, fmt.Errorf("a directory of %d bytes before byte %d", end.size, end.at)
	}
	if end.size == 0 {
		return end, nil
	}
	var sign [4]byte
	if _, err := readFullAt(b.at, sign[:], end.at-end.size); err != nil {
		return zipEnd{}, err
	}
	if string(sign[:]) != "PK\x01\x02" {
		return zipEnd{}, fmt.Errorf("no directory %d bytes before byte %d", end.size, end.at)
	}
	return end, nil
}

// large reads the record of zip64, when there is one.
func (end *zipEnd) large(b *box, disk *int) error {
	var locator [20]byte
	if end.at < 20 {
		return nil
	}
	if _, err := readFullAt(b.at, locator[:], end.at-20); err != nil || string(locator[:4]) != "PK\x06\x07" {
		return err
	}
	var record [56]byte
	stated := int64(le64(locator[8:])&(1<<60-1)) + volumeStart(b.parts, int(le32(locator[4:])))
	for _, at := range []int64{stated, end.at - 20 - 56} { // the second when bytes stand before the zip
		if at < 0 || at > b.size-56 {
			continue
		}
		if _, err := readFullAt(b.at, record[:], at); err != nil {
			return err
		}
		if string(record[:4]) != "PK\x06\x06" {
			continue
		}
		size, offset := le64(record[40:]), le64(record[48:])
		if size > 1<<60 || offset > 1<<60 {
			return fmt.Errorf("a directory of %d bytes", size)
		}
		*disk = int(le32(record[20:]))
		end.entries, end.size, end.offset, end.at = le64(record[32:]), int64(size), int64(offset), at
		return nil
	}
	return nil
}

// volumeStart is where a volume, counted from 0, begins.
func volumeStart(parts []Part, n int) (at int64) {
	for _, p := range parts[:min(n, len(parts))] {
		at += p.Size
	}
	return at
}
