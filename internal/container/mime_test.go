package container_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
)

// letter is a mail with a text and two pictures, one of them in a multipart of
// its own.
func letter(t testing.TB, subject string) string {
	t.Helper()
	return strings.ReplaceAll(`Return-Path: <a@example.onion>
From: A <a@example.onion>
To: b@example.onion
Subject: =?UTF-8?B?`+base64.StdEncoding.EncodeToString([]byte(subject))+`?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_outer"

preamble
--=_outer
Content-Type: multipart/related;
 boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

plate AB=2D123 and a long line that is cut =
here
--inner
Content-Type: image/jpeg
Content-Transfer-Encoding: base64
Content-ID: <1>

`+wrapped(base64.StdEncoding.EncodeToString(jpegOf(t, 1)), 76, "\n")+`

--inner--
--=_outer
Content-Type: application/octet-stream
Content-Transfer-Encoding: BASE64
Content-Disposition: attachment; filename="=?ISO-8859-1?Q?gr=FC=DFe.png?="

`+wrapped(base64.StdEncoding.EncodeToString(pngOf(t, 2)), 60, "\n")+`
--=_outer--
`, "\n", "\r\n")
}

func TestMail(t *testing.T) {
	all, report := stream(t, []byte(letter(t, "Kennzeichen ÄB 12")), "x", container.Options{})
	want := fmt.Sprintf("header.txt 77 \npart-1.txt 45 \npart-2.jpg %d \ngrüße.png %d \n", len(jpegOf(t, 1)), len(pngOf(t, 2)))
	if got := lines(all); got != want || report.Format != "mail" || report.Cause != "" {
		t.Errorf("got %q and %+v, want %q", got, report, want)
	}
	if !strings.Contains(all[0].body, "Subject = Kennzeichen ÄB 12\n") {
		t.Errorf("header %q lacks the subject as people read it", all[0].body)
	}
	if got, want := all[1].body, "plate AB-123 and a long line that is cut here"; strings.TrimSpace(got) != want {
		t.Errorf("got text %q, want %q", got, want)
	}
	if all[2].body != string(jpegOf(t, 1)) || all[3].body != string(pngOf(t, 2)) {
		t.Error("the pictures are not what was sent")
	}
}

func TestMailsInOneFile(t *testing.T) {
	one := strings.ReplaceAll(letter(t, "one"), "\r\n", "\n")
	box := "From a@example.onion Thu May 23 10:11:12 2019\n" + one + "\nFrom b@example.onion Thu May 23 10:11:13 2019\nSubject: x\nFrom: c\nMessage-ID: <x>\n\nFrom here on it is text.\n>From too\n\nFrom c Thu May 23 10:11:14 2019\n" + one
	all, report := walk(t, []byte(box), "x", container.Options{})
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	want := "message-1/header.txt message-1/part-1.txt message-1/part-2.jpg message-1/grüße.png message-2/header.txt message-2/part-1.txt message-3/header.txt message-3/part-1.txt message-3/part-2.jpg message-3/grüße.png"
	if got := strings.Join(names, " "); got != want || report.Format != "mbox" {
		t.Errorf("got %q as %s, want %q", got, report.Format, want)
	}
	if all[8].body != string(jpegOf(t, 1)) {
		t.Error("the picture of the third mail is not what was sent")
	}
}

func TestSavedPage(t *testing.T) {
	page := "From: <Saved by Blink>\r\nSnapshot-Content-Location: http://example.onion/gallery/\r\nSubject: Gallery\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"----MultipartBoundary--x----\"\r\n\r\n\r\n" +
		"------MultipartBoundary--x----\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: http://example.onion/gallery/index.html\r\n\r\n<html><img src=3D\"a.jpg\"></html>\r\n" +
		"------MultipartBoundary--x----\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\nContent-Location: http://example.onion/gallery/a.jpg?x=1\r\n\r\n" + base64.StdEncoding.EncodeToString(jpegOf(t, 1)) + "\r\n" +
		"------MultipartBoundary--x----\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nContent-Location: http://example.onion/gallery/b.png\r\n\r\n" + string(pngOf(t, 2)) + "\r\n------MultipartBoundary--x------\r\n"
	all, report := walk(t, []byte(page), "x.mhtml", container.Options{})
	want := fmt.Sprintf("header.txt 100 \nindex.html 30 \na.jpg %d \nb.png %d \n", len(jpegOf(t, 1)), len(pngOf(t, 2)))
	if got := lines(all); got != want || report.Cause != "" {
		t.Errorf("got %q and %+v, want %q", got, report, want)
	}
}

func TestMailsThatAreBroken(t *testing.T) {
	header := "From: a\r\nSubject: b\r\nMIME-Version: 1.0\r\n"
	nested := header
	for i := range 40 {
		nested += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for _, c := range []struct{ name, body, cause string }{
		{"cut off", letter(t, "x")[:1400], "damaged"},
		{"a header without end", header + strings.Repeat("X-A: b\r\n", 100_000), "limit_header"},
		{"a line without end", header + "X: " + strings.Repeat("x", 1<<20), "limit_header"},
		{"nested", nested, "limit_nesting"},
		{"wrong boundary", header + "Content-Type: multipart/mixed; boundary=\"a\r\n\r\ntext\r\n", "damaged"},
		{"no parts", header + "Content-Type: multipart/mixed; boundary=never\r\n\r\ntext\r\n", "damaged"},
	} {
		if _, report := stream(t, []byte(c.body), "x.eml", container.Options{}); report.Cause != c.cause {
			t.Errorf("%s: got %q (%s), want %q", c.name, report.Cause, report.Why, c.cause)
		}
	}
}

// A header in very many lines costs no more than it is long.
func TestFoldedHeader(t *testing.T) {
	one := "From a@b Wed Jun 12 08:30:00 2019\nFrom: a\nTo: b\nSubject: x\n  y\nX: a\n" + strings.Repeat(" a\n", 80_000) + "\nbody\n\n"
	began := time.Now()
	all, report := walk(t, []byte(strings.Repeat(one, 10)), "x.mbox", container.Options{})
	if len(all) != 20 || report.Cause != "" || !strings.Contains(all[0].body, "Subject = x y\n") {
		t.Errorf("told\n%sreport %+v", lines(all), report)
	}
	if took := time.Since(began); took > 3*time.Second && !raceDetector {
		t.Errorf("took %v", took)
	}
}

func TestWhatIsNoMail(t *testing.T) {
	for _, body := range []string{"", "Dear all:\nplease read\n", "http://example.onion:\n", "name: x\ndate: y\n", "{\"From\": 1}", "From here on\nnothing: is\n", "To: x\n\nhello"} {
		if got := container.Sniff([]byte(body), "x.txt"); got != "" {
			t.Errorf("%q: got %q, want no container", body, got)
		}
	}
}

func FuzzMail(f *testing.F) {
	f.Add([]byte(letter(f, "x")))
	f.Add([]byte("From a\n" + letter(f, "x") + "\n\nFrom b\n" + letter(f, "y")))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, report := stream(t, append([]byte("From x\nFrom: a\nSubject: b\nMIME-Version: 1\n"), body...), "", container.Options{Limits: container.Limits{Members: 1000}})
		if report.Format != "mbox" && len(all) > 0 {
			t.Errorf("got format %q, want mbox", report.Format)
		}
		total := 0
		for _, m := range all {
			total += len(m.body)
		}
		if total > 4*len(body)+4096 {
			t.Errorf("%d bytes gave %d", len(body), total)
		}
	})
}
