package container

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"path"
	"strings"
)

const (
	maxMailHeader = 256 << 10 // bytes
	maxMailDepth  = 16        // multiparts in multiparts
)

// sniffMail knows a mail or a saved page (MHTML) by lines of header alone.
func sniffMail(head []byte, name string) bool {
	known := 0
	for i, line := range bytes.Split(head, []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 && i > 0 {
			break
		}
		if i > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		key, _, found := bytes.Cut(line, []byte(":"))
		if !found && known > 0 && len(head) >= sniffed {
			break // the last line, cut in its middle
		}
		if !found || len(key) == 0 || bytes.ContainsAny(key, " \t<>{}\"'/") {
			return false
		}
		known += headerWeight(string(key))
	}
	if known > 0 && known < 3 {
		switch strings.ToLower(path.Ext(name)) {
		case ".eml", ".mht", ".mhtml", ".mbox":
			return true
		}
	}
	return known >= 3
}

// headerWeight says how much a key speaks for a mail; three are one.
func headerWeight(key string) int {
	switch strings.ToLower(key) {
	case "from", "to", "subject", "date", "cc", "reply-to":
		return 1
	case "received", "return-path", "delivered-to", "mime-version", "message-id", "dkim-signature", "authentication-results", "arc-seal",
		"content-type", "snapshot-content-location", "x-mozilla-status", "content-transfer-encoding":
		return 2
	}
	return 0
}

// sniffMbox knows a folder of mails by the line that begins each of them.
func sniffMbox(head []byte, name string) bool {
	line, rest, found := bytes.Cut(head, []byte("\n"))
	return found && bytes.HasPrefix(line, []byte("From ")) && sniffMail(rest, name)
}

// mail is one mail, or one of a folder of mails.
type mail struct {
	w      *walk
	b      *box
	prefix string // of names
	parts  int
}

func openMail(w *walk, b *box) error {
	m := &mail{w: w, b: b}
	return m.whole(bufio.NewReaderSize(b.reader(), 64<<10))
}

// openMbox goes through a folder of mails, whose parts are named by the mail
// that they are of.
func openMbox(w *walk, b *box) error {
	r := bufio.NewReaderSize(b.reader(), 64<<10)
	for n := 1; ; n++ {
		if _, err := readLine(r, maxMailHeader); err != nil { // "From ..."
			if err == io.EOF {
				return nil
			}
			return err
		}
		one := &mboxMail{r: r, start: true}
		m := &mail{w: w, b: b, prefix: fmt.Sprintf("message-%d/", n)}
		if err := m.whole(bufio.NewReaderSize(one, 64<<10)); err != nil {
			if gone := w.stopped(b); gone != nil {
				return gone
			}
			b.partly = faultOf(err)
		}
		if _, err := io.Copy(io.Discard, one); err != nil {
			return err
		}
	}
}

// mboxMail reads to the line that begins the next mail.
type mboxMail struct {
	r     *bufio.Reader
	start bool // a line begins
	blank bool // the line before was blank
	err   error
}

func (m *mboxMail) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if m.start && m.blank {
		if next, _ := m.r.Peek(200); beginsMail(next) {
			m.err = io.EOF
			return 0, io.EOF
		}
	}
	n := 0
	for n < len(p) {
		c, err := m.r.ReadByte()
		if err != nil {
			m.err = err
			break
		}
		p[n] = c
		n++
		m.blank = m.start && (c == '\n' || c == '\r')
		m.start = c == '\n' || c == '\r' && m.start
		if c == '\n' && m.blank {
			break
		}
	}
	if n == 0 {
		return 0, m.err
	}
	return n, nil
}

// beginsMail tells the line between two mails from a text that begins with From:
// it has a time of day.
func beginsMail(next []byte) bool {
	if !bytes.HasPrefix(next, []byte("From ")) {
		return false
	}
	line, _, _ := bytes.Cut(next, []byte("\n"))
	for i := 6; i+2 < len(line); i++ {
		if line[i] == ':' && hexDigit(line[i-1]) >= 0 && hexDigit(line[i+1]) >= 0 && hexDigit(line[i+2]) >= 0 {
			return true
		}
	}
	return false
}

// whole reads a mail from its header on.
func (m *mail) whole(r *bufio.Reader) error {
	header, err := readHeader(r)
	if err != nil {
		return err
	}
	if text := headline(header); text != "" {
		e := entry{name: m.prefix + "header.txt", size: int64(len(text)), packed: -1}
		if err := m.w.member(m.b, e, func() (io.Reader, error) { return strings.NewReader(text), nil }); err != nil {
			return err
		}
	}
	return m.part(header, r, 0)
}

// headline gives what people read of a header. No line of it begins like a
// mail, or it would be opened as one.
func headline(header textproto.MIMEHeader) string {
	var b strings.Builder
	for _, key := range []string{"From", "To", "Cc", "Subject", "Date", "Snapshot-Content-Location"} {
		if value := header.Get(key); value != "" {
			fmt.Fprintf(&b, "%s = %s\n", key, decodedWords(value))
		}
	}
	return b.String()
}

func decodedWords(s string) string {
	var d mime.WordDecoder
	if plain, err := d.DecodeHeader(s); err == nil {
		return plain
	}
	return s
}

// part visits one part, or the parts of which it is made.
func (m *mail) part(header textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, parameters := mediaType(header.Get("Content-Type"))
	boundary := parameters["boundary"]
	if strings.HasPrefix(kind, "multipart/") && boundary != "" {
		if depth >= maxMailDepth {
			return fault("limit_nesting", "more than %d multiparts in multiparts", maxMailDepth)
		}
		return m.multipart(body, boundary, depth)
	}
	m.parts++
	e := entry{name: m.prefix + m.name(header, kind, parameters), size: -1, packed: -1}
	return m.w.member(m.b, e, func() (io.Reader, error) { return decoded(header, body), nil })
}

func (m *mail) multipart(body io.Reader, boundary string, depth int) error {
	parts := multipart.NewReader(body, boundary)
	for n := 0; ; n++ {
		p, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return fault("damaged", "no part stands behind the boundary that the header names")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := m.part(p.Header, p, depth+1); err != nil {
			return err
		}
	}
}

// mediaType reads a type leniently: one that breaks the rules still has a
// boundary.
func mediaType(value string) (string, map[string]string) {
	kind, parameters, err := mime.ParseMediaType(value)
	if err == nil || kind != "" && parameters["boundary"] != "" {
		return kind, parameters
	}
	kind, _, _ = strings.Cut(value, ";")
	parameters = map[string]string{}
	for _, key := range []string{"boundary", "name"} {
		if i := strings.Index(strings.ToLower(value), key+"="); i >= 0 && i+len(key) < len(value) {
			rest := value[i+len(key)+1:]
			if quoted, found := strings.CutPrefix(rest, `"`); found {
				rest, _, _ = strings.Cut(quoted, `"`)
			} else {
				rest, _, _ = strings.Cut(rest, ";")
			}
			parameters[key] = strings.TrimSpace(rest)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), parameters
}

// name is what the part is called, or what it is.
func (m *mail) name(header textproto.MIMEHeader, kind string, parameters map[string]string) string {
	_, disposition := mediaType(header.Get("Content-Disposition"))
	location := header.Get("Content-Location")
	if i := strings.IndexAny(location, "?#"); i >= 0 {
		location = location[:i]
	}
	for _, name := range []string{disposition["filename"], parameters["name"], location} {
		if name = bareName(decodedWords(name)); name != "" && name != "." && name != "/" {
			return name
		}
	}
	extension := "txt"
	switch _, sub, _ := strings.Cut(kind, "/"); {
	case kind == "image/jpeg":
		extension = "jpg"
	case strings.HasPrefix(kind, "image/"), sub == "html", sub == "pdf", sub == "zip", sub == "css":
		extension = sub
	case kind == "message/rfc822":
		extension = "eml"
	}
	return fmt.Sprintf("part-%d.%s", m.parts, extension)
}

// decoded undoes how a part was made fit for mail.
func decoded(header textproto.MIMEHeader, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, &letters{r: body})
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// letters passes the letters of base64 on and nothing else: no breaks, no blanks
// and not the lines that servers add. It pads what was not padded.
type letters struct {
	r    io.Reader
	n    int // letters so far
	done bool
}

func (l *letters) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for !l.done {
		n, err := l.r.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if c == '=' {
				l.done = true
				break
			}
			if inBase64(c) && c != '-' && c != '_' {
				p[kept] = c
				kept++
			}
		}
		l.n += kept
		if err == io.EOF {
			l.done = true
		} else if err != nil {
			return kept, err
		}
		if kept > 0 {
			return kept, nil
		}
	}
	switch l.n % 4 {
	case 0:
		return 0, io.EOF
	case 1:
		p[0] = 'A' // a letter on its own stands for no byte; this makes it one
	default:
		p[0] = '='
	}
	l.n++
	return 1, nil
}

// readHeader reads to the blank line. Lines that are none of a header are passed
// over.
func readHeader(r *bufio.Reader) (textproto.MIMEHeader, error) {
	header := textproto.MIMEHeader{}
	last, value, total := "", []byte(nil), 0
	keep := func() {
		if last != "" {
			header[last] = append(header[last], string(value))
		}
	}
	for {
		line, err := readLine(r, maxMailHeader)
		if total += len(line); total > maxMailHeader {
			return nil, fault("limit_header", "more than %d bytes of header", maxMailHeader)
		}
		text := strings.TrimRight(line, "\r\n")
		switch {
		case err != nil && err != io.EOF:
			return nil, err
		case text == "":
			keep()
			return header, nil
		case (text[0] == ' ' || text[0] == '\t') && last != "":
			value = append(append(value, ' '), strings.TrimSpace(text)...)
		default:
			if key, rest, found := strings.Cut(text, ":"); found && key != "" {
				keep()
				last = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(key))
				value = append(value[:0], strings.TrimSpace(rest)...)
			}
		}
		if err == io.EOF {
			keep()
			return header, nil
		}
	}
}

// readLine reads a line of at most limit bytes, with its end.
func readLine(r *bufio.Reader, limit int) (string, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > limit {
			return "", fault("limit_header", "a line of more than %d bytes", limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if len(line) > 0 && err == io.EOF {
				err = nil
			}
			return string(line), err
		}
	}
}
