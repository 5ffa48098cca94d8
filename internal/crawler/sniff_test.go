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
	for _, format := range []string{"jpeg", "png", "gif", "webp", "bmp", "tiff"} {
		if !seen[format] {
			t.Errorf("%s was not tried", format)
		}
	}
}
