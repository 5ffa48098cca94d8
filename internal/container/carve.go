package container

import (
	"bytes"
	"unicode"
)

// found is a picture in the middle of other bytes.
type found struct {
	extension  string
	head, body []byte // head is what it lacks of a file, mostly nothing
}

// maxCarved bounds the pictures of one stream.
const maxCarved = 100_000

// carved finds the pictures in data: as records of Office, which say how long
// they are, or by how they begin and end. The fault says why not all were looked
// for.
func carved(data []byte) (out []found, short *Fault) {
	work := 1<<20 + len(data) // what leads to pictures takes half of it
	open := -1                // where a picture begins whose end nobody knows, the last one found
	add := func(at int, f found) {
		if open >= 0 {
			out[len(out)-1].body = data[open:at:at]
			open = -1
		}
		out = append(out, f)
	}
	for i := 0; i+26 < len(data); {
		if len(out) >= maxCarved {
			return out, fault("limit_members", "more than %d pictures in one stream", maxCarved)
		}
		if f, n := officeRecord(data[i:]); n > 0 {
			add(i, f)
			i += n
			continue
		}
		switch rest := data[i:]; {
		case rest[0] == 0xff && rest[1] == 0xd8 && rest[2] == 0xff:
			if n := jpegLength(rest, &work); n > 0 {
				add(i, found{extension: "jpg", body: rest[:n:n]})
				i += n
				continue
			}
			if work <= 0 {
				return out, fault("damaged", "what begins like pictures and is none leads on without end")
			}
		case rest[0] == 0x89 && bytes.HasPrefix(rest, []byte("\x89PNG\r\n\x1a\n")):
			n, whole := pngLength(rest)
			add(i, found{extension: "png", body: rest[:n:n]})
			if whole {
				i += n
				continue
			}
			open = i // what follows may be other pictures
			i += 8
			continue
		}
		i++
	}
	return out, nil
}

// officeRecord reads a picture as Word, PowerPoint and Excel keep it: a record
// of a kind of drawing, its length, one digest or two, a mark, the bytes.
func officeRecord(b []byte) (f found, length int) {
	if b[3] != 0xf0 || b[0]&0xf != 0 {
		return f, 0
	}
	instance, n := le16(b)>>4, int64(le32(b[4:]))
	skip := 16 * (1 + int(instance&1))
	kinds := []struct {
		kind, instance uint16
		extension      string
		head           int // behind the digests
	}{
		{0xf01a, 0x3d4, "emf", 34}, {0xf01b, 0x216, "wmf", 34}, {0xf01c, 0x542, "pict", 34},
		{0xf01d, 0x46a, "jpg", 1}, {0xf01d, 0x6e2, "jpg", 1}, {0xf02a, 0x46a, "jpg", 1}, {0xf02a, 0x6e2, "jpg", 1},
		{0xf01e, 0x6e0, "png", 1}, {0xf01f, 0x7a8, "bmp", 1}, {0xf029, 0x6e4, "tif", 1},
	}
	for _, k := range kinds {
		start := 8 + skip + k.head
		if le16(b[2:]) != k.kind || instance&^1 != k.instance || n < int64(skip+k.head) || 8+n > int64(len(b)) {
			continue
		}
		f.extension, f.body = k.extension, b[start:8+n:8+n]
		if k.extension == "bmp" {
			if f.head = bitmapHead(f.body); f.head == nil {
				return found{}, 0
			}
		}
		return f, int(8 + n)
	}
	return found{}, 0
}

// bitmapHead makes the file header that a bitmap in memory lacks.
func bitmapHead(b []byte) []byte {
	if len(b) < 40 || le32(b) != 40 {
		return nil
	}
	at := uint32(14 + 40)
	if depth, used := le16(b[14:]), le32(b[32:]); used > 0 && used <= 256 {
		at += 4 * used
	} else if depth <= 8 {
		at += 4 << depth
	}
	if le32(b[16:]) == 3 {
		at += 12
	}
	head := []byte{'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, byte(at), byte(at >> 8), byte(at >> 16), byte(at >> 24)}
	size := uint32(14 + len(b))
	head[2], head[3], head[4], head[5] = byte(size), byte(size>>8), byte(size>>16), byte(size>>24)
	return head
}

// jpegLength follows the segments of a JPEG to its end, while work lasts; 0 for
// what is none. One that is cut goes to the end of b.
func jpegLength(b []byte, work *int) int {
	frame, scan := false, false
	for i := 2; i+4 <= len(b); {
		if *work--; *work <= 0 {
			return 0
		}
		if b[i] != 0xff {
			if !scan {
				return 0
			}
			next := bytes.IndexByte(b[i:], 0xff)
			if next < 0 {
				break
			}
			i += next
			continue
		}
		switch m := b[i+1]; {
		case m == 0xd9:
			if frame && scan {
				return i + 2
			}
			return 0
		case m == 0xff:
			i++
		case m == 0 || m >= 0xd0 && m <= 0xd7:
			if !scan {
				return 0
			}
			i += 2
		case m < 0xc0 || m == 0xd8:
			return 0
		default:
			frame = frame || m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc
			scan = scan || m == 0xda
			n := int(b[i+2])<<8 | int(b[i+3])
			if n < 2 {
				return 0
			}
			i += 2 + n
		}
	}
	if frame && scan {
		return len(b)
	}
	return 0
}

// pngLength follows the chunks of a PNG to its end; of one that is not whole that
// is the end of b.
func pngLength(b []byte) (n int, whole bool) {
	for i := 8; i+12 <= len(b); {
		n := int64(b[i])<<24 | int64(b[i+1])<<16 | int64(b[i+2])<<8 | int64(b[i+3])
		if n > int64(len(b)-i-12) {
			return len(b), false
		}
		last := string(b[i+4:i+8]) == "IEND"
		i += 12 + int(n)
		if last {
			return i, true
		}
	}
	return len(b), false
}

// biffDrawings takes out of a workbook and joins the records in which its
// pictures are cut to pieces of 8 KiB; locked says that the workbook asks for a password.
func biffDrawings(data []byte) (drawings []byte, locked bool) {
	in := false
	for i := 0; i+4 <= len(data); {
		kind, n := le16(data[i:]), int(le16(data[i+2:]))
		i += 4
		end := min(i+n, len(data))
		switch kind {
		case 0x2f: // FILEPASS
			return nil, true
		case 0xeb: // MSODRAWINGGROUP
			in = true
		case 0x3c: // CONTINUE
		default:
			in = false
		}
		if in {
			drawings = append(drawings, data[i:end]...)
			clear(data[i:end])
		}
		i = end
	}
	return drawings, false
}

// leastRun is the length from which letters between other bytes are words.
const leastRun = 4

// looseText finds the words in bytes of unknown order: runs of letters, of one
// byte or two each, a line for each run.
func looseText(data []byte) []byte {
	var out []byte
	for i := 0; i < len(data); {
		if n := wideRun(data[i:]); n >= leastRun {
			for j := range n {
				out = appendLetter(out, rune(le16(data[i+2*j:])))
			}
			out = append(out, '\n')
			i += 2 * n
			continue
		}
		n := narrowRun(data[i:])
		if n >= leastRun {
			for _, c := range data[i : i+n] {
				out = appendLetter(out, rune(c))
			}
			out = append(out, '\n')
		}
		i += max(n, 1)
	}
	return out
}

func appendLetter(out []byte, r rune) []byte {
	if r < ' ' {
		return append(out, '\n')
	}
	return append(out, string(r)...)
}

// wideRun counts letters of two bytes: European ones, blanks and ends of lines.
func wideRun(b []byte) int {
	n := 0
	for ; 2*n+1 < len(b); n++ {
		r := rune(le16(b[2*n:]))
		if r < 256 && !isLoose(byte(r)) || r >= 256 && (r >= 0x600 || !unicode.IsLetter(r)) {
			break
		}
	}
	return n
}

// narrowRun counts letters of one byte, of which the first must be a plain one.
func narrowRun(b []byte) int {
	n := 0
	for n < len(b) && isLoose(b[n]) && (n > 0 || b[n] < 0x80) {
		n++
	}
	return n
}

func isLoose(c byte) bool {
	return c >= ' ' && c < 0x7f || c >= 0xa0 || c == '\t' || c == '\r' || c == '\n' || c == 7
}
