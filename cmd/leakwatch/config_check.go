package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"leakwatch/internal/crawler"
)

// check judges one value. It reports each thing that is wrong; element is the
// place in a list, 0 for a single value.
type check func(value any, report reporter)

type reporter func(element int, problem, hint string)

// each judges the elements of a list one by one.
func each(one check) check {
	return func(value any, report reporter) {
		for i, element := range value.([]string) {
			one(element, func(_ int, problem, hint string) { report(i, problem, hint) })
		}
	}
}

func between(low, high int) check {
	return func(value any, report reporter) {
		if n := value.(int); n < low || n > high {
			report(0, fmt.Sprintf("%d is out of range", n), fmt.Sprintf("%d to %d", low, high))
		}
	}
}

func durations(low, high time.Duration) check {
	return func(value any, report reporter) {
		if d := value.(Duration); time.Duration(d) < low || time.Duration(d) > high {
			report(0, fmt.Sprintf("%q is out of range", d), fmt.Sprintf("%q to %q", Duration(low), Duration(high)))
		}
	}
}

func sizes(low, high Size) check {
	return func(value any, report reporter) {
		if s := value.(Size); s < low || s > high {
			report(0, fmt.Sprintf("%q is out of range", s), fmt.Sprintf("%q to %q", low, high))
		}
	}
}

func oneOf(words ...string) check {
	return func(value any, report reporter) {
		word := value.(string)
		if slices.Contains(words, word) {
			return
		}
		hint := "one of " + strings.Join(words, ", ")
		if len(words) == 1 {
			hint = "the only one so far is " + words[0]
		} else if meant := nearest(word, words); meant != "" {
			hint = fmt.Sprintf("did you mean %q? %s", meant, hint)
		}
		report(0, fmt.Sprintf("%q is not known here", word), hint)
	}
}

func notEmpty(value any, report reporter) {
	if value.(string) == "" {
		report(0, "the text is empty", "leave the key out if nothing is meant")
		return
	}
	noNUL(value, report)
}

func noNUL(value any, report reporter) {
	if strings.ContainsRune(value.(string), 0) {
		report(0, "the text holds a NUL byte", "no file or argument can")
	}
}

var shortNames = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

func shortName(value any, report reporter) {
	name := value.(string)
	switch {
	case shortNames.MatchString(name):
	case len(name) > 64:
		report(0, fmt.Sprintf("the name has %d characters", len(name)), "up to 64: it becomes the user name for Tor's SOCKS port")
	default:
		report(0, fmt.Sprintf("%q is not a name", name), "1 to 64 of a-z 0-9 . _ -")
	}
}

func tag(value any, report reporter) {
	text := value.(string)
	if text == "" || text != printable(text) || len(text) > 64 {
		report(0, fmt.Sprintf("%q is not a tag", text), "1 to 64 printable characters")
	}
}

var hostNames = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$`)

func hostName(value any, report reporter) {
	host := value.(string)
	if !hostNames.MatchString(host) || len(host) > 253 {
		report(0, fmt.Sprintf("%q is not the name of a host", host), `as in "images.example.org": lower case, no scheme, port or path`)
	}
}

func selector(value any, report reporter) {
	if err := crawler.CheckSelector(value.(string)); err != nil {
		report(0, fmt.Sprintf("%q is not a CSS selector: %v", value, err), `as in "main, .posts"`)
	}
}

func dropParam(value any, report reporter) {
	name := value.(string)
	if bare := strings.TrimSuffix(name, "*"); bare == "" || strings.ContainsAny(bare, "*&=#? ") {
		report(0, fmt.Sprintf("%q is not a parameter name", name), `as in "sid" or "utm_*": one * at the end at most`)
	}
}

// socksAddress: names are never resolved here, so the address holds none.
func socksAddress(value any, report reporter) {
	address := value.(string)
	switch {
	case address == "":
		report(0, "no SOCKS address", `nothing is ever sent without Tor: "127.0.0.1:9050" or "unix:/run/tor/socks"`)
	case !isEndpoint(address):
		report(0, fmt.Sprintf("%q is not a SOCKS address", address), `"IP:PORT" as in "127.0.0.1:9050", or "unix:/path"; names are not resolved here`)
	}
}

func directAddress(value any, report reporter) {
	if address := value.(string); address != "" && !isEndpoint(address) {
		report(0, fmt.Sprintf("%q is not an address", address), `"IP:PORT" or "unix:/path"; names are not resolved here`)
	}
}

// isEndpoint: IP:PORT or unix:/path.
func isEndpoint(address string) bool {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return strings.HasPrefix(path, "/") && len(path) < 108 && !strings.ContainsRune(path, 0)
	}
	at, err := netip.ParseAddrPort(address)
	return err == nil && at.Port() != 0
}

func listenAddress(value any, report reporter) {
	address := value.(string)
	if address == "" {
		return // the local socket alone
	}
	if _, err := netip.ParseAddrPort(address); err != nil {
		report(0, fmt.Sprintf("%q is not an address to listen on", address), `"IP:PORT" as in "127.0.0.1:8480", or "" for none; names are not resolved here`)
	}
}

// isLoopback: nobody but this machine reaches it.
func isLoopback(listen string) bool {
	at, err := netip.ParseAddrPort(listen)
	return err != nil || at.Addr().Unmap().IsLoopback()
}

func publicURL(value any, report reporter) {
	text := value.(string)
	if text == "" {
		return
	}
	if problem := webURL(text); problem != "" {
		report(0, problem, `as in "https://leakwatch.example.org"`)
	} else if strings.ContainsAny(text, "?#") {
		report(0, "a base URL has no query or fragment", "leave out what follows ? or #")
	}
}

// webURL says what keeps a text from being an absolute http or https URL.
func webURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is not a URL", text)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("%q is not an http or https URL", text)
	case u.Hostname() == "":
		return fmt.Sprintf("%q names no host", text)
	case u.User != nil:
		return "a URL with a user name or password in it"
	}
	return ""
}
