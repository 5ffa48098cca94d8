package crawler

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/url"
	"strings"
	"unicode/utf8"
)

// readStyle gives the pictures and the imported sheets of a style sheet.
func readStyle(body []byte, at *url.URL, l readLimits) document {
	text := readTextAs(body, styleCharset(body))
	p := newPageReader(context.Background(), text, at, readLimits{links: l.links, url: l.url, inlineBytes: l.inlineBytes, drop: l.drop})
	p.query = nil // a sheet's queries are UTF-8
	p.words = sha256.New()
	p.css(string(text.body))
	p.doc.text = sha256.Sum256(body)
	return p.document()
}

// styleCharset is what BOM or @charset say; a sheet without is UTF-8.
func styleCharset(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return "utf-16be"
	}
	if rest, ok := bytes.CutPrefix(body, []byte(`@charset "`)); ok {
		if end := bytes.IndexByte(rest[:min(len(rest), 100)], '"'); end >= 0 {
			if name := metaCharset(string(rest[:end])); name != "" {
				return name
			}
		}
	}
	return "utf-8"
}

// css takes the URLs of a style sheet or a style attribute: url(...), @import
// and the bare strings of image-set(). It cuts as the CSS syntax standard
// does, so that comments hide and escapes spell what they do in browsers.
func (p *pageReader) css(text string) {
	if !strings.ContainsAny(text, "(@") {
		return
	}
	if p.depth > maxNesting {
		p.flag(LimitPage, "pages within pages, too deep")
		return
	}
	p.depth++
	defer func() { p.depth-- }()
	s := cssScanner{s: text}
	rule := ""             // the at-rule whose prelude we are in
	var functions []string // the open functions, innermost last
	depth := 0             // brackets beyond maxFunctions
	for {
		kind, value := s.next()
		switch kind {
		case cssEnd:
			return
		case cssURL:
			p.cssRef(value, rule)
			if rule == "import" {
				rule = "imported"
			}
		case cssString:
			inner := ""
			if len(functions) > 0 {
				inner = functions[len(functions)-1]
			}
			switch {
			case rule == "import" && inner == "":
				p.cssRef(value, rule)
				rule = "imported"
			case inner == "url", inner == "src":
				p.cssRef(value, rule)
			case strings.HasSuffix(inner, "image-set"), inner == "image", inner == "cross-fade":
				p.cssRef(value, "")
			}
		case cssAt:
			rule = value
		case cssFunction:
			if len(functions) < maxFunctions {
				functions = append(functions, value)
			} else {
				depth++
			}
		case cssClose:
			if depth > 0 {
				depth--
			} else if len(functions) > 0 {
				functions = functions[:len(functions)-1]
			}
		case cssBreak:
			rule, functions, depth = "", functions[:0], 0
		}
	}
}

const maxFunctions = 64

// cssRef takes one URL of a style sheet.
func (p *pageReader) cssRef(raw, rule string) {
	switch {
	case rule == "namespace": // a name, not an address
	case rule == "import":
		p.sheet(raw)
	case !hasFontExt(raw):
		p.picture(raw)
	}
}

func hasFontExt(s string) bool {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	switch strings.ToLower(s[strings.LastIndexByte(s, '.')+1:]) {
	case "woff", "woff2", "ttf", "otf", "eot":
		return true
	}
	return false
}

type cssKind int

const (
	cssEnd      cssKind = iota
	cssURL              // url(plain)
	cssString           // "..."
	cssAt               // @name
	cssFunction         // name( or (
	cssClose            // )
	cssBreak            // ; { }
)

// cssScanner cuts a style sheet into the few tokens that matter here.
type cssScanner struct {
	s string
	i int
}

func (c *cssScanner) next() (cssKind, string) {
	for c.i < len(c.s) {
		b := c.s[c.i]
		switch {
		case b == '/' && strings.HasPrefix(c.s[c.i:], "/*"):
			end := strings.Index(c.s[c.i+2:], "*/")
			if end < 0 {
				c.i = len(c.s)
				return cssEnd, ""
			}
			c.i += end + 4
		case b == '"' || b == '\'':
			if value, ok := c.text(b); ok {
				return cssString, value
			}
		case b == '@':
			c.i++
			return cssAt, strings.ToLower(c.name())
		case b == ')':
			c.i++
			return cssClose, ""
		case b == '(':
			c.i++
			return cssFunction, ""
		case b == ';' || b == '{' || b == '}':
			c.i++
			return cssBreak, ""
		case nameByte(b) || b == '\\':
			if kind, value := c.word(); kind != cssEnd {
				return kind, value
			}
		default:
			c.i++
		}
	}
	return cssEnd, ""
}

// word reads a name; it tells of it only when a bracket follows.
func (c *cssScanner) word() (cssKind, string) {
	start := c.i
	name := c.name()
	if c.i == start { // a back slash that escapes nothing
		c.i++
		return cssEnd, ""
	}
	if c.i >= len(c.s) || c.s[c.i] != '(' {
		return cssEnd, ""
	}
	c.i++
	name = strings.ToLower(name)
	if name != "url" {
		return cssFunction, name
	}
	c.blanks()
	if c.i < len(c.s) && (c.s[c.i] == '"' || c.s[c.i] == '\'') {
		return cssFunction, name
	}
	if value, ok := c.plainURL(); ok {
		return cssURL, value
	}
	return cssEnd, ""
}

// plainURL reads what stands in url() without quotes, up to its bracket.
func (c *cssScanner) plainURL() (string, bool) {
	var b strings.Builder
	ok := true
	for c.i < len(c.s) {
		switch ch := c.s[c.i]; {
		case ch == ')':
			c.i++
			return b.String(), ok
		case isBlank(ch):
			c.blanks()
			ok = ok && (c.i >= len(c.s) || c.s[c.i] == ')')
		case ch == '\\':
			c.escape(&b)
		default:
			ok = ok && ch != '"' && ch != '\'' && ch != '('
			b.WriteByte(ch)
			c.i++
		}
	}
	return b.String(), ok
}

// text reads a string up to its quote. A line feed in it makes it no string.
func (c *cssScanner) text(quote byte) (string, bool) {
	var b strings.Builder
	for c.i++; c.i < len(c.s); {
		switch ch := c.s[c.i]; ch {
		case quote:
			c.i++
			return b.String(), true
		case '\n', '\r', '\f':
			return "", false
		case '\\':
			switch rest := c.s[c.i+1:]; {
			case strings.HasPrefix(rest, "\r\n"):
				c.i += 3
			case rest != "" && (rest[0] == '\n' || rest[0] == '\r' || rest[0] == '\f'):
				c.i += 2
			default:
				c.escape(&b)
			}
		default:
			b.WriteByte(ch)
			c.i++
		}
	}
	return b.String(), true
}

// name reads a name with its escapes.
func (c *cssScanner) name() string {
	start := c.i
	for c.i < len(c.s) && nameByte(c.s[c.i]) {
		c.i++
	}
	if c.i == len(c.s) || c.s[c.i] != '\\' {
		return c.s[start:c.i]
	}
	var b strings.Builder
	b.WriteString(c.s[start:c.i])
	for c.i < len(c.s) {
		switch ch := c.s[c.i]; {
		case nameByte(ch):
			b.WriteByte(ch)
			c.i++
		case ch == '\\' && c.i+1 < len(c.s) && c.s[c.i+1] != '\n' && c.s[c.i+1] != '\r' && c.s[c.i+1] != '\f':
			c.escape(&b)
		default:
			return b.String()
		}
	}
	return b.String()
}

// escape reads a back slash and what it escapes: up to six hex digits and one
// blank, or a letter as it is.
func (c *cssScanner) escape(b *strings.Builder) {
	c.i++
	var r rune
	n := 0
	for n < 6 && c.i < len(c.s) && isHex(c.s[c.i]) {
		r = r<<4 | rune(unhex(c.s[c.i]))
		c.i++
		n++
	}
	switch {
	case n > 0:
		if strings.HasPrefix(c.s[c.i:], "\r\n") {
			c.i++
		}
		if c.i < len(c.s) && isBlank(c.s[c.i]) {
			c.i++
		}
		if r == 0 || !utf8.ValidRune(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	case c.i < len(c.s):
		_, size := utf8.DecodeRuneInString(c.s[c.i:])
		b.WriteString(c.s[c.i : c.i+size])
		c.i += size
	}
}

func (c *cssScanner) blanks() {
	for c.i < len(c.s) && isBlank(c.s[c.i]) {
		c.i++
	}
}

func nameByte(b byte) bool {
	return isLetter(b) || '0' <= b && b <= '9' || b == '-' || b == '_' || b >= utf8.RuneSelf
}
