package match

import (
	"unicode/utf8"
)

const (
	maxCanon  = 64   // bytes of a selector in normal form, a bit of a mask each
	maxWords  = 12   // words that may make up a selector
	pageWords = 4096 // words that are looked at together
)

// token is a run of letters and digits of a text. Its normal form lies in the
// page's canon; that of words next to each other lies next to each other, so
// that joined words need no copy.
type token struct {
	from, to       int    // in canon
	start, end     int    // in the text
	digits         uint64 // which bytes of its normal form are digits
	before         uint8  // the class of what separates it from the word before
	letters, reals uint8  // letters and true digits in it, as far as 255
	lower          bool   // it has a lower-case letter
	long           bool   // longer than any selector: canon has but its beginning
	bindL, bindR   bool   // a dash or the like stands right beside it
}

// page is a part of a text, cut into words.
type page struct {
	glyphs *glyphs
	words  []token
	canon  []byte
	ell    uint64 // which bytes of the word's normal form are a lower-case l
	upper  int    // letters of the word that are not lower case
}

// cut cuts text into pages of words. Of each page look is given how many of
// its words may begin a selector: a page ends where a field does or, in a field
// without end, after pageWords words, of which the last maxWords begin the next.
func (p *page) cut(text []byte, look func(to int)) {
	inWord, split, binds := false, splitField, false
	for at := 0; at < len(text); {
		r, n := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text[at:])
		}
		g := p.glyphs.of(r)
		switch {
		case g&glyphNone != 0:
		case g&glyphSplits != 0:
			if binds = g&glyphBinds != 0; inWord {
				p.end(at)
				inWord, split = false, 0
				p.words[len(p.words)-1].bindR = binds
			}
			if split = max(split, g.split()); split == splitField {
				p.turn(len(p.words), look)
			}
		default:
			if !inWord {
				if len(p.words) == pageWords {
					p.turn(pageWords-maxWords, look)
				}
				inWord = true
				p.begin(at, split, binds)
			}
			p.add(r, g)
		}
		at += n
	}
	if inWord {
		p.end(len(text))
	}
	p.turn(len(p.words), look)
}

// turn has the first words looked at and keeps the rest.
func (p *page) turn(to int, look func(to int)) {
	if to > 0 {
		look(to)
	}
	if to == len(p.words) {
		p.words, p.canon = p.words[:0], p.canon[:0]
		return
	}
	from := p.words[to].from
	p.words = p.words[:copy(p.words, p.words[to:])]
	p.canon = p.canon[:copy(p.canon, p.canon[from:])]
	for i := range p.words {
		p.words[i].from -= from
		p.words[i].to -= from
	}
}

func (p *page) begin(at, split int, binds bool) {
	p.words = append(p.words, token{from: len(p.canon), start: at, before: uint8(split), bindL: binds})
	p.ell, p.upper = 0, 0
}

// add puts a character into the word that is open.
func (p *page) add(r rune, g glyph) {
	if g&glyphMany != 0 {
		for _, c := range plainOf(r) {
			p.add(c, fold(c))
		}
		return
	}
	w := &p.words[len(p.words)-1]
	at := len(p.canon) - w.from
	if at >= maxCanon {
		w.long = true
		return
	}
	c := rune(g & glyphRune)
	if c < utf8.RuneSelf {
		p.canon = append(p.canon, byte(c))
	} else {
		p.canon = utf8.AppendRune(p.canon, c)
	}
	if c-'0' <= 9 && c >= '0' {
		w.digits |= 1 << at
	}
	switch {
	case g&glyphDigit != 0:
		w.reals++
	case r == 'l':
		w.letters++
		p.ell |= 1 << at
	default:
		w.letters++
		if w.lower = w.lower || g&glyphLower != 0; g&glyphLower == 0 {
			p.upper++
		}
	}
}

// end closes the open word. A lower-case l beside capitals and digits, or
// beside digits alone, is meant for a 1.
func (p *page) end(at int) {
	w := &p.words[len(p.words)-1]
	w.end = at
	w.to = len(p.canon)
	if p.ell == 0 {
		return
	}
	if w.lower || w.reals == 0 || p.upper == 1 || p.upper == 0 && w.reals < 3 {
		w.lower = true
		return
	}
	for i := range w.to - w.from {
		if p.ell>>i&1 != 0 {
			p.canon[w.from+i] = '1'
		}
	}
	w.digits |= p.ell
}
