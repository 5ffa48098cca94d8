package tor_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leakwatch/internal/tor"
)

// Two sites on one onion share neither user nor connection, whatever their
// names look like; within a site connections are used again.
func TestEachSiteHasAnIdentityOfItsOwn(t *testing.T) {
	f := newFake(t)
	var conns sync.Map // remote address => site, as the site's path says
	f.site(onion("a"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if old, ok := conns.LoadOrStore(r.RemoteAddr, r.URL.Path); ok && old != r.URL.Path {
			t.Errorf("one stream carries requests of two sites: %v and %s", old, r.URL.Path)
		}
		io.WriteString(w, "hello")
	}))
	out := f.through()
	names := []string{"public", "members", strings.Repeat("x", 300) + "a", strings.Repeat("x", 300) + "b"}
	for range 5 {
		for i, name := range names {
			if got, _, err := fetch(out.Transport(tor.Site{Name: name}), fmt.Sprintf("http://%s/%d", onion("a"), i)); got != "hello" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
	}
	users, passwords := map[string]bool{}, map[string]bool{}
	talks := f.seen()
	for _, k := range talks {
		users[k.user], passwords[k.password] = true, true
		if len(k.user) < 1 || len(k.user) > 255 || len(k.password) < 16 || len(k.password) > 255 {
			t.Errorf("user %q, password %q: want 1 to 255 bytes, and a password", k.user, k.password)
		}
		if k.host != onion("a")+":80" {
			t.Errorf("CONNECT to %q, want the name as it is", k.host)
		}
	}
	if len(talks) != len(names) || len(users) != len(names) || len(passwords) != 1 {
		t.Errorf("got %d streams of %d users and %d passwords for %d sites and 20 visits, want %d, %d, 1", len(talks), len(users), len(passwords), len(names), len(names), len(names))
	}
	if _, _, err := fetch(f.through().Transport(tor.Site{Name: "public"}), "http://"+onion("a")+"/0"); err != nil {
		t.Fatal(err)
	}
	if last := f.seen()[len(names)]; last.user != "public" || passwords[last.password] {
		t.Errorf("the next run uses %+v: want the same user and a new password", last)
	}
}

func TestResetOpensANewStream(t *testing.T) {
	f := newFake(t)
	f.site(onion("a"), hello)
	out := f.through()
	rt := out.Transport(tor.Site{Name: "s"})
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			out.Reset("s")
			out.Reset("nobody")
		}
		if got, _, err := fetch(rt, "http://"+onion("a")+"/"); got != "hello" {
			t.Fatalf("got %q, %v", got, err)
		}
		if got := len(f.seen()); got != want {
			t.Errorf("fetch %d: got %d streams, want %d", i, got, want)
		}
	}
}

func TestTransportIsCachedUntilTheRulesChange(t *testing.T) {
	out := newFake(t).through()
	a := out.Transport(tor.Site{Name: "s", Ports: []int{8080}})
	if b := out.Transport(tor.Site{Name: "s", Ports: []int{8080}}); a != b {
		t.Error("the same site got another transport")
	}
	if b := out.Transport(tor.Site{Name: "s", Clearnet: true, Ports: []int{8080}}); a == b {
		t.Error("new rules got the old transport")
	}
}

func TestEnvironmentProxiesAreIgnored(t *testing.T) {
	tripwire, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var touched atomic.Int32
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := tripwire.Accept()
			if err != nil {
				return
			}
			touched.Add(1)
			c.Close()
		}
	})
	t.Cleanup(func() { tripwire.Close(); running.Wait() })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, "http://"+tripwire.Addr().String())
	}
	t.Setenv("NO_PROXY", "*")
	f := newFake(t)
	f.site("paste.example", hello)
	rt := f.through().Transport(tor.Site{Name: "s", Clearnet: true})
	if got, _, err := fetch(rt, "http://paste.example/"); got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	direct, err := tor.Direct(strings.TrimPrefix(httptestURL(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := fetch(direct, "http://paste.example/"); got != "hello" {
		t.Errorf("direct: got %q, %v", got, err)
	}
	if n := touched.Load(); n != 0 {
		t.Errorf("the proxies of the environment were asked %d times, want 0", n)
	}
}

func httptestURL(t *testing.T) string {
	s := httptest.NewServer(hello)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRedirectsAreCheckedBeforeConnect(t *testing.T) {
	f := newFake(t)
	for i, c := range []struct{ to, want string }{
		{"http://paste.example/", "refused_clearnet"},
		{"http://127.1/", "refused_local"},
		{"http://desk.local/", "refused_local"},
		{"file:///etc/passwd", "refused_scheme"},
		{"http://" + onion("b") + ":9050/", "refused_port"},
		{"http://expyuzz4wqqyqhjn.onion/", "onion_bad_address"},
	} {
		name := onion(fmt.Sprint(i))
		f.site(name, http.RedirectHandler(c.to, http.StatusFound))
		before := len(f.seen())
		_, _, err := fetch(f.through().Transport(tor.Site{Name: "s"}), "http://"+name+"/")
		if got := tor.CodeOf(err); got != c.want {
			t.Errorf("redirect to %s: %v, want %s", c.to, err, c.want)
		}
		if n := len(f.seen()) - before; n != 1 {
			t.Errorf("redirect to %s: got %d CONNECTs, want 1", c.to, n)
		}
	}
}

// An onion's name is its key, so that its certificate may be of its own
// making; a clear name needs a good one.
func TestTLS(t *testing.T) {
	f := newFake(t)
	s := quietTLS(t, hello)
	for _, name := range []string{onion("a"), "paste.example"} {
		f.set(func() { f.sites[name+":443"] = s.Listener.Addr().String() })
	}
	plain := httptest.NewServer(hello)
	t.Cleanup(plain.Close)
	f.set(func() { f.sites[onion("plain")+":443"] = plain.Listener.Addr().String() })
	rt := f.through().Transport(tor.Site{Name: "s", Clearnet: true})
	got, resp, err := fetch(rt, "https://"+onion("a")+"/")
	if got != "hello" {
		t.Fatalf("onion: got %q, %v", got, err)
	}
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		t.Error("onion: no certificate in the answer")
	}
	for _, url := range []string{"https://paste.example/", "https://" + onion("plain") + "/"} {
		if _, _, err := fetch(rt, url); tor.CodeOf(err) != "tls_failed" {
			t.Errorf("%s: %v, want tls_failed", url, err)
		}
	}
}

// quietTLS serves h with a certificate that nobody signed.
func quietTLS(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// The head of our requests, byte for byte: nothing names Go or this host.
func TestGoldenHead(t *testing.T) {
	f := newFake(t)
	heads := make(chan string, 1)
	f.tap(onion("a"), heads)
	if _, _, err := fetch(f.through().Transport(tor.Site{Name: "s"}), "http://"+strings.ToUpper(onion("a"))+":80/a?b=c#d"); err != nil {
		t.Fatal(err)
	}
	want := "GET /a?b=c HTTP/1.1\r\n" +
		"Host: " + onion("a") + "\r\n" +
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Encoding: gzip\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\n" +
		"Connection: keep-alive\r\n\r\n"
	if got := <-heads; got != want {
		t.Errorf("got head\n%s\nwant\n%s", got, want)
	}
}

// tap answers every request at name and hands on its head.
func (f *fakeTor) tap(name string, heads chan<- string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.tb.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var head strings.Builder
		for r := bufio.NewReader(c); ; {
			line, err := r.ReadString('\n')
			head.WriteString(line)
			if err != nil || line == "\r\n" {
				break
			}
		}
		heads <- head.String()
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	f.tb.Cleanup(func() { ln.Close(); running.Wait() })
	f.set(func() { f.sites[name+":80"] = ln.Addr().String() })
}

// Bodies come as they were sent: the crawler unpacks, within its limits.
func TestBodiesStayPacked(t *testing.T) {
	f := newFake(t)
	f.site(onion("a"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "not gzip at all")
	}))
	got, resp, err := fetch(f.through().Transport(tor.Site{Name: "s"}), "http://"+onion("a")+"/")
	if got != "not gzip at all" || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %q, %v, want the bytes and their header", got, err)
	}
}

func TestFewFirstContactsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(func() { f.delay = make(chan struct{}) })
	out := f.through(func(o *tor.Options) { o.FirstContacts = 3 })
	var running sync.WaitGroup
	const hosts = 12
	for i := range hosts {
		name := onion(fmt.Sprint(i))
		f.site(name, hello)
		running.Go(func() {
			for range 2 {
				if _, err := get(t.Context(), out.Transport(tor.Site{Name: fmt.Sprint(i)}), "http://"+name+"/"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		<-f.arrived
	}
	for range hosts {
		f.delay <- struct{}{}
	}
	running.Wait()
	if f.most != 3 {
		t.Errorf("got %d first contacts at once, want 3", f.most)
	}
}

// Who waits too long for a turn blames no site.
func TestNoTurnInTimeIsOurs(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(func() { f.manner = hangGreeted })
	out := f.through(func(o *tor.Options) { o.FirstContacts = 1; o.ConnectTimeout = 600 * time.Millisecond })
	first := make(chan error, 1)
	go func() {
		_, err := get(t.Context(), out.Transport(tor.Site{Name: "a"}), "http://"+onion("a")+"/")
		first <- err
	}()
	<-f.arrived
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := get(ctx, out.Transport(tor.Site{Name: "b"}), "http://"+onion("b")+"/"); tor.CodeOf(err) != "tor_failed" {
		t.Errorf("got %v, want tor_failed: the site was never asked", err)
	}
	if err := <-first; tor.CodeOf(err) != "timeout_connect" {
		t.Errorf("got %v, want timeout_connect", err)
	}
}

// A receiver that hangs delays no visit, and visits delay no message.
func TestAChannelTakesNoTurn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(func() { f.manner = hangGreeted })
	out := f.through(func(o *tor.Options) { o.FirstContacts = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, s := range []tor.Site{{Name: "a"}, {Name: "hook", Channel: true}} {
		running.Go(func() {
			if _, err := get(ctx, out.Transport(s), "http://"+onion(s.Name)+"/"); err == nil {
				t.Error("got an answer, want none")
			}
		})
	}
	for i := range 2 {
		select {
		case <-f.arrived:
		case <-time.After(5 * time.Second):
			t.Errorf("%d of 2 are under way", i)
		}
	}
	cancel()
	running.Wait()
}

func TestDirectAndUnix(t *testing.T) {
	for _, bad := range []string{"", "hooks.example:443", "localhost:443", "10.0.0.1", "unix:relative", "http://10.0.0.1:80"} {
		if _, err := tor.Direct(bad); err == nil || !strings.Contains(err.Error(), "direct address") {
			t.Errorf("Direct(%q): %v, want a refusal", bad, err)
		}
	}
	s := quietTLS(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, " ", r.TLS.ServerName) })
	rt, err := tor.Direct(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// The test server's certificate is for example.com, and signed by nobody.
	_, _, err = fetch(rt, "https://example.com/")
	if tor.CodeOf(err) != "tls_failed" {
		t.Errorf("unknown authority: %v, want tls_failed", err)
	}
	rt.(*http.Transport).TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig
	if got, _, err := fetch(rt, "https://example.com/"); got != "example.com example.com" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, _, err = fetch(rt, "https://other.test/"); tor.CodeOf(err) != "tls_failed" {
		t.Errorf("another name: %v, want tls_failed", err)
	}
	rt.(*http.Transport).CloseIdleConnections()

	unix := tor.Unix(t.TempDir() + "/none")
	if _, _, err := fetch(unix, "http://leakwatch/"); !errors.As(err, new(*net.OpError)) {
		t.Errorf("no socket: %v, want a *net.OpError", err)
	}
}
