package match

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// glyph is what a character counts for in text: a separator of some class or,
// in its lower bits, the letter or digit that stands for all that look like it.
type glyph uint32

const (
	glyphLetter glyph = 1 << (24 + iota)
	glyphDigit        // it was a digit before look-alikes were made one
	glyphLower
	glyphMany   // it stands for several characters: ask expand
	glyphNone   // invisible: as if it were not there
	glyphBinds  // a separator that holds hex digits and the like together
	glyphSplits // a separator; the lower bits are its class

	glyphRune glyph = 1<<21 - 1
)

// The classes of separators, the stronger the greater.
const (
	splitTight = iota + 1 // AB-12, AB.12, AB_12
	splitSpace
	splitLine
	splitField // of a CSV, a quotation, a tag: no selector goes over it
)

func (g glyph) split() int { return int(g & glyphRune) }

// glyphs are the glyphs of all characters of the Basic Multilingual Plane.
type glyphs [1 << 16]glyph

func newGlyphs() *glyphs {
	g := new(glyphs)
	for r := range rune(len(g)) {
		g[r] = glyphOf(r)
	}
	return g
}

func (g *glyphs) of(r rune) glyph {
	if int(r) < len(g) {
		return g[r]
	}
	return glyphOf(r)
}

// glyphOf is the normal form of one character: NFKC, lower case, without
// accents, look-alikes made one (O and 0, I and 1, Greek and Cyrillic capitals
// that look Latin). S and 5, B and 8, Z and 2 stay apart: plates that differ in
// them are too many.
func glyphOf(r rune) glyph {
	switch {
	case r == '\t':
		return glyphSplits | splitField
	case r == '\n', r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
		return glyphSplits | splitLine
	case r == utf8.RuneError, unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cs, r):
		return glyphSplits | splitField
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return glyphNone
	case unicode.IsSpace(r):
		return glyphSplits | splitSpace
	}
	plain := plainOf(r)
	if len(plain) == 1 {
		return fold(plain[0])
	}
	if len(plain) > 1 {
		return glyphMany
	}
	return separator(r)
}

// plainOf are the letters and digits that a character stands for.
func plainOf(r rune) (plain []rune) {
	form := norm.NFKC
	if unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
		form = norm.NFKD // which cuts accents off
	}
	for _, c := range form.String(string(r)) {
		switch {
		case c == 'ß', c == 'ẞ':
			plain = append(plain, 's', 's')
		case unicode.IsLetter(c), unicode.IsDigit(c):
			plain = append(plain, c)
		}
	}
	return plain
}

// fold makes the glyph of a letter or digit in its compatible form.
func fold(r rune) glyph {
	if unicode.IsDigit(r) {
		return glyph('0'+digitOf(r)) | glyphDigit
	}
	g := glyphLetter
	if unicode.IsLower(r) {
		g |= glyphLower
	}
	return g | glyph(lookAlike(unicode.ToLower(r)))
}

// digitOf is the value of a decimal digit of any script: they stand in tens.
func digitOf(r rune) rune {
	if r < 0x80 {
		return r - '0'
	}
	for _, in := range unicode.Nd.R16 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	for _, in := range unicode.Nd.R32 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// lookAlike is the one of all letters and digits that look like a lower-case
// letter or like its capital.
func lookAlike(r rune) rune {
	switch r {
	case 'o', 'ο', 'о', 'ø':
		return '0'
	case 'i', 'ι', 'і', 'ı', 'ӏ':
		return '1'
	case 'α', 'а':
		return 'a'
	case 'β', 'в':
		return 'b'
	case 'с', 'ϲ':
		return 'c'
	case 'ε', 'е':
		return 'e'
	case 'η', 'н', 'һ':
		return 'h'
	case 'ј':
		return 'j'
	case 'κ', 'к':
		return 'k'
	case 'ł':
		return 'l'
	case 'μ', 'м':
		return 'm'
	case 'ν':
		return 'n'
	case 'ρ', 'р':
		return 'p'
	case 'ѕ':
		return 's'
	case 'τ', 'т':
		return 't'
	case 'χ', 'х':
		return 'x'
	case 'υ', 'у', 'ү':
		return 'y'
	case 'ζ':
		return 'z'
	}
	return r
}

// separator is the glyph of what is no letter, digit or space.
func separator(r rune) glyph {
	switch r {
	case '.', '_', '/', '\\', '\'', '’', '·', '•', '∙':
		return glyphSplits | splitTight
	case '-', '+', ':', '@', '&', '#', '%', '~':
		return glyphSplits | splitTight | glyphBinds
	}
	if unicode.Is(unicode.Pd, r) || r == '−' {
		return glyphSplits | splitTight | glyphBinds
	}
	return glyphSplits | splitField
}
