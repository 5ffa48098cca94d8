package main

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// section enters one table, or each of a list, into the config.
func (l *loader) section(s section, slot *tomlSlot) {
	if _, broken := slot.value.(brokenValue); broken {
		return
	}
	switch s.shape {
	case oneTable:
		table, ok := slot.value.(*tomlTable)
		if !ok {
			if _, isList := slot.value.([]*tomlTable); isList {
				l.report(slot.key, s.name, "one table opened as a list of tables", "write ["+s.name+"]")
				return
			}
			l.report(slot.at, s.name, "a value where a table belongs", "write ["+s.name+"] on a line of its own")
			return
		}
		l.header(s.name, table.at)
		l.table(s, field(&l.config, s.name).Addr().Interface(), s.name, table)
	case listTables:
		l.sites(s, slot)
	case namedTables:
		l.channels(s, slot)
	}
}

func (l *loader) header(path string, at spot) {
	if _, ok := l.headers[path]; !ok {
		l.headers[path] = at
	}
}

// sites enters each [[site]].
func (l *loader) sites(s section, slot *tomlSlot) {
	tables, ok := slot.value.([]*tomlTable)
	if list, isList := slot.value.([]*tomlSlot); isList {
		for _, element := range list {
			table, isTable := element.value.(*tomlTable)
			if !isTable {
				l.report(element.at, s.name, "a value where a table belongs", "write [[site]] for each site")
				continue
			}
			tables = append(tables, table)
		}
		ok = true
	}
	if table, single := slot.value.(*tomlTable); single {
		l.report(slot.key, s.name, "one table where a list of tables belongs", "write [[site]]")
		tables, ok = []*tomlTable{table}, true
	}
	if !ok {
		l.report(slot.at, s.name, "a value where a list of tables belongs", "write [[site]] for each site")
	}
	for _, table := range tables {
		path := "site[" + strconv.Itoa(len(l.config.Sites)) + "]"
		site := defaultSite()
		l.header(path, table.at)
		l.table(s, &site, path, table)
		l.config.Sites = append(l.config.Sites, site)
	}
}

// channels enters each [notify.NAME].
func (l *loader) channels(s section, slot *tomlSlot) {
	notify, ok := slot.value.(*tomlTable)
	if !ok {
		l.report(slot.key, s.name, "notify holds one table for each channel", "write [notify.NAME]")
		return
	}
	for _, name := range notify.names {
		child := notify.slots[name]
		path := "notify." + name
		if _, broken := child.value.(brokenValue); broken {
			continue
		}
		table, isTable := child.value.(*tomlTable)
		if !isTable {
			hint := "write [notify.NAME]: a name of your own or one of webhook, command, file"
			if _, known := s.find(name); known {
				hint = "it belongs to a channel: write [notify.webhook] before it"
			}
			l.report(child.key, path, "notify holds one table for each channel", hint)
			continue
		}
		shortName(name, func(_ int, problem, hint string) { l.report(table.at, path, problem, hint) })
		if first, again := l.headers[path]; again {
			l.report(table.at, path, "the channel stands in two files", fmt.Sprintf("keep one: it stands in %s:%d already", first.file, first.line))
			continue
		}
		channel := ChannelConfig{Name: name, Kind: name}
		l.header(path, table.at)
		l.table(s, &channel, path, table)
		l.config.Notify = append(l.config.Notify, channel)
	}
}

// table enters the keys of one table into a struct.
func (l *loader) table(s section, owner any, path string, table *tomlTable) {
	for _, name := range table.names {
		slot := table.slots[name]
		if k, ok := s.find(name); ok {
			l.value(owner, k, path+"."+name, slot)
			continue
		}
		if _, broken := slot.value.(brokenValue); broken {
			continue
		}
		var known []string
		for _, k := range s.keys {
			known = append(known, k.name)
		}
		l.unknown(slot, path+"."+name, name, known, schema())
	}
}

// unknown reports a key that the manual does not have.
func (l *loader) unknown(slot *tomlSlot, path, name string, known []string, sections []section) {
	what := "unknown key"
	switch slot.value.(type) {
	case *tomlTable, []*tomlTable:
		what = "unknown table"
	}
	if meant := nearest(name, known); meant != "" {
		hint := fmt.Sprintf("did you mean %q?", meant)
		if strings.EqualFold(meant, name) {
			hint = fmt.Sprintf("keys are lower case: %q", meant)
		}
		l.report(slot.key, path, what, hint)
		return
	}
	for _, s := range sections {
		if _, ok := s.find(name); ok {
			l.report(slot.key, path, what, fmt.Sprintf("%s belongs to %s", name, s.title()))
			return
		}
	}
	l.report(slot.key, path, what, "known here: "+strings.Join(known, ", "))
}

// title is how a section is opened in a file.
func (s section) title() string {
	switch {
	case s.name == "":
		return "the top of the file"
	case s.shape == listTables:
		return "[[" + s.name + "]]"
	case s.shape == namedTables:
		return "[" + s.name + ".NAME]"
	}
	return "[" + s.name + "]"
}

// value enters one value into the field of its key and judges it.
func (l *loader) value(owner any, k key, path string, slot *tomlSlot) {
	if before := l.places[path]; before != nil {
		l.report(slot.key, path, "the key is set in two files", fmt.Sprintf("keep one: %s:%d sets it already", before.value.file, before.value.line))
		return
	}
	if _, broken := slot.value.(brokenValue); broken {
		l.broken[path] = true
		return
	}
	at := &spots{value: slot.at}
	l.places[path] = at
	target := field(owner, k.name)
	before := len(l.problems)
	if target.Kind() == reflect.Slice {
		l.list(target, path, slot, at)
	} else {
		l.scalar(target, path, slot)
	}
	if len(l.problems) == before {
		l.config.origins[path] = origin{spot: slot.key}
		if k.check != nil {
			k.check(target.Interface(), func(element int, problem, hint string) { l.reportAt(path, element, problem, hint) })
		}
	}
	l.broken[path] = len(l.problems) > before
}

// list enters an array, element by element.
func (l *loader) list(target reflect.Value, path string, slot *tomlSlot, at *spots) {
	elements, ok := slot.value.([]*tomlSlot)
	if !ok {
		hint := "lists stand in brackets"
		if text, isText := slot.value.(string); isText {
			hint = fmt.Sprintf("lists stand in brackets: [%q]", text)
		}
		l.report(slot.at, path, "wants a list of texts, got "+kindOf(slot.value), hint)
		return
	}
	made := reflect.MakeSlice(target.Type(), len(elements), len(elements))
	for i, element := range elements {
		at.elements = append(at.elements, element.at)
		l.scalar(made.Index(i), path, element)
	}
	target.Set(made)
}

// scalar enters one text, number or truth value.
func (l *loader) scalar(target reflect.Value, path string, slot *tomlSlot) {
	if reader, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		text, isText := slot.value.(string)
		if !isText {
			l.report(slot.at, path, "wants "+wantOf(target)+", got "+kindOf(slot.value), unitHint(target, slot.value))
			return
		}
		if err := reader.UnmarshalText([]byte(text)); err != nil {
			l.report(slot.at, path, err.Error(), unitHint(target, text))
		}
		return
	}
	switch value := slot.value.(type) {
	case string:
		if target.Kind() == reflect.String {
			target.SetString(value)
			return
		}
	case bool:
		if target.Kind() == reflect.Bool {
			target.SetBool(value)
			return
		}
	case int64:
		if target.Kind() == reflect.Int && !target.OverflowInt(value) {
			target.SetInt(value)
			return
		}
	}
	hint := map[reflect.Kind]string{reflect.String: `texts stand in quotes`, reflect.Bool: "true or false, without quotes", reflect.Int: "digits, without quotes or a unit"}[target.Kind()]
	l.report(slot.at, path, "wants "+wantOf(target)+", got "+kindOf(slot.value), hint)
}

// wantOf names the type of a field as people say it.
func wantOf(target reflect.Value) string {
	switch target.Interface().(type) {
	case Duration:
		return "a duration"
	case Size:
		return "a size"
	case Pattern:
		return "a regular expression"
	}
	switch target.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "a text"
}

// unitHint shows the right form of a duration, size or pattern.
func unitHint(target reflect.Value, value any) string {
	number, isNumber := value.(int64)
	switch target.Interface().(type) {
	case Duration:
		if isNumber {
			return fmt.Sprintf("in quotes and with a unit, s m h or d: \"%ds\"", number)
		}
		return `units are s, m, h, d, the largest first: "90s", "1h30m", "7d"`
	case Size:
		if isNumber {
			return fmt.Sprintf("in quotes and with a unit, B KiB MiB GiB or TiB: \"%dB\"", number)
		}
		return `units are B, KiB, MiB, GiB, TiB: "512B", "50GiB"`
	}
	return `RE2 syntax; single quotes keep backslashes: '\.jpg$'`
}

// kindOf names a value of the tree as people say it.
func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%v", v)
	case otherValue:
		return string(v)
	case []*tomlSlot:
		return "a list"
	}
	return "a table"
}
