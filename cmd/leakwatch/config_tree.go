package main

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The library decodes into a struct and stops at the first value that does not
// fit. Here its parser only splits the text; this file builds a tree in which
// every key and value knows where it stands, and goes on after a line that is
// not TOML, so that one run finds every mistake.

// spot is a place in a file; lines and columns count from 1.
type spot struct {
	file         string
	line, column int
}

// tomlTable is one table with its keys in the order of the file.
type tomlTable struct {
	at     spot // the header, or the key that made it
	opened bool // by a [header] of its own
	inline bool // { ... }: nothing may be added to it
	names  []string
	slots  map[string]*tomlSlot
}

// tomlSlot is what stands behind one key.
type tomlSlot struct {
	key, at spot // the key; its value
	value   any  // see below
}

// The values of a slot: string, int64, float64, bool, *tomlTable,
// []*tomlTable ([[name]]), []*tomlSlot (an array), otherValue, brokenValue.
type (
	otherValue  string   // a kind of value that no key of ours takes: a date, nan
	brokenValue struct{} // reported already; the key counts as given
)

func newTable(at spot) *tomlTable { return &tomlTable{at: at, slots: map[string]*tomlSlot{}} }

// add puts a slot under a name that is still free.
func (t *tomlTable) add(name string, slot *tomlSlot) {
	t.names = append(t.names, name)
	t.slots[name] = slot
}

// treeReader builds the tree of one file.
type treeReader struct {
	file     string
	data     []byte
	lines    []int // offset of each line's first byte
	root     *tomlTable
	current  *tomlTable // where the next key goes
	path     []string   // of the current table
	problems []Problem
}

// readTree returns the tree of a TOML text and what is wrong with its form.
func readTree(file string, data []byte) (*tomlTable, []Problem) {
	r := &treeReader{file: file, data: data, lines: []int{0}}
	for i, c := range data {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	r.root = newTable(r.spot(0))
	r.current = r.root
	r.read()
	if len(r.problems) == 0 {
		r.secondOpinion()
	}
	return r.root, r.problems
}

// spot turns an offset into a place.
func (r *treeReader) spot(offset int) spot {
	line := r.lineOf(offset)
	return spot{r.file, line + 1, utf8.RuneCount(r.data[r.lines[line]:offset]) + 1}
}

// lineOf returns the index of the line that holds an offset.
func (r *treeReader) lineOf(offset int) int {
	low, high := 0, len(r.lines)
	for high-low > 1 {
		if middle := (low + high) / 2; r.lines[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// lineStart returns where a line begins; behind the last one, the end.
func (r *treeReader) lineStart(line int) int {
	if line >= len(r.lines) {
		return len(r.data)
	}
	return r.lines[line]
}

func (r *treeReader) report(at spot, path []string, problem, hint string) {
	r.problems = append(r.problems, Problem{File: at.file, Key: strings.Join(path, "."), Line: at.line, Column: at.column, Problem: problem, Hint: hint})
}

// read walks the expressions and starts again after each that is broken.
func (r *treeReader) read() {
	base := 0
	for base < len(r.data) {
		parser := &unstable.Parser{}
		parser.Reset(r.data[base:])
		end := base // of the last good expression
		for parser.NextExpression() {
			end = max(end, base+r.take(parser.Expression(), base))
		}
		err := parser.Error()
		if err == nil {
			return
		}
		base = r.recover(base, end, err)
	}
}

// take enters one expression into the tree and returns where its text ends,
// as far as the parser tells.
func (r *treeReader) take(node *unstable.Node, base int) int {
	switch node.Kind {
	case unstable.Table, unstable.ArrayTable:
		keys, end := r.keys(node.Key(), base)
		r.header(keys, node.Kind == unstable.ArrayTable)
		return end
	case unstable.KeyValue:
		r.keyValue(r.current, r.path, node, base)
		return int(node.Raw.Offset + node.Raw.Length)
	}
	return 0
}

// keyPart is one name of a dotted key.
type keyPart struct {
	name string
	at   spot
}

func (r *treeReader) keys(it unstable.Iterator, base int) (parts []keyPart, end int) {
	for it.Next() {
		node := it.Node()
		parts = append(parts, keyPart{string(node.Data), r.spot(base + int(node.Raw.Offset))})
		end = int(node.Raw.Offset + node.Raw.Length)
	}
	return parts, end
}

// header opens the table of a [header] or [[header]]. A header that cannot
// stand is reported, and what follows goes to a table that nobody reads.
func (r *treeReader) header(parts []keyPart, list bool) {
	r.path = nil
	for _, p := range parts {
		r.path = append(r.path, p.name)
	}
	r.current = newTable(parts[0].at)
	last := parts[len(parts)-1]
	parent := r.walk(r.root, parts[:len(parts)-1], r.path)
	if parent == nil {
		return
	}
	r.current.at, r.current.opened = parts[0].at, true
	slot := parent.slots[last.name]
	if slot == nil {
		slot = &tomlSlot{key: last.at, at: last.at, value: r.current}
		if list {
			slot.value = []*tomlTable{r.current}
		}
		parent.add(last.name, slot)
		return
	}
	first := "it stands on line " + strconv.Itoa(slot.key.line) + " already"
	switch value := slot.value.(type) {
	case []*tomlTable:
		if !list {
			r.report(parts[0].at, r.path, "a list of tables opened as one table", "write [["+strings.Join(r.path, ".")+"]]: "+first)
		}
		slot.value = append(value, r.current)
	case *tomlTable:
		r.current = value
		switch {
		case list:
			r.report(parts[0].at, r.path, "one table opened as a list of tables", "write ["+strings.Join(r.path, ".")+"] once: "+first)
		case value.opened || value.inline:
			r.report(parts[0].at, r.path, "the table stands twice", "put its keys under one header: "+first)
		}
		value.opened = true
	default:
		r.report(parts[0].at, r.path, "a key and a table of the same name", first)
	}
}

// walk goes down a dotted key and makes the tables on the way; nil after a
// report if something that is no table stands in the way.
func (r *treeReader) walk(from *tomlTable, parts []keyPart, path []string) *tomlTable {
	for _, p := range parts {
		slot := from.slots[p.name]
		if slot == nil {
			slot = &tomlSlot{key: p.at, at: p.at, value: newTable(p.at)}
			from.add(p.name, slot)
		}
		switch value := slot.value.(type) {
		case *tomlTable:
			from = value
		case []*tomlTable:
			from = value[len(value)-1]
		default:
			r.report(p.at, path, p.name+" is a value, not a table", "it stands on line "+strconv.Itoa(slot.key.line))
			return nil
		}
	}
	return from
}

// keyValue enters "key = value" below a table.
func (r *treeReader) keyValue(table *tomlTable, above []string, node *unstable.Node, base int) {
	parts, _ := r.keys(node.Key(), base)
	path := append([]string{}, above...)
	for _, p := range parts {
		path = append(path, p.name)
	}
	last := parts[len(parts)-1]
	table = r.walk(table, parts[:len(parts)-1], path)
	if table == nil {
		return
	}
	if before := table.slots[last.name]; before != nil {
		r.report(last.at, path, "the key stands twice", "keep one: it stands on line "+strconv.Itoa(before.key.line)+" already")
		return
	}
	slot := &tomlSlot{key: last.at, at: last.at}
	table.add(last.name, slot)
	r.value(slot, path, node.Value(), base)
}

// value reads a value into a slot whose key is known.
func (r *treeReader) value(slot *tomlSlot, path []string, node *unstable.Node, base int) {
	if node.Raw.Length > 0 {
		slot.at = r.spot(base + int(node.Raw.Offset))
	}
	text := string(node.Data)
	switch node.Kind {
	case unstable.String:
		slot.value = text
	case unstable.Bool:
		slot.value = text == "true"
	case unstable.Integer:
		number, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			r.report(slot.at, path, text+" is too large a number", "at most 9223372036854775807")
			slot.value = brokenValue{}
			return
		}
		slot.value = number
	case unstable.Float:
		number, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
		if err != nil {
			slot.value = otherValue(text)
			return
		}
		slot.value = number
	case unstable.Array:
		list := []*tomlSlot{}
		for it := node.Children(); it.Next(); {
			element := &tomlSlot{key: slot.key, at: slot.at}
			r.value(element, path, it.Node(), base)
			list = append(list, element)
		}
		slot.value = list
	case unstable.InlineTable:
		table := newTable(slot.at)
		for it := node.Children(); it.Next(); {
			r.keyValue(table, path, it.Node(), base)
		}
		table.inline = true
		slot.value = table
	default:
		slot.value = otherValue("a date or time")
	}
}

// secondOpinion asks the library itself: what it refuses is never accepted.
func (r *treeReader) secondOpinion() {
	var decoded map[string]any
	err := toml.Unmarshal(r.data, &decoded)
	if err == nil {
		return
	}
	at := spot{r.file, 1, 1}
	var key []string
	var where *toml.DecodeError
	if errors.As(err, &where) {
		at.line, at.column = where.Position()
		key = where.Key()
	}
	r.report(at, key, strings.TrimPrefix(err.Error(), "toml: "), "")
}
