package main

import (
	"bytes"
	enc "encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
)

// Files as cameras, scanners and careless programs write them are found by
// `match`, and what no one can read has a cause.
func TestMatchOddFiles(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(2, 13)
	photo := photos[0]
	refs := f.load("field", map[string][]byte{photo.Name: photo.JPEG, photos[1].Name: photos[1].JPEG})
	whole, _ := editedPhoto(t, photo.Image(), "png")
	banded, _ := editedPhoto(t, photo.Image(), "jpeg-q30")
	files := map[string]struct {
		data           []byte
		verdict, cause string
	}{
		"same.jpg":       {photo.JPEG, "exact", ""},
		"no-tables.jpg":  {withoutSegments(photo.JPEG, 0xc4), "copy", ""}, // motion JPEG: the standard Huffman tables are left out
		"no-end.jpg":     {slices.Concat(bytes.TrimSuffix(photo.JPEG, []byte{0xff, 0xd9}), make([]byte, 200)), "copy", ""},
		"cut.jpg":        {photo.JPEG[:len(photo.JPEG)*95/100], "copy", "partial"},
		"late-lines.jpg": {lateLines(banded), "copy", ""},
		"no-end.png":     {whole[:len(whole)-12], "copy", ""},
		"bad-sum.png":    {badSum(whole), "copy", ""},
		"opaque.png":     {opaque(t, photo.Image()), "copy", ""},
		"clear.png":      {blank(t, photo.Image()), "none", "flat"},
		"words.jpg":      {[]byte("<html>not here any more</html>"), "none", "not_a_picture"},
		"head.jpg":       {photo.JPEG[:30], "none", "damaged"},
	}
	bodies := map[string][]byte{}
	for name, file := range files {
		bodies[name] = file.data
	}
	lines := fieldLines[inspect.Line](t, f.run(exitFound, "match", "--json", f.folder("odd", bodies)))
	if len(lines) != len(files) {
		t.Errorf("%d lines for %d files", len(lines), len(files))
	}
	for _, l := range lines {
		want := files[filepath.Base(l.Path)]
		if cause := strings.TrimPrefix(cellText(l.Cause), "-"); l.Verdict != want.verdict || cause != want.cause {
			t.Errorf("%s: %s, cause %q, want %s, %q", filepath.Base(l.Path), l.Verdict, cause, want.verdict, want.cause)
		}
		if want.verdict != "none" && cellText(l.Ref) != refs[photo.Name] {
			t.Errorf("%s: ref %s, want %s", filepath.Base(l.Path), cellText(l.Ref), refs[photo.Name])
		}
	}
	quiet := f.folder("quiet", map[string][]byte{"a.jpg": bodies["words.jpg"]})
	f.run(0, "match", quiet)
	f.run(exitFailure, "match", quiet, filepath.Join(f.dir, "nowhere"))
	f.run(exitFound, "match", filepath.Join(f.dir, "odd", "same.jpg"), filepath.Join(f.dir, "nowhere"))
}

// Another picture of an entry's camera counts as found.
func TestMatchKin(t *testing.T) {
	f, photo := newFieldWorld(t), demo.Set(1, 13)[0]
	found := f.folder("found", map[string][]byte{"a.jpg": photo.JPEG})
	print := fieldLines[inspect.Print](t, f.run(0, "hash", "--json", found))[0]
	list := "ref,pdq,quality\n"
	for ref, at := range []int{0, 100, 140} { // 40 bits from the picture, and the others 20 bits from that one
		h := *print.PDQ
		for bit := range 40 {
			h[bit/8] ^= 1 << (bit % 8)
		}
		for bit := at; at > 0 && bit < at+20; bit++ {
			h[bit/8] ^= 1 << (bit % 8)
		}
		list += fmt.Sprintf("camera-%d,%s,90\n", ref, h)
	}
	f.run(0, "hashset", "load", "kin", filepath.Join(f.folder("list", map[string][]byte{"list.csv": []byte(list)}), "list.csv"))
	if got := fieldLines[inspect.Line](t, f.run(exitFound, "match", "--json", found)); len(got) != 1 || got[0].Verdict != "kin" {
		t.Errorf("got %+v, want kin", got)
	}
}

// withoutSegments leaves out the segments with a marker, up to the scan.
func withoutSegments(file []byte, marker byte) []byte {
	out, rest := file[:2:2], file[2:]
	for rest[1] != 0xda {
		n := 2 + int(enc.BigEndian.Uint16(rest[2:]))
		if rest[1] != marker {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return append(out, rest...)
}

// lateLines says the height behind the scan (DNL), as some scanners do.
func lateLines(file []byte) []byte {
	at := bytes.Index(file, []byte{0xff, 0xc0})
	out := bytes.Clone(bytes.TrimSuffix(file, []byte{0xff, 0xd9}))
	height := bytes.Clone(out[at+5 : at+7])
	out[at+5], out[at+6] = 0, 0
	return append(append(append(out, 0xff, 0xdc, 0, 4), height...), 0xff, 0xd9)
}

// badSum puts a text chunk with a wrong check sum behind the header.
func badSum(file []byte) []byte {
	const header = 8 + 25
	return append(append(bytes.Clone(file[:header]), "\x00\x00\x00\x03tEXta\x00bxxxx"...), file[header:]...)
}

// opaque is a picture with an alpha channel that hides nothing.
func opaque(t *testing.T, img image.Image) []byte {
	t.Helper()
	p := image.NewNRGBA(img.Bounds())
	draw.Draw(p, p.Rect, img, p.Rect.Min, draw.Src)
	p.SetNRGBA(0, 0, color.NRGBA{200, 200, 200, 254}) // else the encoder leaves the channel out
	return pngOf(t, p)
}

// blank is a picture of which nothing can be seen.
func blank(t *testing.T, img image.Image) []byte {
	t.Helper()
	p := image.NewNRGBA(img.Bounds())
	draw.Draw(p, p.Rect, img, p.Rect.Min, draw.Src)
	for i := 3; i < len(p.Pix); i += 4 {
		p.Pix[i] = 0
	}
	return pngOf(t, p)
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
