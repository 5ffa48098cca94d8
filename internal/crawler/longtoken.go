package crawler

import (
	"bytes"

	"golang.org/x/net/html"
)

// maxLongAttrs is how many attributes of an overlong tag are read.
const maxLongAttrs = 4096

// longToken reads the token at the start of body, which is too long for the
// tokenizer, and returns where it ends. All of the page is in memory, so that
// nothing need be lost: what stands behind it is read on, and an attribute of
// megabytes (a picture as data: URI) is read too.
func (p *pageReader) longToken(body []byte, kind html.TokenType, raw string) int {
	switch {
	case raw != "":
		return p.longRaw(body, raw)
	case kind == html.TextToken:
		n := min(len(body), maxToken)
		if cut := bytes.LastIndexByte(body[n-2:n], '<'); cut >= 0 {
			n += cut - 2 // a tag may begin there
		}
		if p.svgStyle {
			p.css(string(body[:n]))
		} else {
			p.addWords(body[:n])
		}
		return n
	case body[0] == '<' && len(body) > 1 && isLetter(body[1]):
		return p.longTag(body)
	}
	closing := []byte(">")
	if bytes.HasPrefix(body, []byte("<!--")) {
		closing = []byte("-->")
	}
	end := bytes.Index(body, closing)
	if end < 0 {
		p.flag(LimitPage, "a comment runs to the end of the page")
		return len(body)
	}
	return end + len(closing)
}

// longRaw reads the text of a raw element up to its end tag.
func (p *pageReader) longRaw(body []byte, name string) int {
	end := endTag(body, name)
	closed := end >= 0
	if !closed {
		end = len(body)
		if name != "plaintext" {
			p.flag(LimitPage, name+" runs to the end of the page")
		}
	}
	p.rawText(name, body[:end], true)
	return min(max(end, 1), len(body))
}

// endTag finds "</name", in any case, or gives -1.
func endTag(body []byte, name string) int {
	for i := 0; ; {
		n := bytes.Index(body[i:], []byte("</"))
		if n < 0 {
			return -1
		}
		i += n
		rest := body[i+2:]
		if len(rest) > len(name) && bytes.EqualFold(rest[:len(name)], []byte(name)) {
			if c := rest[len(name)]; isBlank(c) || c == '/' || c == '>' {
				return i
			}
		}
		i += 2
	}
}

// longTag reads a start tag of any length.
func (p *pageReader) longTag(body []byte) int {
	name, attrs, end := scanTag(body, maxLongAttrs)
	if end < 0 {
		p.flag(LimitPage, "a tag runs to the end of the page")
		return len(body)
	}
	if len(attrs) == maxLongAttrs {
		p.flag(LimitPage, "a tag has more than 4096 attributes")
	}
	p.attrs = attrs
	raw := p.open(name, body[end-2] == '/')
	if raw == "" {
		return end
	}
	return end + p.longRaw(body[end:], raw)
}

// scanTag gives name, attributes and end of the start tag at the start of
// body; end is -1 when it has none. It cuts as the HTML standard does. The
// first most attributes are kept.
func scanTag(body []byte, most int) (name []byte, attrs []attr, end int) {
	i := 1
	for i < len(body) && !isBlank(body[i]) && body[i] != '/' && body[i] != '>' {
		i++
	}
	name = bytes.ToLower(body[1:i])
	for {
		for i < len(body) && (isBlank(body[i]) || body[i] == '/') {
			i++
		}
		if i >= len(body) {
			return name, attrs, -1
		}
		if body[i] == '>' {
			return name, attrs, i + 1
		}
		start := i
		for i++; i < len(body) && !isBlank(body[i]) && body[i] != '/' && body[i] != '>' && body[i] != '='; {
			i++
		}
		key := body[start:i]
		for i < len(body) && isBlank(body[i]) {
			i++
		}
		var value []byte
		if i < len(body) && body[i] == '=' {
			value, i = scanValue(body, i+1)
		}
		if len(attrs) < most && i < len(body) {
			attrs = append(attrs, attr{bytes.ToLower(key), []byte(html.UnescapeString(string(value)))})
		}
	}
}

func scanValue(body []byte, i int) (value []byte, end int) {
	for i < len(body) && isBlank(body[i]) {
		i++
	}
	if i >= len(body) || body[i] == '>' {
		return nil, i
	}
	if quote := body[i]; quote == '"' || quote == '\'' {
		n := bytes.IndexByte(body[i+1:], quote)
		if n < 0 {
			return nil, len(body)
		}
		return body[i+1 : i+1+n], i + n + 2
	}
	start := i
	for i < len(body) && !isBlank(body[i]) && body[i] != '>' {
		i++
	}
	return body[start:i], i
}

func isLetter(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z'
}
