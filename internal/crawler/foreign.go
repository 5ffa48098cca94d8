package crawler

import "strings"

// foreign follows, as far as a tokenizer can, whether the page is inside SVG
// or MathML. There no element's content is raw text: the pictures behind
// <svg><style> or <svg><title/> are shown by browsers, and a tokenizer that
// knows nothing of SVG takes them for text.
type foreign struct {
	open []string // svg, math, and the elements inside which HTML begins again
}

// maxForeign bounds the memory of nesting; deeper roots are not told apart.
const maxForeign = 256

func (f *foreign) inside() bool {
	if len(f.open) == 0 {
		return false
	}
	top := f.open[len(f.open)-1]
	return top == "svg" || top == "math"
}

// start takes a start tag and reports whether it opens an element of SVG or
// MathML.
func (f *foreign) start(name string, attrs []attr, closed bool) bool {
	if f.inside() && breaksOut(name, attrs) {
		for f.inside() {
			f.open = f.open[:len(f.open)-1]
		}
	}
	root := name == "svg" || name == "math"
	if !f.inside() && !root {
		return false
	}
	if !closed && (root || f.inside() && holdsHTML(f.open[len(f.open)-1], name, attrs)) && len(f.open) < maxForeign {
		f.open = append(f.open, name)
	}
	return true
}

func (f *foreign) end(name string) {
	if f.inside() && (name == "p" || name == "br") {
		for f.inside() {
			f.open = f.open[:len(f.open)-1]
		}
		return
	}
	for i := len(f.open) - 1; i >= 0; i-- {
		if f.open[i] == name {
			f.open = f.open[:i]
			return
		}
	}
}

// holdsHTML reports whether HTML begins again inside name.
func holdsHTML(root, name string, attrs []attr) bool {
	switch name {
	case "foreignobject", "desc", "title":
		return root == "svg"
	case "mi", "mo", "mn", "ms", "mtext":
		return root == "math"
	case "annotation-xml":
		encoding := strings.ToLower(find(attrs, "encoding"))
		return root == "math" && (encoding == "text/html" || encoding == "application/xhtml+xml")
	}
	return false
}

// breaksOut reports whether a start tag ends SVG and MathML around it.
func breaksOut(name string, attrs []attr) bool {
	switch name {
	case "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed",
		"h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr",
		"ol", "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var":
		return true
	case "font":
		for _, a := range attrs {
			if k := string(a.key); k == "color" || k == "face" || k == "size" {
				return true
			}
		}
	}
	return false
}
