package container_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// document is a zip whose first member is not packed, as OpenDocument and EPUB
// want it.
func document(t testing.TB, kind string, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	if err == nil {
		_, err = io.WriteString(w, kind)
	}
	for _, f := range files {
		if err == nil {
			w, err = z.Create(f.name)
		}
		if err == nil {
			_, err = io.WriteString(w, f.body)
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOfficeDocuments(t *testing.T) {
	picture := string(jpegOf(t, 1))
	xml := `<?xml version="1.0"?><w:p><w:r><w:t>AB</w:t></w:r><w:r><w:t>-123</w:t></w:r></w:p>`
	ooxml := func(folder string) []byte {
		return zipOf(t, file{"[Content_Types].xml", "<Types/>"}, file{"_rels/.rels", "<r/>"}, file{folder + "/document.xml", xml}, file{folder + "/media/image1.jpeg", picture})
	}
	odf := func(kind string) []byte {
		return document(t, "application/"+kind, file{"content.xml", xml}, file{"Pictures/1.jpg", picture})
	}
	for _, c := range []struct {
		name, file, format string
		body               []byte
	}{
		{"word", "x.docx", "docx", ooxml("word")},
		{"sheet", "x.xlsx", "xlsx", ooxml("xl")},
		{"slides", "x.pptx", "pptx", ooxml("ppt")},
		{"word by another name", "download", "docx", ooxml("word")},
		{"slides that say they are word", "x.docx", "pptx", ooxml("ppt")},
		{"none of the three", "x", "zip", ooxml("other")},
		{"writer", "x", "odt", odf("vnd.oasis.opendocument.text")},
		{"calc", "x", "ods", odf("vnd.oasis.opendocument.spreadsheet")},
		{"impress", "x", "odp", odf("vnd.oasis.opendocument.presentation")},
		{"book", "x", "epub", odf("epub+zip")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for way, read := range map[string]func(testing.TB, []byte, string, container.Options) ([]told, container.Report){"at": walk, "stream": stream} {
				all, report := read(t, c.body, c.file, container.Options{})
				if report.Format != c.format || report.Cause != "" {
					t.Errorf("%s: got %+v, want format %s", way, report, c.format)
				}
				var found, text bool
				for _, m := range all {
					found = found || m.body == picture
					if out, _ := io.ReadAll(container.Text(strings.NewReader(m.body))); strings.Contains(string(out), "AB-123") {
						text = true
					}
				}
				if !found || !text {
					t.Errorf("%s: got picture %v, text %v, want both", way, found, text)
				}
			}
		})
	}
	inside, _ := walk(t, zipOf(t, file{"deck.pptx", string(ooxml("ppt"))}), "x.zip", container.Options{})
	if last := inside[len(inside)-1]; last.Name != "deck.pptx" || last.Format != "pptx" {
		t.Errorf("in a zip: got %q of format %q, want a deck", last.Name, last.Format)
	}
}

func TestEncryptedOpenDocument(t *testing.T) {
	body := document(t, "application/vnd.oasis.opendocument.text", file{"Pictures/1.jpg", "\x01\x02\x03random"}, file{"content.xml", "\x9a\x03\x77random"})
	_, report := walk(t, body, "x.odt", container.Options{})
	if report.Cause != "encrypted" {
		t.Errorf("got cause %q, want encrypted", report.Cause)
	}
}
