package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
)

// Mail writes a message with a text and attachments.
func Mail(subject string, lines []string, attached ...File) []byte {
	b, w := mailHead("mixed", subject)
	text, _ := w.CreatePart(mailPart("text/plain; charset=utf-8", "quoted-printable"))
	q := quotedprintable.NewWriter(text)
	q.Write([]byte(strings.Join(lines, "\r\n")))
	q.Close()
	for _, f := range attached {
		head := mailPart(mediaTypeOf(f.Body), "base64")
		head.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name))
		part, _ := w.CreatePart(head)
		part.Write(mailLines(f.Body))
	}
	w.Close()
	return b.Bytes()
}

// Mbox joins messages.
func Mbox(messages ...[]byte) []byte {
	var b []byte
	for _, m := range messages {
		m = bytes.ReplaceAll(m, []byte("\r\n"), []byte("\n"))
		m = bytes.ReplaceAll(m, []byte("\nFrom "), []byte("\n>From "))
		b = slices.Concat(b, []byte("From a@example.org Wed Jun 12 08:30:00 2019\n"), m, []byte("\n"))
	}
	return b
}

// MHTML saves a page with its pictures.
func MHTML(title string, lines []string, pictures ...File) []byte {
	b, w := mailHead(`related; type="text/html"`, title)
	body := "<html><head><title>" + title + "</title></head><body>"
	for _, l := range lines {
		body += "<p>" + l + "</p>"
	}
	for _, p := range pictures {
		body += `<img src="http://saved.example.org/` + p.Name + `">`
	}
	text, _ := w.CreatePart(mailPart("text/html; charset=utf-8", "8bit"))
	text.Write([]byte(body + "</body></html>"))
	for _, p := range pictures {
		head := mailPart(mediaTypeOf(p.Body), "base64")
		head.Set("Content-Location", "http://saved.example.org/"+p.Name)
		part, _ := w.CreatePart(head)
		part.Write(mailLines(p.Body))
	}
	w.Close()
	return b.Bytes()
}

func mailHead(kind, subject string) (*bytes.Buffer, *multipart.Writer) {
	b := &bytes.Buffer{}
	w := multipart.NewWriter(b)
	const boundary = "----=_Part_0612_083000"
	if err := w.SetBoundary(boundary); err != nil {
		panic(fmt.Sprintf("demo: boundary: %v", err)) // it is a good one
	}
	fmt.Fprintf(b, "From: a@example.org\r\nTo: b@example.org\r\nSubject: %s\r\nDate: Wed, 12 Jun 2019 08:30:00 +0000\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary=%q\r\n\r\n", subject, kind, boundary)
	return b, w
}

func mailPart(mediaType, encoding string) textproto.MIMEHeader {
	return textproto.MIMEHeader{"Content-Type": {mediaType}, "Content-Transfer-Encoding": {encoding}}
}

// mailLines is base64 in lines of 76.
func mailLines(body []byte) []byte {
	var b []byte
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(body)), 76) {
		b = append(append(b, line...), "\r\n"...)
	}
	return b
}

func mediaTypeOf(body []byte) string {
	for magic, mediaType := range map[string]string{"\xff\xd8\xff": "image/jpeg", "\x89PNG": "image/png", "GIF8": "image/gif", "PK\x03\x04": "application/zip"} {
		if bytes.HasPrefix(body, []byte(magic)) {
			return mediaType
		}
	}
	return "application/octet-stream"
}
