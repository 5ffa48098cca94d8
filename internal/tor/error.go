// Package tor answers: how do bytes leave this building, and what does it mean
// when they do not come back?
//
// It is the only room that dials. Names are passed on unresolved, every site
// has a stream isolation of its own, and without a proxy nothing is sent.
package tor

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoProxy is returned by New when no SOCKS address is given: without a proxy
// nothing may be sent.
var ErrNoProxy = errors.New("no SOCKS proxy is configured: nothing is sent without one")

// Site is on whose behalf a connection is made.
type Site struct {
	Name     string // becomes the SOCKS user, so that sites share no circuit
	Clearnet bool   // clear names are allowed, and then too only through Tor
	Ports    []int  // allowed besides 80 and 443: the ports that the site's seeds name
	Channel  bool   // a way to people: it takes no turn among first contacts
}

// Error is a refusal or a failure with its cause.
type Error struct {
	Code string // a cause: tor_down, onion_not_found, refused_local, ...
	Host string
	Err  error
}

func (e *Error) Error() string {
	text := e.Code
	if e.Host != "" {
		text += " " + e.Host
	}
	if e.Err != nil {
		text = fmt.Sprintf("%s: %v", text, e.Err)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Ours reports whether the fault lies with our own Tor: no site is blamed.
func (e *Error) Ours() bool { return strings.HasPrefix(e.Code, "tor_") }
