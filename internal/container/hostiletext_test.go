package container_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
)

// A MiB of whatever makes a reader of texts slow is read in a moment, and
// gives no more than it has.
func TestTextsThatTire(t *testing.T) {
	const size = 1 << 20
	for _, piece := range []string{
		"<", "&", "<a href=x>", "<a href=\"", "<pre>\n<a href=x>x</a> 1\n", "<tr><td data-size=9>", "<title>Index of /</title><a href=/x>", "[", "{\"name\":", "[{\"name\":\"x\",\"size\":1},",
		"<list><file size=\"1\">", "1234567 2019-05-23 10:11 x\n", "-rw-r--r-- 1 a a 1 May 23 2019 x\n", "-rw-r--r-- May ", "05/23/2019 ", strings.Repeat("a", 40) + "  x\n", "a.b\n", "\n:\n", "Path = x\n----------\nPath = ",
		"\n/9j/", "Qk", "iVBORw0KGgo", "\\n", "%2F9j%2F", "ffd8ff", "AAAAAAZ0eXB", "magnet:?dn=x ", "magnet:?", "d4:infod5:files", "path,size\n", "\"", "<![CDATA[", "<!--", "\xff", "From: a\n",
	} {
		text := []byte(strings.Repeat(piece, size/len(piece)))
		for what, read := range map[string]func() int{
			"listing": func() int { l, _ := container.Listing(text, "", "http://example.onion/"); return len(l) },
			"magnets": func() int { return len(container.Magnets(text)) },
			"words":   func() int { n, _ := io.Copy(io.Discard, container.Text(bytes.NewReader(text))); return int(n) / 8 },
			"inline": func() int {
				n := 0
				_ = container.Inline(text, func(e container.Embedded) error { n += len(e.Body); return nil })
				return n
			},
		} {
			start := time.Now()
			if n := read(); n > size {
				t.Errorf("%s of %q: %d out of %d bytes", what, piece, n, size)
			}
			if took := time.Since(start); took > 20*time.Second && !raceDetector {
				t.Errorf("%s of %q: took %s", what, piece, took)
			}
		}
	}
}
