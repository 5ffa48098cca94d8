package container

import (
	"bytes"
	"encoding/base32"
	"html"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// Torrent reads the names and sizes that a .torrent file states, of version 1,
// 2 or both; false when body is none. No peer is ever asked. The root of a file
// of version 2 is its SHA-256 where the file is one block of 16 KiB or less;
// of larger files it is none, and is left out.
func Torrent(body []byte) ([]Line, bool) {
	b := &bencode{rest: body}
	var t torrent
	ok := b.dict(0, func(key string) bool {
		if key != "info" {
			return b.skip(1)
		}
		t.info = true
		return b.dict(1, func(key string) bool { return t.field(b, key) })
	})
	if !t.info || !ok && len(t.files)+len(t.tree.all) == 0 && t.length < 0 {
		return nil, false
	}
	return t.lines(), true
}

// torrent is what its info states.
type torrent struct {
	info         bool
	name, utf8   string
	length       int64
	single       Line // digests of a lone file
	files        []Line
	tree         lineList
	many, hybrid bool
}

// The block of which version 2 makes its trees, in bytes.
const torrentBlock = 16 << 10

func (t *torrent) field(b *bencode, key string) bool {
	switch key {
	case "name":
		return b.text(&t.name)
	case "name.utf-8":
		return b.text(&t.utf8)
	case "length":
		t.single = Line{}
		n, ok := b.int()
		t.length, t.hybrid = n, true
		return ok
	case "files":
		t.many = true
		return b.list(2, func() bool { return t.file(b) })
	case "file tree":
		return t.branch(b, "", 2)
	}
	return b.skip(2)
}

// file reads one file of version 1.
func (t *torrent) file(b *bencode) bool {
	l, padding, plain, path := Line{Size: -1}, false, "", ""
	ok := b.dict(3, func(key string) bool {
		switch key {
		case "length":
			n, ok := b.int()
			l.Size = max(n, -1)
			return ok
		case "path":
			return b.path(&plain)
		case "path.utf-8":
			return b.path(&path)
		case "attr":
			var attr string
			ok := b.text(&attr)
			padding = strings.Contains(attr, "p")
			return ok
		case "sha1", "crc32", "sha256":
			var sum string
			ok := b.text(&sum)
			l.sum(key, sum)
			return ok
		}
		return b.skip(4)
	})
	if path == "" {
		path = plain
	}
	if l.Name = path; path != "" && !padding && !strings.HasPrefix(path, ".pad/") && len(t.files) < MaxLines {
		t.files = append(t.files, l)
	}
	return ok
}

// sum takes a digest as some archives add it: raw or in hex.
func (l *Line) sum(key, sum string) {
	switch {
	case key == "crc32":
		l.setCRC(sum)
	case key == "sha1" && len(sum) == 20:
		l.SHA1 = []byte(sum)
	case key == "sha256" && len(sum) == 32:
		l.SHA256 = []byte(sum)
	case len(sum) == 40 || len(sum) == 64:
		l.setDigest(sum)
	}
}

// branch reads a folder of version 2, or the file that an empty name marks.
func (t *torrent) branch(b *bencode, path string, depth int) bool {
	return b.dict(depth, func(key string) bool {
		if key != "" {
			name := key
			if path != "" && !t.tree.full() {
				name = path + "/" + key
			}
			return len(name) <= maxName && t.branch(b, name, depth+1)
		}
		l, root := Line{Name: path, Size: -1}, ""
		ok := b.dict(depth+1, func(key string) bool {
			switch key {
			case "length":
				n, ok := b.int()
				l.Size = max(n, -1)
				return ok
			case "pieces root":
				return b.text(&root)
			}
			return b.skip(depth + 2)
		})
		if len(root) == 32 && l.Size > 0 && l.Size <= torrentBlock {
			l.SHA256 = []byte(root)
		}
		if path != "" {
			t.tree.add(l)
		}
		return ok
	})
}

// lines names the files with the folder that the torrent makes.
func (t *torrent) lines() []Line {
	name := t.utf8
	if name == "" {
		name = t.name
	}
	files := t.tree.all
	if len(files) == 0 {
		files = t.files
	}
	if len(files) == 0 && t.hybrid && !t.many {
		files = []Line{{Name: name, Size: max(t.length, -1)}}
	}
	lone := len(files) == 1 && files[0].Name == name && !t.many
	var out lineList
	for _, l := range files {
		if !lone && name != "" {
			l.Name = name + "/" + l.Name
		}
		if l.Name = cleanLine(l.Name); l.Name != "" {
			out.add(l)
		}
	}
	return out.all
}

// bencode reads the form of torrents, without copying.
type bencode struct{ rest []byte }

const maxDepthTorrent = 64

func (b *bencode) is(c byte) bool {
	if len(b.rest) == 0 || b.rest[0] != c {
		return false
	}
	b.rest = b.rest[1:]
	return true
}

func (b *bencode) int() (int64, bool) {
	end := bytes.IndexByte(b.rest[:min(len(b.rest), 24)], 'e')
	if end < 2 || b.rest[0] != 'i' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b.rest[1:end]), 10, 64)
	b.rest = b.rest[end+1:]
	return n, err == nil
}

func (b *bencode) bytes() ([]byte, bool) {
	colon := bytes.IndexByte(b.rest[:min(len(b.rest), 12)], ':')
	if colon < 1 {
		return nil, false
	}
	n, err := strconv.ParseUint(string(b.rest[:colon]), 10, 40)
	if err != nil || n > uint64(len(b.rest)-colon-1) {
		return nil, false
	}
	s := b.rest[colon+1:][:n]
	b.rest = b.rest[colon+1+int(n):]
	return s, true
}

func (b *bencode) text(to *string) bool {
	s, ok := b.bytes()
	*to = string(s[:min(len(s), maxName)])
	return ok
}

// path joins a list of names.
func (b *bencode) path(to *string) bool {
	*to = ""
	return b.list(4, func() bool {
		var s string
		if !b.text(&s) || len(*to)+len(s) > maxName {
			return false
		}
		if *to != "" {
			*to += "/"
		}
		*to += s
		return true
	})
}

func (b *bencode) dict(depth int, each func(key string) bool) bool {
	if depth > maxDepthTorrent || !b.is('d') {
		return false
	}
	for !b.is('e') {
		var key string
		if !b.text(&key) || !each(key) {
			return false
		}
	}
	return true
}

func (b *bencode) list(depth int, each func() bool) bool {
	if depth > maxDepthTorrent || !b.is('l') {
		return false
	}
	for !b.is('e') {
		if !each() {
			return false
		}
	}
	return true
}

// skip passes over a value of any kind.
func (b *bencode) skip(depth int) bool {
	if len(b.rest) == 0 {
		return false
	}
	switch c := b.rest[0]; c {
	case 'i':
		_, ok := b.int()
		return ok
	case 'l':
		return b.list(depth, func() bool { return b.skip(depth + 1) })
	case 'd':
		return b.dict(depth, func(string) bool { return b.skip(depth + 1) })
	}
	_, ok := b.bytes()
	return ok
}

// sniffTorrent knows a torrent by its first key.
func sniffTorrent(head []byte, _ string) bool {
	if len(head) < 3 || head[0] != 'd' {
		return false
	}
	for _, key := range []string{"8:announce", "13:announce-list", "4:info", "7:comment", "10:created by", "13:creation date", "8:encoding", "8:url-list", "9:httpseeds", "5:nodes", "18:azureus_properties", "11:collections", "6:locale", "5:title"} {
		if bytes.HasPrefix(head[1:], []byte(key)) {
			return true
		}
	}
	return false
}

// maxTorrent bounds the file, of which most are digests of pieces.
const maxTorrent = 64 << 20

// openTorrent visits what a torrent states. There are no bodies, and that is no
// fault: members come as with Options.List.
func openTorrent(w *walk, b *box) error {
	body, err := w.all(b, maxTorrent)
	if err != nil {
		return err
	}
	lines, ok := Torrent(body)
	if !ok {
		return fault("damaged", "it begins like a torrent and is none")
	}
	b.count = len(lines)
	for _, l := range lines {
		e := entry{name: l.Name, size: l.Size, packed: -1, crc: l.CRC32, sha1: l.SHA1, sha256: l.SHA256, bare: true}
		if err := w.member(b, e, func() (io.Reader, error) { return nil, io.EOF }); err != nil {
			return err
		}
	}
	return nil
}

// Magnets reads the names and sizes that the magnet links of a text state. One
// without a name is no line.
func Magnets(text []byte) []Line {
	var out []Line
	for len(out) < MaxLines {
		i := bytes.Index(text, []byte("magnet:?"))
		if i < 0 {
			return out
		}
		text = text[i+len("magnet:?"):]
		end := bytes.IndexAny(text[:min(len(text), 4*maxName)], "\"'<> \t\r\n\\")
		if end < 0 {
			end = min(len(text), 4*maxName)
		}
		if l := magnet(html.UnescapeString(string(text[:end]))); l.Name != "" {
			out = append(out, l)
		}
		text = text[end:]
	}
	return out
}

func magnet(query string) Line {
	l := Line{Size: -1}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		switch key, _, _ := strings.Cut(key, "."); key {
		case "dn":
			l.Name = cleanLine(value)
		case "xl":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				l.Size = n
			}
		case "xt":
			if sum, found := strings.CutPrefix(value, "urn:sha1:"); found {
				if raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(sum)); err == nil && len(raw) == 20 {
					l.SHA1 = raw
				}
			}
		}
	}
	return l
}
