package container_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// photo is bytes that do not pack, as those of photographs.
func photo(seed uint64, n int) string {
	rnd := rand.New(rand.NewPCG(seed, 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.IntN(256))
	}
	return "\xFF\xD8\xFF" + string(b)
}

func sevenFiles() (files []file, names []string, want string) {
	for i := range 6 {
		f := file{fmt.Sprintf("p%d.jpg", i), photo(uint64(i), 30_000+i)}
		if i == 3 {
			f = file{"notes.txt", strings.Repeat("plate AB-123-CD ", 20_000)}
		}
		if i == 4 {
			f = file{"empty", ""}
		}
		files, names = append(files, f), append(names, f.name)
		want += fmt.Sprintf("%s %d \n", f.name, len(f.body))
	}
	return files, names, want
}

func TestRealSevens(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	files, names, want := sevenFiles()
	unread := func(cause string) string {
		all := ""
		for _, f := range files {
			if f.body == "" {
				all += f.name + " 0 \n"
			} else {
				all += f.name + " 0 " + cause + "\n"
			}
		}
		return all
	}
	for _, c := range []struct{ args, want, cause string }{
		{"", want, ""},
		{"-mx=9", want, ""},
		{"-mx=0", want, ""},
		{"-ms=off", want, ""},
		{"-m0=LZMA", want, ""},
		{"-m0=LZMA -mhc=off", want, ""},
		{"-m0=Deflate", want, ""},
		{"-m0=Deflate64", want, ""},
		{"-m0=BZip2", want, ""},
		{"-m0=Delta:4 -m1=LZMA2", want, ""},
		{"-m0=PPMd", unread("unsupported"), ""},
		{"-m0=BCJ2 -m1=LZMA2 -m2=LZMA -m3=LZMA -mb0:1 -mb0s1:2 -mb0s2:3", unread("unsupported"), ""},
		{"-psecret", unread("encrypted"), ""},
		{"-psecret -mhe=on", "", "encrypted"},
	} {
		dir := plant(t, files...)
		run(t, dir, "7zz", append(append([]string{"a", "-bso0"}, strings.Fields(c.args)...), append([]string{"x.7z"}, names...)...)...)
		b := readFile(t, dir, "x.7z")
		for name, open := range openers() {
			all, report := open(t, b, "x.7z", container.Options{})
			if got := sorted(lines(all)); got != sorted(c.want) || report.Cause != c.cause || report.Format != "7z" {
				t.Errorf("7z %s, %s: told\n%sreport %+v, want\n%s", c.args, name, got, report, c.want)
			}
		}
	}
}

// A listing costs the directory alone; a walk goes on in the middle of a solid
// folder; a dictionary above the limit is refused.
func TestSevenInParts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	files, names, want := sevenFiles()
	dir := plant(t, files...)
	run(t, dir, "7zz", append([]string{"a", "-bso0", "-mx=9", "x.7z"}, names...)...)
	b := readFile(t, dir, "x.7z")
	src := &reads{r: bytes.NewReader(b)}
	var sizes []string
	report, err := container.Walk(t.Context(), container.Source{Name: "x.7z", At: src, Size: int64(len(b))}, container.Options{List: true},
		func(m container.Member, body io.Reader) error {
			sizes = append(sizes, fmt.Sprintf("%s %d \n", m.Name, m.Size))
			if m.Size > 0 && m.CRC32 == nil {
				t.Errorf("%s: no CRC", m.Name)
			}
			return nil
		})
	if got := sorted(strings.Join(sizes, "")); err != nil || got != sorted(want) || src.n > 2000 {
		t.Errorf("listing: %s%+v %v, %d bytes read", got, report, err, src.n)
	}
	var got []told
	o := container.Options{}
	for range 20 {
		report, err := container.Walk(t.Context(), container.Source{At: bytes.NewReader(b), Size: int64(len(b))}, o, func(m container.Member, body io.Reader) error {
			whole, err := io.ReadAll(body)
			got = append(got, told{m, string(whole), err})
			return container.Enough
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.From = report.Next; o.From == 0 {
			break
		}
	}
	if lines := sorted(lines(got)); lines != sorted(want) {
		t.Errorf("one at a time: told\n%swant\n%s", lines, want)
	}
	all, _ := walk(t, b, "x.7z", container.Options{Limits: container.Limits{Window: 100 << 10}})
	if !strings.Contains(lines(all), "p0.jpg 0 limit_window") {
		t.Errorf("a small window: told\n%s", lines(all))
	}
	all, report = walk(t, b[:len(b)-10], "x.7z", container.Options{})
	if len(all) != 0 || report.Cause != "damaged" {
		t.Errorf("cut: told\n%s%+v", lines(all), report)
	}
}

// reads counts the bytes that are asked for.
type reads struct {
	r io.ReaderAt
	n int
}

func (s *reads) ReadAt(p []byte, at int64) (int, error) {
	n, err := s.r.ReadAt(p, at)
	s.n += n
	return n, err
}
