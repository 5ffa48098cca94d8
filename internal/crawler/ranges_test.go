package crawler

import (
	"fmt"
	"net/http"
	"testing"
)

func TestContentRange(t *testing.T) {
	for text, want := range map[string]string{ // "": refused
		"bytes 0-99/1000": "0 100 1000", "bytes 5-5/6": "5 6 6",
		"bytes 0-1000/1000": "", "bytes 7-6/10": "", "bytes 0-9/*": "", "bytes */1000": "", "bytes -1-9/10": "", "bytes +0-9/10": "",
		"items 0-9/10": "", "": "", "bytes 0-9/9999999999999999999999": "",
	} {
		from, to, size, ok := readContentRange(text)
		if got := fmt.Sprint(from, to, size); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s, %v, want %q", text, got, ok, want)
		}
	}
}

// Whatever a server says of a range: what is taken lies in what was asked for,
// and within the file.
func FuzzRangeAnswer(f *testing.F) {
	f.Add("bytes 0-99/1000", int64(100), int64(0), int64(100))
	f.Add("bytes 10-19/20", int64(-1), int64(10), int64(500))
	f.Add("bytes 18446744073709551615-1/2", int64(3), int64(0), int64(10))
	f.Fuzz(func(t *testing.T, text string, length, from, to int64) {
		if from < 0 || to <= from {
			return
		}
		g := &fetching{request: request{from: from, to: to}}
		response := &http.Response{Header: http.Header{"Content-Range": {text}}, ContentLength: length}
		if !g.judgeRange(response) {
			if g.cause != RangeLies || g.why == "" || g.size != 0 {
				t.Errorf("%q refused with %s %q, size %d", text, g.cause, g.why, g.size)
			}
			return
		}
		if g.length <= 0 || from+g.length > to || from+g.length > g.size || length >= 0 && length != g.length {
			t.Errorf("%q taken for %d-%d: %d bytes of %d", text, from, to, g.length, g.size)
		}
	})
}
