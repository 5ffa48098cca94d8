package crawler

import (
	"bytes"
	"mime"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// pageText is a page in UTF-8, whatever it was before.
type pageText struct {
	body    []byte            // valid UTF-8; U+FFFD where bytes made no sense
	charset string            // what it was read as
	query   encoding.Encoding // for the queries of its links; nil: UTF-8
	guessed bool              // neither BOM, header nor the head of the page said so
}

// readText turns a page into UTF-8, by BOM, header, meta, and then by looking
// at the bytes, in this order. What no browser decodes (UTF-7, the encodings
// of the standard's "replacement") is read as if nothing had been declared,
// so that a false name hides nothing.
func readText(body []byte, contentType string) pageText {
	name := declaredCharset(body, contentType)
	guessed := name == "" || name == "replacement"
	if guessed {
		name = guessUTF16(body)
	}
	if name == "" {
		name = guessBytes(body)
	}
	t := readTextAs(body, name)
	t.guessed = guessed
	return t
}

// readTextAs turns a page of a known charset into UTF-8.
func readTextAs(body []byte, name string) pageText {
	t := pageText{body: body, charset: name}
	enc, err := htmlindex.Get(name)
	if err != nil || name == "utf-8" {
		t.charset = "utf-8"
		t.body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(t.body) {
			t.body, _ = unicode.UTF8.NewDecoder().Bytes(t.body) // its decoder knows no error
		}
		return t
	}
	wide := name == "utf-16le" || name == "utf-16be"
	if !wide {
		t.query = enc
	}
	if !wide && name != "iso-2022-jp" && isASCII(body) {
		return t
	}
	if text, err := enc.NewDecoder().Bytes(body); err == nil {
		t.body = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if !utf8.Valid(t.body) {
		t.body = bytes.ToValidUTF8(t.body, []byte("\uFFFD"))
	}
	return t
}

// declaredCharset is what BOM, header or the head of the page say, or "".
func declaredCharset(body []byte, contentType string) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return "utf-8"
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return "utf-16be"
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		if _, name := charset.Lookup(params["charset"]); name != "" {
			return name
		}
	}
	head := bytes.ToLower(body[:min(len(body), 1024)])
	if !bytes.Contains(head, []byte("charset")) {
		return ""
	}
	// The library falls back on the bytes that it sees and does not tell. So
	// it sees none but a last one, chosen here: a name that changes with it
	// was a fallback.
	for i, c := range head {
		if c >= utf8.RuneSelf {
			head[i] = '?'
		}
	}
	head = head[:min(len(head), 1020)]
	_, name, _ := charset.DetermineEncoding(append(head, 0xff), "")
	if name == "windows-1252" {
		_, name, _ = charset.DetermineEncoding(append(head, "\u00e9 "...), "")
		if name == "utf-8" {
			return ""
		}
	}
	return name
}

// guessBytes tells UTF-8 from windows-1252: a page whose letters beyond ASCII
// are mostly whole UTF-8 is UTF-8 with mistakes.
func guessBytes(body []byte) string {
	whole, broken := 0, 0
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			broken++
		} else {
			whole++
		}
		i += n
	}
	if broken*4 <= whole {
		return "utf-8"
	}
	return "windows-1252"
}

// guessUTF16 knows UTF-16 without BOM and header by its zeros, or gives "".
func guessUTF16(body []byte) string {
	head := body[:min(len(body), 512)]
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[0] == 0 && zeros[1] > len(head)/4:
		return "utf-16le"
	case zeros[1] == 0 && zeros[0] > len(head)/4:
		return "utf-16be"
	}
	return ""
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// metaCharset is the charset that a meta element names, or "".
func metaCharset(label string) string {
	_, name := charset.Lookup(label)
	switch name {
	case "utf-16le", "utf-16be": // it was read as ASCII so far, so it is not
		return "utf-8"
	case "replacement":
		return ""
	}
	return name
}
