package container_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// drawn is a small picture that differs by n.
func drawn(n int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 48, 40))
	for y := range 40 {
		for x := range 48 {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * (n + 3)), uint8(y * 5), uint8(x*y + n), 255})
		}
	}
	return m
}

func jpegOf(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, drawn(n), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, drawn(n)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wrapped cuts a text into lines.
func wrapped(s string, n int, end string) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + end)
		s = s[n:]
	}
	return b.String() + s
}

func embedded(t testing.TB, text string) []container.Embedded {
	t.Helper()
	var out []container.Embedded
	if err := container.Inline([]byte(text), func(e container.Embedded) error {
		out = append(out, container.Embedded{Name: e.Name, Body: bytes.Clone(e.Body)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInline(t *testing.T) {
	j, p := jpegOf(t, 1), pngOf(t, 2)
	std, alt := base64.StdEncoding.EncodeToString, base64.URLEncoding.EncodeToString
	inJSON, err := json.Marshal(map[string]any{"photo": std(j), "lines": wrapped(std(p), 76, "\n")})
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(string(inJSON), "/", `\/`)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"data address", `<img src="data:image/jpeg;base64,` + std(j) + `">`, []string{"base64-1.jpg"}},
		{"two", "a " + std(j) + " b\n" + std(p) + "\n", []string{"base64-1.jpg", "base64-2.png"}},
		{"lines of mail", "Content-Transfer-Encoding: base64\n\n" + wrapped(std(j), 76, "\r\n") + "\r\n--next\r\nRegards\r\n", []string{"base64-1.jpg"}},
		{"lines without padding, then words", wrapped(strings.TrimRight(std(p), "="), 64, "\n") + "\n\nRegards\n", []string{"base64-1.png"}},
		{"quoted lines", "> " + wrapped(std(p), 64, "\n> ") + "\n> \nend", []string{"base64-1.png"}},
		{"json", string(inJSON), []string{"base64-1.png", "base64-2.jpg"}},
		{"json with escaped slashes", escaped, []string{"base64-1.png", "base64-2.jpg"}},
		{"csv", "id,plate,photo\n1,AB 123," + std(j) + "\n2,CD 456,\"" + std(p) + "\"\n", []string{"base64-1.jpg", "base64-2.png"}},
		{"address alphabet", "x=" + alt(j), []string{"base64-1.jpg"}},
		{"percent", "data:image/png;base64," + url.QueryEscape(std(p)), []string{"base64-1.png"}},
		{"hex of a database", `INSERT INTO x VALUES (1,0x` + hex.EncodeToString(j) + `),(2,'\x` + hex.EncodeToString(p) + `');`, []string{"hex-1.jpg", "hex-2.png"}},
		{"rich text", `{\rtf1{\pict\jpegblip ` + wrapped(hex.EncodeToString(j), 128, "\n") + `}}`, []string{"hex-1.jpg"}},
		{"archive", "here: " + std(append([]byte("PK\x03\x04"), make([]byte, 100)...)), []string{"base64-1.zip"}},
		{"words", "/9j/ is how it begins. R0lGODlh too. Qkquestion ffd8ff", nil},
		{"within a word", "x" + std(j), nil},
		{"too short", std(j[:40]), nil},
		{"not a bitmap", strings.Repeat("Qk"+strings.Repeat("x", 62)+"\n", 20_000), nil},
	} {
		got := embedded(t, c.text)
		var names []string
		for _, e := range got {
			names = append(names, e.Name)
			want := j
			switch {
			case strings.HasSuffix(e.Name, "png"):
				want = p
			case strings.HasSuffix(e.Name, "zip"):
				continue
			}
			if !bytes.Equal(e.Body, want) {
				t.Errorf("%s: %s has %d bytes, want the %d that were written", c.name, e.Name, len(e.Body), len(want))
			}
		}
		if strings.Join(names, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: got %q, want %q", c.name, names, c.want)
		}
	}
}

func TestInlineEndsWhenAsked(t *testing.T) {
	stop, n := errors.New("stop"), 0
	text := strings.Repeat(base64.StdEncoding.EncodeToString(jpegOf(t, 1))+"\n\n", 3)
	if err := container.Inline([]byte(text), func(container.Embedded) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("got %v after %d, want stop after 1", err, n)
	}
}

// Every block is shorter than its text, and the search ends.
func FuzzInline(f *testing.F) {
	f.Add([]byte("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpegOf(f, 1))))
	f.Add([]byte(`0x` + hex.EncodeToString(pngOf(f, 1)[:200])))
	f.Add([]byte(wrapped(base64.StdEncoding.EncodeToString(pngOf(f, 1)), 20, `\r\n`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		total := 0
		for _, e := range embedded(t, string(text)) {
			total += len(e.Body)
		}
		if total > len(text) {
			t.Errorf("%d bytes gave %d", len(text), total)
		}
	})
}

func BenchmarkInline(b *testing.B) {
	text := []byte(strings.Repeat("the plates AB-123 and /CD456 were Read on the 23rd of May, Quite near Union Street\n", 10_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		embedded(b, string(text))
	}
}
