package container_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// told is what a walk told of one member, with its body.
type told struct {
	container.Member
	body string
	err  error
}

// walk opens b as a whole and reads every body.
func walk(t testing.TB, b []byte, name string, o container.Options) ([]told, container.Report) {
	t.Helper()
	return walkSource(t, container.Source{Name: name, At: bytes.NewReader(b), Size: int64(len(b))}, o)
}

// stream opens b as what can be read once only.
func stream(t testing.TB, b []byte, name string, o container.Options) ([]told, container.Report) {
	t.Helper()
	return walkSource(t, container.Source{Name: name, Stream: io.MultiReader(bytes.NewReader(b)), Size: -1}, o)
}

func walkSource(t testing.TB, src container.Source, o container.Options) ([]told, container.Report) {
	t.Helper()
	var all []told
	report, err := container.Walk(t.Context(), src, o, func(m container.Member, body io.Reader) error {
		one := told{Member: m}
		if body != nil {
			var b []byte
			b, one.err = io.ReadAll(body)
			one.body = string(b)
		}
		all = append(all, one)
		return nil
	})
	if err != nil {
		t.Fatalf("walk through %s: %v", src.Name, err)
	}
	return all, report
}

// lines writes what was told, one line a member: name, bytes of the body, cause.
func lines(all []told) string {
	var b strings.Builder
	for _, m := range all {
		cause := m.Cause
		if c, _ := container.CauseOf(m.err); c != "" {
			cause += "/" + c
		}
		fmt.Fprintf(&b, "%s %d %s\n", m.Name, len(m.body), cause)
	}
	return b.String()
}

// file is one member that a test draws.
type file struct{ name, body string }

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.body)), Mode: 0o644, Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, f.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNested(t *testing.T) {
	inner := zipOf(t, file{"a/one.jpg", "1"}, file{"two.jpg", "22"})
	b := tarOf(t, file{"first.txt", "first"}, file{"in.zip", string(inner)}, file{"last.txt", "last"})
	want := "first.txt 5 \nin.zip!a/one.jpg 1 \nin.zip!two.jpg 2 \nin.zip 0 \nlast.txt 4 \n"
	for name, open := range map[string]func(testing.TB, []byte, string, container.Options) ([]told, container.Report){"whole": walk, "stream": stream} {
		all, report := open(t, b, "x.tar", container.Options{})
		if got := lines(all); got != want {
			t.Errorf("%s: told\n%swant\n%s", name, got, want)
		}
		if report.Format != "tar" || report.Members != 4 || report.Next != 0 || report.Cause != "" {
			t.Errorf("%s: report %+v", name, report)
		}
	}
}

// A walk that ends after each member goes on where it stopped, inside of a
// container too.
func TestGoesOn(t *testing.T) {
	deep := zipOf(t, file{"x", "x"}, file{"y", "y"})
	inner := tarOf(t, file{"one", "1"}, file{"deep.zip", string(deep)}, file{"two", "2"})
	b := zipOf(t, file{"a", "a"}, file{"in.tar", string(inner)}, file{"b", "b"}, file{"c", "c"})
	want := "a in.tar!one in.tar!deep.zip!x in.tar!deep.zip!y in.tar!deep.zip in.tar!two in.tar b c"
	var got []string
	o := container.Options{}
	for range 20 {
		report, err := container.Walk(t.Context(), container.Source{At: bytes.NewReader(b), Size: int64(len(b))}, o,
			func(m container.Member, body io.Reader) error {
				got = append(got, m.Name)
				return container.Enough
			})
		if err != nil {
			t.Fatal(err)
		}
		if o.From = report.Next; report.Next == 0 {
			break
		}
	}
	if all := strings.Join(got, " "); all != want {
		t.Errorf("told\n%s\nwant\n%s", all, want)
	}
}

func TestVisitsErrorIsReturned(t *testing.T) {
	ours := errors.New("our memory failed")
	b := zipOf(t, file{"a", "a"}, file{"b", "b"})
	_, err := container.Walk(t.Context(), container.Source{At: bytes.NewReader(b), Size: int64(len(b))}, container.Options{},
		func(container.Member, io.Reader) error { return ours })
	if !errors.Is(err, ours) {
		t.Errorf("error %v, want %v", err, ours)
	}
}
