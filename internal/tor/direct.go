package tor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Unix is the way to a daemon on this machine: every request goes to the
// socket at path, whatever host its URL names.
func Unix(path string) http.RoundTripper {
	return to(address{"unix", path})
}

// Direct is the way to a channel of the operator that does not go through Tor:
// every request goes to the address, "IP:port" or "unix:/path". The URL's host
// is what the TLS certificate must be for, and is never resolved.
func Direct(addr string) (http.RoundTripper, error) {
	if strings.HasPrefix(addr, "localhost:") {
		return nil, fmt.Errorf("direct address %q: want IP:port or unix:/path; names are not resolved here", addr)
	}
	where, err := parseAddress(addr)
	if err != nil {
		return nil, fmt.Errorf("direct %w", err)
	}
	return to(where), nil
}

// to limits no time but that of the dial: a daemon may think for long, and the
// caller's context ends it.
func to(where address) http.RoundTripper {
	t := plain()
	t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, where.network, where.where)
	}
	return t
}
