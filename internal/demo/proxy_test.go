package demo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Whatever a test starts is gone when it ends.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startProxy(t *testing.T, address string) *Proxy {
	t.Helper()
	p, err := NewProxy(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// rawDial connects to a proxy without any SOCKS.
func rawDial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	network, address := "tcp", p.Address()
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// ask sends a CONNECT byte by byte as the standard has it, and returns the
// code of the answer.
func ask(t *testing.T, c net.Conn, user string, kind byte, target string, port uint16) (code byte) {
	t.Helper()
	hello := []byte{5, 1, 0}
	if user != "" {
		hello = []byte{5, 2, 0, 2}
	}
	exchange := func(send []byte, want ...byte) {
		t.Helper()
		c.Write(send)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("answer to % x is % x (%v), want % x", send, got, err, want)
		}
	}
	if user == "" {
		exchange(hello, 5, 0)
	} else {
		exchange(hello, 5, 2)
		login := append([]byte{1, byte(len(user))}, user...)
		exchange(append(login, 1, 'x'), 1, 0)
	}
	request := []byte{5, 1, 0, kind}
	if kind == 3 {
		request = append(request, byte(len(target)))
	}
	request = append(append(request, target...), byte(port>>8), byte(port))
	c.Write(request)
	answer := make([]byte, 10)
	if _, err := io.ReadFull(c, answer); err != nil {
		t.Fatalf("answer to CONNECT %q: %v", target, err)
	}
	if answer[0] != 5 || answer[2] != 0 {
		t.Errorf("answer % x is no SOCKS5", answer)
	}
	return answer[1]
}

func hello(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
}

func TestProxyServesNames(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")} {
		p := startProxy(t, address)
		site := Onion("one")
		p.Handle(site, hello("it is one"))
		for _, name := range []string{site, "www." + site, strings.ToUpper(site)} {
			c := rawDial(t, p)
			if code := ask(t, c, "forum", 3, name, 80); code != 0 {
				t.Fatalf("%s: code %#x for %s, want 0", address, code, name)
			}
			io.WriteString(c, "GET /a?b HTTP/1.1\r\nHost: "+name+"\r\nConnection: close\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			if string(body) != "it is one" {
				t.Errorf("%s gave %q", name, body)
			}
		}
		ask(t, rawDial(t, p), "", 3, site, 80)
		if got := p.Violations(); len(got) > 0 {
			t.Errorf("violations %q, want none", got)
		}
		if got, want := p.Users(), []string{"", "forum"}; !slices.Equal(got, want) {
			t.Errorf("users %q, want %q", got, want)
		}
		if got := len(p.Connects(site)); got != 3 { // the sub-domain is a name of its own
			t.Errorf("%d connects to %s, want 3", got, site)
		}
		got := p.Requests()
		if len(got) != 3 || got[0].Path != "/a?b" || got[0].User != "forum" || got[0].Host != site || got[0].Status != 200 || got[1].Host != "www."+site {
			t.Errorf("requests %+v", got)
		}
	}
}

func TestProxyRefuses(t *testing.T) {
	p := startProxy(t, "127.0.0.1:0")
	site, told := Onion("site"), Onion("told")
	p.Handle(site, hello(""))
	for code := byte(0xF0); code <= 0xF7; code++ {
		p.Code(told, code)
		if got := ask(t, rawDial(t, p), "u", 3, told, 80); got != code {
			t.Errorf("code %#x, want %#x", got, code)
		}
	}
	for _, row := range []struct {
		kind      byte
		target    string
		port      uint16
		code      byte
		violation string
	}{
		{3, Onion("nobody"), 80, 0xF0, ""},
		{3, "expyuzz4wqqyqhjn.onion", 80, 0xF6, ""},
		{3, site, 22, 5, ""},
		{3, site, 443, 5, ""},
		{3, "example.com", 80, 4, `CONNECT to the clear name "example.com", port 80`},
		{1, "\x7f\x00\x00\x01", 80, 8, "CONNECT to the address 127.0.0.1, port 80"},
		{4, strings.Repeat("\x00", 15) + "\x01", 81, 8, "CONNECT to the address ::1, port 81"},
		{3, "10.0.0.7", 80, 8, "CONNECT to the address 10.0.0.7 as a name, port 80"},
		{3, "[::1]", 80, 8, "CONNECT to the address [::1] as a name, port 80"},
		{9, "", 80, 8, "SOCKS address of kind 9"},
	} {
		before := len(p.Violations())
		if got := ask(t, rawDial(t, p), "u", row.kind, row.target, row.port); got != row.code {
			t.Errorf("code %#x for %q, want %#x", got, row.target, row.code)
		}
		got := strings.Join(p.Violations()[before:], "; ")
		if got != row.violation {
			t.Errorf("violation %q for %q, want %q", got, row.target, row.violation)
		}
	}
}

func TestProxyFaults(t *testing.T) {
	p := startProxy(t, "127.0.0.1:0")
	site := Onion("site")
	p.Handle(site, hello(strings.Repeat("x", 4000)))
	connect := append([]byte{5, 1, 0, 3, byte(len(site))}, site+"\x00\x50"...)
	begin := func() net.Conn {
		c := rawDial(t, p)
		c.Write([]byte{5, 1, 0})
		io.ReadFull(c, make([]byte, 2))
		c.Write(connect)
		return c
	}
	get := func(c net.Conn) {
		io.ReadFull(c, make([]byte, 10))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+site+"\r\nConnection: close\r\n\r\n")
	}

	p.Fault(site, Drop)
	if b, err := io.ReadAll(begin()); len(b) > 0 || err != nil {
		t.Errorf("drop: %q, %v, want nothing and an end", b, err)
	}
	p.Fault(site, Garbage)
	if b, _ := io.ReadAll(begin()); !bytes.HasPrefix(b, []byte("HTTP/1.1 400")) {
		t.Errorf("garbage: %q", b)
	}
	p.Fault(site, Hang)
	c := begin()
	c.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); !isTimeout(err) {
		t.Errorf("hang: %v, want a time-out", err)
	}
	p.Fault(site, Cut)
	c = begin()
	get(c)
	if b, _ := io.ReadAll(c); len(b) != 512 {
		t.Errorf("cut: %d bytes, want 512", len(b))
	}
	p.Fault(site, Drip)
	c = begin()
	get(c)
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Errorf("drip: %v, want a first byte", err)
	}
	c.SetDeadline(time.Now().Add(100 * time.Millisecond))
	if b, err := io.ReadAll(c); !isTimeout(err) || len(b) > 100 {
		t.Errorf("drip: %d bytes in 100 ms (%v), want a few and no end", len(b), err)
	}
	p.Fault(site, NoFault)
	c = begin()
	get(c)
	if b, _ := io.ReadAll(c); len(b) < 4000 {
		t.Errorf("no fault: %d bytes, want 4000 and a header", len(b))
	}
	p.Fault("", Drop)
	if b, err := io.ReadAll(rawDial(t, p)); len(b) > 0 || err != nil {
		t.Errorf("drop of all: %q, %v", b, err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// Tor is killed in the middle of a stream and comes back on the same address.
func TestProxyStopsAndStarts(t *testing.T) {
	p := startProxy(t, "127.0.0.1:0")
	site := Onion("site")
	arrived := make(chan bool)
	p.Handle(site, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- true
			<-r.Context().Done()
		}
	}))
	address := p.Address()
	client := clientOf(p, "u")
	defer client.CloseIdleConnections()
	failed := make(chan error)
	go func() {
		_, err := client.Get("http://" + site + "/slow")
		failed <- err
	}()
	<-arrived
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the stream lived on")
	}
	if _, err := client.Get("http://" + site + "/"); !errors.Is(err, syscall.ECONNREFUSED) && !strings.Contains(err.Error(), "refused") {
		t.Errorf("stopped: %v, want connection refused", err)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stopped twice: %v", err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if p.Start() == nil {
		t.Error("started twice without an error")
	}
	if p.Address() != address {
		t.Errorf("address %s after a restart, was %s", p.Address(), address)
	}
	res, err := client.Get("http://" + site + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// clientOf is a client that goes through a proxy, as the daemon does.
func clientOf(p *Proxy, user string) *http.Client {
	return &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: p.Address(), User: url.UserPassword(user, "x")})},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func TestProxyNotesBadManners(t *testing.T) {
	p := startProxy(t, "127.0.0.1:0")
	site := Onion("site")
	p.Handle(site, hello("ok"))
	client := clientOf(p, "u")
	defer client.CloseIdleConnections()
	res, err := client.Post("http://"+site+"/form", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	req, _ := http.NewRequest(http.MethodGet, "http://"+site+"/", nil)
	req.Host = "elsewhere.example"
	if res, err = client.Do(req); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want := []string{"POST " + site + "/form", "asked " + site + " for the host elsewhere.example"}
	if got := p.Violations(); !slices.Equal(got, want) {
		t.Errorf("violations %q, want %q", got, want)
	}
}
