package match

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Selector is a plate, a case number, a file name or a keyword to be looked
// for in text.
type Selector struct {
	Kind  string // as the list calls it: "plate", "case", "file" ...; "" for none
	Value string // as the list writes it

	From string // the file that it was read from; not stored
	Line int    // and its line; not stored
}

const (
	maxSelectorLine = 4 << 10
	minSelector     = 4 // letters and digits; less stands everywhere
	minNumber       = 6 // digits, of what is digits alone
)

// ReadSelectors reads a list of one selector a line, once. A word of small
// letters and a colon before it is its kind. Blank lines and those that begin
// with # are passed over. path is the name by which errors call the list. A bad
// line is a *RowError, and the reading goes on; any other error is the last
// thing given.
func ReadSelectors(r io.Reader, path string) iter.Seq2[Selector, error] {
	return func(yield func(Selector, error) bool) {
		rows := &reader{in: bufio.NewReaderSize(&sticky{r: r}, 64<<10), path: path}
		rows.yield = func(_ Entry, err error) bool { return yield(Selector{}, err) }
		kinds := regexp.MustCompile(`^([a-z][a-z0-9_]{0,31}):(?://)?`)
		for {
			line, more, err := rows.next(maxSelectorLine)
			if err != nil {
				yield(Selector{}, err)
			}
			if !more || rows.ended {
				return
			}
			text := string(line)
			if rows.line == 1 {
				text = strings.TrimPrefix(text, "\uFEFF")
			}
			if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
				continue
			}
			if reason := badText(text); reason != "" {
				if !rows.refuse(reason) {
					return
				}
				continue
			}
			s := Selector{Value: text, From: path, Line: rows.line}
			if m := kinds.FindStringSubmatch(text); m != nil && !strings.HasSuffix(m[0], "//") {
				s.Kind, s.Value = m[1], strings.TrimSpace(text[len(m[0]):])
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

func badText(s string) (reason string) {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return "holds a NUL byte: is the list UTF-16? Save it as UTF-8"
	case !utf8.ValidString(s):
		return "is not UTF-8: save the list as UTF-8"
	}
	return ""
}

// normal is a selector in all forms in which it is found.
type normal struct {
	value string // as the list writes it, what is not looked for apart
	canon []byte
	n     int
	forms []formed
}

// formed is a form with what its tag and its shape are made of.
type formed struct {
	class byte
	lens  []uint8
	shape uint64
}

// settle puts a selector into its normal form with the help of p, or says why
// it would never be found, or everywhere.
func (s *Selector) settle(p *page) (n normal, reason string) {
	value := s.Value
	if s.Kind == "file" {
		value = value[strings.LastIndexAny(value, `/\`)+1:] // listings name other folders
	}
	value = bare(value)
	n.value = value
	pages, letters, reals, broken := 0, 0, 0, false
	var digits, parts uint64
	var lens []uint8
	p.cut([]byte(value), func(int) {
		pages++
		for i, w := range p.words {
			broken = broken || i > 0 && int(w.before) >= splitLine
			if w.long || n.n+w.to-w.from > maxCanon {
				n.n = maxCanon + 1
				return
			}
			digits |= w.digits << n.n
			n.n += w.to - w.from
			letters, reals = letters+int(w.letters), reals+int(w.reals)
			parts, lens = nextPart(parts, w.to-w.from), append(lens, uint8(w.to-w.from))
		}
		n.canon = append(n.canon, p.canon...)
	})
	switch {
	case n.n > maxCanon:
		return n, fmt.Sprintf("longer than %d bytes in normal form", maxCanon)
	case pages > 1:
		return n, fmt.Sprintf("%q ends a field of a table: give the parts as selectors of their own", fieldEnd(value))
	case broken:
		return n, "a line break stands in it"
	case len(lens) > maxWords:
		return n, fmt.Sprintf("%d words, at most %d are joined", len(lens), maxWords)
	case n.n < minSelector:
		return n, fmt.Sprintf("%d letters and digits: less than %d stand everywhere", n.n, minSelector)
	case letters == 0 && n.n < minNumber:
		return n, fmt.Sprintf("%d digits: a number of less than %d stands everywhere", n.n, minNumber)
	}
	class := byte(textForm)
	if letters == 0 {
		class = numberForm
	}
	n.forms = []formed{{class: class, shape: shape(class, n.n, digits, 0)}}
	if len(lens) > 1 && (letters == 0 || reals == 0) {
		n.forms = append(n.forms, formed{class: class, lens: lens, shape: shape(class, n.n, digits, parts)})
	}
	return n, ""
}

// fieldEnd is the separator of fields between the words of a selector.
func fieldEnd(value string) string {
	for _, r := range value {
		if g := glyphOf(r); g&glyphSplits != 0 && g.split() == splitField {
			return string(r)
		}
	}
	return ""
}

// bare is a selector without what stands before and after it.
func bare(value string) string {
	return strings.TrimFunc(value, func(r rune) bool { return plainOf(r) == nil })
}

// keyed makes the forms of a selector that are stored and looked for.
func (n *normal) keyed(t *tagger) []keyed {
	forms := make([]keyed, len(n.forms))
	for i, f := range n.forms {
		forms[i] = keyed{n: uint8(n.n), shape: f.shape, tag: t.tag(f.class, f.lens, n.canon)}
	}
	return forms
}
