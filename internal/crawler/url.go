package crawler

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"leakwatch/internal/tor"
)

// refusal says why a URL is not kept.
type refusal struct {
	Cause Cause
	Why   string
}

func (r *refusal) Error() string { return string(r.Cause) + ": " + r.Why }

// canonical resolves raw against base as browsers do and gives the one
// spelling that all spellings of it share. The query is written in the page's
// own encoding (nil: UTF-8), the path always in UTF-8. Parameters that match
// drop are left out. The error is always a *refusal.
//
// User names are dropped and never sent. Whether the address may be asked at
// all (local names, ports, literal addresses) is for tor.Check to say.
func canonical(raw string, base *url.URL, query encoding.Encoding, drop []string) (*url.URL, error) {
	a, err := readAddress(raw, base, query, drop)
	if err != nil {
		return nil, err
	}
	return a.url(), nil
}

// hostOf is the key of a URL's pace: all sub-domains of one onion are one
// machine, any other name stands for itself.
func hostOf(u *url.URL) string {
	return tor.Service(u.Hostname())
}

// address is a canonical URL in parts, all of them escaped.
type address struct {
	scheme, host, path, query string
}

// appendKey appends the canonical spelling to b.
func (a address) appendKey(b []byte) []byte {
	b = append(b, a.scheme...)
	b = append(b, "://"...)
	b = append(b, a.host...)
	b = append(b, a.path...)
	if a.query != "" {
		b = append(b, '?')
		b = append(b, a.query...)
	}
	return b
}

func (a address) url() *url.URL {
	u := &url.URL{Scheme: a.scheme, Host: a.host, Path: a.path, RawQuery: a.query}
	if strings.ContainsAny(a.path, "%!'()*[];,") {
		u.RawPath = a.path
		if path, err := url.PathUnescape(a.path); err == nil { // escapes are whole by now
			u.Path = path
		}
	}
	return u
}

func readAddress(raw string, base *url.URL, query encoding.Encoding, drop []string) (address, error) {
	raw = trimmed(raw)
	var p address
	var whole bool // raw names scheme and host itself
	scheme, rest := cutScheme(raw)
	switch scheme {
	case "http", "https":
		p.scheme = scheme
		// http:foo is a relative link on an http page.
		whole = base == nil || base.Scheme != scheme || slashes(rest) >= 2
	case "":
		if base == nil {
			return address{}, &refusal{RefusedURL, "relative, and there is no page"}
		}
		p.scheme = base.Scheme
		whole = slashes(rest) >= 2
	default:
		return address{}, &refusal{RefusedScheme, "scheme " + short(scheme)}
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, search, asked := strings.Cut(rest, "?")
	rest = strings.ReplaceAll(rest, `\`, "/")
	if whole {
		rest = strings.TrimLeft(rest, "/")
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		p.host, p.path = rest[:end], rest[end:]
	} else {
		p.host, p.path = base.Host, rest
		switch {
		case rest == "" && !asked:
			p.path, search = base.EscapedPath(), base.RawQuery
		case rest == "":
			p.path = base.EscapedPath()
		case rest[0] != '/':
			folder := base.EscapedPath()
			p.path = folder[:strings.LastIndexByte(folder, '/')+1] + rest
		}
	}
	var err error
	if p.scheme != "http" && p.scheme != "https" { // a base of another kind
		return address{}, &refusal{RefusedScheme, "scheme " + short(p.scheme)}
	}
	if p.host, err = canonicalHost(p.host, p.scheme); err != nil {
		return address{}, err
	}
	p.path = canonicalPath(p.path, drop)
	p.query = canonicalQuery(search, query, drop)
	return p, nil
}

// trimmed does what browsers do first: blanks and control characters at both
// ends go, and so does each TAB, LF and CR within.
func trimmed(raw string) string {
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(raw, "\t\n\r") {
		raw = strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, raw)
	}
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	return raw
}

// cutScheme splits a scheme off, lower-cased, or gives "".
func cutScheme(raw string) (scheme, rest string) {
	for i := range len(raw) {
		switch c := raw[i] | 0x20; {
		case 'a' <= c && c <= 'z':
		case i > 0 && ('0' <= raw[i] && raw[i] <= '9' || raw[i] == '+' || raw[i] == '-' || raw[i] == '.'):
		case i > 0 && raw[i] == ':':
			return strings.ToLower(raw[:i]), raw[i+1:]
		default:
			return "", raw
		}
	}
	return "", raw
}

func slashes(s string) int {
	n := 0
	for n < len(s) && (s[n] == '/' || s[n] == '\\') {
		n++
	}
	return n
}

// short cuts a stranger's word for a sentence of ours.
func short(s string) string {
	if len(s) > 32 {
		return strings.ToValidUTF8(s[:32], "") + "..."
	}
	return s
}
