package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRefs(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for _, tt := range []struct{ name, file, err, path, ref string }{
		{"by digest", "sha256,ref\n" + strings.ToUpper(sum) + ",C-1\n", "", "x.jpg", "C-1"},
		{"by path", "\uFEFFpath,ref\r\np/a b.jpg,\"C,1\"\r\n", "", "p/a b.jpg", "C,1"},
		{"by path from the folder", "path,ref\nsub\\a.jpg,C-1\n", "", "p/sub/a.jpg", "C-1"},
		{"by name", "path,ref\na.jpg,C-1\n", "", "p/sub/a.jpg", "C-1"},
		{"another", "path,ref\nb.jpg,C-1\n", "", "p/a.jpg", ""},
		{"no header", "a.jpg,C-1\n", "f.csv:1: no header of refs", "", ""},
		{"empty", "", "f.csv:1: no header of refs", "", ""},
		{"bad rows", "sha256,ref\nxyz,C\n" + sum + ",\n" + sum + ",A\n" + sum + ",B\n" + sum + "\n",
			"f.csv:2: \"xyz\" is no SHA-256: 64 hex digits\nf.csv:3: the ref is empty\nf.csv:5: stands on line 4 already\nf.csv:6: wrong number of fields", "", ""},
	} {
		file := filepath.Join(t.TempDir(), "f.csv")
		if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := readRefs(file)
		if got := errText(err); strings.ReplaceAll(got, filepath.Dir(file)+"/", "") != tt.err {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.err)
		}
		if tt.path == "" || r == nil {
			continue
		}
		if got := r.of("p", tt.path, "", sum); got != tt.ref {
			t.Errorf("%s: got ref %q, want %q", tt.name, got, tt.ref)
		}
		if n, _ := r.unused(); (n == 0) != (tt.ref != "") {
			t.Errorf("%s: %d rows left over", tt.name, n)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Refs go into a list without touching anything else of it.
func TestRefsRewrite(t *testing.T) {
	r := &refs{byPath: true, refs: map[string]string{"a.jpg": "C-1"}, lines: map[string]int{"a.jpg": 2}}
	var out bytes.Buffer
	in := `{"path":"p/a.jpg","size":12345678901234567,"ref":"x","windows":[null,"<"]}` + "\n" + `{"ref":"y", "path":"p/b.jpg"}` + "\n\n{broken\n[7]"
	if err := r.rewrite("-", strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := `{"path":"p/a.jpg","ref":"C-1","size":12345678901234567,"windows":[null,"<"]}` + "\n" + `{"ref":"y", "path":"p/b.jpg"}` + "\n\n{broken\n[7]\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if err := r.rewrite("-", strings.NewReader("ref,sha1\n"), &out); err == nil {
		t.Error("a CSV list was rewritten")
	}
}
