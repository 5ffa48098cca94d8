package crawler

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

const upperHex = "0123456789ABCDEF"

// unreserved bytes are never escaped: %41 and A are one.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// plainPath bytes may stand in a path as they are, plainQuery bytes in a query.
func plainPath(c byte) bool {
	return unreserved(c) || strings.IndexByte("/!$&'()*+,;=:@[]", c) >= 0
}

func plainQuery(c byte) bool {
	return unreserved(c) || strings.IndexByte("/?!$&()*+,;=:@[]", c) >= 0
}

// escapeText gives s with each byte either plain or as %XX in upper case. A
// per cent sign that begins no escape becomes %25, so that the result is
// always whole.
func escapeText(s string, plain func(byte) bool) string {
	i := 0
	for i < len(s) && plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if unreserved(c) {
				b = append(b, c)
				continue
			}
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
			continue
		}
		if plain(c) {
			b = append(b, c)
			continue
		}
		b = append(b, '%', upperHex[c>>4], upperHex[c&15])
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

// canonicalPath escapes, drops ;name=value of the names in drop, and resolves
// dots.
func canonicalPath(path string, drop []string) string {
	path = escapeText(path, plainPath)
	if strings.IndexByte(path, ';') >= 0 {
		path = dropPathParams(path, drop)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if strings.Contains(path, "/.") {
		path = resolveDots(path)
	}
	return path
}

func dropPathParams(path string, drop []string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		params := strings.Split(segment, ";")
		kept := params[:1]
		for _, param := range params[1:] {
			name, _, _ := strings.Cut(param, "=")
			if !dropped(name, drop) {
				kept = append(kept, param)
			}
		}
		segments[i] = strings.Join(kept, ";")
	}
	return strings.Join(segments, "/")
}

// resolveDots resolves . and .. in an absolute path.
func resolveDots(path string) string {
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, segment := range segments {
		switch segment {
		case ".", "..":
			if segment == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if i == len(segments)-1 {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// canonicalQuery writes a query in the page's own encoding, without empty
// pairs and without the parameters of drop. The order is the server's matter.
func canonicalQuery(query string, enc encoding.Encoding, drop []string) string {
	if query == "" {
		return ""
	}
	if enc != nil {
		query = encodeQuery(query, enc)
	}
	query = escapeText(query, plainQuery)
	if len(drop) == 0 && query[0] != '&' && query[len(query)-1] != '&' && !strings.Contains(query, "&&") {
		return query
	}
	kept := make([]byte, 0, len(query))
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair == "" || dropped(name, drop) {
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, '&')
		}
		kept = append(kept, pair...)
	}
	return string(kept)
}

// encodeQuery escapes the letters beyond ASCII in enc; those that enc lacks
// become a character reference, as in browsers.
func encodeQuery(query string, enc encoding.Encoding) string {
	ascii := true
	for i := range len(query) {
		ascii = ascii && query[i] < utf8.RuneSelf
	}
	if ascii {
		return query
	}
	encoder := enc.NewEncoder()
	var b strings.Builder
	for len(query) > 0 {
		n := 0
		for n < len(query) && query[n] < utf8.RuneSelf {
			n++
		}
		b.WriteString(query[:n])
		query = query[n:]
		for n = 0; n < len(query) && query[n] >= utf8.RuneSelf; {
			n++
		}
		if out, err := encoder.String(query[:n]); err == nil {
			b.WriteString(escapeEncoded(out))
		} else {
			for _, r := range query[:n] {
				if out, err := encoder.String(string(r)); err == nil {
					b.WriteString(escapeEncoded(out))
				} else {
					fmt.Fprintf(&b, "%%26%%23%d%%3B", r)
				}
			}
		}
		query = query[n:]
	}
	return b.String()
}

// escapeEncoded escapes all bytes but letters and digits: a byte of a Japanese
// letter may look like a per cent sign.
func escapeEncoded(s string) string {
	b := make([]byte, 0, 3*len(s))
	for i := range len(s) {
		b = append(b, '%', upperHex[s[i]>>4], upperHex[s[i]&15])
	}
	return string(b)
}

// dropped reports whether a parameter's name is one of drop. A pattern may
// hold one *, and case does not count.
func dropped(name string, drop []string) bool {
	for _, pattern := range drop {
		head, tail, star := strings.Cut(pattern, "*")
		if !star && strings.EqualFold(name, pattern) {
			return true
		}
		if star && len(name) >= len(head)+len(tail) &&
			strings.EqualFold(name[:len(head)], head) && strings.EqualFold(name[len(name)-len(tail):], tail) {
			return true
		}
	}
	return false
}
