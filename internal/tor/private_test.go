package tor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"leakwatch/internal/tor"
	"leakwatch/internal/tor/tornet"
)

// The real Tor, on loopback. What the fake says elsewhere is said here by the
// program that the fake stands for.
func TestPrivateNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a private Tor network takes half a minute")
	}
	if err := tornet.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Host) }))
	t.Cleanup(site.Close)
	start := time.Now()
	where := site.Listener.Addr().String()
	network, err := tornet.Start(t.Context(), t.TempDir(), tornet.Options{Sites: []string{where, where, where}, Guarded: []int{2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	t.Logf("network up after %s", time.Since(start).Round(100*time.Millisecond))

	out, err := tor.New(tor.Options{Socks: network.Socks(), ConnectTimeout: 60 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	if err := out.Up(t.Context()); err != nil {
		t.Fatalf("Up = %v", err)
	}
	onions := network.Onions()
	for _, o := range onions {
		if !tor.ValidOnion(o) {
			t.Errorf("ValidOnion(%q) = false: tor made it", o)
		}
	}
	for i, name := range []string{"a", "b"} {
		expectHello(t, out.Transport(tor.Site{Name: name}), onions[i])
	}
	for _, c := range []struct{ url, want string }{
		{"http://" + onion("never existed") + "/", "onion_not_found"},
		{"http://" + onions[0] + ":8080/", "port_closed"},
		{"http://" + onions[2] + "/", "onion_auth_missing"},
	} {
		t.Run(c.want, func(t *testing.T) {
			expectCause(t, out.Transport(tor.Site{Name: "a", Ports: []int{8080}}), c.url, c.want, 60*time.Second)
		})
	}
	t.Run("tor killed and started again", func(t *testing.T) { killed(t, network, out) })
	t.Run("services killed and started again", func(t *testing.T) { gone(t, network, out) })
}

// killed ends the client in mid-stream: tor_down, whatever was open, and all is
// well again when it is back.
func killed(t *testing.T, network *tornet.Net, out *tor.Tor) {
	rt := out.Transport(tor.Site{Name: "a"})
	network.StopClient()
	expectCause(t, rt, "http://"+network.Onions()[0]+"/", "tor_down", 0)
	if err := out.Up(t.Context()); tor.CodeOf(err) != "tor_down" {
		t.Errorf("Up = %v, want tor_down", err)
	}
	if err := network.StartClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := out.Up(t.Context()); err != nil {
		t.Errorf("Up = %v, want nil", err)
	}
	expectHello(t, rt, network.Onions()[0])
	t.Logf("first answer %s after tor was back", time.Since(start).Round(10*time.Millisecond))
}

// gone kills the services. Tor needs 35 s to notice, now and then more than a
// minute: a request may end in timeout_connect before one says what it is.
func gone(t *testing.T, network *tornet.Net, out *tor.Tor) {
	if os.Getenv("CI") != "true" {
		t.Skip("only with CI=true: takes one to three minutes")
	}
	rt := out.Transport(tor.Site{Name: "b"})
	network.StopServices()
	expectCause(t, rt, "http://"+network.Onions()[1]+"/", "onion_intro_failed", 3*time.Minute)
	if err := network.StartServices(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	expectHello(t, rt, network.Onions()[1])
	t.Logf("first answer %s after the services were started", time.Since(start).Round(10*time.Millisecond))
}

// expectHello asks until the site answers, for at most a minute.
func expectHello(t *testing.T, rt http.RoundTripper, onion string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tries := 1; ; tries++ {
		got, err := get(ctx, rt, "http://"+onion+"/")
		if got == "hello "+onion {
			return
		}
		t.Logf("try %d: %q, %v", tries, got, err)
		if !pause(ctx) {
			t.Fatalf("%s: got %q, %v, want hello", onion, got, err)
		}
	}
}

// expectCause asks until the fetch ends in the cause: on a loaded machine Tor
// may first fail otherwise.
func expectCause(t *testing.T, rt http.RoundTripper, url, want string, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within+time.Minute)
	defer cancel()
	start := time.Now()
	for tries := 1; ; tries++ {
		_, err := get(ctx, rt, url)
		if tor.CodeOf(err) == want {
			t.Logf("%s after %s and %d tries: %v", want, time.Since(start).Round(10*time.Millisecond), tries, err)
			return
		}
		t.Logf("try %d: %v", tries, err)
		if time.Since(start) >= within || !pause(ctx) {
			t.Fatalf("%s: got %v, want %s", url, err, want)
		}
	}
}

// pause lets the real Tor take its time; there is no clock to fake.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(time.Second):
		return true
	case <-ctx.Done():
		return false
	}
}
