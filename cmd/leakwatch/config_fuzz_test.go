package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// Whatever stands in the file: no panic, every problem has a place in it, and
// what is taken is TOML that config show repeats with the same meaning.
func FuzzConfig(f *testing.F) {
	f.Setenv("CREDENTIALS_DIRECTORY", "")
	files, err := filepath.Glob("testdata/config/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, exampleFile) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(uncomment(fullConfig)))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLoader("/nonexistent/fuzz.toml", seedsForTests)
		l.text("/nonexistent/fuzz.toml", data, false)
		l.finish()
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, p := range l.problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Problem == "" || p.Hint == "" {
				t.Errorf("%#v in a file of %d lines", p, lines)
			}
		}
		if len(l.problems) > 0 {
			return
		}
		var decoded map[string]any
		if err := toml.Unmarshal(data, &decoded); err != nil {
			t.Errorf("taken, but not TOML: %v", err)
		}
		for i := range l.config.Notify {
			l.config.Notify[i].URL = "" // shown without its path
		}
		var shown, again strings.Builder
		if err := showConfig(&shown, l.config); err != nil {
			t.Fatal(err)
		}
		second := newLoader("/nonexistent/fuzz.toml", seedsForTests)
		second.text("/nonexistent/fuzz.toml", []byte(shown.String()), false)
		second.config.origins = l.config.origins
		if err := showConfig(&again, second.config); err != nil {
			t.Fatal(err)
		}
		if again.String() != shown.String() {
			t.Errorf("shown:\n%s\nread and shown again:\n%s", &shown, &again)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"90s", "1h30m", "7d", "0s", "1.5h", "0.0001s", "1 h", "s", "1e9s", "36500d", "12345678901234567890d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Duration
		if d.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d || d < 0 {
			t.Errorf("%q is %d, written %q, read %d: %v", text, d, d, again, err)
		}
		var s, same Size
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := same.UnmarshalText([]byte(s.String())); err != nil || same != s || s < 0 {
			t.Errorf("%q is %d, written %q, read %d: %v", text, s, s, same, err)
		}
	})
}
