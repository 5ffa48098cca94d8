package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// Problem is one mistake in the config: where, what, and what to write instead.
type Problem struct {
	File    string
	Key     string // dotted path of the key, "" if no key is meant
	Line    int    // from 1
	Column  int    // in characters, from 1
	Problem string
	Hint    string
}

func (p Problem) String() string {
	text := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Key != "" {
		text += printable(p.Key) + ": "
	}
	text += printable(p.Problem)
	if p.Hint != "" {
		text += " (" + printable(p.Hint) + ")"
	}
	return text
}

// MarshalJSON writes the shape that scripts read; what is unknown is null.
func (p Problem) MarshalJSON() ([]byte, error) {
	orNull := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return json.Marshal(struct {
		Key     *string `json:"key"`
		Line    int     `json:"line"`
		Column  int     `json:"column"`
		Problem string  `json:"problem"`
		Hint    *string `json:"hint"`
		File    string  `json:"file"`
	}{orNull(p.Key), p.Line, p.Column, p.Problem, orNull(p.Hint), p.File})
}

// sortProblems brings problems into the order in which one reads the files.
func sortProblems(problems []Problem, files []string) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

var indexInPath = regexp.MustCompile(`\[\d+\]`)

// publicPath is a key's path as people write it: without the place in a list.
func publicPath(path string) string { return indexInPath.ReplaceAllString(path, "") }

// nearest returns the candidate that a mistyped word most likely meant, or "".
func nearest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := editDistance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours. Upper and lower case are the same.
func editDistance(a, b string) int {
	a, b = lowerASCII(a), lowerASCII(b)
	if len(a) > 100 || len(b) > 100 {
		return 100
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func lowerASCII(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}
