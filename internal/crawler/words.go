package crawler

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"unicode"
)

// title keeps the first title, without what a terminal must not see.
func (p *pageReader) title(text []byte) {
	if p.doc.title != "" {
		return
	}
	if len(text) > 8*maxTitle {
		text = text[:8*maxTitle]
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(text), ""))
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	p.doc.title = string(runes[:min(len(runes), maxTitle)])
	p.addWords(text)
}

// addWords adds text to the digest, as it stands but for the blanks around it.
func (p *pageReader) addWords(text []byte) {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return
	}
	p.buf = append(append(p.buf, text...), ' ')
	if len(p.buf) > 4<<10 {
		p.words.Write(p.buf)
		p.buf = p.buf[:0]
	}
}

// digest closes the digest of the words, and adds the pictures: a gallery
// changes by them alone.
func (p *pageReader) digest() (d [32]byte) {
	for _, r := range p.doc.refs {
		if r.url != nil && r.kind == kindPicture {
			p.buf = append(append(p.buf, r.url.String()...), '\n')
		}
	}
	for _, i := range p.doc.inline {
		sum := sha256.Sum256(i.body)
		p.buf = append(p.buf, sum[:]...)
	}
	p.words.Write(p.buf)
	p.words.Sum(d[:0])
	return d
}
