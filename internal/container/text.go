package container

import (
	"bufio"
	"bytes"
	"html"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// IsText tells by the first bytes of a member whether words can be read from
// it: a text, or the HTML or XML of which documents are made. 512 bytes suffice.
func IsText(head []byte) bool {
	if len(head) == 0 {
		return false
	}
	if order, _ := utf16Order(head); order != 0 {
		return true
	}
	odd := 0
	for _, c := range head {
		switch {
		case c == 0:
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b || c == 0x7f:
			odd++
		}
	}
	return odd*50 <= len(head)
}

// Text reads the words of a text in UTF-8, without the markup that HTML and the
// XML of office documents put between them: what a reader would see as one
// word is one, what stands in different cells or paragraphs is apart. Texts of
// attributes that people read or click (titles, addresses) follow on lines of
// their own. It holds a few KiB, however long the text is.
func Text(body io.Reader) io.Reader {
	r := bufio.NewReaderSize(body, 16<<10)
	head, _ := r.Peek(512)
	if order, skip := utf16Order(head); order != 0 {
		_, _ = r.Discard(skip)
		r = bufio.NewReaderSize(&wide{r: r, big: order > 1}, 16<<10)
	} else {
		r = bufio.NewReaderSize(&mended{r: r}, 16<<10)
	}
	head, _ = r.Peek(512)
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	t := &textReader{r: r, markup: bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<"))}
	return t
}

// utf16Order tells UTF-16 by its mark, or by the zeros of Latin letters: 1 is
// little endian, 2 big, 0 neither; skip is the length of the mark.
func utf16Order(head []byte) (order, skip int) {
	switch {
	case len(head) < 8:
		return 0, 0
	case head[0] == 0xff && head[1] == 0xfe:
		return 1, 2
	case head[0] == 0xfe && head[1] == 0xff:
		return 2, 2
	}
	var zeros [2]int
	n := len(head) &^ 1
	for i := range n {
		if head[i] == 0 {
			zeros[i&1]++
		}
	}
	switch half := n / 2; {
	case zeros[1] > half*9/10 && zeros[0] == 0:
		return 1, 0
	case zeros[0] > half*9/10 && zeros[1] == 0:
		return 2, 0
	}
	return 0, 0
}

// wide turns UTF-16 into UTF-8.
type wide struct {
	r    *bufio.Reader
	big  bool
	high rune
	out  []byte
	err  error
}

func (u *wide) Read(p []byte) (int, error) {
	for len(u.out) == 0 && u.err == nil {
		var pair [2]byte
		for range 2048 {
			if _, u.err = io.ReadFull(u.r, pair[:]); u.err != nil {
				break
			}
			u.unit(pair)
		}
	}
	n := copy(p, u.out)
	u.out = u.out[:copy(u.out, u.out[n:])]
	if n == 0 {
		if u.err == io.ErrUnexpectedEOF {
			u.err = io.EOF
		}
		return 0, u.err
	}
	return n, nil
}

func (u *wide) unit(pair [2]byte) {
	c := rune(le16(pair[:]))
	if u.big {
		c = c>>8 | c&0xff<<8
	}
	if u.high != 0 {
		full := utf16.DecodeRune(u.high, c)
		u.high = 0
		u.out = utf8.AppendRune(u.out, full)
		if full != utf8.RuneError {
			return
		}
	}
	if c >= 0xd800 && c < 0xdc00 {
		u.high = c
		return
	}
	u.out = utf8.AppendRune(u.out, c)
}

// mended makes UTF-8 of what nearly is: a byte that is none of it is read as what
// Western Windows wrote.
type mended struct {
	r   *bufio.Reader
	out []byte
	err error
}

func (u *mended) Read(p []byte) (int, error) {
	for len(u.out) < 4096 && u.err == nil {
		var r rune
		var size int
		switch r, size, u.err = u.r.ReadRune(); {
		case u.err != nil:
		case r == utf8.RuneError && size == 1:
			_ = u.r.UnreadRune()
			c, _ := u.r.ReadByte()
			u.out = utf8.AppendRune(u.out, rune(c))
		default:
			u.out = utf8.AppendRune(u.out, r)
		}
	}
	n := copy(p, u.out)
	u.out = u.out[:copy(u.out, u.out[n:])]
	if n == 0 {
		return 0, u.err
	}
	return n, nil
}

// textReader passes text on and takes markup out.
type textReader struct {
	r      *bufio.Reader
	markup bool
	out    bytes.Buffer
	aside  bytes.Buffer // texts of attributes, until a word has ended
	skip   string       // element whose text is no text
	err    error

	end      string // mark that ends the comment or CDATA under way, or ""
	verbatim bool   // it is CDATA: its bytes are text
	last     []byte // of it, as many as the mark has
}

func (t *textReader) Read(p []byte) (int, error) {
	for t.out.Len() == 0 && t.err == nil {
		t.step()
	}
	if t.out.Len() == 0 {
		if t.aside.Len() > 0 {
			t.flush()
			return t.out.Read(p)
		}
		return 0, t.err
	}
	return t.out.Read(p)
}

// step reads up to some hundred bytes of text, or one tag.
func (t *textReader) step() {
	if t.end != "" {
		t.within()
		return
	}
	for range 1024 {
		c, err := t.r.ReadByte()
		switch {
		case err != nil:
			t.err = err
			return
		case t.markup && c == '<':
			t.tag()
			return
		case t.skip != "":
		case t.markup && c == '&':
			t.entity()
		default:
			t.out.WriteByte(c)
		}
	}
}

// entity reads &name; or leaves the sign as it is.
func (t *textReader) entity() {
	next, _ := t.r.Peek(32)
	end := bytes.IndexByte(next, ';')
	if end < 1 {
		t.out.WriteByte('&')
		return
	}
	t.out.WriteString(html.UnescapeString("&" + string(next[:end+1])))
	_, _ = t.r.Discard(end + 1)
}

const maxAttribute = 4 << 10

// tag reads on behind "<".
func (t *textReader) tag() {
	next, _ := t.r.Peek(8)
	switch {
	case bytes.HasPrefix(next, []byte("!--")):
		t.end, t.verbatim = "-->", false
		return
	case bytes.HasPrefix(next, []byte("![CDATA[")):
		_, _ = t.r.Discard(8)
		t.end, t.verbatim = "]]>", true
		return
	case len(next) == 0 || !isLetter(next[0]) && next[0] != '/' && next[0] != '!' && next[0] != '?':
		if t.skip == "" {
			t.out.WriteByte('<')
		}
		return
	}
	var tag bytes.Buffer
	quote := byte(0)
	for {
		c, err := t.r.ReadByte()
		if err != nil {
			t.err = err
			break
		}
		if quote == 0 && c == '>' {
			break
		}
		switch {
		case quote == c:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'') && bytes.HasSuffix(bytes.TrimRight(tag.Bytes(), " "), []byte("=")):
			quote = c
		}
		if tag.Len() < 4*maxAttribute {
			tag.WriteByte(c)
		}
	}
	t.element(tag.String())
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// within reads on in a section that only its end mark ends.
func (t *textReader) within() {
	for range 1024 {
		c, err := t.r.ReadByte()
		if err != nil {
			if t.verbatim && t.skip == "" {
				t.out.Write(t.last)
			}
			t.err = err
			return
		}
		if t.last = append(t.last, c); len(t.last) > len(t.end) {
			if t.verbatim && t.skip == "" {
				t.out.WriteByte(t.last[0])
			}
			t.last = t.last[:copy(t.last, t.last[1:])]
		}
		if string(t.last) == t.end {
			t.end, t.last = "", t.last[:0]
			return
		}
	}
}

// element acts on a tag: most part words, those of letters within a word do not.
func (t *textReader) element(tag string) {
	closing := strings.HasPrefix(tag, "/")
	name := strings.ToLower(strings.TrimPrefix(tag, "/"))
	if i := strings.IndexAny(name, " \t\r\n/>"); i >= 0 {
		name = name[:i]
	}
	switch {
	case t.skip != "":
		if closing && name == t.skip {
			t.skip = ""
			t.flush()
		}
		return
	case (name == "script" || name == "style") && !closing && !strings.HasSuffix(tag, "/"):
		t.skip = name
	case !closing:
		t.attributes(tag)
	}
	switch {
	case name == "text:s":
		t.out.WriteByte(' ')
	case !withinWord(name):
		t.flush()
	}
}

// flush ends a word, and lets the attributes follow.
func (t *textReader) flush() {
	t.out.WriteByte('\n')
	if t.aside.Len() > 0 {
		_, _ = t.aside.WriteTo(&t.out)
	}
}

// withinWord tells the elements that may stand between the letters of a word:
// runs of Word, PowerPoint, Excel and OpenDocument, and the inline ones of HTML.
func withinWord(name string) bool {
	switch prefix, local, found := strings.Cut(name, ":"); {
	case found && prefix == "w":
		return local != "p" && local != "br" && local != "cr" && local != "tab" && local != "tc" && local != "tr"
	case found && prefix == "a":
		return local != "p" && local != "br" && local != "tab" && local != "tc" && local != "tr"
	case found && prefix == "text":
		return local == "span" || local == "a" || strings.HasPrefix(local, "bookmark") || local == "soft-page-break"
	}
	switch name {
	case "b", "i", "em", "strong", "font", "u", "s", "sup", "sub", "span", "a", "small", "big", "mark", "code", "tt", "wbr", "abbr", "bdi", "bdo", "del", "ins", "kbd",
		"r", "t", "rpr", "sz", "color", "rfont", "family", "scheme", "charset", "phoneticpr":
		return true
	}
	return false
}

// attributes keeps the values that people read or click.
func (t *textReader) attributes(tag string) {
	for _, key := range []string{"alt", "title", "content", "value", "href", "src", "descr", "office:string-value"} {
		at := strings.Index(tag, " "+key+"=")
		if at < 0 || t.aside.Len() > 16<<10 {
			continue
		}
		value := tag[at+len(key)+2:]
		if value == "" || value[0] != '"' && value[0] != '\'' {
			continue
		}
		end := strings.IndexByte(value[1:], value[0])
		if end < 0 || end > maxAttribute || strings.HasPrefix(value[1:], "data:") {
			continue
		}
		t.aside.WriteString(strings.ToValidUTF8(html.UnescapeString(value[1:end+1]), ""))
		t.aside.WriteByte('\n')
	}
}
