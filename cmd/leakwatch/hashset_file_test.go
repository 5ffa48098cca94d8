package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A list in a file is loaded, refused as a whole with the line of each bad
// row, and what export prints loads again.
func TestHashsetLoadFile(t *testing.T) {
	dir := t.TempDir()
	config, list := filepath.Join(dir, "config.toml"), filepath.Join(dir, "list.csv")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(config, fmt.Sprintf("[state]\ndir = %q\n[tor]\nsocks = \"127.0.0.1:9\"\n", filepath.Join(dir, "state")))
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, said bytes.Buffer
		if got := execute(context.Background(), append([]string{"--config", config}, args...), strings.NewReader(""), &out, &said); got != want {
			t.Fatalf("%q: exit %d, want %d: %s", args, got, want, said.String())
		}
		return out.String(), said.String()
	}
	write(list, "ref,phash\none,6b86b273ff34fce1\ntwo,d4735e3a265e16ee\n")
	if out, _ := run(0, "hashset", "load", "list", list); !strings.HasPrefix(out, "list: version 1, 2 entries") {
		t.Errorf("load says %q", out)
	}
	write(list, "ref,phash\none,6b86b273ff34fce1\ntwo,short\n")
	if _, said := run(exitFailure, "hashset", "load", "list", list); !strings.Contains(said, list+":3: ") {
		t.Errorf("a bad row is told as %q, want %s:3:", said, list)
	}
	out, _ := run(0, "hashset", "export", "list")
	write(list, out)
	if out, _ := run(0, "hashset", "load", "again", list); !strings.HasPrefix(out, "again: version 1, 2 entries") {
		t.Errorf("load of an export says %q", out)
	}
}
