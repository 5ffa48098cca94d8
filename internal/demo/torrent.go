package demo

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Torrent describes files, which lie in a folder, as BitTorrent v1 does. Their
// bytes may be elsewhere: only names and sizes are stated, and made-up pieces.
func Torrent(folder string, files ...FileSize) []byte {
	list, total := []any{}, int64(0)
	for _, f := range files {
		var path []any
		for part := range strings.SplitSeq(f.Name, "/") {
			path = append(path, part)
		}
		list = append(list, map[string]any{"length": f.Size, "path": path})
		total += f.Size
	}
	const piece = 4 << 20
	return bencode(nil, map[string]any{
		"announce": "udp://tracker.example.org:6969", "created by": "a client", "creation date": changed().Unix(),
		"info": map[string]any{"files": list, "name": folder, "piece length": int64(piece), "pieces": string(noise(int((total+piece-1)/piece)*sha1.Size, 9))},
	})
}

// FileSize is what a list states of a file.
type FileSize struct {
	Name string
	Size int64
}

// Magnet is a link to what a torrent describes, with its name and whole size.
func Magnet(torrent []byte, name string, size int64) string {
	info := torrent[bytes.Index(torrent, []byte("4:info"))+len("4:info") : len(torrent)-1]
	return fmt.Sprintf("magnet:?xt=urn:btih:%x&dn=%s&xl=%d", sha1.Sum(info), url.QueryEscape(name), size)
}

func bencode(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return append(fmt.Appendf(b, "%d:", len(v)), v...)
	case int64:
		return fmt.Appendf(b, "i%de", v)
	case []any:
		b = append(b, 'l')
		for _, e := range v {
			b = bencode(b, e)
		}
		return append(b, 'e')
	case map[string]any:
		b = append(b, 'd')
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = bencode(bencode(b, k), v[k])
		}
		return append(b, 'e')
	}
	panic(fmt.Sprintf("demo: bencode of %T", v))
}
