package match

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// columnNames are the columns of a CSV list. `hash` is a pdq or a phash by its
// length, `pdq_quality` is quality.
const columnNames = "ref, sha256, sha1, crc32, path, size, pdq, quality, phash"

// maxSpan is over how many lines one quoted field may go.
const maxSpan = 16

// column returns the name by which a column is known, or "".
func column(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "pdq_quality":
		return "quality"
	case "hash":
		return name
	}
	if slices.Contains(strings.Split(columnNames, ", "), name) {
		return name
	}
	return ""
}

// header cuts a first line into columns. Its separator is the one that gives
// most known columns; known reports whether one of them can be a key.
func header(line string) (columns []string, sep byte, known bool) {
	most := 0
	for _, s := range []byte{',', ';', '\t'} {
		fields, _, reason := splitFields(line, s)
		n := 0
		for _, f := range fields {
			if column(f) != "" {
				n++
			}
		}
		if reason == "" && n > most {
			columns, sep, most = fields, s, n
		}
	}
	for _, c := range columns {
		if c := column(c); c != "" && c != "ref" && c != "quality" && c != "size" {
			known = true
		}
	}
	return columns, sep, known
}

func (rd *reader) readCSV() error {
	columns, sep, err := rd.readHeader()
	if err != nil || columns == nil {
		return err
	}
	for {
		line, more, err := rd.next(maxLine)
		if !more {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		at := rd.line
		fields, reason, err := rd.fields(string(line), sep)
		if err != nil {
			return err
		}
		if reason == "" && strings.Join(fields, "") == "" {
			continue // spreadsheets leave such rows below a list
		}
		var e Entry
		if reason == "" {
			e, reason = csvEntry(columns, fields)
		}
		if !rd.take(e, at, reason) {
			return nil
		}
	}
}

// isSep knows the line by which some spreadsheets name their separator.
func isSep(line string) bool { return len(line) == 5 && strings.HasPrefix(line, "sep=") }

// readHeader returns the known names of the columns, "" for one that is not
// read, or nil after telling why there is no header.
func (rd *reader) readHeader() (columns []string, sep byte, err error) {
	for len(columns) == 0 {
		line, more, err := rd.next(maxLine)
		if !more {
			return nil, 0, err
		}
		text := string(line)
		if strings.TrimSpace(text) == "" || isSep(text) {
			continue
		}
		var known bool
		if columns, sep, known = header(text); !known {
			rd.refuse("no header with any of " + columnNames)
			return nil, 0, nil
		}
	}
	for len(columns) > 1 && strings.TrimSpace(columns[len(columns)-1]) == "" {
		columns = columns[:len(columns)-1]
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = column(c)
		if names[i] == "" {
			if !rd.note(fmt.Sprintf("column %q is not read", c)) {
				return nil, 0, nil
			}
		} else if slices.Contains(names[:i], names[i]) {
			rd.refuse(fmt.Sprintf("column %s stands twice", names[i]))
			return nil, 0, nil
		}
	}
	return names, sep, nil
}

// fields cuts a row that begins with line and goes on while a quote is open.
func (rd *reader) fields(line string, sep byte) (fields []string, reason string, err error) {
	fields, open, reason := splitFields(line, sep)
	for spans := 1; open; spans++ {
		before := rd.line
		if len(line) > maxLine || spans > maxSpan {
			return nil, "a quoted field is not closed", nil
		}
		more, ok, err := rd.next(maxLine)
		if err != nil {
			return nil, "", err
		}
		if !ok || rd.line != before+1 {
			return nil, "a quoted field is not closed", nil
		}
		line += "\n" + string(more)
		fields, open, reason = splitFields(line, sep)
	}
	return fields, reason, nil
}

// splitFields cuts one RFC 4180 row. open reports that its last field is
// quoted and goes on in the next line.
func splitFields(row string, sep byte) (fields []string, open bool, reason string) {
	for {
		if !strings.HasPrefix(row, `"`) {
			field, rest, more := strings.Cut(row, string(rune(sep)))
			if strings.Contains(field, `"`) {
				return nil, false, "a quote stands inside a field that does not begin with one"
			}
			fields = append(fields, field)
			if !more {
				return fields, false, ""
			}
			row = rest
			continue
		}
		end := 1
		for {
			i := strings.IndexByte(row[end:], '"')
			if i < 0 {
				return nil, true, ""
			}
			end += i + 1
			if !strings.HasPrefix(row[end:], `"`) {
				break
			}
			end++ // a doubled quote is one
		}
		fields = append(fields, strings.ReplaceAll(row[1:end-1], `""`, `"`))
		if end == len(row) {
			return fields, false, ""
		}
		if row[end] != sep {
			return nil, false, "text stands behind a closing quote"
		}
		row = row[end+1:]
	}
}

// csvEntry makes an entry of the fields of a row.
func csvEntry(columns, fields []string) (e Entry, reason string) {
	for len(fields) > len(columns) && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) != len(columns) {
		return e, fmt.Sprintf("%d fields, the header has %d", len(fields), len(columns))
	}
	e.Quality = UnknownQuality
	var pdq, p, size string
	for i, name := range columns {
		f := fields[i]
		if name != "ref" && name != "path" {
			f = strings.TrimSpace(f)
		}
		switch name {
		case "ref":
			e.Ref = f
		case "sha256":
			e.SHA256 = f
		case "sha1":
			e.SHA1 = f
		case "crc32":
			e.CRC32 = f
		case "path":
			e.Path = f
		case "size":
			size = f
		case "pdq":
			pdq = f
		case "phash":
			p = f
		case "hash":
			if reason = byLength(f, &pdq, &p); reason != "" {
				return e, reason
			}
		case "quality":
			if e.Quality, reason = parseQuality(f); reason != "" {
				return e, reason
			}
		}
	}
	if size != "" {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || n < 0 {
			return e, fmt.Sprintf("size is a number of bytes, not %q", size)
		}
		e.Size = n
	}
	if reason := e.setHashes(pdq, p); reason != "" {
		return e, reason
	}
	if e.manifest() && size == "" {
		e.Path = "" // a path alone is no key
	}
	return e, ""
}

// byLength puts a hash of a column that does not say its kind into its place.
func byLength(hash string, pdq, phash *string) (reason string) {
	switch len(hash) {
	case 0:
	case 64:
		*pdq = hash
	case 16:
		*phash = hash
	default:
		return fmt.Sprintf("hash has %d digits: a pdq has 64, a phash 16; name the column after its kind", len(hash))
	}
	return ""
}

func parseQuality(s string) (quality int, reason string) {
	if s == "" {
		return UnknownQuality, ""
	}
	q, err := strconv.ParseUint(s, 10, 8)
	if err != nil || q > 100 {
		return 0, fmt.Sprintf("quality is 0 to 100, not %q", s)
	}
	return int(q), ""
}

// readPDQ reads bare hashes, or hash,quality,name. The name is not taken: it
// is a file's, and may carry a plate. Lines that begin with # are comments.
func (rd *reader) readPDQ() error {
	for {
		line, more, err := rd.next(maxLine)
		if !more {
			return err
		}
		text := strings.TrimSpace(string(line))
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		hash, rest, _ := strings.Cut(text, ",")
		quality, _, _ := strings.Cut(rest, ",")
		hash, quality = strings.Trim(hash, `" `), strings.Trim(quality, `" `)
		var e Entry
		reason := "a line is 64 hex digits, or hash,quality,name"
		if hash != "" {
			reason = e.setHashes(hash, "")
		}
		if reason == "" {
			e.Quality, reason = parseQuality(quality)
		}
		if !rd.take(e, rd.line, reason) {
			return nil
		}
	}
}
