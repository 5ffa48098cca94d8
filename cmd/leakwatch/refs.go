package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// refs are the refs that an admin gives to pictures, by their SHA-256 or by
// their path.
type refs struct {
	file   string
	byPath bool
	refs   map[string]string
	lines  map[string]int // where each stood
}

// readRefs reads a CSV file with a header of sha256,ref or path,ref. Every bad
// row is named.
func readRefs(file string) (*refs, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 2
	header, err := r.Read()
	if err == nil {
		header[0] = strings.TrimPrefix(header[0], "\uFEFF")
	}
	kind := strings.ToLower(strings.Join(header, ","))
	if err != nil || kind != "sha256,ref" && kind != "path,ref" {
		return nil, fail(exitFailure, "the first line must be sha256,ref or path,ref", fmt.Errorf("%s:1: no header of refs", file))
	}
	out := &refs{file: file, byPath: kind == "path,ref", refs: map[string]string{}, lines: map[string]int{}}
	var bad []error
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		line, _ := r.FieldPos(0)
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse):
			bad = append(bad, fmt.Errorf("%s:%d: %w", file, parse.Line, parse.Err))
		case err != nil:
			return nil, err
		default:
			if reason := out.add(row[0], row[1], line); reason != "" {
				bad = append(bad, fmt.Errorf("%s:%d: %s", file, line, reason))
			}
		}
	}
	return out, errors.Join(bad...)
}

func (r *refs) add(key, ref string, line int) (reason string) {
	if r.byPath {
		key = path.Clean(strings.ReplaceAll(key, `\`, "/"))
	} else if key = strings.ToLower(key); len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		return fmt.Sprintf("%q is no SHA-256: 64 hex digits", key)
	}
	switch before, twice := r.lines[key]; {
	case ref == "":
		return "the ref is empty"
	case twice:
		return fmt.Sprintf("stands on line %d already", before)
	}
	r.refs[key], r.lines[key] = ref, line
	return ""
}

// of returns the ref for a file, "" if it has none. A path may be given whole,
// from root, which is the folder that was asked for, or as the name alone; of a
// member of a container, behind the path and a !, or as in the container.
func (r *refs) of(root, file, member, sha256 string) string {
	keys := []string{sha256}
	if r.byPath {
		file = path.Clean(file)
		keys = []string{file, strings.TrimPrefix(file, path.Clean(root)+"/"), path.Base(file)}
		if member != "" {
			own := member[strings.LastIndexByte(member, '!')+1:]
			keys = []string{keys[0] + "!" + member, keys[1] + "!" + member, keys[2] + "!" + member, member, own, path.Base(own)}
		}
	}
	for _, k := range keys {
		if ref, ok := r.refs[k]; ok {
			delete(r.lines, k)
			return ref
		}
	}
	return ""
}

// unused is how many rows named no picture, and the first line that did not.
func (r *refs) unused() (n, first int) {
	for _, line := range r.lines {
		if n++; first == 0 || line < first {
			first = line
		}
	}
	return n, first
}

// maxRefLine is more than the loader takes of a line: it is the one to refuse.
const maxRefLine = 2 << 20

// rewrite puts refs into the lines of `hash --json`. A line that is no JSON
// object goes on as it is, and lines keep their numbers: the loader names what
// is wrong with them.
func (r *refs) rewrite(root string, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxRefLine)
	begun := false
	for lines.Scan() {
		line := lines.Bytes()
		if text := bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))); !begun && len(text) > 0 {
			if text[0] != '{' {
				return errors.New("--refs goes with pictures and with what `hash --json` prints: other lists have a column of refs")
			}
			begun = true
		}
		line, err := r.inLine(root, line)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return lines.Err()
}

// inLine puts a ref into a line; one that names no picture of ours stays as it
// is, byte for byte.
func (r *refs) inLine(root string, line []byte) ([]byte, error) {
	var row map[string]json.RawMessage
	if json.Unmarshal(line, &row) != nil {
		return line, nil
	}
	var file, member, sum string
	_ = json.Unmarshal(row["path"], &file) // no text, no ref
	_ = json.Unmarshal(row["member"], &member)
	_ = json.Unmarshal(row["sha256"], &sum)
	ref := r.of(root, file, member, strings.ToLower(sum))
	if ref == "" {
		return line, nil
	}
	quoted, err := json.Marshal(ref)
	if err != nil {
		return nil, err
	}
	row["ref"] = quoted
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err = out.Encode(row)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
