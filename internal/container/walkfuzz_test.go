package container_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
)

// fuzzLimits keep one run short.
func fuzzLimits() container.Limits {
	return container.Limits{Members: 2000, Total: 4 << 20, Memory: 4 << 20, Window: 1 << 20, Ratio: 200, Depth: 3}
}

// FuzzWalk: whatever the bytes, every way through them ends, within the limits,
// with clean names and causes of the list.
func FuzzWalk(f *testing.F) {
	files := []demo.File{{Name: "a/one.jpg", Body: []byte(photo(1, 200))}, {Name: "two.txt", Body: []byte(strings.Repeat("two", 90))}}
	seeds := [][]byte{
		demo.Zipped(files...), demo.Tar(files...), demo.Gzip("x", demo.Tar(files...)), demo.Bzip2(demo.Tar(files...)), demo.Xz(demo.Tar(files...), 10),
		demo.Zstd(demo.Tar(files...)), demo.Rar("", files...), demo.Rar("secret", files...), demo.SevenZip(demo.SevenZipHow{}, files...), xzBomb(),
		rawZip([]raw{{name: "m", method: 9, packed: deflated(f, []byte(strings.Repeat("deflate", 40)), flate.HuffmanOnly), size: 280}, stored("s", "s")}, true),
		rawZip([]raw{stored("s", "s"), stored("../t", "t")}, false), rawZip([]raw{stored("in.tar", string(demo.Tar(files...)))}, true),
	}
	seeds = append(seeds, demo.RarVolumes(400, files...)...)
	for _, s := range seeds {
		f.Add(s, byte(0))
		f.Add(s, byte(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		src := container.Source{Name: "x.zip", At: bytes.NewReader(b), Size: int64(len(b))}
		if how&1 != 0 {
			src = container.Source{Name: "x", Stream: bytes.NewReader(b), Size: -1}
		}
		if how&2 != 0 {
			half := len(b) / 2
			src = container.Join("x", []container.Part{{Name: "1", At: bytes.NewReader(b[:half]), Size: int64(half)},
				{Name: "2", At: bytes.NewReader(b[half:]), Size: int64(len(b) - half)}})
		}
		o := container.Options{Limits: fuzzLimits(), List: how&4 != 0}
		leaves, unpacked := 0, int64(0)
		report, err := container.Walk(t.Context(), src, o, func(m container.Member, body io.Reader) error {
			judgeMember(t, m, body, o)
			if m.Format == "" && !m.Dir {
				leaves++
			}
			if body != nil {
				n, err := io.Copy(io.Discard, body)
				unpacked += n
				if cause, why := container.CauseOf(err); cause != "" && why == "" {
					t.Errorf("%s: %v has no why", m.Name, err)
				}
			}
			return nil
		})
		switch {
		case err != nil:
			t.Fatal(err)
		case report.Members != leaves || report.Next != 0:
			t.Errorf("report %+v, and %d leaves were visited", report, leaves)
		case unpacked > o.Limits.Total+1<<20 || leaves > o.Limits.Members:
			t.Errorf("%d bytes of %d members", unpacked, leaves)
		case report.Cause != "" && report.Why == "":
			t.Errorf("report %+v has no why", report)
		}
		if how&3 == 0 {
			onward(t, src, o, report)
		}
	})
}

func judgeMember(t *testing.T, m container.Member, body io.Reader, o container.Options) {
	t.Helper()
	switch {
	case len(m.Name) > 4<<10 || !utf8.ValidString(m.Name) || strings.IndexFunc(m.Name, unicode.IsControl) >= 0:
		t.Errorf("name %q", m.Name)
	case body != nil && (o.List || m.Dir || m.Format != "" || m.Cause != "" && m.Cause != "bad_path"):
		t.Errorf("a body with %+v", m)
	case m.Cause != "" && m.Why == "", m.Size < -1, m.Packed < -1:
		t.Errorf("member %+v", m)
	}
}

// onward goes on after each member, and must see as many.
func onward(t *testing.T, src container.Source, o container.Options, once container.Report) {
	t.Helper()
	leaves := 0
	for range 5000 {
		report, err := container.Walk(t.Context(), src, o, func(m container.Member, _ io.Reader) error {
			if m.Format == "" && !m.Dir {
				leaves++
			}
			return container.Enough
		})
		if err != nil {
			t.Fatal(err)
		}
		if report.Next == 0 {
			if leaves < once.Members {
				t.Errorf("%d leaves one by one, %d at once: %+v", leaves, once.Members, once)
			}
			return
		}
		if report.Next <= o.From {
			i, within := container.Position(o.From)
			j, inner := container.Position(report.Next)
			if j < i || j == i && inner <= within {
				t.Fatalf("from %d.%d on to %d.%d", i, within, j, inner)
			}
		}
		o.From = report.Next
	}
	t.Fatal("it never ends")
}

// FuzzDeflate64: any bits end, and give no more than they can hold.
func FuzzDeflate64(f *testing.F) {
	f.Add(deflated(f, []byte(strings.Repeat("deflate", 400)), flate.HuffmanOnly))
	f.Add([]byte{1, 3, 0, 0xFC, 0xFF, 'a', 'b', 'c'})
	f.Fuzz(func(t *testing.T, packed []byte) {
		m := raw{name: "m", method: 9, packed: packed, size: 1 << 30}
		all, report := walk(t, rawZip([]raw{m}, true), "x.zip", container.Options{Limits: fuzzLimits()})
		if len(all) != 1 || int64(len(all[0].body)) > fuzzLimits().Total+1<<20 || all[0].err == nil && all[0].Cause == "" && all[0].Format == "" {
			t.Errorf("told %+v, report %+v", all, report)
		}
	})
}

// FuzzVolumes: every name is in one set at most, in its order.
func FuzzVolumes(f *testing.F) {
	f.Add("a.zip.001 a.zip.003 q.part2.rar old.rar old.r00 s.z01 s.zip")
	f.Fuzz(func(t *testing.T, joined string) {
		names := strings.Fields(joined)
		seen := map[string]bool{}
		for _, set := range container.Volumes(names) {
			if len(set.Parts) == 0 || len(set.Parts) > 2002 || set.Parts[len(set.Parts)-1] == "" {
				t.Errorf("%q: %q", joined, set)
			}
			for _, p := range set.Parts {
				if p != "" && (seen[p] || !strings.Contains(joined, p)) {
					t.Errorf("%q: %q twice, or from nowhere", joined, p)
				}
				seen[p] = p != ""
			}
		}
	})
}
