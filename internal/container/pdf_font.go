package container

import (
	"bytes"
	"unicode/utf16"
)

const (
	maxPDFFonts = 4096    // whose codes are kept
	maxPDFCodes = 1 << 19 // of all fonts
	pdfCode     = 64      // bytes that one takes
)

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
	if f, known := t.fonts[r.num]; known {
		return f
	}
	if len(t.fonts) >= maxPDFFonts {
		t.p.lost(fault("limit_memory", "more than %d fonts", maxPDFFonts))
		return nil
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
		table, failed := t.p.plain(s, 1<<20)
		defer t.p.done(table)
		t.p.lost(failed)
		t.p.lost(f.read(table, &t.codes))
		if err := t.p.w.reserve(t.p.b, int64(len(f.codes))*pdfCode); err != nil {
			t.p.lost(faultOf(err))
			f.codes = nil
		}
	}
	return f
}

// read takes the letters of codes, and of ranges of codes, of which so many are
// left.
func (f *pdfFont) read(table []byte, left *int) *Fault {
	if len(table) == 0 {
		return nil
	}
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
				f.set(args[i], args[i+1], 0, left)
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				f.span(args[i], args[i+1], args[i+2], left)
			}
		case "endcodespacerange":
			if s, ok := first(args).(pdfString); ok && len(s) >= 1 && len(s) <= 4 {
				f.width = len(s)
			}
		}
		args = args[:0]
		if *left <= 0 {
			return fault("limit_memory", "more than %d codes in fonts", maxPDFCodes)
		}
	}
	return v.over()
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
func (f *pdfFont) set(code, letters any, more uint32, left *int) {
	n, ok := codeOf(code)
	s, fine := letters.(pdfString)
	if *left--; *left < 0 || !ok || !fine || len(f.codes) >= 1<<16 || len(s)/2 > 64 {
		return
	}
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	if len(units) > 0 {
		units[len(units)-1] += uint16(more)
		f.codes[n+more] = string(utf16.Decode(units))
	}
}

func (f *pdfFont) span(from, to, letters any, left *int) {
	a, ok := codeOf(from)
	b, fine := codeOf(to)
	if !ok || !fine || b < a || b-a > 1<<16 {
		return
	}
	list, each := letters.([]any)
	for i := uint32(0); i <= b-a && *left > 0; i++ {
		switch {
		case !each:
			f.set(from, letters, i, left)
		case int(i) < len(list):
			n := a + i
			f.set(pdfString{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, list[i], 0, left)
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
	for i := 0; i+width <= len(s) && out.Len() <= maxPDFWords; i += width {
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
