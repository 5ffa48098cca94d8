package crawler

import (
	"net/url"
	"strings"

	"leakwatch/internal/container"
)

// lastSegment is the file name in a URL, or "".
func lastSegment(u *url.URL) string {
	return u.Path[strings.LastIndexByte(u.Path, '/')+1:]
}

// hasContainerExt reports whether a URL ends as the name of an archive, a
// document or a mail does, a volume of one included; what comes behind ? and #
// is left aside.
func hasContainerExt(s string) bool {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimRight(s, " \t\n\f\r")
	s = s[strings.LastIndexByte(s, '/')+1:]
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 {
		return false
	}
	switch ext := strings.ToLower(s[dot+1:]); ext {
	case "zip", "zipx", "jar", "apk", "7z", "rar", "cbz", "cbr", "tar", "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "lzma", "zst", "tzst", "z", "cab", "iso",
		"pdf", "doc", "docx", "docm", "dot", "dotx", "xls", "xlsx", "xlsm", "ppt", "pptx", "pptm", "pps", "ppsx", "odt", "ods", "odp", "odg", "epub",
		"eml", "mbox", "msg", "mht", "mhtml", "torrent":
		return true
	default:
		return volumeExt(ext)
	}
}

// volumeExt knows the endings of further volumes: 001, z01, r00.
func volumeExt(ext string) bool {
	if len(ext) == 3 && (ext[0] == 'z' || 'r' <= ext[0] && ext[0] <= 's') {
		ext = "0" + ext[1:]
	}
	return len(ext) == 3 && strings.Trim(ext, "0123456789") == ""
}

// listedFrom is how much of a page is looked at to tell a listing of files.
const listedFrom = 64 << 10

// lists says that a page lists files, by its beginning: then it may be longer
// than a page, and hold more links.
func lists(page []byte, at *url.URL) bool {
	_, format := container.Listing(page[:min(len(page), listedFrom)], "text/html", at.String())
	return format != ""
}
