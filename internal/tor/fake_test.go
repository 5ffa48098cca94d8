package tor_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base32"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leakwatch/internal/tor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// How a fake behaves besides answering.
const (
	silent       = "silent"        // takes the connection and says nothing
	garbage      = "garbage"       // answers the greeting like a web server
	halfGreeting = "half greeting" // one byte of it
	gssapi       = "gssapi"        // wants a login that nobody has
	noMethod     = "no method"
	wrongLogin   = "wrong login"
	noLogin      = "no login" // takes no user: as ssh -D does
	dropGreeted  = "drop"     // hangs up instead of replying
	hangGreeted  = "hang"     // never replies
	halfReply    = "half reply"
	brokenReply  = "broken reply"
)

// talk is one CONNECT that a fake has seen.
type talk struct{ user, password, host string }

// fakeTor is a SOCKS5 server that maps names to loopback addresses. It takes
// any user and resolves nothing; an address instead of a name fails the test.
type fakeTor struct {
	tb      testing.TB
	ln      net.Listener
	done    chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	sites   map[string]string // "name:port" => address
	replies map[string]byte   // name => reply code
	manner  string
	talks   []talk
	open    map[net.Conn]bool
	most    int // streams being opened at once
	opening int
	delay   chan struct{} // each CONNECT waits for it when set
	arrived chan struct{} // told of each CONNECT
}

func newFake(tb testing.TB) *fakeTor {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return newFakeOn(tb, ln)
}

func newFakeOn(tb testing.TB, ln net.Listener) *fakeTor {
	f := &fakeTor{tb: tb, ln: ln, done: make(chan struct{}), arrived: make(chan struct{}, 1000), sites: map[string]string{}, replies: map[string]byte{}, open: map[net.Conn]bool{}}
	f.running.Go(f.serve)
	tb.Cleanup(f.stop)
	return f
}

func (f *fakeTor) stop() {
	select {
	case <-f.done:
		return
	default:
		close(f.done)
	}
	f.ln.Close()
	f.mu.Lock()
	for c := range f.open {
		c.Close()
	}
	f.mu.Unlock()
	f.running.Wait()
}

func (f *fakeTor) address() string { return f.ln.Addr().String() }

func (f *fakeTor) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeTor) seen() []talk {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.talks)
}

func (f *fakeTor) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
		return false
	default:
	}
	f.open[c] = true
	return true
}

func (f *fakeTor) serve() {
	for {
		c, err := f.ln.Accept()
		if err != nil {
			return
		}
		f.running.Go(func() {
			defer c.Close()
			if f.keep(c) {
				f.speak(c)
			}
		})
	}
}

// speak is one talk: greeting, login, CONNECT, stream.
func (f *fakeTor) speak(c net.Conn) {
	f.mu.Lock()
	manner := f.manner
	f.mu.Unlock()
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	if _, err := io.ReadFull(c, make([]byte, head[1])); err != nil {
		return
	}
	wait := func() { <-f.done }
	var seen talk
	switch manner {
	case silent:
		wait()
		return
	case garbage:
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		return
	case halfGreeting:
		c.Write([]byte{5})
		wait()
		return
	case gssapi:
		c.Write([]byte{5, 1})
		wait()
		return
	case noMethod:
		c.Write([]byte{5, 0xFF})
		return
	case noLogin:
		c.Write([]byte{5, 0})
	default:
		c.Write([]byte{5, 2})
		user, password, ok := readLogin(c)
		if !ok {
			return // Up asks no further
		}
		seen.user, seen.password = user, password
		if manner == wrongLogin {
			c.Write([]byte{1, 1})
			return
		}
		c.Write([]byte{1, 0})
	}
	f.connect(c, seen, manner)
}

func readLogin(c net.Conn) (user, password string, ok bool) {
	field := func(n byte) string {
		b := make([]byte, n)
		_, err := io.ReadFull(c, b)
		ok = err == nil
		return string(b)
	}
	head := field(2)
	if !ok {
		return "", "", false
	}
	user = field(head[1])
	n := field(1)
	if !ok {
		return "", "", false
	}
	password = field(n[0])
	return user, password, ok
}

func (f *fakeTor) connect(c net.Conn, seen talk, manner string) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	if head[1] != 1 || head[3] != 3 {
		f.tb.Errorf("SOCKS request %x: want CONNECT (1) of a name (ATYP 3)", head)
		return
	}
	rest := make([]byte, int(head[4])+2)
	if _, err := io.ReadFull(c, rest); err != nil {
		return
	}
	host := string(rest[:head[4]])
	port := int(binary.BigEndian.Uint16(rest[head[4]:]))
	if net.ParseIP(host) != nil || host != strings.ToLower(host) {
		f.tb.Errorf("CONNECT to %q: want a lower-case name", host)
	}
	seen.host = net.JoinHostPort(host, strconv.Itoa(port))
	f.mu.Lock()
	f.talks = append(f.talks, seen)
	f.opening++
	f.most = max(f.most, f.opening)
	code, where, delay := f.replies[host], f.sites[seen.host], f.delay
	f.mu.Unlock()
	select {
	case f.arrived <- struct{}{}:
	default: // nobody counts
	}
	if delay != nil {
		select {
		case <-delay:
		case <-f.done:
		}
	}
	f.set(func() { f.opening-- })
	f.reply(c, manner, code, where)
}

func (f *fakeTor) reply(c net.Conn, manner string, code byte, where string) {
	switch {
	case manner == dropGreeted:
		return
	case manner == hangGreeted:
		<-f.done
		return
	case manner == halfReply:
		c.Write([]byte{5})
		<-f.done
		return
	case manner == brokenReply:
		c.Write([]byte{5, 0, 7, 9, 0, 0})
		return
	case code == 0 && where == "":
		code = 4
	}
	if code != 0 {
		c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	site, err := net.Dial("tcp", where)
	if err != nil {
		c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	defer site.Close()
	if !f.keep(site) {
		return
	}
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.running.Go(func() {
		io.Copy(site, c)
		site.Close()
	})
	io.Copy(c, site)
	c.Close()
}

// onion makes a valid address out of a word. Its key is a real one: Tor takes
// no other, whatever the checksum says.
func onion(word string) string {
	seed := sha256.Sum256([]byte(word))
	key := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	sum := sha3.Sum256(append(append([]byte(".onion checksum"), key...), 3))
	raw := append(append(key, sum[:2]...), 3)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)) + ".onion"
}

// site serves h on loopback and under name at the fake.
func (f *fakeTor) site(name string, h http.Handler) *httptest.Server {
	f.tb.Helper()
	s := httptest.NewServer(h)
	f.tb.Cleanup(s.Close)
	f.set(func() { f.sites[name+":80"] = s.Listener.Addr().String() })
	return s
}

// raw serves each connection with bytes as they are, after the request.
func (f *fakeTor) raw(name string, answer func(c net.Conn)) {
	f.tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.tb.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				c.Read(make([]byte, 4096))
				answer(c)
			})
		}
	})
	f.tb.Cleanup(func() { ln.Close(); running.Wait() })
	f.set(func() { f.sites[name+":80"] = ln.Addr().String() })
}

// through makes a way out by the fake, with short limits.
func (f *fakeTor) through(change ...func(*tor.Options)) *tor.Tor {
	f.tb.Helper()
	o := tor.Options{Socks: f.address(), ConnectTimeout: 5 * time.Second, GreetTimeout: 300 * time.Millisecond, HeaderTimeout: 5 * time.Second}
	if f.ln.Addr().Network() == "unix" {
		o.Socks = "unix:" + o.Socks
	}
	for _, c := range change {
		c(&o)
	}
	t, err := tor.New(o)
	if err != nil {
		f.tb.Fatal(err)
	}
	f.tb.Cleanup(t.Close)
	return t
}

// fetch asks for a URL and reads the body.
func fetch(rt http.RoundTripper, url string) (string, *http.Response, error) {
	resp, err := (&http.Client{Transport: rt}).Get(url)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), resp, err
}
