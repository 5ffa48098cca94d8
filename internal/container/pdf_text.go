package container

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"unicode/utf16"
)

const (
	maxPDFPage  = 32 << 20 // bytes of one page's operators
	maxPDFForms = 4        // pages in pages
	maxPDFShown = 10_000   // of them in one document
	maxPDFFonts = 4096     // whose codes are kept
)

// words visits the text of all pages as one member.
func (p *pdf) words() error {
	var pages []pdfDict
	seen := map[int]bool{}
	for _, v := range p.roots() {
		p.pages(v, pdfDict{}, seen, 0, &pages)
	}
	if len(pages) == 0 {
		return nil
	}
	t := &pdfText{p: p, pages: pages, fonts: map[int]*pdfFont{}}
	e := entry{name: "text.txt", size: -1, packed: -1}
	return p.w.member(p.b, e, func() (io.Reader, error) { return t, nil })
}

// roots are the trees of pages: what catalogs name, and where there is none, all
// that says that it is a page.
func (p *pdf) roots() []any {
	var trees, loose []any
	for _, num := range slices.Sorted(maps.Keys(p.index)) {
		d, _ := p.valueOf(num).(pdfDict)
		switch d["Type"] {
		case pdfName("Catalog"):
			trees = append(trees, d["Pages"])
		case pdfName("Page"):
			loose = append(loose, pdfRef{num})
		}
	}
	return append(trees, loose...)
}

// pages walks down a tree; what a page does not say itself its parents do.
func (p *pdf) pages(v any, above pdfDict, seen map[int]bool, depth int, to *[]pdfDict) {
	if r, ok := v.(pdfRef); ok {
		if seen[r.num] {
			return
		}
		seen[r.num] = true
	}
	d, _ := p.resolve(v).(pdfDict)
	if d == nil || depth > maxDepthPDF || len(*to) >= maxPDFObjects {
		return
	}
	resources, ok := p.resolve(d["Resources"]).(pdfDict)
	if !ok {
		resources = above
	}
	kids, _ := p.resolve(d["Kids"]).([]any)
	for _, k := range kids {
		p.pages(k, resources, seen, depth+1, to)
	}
	if len(kids) == 0 && d["Contents"] != nil {
		*to = append(*to, pdfDict{"Contents": d["Contents"], "Resources": resources})
	}
}

// pdfText reads page after page.
type pdfText struct {
	p     *pdf
	pages []pdfDict
	fonts map[int]*pdfFont // by the number of their object
	forms int              // shown so far
	out   bytes.Buffer
}

func (t *pdfText) Read(b []byte) (int, error) {
	for t.out.Len() == 0 {
		if len(t.pages) == 0 {
			return 0, io.EOF
		}
		if err := t.p.w.alive(); err != nil {
			return 0, err
		}
		page := t.pages[0]
		t.pages = t.pages[1:]
		var body []byte
		for _, v := range listOf(t.p.contents(page["Contents"])) {
			if s, ok := t.p.streamOf(v); ok && len(body) < maxPDFPage {
				part, _ := t.p.plain(s, maxPDFPage) // what cannot be unpacked has no words
				body = append(append(body, part...), '\n')
			}
		}
		resources, _ := page["Resources"].(pdfDict)
		t.show(body, resources, 0)
		t.out.WriteByte('\n')
	}
	return t.out.Read(b)
}

// contents is a stream, or the list of those that make one.
func (p *pdf) contents(v any) any {
	if r, ok := v.(pdfRef); ok {
		if list, ok := p.resolve(r).([]any); ok {
			return list
		}
	}
	return v
}

// show takes the operators that show text, in the order in which they stand.
func (t *pdfText) show(body []byte, resources pdfDict, depth int) {
	v := pdfValues{data: body}
	fonts, _ := t.p.resolve(resources["Font"]).(pdfDict)
	var font *pdfFont
	var args []any
	for v.at < len(v.data) {
		x := v.value(0)
		op, ok := x.(pdfWord)
		if !ok {
			if args = append(args, x); len(args) > 64 {
				args = args[1:]
			}
			continue
		}
		switch op {
		case "Tf":
			if len(args) > 1 {
				name, _ := args[len(args)-2].(pdfName)
				font = t.font(fonts[string(name)])
			}
		case "Tj", "TJ", "'", `"`:
			if op == "'" || op == `"` {
				t.out.WriteByte('\n')
			}
			if len(args) > 0 {
				t.strings(args[len(args)-1], font)
			}
		case "Td", "TD", "Tm", "T*", "ET":
			t.moved(op, args)
		case "Do":
			if len(args) > 0 && depth < maxPDFForms {
				t.form(args[len(args)-1], resources, depth)
			}
		case "ID": // a picture in the operators: its bytes are none of them
			if end := bytes.Index(v.data[v.at:], []byte("EI")); end >= 0 {
				v.at += end + 2
			}
		}
		args = args[:0]
	}
}

// moved ends a line, or a word where the next stands on the same line.
func (t *pdfText) moved(op pdfWord, args []any) {
	if n := len(args); (op == "Td" || op == "TD") && n >= 2 {
		if y := t.p.number(args[n-1], 1); y == 0 {
			t.out.WriteByte(' ')
			return
		}
	}
	t.out.WriteByte('\n')
}

func (t *pdfText) form(name any, resources pdfDict, depth int) {
	objects, _ := t.p.resolve(resources["XObject"]).(pdfDict)
	key, _ := name.(pdfName)
	s, ok := t.p.streamOf(objects[string(key)])
	if t.forms++; !ok || s.dict["Subtype"] != pdfName("Form") || t.out.Len() > maxPDFPage || t.forms > maxPDFShown {
		return
	}
	body, f := t.p.plain(s, maxPDFPage)
	if f != nil {
		return
	}
	if own, ok := t.p.resolve(s.dict["Resources"]).(pdfDict); ok {
		resources = own
	}
	t.show(body, resources, depth+1)
}

// strings writes what is shown: a string, or strings with gaps between them, of
// which the wide ones part words.
func (t *pdfText) strings(v any, font *pdfFont) {
	for _, x := range listOf(v) {
		switch x := x.(type) {
		case pdfString:
			font.decode(&t.out, x)
		case int:
			if x < -200 {
				t.out.WriteByte(' ')
			}
		case float64:
			if x < -200 {
				t.out.WriteByte(' ')
			}
		}
	}
}

// pdfFont tells the letters of codes.
type pdfFont struct {
	width int // bytes of a code
	codes map[uint32]string
}

func (t *pdfText) font(v any) *pdfFont {
	r, ok := v.(pdfRef)
	if !ok {
		return t.readFont(v)
	}
	if f, known := t.fonts[r.num]; known || len(t.fonts) >= maxPDFFonts {
		return f
	}
	f := t.readFont(v)
	t.fonts[r.num] = f
	return f
}

func (t *pdfText) readFont(v any) *pdfFont {
	d, _ := t.p.resolve(v).(pdfDict)
	f := &pdfFont{width: 1}
	if d["Subtype"] == pdfName("Type0") {
		f.width = 2
	}
	if s, ok := t.p.streamOf(d["ToUnicode"]); ok {
		if table, fault := t.p.plain(s, 1<<20); fault == nil {
			f.read(table)
		}
	}
	return f
}

// read takes the letters of codes, and of ranges of codes.
func (f *pdfFont) read(table []byte) {
	f.codes = map[uint32]string{}
	v := pdfValues{data: table}
	var args []any
	for v.at < len(v.data) {
		x := v.value(0)
		op, ok := x.(pdfWord)
		if !ok {
			args = append(args, x)
			continue
		}
		switch op {
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				f.set(args[i], args[i+1], 0)
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				f.span(args[i], args[i+1], args[i+2])
			}
		case "endcodespacerange":
			if s, ok := first(args).(pdfString); ok && len(s) >= 1 && len(s) <= 4 {
				f.width = len(s)
			}
		}
		args = args[:0]
	}
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func codeOf(v any) (uint32, bool) {
	s, ok := v.(pdfString)
	if !ok || len(s) == 0 || len(s) > 4 {
		return 0, false
	}
	var n uint32
	for _, c := range s {
		n = n<<8 | uint32(c)
	}
	return n, true
}

// set gives a code its letters, the last of which is by more further on.
func (f *pdfFont) set(code, letters any, more uint32) {
	n, ok := codeOf(code)
	s, fine := letters.(pdfString)
	if !ok || !fine || len(f.codes) >= 1<<16 {
		return
	}
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	if len(units) > 0 && len(units) <= 64 {
		units[len(units)-1] += uint16(more)
		f.codes[n+more] = string(utf16.Decode(units))
	}
}

func (f *pdfFont) span(from, to, letters any) {
	a, ok := codeOf(from)
	b, fine := codeOf(to)
	if !ok || !fine || b < a || b-a > 1<<16 {
		return
	}
	list, each := letters.([]any)
	for i := uint32(0); i <= b-a; i++ {
		switch {
		case !each:
			f.set(from, letters, i)
		case int(i) < len(list):
			n := a + i
			f.set(pdfString{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, list[i], 0)
		}
	}
}

// decode writes the letters of a string. Codes of two bytes that no table
// explains are no letters; those of one byte are mostly Latin.
func (f *pdfFont) decode(out *bytes.Buffer, s pdfString) {
	width := 1
	if f != nil {
		width = f.width
	}
	for i := 0; i+width <= len(s); i += width {
		n, _ := codeOf(s[i : i+width])
		if f != nil && f.codes != nil {
			if letters, ok := f.codes[n]; ok {
				out.WriteString(letters)
				continue
			}
		}
		if width == 1 && (n >= ' ' && n < 0x7f || n >= 0xa0) {
			out.WriteRune(rune(n))
		}
	}
}
