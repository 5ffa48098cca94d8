package container_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// testdata/torrents are of mktorrent 1.1 (v1, lone) and libtorrent 2.0.8 (v2,
// v2-lone, hybrid, whose version 1 has files of padding), of one folder.
func TestTorrents(t *testing.T) {
	folder := map[string]int64{"leak/IMG_0001.JPG": 5000, "leak/IMG_0002.JPG": 70000, "leak/empty.dat": 0, "leak/sub/plate AB 123.txt": 2}
	small := map[string]string{ // of one block: the root is the digest
		"leak/IMG_0001.JPG":         hex.EncodeToString(digest(make([]byte, 5000))),
		"leak/sub/plate AB 123.txt": hex.EncodeToString(digest([]byte("hi"))),
	}
	for _, c := range []struct {
		file string
		want map[string]int64
		sums map[string]string
	}{
		{"v1.torrent", folder, nil},
		{"v2.torrent", folder, small},
		{"hybrid.torrent", folder, small},
		{"lone.torrent", map[string]int64{"IMG_0002.JPG": 70000}, nil},
		{"v2-lone.torrent", map[string]int64{"IMG_0001.JPG": 5000}, map[string]string{"IMG_0001.JPG": small["leak/IMG_0001.JPG"]}},
	} {
		t.Run(c.file, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("testdata", "torrents", c.file))
			if err != nil {
				t.Fatal(err)
			}
			lines, format := container.Listing(body, "application/x-bittorrent", "")
			if format != "torrent" {
				t.Errorf("got format %q, want torrent", format)
			}
			holds(t, lines, copied(c.want), exact)
			for _, l := range lines {
				if got, want := hex.EncodeToString(l.SHA256), c.sums[l.Name]; got != want {
					t.Errorf("%s: got SHA-256 %q, want %q", l.Name, got, want)
				}
			}
			bare(t, body, c.want)
		})
	}
}

// bare walks through a torrent: members without bodies and without causes.
func bare(t *testing.T, body []byte, want map[string]int64) {
	t.Helper()
	n := 0
	report, err := container.Walk(context.Background(), container.Source{Name: "x", Stream: bytes.NewReader(body), Size: -1}, container.Options{},
		func(m container.Member, r io.Reader) error {
			if size, known := want[m.Name]; !known || size != m.Size || m.Cause != "" || r != nil {
				t.Errorf("member %q: size %d, cause %q, body %v", m.Name, m.Size, m.Cause, r != nil)
			}
			n++
			return nil
		})
	if err != nil || report.Format != "torrent" || report.Cause != "" || n != len(want) {
		t.Errorf("got %d members, report %+v, %v; want %d", n, report, err, len(want))
	}
}

func copied(m map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func digest(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

func TestTorrentsThatLie(t *testing.T) {
	deep := "d4:info" + strings.Repeat("d1:a", 100_000)
	for name, body := range map[string]string{
		"deep":     deep,
		"lists":    "d4:infod5:files" + strings.Repeat("l", 1_000_000),
		"tree":     "d4:infod9:file tree" + strings.Repeat("d1:a", 100_000),
		"length":   "d4:infod4:name99999999999:x",
		"negative": "d4:infod6:lengthi-5e4:name1:xee",
		"nothing":  "d4:info",
		"prose":    "d4:announced that the files are gone",
	} {
		lines, _ := container.Torrent([]byte(body))
		sound(t, lines)
		if len(lines) > 1 {
			t.Errorf("%s: got %d lines", name, len(lines))
		}
	}
	climb := "d4:infod5:filesld6:lengthi1e4:pathl2:..2:..6:passwdeee4:name1:xee"
	if lines, ok := container.Torrent([]byte(climb)); !ok || len(lines) != 1 || lines[0].Size != 1 {
		t.Errorf("got %v, want one line: nothing is written, the name is only stated", lines)
	}
}

func TestMagnets(t *testing.T) {
	text := `get it: magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=Traveller+photos%202019.zip&xl=429496729600&tr=udp%3A%2F%2Ftracker
<a href="magnet:?xt=urn:btih:AAAA&amp;dn=plates.csv">x</a> magnet:?xt=urn:btih:no-name and (magnet:?dn=a%00b&xl=-4)`
	got := container.Magnets([]byte(text))
	want := []container.Line{{Name: "Traveller photos 2019.zip", Size: 429496729600}, {Name: "plates.csv", Size: -1}, {Name: "ab", Size: -1}}
	for i, l := range got {
		if i >= len(want) || l.Name != want[i].Name && !strings.HasPrefix(l.Name, want[i].Name) || l.Size != want[i].Size {
			t.Errorf("line %d: got %+v", i, l)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d lines, want %d", len(got), len(want))
	}
}

func FuzzTorrent(f *testing.F) {
	files, _ := filepath.Glob("testdata/torrents/*")
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(fmt.Sprintf("magnet:?dn=x&xl=%d", 5)))
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, _ := container.Torrent(body)
		sound(t, lines)
		sound(t, container.Magnets(body))
	})
}
