package crawler

import (
	"encoding/base64"
	"net/url"
	"strings"
)

func isDataURI(raw string) bool {
	raw = strings.TrimLeft(raw, " \t\n\f\r")
	return len(raw) >= 5 && strings.EqualFold(raw[:5], "data:")
}

// inlineData takes a data: URI. A picture in it is kept, and a page, an SVG or
// a style sheet is read like a part of this page.
func (p *pageReader) inlineData(raw string) {
	kind, body, ok := p.readData(raw)
	switch {
	case !ok:
	case kind == "text/html" || strings.HasSuffix(kind, "xml"):
		p.read(body)
	case kind == "text/css":
		p.css(string(body))
	case strings.HasPrefix(kind, "image/") || sniffPicture(body) != "":
		p.addInline(kind, body)
	}
}

// readData decodes a data: URI within limits.
func (g *gather) readData(raw string) (mediaType string, body []byte, ok bool) {
	head, data, ok := strings.Cut(strings.TrimLeft(raw, " \t\n\f\r")[5:], ",")
	if !ok {
		g.doc.refused[RefusedURL]++
		return "", nil, false
	}
	if len(data)/4 > g.limits.inlineBytes {
		g.doc.refused[LimitBytes]++
		g.flag(LimitBytes, "an inline picture is larger than a picture may be")
		return "", nil, false
	}
	data, _, _ = strings.Cut(data, "#")
	head = strings.ToLower(strings.Join(strings.Fields(head), ""))
	mediaType, _, _ = strings.Cut(head, ";")
	if len(mediaType) > 100 {
		mediaType = ""
	}
	if strings.IndexByte(data, '%') >= 0 {
		if plain, err := url.PathUnescape(data); err == nil {
			data = plain
		}
	}
	if !strings.HasSuffix(head, ";base64") {
		return mediaType, []byte(data), true
	}
	body, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(dropBlanks(data), "="))
	if err != nil {
		g.doc.refused[RefusedURL]++ // browsers show nothing either
		return "", nil, false
	}
	return mediaType, body, true
}

func dropBlanks(s string) string {
	if !strings.ContainsAny(s, " \t\n\f\r") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\f' || r == '\r' {
			return -1
		}
		return r
	}, s)
}
