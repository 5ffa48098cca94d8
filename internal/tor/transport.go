package tor

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// channel is the way out of one site: checks in front of net/http, causes
// behind it.
type channel struct {
	tor  *Tor
	site Site
	base *http.Transport
}

func newChannel(t *Tor, s Site) *channel {
	c := &channel{tor: t, site: s}
	c.base = plain()
	c.base.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) { return t.dial(ctx, s, addr) }
	c.base.DialTLSContext = c.dialTLS
	c.base.ResponseHeaderTimeout = t.o.HeaderTimeout
	c.base.MaxResponseHeaderBytes = t.o.MaxHeader
	return c
}

// plain is what all transports of this room have in common: HTTP/1 only,
// nothing from the environment, bodies as they were sent.
func plain() *http.Transport {
	only1 := new(http.Protocols)
	only1.SetHTTP1(true)
	return &http.Transport{
		Proxy:               nil, // never http.ProxyFromEnvironment
		Protocols:           only1,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 256, // 2 would throw away what 64 workers of one site opened
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: tlsTimeout,
	}
}

const tlsTimeout = 30 * time.Second

// dialTLS opens a TLS stream. An onion's name is its key, and Tor has proved
// it: its certificate may be of its own making. A clear name needs a good one.
func (c *channel) dialTLS(ctx context.Context, _, addr string) (net.Conn, error) {
	raw, err := c.tor.dial(ctx, c.site, addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	conn := tls.Client(raw, &tls.Config{
		ServerName:         host,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: ValidOnion(host),
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
			return nil, &Error{Code: "timeout_connect", Host: host, Err: errors.New("TLS handshake not done within " + tlsTimeout.String())}
		}
		return nil, err
	}
	return conn, nil
}

// journey is how far one request has come; its dial and its trace write it.
type journey struct {
	queued    atomic.Bool // waits for its turn among first contacts
	connected atomic.Bool // has a stream
}

type journeyKey struct{}

func journeyOf(ctx context.Context) *journey {
	if j, ok := ctx.Value(journeyKey{}).(*journey); ok {
		return j
	}
	return &journey{}
}

// RoundTrip checks, dresses and sends one request.
func (c *channel) RoundTrip(req *http.Request) (*http.Response, error) {
	to, e := check(req.URL, c.site)
	if e != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, e
	}
	j := &journey{}
	ctx := context.WithValue(req.Context(), journeyKey{}, j)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { j.connected.Store(true) },
	})
	sent := req.Clone(ctx)
	sent.URL.Host = to.host(req.URL)
	sent.Host = ""
	dress(sent.Header)
	resp, err := c.base.RoundTrip(sent)
	if err != nil {
		return nil, c.failed(req.Context(), j, to.name, err)
	}
	resp.Request = req
	if resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body.Close()
		return nil, &Error{Code: "broken_http", Host: to.name, Err: errors.New("answer switches protocols, which nobody asked for")}
	}
	resp.Body = &body{ReadCloser: resp.Body, channel: c, ctx: req.Context(), host: to.name}
	return resp, nil
}

// host is the URL's host in the one spelling that is dialled and sent.
func (to target) host(u *url.URL) string {
	if port := strconv.Itoa(to.port); port != defaultPort(u.Scheme) {
		return net.JoinHostPort(to.name, port)
	}
	return to.name
}

// failed gives err its cause.
func (c *channel) failed(ctx context.Context, j *journey, host string, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, context.Canceled):
		return err
	}
	code := codeOfText(err)
	if expired(ctx, err) {
		switch {
		case j.connected.Load():
			code = "timeout_header"
		case j.queued.Load():
			code, err = "tor_failed", errors.New("its turn among first contacts did not come in time")
		default:
			code = "timeout_connect"
		}
	}
	switch {
	case code == "" && j.connected.Load():
		code = "broken_http" // an answer that net/http does not take
	case code == "":
		code = "refused_url" // a request that net/http does not send
	}
	return c.lost(&Error{Code: code, Host: host, Err: err})
}

// expired reports whether a time limit of the caller ended the request.
// http.Client's own may come as a cancelled request, a moment before the
// context's.
func expired(ctx context.Context, err error) bool {
	return ctx.Err() != nil || strings.Contains(err.Error(), "net/http: request canceled")
}

// lost asks whether Tor itself is gone when a stream broke.
func (c *channel) lost(e *Error) *Error {
	if e.Code != "connection_lost" {
		return e
	}
	return c.tor.blame(e)
}

// body gives the errors of a body their causes.
type body struct {
	io.ReadCloser
	channel *channel
	ctx     context.Context // of the request, to tell its end from the site's
	host    string
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil || err == io.EOF || errors.Is(b.ctx.Err(), context.Canceled) {
		return n, err
	}
	code := codeOfText(err)
	if expired(b.ctx, err) {
		code = "timeout_fetch"
	}
	if code == "" {
		code = "broken_http"
	}
	return n, b.channel.lost(&Error{Code: code, Host: b.host, Err: err})
}

// dress makes a request's head look like Tor Browser's. What the caller has
// set stays.
func dress(h http.Header) {
	for _, line := range [...][2]string{
		{"User-Agent", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"},
		{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		{"Accept-Language", "en-US,en;q=0.5"},
		{"Accept-Encoding", "gzip"}, // what the crawler unpacks
		{"Connection", "keep-alive"},
	} {
		if _, ok := h[line[0]]; !ok {
			h.Set(line[0], line[1])
		}
	}
}
