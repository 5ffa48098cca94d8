package container_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
)

// The files of testdata/listings are what the real programs answered for one
// folder: nginx 1.22.1 (exact and rounded, JSON, XML), lighttpd 1.4.69, Apache
// 2.4.71 (fancy, table, plain), Caddy 2.6.2 (HTML, JSON), Python 3.11
// http.server, webfs 1.21, mini_httpd 1.30; GNU ls and find, busybox 1.35, Info-ZIP
// unzip 6.0, GNU tar, 7-Zip 26.02, coreutils' sums. iis.html, tomcat.html, caddy-new.html,
// dir.txt, ftp.txt, unrar.txt are written after their documentation and source.

const (
	exact   = iota // sizes are bytes
	rounded        // sizes lie between bounds
	unsized        // no sizes
)

// inFolder are the files of the folder that was listed, with their sizes.
func inFolder() map[string]int64 {
	return map[string]int64{
		"IMG_0001.JPG": 1234567,
		"a_very_long_name_that_gets_cut_in_listings_of_apache_and_nginx_0001.jpg": 98765432,
		"big.zip": 5368709120, "colon:name.txt": 3, "empty.dat": 0, "hash#1%20.txt": 3,
		"plate AB 123.jpg": 4321, "with<&>quote'.txt": 1, "ünïcode.jpg": 1048576,
	}
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "listings", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// holds checks lines against the files that they must state.
func holds(t *testing.T, lines []container.Line, want map[string]int64, sizes int) {
	t.Helper()
	for _, l := range lines {
		size, known := want[l.Name]
		if !known {
			t.Errorf("line %q is none of the files, or stands twice", l.Name)
			continue
		}
		delete(want, l.Name)
		switch {
		case l.Size >= 0 && sizes != unsized:
			if l.Size != size {
				t.Errorf("%s: got size %d, want %d", l.Name, l.Size, size)
			}
		case sizes == exact:
			t.Errorf("%s: got no size, want %d", l.Name, size)
		case sizes == rounded && (size < l.AtLeast || size > l.AtMost || l.AtMost > 4*size+4096):
			t.Errorf("%s: got bounds %d to %d, want them close around %d", l.Name, l.AtLeast, l.AtMost, size)
		case sizes == unsized && (l.Size >= 0 || l.AtMost != 0):
			t.Errorf("%s: got size %d, bound %d, want none", l.Name, l.Size, l.AtMost)
		}
	}
	for name := range want {
		t.Errorf("no line for %q", name)
	}
}

func TestIndexPages(t *testing.T) {
	for _, c := range []struct {
		file, format string
		sizes        int
	}{
		{"nginx.html", "index", exact},
		{"nginx-short.html", "index", rounded},
		{"nginx.json", "json", exact},
		{"nginx.xml", "xml", exact},
		{"apache-fancy.html", "index", rounded},
		{"apache-table.html", "index", rounded},
		{"apache-plain.html", "index", unsized},
		{"lighttpd.html", "index", rounded},
		{"caddy.html", "index", exact},
		{"caddy-new.html", "index", exact},
		{"caddy.json", "json", exact},
		{"python.html", "index", unsized},
		{"webfs.html", "index", rounded},
		{"mini_httpd.html", "index", exact},
		{"iis.html", "index", exact},
		{"tomcat.html", "index", rounded},
	} {
		t.Run(c.file, func(t *testing.T) {
			want := inFolder()
			if c.file == "mini_httpd.html" {
				want["sub"] = 4096 // it does not tell a folder from a file
			}
			lines, format := container.Listing(recorded(t, c.file), "text/html", "http://example.onion/dump/")
			if format != c.format {
				t.Errorf("got format %q, want %q", format, c.format)
			}
			holds(t, lines, want, c.sizes)
		})
	}
}

// Go's own server names nothing but the files: its pages are known by that.
func TestIndexOfGo(t *testing.T) {
	dir := t.TempDir()
	for name := range inFolder() {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	answer := httptest.NewRecorder()
	http.FileServer(http.Dir(dir)).ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	lines, format := container.Listing(answer.Body.Bytes(), answer.Header().Get("Content-Type"), "http://example.onion/")
	if format != "index" {
		t.Errorf("got format %q, want index", format)
	}
	holds(t, lines, inFolder(), unsized)
}

func TestListingsInText(t *testing.T) {
	here := inFolder()
	here["small.bin"] = 4321
	below := inFolder()
	below["small.bin"], below["sub/inner.jpg"], below["sub/r.jpg"] = 4321, 2, 5000
	zipped := map[string]int64{
		"IMG_0001.JPG": 1234567, "plate AB 123.jpg": 4321, "sub/inner.jpg": 2, "sub/r.jpg": 5000, "with<&>quote'.txt": 1, "ünïcode.jpg": 1048576,
	}
	packed := map[string]int64{"IMG_0001.JPG": 1234567, "plate AB 123.jpg": 4321, "sub/inner.jpg": 2, "sub/r.jpg": 5000}
	for _, c := range []struct {
		file, format string
		want         map[string]int64
		sizes        int
	}{
		{"ls-la.txt", "ls", here, exact},
		{"ls-full.txt", "ls", here, exact},
		{"ls-lh.txt", "ls", here, rounded},
		{"ls-lR.txt", "ls", below, exact},
		{"busybox-ls-l.txt", "ls", here, exact},
		{"find-ls.txt", "find", below, exact},
		{"find.txt", "names", below, unsized},
		{"unzip-l.txt", "zip", zipped, exact},
		{"unzip-v.txt", "zip", zipped, exact},
		{"zipinfo.txt", "ls", zipped, exact},
		{"tar-tv.txt", "ls", packed, exact},
		{"busybox-tar-tv.txt", "ls", packed, exact},
		{"7z-l.txt", "7z", packed, exact},
		{"7z-slt.txt", "7z", packed, exact},
		{"dir.txt", "dir", packed, exact},
		{"ftp.txt", "ls", packed, exact},
		{"unrar.txt", "ls", packed, exact},
		{"sized.csv", "csv", packed, exact},
	} {
		t.Run(c.file, func(t *testing.T) {
			want := map[string]int64{}
			for name, size := range c.want {
				want[name] = size
			}
			lines, format := container.Listing(recorded(t, c.file), "text/plain", "")
			if format != c.format {
				t.Errorf("got format %q, want %q", format, c.format)
			}
			holds(t, lines, want, c.sizes)
		})
	}
}

func TestSumsInListings(t *testing.T) {
	for _, c := range []struct{ file, name, crc, sha1, sha256 string }{
		{"sha256sum.txt", "plate AB 123.jpg", "", "", "9d6e10b47bc1130ccfeac97c40c4e382bd0f32cf21e9a76abda5ab4241dd47b9"},
		{"sha256tag.txt", "plate AB 123.jpg", "", "", "9d6e10b47bc1130ccfeac97c40c4e382bd0f32cf21e9a76abda5ab4241dd47b9"},
		{"sha1sum.txt", "plate AB 123.jpg", "", "2d45260f73922bf2aec38d176961736ce2e435f7", ""},
		{"md5sum.txt", "plate AB 123.jpg", "", "", ""},
		{"unzip-v.txt", "plate AB 123.jpg", "dff0dabe", "", ""},
		{"7z-slt.txt", "IMG_0001.JPG", "70986ef5", "", ""},
		{"unrar.txt", "IMG_0001.JPG", "70986ef5", "", ""},
		{"sized.csv", "IMG_0001.JPG", "70986ef5", "", ""},
	} {
		lines, _ := container.Listing(recorded(t, c.file), "", "")
		found := false
		for _, l := range lines {
			if l.Name != c.name {
				continue
			}
			found = true
			crc := ""
			if l.CRC32 != nil {
				crc = fmt.Sprintf("%08x", *l.CRC32)
			}
			got := []string{crc, hex.EncodeToString(l.SHA1), hex.EncodeToString(l.SHA256)}
			if want := []string{c.crc, c.sha1, c.sha256}; strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: got sums %q, want %q", c.file, got, want)
			}
		}
		if !found {
			t.Errorf("%s: no line for %s in %d", c.file, c.name, len(lines))
		}
	}
}

func TestWhatIsNoListing(t *testing.T) {
	for name, body := range map[string]string{
		"empty":   "",
		"prose":   "Dear all,\nthe files IMG_0001.JPG and IMG_0002.JPG are gone.\nWrite to me.\nYours\n",
		"forum":   `<title>Forum</title><h1>Index</h1><ul><li><a href="/t/1">hello there</a></li><li><a href="/t/2">who knows</a> 12 answers</li><li><a href="/t/3">read me first</a></li></ul>`,
		"blog":    `<h1>News</h1><p>2019-05-23 <a href="/a.html">something happened</a> and <a href="/b.html">more</a></p><p>Read <a href="/c.html">this</a>.</p>`,
		"numbers": "1234567 2019\n99 bottles of beer\n1 2 3\n",
		"json":    `{"title":"x","posts":[{"name":"first","text":"hello"},{"name":"second","text":"there"}]}`,
		"binary":  "PK\x03\x04\x00\x00",
		"code":    "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(os.Args)\n}\n",
	} {
		if lines, format := container.Listing([]byte(body), "", ""); format != "" || len(lines) != 0 {
			t.Errorf("%s: got %d lines of format %q, want none", name, len(lines), format)
		}
	}
}

// A page of 100,000 entries is read in one pass.
func TestLargeIndex(t *testing.T) {
	var b strings.Builder
	b.WriteString("<html><head><title>Index of /dump/</title></head><body><h1>Index of /dump/</h1><hr><pre><a href=\"../\">../</a>\n")
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&b, "<a href=\"IMG_%06d.JPG\">IMG_%06d.JPG</a>                   23-May-2019 10:11             %d\n", i, i, 1000+i)
	}
	start := time.Now()
	lines, _ := container.Listing([]byte(b.String()), "text/html", "")
	if len(lines) != n || lines[n-1].Size != 1000+n-1 {
		t.Errorf("got %d lines, want %d", len(lines), n)
	}
	if took := time.Since(start); took > 10*time.Second && !raceDetector {
		t.Errorf("took %s, want at most seconds", took)
	}
}

func FuzzListing(f *testing.F) {
	files, err := filepath.Glob("testdata/listings/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "http://example.onion/dump/")
	}
	f.Fuzz(func(t *testing.T, body []byte, page string) {
		lines, format := container.Listing(body, "", page)
		if (len(lines) > 0) && format == "" {
			t.Errorf("%d lines without a format", len(lines))
		}
		sound(t, lines)
	})
}

// sound checks what holds of each line, whatever the bytes were.
func sound(t *testing.T, lines []container.Line) {
	t.Helper()
	if len(lines) > container.MaxLines {
		t.Errorf("got %d lines, more than %d", len(lines), container.MaxLines)
	}
	for _, l := range lines {
		switch {
		case l.Name == "" || len(l.Name) > 4096 || strings.ContainsAny(l.Name, "\x00\n\r\x1b"):
			t.Errorf("name %q", l.Name)
		case l.Size < -1 || l.AtLeast < 0 || l.AtMost < l.AtLeast || l.Size >= 0 && l.AtMost != 0:
			t.Errorf("%q: size %d, bounds %d to %d", l.Name, l.Size, l.AtLeast, l.AtMost)
		case l.SHA1 != nil && len(l.SHA1) != 20 || l.SHA256 != nil && len(l.SHA256) != 32:
			t.Errorf("%q: digests of %d and %d bytes", l.Name, len(l.SHA1), len(l.SHA256))
		}
	}
}
