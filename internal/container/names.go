package container

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the name of a member, nested names and all, in bytes.
const maxName = 4 << 10

// cleanName makes a stated name fit to be shown, and tells whether it is one
// that stays in its container.
func cleanName(stated string) (name string, fine bool) {
	name = clean(cut(stated, maxName))
	fine = len(stated) <= maxName && !strings.ContainsRune(stated, 0)
	slashed := strings.ReplaceAll(name, `\`, "/")
	if slashed == "" || strings.HasPrefix(slashed, "/") || len(slashed) > 1 && slashed[1] == ':' {
		return name, false
	}
	for part := range strings.SplitSeq(slashed, "/") {
		if part == ".." {
			return name, false
		}
	}
	return name, fine
}

// clean replaces what no name should hold: control characters and bytes that
// are not UTF-8.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// bareName is the last part of a path, with either slash.
func bareName(name string) string {
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}
