package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// jsonLine prints v as one line of JSON.
func (c *cli) jsonLine(v any) error { return json.NewEncoder(&escaper{w: c.stdout}).Encode(v) }

// table prints rows under a heading.
type table struct{ w *tabwriter.Writer }

func (c *cli) table(head ...string) *table {
	t := &table{tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)}
	t.row(toAny(head)...)
	return t
}

func toAny(head []string) []any {
	out := make([]any, len(head))
	for i, h := range head {
		out[i] = h
	}
	return out
}

func (t *table) row(cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			_, _ = io.WriteString(t.w, "\t")
		}
		_, _ = io.WriteString(t.w, printable(cellText(cell)))
	}
	_, _ = io.WriteString(t.w, "\n")
}

func (t *table) flush() error { return t.w.Flush() }

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		if v == "" {
			return "-"
		}
		return v
	case time.Time:
		if v.IsZero() {
			return "-"
		}
		return v.UTC().Format("2006-01-02 15:04:05")
	}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
		if p.IsNil() {
			return "-"
		}
		return cellText(p.Elem().Interface())
	}
	return fmt.Sprint(v)
}

// decoded reads the lines of a list as values.
func decoded[T any](list iter.Seq2[json.RawMessage, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for line, err := range list {
			var v T
			if err == nil {
				err = json.Unmarshal(line, &v)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// passOn prints the lines of a list as they come.
func (c *cli) passOn(list iter.Seq2[json.RawMessage, error]) error {
	out := &escaper{w: c.stdout}
	for line, err := range list {
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// progress draws a bar on stderr when that is a terminal, and nothing else.
type progress struct {
	w     io.Writer
	what  string
	total int64 // 0: unknown
	last  time.Time
}

func (c *cli) progress(what string, total int64) *progress {
	f, ok := c.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	return &progress{w: f, what: what, total: total}
}

func (p *progress) at(n int64) {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	if p.total <= 0 {
		fmt.Fprintf(p.w, "\r%s %d ", p.what, n)
		return
	}
	const width = 30
	full := int(min(n, p.total) * width / p.total)
	fmt.Fprintf(p.w, "\r%s [%s%s] %3d %%", p.what, strings.Repeat("#", full), strings.Repeat(".", width-full), min(n, p.total)*100/p.total)
}

func (p *progress) done() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// printObject prints an object as a line per key, in its own order.
func (c *cli) printObject(raw json.RawMessage) error {
	in := json.NewDecoder(strings.NewReader(string(raw)))
	in.UseNumber()
	if _, err := in.Token(); err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		var v json.RawMessage
		if err := in.Decode(&v); err != nil {
			return err
		}
		fmt.Fprintf(w, "%v\t%s\n", key, printable(plain(v)))
	}
	return w.Flush()
}

// plain is a JSON value as a person reads it.
func plain(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil && len(v) > 0 && v[0] == '"' {
		return text
	}
	if string(v) == "null" {
		return "-"
	}
	return string(v)
}
