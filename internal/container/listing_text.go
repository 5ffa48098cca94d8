package container

import (
	"bytes"
	"regexp"
	"strings"
)

// listingText reads a text of which each line states one file, in one of the
// shapes of shapes. The shape that most lines have is the format; lines of
// other kinds between them (totals, headings, a greeting) are passed over.
func listingText(body []byte) ([]Line, string) {
	if lines := listing7z(body); len(lines) > 0 {
		return lines, "7z"
	}
	if lines := listingCSV(body); len(lines) > 0 {
		return lines, "csv"
	}
	t := newTextListing()
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(line) <= maxRow {
			t.line(strings.TrimRight(string(line), "\r"))
		}
	}
	return t.result()
}

// textListing gathers the lines of each shape apart.
type textListing struct {
	shapes []shape
	dirs   []int      // lines of each shape that state a folder
	found  []lineList // of each shape
	folder string     // of ls -R and dir: what the lines below lie in
	other  int        // lines of no shape that are not blank
	blank  bool       // the line before was blank, or there was none
	under  *regexp.Regexp
}

func newTextListing() *textListing {
	t := &textListing{shapes: shapes(), blank: true}
	t.dirs, t.found = make([]int, len(t.shapes)), make([]lineList, len(t.shapes))
	t.under = regexp.MustCompile(`(?i)^ *(?:directory of|verzeichnis von|répertoire de|directorio de|directory di|содержимое папки) (.+)$`)
	return t
}

func (t *textListing) line(s string) {
	trimmed := strings.TrimSpace(s)
	if trimmed == "" {
		t.blank = true
		return
	}
	wasBlank := t.blank
	t.blank = false
	if wasBlank && strings.HasSuffix(trimmed, ":") && len(trimmed) < maxName {
		t.folder = asFolder(strings.TrimSuffix(trimmed, ":"))
		return
	}
	for i, shape := range t.shapes {
		l, folder, ok := shape.parse(s)
		if !ok {
			continue
		}
		if folder {
			t.dirs[i]++
		} else if l.Name != "" && !t.found[i].full() {
			if shape.below {
				l.Name = t.folder + l.Name
			}
			t.found[i].add(l)
		}
		return
	}
	if m := t.under.FindStringSubmatch(s); m != nil {
		t.folder = asFolder(m[1])
		return
	}
	t.other++
}

func asFolder(s string) string {
	if s = strings.TrimSuffix(cleanLine(s), "/"); s == "" || s == "." {
		return ""
	}
	return s + "/"
}

// result chooses the shape of most lines. A loose shape must have nearly all
// lines, a strict one a few.
func (t *textListing) result() ([]Line, string) {
	best := 0
	for i := range t.shapes {
		if len(t.found[i].all)+t.dirs[i] > len(t.found[best].all)+t.dirs[best] {
			best = i
		}
	}
	n, all := len(t.found[best].all)+t.dirs[best], t.other
	for i := range t.shapes {
		all += len(t.found[i].all) + t.dirs[i]
	}
	if len(t.found[best].all) == 0 || n < t.shapes[best].least || 100*n < t.shapes[best].share*all {
		return nil, ""
	}
	return t.found[best].all, t.shapes[best].name
}

// listing7z reads what 7z l -slt prints: a block of keys for each member.
func listing7z(body []byte) []Line {
	_, rest, found := bytes.Cut(body, []byte("\n----------"))
	if !found || !bytes.Contains(rest[:min(len(rest), 4096)], []byte("\nPath = ")) {
		return nil
	}
	var out []Line
	l, folder := Line{Size: -1}, false
	end := func() {
		if l.Name != "" && !folder && len(out) < MaxLines {
			out = append(out, l)
		}
		l, folder = Line{Size: -1}, false
	}
	for len(rest) > 0 {
		var raw []byte
		raw, rest, _ = bytes.Cut(rest, []byte("\n"))
		key, value, ok := strings.Cut(strings.TrimRight(string(raw[:min(len(raw), maxRow)]), "\r"), " = ")
		if !ok {
			continue
		}
		switch key {
		case "Path":
			end()
			l.Name = cleanLine(value)
		case "Size":
			l.setSize(value, "")
		case "CRC":
			l.setCRC(value)
		case "Folder":
			folder = folder || value == "+"
		case "Attributes":
			folder = folder || strings.HasPrefix(value, "D")
		}
	}
	end()
	return out
}

// listingCSV reads a table whose first line names a column of names and one of
// sizes or digests.
func listingCSV(body []byte) []Line {
	first, rest, _ := bytes.Cut(body, []byte("\n"))
	if len(first) > maxRow {
		return nil
	}
	comma := byte(',')
	for _, c := range []byte(";\t|") {
		if bytes.IndexByte(first, c) >= 0 && bytes.IndexByte(first, ',') < 0 {
			comma = c
		}
	}
	heads := cells(strings.TrimRight(string(first), "\r"), comma)
	var name, stated bool
	for i, h := range heads {
		heads[i] = strings.ToLower(strings.TrimSpace(h))
		switch heads[i] {
		case "path", "name", "filename", "file":
			name = true
		case "size", "length", "bytes", "crc32", "crc", "sha1", "sha256":
			stated = true
		}
	}
	if !name || !stated {
		return nil
	}
	var out []Line
	for len(rest) > 0 && len(out) < MaxLines {
		var row []byte
		row, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(row) > maxRow {
			continue
		}
		l := Line{Size: -1}
		for i, c := range cells(strings.TrimRight(string(row), "\r"), comma) {
			if i < len(heads) {
				field(&l, heads[i], strings.TrimSpace(c))
			}
		}
		if l.Name = cleanLine(l.Name); l.Name != "" && !strings.HasSuffix(l.Name, "/") {
			out = append(out, l)
		}
	}
	return out
}

// cells cuts a row of a table, with quotes where a cell has the separator.
func cells(row string, comma byte) []string {
	var out []string
	for len(out) < 64 {
		if strings.HasPrefix(row, `"`) {
			cell, rest := quoted(row[1:])
			out = append(out, cell)
			if rest == "" {
				return out
			}
			row = strings.TrimPrefix(rest, string(comma))
			continue
		}
		cell, rest, more := strings.Cut(row, string(comma))
		if out = append(out, cell); !more {
			return out
		}
		row = rest
	}
	return out
}

// quoted reads a cell to its closing quote, and gives the rest of the row.
func quoted(row string) (cell, rest string) {
	var b strings.Builder
	for {
		text, after, found := strings.Cut(row, `"`)
		b.WriteString(text)
		if !found || !strings.HasPrefix(after, `"`) {
			return b.String(), after
		}
		b.WriteByte('"')
		row = after[1:]
	}
}
