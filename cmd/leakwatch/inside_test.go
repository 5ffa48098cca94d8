package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
)

// boxed is a member of an archive that a test makes.
type boxed struct {
	name string
	data []byte
}

func zipped(t *testing.T, files ...boxed) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		out, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
		if err == nil {
			_, err = out.Write(f.data)
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

// encrypted turns the flag of every member of a zip to encrypted.
func encrypted(data []byte) []byte {
	data = bytes.Clone(data)
	for i := range len(data) - 10 {
		switch string(data[i : i+4]) {
		case "PK\x03\x04":
			data[i+6] |= 1
		case "PK\x01\x02":
			data[i+8] |= 1
		}
	}
	return data
}

// where is a line by its file and member.
func whereOf(path string, member *string) string {
	if member == nil {
		return filepath.Base(path)
	}
	return filepath.Base(path) + "!" + *member
}

// `hash` tells all that is in an archive, what it could not read included, and
// the archive behind it.
func TestHashGoesIntoArchives(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(2, 31)
	inner := zipped(t, boxed{"lane/b.jpg", photos[1].JPEG}, boxed{"readme.txt", []byte("hello")})
	box := zipped(t, boxed{"a.jpg", photos[0].JPEG}, boxed{"inner.zip", inner})
	dir := f.folder("files", map[string][]byte{"box.zip": box, "locked.zip": encrypted(zipped(t, boxed{"secret.jpg", photos[0].JPEG})), "z.jpg": photos[0].JPEG})
	alone := fieldLines[inspect.Print](t, f.run(0, "hash", "--json", filepath.Join(dir, "z.jpg")))[0]
	out := f.run(0, "hash", "--json", dir)
	var order []string
	prints := map[string]inspect.Print{}
	for _, p := range fieldLines[inspect.Print](t, out) {
		order = append(order, whereOf(p.Path, p.Member))
		prints[order[len(order)-1]] = p
	}
	want := []string{"box.zip!a.jpg", "box.zip!inner.zip!lane/b.jpg", "box.zip!inner.zip!readme.txt", "box.zip", "locked.zip!secret.jpg", "locked.zip", "z.jpg"}
	if !slices.Equal(order, want) {
		t.Errorf("hashed %q, want %q", order, want)
	}
	if p := prints["box.zip!a.jpg"]; p.SHA256 != alone.SHA256 || p.CRC32 != alone.CRC32 || *p.PDQ != *alone.PDQ || p.Ref != alone.Ref || p.Cause != nil {
		t.Errorf("in the archive %+v, alone %+v", p, alone)
	}
	if p := prints["box.zip"]; cellText(p.Format) != "zip" || cellText(p.Cause) != "not_a_picture" || p.Size != int64(len(box)) || len(p.SHA256) != 64 {
		t.Errorf("the archive itself is %+v", p)
	}
	if p := prints["locked.zip!secret.jpg"]; cellText(p.Cause) != "encrypted" || p.Size != int64(len(photos[0].JPEG)) || p.CRC32 != alone.CRC32 {
		t.Errorf("the encrypted member is %+v, want its size and CRC-32", p)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "secret.jpg") && !strings.Contains(line, `"sha256":null`) {
			t.Errorf("what was not read has a digest: %s", line)
		}
		var keys map[string]any
		if err := json.Unmarshal([]byte(line), &keys); err != nil || len(keys) != 15 {
			t.Errorf("%d keys, %v, want the 15 of the contract: %s", len(keys), err, line)
		}
	}
	for line := range strings.Lines(f.run(0, "hash", "--json", "--detail", "keypoints", dir)) {
		var keys map[string]any
		if err := json.Unmarshal([]byte(line), &keys); err != nil || len(keys) != 18 {
			t.Errorf("%d keys, %v, want 15 and the 3 of the detail: %.300s", len(keys), err, line)
		}
	}
	if text := f.run(0, "hash", filepath.Join(dir, "box.zip")); !strings.Contains(text, "box.zip!inner.zip!lane/b.jpg\n") {
		t.Errorf("hash prints\n%s", text)
	}
}

// A set is loaded from an archive as from a folder; what it lacks is said.
func TestLoadGoesIntoArchives(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(2, 31)
	box := zipped(t, boxed{"x/a.jpg", photos[0].JPEG}, boxed{"readme.txt", []byte("hello")}, boxed{"locked.zip", encrypted(zipped(t, boxed{"secret.jpg", photos[1].JPEG}))})
	dir := f.folder("files", map[string][]byte{"box.zip": box, "refs.csv": []byte("path,ref\nx/a.jpg,C-1\n"), "copy.png": mustEdit(t, photos[0], "png"), "zero.zip": zipped(t)})
	stdout, said, code := f.try("hashset", "load", "travellers", filepath.Join(dir, "box.zip"), "--refs", filepath.Join(dir, "refs.csv"), "--json")
	if code != 0 || !strings.Contains(stdout, `"entries":1`) || !strings.Contains(stdout, `"manifest_entries":1`) {
		t.Errorf("exit %d: %s%s", code, stdout, said)
	}
	for _, want := range []string{"box.zip!locked.zip!secret.jpg the set has name and size alone  (encrypted", "left out, for they are no pictures: 1 file"} {
		if !strings.Contains(said, want) {
			t.Errorf("load says\n%s, want %q in it", said, want)
		}
	}
	line := fieldLines[inspect.Line](t, f.run(exitFound, "match", "--json", filepath.Join(dir, "copy.png")))[0]
	if line.Verdict != "copy" || cellText(line.Ref) != "C-1" {
		t.Errorf("match gives %+v, want a copy of C-1", line)
	}
	if _, said, code := f.try("hashset", "load", "nothing", filepath.Join(dir, "zero.zip")); code == 0 {
		t.Errorf("an empty archive is loaded as a set: %s", said)
	}
}

func mustEdit(t *testing.T, p demo.Photo, form string) []byte {
	t.Helper()
	file, _ := editedPhoto(t, p.Image(), form)
	return file
}

// `match` looks into archives and documents: at pictures, texts, names, and at
// what they state.
func TestMatchGoesIntoArchives(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(12, 31)
	entries := map[string][]byte{}
	var copies []boxed
	for _, p := range photos[:10] {
		entries[filepath.Base(p.Name)] = p.JPEG
		copies = append(copies, boxed{"dump/" + filepath.Base(p.Name), p.JPEG})
	}
	refs := f.load("travellers", entries)
	f.loadSelectors("plates", []string{"KX42OLI", "ZZ987QQ"})
	inner := zipped(t, boxed{"lane/b.png", mustEdit(t, photos[0], "png")}, boxed{"list.csv", []byte("id,plate\n1,KX 42 OLI\n")})
	dir := f.folder("found", map[string][]byte{
		"box.zip":    zipped(t, boxed{"readme.txt", []byte("hello")}, boxed{"stranger.jpg", photos[11].JPEG}, boxed{"inner.zip", inner}, boxed{"page.jpg", []byte("<html>gone")}),
		"locked.zip": encrypted(zipped(t, copies...)),
		"paste.txt":  []byte("seen: zz-987-qq\n"),
		"novel.txt":  []byte("nothing at all\n"),
		"broken.zip": []byte("PK\x03\x04 and no more"),
	})
	got := map[string]string{}
	for _, l := range fieldLines[inspect.Line](t, f.run(exitFound, "match", "--json", dir)) {
		key := whereOf(l.Path, l.Member)
		got[key] += strings.TrimSpace(l.Verdict+" "+cellText(l.Cause)) + ";"
		switch l.Verdict {
		case "copy":
			if cellText(l.Ref) != refs[filepath.Base(photos[0].Name)] {
				t.Errorf("%s is a copy of %s", key, cellText(l.Ref))
			}
		case "manifest":
			if *l.Agree != 10 || *l.Of != 10 || l.Ref != nil || l.Frame != nil {
				t.Errorf("%s: %+v, want 10 of 10 lines", key, l)
			}
		case "selector":
			if *l.Count != 1 || len(l.Samples) != 1 || !strings.Contains(l.Samples[0], "•") {
				t.Errorf("%s: %+v, want one selector, masked", key, l)
			}
		}
	}
	want := map[string]string{
		"box.zip!stranger.jpg": "none -;", "box.zip!inner.zip!lane/b.png": "copy -;", "box.zip!inner.zip!list.csv": "selector -;",
		"box.zip!page.jpg": "none not_a_picture;", "box.zip": "none -;", "locked.zip": "manifest -;",
		"paste.txt": "selector -;", "novel.txt": "none not_a_picture;", "broken.zip": "none damaged;",
	}
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s: %q, want %q", key, got[key], want[key])
		}
	}
	shut := 0
	for key, line := range got {
		if strings.HasPrefix(key, "locked.zip!") && line == "none encrypted;" {
			shut++
		} else if _, known := want[key]; !known {
			t.Errorf("and %s: %s", key, line)
		}
	}
	if shut != 10 {
		t.Errorf("%d lines of encrypted members, want 10", shut)
	}
	text := f.run(exitFound, "match", filepath.Join(dir, "locked.zip"), filepath.Join(dir, "paste.txt"))
	if !strings.Contains(text, "locked.zip  set travellers v1  10 of 10 names and sizes") || !strings.Contains(text, "set plates v1  1 selector: ") {
		t.Errorf("match prints\n%s", text)
	}
}

// The volumes of one archive in a folder are one archive, and a missing one is
// named.
func TestVolumesInAFolderAreOneArchive(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(3, 31)
	f.load("travellers", map[string][]byte{"a": photos[0].JPEG, "b": photos[1].JPEG, "c": photos[2].JPEG})
	box := zipped(t, boxed{"a.jpg", photos[0].JPEG}, boxed{"b.jpg", photos[1].JPEG}, boxed{"c.jpg", photos[2].JPEG})
	third := len(box)/3 + 1
	parts := map[string][]byte{"x.zip.001": box[:third], "x.zip.002": box[third : 2*third], "x.zip.003": box[2*third:]}
	dir := f.folder("whole", parts)
	exact := 0
	for _, l := range fieldLines[inspect.Line](t, f.run(exitFound, "match", "--json", dir)) {
		if l.Verdict == "exact" && filepath.Base(l.Path) == "x.zip.001" {
			exact++
		}
	}
	if exact != 3 {
		t.Errorf("%d of 3 pictures found in the volumes", exact)
	}
	if err := os.Remove(filepath.Join(dir, "x.zip.002")); err != nil {
		t.Fatal(err)
	}
	out, _, _ := f.try("match", "--json", dir)
	const why = `"cause":"split","why":"volume 2 of 3 is missing`
	if strings.Count(out, why) != 3 || !strings.Contains(out, `"agree":3,"of":3`) || !strings.Contains(out, `"verdict":"copy"`) || strings.Contains(out, "x.zip.003") {
		t.Errorf("with a volume missing match prints\n%s", out)
	}
	if out := f.run(exitFound, "match", "--json", filepath.Join(dir, "x.zip.003")); strings.Count(out, why) != 3 {
		t.Errorf("asked for its last volume match prints\n%s", out)
	}
	if out := f.run(0, "hash", dir); !strings.Contains(out, "(split: volume 2 of 3 is missing") {
		t.Errorf("with a volume missing hash prints\n%s", out)
	}
}

// Who has had enough of a large archive stops its reading.
func TestWalkIntoStops(t *testing.T) {
	f := newFieldWorld(t)
	var files []boxed
	for range 50 {
		files = append(files, boxed{"a.txt", []byte("x")})
	}
	path := filepath.Join(f.folder("files", map[string][]byte{"a.zip": zipped(t, files...)}), "a.zip")
	n := 0
	for p, err := range pieces(context.Background(), func(yield func(string, error) bool) { _ = yield(path, nil) && yield(path, nil) }, everything{}) {
		if err != nil || p.path != path {
			t.Fatalf("%+v, %v", p, err)
		}
		if n++; n == 10 {
			break
		}
	}
	if n != 10 {
		t.Errorf("%d pieces, want 10", n)
	}
}

// Of a member that is neither picture nor text, `match` holds no more than its
// first bytes, be it as long as it likes.
func TestMatchReadsNoMoreThanItLooksAt(t *testing.T) {
	for _, want := range []struct {
		begin  string
		length int64
		read   int64
	}{{"\x00\x01\x02", 32 << 20, 512}, {"plain words", 1 << 20, 1 << 20}, {"\xff\xd8\xff\xe0", 1 << 20, 1 << 20}} {
		left := &io.LimitedReader{R: io.MultiReader(strings.NewReader(want.begin), endless{}), N: want.length}
		p, wanted, err := (&comparing{}).member(t.Context(), container.Member{Name: "a.bin"}, left)
		if err != nil || want.length-left.N != want.read || wanted != (want.read > 512) || wanted && int64(len(p.data)) != want.length {
			t.Errorf("%q: read %d, wanted %v, %v; want %d read", want.begin, want.length-left.N, wanted, err, want.read)
		}
	}
}

// endless reads as a text without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// everything is a reader that wants all names.
type everything struct{}

func (everything) member(_ context.Context, m container.Member, _ io.Reader) (piece, bool, error) {
	return piece{member: m.Name}, true, nil
}

func (everything) inner(m container.Member, _ []container.Line) (piece, bool) {
	return piece{member: m.Name}, true
}
