package demo

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool runs a program on a file, and skips where there is none.
func tool(t *testing.T, file []byte, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("no %s here", name)
	}
	at := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(at, file, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(args, at)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// packable are such as packers stumble over.
func packable() []File {
	runs := bytes.Repeat([]byte{0}, 10_000)
	copy(runs[3000:], "not a zero")
	return []File{
		{"one.bin", []byte{7}},
		{"a folder/words.txt", []byte(strings.Repeat("words that come again, ", 4000))},
		{"noise.bin", noise(200_000, 1)},
		{"runs.bin", runs},
		{"Ünïcode ж.bin", noise(70_000, 2)},
	}
}

func TestZipIsReadByTheLibrary(t *testing.T) {
	var members []ZipMember
	for i, f := range packable() {
		members = append(members, ZipMember{File: f, Method: 8 * uint16(i%2), Streamed: i%3 == 0, Zip64: i%4 == 1})
	}
	file := Zip(members...)
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range packable() {
		m := r.File[i]
		in, err := m.Open()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		got, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(got, f.Body) || m.Name != f.Name || m.UncompressedSize64 != uint64(len(f.Body)) {
			t.Errorf("%s: %d bytes, %v", m.Name, len(got), err)
		}
	}
	tool(t, file, "unzip", "-tqq")
}

func TestZipIsOpenedByItsPassword(t *testing.T) {
	f := packable()
	file := Zip(ZipMember{File: f[1], Method: 8, Lock: ZipCrypto}, ZipMember{File: f[2], Lock: ZipCrypto, Streamed: true})
	tool(t, file, "unzip", "-tqq", "-P", ZipPassword)
}

func TestZipByDeflate64IsReadByTheTool(t *testing.T) {
	var members []ZipMember
	for _, f := range packable() {
		members = append(members, ZipMember{File: f, Method: 9})
	}
	tool(t, Zip(members...), "unzip", "-tqq")
}

func TestStreamsAreReadByTheTools(t *testing.T) {
	for _, f := range packable() {
		for name, file := range map[string][]byte{"bzip2": Bzip2(f.Body), "xz": Xz(f.Body, 16), "zstd": Zstd(f.Body), "gzip": Gzip("", f.Body)} {
			t.Run(name+" "+f.Name, func(t *testing.T) {
				if name == "bzip2" {
					if got, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(file))); err != nil || !bytes.Equal(got, f.Body) {
						t.Errorf("%d bytes, %v, want %d", len(got), err, len(f.Body))
					}
				}
				suffix := map[string]string{"bzip2": ".bz2", "xz": ".xz", "zstd": ".zst", "gzip": ".gz"}[name]
				unpack := "cp \"$1\" \"$1" + suffix + "\" && " + name + " -dc \"$1" + suffix + "\" | cmp - \"$1.plain\""
				if _, err := exec.LookPath(name); err != nil {
					t.Skipf("no %s here", name)
				}
				at := filepath.Join(t.TempDir(), "file")
				if err := errors.Join(os.WriteFile(at, file, 0o600), os.WriteFile(at+".plain", f.Body, 0o600)); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.CommandContext(t.Context(), "sh", "-c", unpack, "sh", at).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
}

func TestTarIsReadByTheTool(t *testing.T) {
	if got := tool(t, Tar(packable()...), "tar", "tf"); strings.Count(got, "\n") != len(packable()) {
		t.Errorf("tar lists\n%s", got)
	}
}

func TestSevenZipIsReadByTheTool(t *testing.T) {
	for _, how := range []SevenZipHow{{}, {Solid: true}, {Method: "deflate", Solid: true}, {Method: "lzma2"}} {
		t.Run(fmt.Sprint(how), func(t *testing.T) { tool(t, SevenZip(how, packable()...), "7zz", "t") })
	}
}

func TestRarIsReadByTheTool(t *testing.T) {
	tool(t, Rar("", packable()...), "bsdtar", "-xOf")
}
