package demo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Fault is a way in which a connection goes wrong.
type Fault string

// The faults. For a name they begin after the client asked for it; for the
// empty name they begin at once and hit every new connection.
const (
	NoFault Fault = ""
	Hang    Fault = "hang"    // no answer, the connection stays open
	Drop    Fault = "drop"    // closed without an answer
	Garbage Fault = "garbage" // bytes that are no SOCKS
	Drip    Fault = "drip"    // connected, but one byte at a time, 20 a second
	Cut     Fault = "cut"     // connected, and closed after 512 bytes of answer
)

// Connect is one CONNECT that the proxy was asked for.
type Connect struct {
	Name string // the host, lower case
	Port int
	User string
	Code byte // what was answered, 0 for success
}

// Proxy is a SOCKS5 server in the place of Tor. It resolves nothing and dials
// nothing: names lead to handlers in this process. Any user and password will
// do, none too. It is safe for concurrent use.
//
// Names that it does not know get 0xF0 as from Tor when they are onions, 0xF6
// when their checksum is wrong, and 4 otherwise; other ports than 80 get 5,
// but for a 443 that HandleTLS has opened.
type Proxy struct {
	network string
	web     *http.Server
	inbox   *inbox

	mu         sync.Mutex
	address    string // as bound, so that Start finds it again
	listener   net.Listener
	conns      map[net.Conn]bool
	names      map[string]http.Handler
	secure     map[string]secure
	codes      map[string]byte
	faults     map[string]Fault
	connects   []Connect
	requests   []Request
	violations []string
	wg         sync.WaitGroup // accept loops and handshakes
	served     chan struct{}  // closed when the HTTP server takes no more
	serving    sync.WaitGroup // connections of the HTTP server
}

// NewProxy starts a proxy on "host:port" (port 0: any free one) or "unix:/path".
func NewProxy(address string) (*Proxy, error) {
	p := &Proxy{
		network: "tcp", address: address, inbox: newInbox(), served: make(chan struct{}),
		conns: map[net.Conn]bool{}, names: map[string]http.Handler{}, secure: map[string]secure{}, codes: map[string]byte{}, faults: map[string]Fault{},
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		p.network, p.address = "unix", path
	}
	p.web = newServer(p)
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.served)
		p.web.Serve(p.inbox)
	}()
	return p, nil
}

// Address is where the proxy listens, in the form that [tor] socks takes.
func (p *Proxy) Address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.network == "unix" {
		return "unix:" + p.address
	}
	return p.address
}

// Start listens again after Stop, on the same address.
func (p *Proxy) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return errors.New("demo: the proxy is running")
	}
	l, err := net.Listen(p.network, p.address)
	if err != nil {
		return fmt.Errorf("demo: start proxy: %w", err)
	}
	p.listener, p.address = l, l.Addr().String()
	p.wg.Go(func() { p.accept(l) })
	return nil
}

// Stop plays a Tor that was killed: the address refuses, all streams are cut.
func (p *Proxy) Stop() error {
	p.mu.Lock()
	l := p.listener
	p.listener = nil
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	err := l.Close()
	p.mu.Lock()
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, as from a killed process
		}
		c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

// Close ends the proxy for good.
func (p *Proxy) Close() error {
	err := p.Stop()
	p.inbox.Close()
	<-p.served
	err = errors.Join(err, p.web.Close())
	p.serving.Wait()
	return err
}

// Handle lets a name lead to a handler. Sub-domains of an onion lead there too.
func (p *Proxy) Handle(name string, h http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[strings.ToLower(name)] = h
}

// Code makes the proxy answer CONNECTs to a name with a code: 1 to 8, or 0xF0
// to 0xF7 as Tor does with ExtendedErrors. 0 takes it back.
func (p *Proxy) Code(name string, code byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[strings.ToLower(name)] = code
}

// Fault makes connections to a name go wrong; the empty name means all.
func (p *Proxy) Fault(name string, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[strings.ToLower(name)] = f
}

// Connects lists the CONNECTs to a name, or all when name is "".
func (p *Proxy) Connects(name string) []Connect {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []Connect
	for _, c := range p.connects {
		if name == "" || c.Name == strings.ToLower(name) {
			some = append(some, c)
		}
	}
	return some
}

// Users lists the SOCKS users seen, each once, sorted.
func (p *Proxy) Users() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var users []string
	for _, c := range p.connects {
		users = append(users, c.User)
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// Violations lists what a careful client never does: literal addresses, clear
// names that no site has, a host that is not the one connected to, a method
// other than GET and HEAD.
func (p *Proxy) Violations() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.violations)
}

func (p *Proxy) violation(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.violations = append(p.violations, fmt.Sprintf(format, a...))
}

func (p *Proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // Stop closed it
		}
		p.mu.Lock()
		if p.listener != l { // Stop came between
			p.mu.Unlock()
			c.Close()
			return
		}
		p.conns[c] = true
		p.mu.Unlock()
		p.wg.Go(func() {
			if s := p.shake(c); s == nil || !p.inbox.put(s) {
				p.drop(c)
			}
		})
	}
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	c.Close()
}

// wait holds a connection until the client or Stop ends it.
func wait(c net.Conn) { io.Copy(io.Discard, c) }
