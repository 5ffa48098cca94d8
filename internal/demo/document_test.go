package demo

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestOfficeKeepsPicturesAndText(t *testing.T) {
	picture := File{"image1.jpeg", Stranger(1, 1).JPEG}
	for _, kind := range []string{"docx", "xlsx", "pptx", "odt", "odp", "epub"} {
		file := Office(kind, []string{"a < line\tand a cell"}, picture)
		r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got, text := []byte(nil), false
		for _, m := range r.File {
			in, err := m.Open()
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			body, err := io.ReadAll(in)
			if err != nil {
				t.Errorf("%s: %s: %v", kind, m.Name, err)
			}
			if m.Name == MediaFolder(kind)+picture.Name {
				got = body
			}
			text = text || bytes.Contains(body, []byte("a &lt; line"))
		}
		if !bytes.Equal(got, picture.Body) || !text {
			t.Errorf("%s: picture of %d bytes, text there: %t", kind, len(got), text)
		}
	}
}

// What stands at each place of the table is the object of that number.
func TestPDFTable(t *testing.T) {
	set := Set(2, 1)
	file := PDF(false, []string{"(one)"}, PDFPicture{set[0].JPEG, PDFJPEG}, PDFPicture{set[1].JPEG, PDFFlate})
	rows := regexp.MustCompile(`(\d{10}) 00000 [nf] `).FindAllSubmatch(file, -1)
	found := 0
	for n, row := range rows {
		at := 0
		fmt.Sscanf(string(row[1]), "%d", &at)
		if at > 0 && bytes.HasPrefix(file[at:], fmt.Appendf(nil, "%d 0 obj\n", n+1)) {
			found++
		}
	}
	if found != 7 { // the page tree of 4, its text, two pictures
		t.Errorf("%d objects stand where the table says, want 7", found)
	}
	if compact := PDF(true, []string{"(one)"}, PDFPicture{set[0].JPEG, PDFJPEG}); !bytes.Contains(compact, set[0].JPEG) || bytes.Contains(compact, []byte("/Catalog")) {
		t.Error("a compact one keeps no picture, or a tree that can be read")
	}
}

func TestMailIsReadByTheLibrary(t *testing.T) {
	file := File{"a.jpg", Stranger(1, 1).JPEG}
	for name, message := range map[string][]byte{"mail": Mail("subject", []string{"ein Wört"}, file), "mhtml": MHTML("page", []string{"ein Wört"}, file)} {
		m, err := mail.ReadMessage(bytes.NewReader(message))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := multipart.NewReader(m.Body, params["boundary"])
		text, err := r.NextPart()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(text); err != nil || !strings.Contains(string(got), "ein Wört") {
			t.Errorf("%s: text %q, %v", name, got, err)
		}
		if p, err := r.NextPart(); err != nil || p.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: no picture: %v", name, err)
		}
	}
	if got := Mbox(Mail("1", []string{"From me"}), Mail("2", nil)); bytes.Count(got, []byte("\nFrom "))+1 != 2 {
		t.Error("an mbox of two has not two beginnings")
	}
}

func TestOLEKeepsItsStreamWhole(t *testing.T) {
	body := Stranger(1, 1).JPEG
	if file := OLE("WordDocument", body); !bytes.Contains(file, body) || len(file)%512 != 0 {
		t.Errorf("%d bytes, the stream is whole: %t", len(file), bytes.Contains(file, body))
	}
}

func TestTorrent(t *testing.T) {
	file := Torrent("dump", FileSize{"a/b.jpg", 100}, FileSize{"c.jpg", 5 << 20})
	for _, part := range []string{"6:lengthi100e4:pathl1:a5:b.jpge", "6:lengthi5242880e4:pathl5:c.jpge", "4:name4:dump", "6:pieces40:"} {
		if !bytes.Contains(file, []byte(part)) {
			t.Errorf("no %q in %q", part, file)
		}
	}
	link := Magnet(file, "a dump", 3)
	sum := fmt.Sprintf("%x", sha1.Sum(file[bytes.Index(file, []byte("4:info"))+6:len(file)-1]))
	if !slices.Equal(strings.Split(link, "&"), []string{"magnet:?xt=urn:btih:" + sum, "dn=a+dump", "xl=3"}) {
		t.Errorf("magnet %q", link)
	}
}
