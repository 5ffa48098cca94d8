package container_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

func TestVolumes(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"a.zip.001 b.txt a.zip.003 a.zip.002", "a.zip: a.zip.001 a.zip.002 a.zip.003"},
		{"a.zip.003 a.zip.001", "a.zip: a.zip.001 - a.zip.003"},
		{"http://x/d/q.7z.001 http://x/e/q.7z.002", "http://x/d/q.7z: http://x/d/q.7z.001; http://x/e/q.7z: - http://x/e/q.7z.002"},
		{"q.part2.rar q.part1.rar q.part10.rar", "q.rar: q.part1.rar q.part2.rar - - - - - - - q.part10.rar"},
		{"q.PART01.RAR q.part02.rar", "q.rar: q.PART01.RAR q.part02.rar"},
		{"old.r01 old.rar old.r00", "old.rar: old.rar old.r00 old.r01"},
		{"old.r00", "old.rar: - old.r00"},
		{"s.zip s.z02 s.z01", "s.zip: s.z01 s.z02 s.zip"},
		{"lone.zip lone.rar photo.001 a.jpg.001", ""},
		{"x.zip.9999 x.zip.000", ""},
		{"x.zip.001 x.zip.001", "x.zip: x.zip.001"},
	} {
		var all []string
		for _, set := range container.Volumes(strings.Fields(c.names)) {
			line := set.Name + ":"
			for _, p := range set.Parts {
				if p == "" {
					p = "-"
				}
				line += " " + p
			}
			all = append(all, line)
		}
		if got := strings.Join(all, "; "); got != c.want {
			t.Errorf("volumes of %s: %s, want %s", c.names, got, c.want)
		}
	}
}

// Many names of a last volume each do not make a list of all that are missing, and
// do not hide the sets that miss none.
func TestManyLoneVolumes(t *testing.T) {
	names := []string{"a.zip.001", "a.zip.002"}
	for i := range 20_000 {
		names = append(names, fmt.Sprintf("http://x/%d.zip.2000", i))
	}
	parts := 0
	sets := container.Volumes(append(names, "z.zip.001", "z.zip.002"))
	for _, set := range sets {
		parts += len(set.Parts)
	}
	if last := sets[len(sets)-1]; parts > 250_000 || sets[0].Name != "a.zip" || last.Name != "z.zip" {
		t.Errorf("%d sets of %d parts, the last of them %s", len(sets), parts, last.Name)
	}
}

// volumesOf opens the files of a folder that are volumes of one archive.
func volumesOf(t *testing.T, dir, pattern string) container.Source {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	sets := container.Volumes(paths)
	if len(sets) != 1 {
		t.Fatalf("volumes of %v: %v", paths, sets)
	}
	var parts []container.Part
	for _, p := range sets[0].Parts {
		part := container.Part{Name: p}
		if p != "" {
			b := readFile(t, p)
			part.At, part.Size = bytes.NewReader(b), int64(len(b))
		}
		parts = append(parts, part)
	}
	return container.Join(sets[0].Name, parts)
}

func TestRealVolumes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	var files []file
	var names []string
	want := ""
	for i := range 5 {
		f := file{fmt.Sprintf("p%d.jpg", i), photo(uint64(i), 40_000)}
		files, names = append(files, f), append(names, f.name)
		want += fmt.Sprintf("%s %d \n", f.name, len(f.body))
	}
	for _, c := range []struct{ args, pattern, gone string }{
		{"zip -q -s 64k x.zip", "x.z*", "x.z02"},
		{"7zz a -bso0 -tzip -v64k x.zip", "x.zip.*", "x.zip.002"},
		{"7zz a -bso0 -mx=0 -v64k x.7z", "x.7z.*", "x.7z.002"},
	} {
		dir := plant(t, files...)
		args := strings.Fields(c.args)
		run(t, dir, args[0], append(args[1:], names...)...)
		all, report := walkSource(t, volumesOf(t, dir, c.pattern), container.Options{})
		if got := lines(all); got != want || report.Cause != "" {
			t.Errorf("%s: told\n%sreport %+v, want\n%s", c.args, got, report, want)
		}
		if err := os.Remove(filepath.Join(dir, c.gone)); err != nil {
			t.Fatal(err)
		}
		all, report = walkSource(t, volumesOf(t, dir, c.pattern), container.Options{})
		whole, split := 0, 0
		for _, m := range all {
			cause, _ := container.CauseOf(m.err)
			switch {
			case m.Cause == "split" || cause == "split":
				split++
			case m.Cause == "" && m.body == files[m.Index].body:
				whole++
			default:
				t.Errorf("%s, volume missing: %s %s %v", c.args, m.Name, m.Cause, m.err)
			}
		}
		if len(all) != len(files) || whole < 2 || split < 1 {
			t.Errorf("%s, volume missing: %d of %d whole, %d split, report %+v", c.args, whole, len(files), split, report)
		}
	}
}

// One volume alone says so, first or later ones (C27).
func TestLoneVolume(t *testing.T) {
	b := zipOf(t, file{"a", strings.Repeat("a", 100)}, file{"b", photo(1, 5000)}, file{"c", "c"})
	all, report := walk(t, b[:3000], "dump.zip.001", container.Options{})
	if len(all) == 0 || all[0].body == "" || report.Cause != "split" {
		t.Errorf("first: told\n%sreport %+v", lines(all), report)
	}
	all, report = walk(t, b[3000:], "dump.zip.002", container.Options{})
	if len(all) != 0 || report.Cause != "split" || container.Sniff(b[3000:], "dump.zip.002") != "volume" {
		t.Errorf("second: told\n%sreport %+v", lines(all), report)
	}
	if format := container.Sniff([]byte(photo(1, 600)), "x.zip.002"); format != "" {
		t.Errorf("a picture with a volume's name is a %s", format)
	}
}
