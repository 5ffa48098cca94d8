package picture

import (
	"bytes"
	"slices"
	"strings"
)

// magic is how a format begins. A dot in the pattern stands for any byte.
type magic struct{ format, begins string }

// magics lists the formats that a pattern tells apart. Those after tiff are
// known by name only: they are refused as unsupported.
func magics() []magic {
	return []magic{
		{"jpeg", "\xff\xd8\xff"},
		{"png", "\x89PNG\r\n\x1a\n"},
		{"gif", "GIF87a"},
		{"gif", "GIF89a"},
		{"webp", "RIFF....WEBP"},
		{"tiff", "II*\x00"},
		{"tiff", "MM\x00*"},
		{"bigtiff", "II+\x00\x08\x00"},
		{"bigtiff", "MM\x00+\x00\x08"},
		{"jxl", "\xff\x0a"},
		{"jxl", "\x00\x00\x00\x0cJXL \r\n\x87\n"},
		{"jp2", "\x00\x00\x00\x0cjP  \r\n\x87\n"},
		{"jp2", "\xff\x4f\xff\x51\x00"},
		{"psd", "8BPS\x00\x01"},
		{"psb", "8BPS\x00\x02"},
		{"jxr", "II\xbc"},
		{"mng", "\x8aMNG\r\n\x1a\n"},
		{"jng", "\x8bJNG\r\n\x1a\n"},
		{"xcf", "gimp xcf "},
		{"djvu", "AT&TFORM....DJV"},
		{"dds", "DDS \x7c\x00\x00\x00"},
		{"bpg", "BPG\xfb"},
		{"qoi", "qoif"},
		{"wmf", "\xd7\xcd\xc6\x9a"},
		{"eps", "%!PS-Adobe-"},
		{"eps", "\xc5\xd0\xd3\xc6"},
		{"raf", "FUJIFILMCCD-RAW "},
		{"rw2", "IIU\x00"},
		{"orf", "IIRO"},
		{"orf", "IIRS"},
		{"crw", "II\x1a\x00\x00\x00HEAPCCDR"},
		{"x3f", "FOVb"},
	}
}

// Sniff returns the format of data by its bytes alone: one of those that are
// decoded, the name of another kind of picture, or "" for what is no picture.
func Sniff(data []byte) string {
	for _, m := range magics() {
		if m.fits(data) {
			return m.format
		}
	}
	for _, s := range []struct {
		format string
		is     func([]byte) bool
	}{{"bmp", isBMP}, {"ico", isICO}, {"emf", isEMF}, {"pnm", isPNM}, {"svg", isSVG}} {
		if s.is(data) {
			return s.format
		}
	}
	return boxed(data)
}

func (m magic) fits(data []byte) bool {
	if len(data) < len(m.begins) {
		return false
	}
	for i := range len(m.begins) {
		if m.begins[i] != '.' && data[i] != m.begins[i] {
			return false
		}
	}
	return true
}

// isBMP asks for more than "BM", with which a text may begin: a reserved field
// of zeros, and a header of a length that is in use.
func isBMP(data []byte) bool {
	return len(data) >= 26 && string(data[:2]) == "BM" && string(data[6:10]) == "\x00\x00\x00\x00" &&
		slices.Contains([]uint32{12, 16, 40, 52, 56, 64, 108, 124}, le32(data[14:]))
}

// isICO reads the first entry of the directory of an icon or a cursor.
func isICO(data []byte) bool {
	if len(data) < 22 || string(data[:2]) != "\x00\x00" || data[2] != 1 && data[2] != 2 || data[3] != 0 {
		return false
	}
	n := int(data[4]) | int(data[5])<<8
	return n > 0 && n <= 256 && data[9] == 0 && le32(data[18:]) >= uint32(6+16*n) && le32(data[14:]) > 0
}

func isEMF(data []byte) bool {
	return len(data) >= 44 && le32(data) == 1 && string(data[40:44]) == " EMF"
}

func isPNM(data []byte) bool {
	return len(data) > 8 && data[0] == 'P' && (data[1] >= '4' && data[1] <= '7') && data[2] == '\n'
}

// isSVG finds a first element svg behind declarations and comments. An SVG
// inside a page is part of that page.
func isSVG(data []byte) bool {
	text := strings.TrimPrefix(string(data[:min(len(data), 4096)]), "\ufeff")
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		var end string
		switch {
		case strings.HasPrefix(text, "<?"):
			end = "?>"
		case strings.HasPrefix(text, "<!--"):
			end = "-->"
		case strings.HasPrefix(text, "<!DOCTYPE svg"), strings.HasPrefix(text, "<!doctype svg"):
			return true
		default:
			return strings.HasPrefix(text, "<svg") && len(text) > 4 && strings.Contains(" \t\r\n>/", text[4:5]) ||
				strings.HasPrefix(text, "<svg:svg")
		}
		i := strings.Index(text, end)
		if i < 0 {
			return false
		}
		text = text[i+len(end):]
	}
}

// boxed tells AVIF from HEIC, which share their container, by its brands.
func boxed(data []byte) string {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return ""
	}
	size := int(be32(data))
	brands := data[8:min(len(data), max(16, min(size, 256)))]
	has := func(names ...string) bool {
		for i := 0; i+4 <= len(brands); i += 4 {
			if i != 4 && slices.Contains(names, string(brands[i:i+4])) { // 4 is the version
				return true
			}
		}
		return false
	}
	switch {
	case has("avif", "avis"):
		return "avif"
	case has("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "miaf"):
		return "heic"
	case bytes.HasPrefix(brands, []byte("crx ")):
		return "cr3"
	}
	return ""
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func be16(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 }
func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }
func be32(b []byte) uint32 { return uint32(be16(b[2:])) | uint32(be16(b))<<16 }
