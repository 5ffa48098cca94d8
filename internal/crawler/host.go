package crawler

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// canonicalHost gives the one spelling of a host and its port: lower case,
// Punycode, no user name, no default port, no trailing dot, addresses in
// numbers as 127.0.0.1 however they were written.
func canonicalHost(authority, scheme string) (string, error) {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	bad := func(why string) (string, error) {
		return "", &refusal{RefusedURL, why + " " + strconv.Quote(short(host))}
	}
	name, port := host, ""
	if end := strings.LastIndexByte(host, ']'); strings.HasPrefix(host, "[") && end > 0 {
		name, port = host[:end+1], host[end+1:]
		if port != "" && port[0] != ':' {
			return bad("no such host as")
		}
		port = strings.TrimPrefix(port, ":")
	} else if colon := strings.IndexByte(host, ':'); colon >= 0 {
		name, port = host[:colon], host[colon+1:]
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return bad("no such port in")
		}
		port = ":" + strconv.FormatUint(n, 10)
		if scheme == "http" && n == 80 || scheme == "https" && n == 443 {
			port = ""
		}
	}
	name, ok := canonicalName(name)
	if !ok {
		return bad("no such host as")
	}
	return name + port, nil
}

func canonicalName(name string) (string, bool) {
	if strings.HasPrefix(name, "[") {
		if !strings.HasSuffix(name, "]") {
			return "", false
		}
		a, err := netip.ParseAddr(name[1 : len(name)-1])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", false
		}
		return "[" + a.String() + "]", true
	}
	if !plainName(name) {
		decoded, err := url.PathUnescape(name)
		if err != nil {
			return "", false
		}
		profile := idnaProfile()
		if name, err = profile.ToASCII(decoded); err != nil || !utf8.ValidString(decoded) {
			return "", false
		}
		// Some odd names are taken once and not a second time.
		if again, err := profile.ToASCII(name); err != nil || again != name {
			return "", false
		}
		name = strings.ToLower(name)
	}
	name = strings.TrimRight(name, ".")
	if name == "" || len(name) > 253 || strings.Contains(name, "..") || name[0] == '.' {
		return "", false
	}
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return "", false
		}
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; '0' <= last[0] && last[0] <= '9' {
		return numericName(name, last)
	}
	return name, true
}

// plainName reports whether name is plain lower-case ASCII, as nearly all are.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return !strings.Contains(name, "xn--")
}

func idnaProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false),
		idna.CheckHyphens(false), idna.CheckJoiners(true), idna.BidiRule(), idna.VerifyDNSLength(false))
}

// numericName reads the spellings of IPv4 addresses that browsers take:
// 127.1, 0x7f.0.0.1, 2130706433. A name whose last label is no number stays.
func numericName(name, last string) (string, bool) {
	if _, err := strconv.ParseUint(last, 10, 64); err != nil && !strings.HasPrefix(last, "0x") && strings.Trim(last, "0123456789") != "" {
		return name, true
	}
	labels := strings.Split(name, ".")
	if len(labels) > 4 {
		return "", false
	}
	var all uint64
	for i, label := range labels {
		n, ok := numericLabel(label)
		room := uint64(1) << 8
		if i == len(labels)-1 {
			room = 1 << (8 * (5 - len(labels)))
		}
		if !ok || n >= room {
			return "", false
		}
		all = all*room + n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}).String(), true
}

func numericLabel(label string) (uint64, bool) {
	digits, base := label, 10
	switch {
	case strings.HasPrefix(label, "0x"):
		digits, base = label[2:], 16
		if digits == "" {
			return 0, true
		}
	case len(label) > 1 && label[0] == '0':
		digits, base = label[1:], 8
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return n, err == nil
}
