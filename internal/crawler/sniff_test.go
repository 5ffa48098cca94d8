package crawler

import (
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/picture"
)

// The first bytes of a body choose its limit here, and what it is in the room
// picture. Were a format known there only, its pictures would be cut as pages.
func TestEveryFormatThatIsDecodedHasThePicturesLimit(t *testing.T) {
	seen := map[string]bool{}
	check := func(name string, data []byte) {
		format := picture.Sniff(data)
		seen[format] = true
		if got := sniffPicture(data[:min(len(data), sniffed)]); got != "image/"+format {
			t.Errorf("%s: %q by its first %d bytes, %q by all", name, got, sniffed, format)
		}
	}
	photo := demo.Set(1, 1)[0].Image()
	for _, form := range demo.Forms() {
		data, _, err := demo.Edit(photo, form)
		if err != nil {
			t.Fatal(err)
		}
		check(form, data)
	}
	for _, kind := range []string{"VP8 ", "VP8L", "VP8X"} {
		check(kind, []byte("RIFF\x40\x00\x00\x00WEBP"+kind+"\x20\x00\x00\x00"+"0123456789abcdef0123456789abcdef"))
	}
	for _, brands := range []string{"avif\x00\x00\x00\x00avifmif1miaf", "avis\x00\x00\x00\x00avis", "mif1\x00\x00\x00\x00miafavif", "heic\x00\x00\x00\x00mif1heic", "heim\x00\x00\x00\x00heim", "msf1\x00\x00\x00\x00hevc"} {
		check(brands[:4], []byte("\x00\x00\x00"+string(rune(8+len(brands)))+"ftyp"+brands+"\x00\x00\x00\xebmeta"))
	}
	check("jxl", []byte("\xff\x0a\xfa\x7f\x01\x90\x00\x00"))
	check("jxl in boxes", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x14ftypjxl "))
	for _, format := range []string{"jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic", "jxl"} {
		if !seen[format] {
			t.Errorf("%s was not tried", format)
		}
	}
}
