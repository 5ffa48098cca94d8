package container

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// Embedded is what Inline found in a text.
type Embedded struct {
	Name string // base64-1.jpg, hex-2.png: how it was written, its place, its format
	Body []byte
}

// Inline finds the pictures, archives and PDF files that a text carries in
// base64 or hex: data: addresses, blocks of mail, cells of JSON and CSV, dumps of
// databases, RTF. Each is given to visit as it is found, in memory that is bounded
// by the text; what visit returns ends the search and is returned. Words that
// happen to be base64 are nothing: a block is known by how its bytes begin.
func Inline(text []byte, visit func(Embedded) error) error {
	n := 0
	for at := 0; at < len(text); {
		kind := blockAt(text, at)
		if kind == "" {
			at++
			continue
		}
		block := base64Block
		if kind == "hex" {
			block = hexBlock
		}
		// A look at its head first: many words could be the begin of a block.
		head, _ := block(text[:min(len(text), at+sniffed)], at)
		extension := embeddedFormat(head)
		if extension == "" || len(head) < leastEmbedded {
			at++
			continue
		}
		body, end := block(text, at)
		n++
		if err := visit(Embedded{fmt.Sprintf("%s-%d.%s", kind, n, extension), body}); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// leastEmbedded is the size below which nothing is a picture worth a look.
const leastEmbedded = 64

// blockAt tells by the first letters whether a block begins at a place: not in
// the middle of a word, unless a line begins there.
func blockAt(text []byte, at int) string {
	rest := text[at:]
	switch rest[0] {
	case '/', 'i', 'R', 'U', 'Q', 'S', 'T', 'A', 'J', 'N', 'f', 'F', '8', '4', '5', '2', '_':
	default:
		return ""
	}
	if at > 0 && inBase64(text[at-1]) && !escapedBreak(text, at) && !hexPrefix(text, at) {
		return ""
	}
	for _, begin := range []string{"/9j/", `/9j\/`, "_9j_", "iVBORw0KGgo", "R0lGODdh", "R0lGODlh", "UklGR", "SUkqA", "TU0AK", "Qk", "UEsDB", "JVBERi0", "N3q8ryc", "UmFyIRo"} {
		if bytes.HasPrefix(rest, []byte(begin)) {
			return "base64"
		}
	}
	if len(rest) > 11 && string(rest[:4]) == "AAAA" && string(rest[6:11]) == "Z0eXB" { // AVIF, HEIC
		return "base64"
	}
	for _, begin := range []string{"ffd8ff", "89504e470d0a1a0a", "47494638", "52494646", "49492a00", "4d4d002a", "25504446"} {
		if len(rest) >= len(begin) && strings.EqualFold(string(rest[:len(begin)]), begin) {
			return "hex"
		}
	}
	return ""
}

// hexPrefix tells 0x and \x, which databases write before hex.
func hexPrefix(text []byte, at int) bool {
	return at >= 2 && (text[at-1] == 'x' || text[at-1] == 'X') && (text[at-2] == '0' || text[at-2] == '\\')
}

// escapedBreak tells a line that begins behind a written \n of JSON.
func escapedBreak(text []byte, at int) bool {
	return at >= 2 && (text[at-1] == 'n' || text[at-1] == 'r' || text[at-1] == 't') && text[at-2] == '\\'
}

func inBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// base64Block decodes from at to where the block ends, and returns that place.
// Lines of one length belong together; a shorter one is the last.
func base64Block(text []byte, at int) ([]byte, int) {
	letters := make([]byte, 0, min(len(text)-at, 1<<20))
	line, first, i := 0, 0, at
	for i < len(text) {
		c, width, kind := letter(text[i:])
		if kind == broken {
			if first == 0 {
				first = line
			}
			if i > at && (line != first || !continues(text[i+width:], first)) {
				break
			}
			line, i = 0, i+width
			continue
		}
		if kind == foreign || c == '=' {
			break
		}
		letters = append(letters, c)
		line++
		i += width
	}
	if len(letters)%4 == 1 {
		letters = letters[:len(letters)-1]
	}
	body := letters // decoded in place: the output is shorter
	n, err := base64.RawStdEncoding.Decode(body, letters)
	if err != nil {
		return nil, i
	}
	return body[:n:n], max(i, at+1)
}

// The kinds of what letter reads.
const (
	plain   = iota // a letter of base64, or its padding
	broken         // the end of a line, in any spelling
	foreign        // something else
)

// letter reads one letter of base64, as it is or as addresses and JSON escape it.
func letter(s []byte) (c byte, width, kind int) {
	switch c = s[0]; {
	case c == '-':
		return '+', 1, plain
	case c == '_':
		return '/', 1, plain
	case inBase64(c) || c == '=':
		return c, 1, plain
	case c == '\n':
		return 0, lineBreak(s), broken
	case c == '\r' && len(s) > 1 && s[1] == '\n':
		return 0, lineBreak(s), broken
	case c == '\\' && len(s) > 1 && s[1] == '/':
		return '/', 2, plain
	case c == '\\' && len(s) > 1 && (s[1] == 'n' || s[1] == 'r'):
		return 0, lineBreak(s), broken
	case c == '%' && len(s) > 2:
		if escaped := hexPair(s[1], s[2]); escaped >= 0 {
			return escapedLetter(byte(escaped), 3)
		}
	case c == '\\' && len(s) > 5 && s[1] == 'u' && s[2] == '0' && s[3] == '0':
		if escaped := hexPair(s[4], s[5]); escaped >= 0 {
			return escapedLetter(byte(escaped), 6)
		}
	}
	return 0, 1, foreign
}

func escapedLetter(c byte, width int) (byte, int, int) {
	switch {
	case inBase64(c) || c == '=':
		return c, width, plain
	case c == '\n' || c == '\r':
		return 0, width, broken
	}
	return 0, width, foreign
}

// lineBreak returns how much of s is one line break and the indent behind it.
func lineBreak(s []byte) int {
	i := 0
	for _, mark := range []string{"\r", "\n", `\r`, `\n`} {
		if bytes.HasPrefix(s[i:], []byte(mark)) {
			i += len(mark)
		}
	}
	for i < len(s) && i < 64 && (s[i] == ' ' || s[i] == '\t' || s[i] == '>') {
		i++
	}
	return i
}

// continues tells whether the line at s belongs to a block of lines of n
// letters: it is as long, or it is shorter and the last.
func continues(s []byte, n int) bool {
	i := 0
	for i < len(s) && i < n {
		_, width, kind := letter(s[i:])
		if kind != plain || width != 1 {
			break
		}
		i++
	}
	if i == 0 {
		return false
	}
	if i == n {
		return i == len(s) || !inBase64(s[i])
	}
	return n <= 128 && (i == len(s) || s[i] != ' ' && s[i] != ':')
}

// hexBlock decodes digits from at on, over line breaks and spaces.
func hexBlock(text []byte, at int) ([]byte, int) {
	out := make([]byte, 0, min((len(text)-at)/2, 1<<20))
	i := at
	for i+1 < len(text) {
		if c := text[i]; c == '\n' || c == '\r' || c == ' ' {
			i++
			continue
		}
		pair := hexPair(text[i], text[i+1])
		if pair < 0 {
			break
		}
		out = append(out, byte(pair))
		i += 2
	}
	return out, max(i, at+1)
}

func hexPair(a, b byte) int {
	high, low := hexDigit(a), hexDigit(b)
	if high < 0 || low < 0 {
		return -1
	}
	return high<<4 | low
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// embeddedFormat tells what a block is by its first bytes: the extension of a
// picture or of a container, or "" for neither.
func embeddedFormat(b []byte) string {
	if extension := pictureFormat(b); extension != "" {
		return extension
	}
	for _, m := range []struct{ begins, extension string }{
		{"PK\x03\x04", "zip"}, {"%PDF-", "pdf"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"Rar!\x1a\x07", "rar"},
	} {
		if bytes.HasPrefix(b, []byte(m.begins)) {
			return m.extension
		}
	}
	return ""
}

// pictureFormat tells the pictures that documents carry by their first bytes.
// Whether they can be judged is for others to say.
func pictureFormat(b []byte) string {
	has := func(s string) bool { return bytes.HasPrefix(b, []byte(s)) }
	switch {
	case len(b) < 26:
		return ""
	case has("\xff\xd8\xff"):
		return "jpg"
	case has("\x89PNG\r\n\x1a\n"):
		return "png"
	case has("GIF87a"), has("GIF89a"):
		return "gif"
	case has("RIFF") && string(b[8:12]) == "WEBP":
		return "webp"
	case has("II*\x00"), has("MM\x00*"):
		return "tif"
	case has("BM") && string(b[6:10]) == "\x00\x00\x00\x00" && b[14] >= 12 && b[14] <= 124 && b[15] == 0 && b[16] == 0:
		return "bmp"
	case string(b[4:8]) == "ftyp":
		if brand := string(b[8:12]); brand == "avif" || brand == "avis" {
			return "avif"
		} else if strings.HasPrefix(brand, "he") || brand == "mif1" || brand == "msf1" {
			return "heic"
		}
	}
	return ""
}
