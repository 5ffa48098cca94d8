package container

import (
	"bytes"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLines is the most that Listing, Torrent and Magnets return of one body. A
// result of that length may have been cut, and so may one whose names take 64 MB:
// one long folder before many short names makes more of a body than it is.
const MaxLines = 500_000

const maxNames = 64 << 20 // bytes

// lineList gathers lines up to these bounds.
type lineList struct {
	all   []Line
	names int // bytes of their names
}

func (s *lineList) full() bool { return len(s.all) >= MaxLines || s.names >= maxNames }

func (s *lineList) add(l Line) {
	if !s.full() {
		s.all, s.names = append(s.all, l), s.names+len(l.Name)
	}
}

// Listing reads what body states of files: the index page of a web server in
// HTML, JSON or XML, what ls, find, dir, tar, unzip, 7z and FTP servers print,
// sums of sha256sum and its kin, a torrent, a list of names. contentType and page, the
// address of the body, are hints and may be empty. The format is "" when body
// is no listing: a text that merely names some files is none. Folders are not
// lines.
func Listing(body []byte, contentType, page string) ([]Line, string) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	head := bytes.TrimLeft(body[:min(len(body), 4096)], " \t\r\n")
	if sniffTorrent(body[:min(len(body), 64)], "") {
		if lines, ok := Torrent(body); ok && len(lines) > 0 {
			return lines, "torrent"
		}
	}
	switch {
	case len(head) == 0 || bytes.IndexByte(body[:min(len(body), 4096)], 0) >= 0:
		return nil, ""
	case head[0] == '{' || head[0] == '[':
		if lines := listingJSON(body); len(lines) > 0 {
			return lines, "json"
		}
		return nil, ""
	case head[0] == '<':
		if lines := listingXML(body); len(lines) > 0 {
			return lines, "xml"
		}
		return listingHTML(body, page)
	case strings.Contains(strings.ToLower(contentType), "html"):
		return listingHTML(body, page)
	}
	return listingText(body)
}

// lineOf is a line that states a name and nothing else yet.
func lineOf(name string) Line { return Line{Name: cleanLine(name), Size: -1} }

// cleanLine makes a stated name fit to be kept and shown: valid UTF-8 without
// control characters, with forward slashes, without a leading "./".
func cleanLine(name string) string {
	if !utf8.ValidString(name) {
		name = latin1(name)
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case unicode.IsControl(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, name)
	for strings.HasPrefix(name, "./") {
		name = name[2:]
	}
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	return strings.TrimSpace(name)
}

// latin1 reads a name that is not UTF-8 as what older systems wrote.
func latin1(s string) string {
	out := make([]rune, 0, min(len(s), maxName))
	for i := 0; i < len(s) && i < maxName; i++ {
		out = append(out, rune(s[i]))
	}
	return string(out)
}

// linkName returns the name that a link of an index page gives to its file,
// relative to the page where it lies below it. folder says that it leads to a
// folder; ok is false for what is no entry: parents, sorting, other sites.
func linkName(href, page string) (name string, folder, ok bool) {
	href = strings.TrimSpace(href)
	if i := strings.IndexAny(href, "?#"); i >= 0 {
		href = href[:i]
	}
	if href == "" {
		return "", false, false
	}
	raw := href
	if scheme, rest, found := strings.Cut(href, "://"); found && !strings.ContainsAny(scheme, "/.%") {
		if _, host, _ := strings.Cut(page, "://"); page != "" && hostOf(rest) != hostOf(host) {
			return "", false, false
		}
		_, raw, _ = strings.Cut(rest, "/")
		raw = "/" + raw
	} else if i := strings.IndexByte(href, ':'); i > 0 && !strings.ContainsAny(href[:i], "/.%") && isScheme(href[:i]) {
		return "", false, false
	}
	if raw[0] == '/' {
		raw = belowPage(raw, page)
	}
	name = raw
	if plain, err := url.PathUnescape(raw); err == nil {
		name = plain
	}
	for strings.HasPrefix(name, "./") {
		name = name[2:]
	}
	if name == "" || name == "." || name == ".." || strings.HasPrefix(name, "../") {
		return "", false, false
	}
	return cleanLine(name), strings.HasSuffix(name, "/"), true
}

// belowPage cuts the path of the page off an absolute path; of one elsewhere
// only the last name is left, and nothing of a parent.
func belowPage(abs, page string) string {
	base := "/"
	if u, err := url.Parse(page); err == nil && u.Path != "" {
		base = u.EscapedPath()
		base = base[:strings.LastIndexByte(base, '/')+1]
	}
	if page != "" {
		if rest, found := strings.CutPrefix(abs, base); found {
			return rest
		}
		if strings.HasPrefix(base, abs) {
			return "" // a parent
		}
	}
	if strings.HasSuffix(abs, "/") {
		return path.Base(abs) + "/"
	}
	return path.Base(abs)
}

func hostOf(s string) string {
	host, _, _ := strings.Cut(s, "/")
	return strings.ToLower(host)
}

// isScheme tells mailto: and javascript: from a file whose name has a colon.
func isScheme(s string) bool {
	switch strings.ToLower(s) {
	case "mailto", "javascript", "data", "tel", "magnet", "ftp", "about", "irc", "xmpp", "bitcoin", "monero":
		return true
	}
	return false
}

// setSize reads a size as a listing writes it into l: exact when it counts
// bytes, else the bounds between which the true one lies.
func (l *Line) setSize(number, unit string) bool {
	unit = strings.ToLower(unit)
	if unit == "" || unit == "b" || unit == "byte" || unit == "bytes" {
		n, err := strconv.ParseInt(digits(number), 10, 64)
		if err != nil || n < 0 {
			return false
		}
		l.Size = n
		return true
	}
	power := strings.IndexByte("kmgtp", unit[0]) + 1
	if rest := unit[1:]; power == 0 || rest != "" && rest != "b" && rest != "i" && rest != "ib" && rest != "bytes" {
		return false
	}
	number = strings.Replace(number, ",", ".", 1)
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || value < 0 || value > 1e12 {
		return false
	}
	step := 1.0
	if _, decimals, found := strings.Cut(number, "."); found {
		for range len(decimals) {
			step /= 10
		}
	}
	// Some count by 1000 and some by 1024, some round and some cut off.
	low, high := 1.0, 1.0
	for range power {
		low, high = low*1000, high*1024
	}
	if strings.Contains(unit, "i") {
		low = high
	}
	if (value+step)*high > 1<<62 {
		return false
	}
	l.AtLeast, l.AtMost = int64(max(0, (value-step)*low)), int64((value+step)*high)
	return true
}

// digits strips the separators of thousands.
func digits(number string) string {
	if !strings.ContainsAny(number, ",.'") {
		return number
	}
	groups := strings.FieldsFunc(number, func(r rune) bool { return r == ',' || r == '.' || r == '\'' })
	for i, g := range groups {
		if i == 0 && (len(g) == 0 || len(g) > 3) || i > 0 && len(g) != 3 {
			return "" // a fraction
		}
	}
	return strings.Join(groups, "")
}

// sizeTokens cuts a token like 1.2M or 1,234,567 into number and unit; ok is
// false for a word that is no size.
func sizeTokens(token string) (number, unit string, ok bool) {
	i := 0
	for i < len(token) && (token[i] >= '0' && token[i] <= '9' || i > 0 && (token[i] == '.' || token[i] == ',' || token[i] == '\'')) {
		i++
	}
	if i == 0 || i > 24 {
		return "", "", false
	}
	return token[:i], token[i:], token[i:] == "" || isUnit(token[i:])
}

func isUnit(s string) bool {
	switch strings.ToLower(s) {
	case "b", "byte", "bytes", "k", "kb", "kib", "ki", "m", "mb", "mib", "mi", "g", "gb", "gib", "gi", "t", "tb", "tib", "ti":
		return true
	}
	return false
}
