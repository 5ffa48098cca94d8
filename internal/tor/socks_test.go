package tor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/tor"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })

func TestRepliesBecomeCauses(t *testing.T) {
	f := newFake(t)
	out := f.through()
	for _, c := range []struct {
		code         byte
		onion, clear string
	}{
		{0x01, "tor_failed", "tor_failed"},
		{0x02, "tor_failed", "tor_failed"},
		{0x03, "onion_intro_failed", "exit_failed"},
		{0x04, "onion_not_found", "exit_failed"},
		{0x05, "port_closed", "port_closed"},
		{0x06, "timeout_connect", "timeout_connect"},
		{0x07, "tor_failed", "tor_failed"},
		{0x08, "tor_failed", "tor_failed"},
		{0x42, "tor_failed", "tor_failed"},
		{0xF0, "onion_not_found", "onion_not_found"},
		{0xF1, "onion_bad_descriptor", "onion_bad_descriptor"},
		{0xF2, "onion_intro_failed", "onion_intro_failed"},
		{0xF3, "onion_rendezvous_failed", "onion_rendezvous_failed"},
		{0xF4, "onion_auth_missing", "onion_auth_missing"},
		{0xF5, "onion_auth_wrong", "onion_auth_wrong"},
		{0xF6, "onion_bad_address", "onion_bad_address"},
		{0xF7, "onion_intro_timeout", "onion_intro_timeout"},
	} {
		for host, want := range map[string]string{onion("gone"): c.onion, "paste.example": c.clear} {
			for _, scheme := range []string{"http", "https"} {
				f.set(func() { f.replies[host] = c.code })
				_, _, err := fetch(out.Transport(tor.Site{Name: "s", Clearnet: true}), scheme+"://"+host+"/")
				var e *tor.Error
				if !errors.As(err, &e) || e.Code != want || e.Host != host {
					t.Errorf("%s %s, reply %#x: %v, want %s", scheme, host, c.code, err, want)
				} else if e.Ours() != strings.HasPrefix(want, "tor_") {
					t.Errorf("%s: Ours() = %v", e.Code, e.Ours())
				}
			}
		}
	}
}

func TestPortThatIsNoTorIsTorDown(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.site(onion("a"), hello)
	for manner, want := range map[string]string{
		silent: "tor_down", garbage: "tor_down", halfGreeting: "tor_down", gssapi: "tor_down", noMethod: "tor_down", wrongLogin: "tor_down",
		dropGreeted: "tor_failed", halfReply: "tor_failed", brokenReply: "tor_failed",
	} {
		t.Run(manner, func(t *testing.T) {
			f.set(func() { f.manner = manner })
			out := f.through()
			start := time.Now()
			_, _, err := fetch(out.Transport(tor.Site{Name: "s"}), "http://"+onion("a")+"/")
			if got := tor.CodeOf(err); got != want {
				t.Errorf("got %v, want %s", err, want)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("took %s: the greeting has its own limit, 300ms", took)
			}
			greets := want == "tor_failed" || manner == wrongLogin
			if err := out.Up(t.Context()); (err == nil) != greets {
				t.Errorf("Up = %v, want nil only for a port that greets: %v", err, greets)
			}
		})
	}
}

func TestStreamThatNeverOpensIsTimeoutConnect(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(func() { f.manner = hangGreeted })
	out := f.through(func(o *tor.Options) { o.ConnectTimeout = 400 * time.Millisecond })
	_, _, err := fetch(out.Transport(tor.Site{Name: "s"}), "http://"+onion("a")+"/")
	if got := tor.CodeOf(err); got != "timeout_connect" {
		t.Errorf("got %v, want timeout_connect", err)
	}
}

func TestCallersLimitDuringConnect(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(func() { f.manner = hangGreeted })
	rt := f.through().Transport(tor.Site{Name: "s"})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := get(ctx, rt, "http://"+onion("a")+"/"); tor.CodeOf(err) != "timeout_connect" {
		t.Errorf("deadline: got %v, want timeout_connect", err)
	}
	_, err := (&http.Client{Transport: rt, Timeout: 300 * time.Millisecond}).Get("http://" + onion("a") + "/")
	if tor.CodeOf(err) != "timeout_connect" {
		t.Errorf("client's timeout: got %v, want timeout_connect", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	_, err = get(ctx, rt, "http://"+onion("a")+"/")
	if !errors.Is(err, context.Canceled) || tor.CodeOf(err) != "" {
		t.Errorf("cancel: got %v (%s), want context.Canceled and no cause", err, tor.CodeOf(err))
	}
}

// get is fetch with a context, without the client's redirects.
func get(ctx context.Context, rt http.RoundTripper, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestTorGoneAndBack(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first := newFakeOn(t, ln)
	first.site(onion("a"), hello)
	out := first.through()
	rt := out.Transport(tor.Site{Name: "s"})
	if got, _, err := fetch(rt, "http://"+onion("a")+"/"); got != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
	first.stop()
	_, _, err = fetch(rt, "http://"+onion("a")+"/")
	if tor.CodeOf(err) != "tor_down" || !strings.Contains(err.Error(), "tor does not answer at "+first.address()) {
		t.Errorf("got %v, want tor_down and the address", err)
	}
	if err := out.Up(t.Context()); tor.CodeOf(err) != "tor_down" {
		t.Errorf("Up = %v, want tor_down", err)
	}
	ln, err = net.Listen("tcp", first.address())
	if err != nil {
		t.Skipf("the port was taken by another: %v", err)
	}
	second := newFakeOn(t, ln)
	second.site(onion("a"), hello)
	if err := out.Up(t.Context()); err != nil {
		t.Errorf("Up = %v, want nil", err)
	}
	if got, _, err := fetch(rt, "http://"+onion("a")+"/"); got != "hello" {
		t.Errorf("after the restart: got %q, %v", got, err)
	}
}

// A stream that breaks because Tor died is not the site's fault.
func TestTorKilledInMidStreamBlamesNoSite(t *testing.T) {
	f := newFake(t)
	f.site(onion("a"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	f.site(onion("b"), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	out := f.through()
	resp, err := (&http.Client{Transport: out.Transport(tor.Site{Name: "s"})}).Get("http://" + onion("a") + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	waiting := make(chan error, 1)
	go func() {
		_, _, err := fetch(out.Transport(tor.Site{Name: "s"}), "http://"+onion("b")+"/")
		waiting <- err
	}()
	<-f.arrived
	<-f.arrived // the second stream opens
	f.stop()
	if _, err = io.ReadAll(resp.Body); tor.CodeOf(err) != "tor_down" {
		t.Errorf("body: got %v, want tor_down", err)
	}
	if err := <-waiting; tor.CodeOf(err) != "tor_down" {
		t.Errorf("header: got %v, want tor_down", err)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := tor.New(tor.Options{}); !errors.Is(err, tor.ErrNoProxy) {
		t.Errorf("New without socks: %v, want ErrNoProxy", err)
	}
	for _, bad := range []string{"localhost", "tor:9050", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "unix:", "unix:relative", ":9050", "socks5://127.0.0.1:9050"} {
		if _, err := tor.New(tor.Options{Socks: bad}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("New(%q): %v, want an error that names it", bad, err)
		}
	}
	for _, good := range []string{"127.0.0.1:9050", "[::1]:9050", "localhost:9050", "unix:/run/tor/socks"} {
		if _, err := tor.New(tor.Options{Socks: good}); err != nil {
			t.Errorf("New(%q): %v", good, err)
		}
	}
}

func TestSocksOverAUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "lw") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	f := newFakeOn(t, ln)
	f.site(onion("a"), hello)
	out := f.through()
	if err := out.Up(t.Context()); err != nil {
		t.Errorf("Up = %v", err)
	}
	rt := out.Transport(tor.Site{Name: "s"})
	if got, _, err := fetch(rt, "http://"+onion("a")+"/"); got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	f.set(func() { f.replies[onion("b")] = 0xF2 })
	if _, _, err := fetch(rt, "http://"+onion("b")+"/"); tor.CodeOf(err) != "onion_intro_failed" {
		t.Errorf("got %v, want onion_intro_failed", err)
	}
	f.stop()
	if _, _, err := fetch(rt, "http://"+onion("c")+"/"); tor.CodeOf(err) != "tor_down" {
		t.Errorf("got %v, want tor_down", err)
	}
}
