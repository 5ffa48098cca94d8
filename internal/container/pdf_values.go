package container

import (
	"bytes"
	"math"
	"strconv"
)

// The values of which PDF objects are made; numbers are int or float64, and
// what is none of these is nil.
type (
	pdfDict   map[string]any
	pdfName   string
	pdfString []byte
	pdfRef    struct{ num int }
)

const (
	maxDepthPDF  = 32
	maxPDFValues = 200_000 // in one object
)

// pdfValues reads values one after the other.
type pdfValues struct {
	data []byte
	at   int
	made int  // values of the object under way
	full bool // an object had too many: the reading ended there
}

// over says that the reading ended too early.
func (v *pdfValues) over() *Fault {
	if !v.full {
		return nil
	}
	return fault("limit_memory", "more than %d values in one object", maxPDFValues)
}

func isPDFSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isPDFDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// space passes over blanks and comments.
func (v *pdfValues) space() {
	v.at = min(v.at, len(v.data)) // a string that does not end leads one further
	for v.at < len(v.data) {
		switch c := v.data[v.at]; {
		case isPDFSpace(c):
			v.at++
		case c == '%':
			for v.at < len(v.data) && v.data[v.at] != '\n' && v.data[v.at] != '\r' {
				v.at++
			}
		default:
			return
		}
	}
}

// word reads a key word or a number.
func (v *pdfValues) word() string {
	v.space()
	start := v.at
	for v.at < len(v.data) && !isPDFSpace(v.data[v.at]) && !isPDFDelimiter(v.data[v.at]) && v.at-start < 128 {
		v.at++
	}
	return string(v.data[start:v.at])
}

// pdfWord is a key word where a value was expected: an operator.
type pdfWord string

// pdfEnd closes an array or a dictionary.
type pdfEnd byte

// value reads one value. At the end of the bytes it is nil.
func (v *pdfValues) value(depth int) any {
	v.space()
	if depth == 0 {
		v.made = 0
	}
	if v.made++; v.made > maxPDFValues {
		v.full = true
	}
	if v.at >= len(v.data) || depth > maxDepthPDF || v.full {
		v.at = len(v.data)
		return nil
	}
	switch c := v.data[v.at]; c {
	case '/':
		v.at++
		return v.name()
	case '(':
		return v.literal()
	case '[':
		v.at++
		return v.array(depth)
	case '<':
		if v.at+1 < len(v.data) && v.data[v.at+1] == '<' {
			v.at += 2
			return v.dict(depth)
		}
		return v.hex()
	case '>':
		if v.at+1 < len(v.data) && v.data[v.at+1] == '>' {
			v.at++
		}
		v.at++
		return pdfEnd('>')
	case ']', ')', '{', '}':
		v.at++
		return pdfEnd(c)
	}
	return v.number()
}

// number reads a number, a reference or a key word.
func (v *pdfValues) number() any {
	w := v.word()
	n, err := strconv.Atoi(w)
	if err != nil {
		if f, err := strconv.ParseFloat(w, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
		switch w {
		case "true":
			return true
		case "false":
			return false
		case "null":
			return nil
		}
		return pdfWord(w)
	}
	if n < 0 {
		return n
	}
	back := v.at
	if v.at < len(v.data) && isPDFSpace(v.data[v.at]) {
		if g, err := strconv.Atoi(v.word()); err == nil && g >= 0 && v.word() == "R" {
			return pdfRef{n}
		}
	}
	v.at = back
	return n
}

func (v *pdfValues) name() pdfName {
	start := v.at
	for v.at < len(v.data) && !isPDFSpace(v.data[v.at]) && !isPDFDelimiter(v.data[v.at]) && v.at-start < 256 {
		v.at++
	}
	raw := v.data[start:v.at]
	if bytes.IndexByte(raw, '#') < 0 {
		return pdfName(raw)
	}
	var out []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			if pair := hexPair(raw[i+1], raw[i+2]); pair >= 0 {
				out = append(out, byte(pair))
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return pdfName(out)
}

// literal reads a string in brackets, which may nest.
func (v *pdfValues) literal() pdfString {
	v.at++
	var out []byte
	for depth := 1; v.at < len(v.data); v.at++ {
		c := v.data[v.at]
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				v.at++
				return out
			}
		case '\\':
			out = v.escape(out)
			continue
		}
		out = append(out, c)
	}
	return out
}

// escape reads behind a back slash, and leaves at at the last byte that it read.
func (v *pdfValues) escape(out []byte) []byte {
	v.at++
	if v.at >= len(v.data) {
		return out
	}
	c := v.data[v.at]
	if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
		return append(out, "\n\r\t\b\f"[i])
	}
	switch {
	case c == '\r':
		if v.at+1 < len(v.data) && v.data[v.at+1] == '\n' {
			v.at++
		}
		return out
	case c == '\n':
		return out
	case c >= '0' && c <= '7':
		n := 0
		for i := 0; i < 3 && v.at < len(v.data) && v.data[v.at] >= '0' && v.data[v.at] <= '7'; i++ {
			n = n*8 + int(v.data[v.at]-'0')
			v.at++
		}
		v.at--
		return append(out, byte(n))
	}
	return append(out, c)
}

func (v *pdfValues) hex() pdfString {
	v.at++
	var out []byte
	half := -1
	for ; v.at < len(v.data) && v.data[v.at] != '>'; v.at++ {
		d := hexDigit(v.data[v.at])
		switch {
		case d < 0:
		case half < 0:
			half = d
		default:
			out = append(out, byte(half<<4|d))
			half = -1
		}
	}
	if half >= 0 {
		out = append(out, byte(half<<4))
	}
	v.at++
	return out
}

func (v *pdfValues) array(depth int) []any {
	var out []any
	for v.at < len(v.data) {
		x := v.value(depth + 1)
		switch end, is := x.(pdfEnd); {
		case is && end == ']':
			return out
		case is:
			continue
		}
		if word, is := x.(pdfWord); is && (word == "endobj" || word == "") {
			return out
		}
		out = append(out, x)
	}
	return out
}

func (v *pdfValues) dict(depth int) pdfDict {
	out := pdfDict{}
	for v.at < len(v.data) {
		switch key := v.value(depth + 1).(type) {
		case pdfName:
			x := v.value(depth + 1)
			if _, end := x.(pdfEnd); end {
				return out
			}
			out[string(key)] = x
		case pdfEnd:
			if key == '>' {
				return out
			}
		case pdfWord:
			if key == "endobj" || key == "stream" || key == "" {
				return out
			}
		}
	}
	return out
}
