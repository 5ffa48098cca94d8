package main

import (
	"bufio"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// writeExample prints config.example.toml: every key with its meaning and
// default. Tables of which there may be none are commented out.
func writeExample(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i, s := range schema() {
		if i > 0 {
			fmt.Fprintln(out)
		}
		owner, prefix := s.defaults()
		comment(out, s.meaning)
		if s.name != "" {
			fmt.Fprintf(out, "%s%s\n", prefix, s.exampleTitle())
		}
		for _, k := range s.keys {
			fmt.Fprintln(out)
			value := field(owner, k.name)
			comment(out, k.meaning)
			if k.restart {
				comment(out, "A change needs a restart.")
			}
			text := tomlOf(value)
			if k.required {
				text = k.sample
			}
			fmt.Fprintf(out, "%s%s = %s\n", prefix, k.name, text)
		}
	}
	return out.Flush()
}

// defaults returns a struct with a section's defaults, and what its lines
// begin with in the example.
func (s section) defaults() (owner any, prefix string) {
	switch s.shape {
	case listTables:
		site := defaultSite()
		return &site, "#"
	case namedTables:
		return &ChannelConfig{}, "#"
	}
	config := defaultConfig()
	if s.name == "" {
		return &config, ""
	}
	return field(&config, s.name).Addr().Interface(), ""
}

func (s section) exampleTitle() string {
	return strings.ReplaceAll(s.title(), "NAME", "webhook")
}

func comment(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(w, "# %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// showConfig prints the config in force as TOML that can be read again. Behind
// each value stands where it comes from. Secrets are in files and not shown.
func showConfig(w io.Writer, c Config) error {
	out := bufio.NewWriter(w)
	for i, part := range c.parts() {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if part.section.name != "" {
			fmt.Fprintln(out, part.title)
		}
		for _, k := range part.section.keys {
			value := field(part.owner, k.name)
			fmt.Fprintf(out, "%s = %s # %s\n", k.name, k.shown(value), printable(c.originOf(part.path, k.name)))
		}
	}
	return out.Flush()
}

// showConfigJSON prints one object: tables of {"value","origin"} by key.
func showConfigJSON(w io.Writer, c Config) error {
	type entry struct {
		Value  any    `json:"value"`
		Origin string `json:"origin"`
	}
	all := map[string]any{"site": []any{}, "notify": map[string]any{}}
	for _, part := range c.parts() {
		table := map[string]any{}
		for _, k := range part.section.keys {
			value := field(part.owner, k.name)
			shown := value.Interface()
			if k.secret && value.Kind() == reflect.String {
				shown = hostOnly(value.String())
			}
			if value.Kind() == reflect.Slice && value.IsNil() {
				shown = []string{}
			}
			table[k.name] = entry{shown, c.originOf(part.path, k.name)}
		}
		switch part.section.shape {
		case listTables:
			all["site"] = append(all["site"].([]any), table)
		case namedTables:
			all["notify"].(map[string]any)[part.name] = table
		default:
			if part.section.name != "" {
				all[part.section.name] = table
				continue
			}
			for name, e := range table {
				all[name] = e
			}
		}
	}
	return json.NewEncoder(w).Encode(all)
}

// part is one table of a config.
type part struct {
	section           section
	owner             any // pointer to its struct
	path, title, name string
}

// parts lists the tables of a config in the order of the manual.
func (c *Config) parts() []part {
	var parts []part
	for _, s := range schema() {
		switch s.shape {
		case listTables:
			for i := range c.Sites {
				parts = append(parts, part{s, &c.Sites[i], "site[" + strconv.Itoa(i) + "]", s.title(), ""})
			}
		case namedTables:
			for i := range c.Notify {
				n := &c.Notify[i]
				parts = append(parts, part{s, n, "notify." + n.Name, "[notify." + bareOrQuoted(n.Name) + "]", n.Name})
			}
		default:
			if s.name == "" {
				parts = append(parts, part{s, c, "", "", ""})
				continue
			}
			parts = append(parts, part{s, field(c, s.name).Addr().Interface(), s.name, s.title(), ""})
		}
	}
	return parts
}

// bareOrQuoted writes one part of a dotted key.
func bareOrQuoted(name string) string {
	if strings.Contains(name, ".") || !shortNames.MatchString(name) {
		return tomlQuote(name)
	}
	return name
}

func (c *Config) originOf(path, name string) string {
	if path != "" {
		name = path + "." + name
	}
	if o, ok := c.origins[name]; ok {
		return o.String()
	}
	return "default"
}

// keepRestartKeys puts back into fresh what a reload does not change, so that
// the config goes on to say what is in force, and names the keys that differed.
func keepRestartKeys(old Config, fresh *Config) []string {
	var keys []string
	for _, s := range schema() {
		if s.shape != oneTable || s.name == "" {
			continue // sites and channels are swapped whole
		}
		before, after := field(&old, s.name).Addr().Interface(), field(fresh, s.name).Addr().Interface()
		for _, k := range s.keys {
			if k.restart && tomlOf(field(before, k.name)) != tomlOf(field(after, k.name)) {
				field(after, k.name).Set(field(before, k.name))
				keys = append(keys, s.name+"."+k.name)
			}
		}
	}
	return keys
}

// shown is a value as config show prints it.
func (k key) shown(value reflect.Value) string {
	if k.secret && value.Kind() == reflect.String {
		return tomlQuote(hostOnly(value.String()))
	}
	return tomlOf(value)
}

// hostOnly hides what may be a secret in the URL of a receiver.
func hostOnly(text string) string {
	u, err := url.Parse(text)
	if text == "" {
		return ""
	}
	if err != nil || u.Host == "" {
		return "(hidden)"
	}
	return u.Scheme + "://" + u.Host + "/(hidden)"
}

// tomlOf writes a field as TOML.
func tomlOf(value reflect.Value) string {
	if writer, ok := value.Interface().(encoding.TextMarshaler); ok {
		text, err := writer.MarshalText()
		if err != nil {
			panic("unreachable: " + err.Error())
		}
		return tomlQuote(string(text))
	}
	switch value.Kind() {
	case reflect.String:
		return tomlQuote(value.String())
	case reflect.Bool:
		return strconv.FormatBool(value.Bool())
	case reflect.Int:
		return strconv.FormatInt(value.Int(), 10)
	}
	elements := make([]string, value.Len())
	for i := range elements {
		elements[i] = tomlOf(value.Index(i))
	}
	return "[" + strings.Join(elements, ", ") + "]"
}

// tomlQuote writes a text as TOML; one with backslashes, as patterns have, in
// single quotes where that is possible.
func tomlQuote(text string) string {
	if strings.ContainsRune(text, '\\') && !strings.ContainsRune(text, '\'') && text == printable(text) {
		return "'" + text + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
