package tor

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Check says whether u may be asked for on behalf of s, before a single byte
// is sent: nil, or an *Error with one of the codes refused_scheme,
// refused_local, refused_url, refused_port, refused_clearnet and
// onion_bad_address. An address instead of a name counts as local, a public
// one too: names go out unresolved, and who writes an address wants to get
// past that.
func Check(u *url.URL, s Site) error {
	if _, e := check(u, s); e != nil {
		return e
	}
	return nil
}

// target is a place that passed the check.
type target struct {
	name string // lower-case ASCII
	port int
}

// check is Check, and tells what will be dialled.
func check(u *url.URL, s Site) (target, *Error) {
	if u == nil {
		return target{}, refuse("refused_url", "", "no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return target{}, refuse("refused_scheme", u.Hostname(), "scheme %q is not http or https", u.Scheme)
	}
	if u.Opaque != "" || u.Host == "" {
		return target{}, refuse("refused_url", "", "URL without a host")
	}
	name, e := checkName(u.Hostname())
	if e != nil {
		return target{}, e
	}
	if u.User != nil {
		return target{}, refuse("refused_url", name, "user name in the URL")
	}
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return checkTarget(name, port, s)
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// checkTarget judges what follows from the site's own rules. The name has
// passed checkName.
func checkTarget(name, port string, s Site) (target, *Error) {
	number, err := strconv.Atoi(port)
	if err != nil || strconv.Itoa(number) != port || number < 1 || number > 65535 {
		return target{}, refuse("refused_port", name, "port %q", port)
	}
	if number != 80 && number != 443 && !slices.Contains(s.Ports, number) {
		return target{}, refuse("refused_port", name, "port %d is not 80, 443 or one that a seed names", number)
	}
	if !s.Clearnet && !isOnion(name) {
		return target{}, refuse("refused_clearnet", name, "a clear name, and site %q has no clearnet = true", s.Name)
	}
	return target{name, number}, nil
}

// checkName returns host as it is dialled: a DNS-like name or a valid onion
// address, in lower-case ASCII. Everything else is refused, each spelling of
// an address above all.
func checkName(host string) (string, *Error) {
	name, mapped := toASCII(host)
	judged := strings.TrimSuffix(name, ".")
	switch {
	case judged == "":
		return "", refuse("refused_url", host, "URL without a host")
	case strings.Contains(judged, ":") || endsInNumber(judged):
		return "", refuse("refused_local", host, "an address, not a name")
	case judged == "onion" || isOnion(judged):
		if !mapped || !ValidOnion(judged) {
			return "", refuse("onion_bad_address", host, "not a v3 onion address: length, alphabet, version or checksum is wrong")
		}
	case isLocal(judged):
		return "", refuse("refused_local", host, "a name of a local network")
	case !mapped || !isDNS(judged):
		return "", refuse("refused_url", host, "not a host name")
	case hasSuffixLabel(judged, "exit") || hasSuffixLabel(judged, "noconnect"):
		return "", refuse("refused_url", host, "a name that steers Tor itself")
	}
	if judged != name {
		return "", refuse("refused_url", host, "a dot at the end of the name")
	}
	return name, nil
}

// toASCII maps host as net/http does before it dials; on false the mapping
// found fault, and the name serves to tell why it is refused.
func toASCII(host string) (string, bool) {
	for i := range len(host) {
		if host[i] >= 0x80 {
			name, err := idna.Lookup.ToASCII(host)
			return strings.ToLower(name), err == nil
		}
	}
	return strings.ToLower(host), true
}

// endsInNumber is the rule by which browsers tell addresses from names: it
// covers 127.0.0.1, 127.1, 2130706433, 0x7f.1, 0177.0.0.1 and 1.2.3.999.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// isLocal reports names that mean something only on this host or in its
// network. A name without a dot is one.
func isLocal(name string) bool {
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range [...]string{
		"localhost", "localdomain", "localdomain6", "localhost6", "local", "internal", "intranet", "private",
		"lan", "home", "corp", "domain", "workgroup", "home.arpa",
	} {
		if hasSuffixLabel(name, suffix) {
			return true
		}
	}
	return false
}

func hasSuffixLabel(name, suffix string) bool {
	rest, ok := strings.CutSuffix(name, suffix)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

// isDNS reports whether name is made of labels of letters, digits, hyphens
// and underscores, as a resolver takes them.
func isDNS(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func refuse(code, host, format string, args ...any) *Error {
	if format == "" {
		return &Error{Code: code, Host: host, Err: errors.New(code)}
	}
	return &Error{Code: code, Host: host, Err: fmt.Errorf(format, args...)}
}
