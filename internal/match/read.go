package match

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Format is how a list of entries is written.
type Format string

// The formats that ReadRows knows.
const (
	Auto    Format = ""      // told by the first bytes
	JSONL   Format = "jsonl" // what `hash --json` prints: an object a line
	CSV     Format = "csv"   // with a header; comma, semicolon or tab
	PDQList Format = "pdq"   // 64 hex digits a line, or hash,quality,name
)

const (
	maxLine     = 64 << 10 // of CSV and PDQ list; a quoted field may span lines, a row may not exceed it
	maxJSONLine = 1 << 20
	sniffBytes  = 4096
)

// ReadRows reads the entries of a list, once. path is the name by which errors
// call it, "-" for stdin. A bad row is a *RowError, and the reading goes on
// with the next line; any other error is the last thing given.
func ReadRows(r io.Reader, path string, format Format) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		rd := &reader{in: bufio.NewReaderSize(&sticky{r: r}, maxJSONLine), path: path, yield: yield}
		if err := rd.read(format); err != nil {
			rd.give(Entry{}, err)
		}
	}
}

// reader is one list being read.
type reader struct {
	in    *bufio.Reader
	path  string
	line  int // number of the line read last
	yield func(Entry, error) bool
	ended bool // the consumer wants no more
}

// sticky gives its first error for ever: a look ahead does not use it up.
type sticky struct {
	r   io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.r.Read(p)
	}
	return n, s.err
}

// read finds the format and reads all rows.
func (rd *reader) read(format Format) error {
	start, _ := rd.in.Peek(sniffBytes) // an error comes back when the lines are read
	if rest, ok := bytes.CutPrefix(start, []byte("\uFEFF")); ok {
		start = rest
		if _, err := rd.in.Discard(3); err != nil {
			return err
		}
	}
	if format == Auto {
		var reason string
		if format, reason = sniff(start); reason != "" {
			rd.line = 1
			rd.refuse(reason)
			return nil
		}
	}
	switch format {
	case JSONL:
		return rd.readJSON()
	case CSV:
		return rd.readCSV()
	case PDQList:
		return rd.readPDQ()
	}
	return fmt.Errorf("read %s: unknown format %q", rd.path, format)
}

// sniff tells the format by the first bytes of a list, or why none fits.
func sniff(start []byte) (format Format, reason string) {
	text := strings.TrimLeft(string(start), " \t\r\n")
	first, rest, _ := strings.Cut(text, "\n")
	if isSep(strings.TrimSpace(first)) {
		first, _, _ = strings.Cut(rest, "\n")
	}
	first = strings.TrimSpace(first)
	hash, _, _ := strings.Cut(first, ",")
	hash = strings.Trim(hash, `" `)
	switch {
	case text == "":
		return CSV, "" // no rows, and no error either: Load says so
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return "", "the list is UTF-16: save it as UTF-8"
	case bytes.IndexByte(start, 0) >= 0:
		return "", "this is no text"
	case first == "":
		return CSV, ""
	case text[0] == '{':
		return JSONL, ""
	case text[0] == '[':
		return "", "a JSON array: one object a line is needed, as `hash --json` prints"
	case first[0] == '#' || isHex(hash) && len(hash) == 64:
		return PDQList, ""
	}
	if _, _, known := header(first); known {
		return CSV, ""
	}
	if isHex(hash) && len(hash) >= 16 {
		return "", fmt.Sprintf("a list of hashes of %d digits: write a header with the column's name (%s)", len(hash), columnNames)
	}
	return "", "neither `hash --json` lines, nor a PDQ list, nor CSV with a header of any of " + columnNames
}

// next reads a line without its end. It is valid until the next call. An
// overlong line is refused and left out. more is false at the end.
func (rd *reader) next(limit int) (line []byte, more bool, err error) {
	for {
		line, err := rd.in.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return nil, false, nil
		}
		rd.line++
		long := len(line) > limit
		for err == bufio.ErrBufferFull {
			long = true
			_, err = rd.in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return nil, false, fmt.Errorf("read %s: %w", rd.path, err)
		}
		if !long {
			line = bytes.TrimSuffix(line, []byte("\n"))
			return bytes.TrimSuffix(line, []byte("\r")), true, nil
		}
		if !rd.refuse(fmt.Sprintf("the line is longer than %d KiB", limit>>10)) {
			return nil, false, nil
		}
	}
}

// give hands a row to the consumer and reports whether it wants more.
func (rd *reader) give(e Entry, err error) bool {
	if !rd.ended && !rd.yield(e, err) {
		rd.ended = true
	}
	return !rd.ended
}

// refuse gives the line read last as a bad row.
func (rd *reader) refuse(reason string) bool {
	return rd.give(Entry{}, &RowError{Path: rd.path, Line: rd.line, Reason: reason})
}

// note gives a word about the line read last.
func (rd *reader) note(reason string) bool {
	return rd.give(Entry{}, &RowError{Path: rd.path, Line: rd.line, Reason: reason, Note: true})
}

// take settles an entry that began at line and gives it, or why it is bad.
func (rd *reader) take(e Entry, line int, reason string) bool {
	if reason == "" {
		reason = e.settle()
	}
	if reason != "" {
		return rd.give(Entry{}, &RowError{Path: rd.path, Line: line, Reason: reason})
	}
	e.From, e.Line = rd.path, line
	return rd.give(e, nil)
}
