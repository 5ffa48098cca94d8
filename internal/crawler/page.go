package crawler

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"net/url"

	"golang.org/x/net/html"
)

const (
	maxToken   = 1 << 20 // bytes that the tokenizer holds; longer ones are read by longToken
	largeTag   = 2 << 10 // a tag with thousands of attributes leaves the tokenizer slow
	maxNesting = 6       // noscript in srcdoc in data: ...
	maxTitle   = 300     // letters
)

// readPage gives the links and pictures of an HTML page. The tokenizer is
// their source, never the tree: the parser gives up at 512 open elements, and
// 513 <div> would hide everything.
//
// What is not read is said by cause and counted in refused.
func readPage(ctx context.Context, body []byte, contentType string, at *url.URL, l readLimits) document {
	text := readText(body, contentType)
	p := newPageReader(ctx, text, at, l)
	p.run(text.body)
	if p.lateCharset != "" && text.guessed && p.lateCharset != text.charset {
		text = readTextAs(body, p.lateCharset)
		p = newPageReader(ctx, text, at, l)
		p.run(text.body)
	}
	if p.lateBase { // once more, for the links that stood before it
		p.lateBase = false
		p.run(text.body)
	}
	p.doc.text = p.digest()
	return p.document()
}

// pageReader reads one page.
type pageReader struct {
	*gather
	ctx context.Context
	spot
	within      map[string]bool // raw links that may be followed; nil: all
	loose       bool            // a browser may see tags where the tokenizer sees text
	based       bool            // <base> was there
	lateBase    bool
	lateCharset string
	tokens      int
	words       hash.Hash
	buf         []byte
}

// spot is where in the page the reader is.
type spot struct {
	depth    int    // pages within pages
	attrs    []attr // of the current tag
	foreign  foreign
	svgStyle bool // text is a style sheet inside SVG
}

func newPageReader(ctx context.Context, text pageText, at *url.URL, l readLimits) *pageReader {
	p := &pageReader{gather: newGather(at, l), ctx: ctx}
	p.query, p.doc.charset = text.query, text.charset
	if l.within != "" {
		p.within, p.doc.why = linksWithin(text.body, l.within)
	}
	return p
}

func (p *pageReader) run(body []byte) {
	p.words, p.buf = sha256.New(), p.buf[:0]
	p.read(body)
}

// read reads the page, or what stands inside an element of it.
func (p *pageReader) read(body []byte) {
	if p.depth > maxNesting {
		p.flag(LimitPage, "pages within pages, too deep")
		return
	}
	outer := p.spot
	p.spot = spot{depth: outer.depth + 1}
	for len(body) > 0 && p.doc.cause != Stopped {
		body = body[p.stretch(body):]
	}
	p.spot = outer
}

// stretch reads from one start of the tokenizer to the next, and returns how
// far it came.
func (p *pageReader) stretch(body []byte) int {
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(maxToken)
	raw := "" // the element whose text comes as it stands
	for off := 0; ; {
		kind := z.Next()
		size := len(z.Raw())
		if p.tokens++; p.tokens&1023 == 0 && p.stopped() {
			return len(body)
		}
		if size >= maxToken {
			return off + p.longToken(body[off:], kind, raw)
		}
		ends := off+size == len(body)
		switch kind {
		case html.ErrorToken:
			if size > 0 {
				p.flag(Partial, "the page ends inside a tag")
			}
			return len(body)
		case html.TextToken:
			p.text(z, raw, ends)
			raw = ""
		case html.CommentToken:
			if ends && !closedComment(z.Raw()) {
				p.flag(Partial, "the page ends inside a comment")
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			raw = p.startTag(z, kind)
			if size > largeTag && raw == "" {
				return off + size
			}
		case html.EndTagToken:
			raw = ""
			p.endTag(z)
		}
		off += size
	}
}

// closedComment reports whether a comment has its end; `<!-->` is one.
func closedComment(raw []byte) bool {
	if !bytes.HasPrefix(raw, []byte("<!--")) {
		return bytes.HasSuffix(raw, []byte(">"))
	}
	return bytes.HasSuffix(raw, []byte("-->")) || bytes.HasSuffix(raw, []byte("--!>"))
}

func (p *pageReader) stopped() bool {
	err := p.ctx.Err()
	if err == nil {
		return false
	}
	why := "stopped while reading the page"
	if errors.Is(err, context.DeadlineExceeded) {
		why = "no time left while reading the page"
	}
	p.flag(Stopped, why)
	return true
}

// attr is one attribute of a tag.
type attr struct{ key, value []byte }

// find gives the value of an attribute, or "".
func find(attrs []attr, key string) string {
	for _, a := range attrs {
		if string(a.key) == key {
			return string(a.value)
		}
	}
	return ""
}

// startTag takes a tag and returns its name when its content is raw text.
func (p *pageReader) startTag(z *html.Tokenizer, kind html.TokenType) string {
	p.attrs = p.attrs[:0]
	if len(p.foreign.open) == 0 && !mayRefer(z.Raw()) {
		return ""
	}
	name, more := z.TagName()
	for more {
		var a attr
		a.key, a.value, more = z.TagAttr()
		p.attrs = append(p.attrs, a)
	}
	raw := p.open(name, kind == html.SelfClosingTagToken)
	if raw == "" {
		z.NextIsNotRawText()
	}
	return raw
}

// mayRefer looks at a start tag as it stands, and reports false for the many
// that refer to nothing and hold no raw text, so that nobody need take them
// apart.
func mayRefer(tag []byte) bool {
	i := 1
	for i < len(tag) && isLetter(tag[i]) {
		i++
	}
	if i < len(tag) && '1' <= tag[i] && tag[i] <= '6' { // h1 to h6
		i++
	}
	switch string(tag[1:i]) { // upper case is rare, and then all is looked at
	case "p", "div", "span", "b", "i", "u", "s", "em", "strong", "small", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd",
		"h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "th", "tbody", "thead", "table", "pre", "code", "section", "article",
		"header", "footer", "nav", "main", "form", "label", "button", "option", "blockquote", "center", "font", "abbr", "time", "figure":
	default:
		return true
	}
	for ; i < len(tag); i++ {
		switch tag[i] | 0x20 {
		case 's':
			if keyAt(tag[i:], "style") || keyAt(tag[i:], "src") {
				return true
			}
		case 'd':
			if keyAt(tag[i:], "data-") {
				return true
			}
		case 'b':
			if keyAt(tag[i:], "background") {
				return true
			}
		case 'p':
			if keyAt(tag[i:], "poster") {
				return true
			}
		}
	}
	return false
}

// keyAt reports whether tag begins with key, in any case.
func keyAt(tag []byte, key string) bool {
	if len(tag) < len(key) {
		return false
	}
	for i := range len(key) {
		if tag[i]|0x20 != key[i] {
			return false
		}
	}
	return true
}

// open takes a start tag with its attributes in p.attrs, and returns its name
// when its content is raw text.
func (p *pageReader) open(name []byte, closed bool) string {
	inForeign := false
	if len(p.foreign.open) > 0 || string(name) == "svg" || string(name) == "math" {
		inForeign = p.foreign.start(string(name), p.attrs, closed)
		p.loose = true
	}
	p.svgStyle = false
	p.tag(string(name))
	switch tag := string(name); tag {
	case "select":
		p.loose = true
	case "style":
		if inForeign {
			p.svgStyle = !closed
			return ""
		}
		return tag
	case "iframe", "noembed", "noframes", "noscript", "plaintext", "script", "textarea", "title", "xmp":
		if !inForeign {
			return tag
		}
	}
	return ""
}

func (p *pageReader) endTag(z *html.Tokenizer) {
	if len(p.foreign.open) == 0 {
		return
	}
	name, _ := z.TagName()
	if string(name) == "style" {
		p.svgStyle = false
	}
	p.foreign.end(string(name))
}

func (p *pageReader) text(z *html.Tokenizer, raw string, ends bool) {
	switch {
	case raw != "":
		p.rawText(raw, z.Text(), !ends)
	case p.svgStyle:
		p.css(string(z.Text()))
	default:
		p.addWords(z.Raw())
	}
}

// rawText takes the text of an element that the tokenizer does not look into.
func (p *pageReader) rawText(name string, text []byte, closed bool) {
	switch name {
	case "noscript", "noframes", "noembed":
		p.read(text)
		return
	case "style":
		p.css(string(text))
	case "title":
		p.title(text)
	}
	// A browser that does not take these for raw text (inside select, behind
	// SVG that it closed earlier than we think) shows what is in them.
	if p.loose && name != "script" && bytes.IndexByte(text, '<') >= 0 {
		p.read(text)
	}
	if !closed && name != "plaintext" {
		p.flag(Partial, "the page ends inside "+name)
	}
}
