package tor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options of the way out. All but Socks have a default.
type Options struct {
	Socks          string        // "127.0.0.1:9050" or "unix:/path"; empty: ErrNoProxy
	ConnectTimeout time.Duration // for a stream to open, 90s
	GreetTimeout   time.Duration // for the SOCKS port to greet, 10s: a live one does so at once
	HeaderTimeout  time.Duration // from request to the end of the answer's header, 60s
	MaxHeader      int64         // bytes of an answer's header, 64 KiB
	FirstContacts  int           // hosts met for the first time at once, 8
	Log            *slog.Logger  // none: silent
}

// Tor is the way out. It is safe for concurrent use.
type Tor struct {
	o        Options
	socks    address
	password string // SOCKS password, random per run: no circuit of the last run is used again
	contacts *contacts
	noLogin  sync.Once // warns of a SOCKS port that takes no user

	mu    sync.Mutex
	sites map[string]*channel // by name; guarded by mu
}

// New makes the way out. It sends nothing yet: Up tells whether Tor is there.
func New(o Options) (*Tor, error) {
	if o.Socks == "" {
		return nil, ErrNoProxy
	}
	socks, err := parseAddress(o.Socks)
	if err != nil {
		return nil, fmt.Errorf("socks %w", err)
	}
	setDefault(&o.ConnectTimeout, 90*time.Second)
	setDefault(&o.GreetTimeout, 10*time.Second)
	setDefault(&o.HeaderTimeout, 60*time.Second)
	setDefault(&o.MaxHeader, 64<<10)
	setDefault(&o.FirstContacts, 8)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Tor{
		o: o, socks: socks, password: rand.Text(),
		contacts: newContacts(o.FirstContacts),
		sites:    map[string]*channel{},
	}, nil
}

func setDefault[T int | int64 | time.Duration](v *T, byDefault T) {
	if *v <= 0 {
		*v = byDefault
	}
}

// Transport returns the way out for one site: its own connections, its own
// circuits. Each request is checked first, as by Check, the targets of
// redirects too. Every error that it or a body gives is an *Error with its
// cause, but for a cancelled context. Bodies come as they were sent, Content-
// Encoding and all.
//
// The same name with other rules replaces the transport of before.
func (t *Tor) Transport(s Site) http.RoundTripper {
	s.Ports = slices.Clone(s.Ports)
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.sites[s.Name]
	if old != nil {
		if old.site.Clearnet == s.Clearnet && old.site.Channel == s.Channel && slices.Equal(old.site.Ports, s.Ports) {
			return old
		}
		old.base.CloseIdleConnections()
	}
	c := newChannel(t, s)
	t.sites[s.Name] = c
	return c
}

// Reset drops the idle connections of a site, so that the next request opens a
// new stream.
func (t *Tor) Reset(site string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.sites[site]; c != nil {
		c.base.CloseIdleConnections()
	}
}

// Close drops all idle connections.
func (t *Tor) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.sites {
		c.base.CloseIdleConnections()
	}
}

// Up asks the SOCKS port for its greeting: nil, or an *Error with the code
// tor_down. A Tor that greets may still be starting.
func (t *Tor) Up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.o.GreetTimeout)
	defer cancel()
	timer := time.NewTimer(t.o.GreetTimeout)
	defer timer.Stop()
	conn, err := (&way{to: t.socks, limit: t.o.GreetTimeout, timer: timer}).DialContext(ctx, "", "")
	if err != nil {
		return t.down(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var answer [2]byte
	if _, err = conn.Write([]byte{5, 2, 0, 2}); err == nil {
		_, err = io.ReadFull(conn, answer[:])
	}
	switch {
	case ctx.Err() != nil:
		return t.down(errSilent)
	case err != nil:
		return t.down(err)
	case answer[0] != 5 || answer[1] != 0 && answer[1] != 2:
		return t.down(errors.New("something else than a SOCKS5 proxy for us listens there"))
	}
	return nil
}

// blame turns the loss of a stream into tor_down when Tor itself is gone: then
// no site is to blame for it.
func (t *Tor) blame(e *Error) *Error {
	ctx, cancel := context.WithTimeout(context.Background(), min(t.o.GreetTimeout, 2*time.Second))
	defer cancel()
	var down *Error
	if errors.As(t.Up(ctx), &down) {
		return &Error{Code: down.Code, Host: e.Host, Err: down.Err}
	}
	return e
}
