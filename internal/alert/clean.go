package alert

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxText bounds each text that comes from a crawled page.
const maxText = 4096

// clean makes the control characters of crawled text visible, so that no
// terminal, log or page obeys them: U+202E becomes the six letters \u202e. It
// cuts what is longer than maxText.
func clean(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return visible(s)
}

// visible is clean without the cut.
func visible(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r) // bad UTF-8 becomes U+FFFD
		}
	}
	return b.String()
}

func plain(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0
}

// hidden reports whether r acts instead of showing: C0, DEL, C1, line and
// paragraph separators, marks and overrides of the writing direction.
func hidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return false
}

// cleanNote is clean for what a person wrote: line feeds and tabs stay, and
// nothing is cut, since Review bounds it.
func cleanNote(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j := range cells {
			cells[j] = visible(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
