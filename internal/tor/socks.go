package tor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

// errSilent is why a talk with the SOCKS port was broken off.
var errSilent = errors.New("no answer")

// address is where the SOCKS port listens.
type address struct{ network, where string }

func (a address) String() string {
	if a.network == "unix" {
		return "unix:" + a.where
	}
	return a.where
}

// parseAddress takes "IP:port", "localhost:port" or "unix:/path". A name is
// refused, since nothing is resolved here.
func parseAddress(s string) (address, error) {
	if where, ok := strings.CutPrefix(s, "unix:"); ok {
		if !filepath.IsAbs(where) {
			return address{}, fmt.Errorf("address %q: unix: wants an absolute path", s)
		}
		return address{"unix", where}, nil
	}
	if port, ok := strings.CutPrefix(s, "localhost:"); ok {
		s = "127.0.0.1:" + port
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Port() == 0 {
		return address{}, fmt.Errorf("address %q: want IP:port or unix:/path; names are not resolved here", s)
	}
	return address{"tcp", ap.String()}, nil
}

// dial opens a stream to addr, "name:port", for s. What it returns is checked
// again here, where the name is final: whatever led to the dial, no address
// and no local name gets to the SOCKS port.
func (t *Tor) dial(ctx context.Context, s Site, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &Error{Code: "refused_url", Host: addr, Err: err}
	}
	name, e := checkName(host)
	if e == nil {
		_, e = checkTarget(name, port, s)
	}
	if e != nil {
		return nil, e
	}
	contact := s.Name + " " + Service(name)
	if !s.Channel {
		release, err := t.contacts.enter(ctx, contact)
		if err != nil {
			return nil, &Error{Code: "tor_failed", Host: name, Err: fmt.Errorf("waiting for a turn among first contacts: %w", err)}
		}
		defer release()
	}
	conn, err := t.connect(ctx, s, name, net.JoinHostPort(name, port))
	switch code := CodeOf(err); {
	case err == nil || code == "port_closed":
		t.contacts.met(contact)
	case code == "tor_down":
		t.contacts.forget() // a new Tor has no circuits
	}
	return conn, err
}

// connect speaks SOCKS. Its limits: GreetTimeout for the port to say that it
// is one, and again for a reply that has begun; ConnectTimeout for the whole.
func (t *Tor) connect(ctx context.Context, s Site, name, addr string) (net.Conn, error) {
	given := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ctx, cancel := context.WithTimeout(ctx, t.o.ConnectTimeout)
	defer cancel()

	timer := time.AfterFunc(t.o.GreetTimeout, func() { stop(errSilent) })
	defer timer.Stop()
	way := &way{to: t.socks, limit: t.o.GreetTimeout, timer: timer}
	auth := &proxy.Auth{User: user(s.Name), Password: t.password}
	dialer, err := proxy.SOCKS5(t.socks.network, t.socks.where, auth, way)
	if err != nil {
		return nil, &Error{Code: "tor_failed", Host: name, Err: err}
	}
	conn, err := dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", addr)
	if err == nil {
		if way.ear.first[1] == 0 {
			t.noLogin.Do(func() { t.o.Log.Warn("the SOCKS port takes no user: sites are not kept apart by circuits") })
		}
		return conn, nil
	}
	if errors.Is(given.Err(), context.Canceled) {
		return nil, fmt.Errorf("connect %s: %w", name, context.Canceled)
	}
	return nil, t.failed(ctx, way.ear, name, err)
}

// failed says what a failed connect means.
func (t *Tor) failed(ctx context.Context, e *ear, name string, err error) error {
	if e == nil {
		return t.down(err)
	}
	at, code := e.stage()
	switch at {
	case greeting, foreign:
		if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
			err = cause
		}
		return t.down(err)
	case waiting:
		if ctx.Err() != nil || isTimeout(err) { // the connection's deadline may come a moment before the context's
			return &Error{Code: "timeout_connect", Host: name, Err: fmt.Errorf("no stream within %s", t.o.ConnectTimeout)}
		}
		return t.blame(&Error{Code: "tor_failed", Host: name, Err: fmt.Errorf("tor hung up before it replied: %w", err)})
	case replied:
		if code != 0 {
			cause, why := replyCause(code, name)
			return &Error{Code: cause, Host: name, Err: errors.New(why)}
		}
	}
	return t.blame(&Error{Code: "tor_failed", Host: name, Err: fmt.Errorf("broken SOCKS reply: %w", err)})
}

func (t *Tor) down(err error) *Error {
	return &Error{Code: "tor_down", Err: fmt.Errorf("tor does not answer at %s: %w", t.socks, err)}
}

// user turns a site's name into a SOCKS user: 1 to 255 bytes, two names never
// to the same. Plain short names stay readable for whoever looks into Tor; the
// colon keeps them apart from the digests.
func user(site string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if site != "" && len(site) <= 128 && strings.Trim(site, plain) == "" {
		return site
	}
	sum := sha256.Sum256([]byte(site))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// way is the forward dialer of one connect: it reaches the SOCKS port and
// nothing else, whatever it is asked for.
type way struct {
	to    address
	limit time.Duration
	timer *time.Timer
	ear   *ear // set once the port was reached
}

func (w *way) Dial(network, addr string) (net.Conn, error) {
	return w.DialContext(context.Background(), network, addr)
}

func (w *way) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: w.limit}).DialContext(ctx, w.to.network, w.to.where)
	if err != nil {
		return nil, err
	}
	w.ear = &ear{Conn: conn, timer: w.timer, limit: w.limit}
	return w.ear, nil
}

// ear is a connection that keeps the first bytes that it reads. Its timer runs
// while an answer is due at once, and rests while Tor builds a circuit.
type ear struct {
	net.Conn
	timer *time.Timer
	limit time.Duration
	first [heardMax]byte // read and written by the one goroutine that reads
	n     int
}

func (e *ear) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if n > 0 && e.n < len(e.first) {
		before, _ := e.stage()
		e.n += copy(e.first[e.n:], p[:n])
		switch after, _ := e.stage(); {
		case after == before:
		case after == waiting:
			e.timer.Stop()
		default:
			e.timer.Reset(e.limit)
		}
	}
	return n, err
}

func (e *ear) stage() (stage, byte) { return hear(e.first[:e.n]) }
