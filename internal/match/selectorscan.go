package match

import (
	"strings"
	"unicode"
)

// scan looks for the selectors of one set in pages of words.
type scan struct {
	set    *selectors
	page   *page
	text   []byte
	tagger *tagger
	skip   int // words at the beginning of the page that belong to a selector found

	distinct    map[uint32]struct{}
	occurrences int
	samples     []string
}

// span is some words next to each other, joined.
type span struct {
	from, to       int // words
	n              int // bytes
	digits, parts  uint64
	letters, reals int
	split          int // the strongest separator in it
	lower          bool
}

// begin forgets what was found.
func (s *scan) begin() {
	s.distinct, s.occurrences, s.samples, s.skip = map[uint32]struct{}{}, 0, nil, 0
}

// run looks through one text.
func (s *scan) run(text []byte) {
	s.text = text
	s.page.cut(text, s.look)
}

const freeFrom = 6 // bytes; shorter ones count only where nothing is bound to them

// look searches the selectors that begin in the first words of the page: the
// longest first, and after it only its single words.
func (s *scan) look(to int) {
	for i := s.skip; i < to; i++ {
		if w := &s.page.words[i]; w.long || s.set.lengths>>(w.to-w.from-1) == 0 {
			continue
		}
		end := s.at(i)
		if end == 0 {
			continue
		}
		for k := i; end > i+1 && k < end; k++ {
			s.single(k)
		}
		i = end - 1
		s.skip = end
	}
	s.skip = max(s.skip-to, 0)
}

// at looks for the longest selector that begins with word i, and returns the
// word after it; 0: none.
func (s *scan) at(i int) (end int) {
	var spans [maxWords]span
	n := 0
	var c span
	for j := i; j < len(s.page.words) && j < i+maxWords; j++ {
		w := &s.page.words[j]
		size := w.to - w.from
		if w.long || j > i && int(w.before) >= splitField || c.n+size > s.set.longest {
			break
		}
		if j > i {
			c.split = max(c.split, int(w.before))
		}
		c.digits |= w.digits << c.n
		c.from, c.to, c.n, c.parts = i, j+1, c.n+size, nextPart(c.parts, size)
		c.letters, c.reals, c.lower = c.letters+int(w.letters), c.reals+int(w.reals), c.lower || w.lower
		if s.set.lengths>>(c.n-1)&1 != 0 {
			spans[n] = c
			n++
		}
	}
	for n--; n >= 0; n-- {
		if s.try(&spans[n]) {
			return spans[n].to
		}
	}
	return 0
}

// single looks whether word k alone is a selector.
func (s *scan) single(k int) {
	w := &s.page.words[k]
	size := w.to - w.from
	if s.set.lengths>>(size-1)&1 != 0 {
		s.try(&span{from: k, to: k + 1, n: size, digits: w.digits, parts: nextPart(0, size), letters: int(w.letters), reals: int(w.reals), lower: w.lower})
	}
}

// try notes the span if it is a selector.
func (s *scan) try(c *span) bool {
	number := c.digits == 1<<c.n-1 && 2*c.reals >= c.n
	if c.to == c.from+1 {
		return c.letters > 0 && s.is(c, textForm, false) || number && s.is(c, numberForm, false)
	}
	if number && c.split < splitLine && s.is(c, numberForm, true) {
		return true
	}
	switch {
	case c.letters == 0:
		return false
	case c.reals == 0:
		return s.is(c, textForm, true)
	case c.split >= splitLine, c.split == splitSpace && c.lower && !s.alone(c):
		return false // "up to 1234" is no plate
	}
	return s.is(c, textForm, false)
}

// alone reports whether nothing else stands in the field or line of the span.
func (s *scan) alone(c *span) bool {
	words := s.page.words
	return int(words[c.from].before) >= splitLine && (c.to == len(words) || int(words[c.to].before) >= splitLine)
}

// is looks a form of the span up. Hex digits of a UUID, and the like, are full
// of short plates.
func (s *scan) is(c *span, class byte, pieces bool) bool {
	words := s.page.words
	if c.n < freeFrom && c.reals > 0 && (words[c.from].bindL || words[c.to-1].bindR) {
		return false
	}
	parts := uint64(0)
	if pieces {
		parts = c.parts
	}
	if !s.set.shaped(shape(class, c.n, c.digits, parts)) {
		return false
	}
	var buf [maxWords]uint8
	lens := buf[:0]
	if pieces {
		for _, w := range words[c.from:c.to] {
			lens = append(lens, uint8(w.to-w.from))
		}
	}
	t := s.tagger.tag(class, lens, s.page.canon[words[c.from].from:words[c.to-1].to])
	selector, found := s.set.find(&t)
	if found {
		s.note(selector, s.text[words[c.from].start:words[c.to-1].end])
	}
	return found
}

const maxSamples = 5

func (s *scan) note(selector uint32, as []byte) {
	s.occurrences++
	if _, known := s.distinct[selector]; known {
		return
	}
	s.distinct[selector] = struct{}{}
	if len(s.samples) < maxSamples {
		s.samples = append(s.samples, mask(string(as)))
	}
}

// mask shows the ends of what was found: enough to find it again in the text,
// too little to name a car.
func mask(s string) string {
	var runes []rune
	for _, r := range strings.ToUpper(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			runes = append(runes, r)
		}
	}
	ends := 2
	if len(runes) < freeFrom {
		ends = 1
	}
	if len(runes) <= 2*ends { // nothing would be left to hide
		return "•••"
	}
	return string(runes[:ends]) + "•••" + string(runes[len(runes)-ends:])
}
