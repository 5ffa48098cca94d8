package container_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
)

// testdata/office are of LibreOffice 7.4, with two pictures of these digests.
const (
	officeJPEG = "1607e890"
	officePNG  = "823e27aa"
)

func office(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "office", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

func TestOldOffice(t *testing.T) {
	for _, c := range []struct{ file, format, text string }{
		{"t.doc", "doc", "Seen plate AB-123 and Kennzeichen ÄB 456."},
		{"t.xls", "xls", "Kennzeichen ÄB 456"},
	} {
		all, report := stream(t, office(t, c.file), c.file, container.Options{})
		if report.Format != c.format || report.Cause != "" {
			t.Errorf("%s: got %+v, want format %s", c.file, report, c.format)
		}
		found, text := map[string]bool{}, false
		for _, m := range all {
			found[sumOf(m.body)] = true
			text = text || strings.Contains(m.body, c.text)
		}
		if !found[officeJPEG] || !found[officePNG] || !text {
			t.Errorf("%s: got JPEG %v, PNG %v, text %v, want all", c.file, found[officeJPEG], found[officePNG], text)
		}
	}
}

// blip is a picture as a record of Office, with one digest.
func blip(instance, kind uint16, head int, body []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, instance<<4)
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(16+head+len(body)))
	return append(append(b, make([]byte, 16+head)...), body...)
}

func TestPicturesInStreams(t *testing.T) {
	j, p := jpegOf(t, 1), pngOf(t, 2)
	bitmap := make([]byte, 40+3*16)
	bitmap[0], bitmap[4], bitmap[8], bitmap[12], bitmap[14] = 40, 4, 4, 1, 24
	for _, c := range []struct {
		name, stream string
		body         []byte
		want         string
	}{
		{"records", "Pictures", bytes.Join([][]byte{blip(0x46a, 0xf01d, 1, j), blip(0x3d4, 0xf01a, 34, p), blip(0x6e0, 0xf01e, 1, p), blip(0x7a8, 0xf01f, 1, bitmap)}, nil), "Pictures-1.jpg Pictures-2.emf:unsupported Pictures-3.png Pictures-4.bmp"},
		{"loose", "Data", append(append(append(bytes.Repeat([]byte{1, 0xff}, 34), j...), 0, 0xff, 0xd8, 0xff, 0xe0), p...), "Data-1.jpg Data-2.png"},
		{"a file of its own", "__substg1.0_37010102", j, "__substg1.0_37010102"},
		{"an archive of its own", "Package", zipOf(t, file{"a.jpg", string(j)}), "Package!a.jpg Package"},
		{"a password", "EncryptedPackage", []byte("x"), ":encrypted"},
		{"nothing", "Data", []byte("nothing"), ""},
	} {
		body := demo.OLE(c.stream, c.body)
		all, report := walk(t, body, "x", container.Options{})
		var got []string
		for _, m := range all {
			name := m.Name
			if m.Cause != "" {
				name += ":" + m.Cause
			}
			got = append(got, name)
			if strings.HasSuffix(m.Name, ".jpg") && m.body != string(j) || strings.HasSuffix(m.Name, ".png") && m.body != string(p) {
				t.Errorf("%s: %s has %d bytes, and not those that were written", c.name, m.Name, len(m.body))
			}
			if strings.HasSuffix(m.Name, ".bmp") && !strings.HasPrefix(m.body, "BM") {
				t.Errorf("%s: the bitmap begins with %q", c.name, m.body[:8])
			}
		}
		if report.Cause != "" {
			got = append(got, ":"+report.Cause)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Chains that lead into themselves or out of the file end, and what is whole is
// found all the same.
func TestCompoundFilesThatLie(t *testing.T) {
	j := jpegOf(t, 1)
	whole := demo.OLE("Pictures", append(blip(0x46a, 0xf01d, 1, j), make([]byte, 8000)...))
	for name, harm := range map[string]func(b []byte){
		"a chain into itself": func(b []byte) { binary.LittleEndian.PutUint32(b[512+4*5:], 2) },
		"a chain out of it":   func(b []byte) { binary.LittleEndian.PutUint32(b[512+4*5:], 0xffff) },
		"a directory nowhere": func(b []byte) { binary.LittleEndian.PutUint32(b[48:], 0xffff00) },
		"sectors of 2^40":     func(b []byte) { b[30] = 40 },
		"tables in a circle": func(b []byte) {
			binary.LittleEndian.PutUint32(b[68:], 0)
			binary.LittleEndian.PutUint32(b[512+508:], 0)
		},
		"a stream of 4 GiB":      func(b []byte) { binary.LittleEndian.PutUint32(b[2*512+128+120:], 0xffffffff) },
		"small streams of 4 GiB": func(b []byte) { binary.LittleEndian.PutUint32(b[56:], 0xffffffff) },
	} {
		b := bytes.Clone(whole)
		harm(b)
		all, report := walk(t, b, "x", container.Options{Limits: container.Limits{Memory: 8 << 20}})
		found, told := false, report.Cause != ""
		for _, m := range all {
			found = found || m.body == string(j)
			told = told || m.Cause != ""
		}
		if !found && !told {
			t.Errorf("%s: neither a picture nor a cause: %s %+v", name, lines(all), report)
		}
	}
}

func FuzzOLE(f *testing.F) {
	f.Add(demo.OLE("Pictures", blip(0x46a, 0xf01d, 1, jpegOf(f, 1))))
	f.Add(demo.OLE("WordDocument", []byte("plate AB-123 p\x00l\x00a\x00t\x00e\x00")))
	f.Add(office(f, "t.xls"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, report := walk(t, body, "x", container.Options{Limits: container.Limits{Memory: 16 << 20, Depth: 1}})
		if report.Format == "" && len(all) > 0 {
			t.Error("members of no container")
		}
	})
}

// A search for pictures takes no longer than its bytes are worth, and a PNG that is
// cut hides nothing behind it.
func TestOldOfficeHides(t *testing.T) {
	jpeg := demo.Set(1, 3)[0].JPEG
	cut := append([]byte("\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR"), make([]byte, 40)...)
	all, _ := walk(t, demo.OLE("Data", slices.Concat(make([]byte, 40), cut, jpeg)), "x.doc", container.Options{})
	found := false
	for _, m := range all {
		found = found || m.body == string(jpeg)
	}
	if !found {
		t.Errorf("the picture behind a PNG that is cut is not told:\n%s", lines(all))
	}

	const step = "\xff\xe0\x00\x0a\xff\xd8\xff\xe0\x00\x04.." // a segment in which another picture begins, that leads on as it does
	began := time.Now()
	_, report := walk(t, demo.OLE("Data", []byte(strings.Repeat(step, 120_000))), "x.doc", container.Options{})
	if took := time.Since(began); took > 5*time.Second && !raceDetector || report.Cause != "damaged" {
		t.Errorf("chains of segments: %v, report %+v", took, report)
	}
}
