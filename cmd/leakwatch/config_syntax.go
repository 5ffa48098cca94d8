package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// What a line that is not TOML was probably meant to be.
var (
	headerLine = regexp.MustCompile(`^\s*(\[\[?)\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)`)
	keyLine    = regexp.MustCompile(`^\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*=\s*(.*?)\s*$`)
	freshLine  = regexp.MustCompile(`^\s*(\[\[?[^\[\]",]+\]\]?\s*(#.*)?$|[A-Za-z0-9_.'"-]+\s*=)`)
)

// recover reports the expression that the parser could not read and returns
// the offset at which reading goes on: always behind the one it began at.
func (r *treeReader) recover(base, end int, err error) int {
	at := r.errorOffset(base, err)
	first := min(r.firstBroken(base, end), r.lineOf(at))
	atEnd := at >= len(r.data)-1 && first < r.lineOf(len(r.data)-1)
	next := r.lineOf(at) + 1
	if atEnd { // a quote or bracket that is never closed swallowed the rest
		next = first + 1
		at = r.lines[first]
	}
	r.reportSyntax(first, at, err, atEnd)
	for next < len(r.lines) && !freshLine.MatchString(r.line(next)) {
		next++
	}
	return r.lineStart(next)
}

// firstBroken returns the line on which the expression that follows the offset
// end begins.
func (r *treeReader) firstBroken(base, end int) int {
	line := r.lineOf(end)
	if end > base {
		line++
	}
	for line < len(r.lines)-1 {
		text := strings.TrimSpace(r.line(line))
		if text != "" && !strings.HasPrefix(text, "#") {
			break
		}
		line++
	}
	return min(line, len(r.lines)-1)
}

// line returns a line's text without its end.
func (r *treeReader) line(i int) string {
	return strings.TrimRight(string(r.data[r.lines[i]:r.lineStart(i+1)]), "\r\n")
}

// errorOffset finds the place that the parser points at.
func (r *treeReader) errorOffset(base int, err error) int {
	var syntax *unstable.ParserError
	if !errors.As(err, &syntax) {
		return base
	}
	// The highlight is a piece of data, and shares the end of its array.
	at := cap(r.data) - cap(syntax.Highlight)
	return min(max(at, base), len(r.data))
}

// reportSyntax says what is wrong with the line and keeps what can be guessed:
// the table that a broken header opens, the key that a broken value was for.
func (r *treeReader) reportSyntax(line, at int, err error, open bool) {
	text := r.line(line)
	problem, hint := "not TOML: "+err.Error(), "a line is KEY = VALUE, [TABLE], [[LIST]] or # COMMENT"
	switch {
	case open:
		hint = "a quote or a bracket that opens here is never closed"
	case strings.HasSuffix(err.Error(), "cannot have new lines"):
		hint = "the closing quote is missing"
	case r.lineOf(at) > line:
		hint = "in a list, texts stand in quotes and commas between them"
	}
	if m := headerLine.FindStringSubmatch(text); m != nil {
		r.headerGuess(m[2], m[1] == "[[", r.spot(r.lines[line]))
		r.report(r.spot(at), r.path, problem, hint)
		return
	}
	path := r.path
	if m := keyLine.FindStringSubmatch(text); m != nil {
		names := strings.Split(m[1], ".")
		path = append(slices.Clone(path), names...)
		if len(names) == 1 && r.current.slots[m[1]] == nil {
			r.current.add(m[1], &tomlSlot{key: r.spot(r.lines[line]), at: r.spot(at), value: brokenValue{}})
		}
		if better := quoteHint(m[1], m[2]); better != "" && !open && r.lineOf(at) == line {
			hint = better
		}
	}
	r.report(r.spot(at), path, problem, hint)
}

func (r *treeReader) headerGuess(dotted string, list bool, at spot) {
	var parts []keyPart
	for _, name := range strings.Split(dotted, ".") {
		parts = append(parts, keyPart{name, at})
	}
	r.header(parts, list)
}

// quoteHint says how a bare value should have been written.
func quoteHint(key, value string) string {
	value, _, _ = strings.Cut(value, "#")
	value = strings.TrimSpace(value)
	switch strings.ToLower(value) {
	case "":
		return "a value is missing after ="
	case "true", "yes", "on":
		return fmt.Sprintf("write %s = true", key)
	case "false", "no", "off":
		return fmt.Sprintf("write %s = false", key)
	}
	switch {
	case strings.HasPrefix(value, "="):
		return "one = stands between key and value"
	case strings.ContainsAny(value, `"'[]{}`):
		return ""
	}
	return fmt.Sprintf("texts stand in quotes: %s = %q", key, value)
}
