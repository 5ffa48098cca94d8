package container_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// need returns the path of a program, or skips; in CI it must be there.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed", program)
	default:
		t.Skipf("%s is not installed", program)
	}
	return ""
}

// run runs a real tool in dir and returns what it prints.
func run(t testing.TB, dir, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, program), args...)
	cmd.Dir = dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, complaint.String())
	}
	return out
}

// plant writes files into a fresh folder.
func plant(t testing.TB, files ...file) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(f.body), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFile(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever real tools wrote is told member by member, read anywhere or once.
func TestRealPackers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	files := []file{{"a.txt", strings.Repeat("a", 70_000)}, {"sub/b.bin", "bb"}}
	tarred := "a.txt 70000 \nsub/b.bin 2 \n"
	for _, c := range []struct {
		format, want string
		make         func(dir string)
	}{
		{"tar", tarred, func(d string) { run(t, d, "tar", "cf", "../out", "a.txt", "sub/b.bin") }},
		{"tar", tarred, func(d string) { run(t, d, "tar", "--format=v7", "-cf", "../out", "a.txt", "sub/b.bin") }},
		{"tar", tarred, func(d string) { run(t, d, "tar", "--format=pax", "-cf", "../out", "a.txt", "sub/b.bin") }},
		{"tar.gz", tarred, func(d string) { run(t, d, "tar", "czf", "../out", "a.txt", "sub/b.bin") }},
		{"tar.bz2", tarred, func(d string) { run(t, d, "tar", "cjf", "../out", "a.txt", "sub/b.bin") }},
		{"tar.xz", tarred, func(d string) { run(t, d, "tar", "cJf", "../out", "a.txt", "sub/b.bin") }},
		{"tar.zst", tarred, func(d string) { run(t, d, "tar", "--zstd", "-cf", "../out", "a.txt", "sub/b.bin") }},
		{"zip", tarred, func(d string) { run(t, d, "zip", "-q", "../out", "a.txt", "sub/b.bin"); rename(t, d) }},
		{"gzip", "a.txt 70000 \n", func(d string) { out(t, d, run(t, d, "gzip", "-c", "a.txt")) }},
		{"bzip2", "out 70000 \n", func(d string) { out(t, d, run(t, d, "bzip2", "-c", "a.txt")) }},
		{"xz", "out 70000 \n", func(d string) { out(t, d, run(t, d, "xz", "-9ec", "a.txt")) }},
		{"zstd", "out 70000 \n", func(d string) { out(t, d, run(t, d, "zstd", "-19", "-qc", "a.txt")) }},
	} {
		dir := plant(t, files...)
		c.make(dir)
		b := readFile(t, dir, "..", "out")
		if err := os.Remove(filepath.Join(dir, "..", "out")); err != nil {
			t.Fatal(err)
		}
		for name, open := range openers() {
			all, report := open(t, b, "out.x", container.Options{})
			if got := lines(all); got != c.want || report.Format != c.format || report.Cause != "" {
				t.Errorf("%s, %s: told\n%sreport %+v, want\n%s", c.format, name, got, report, c.want)
			}
		}
	}
}

func openers() map[string]func(testing.TB, []byte, string, container.Options) ([]told, container.Report) {
	return map[string]func(testing.TB, []byte, string, container.Options) ([]told, container.Report){"whole": walk, "stream": stream}
}

func out(t testing.TB, dir string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "..", "out"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t testing.TB, dir string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, "..", "out.zip"), filepath.Join(dir, "..", "out")); err != nil {
		t.Fatal(err)
	}
}

// What stands behind the end is a remark, and costs no member (C26).
func TestTails(t *testing.T) {
	ab := tarOf(t, file{"a", "first"}, file{"b", "second"})
	c := tarOf(t, file{"c", "third"})
	packed := gz(t, ab)
	two := append(gz(t, ab[:900]), gz(t, ab[900:])...)
	for _, test := range []struct {
		name       string
		b          []byte
		want, note string
	}{
		{"padded.tar.gz", append(bytes.Clone(packed), make([]byte, 700)...), "a 5 \nb 6 \n", "700 bytes after the end"},
		{"tail.tar.gz", append(bytes.Clone(packed), "uploaded by x\n"...), "a 5 \nb 6 \n", "14 bytes after the end"},
		{"two-streams.tar.gz", two, "a 5 \nb 6 \n", ""},
		{"glued.tar", append(bytes.Clone(ab), c...), "a 5 \nb 6 \nc 5 \n", ""},
		{"no-end.tar", bytes.TrimRight(ab, "\x00"), "a 5 \nb 6 \n", ""},
		{"tail.tar", append(bytes.Clone(ab), "tail"...), "a 5 \nb 6 \n", "4 bytes after the end"},
		{"noise.jpg.gz", append(gz(t, []byte("picture")), 'x'), "noise.jpg 7 \n", "1 bytes after the end"},
	} {
		for name, open := range openers() {
			all, report := open(t, test.b, test.name, container.Options{})
			if got := lines(all); got != test.want || report.Cause != "" || report.Why != test.note {
				t.Errorf("%s, %s: told\n%sreport %+v, want\n%s", test.name, name, got, report, test.want)
			}
		}
	}
}
