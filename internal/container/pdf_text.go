package container

import (
	"bytes"
	"io"
	"maps"
	"slices"
)

const (
	maxPDFPage  = 32 << 20 // bytes of one page's operators
	maxPDFWords = 8 << 20  // bytes of one page's words
	maxPDFForms = 4        // pages in pages
	maxPDFShown = 10_000   // of them in one document
)

// pdfNodeValue is what is kept of one value in the tree of pages, in bytes.
const pdfNodeValue = 64

// words visits the text of all pages as one member.
func (p *pdf) words() error {
	var pages []pdfPage
	seen := map[int]bool{}
	for _, num := range p.roots() {
		p.pages(pdfRef{num}, nil, seen, 0, &pages)
	}
	if len(pages) == 0 {
		return nil
	}
	t := &pdfText{p: p, pages: pages, fonts: map[int]*pdfFont{}, codes: maxPDFCodes}
	e := entry{name: "text.txt", size: -1, packed: -1}
	err := p.w.member(p.b, e, func() (io.Reader, error) { return t, nil })
	if t.inline > 0 {
		p.lost(fault("unsupported", "%d pictures stand among the operators of pages, and are not opened", t.inline))
	}
	return err
}

// roots are the trees of pages: catalogs, which name them, and where there is
// none, all that says that it is a page.
func (p *pdf) roots() []int {
	var trees, loose []int
	for _, num := range slices.Sorted(maps.Keys(p.index)) {
		d, _ := p.valueOf(num).(pdfDict)
		switch d["Type"] {
		case pdfName("Catalog"):
			trees = append(trees, num)
		case pdfName("Page"):
			loose = append(loose, num)
		}
	}
	return append(trees, loose...)
}

// pdfPage is a page and the resources of the folder above, both as they stand
// there: mostly references, since what all of them say would be too much to hold.
type pdfPage struct{ page, above any }

// pages walks down a tree; what a page does not say itself its parents do.
func (p *pdf) pages(v, above any, seen map[int]bool, depth int, to *[]pdfPage) {
	if r, ok := v.(pdfRef); ok {
		if seen[r.num] {
			return
		}
		seen[r.num] = true
	}
	before := p.made
	d, _ := p.resolve(v).(pdfDict)
	if d == nil || depth > maxDepthPDF || len(*to) >= maxPDFObjects {
		return
	}
	kids, _ := p.resolve(d["Kids"]).([]any)
	if d["Type"] == pdfName("Catalog") {
		kids = []any{d["Pages"]}
	}
	kept := int64(1)
	if len(kids) > 0 {
		kept = p.made - before
	}
	if err := p.w.reserve(p.b, kept*pdfNodeValue); err != nil {
		p.lost(faultOf(err))
		return
	}
	if len(kids) > 0 && d["Resources"] != nil {
		above = d["Resources"]
	}
	for _, k := range kids {
		p.pages(k, above, seen, depth+1, to)
	}
	if len(kids) == 0 && d["Contents"] != nil {
		*to = append(*to, pdfPage{v, above})
	}
}

// pdfText reads page after page.
type pdfText struct {
	p      *pdf
	pages  []pdfPage
	fonts  map[int]*pdfFont // by the number of their object
	codes  int              // that may still be read
	forms  int              // shown so far
	inline int              // pictures among the operators so far
	out    bytes.Buffer
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
		t.page(page)
		t.out.WriteByte('\n')
	}
	return t.out.Read(b)
}

func (t *pdfText) page(page pdfPage) {
	d, _ := t.p.resolve(page.page).(pdfDict)
	resources, ok := t.p.resolve(d["Resources"]).(pdfDict)
	if !ok {
		resources, _ = t.p.resolve(page.above).(pdfDict)
	}
	var body []byte
	for _, v := range listOf(t.p.contents(d["Contents"])) {
		s, ok := t.p.streamOf(v)
		if !ok {
			continue
		}
		part, f := t.p.plain(s, maxPDFPage-int64(len(body)))
		t.p.lost(f)
		defer t.p.done(part)
		if body == nil {
			body = slices.Clip(part)
		} else {
			body = append(append(body, '\n'), part...)
		}
	}
	if t.show(body, resources, 0); t.out.Len() > maxPDFWords {
		t.p.lost(fault("limit_bytes", "more than %d bytes of words on one page", maxPDFWords))
	}
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
	defer func() { t.p.lost(v.over()) }()
	fonts, _ := t.p.resolve(resources["Font"]).(pdfDict)
	var font *pdfFont
	var args []any
	for v.at < len(v.data) && t.out.Len() <= maxPDFWords {
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
			if t.worthALook(args) {
				t.inline++
			}
			if end := bytes.Index(v.data[v.at:], []byte("EI")); end >= 0 {
				v.at += end + 2
			}
		}
		args = args[:0]
	}
}

// leastInline is the side below which a picture among the operators is a sign or
// a pattern, in pixels.
const leastInline = 64

// worthALook tells by what stands before its bytes whether a picture among the
// operators may show something.
func (t *pdfText) worthALook(args []any) bool {
	said := pdfDict{}
	for i := 0; i+1 < len(args); i += 2 {
		if key, ok := args[i].(pdfName); ok {
			said[string(key)] = args[i+1]
		}
	}
	stencil, _ := firstOf(said, "ImageMask", "IM").(bool)
	return !stencil && t.p.number(firstOf(said, "Width", "W"), 0) >= leastInline && t.p.number(firstOf(said, "Height", "H"), 0) >= leastInline
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
	if !ok || s.dict["Subtype"] != pdfName("Form") {
		return
	}
	if t.forms++; t.forms > maxPDFShown {
		t.p.lost(fault("limit_members", "more than %d pages in pages", maxPDFShown))
		return
	}
	body, f := t.p.plain(s, maxPDFPage)
	if f != nil {
		t.p.lost(f)
		return
	}
	defer t.p.done(body)
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
