package demo

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The words of RFC 1928 and 1929 that are spoken here.
const (
	socksVersion   = 5
	authNone       = 0
	authPassword   = 2
	authNoneOfThem = 0xff
	cmdConnect     = 1
	kindIPv4       = 1
	kindName       = 3
	kindIPv6       = 4
	codeFailed     = 1
	codeNoHost     = 4
	codeNoPort     = 5
	codeNoCommand  = 7
	codeNoKind     = 8
	codeNoOnion    = 0xF0
	codeBadOnion   = 0xF6
)

// stream is a connection that the proxy has connected to a name.
type stream struct {
	net.Conn // with TLS on it where port 443 was asked for
	raw      net.Conn
	proxy    *Proxy
	to       Connect
	h        http.Handler
	fault    Fault
	once     sync.Once
	done     chan struct{} // closed by Close, so that a dripping write ends
	left     int           // bytes until a cut
}

// shake speaks SOCKS with a new connection. nil: there is nothing to serve.
func (p *Proxy) shake(c net.Conn) *stream {
	if f := p.faultOf(""); f != NoFault && f != Drip && f != Cut {
		suffer(c, f)
		return nil
	}
	user, ok := p.greet(c)
	if !ok {
		return nil
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil
	}
	if head[0] != socksVersion || head[1] != cmdConnect {
		p.violation("SOCKS version %d, command %d", head[0], head[1])
		reply(c, codeNoCommand)
		return nil
	}
	name, port, ok := p.target(c, head[3])
	if !ok {
		return nil
	}
	h, config, code, fault := p.lookup(name, port)
	if fault == Hang || fault == Drop || fault == Garbage {
		p.note(Connect{name, port, user, codeFailed})
		suffer(c, fault)
		return nil
	}
	to := Connect{name, port, user, code}
	p.note(to)
	if reply(c, code) != nil || code != 0 {
		return nil
	}
	s := &stream{Conn: c, raw: c, proxy: p, to: to, h: h, fault: fault, done: make(chan struct{}), left: 512}
	if config != nil {
		s.Conn = tls.Server(c, config) // shakes hands at the first read
	}
	return s
}

func suffer(c net.Conn, f Fault) {
	switch f {
	case Hang:
		wait(c)
	case Garbage:
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	}
}

// greet agrees on a way to log in and returns the user.
func (p *Proxy) greet(c net.Conn) (user string, ok bool) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		return "", false
	}
	if head[0] != socksVersion {
		p.violation("SOCKS version %d", head[0])
		return "", false
	}
	ways := make([]byte, head[1])
	if _, err := io.ReadFull(c, ways); err != nil {
		return "", false
	}
	switch has := func(way byte) bool { return strings.IndexByte(string(ways), way) >= 0 }; {
	case has(authPassword):
		c.Write([]byte{socksVersion, authPassword})
	case has(authNone):
		c.Write([]byte{socksVersion, authNone})
		return "", true
	default:
		c.Write([]byte{socksVersion, authNoneOfThem})
		return "", false
	}
	var said [2]string
	if _, err := io.ReadFull(c, head[:1]); err != nil {
		return "", false
	}
	for i := range said {
		if _, err := io.ReadFull(c, head[:1]); err != nil {
			return "", false
		}
		text := make([]byte, head[0])
		if _, err := io.ReadFull(c, text); err != nil {
			return "", false
		}
		said[i] = string(text)
	}
	if said[0] == "" || said[1] == "" {
		p.violation("empty SOCKS user or password")
	}
	c.Write([]byte{1, 0})
	return said[0], true
}

// target reads where the client wants to go. Addresses are refused.
func (p *Proxy) target(c net.Conn, kind byte) (name string, port int, ok bool) {
	size := 0
	switch kind {
	case kindIPv4:
		size = 4
	case kindIPv6:
		size = 16
	case kindName:
		n := make([]byte, 1)
		if _, err := io.ReadFull(c, n); err != nil {
			return "", 0, false
		}
		size = int(n[0])
	default:
		p.violation("SOCKS address of kind %d", kind)
		reply(c, codeNoKind)
		return "", 0, false
	}
	raw := make([]byte, size+2)
	if _, err := io.ReadFull(c, raw); err != nil {
		return "", 0, false
	}
	port = int(binary.BigEndian.Uint16(raw[size:]))
	if kind != kindName {
		p.violation("CONNECT to the address %s, port %d", net.IP(raw[:size]), port)
		reply(c, codeNoKind)
		return "", 0, false
	}
	name = strings.ToLower(string(raw[:size]))
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		p.violation("CONNECT to the address %s as a name, port %d", name, port)
		reply(c, codeNoKind)
		return "", 0, false
	}
	return name, port, true
}

// lookup finds what a name leads to.
func (p *Proxy) lookup(name string, port int) (h http.Handler, config *tls.Config, code byte, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, h := name, p.names[name]
	if labels := strings.Split(name, "."); h == nil && len(labels) > 2 && labels[len(labels)-1] == "onion" {
		key = strings.Join(labels[len(labels)-2:], ".")
		h = p.names[key]
	}
	fault = p.faults[""]
	if f, ok := p.faults[key]; ok {
		fault = f
	}
	code, set := p.codes[key]
	switch {
	case set && code != 0:
	case h == nil && strings.HasSuffix(name, ".onion") && !validOnion(name):
		code = codeBadOnion
	case h == nil && strings.HasSuffix(name, ".onion"):
		code = codeNoOnion
	case h == nil:
		p.violations = append(p.violations, fmt.Sprintf("CONNECT to the clear name %q, port %d", name, port))
		code = codeNoHost
	case port == 443 && p.secure[key].h != nil:
		h, config = p.secure[key].h, p.secure[key].config
	case port != 80:
		code = codeNoPort
	}
	return h, config, code, fault
}

func (p *Proxy) faultOf(name string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults[name]
}

func (p *Proxy) note(c Connect) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connects = append(p.connects, c)
}

func reply(c net.Conn, code byte) error {
	_, err := c.Write([]byte{socksVersion, code, 0, kindIPv4, 0, 0, 0, 0, 0, 0})
	return err
}

// Write writes as the stream's fault has it.
func (s *stream) Write(b []byte) (int, error) {
	switch s.fault {
	case Drip:
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for i := range b {
			select {
			case <-tick.C:
			case <-s.done:
				return i, net.ErrClosed
			}
			if _, err := s.Conn.Write(b[i : i+1]); err != nil {
				return i, err
			}
		}
		return len(b), nil
	case Cut:
		n, err := s.Conn.Write(b[:min(len(b), s.left)])
		if s.left -= n; err == nil && s.left == 0 {
			s.Close()
			err = net.ErrClosed
		}
		return n, err
	}
	return s.Conn.Write(b)
}

func (s *stream) Close() error {
	s.once.Do(func() { close(s.done) })
	s.proxy.drop(s.raw)
	return nil
}
