package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// seedCheck says whether the crawler could ever visit a URL: nil, or why not.
// It is tor.Check, handed in.
type seedCheck func(u *url.URL, clearnet bool) error

// origin says where a value was set.
type origin struct {
	spot
	note string // instead of a place: why a value is not the one of the manual
}

func (o origin) String() string {
	if o.note != "" {
		return o.note
	}
	return fmt.Sprintf("%s:%d", o.file, o.line)
}

// maxConfig is more than any config holds.
const maxConfig = 16 << 20

// loader gathers the files into one config and every mistake on the way.
type loader struct {
	config   Config
	allowed  seedCheck
	problems []Problem
	files    []string          // in the order of reading
	places   map[string]*spots // path => where it was set
	headers  map[string]spot   // path of a table => its header
	broken   map[string]bool   // path => given, and reported already
}

// spots is where a value stands, and the elements of a list.
type spots struct {
	value    spot
	elements []spot
}

// loadConfig reads a config file and those that it includes. With any problem
// the config must not be used; it is returned so that it can be shown.
func loadConfig(path string, allowed seedCheck) (Config, []Problem) {
	l := newLoader(path, allowed)
	l.file(path, spot{path, 1, 1}, "")
	for _, included := range l.included(path) {
		l.file(included.path, included.from, "include")
	}
	l.finish()
	sortProblems(l.problems, l.files)
	return l.config, l.problems
}

func newLoader(path string, allowed seedCheck) *loader {
	l := &loader{config: defaultConfig(), allowed: allowed, places: map[string]*spots{}, headers: map[string]spot{}, broken: map[string]bool{}}
	l.config.origins = map[string]origin{}
	l.config.folder = filepath.Dir(path)
	if absolute, err := filepath.Abs(l.config.folder); err == nil {
		l.config.folder = absolute
	}
	return l
}

// file reads one file; from is where it was named, and by which key.
func (l *loader) file(path string, from spot, key string) {
	data, err := readConfigFile(path)
	if err != nil {
		hint := "write one with: leakwatch config example"
		if !errors.Is(err, fs.ErrNotExist) {
			hint = "it must be readable for the user of the daemon"
		}
		l.files = append(l.files, from.file)
		l.report(from, key, err.Error(), hint)
		return
	}
	l.text(path, data, key != "")
}

// text enters the text of one file.
func (l *loader) text(path string, data []byte, isIncluded bool) {
	l.files = append(l.files, path)
	tree, problems := readTree(path, data)
	for _, p := range problems {
		if p.Hint == "" {
			p.Hint = "see the manual of the format, toml.io"
		}
		l.problems = append(l.problems, p)
	}
	l.fillTop(tree, isIncluded)
}

// readConfigFile returns the text of a file, without the mark that some
// editors put first.
func readConfigFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfig {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxConfig)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// includedFile is a file and the pattern that named it.
type includedFile struct {
	path string
	from spot
}

// included lists the files that the include patterns name, each once. A
// pattern may match nothing yet; a plain name must exist.
func (l *loader) included(main string) []includedFile {
	var files []includedFile
	seen := map[string]bool{filepath.Clean(main): true}
	for i, pattern := range l.config.Include {
		if pattern == "" {
			continue // reported already
		}
		at := l.elementSpot("include", i)
		full := pattern
		if !filepath.IsAbs(full) {
			full = filepath.Join(filepath.Dir(main), pattern)
		}
		found, err := filepath.Glob(full)
		switch {
		case err != nil:
			l.report(at, "include", fmt.Sprintf("%q is not a pattern of file names", pattern), `as in "sites.d/*.toml"`)
		case len(found) == 0 && !strings.ContainsAny(pattern, `*?[`):
			l.report(at, "include", fmt.Sprintf("%q does not exist", pattern), "relative names count from the folder of this file")
		}
		for _, path := range found {
			if clean := filepath.Clean(path); !seen[clean] {
				seen[clean] = true
				files = append(files, includedFile{path, at})
			}
		}
	}
	return files
}

func (l *loader) report(at spot, path, problem, hint string) {
	l.problems = append(l.problems, Problem{File: at.file, Key: publicPath(path), Line: at.line, Column: at.column, Problem: problem, Hint: hint})
}

// reportAt reports at the value of a path, or else at the table that should
// hold it, or else at the top of the main file.
func (l *loader) reportAt(path string, element int, problem, hint string) {
	l.report(l.elementSpot(path, element), path, problem, hint)
}

func (l *loader) elementSpot(path string, element int) spot {
	if at := l.places[path]; at != nil {
		if element < len(at.elements) {
			return at.elements[element]
		}
		return at.value
	}
	for table := path; table != ""; {
		i := strings.LastIndex(table, ".")
		table = table[:max(i, 0)]
		if at, ok := l.headers[table]; ok {
			return at
		}
	}
	return spot{l.files[0], 1, 1}
}

// given reports whether the files say anything of a path, right or wrong.
func (l *loader) given(path string) bool { return l.places[path] != nil || l.broken[path] }

// set reports whether the files give a path a value of its type.
func (l *loader) set(path string) bool { return l.places[path] != nil && !l.broken[path] }

// resolve makes a relative path count from the folder of the main file.
func (l *loader) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.config.folder, path)
}

// fillTop enters one file's tree into the config.
func (l *loader) fillTop(tree *tomlTable, isIncluded bool) {
	sections := schema()
	var names []string
	for _, s := range sections {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	for _, name := range tree.names {
		slot := tree.slots[name]
		if k, ok := sections[0].find(name); ok {
			if isIncluded {
				l.report(slot.key, name, "an included file includes", "include stands in the main file only")
				continue
			}
			l.value(&l.config, k, name, slot)
			continue
		}
		if i := slices.IndexFunc(sections, func(s section) bool { return s.name == name }); i > 0 { // 0 is the top
			l.section(sections[i], slot)
			continue
		}
		if _, broken := slot.value.(brokenValue); broken {
			continue
		}
		l.unknown(slot, name, name, append(names, "include"), sections)
	}
}
