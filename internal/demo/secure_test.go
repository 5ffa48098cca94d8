package demo

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
)

// Port 443 speaks TLS where HandleTLS has opened it, and is closed elsewhere.
func TestProxyServesTLS(t *testing.T) {
	p := startProxy(t, "127.0.0.1:0")
	open, shut := Onion("open"), Onion("shut")
	p.Handle(open, hello("plain"))
	p.Handle(shut, hello("plain"))
	if err := p.HandleTLS(open, hello("secret")); err != nil {
		t.Fatal(err)
	}
	if code := ask(t, rawDial(t, p), "u", 3, shut, 443); code != codeNoPort {
		t.Errorf("port 443 without TLS answers %#x, want %#x", code, codeNoPort)
	}
	raw := rawDial(t, p)
	if code := ask(t, raw, "u", 3, open, 443); code != 0 {
		t.Fatalf("port 443 answers %#x, want 0", code)
	}
	c := tls.Client(raw, &tls.Config{ServerName: open, InsecureSkipVerify: true})
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+open+"\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); string(body) != "secret" {
		t.Errorf("body %q (%v), want that of port 443", body, err)
	}
	if got := p.Violations(); len(got) > 0 {
		t.Errorf("violations %q", got)
	}
	if got := p.Connects(open); len(got) != 1 || got[0].Port != 443 || got[0].Code != 0 {
		t.Errorf("connects %+v, want one to port 443", got)
	}
}
