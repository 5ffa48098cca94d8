package crawler

import (
	"bytes"
	"encoding/binary"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// sniffPicture gives the media type of a picture by its first bytes, or "".
// It only chooses the limit of a body; whether this is a picture is for the
// Inspector to say.
func sniffPicture(b []byte) string {
	for _, magic := range []struct{ prefix, kind string }{
		{"\xff\xd8\xff", "image/jpeg"},
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"GIF87a", "image/gif"},
		{"GIF89a", "image/gif"},
		{"BM", "image/bmp"},
		{"II*\x00", "image/tiff"},
		{"MM\x00*", "image/tiff"},
		{"\xff\x0a", "image/jxl"},
		{"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"},
		{"\x00\x00\x01\x00", "image/x-icon"},
	} {
		if bytes.HasPrefix(b, []byte(magic.prefix)) && (magic.prefix != "BM" || bitmap(b)) {
			return magic.kind
		}
	}
	if len(b) < 12 {
		return ""
	}
	switch kind := string(b[8:12]); {
	case string(b[:4]) == "RIFF" && kind == "WEBP":
		return "image/webp"
	case string(b[4:8]) == "ftyp":
		return boxed(b)
	}
	return ""
}

// boxed tells AVIF from HEIC, which share their container, by the brands that
// its first box lists.
func boxed(b []byte) string {
	size := int(binary.BigEndian.Uint32(b))
	kind := ""
	for at := 8; at+4 <= min(len(b), max(16, size)); at += 4 {
		switch brand := string(b[at : at+4]); {
		case at == 12: // the version
		case brand == "avif" || brand == "avis":
			return "image/avif"
		case slices.Contains([]string{"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "miaf"}, brand):
			kind = "image/heic"
		}
	}
	return kind
}

// bitmap tells a BMP from a text that begins with BM: the reserved bytes are
// zero and the header's size is one of the few.
func bitmap(b []byte) bool {
	return len(b) >= 18 && string(b[6:10]) == "\x00\x00\x00\x00" && b[14] >= 12 && b[14] <= 124 && string(b[15:18]) == "\x00\x00\x00"
}

// mediaTypeOf says what a body is: by its bytes first, then by what the server
// says of it.
func mediaTypeOf(declared string, body []byte) string {
	if kind := sniffPicture(body); kind != "" {
		return kind
	}
	said, _, err := mime.ParseMediaType(declared)
	if err != nil {
		said, _, _ = strings.Cut(declared, ";")
		said = strings.ToLower(strings.TrimSpace(said))
	}
	seen, _, _ := strings.Cut(http.DetectContentType(body), ";")
	if strings.HasPrefix(seen, "image/") { // by less than sniffPicture asks for
		seen = "application/octet-stream"
	}
	picture := strings.HasPrefix(said, "image/") && said != "image/svg+xml"
	switch {
	case said == "text/css" && strings.HasPrefix(seen, "text/"):
		return said
	case said == "application/xhtml+xml" || seen == "text/html":
		return "text/html"
	case seen == "application/octet-stream" && said != "":
		return said
	case seen == "text/plain" || seen == "text/xml":
		if said == "" || said == "application/octet-stream" || picture {
			said = seen
		}
		if said == "text/plain" && looksLikeHTML(body) {
			return "text/html"
		}
		return said
	}
	return seen
}

// looksLikeHTML finds the beginning of a page where the standard's own table
// does not look: behind UTF-16, an XML header, or other tags.
func looksLikeHTML(body []byte) bool {
	head := bytes.ToLower(bytes.ReplaceAll(body[:min(len(body), 1024)], []byte{0}, nil))
	return bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<body"))
}
