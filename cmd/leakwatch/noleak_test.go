package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/demo"
)

const (
	leakInside = "LEAKWATCH_TEST_INSIDE" // set in the network namespace: file for the reason why it is of no use
	leakBinary = "LEAKWATCH_TEST_BINARY" // the built binary, for the inside
	leakClient = "LEAKWATCH_LEAK"        // set: be the client that leaks, its value is the SOCKS address
)

// The built binary speaks to the SOCKS port and to nothing else, whatever the
// pages say. Twice observed: packets are counted in a network namespace that
// has default routes to nowhere, and system calls are traced. A client that
// leaks on purpose must be caught by each of the two.
func TestNoLeak(t *testing.T) {
	if socks := os.Getenv(leakClient); socks != "" {
		leakOnPurpose(t, socks)
		return
	}
	if refusal := os.Getenv(leakInside); refusal != "" {
		w, err := newWire()
		if err != nil {
			if err := os.WriteFile(refusal, []byte(err.Error()), 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
		tellLeaks(t, w, os.Getenv(leakBinary))
		return
	}
	if testing.Short() {
		t.Skip("-short: crawls under strace")
	}
	missing := leakTools(t, "ip:iproute2", "nft:nftables", "strace:strace")
	refused := insideNamespace(t)
	if refused == "" {
		return
	}
	if err := tracing(t); err != nil {
		why := fmt.Sprintf("no network namespace (%s) and no trace (%v); needed: apt-get install --no-install-recommends%s", refused, err, missing)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	t.Logf("no network namespace (%s): system calls are traced, packets are not counted", refused)
	tellLeaks(t, nil, binary(t))
}

// leakTools names the packages of programs that are missing. In CI none may be.
func leakTools(t *testing.T, pairs ...string) (missing string) {
	t.Helper()
	for _, pair := range pairs {
		program, pkg, _ := strings.Cut(pair, ":")
		if _, err := exec.LookPath(program); err != nil {
			missing += " " + pkg
		}
	}
	if missing != "" && os.Getenv("CI") == "true" {
		t.Fatalf("missing: apt-get install --no-install-recommends%s", missing)
	}
	return missing
}

// tellLeaks are the stories. w is nil where packets cannot be counted.
func tellLeaks(t *testing.T, w *wire, program string) {
	err := tracing(t)
	if err != nil {
		t.Logf("packets are counted, system calls are not traced: %v", err)
	}
	look := &lookout{wire: w, trace: err == nil, program: program}
	t.Run("control: a client that leaks is caught", look.leakingClient)
	t.Run("hostile pages", func(t *testing.T) { look.hostilePages(t, "127.0.0.1:0") })
	t.Run("hostile pages, SOCKS on a Unix socket", func(t *testing.T) {
		look.hostilePages(t, "unix:"+filepath.Join(leakDir(t), "socks"))
	})
	t.Run("tor is down", look.torDown)
	t.Run("no proxy", look.noProxy)
}

// leakDir is a folder whose name is short enough for a socket.
func leakDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "leak")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hostilePages crawls sites that point everywhere, from every place in which a
// link can stand: with the scope of every day, with a scope of the whole web,
// and as a clear site.
func (l *lookout) hostilePages(t *testing.T, socks string) {
	l = l.with(t, socks)
	entry := demo.Set(1, 5)[0]
	sites := map[string]*leakSite{}
	for name, host := range map[string]string{
		"narrow": l.world.Handle("narrow", nil), "wide": l.world.Handle("wide", nil), "clear": "forum.example.org",
	} {
		sites[name] = newLeakSite(host, l.trip.port(), entry.JPEG)
		l.world.Proxy().Handle(host, sites[name])
	}
	for _, name := range leakClearNames() {
		l.world.Proxy().Handle(name, http.NotFoundHandler())
	}
	dir := t.TempDir()
	if err := writePhotos(filepath.Join(dir, "set"), []demo.Photo{entry}); err != nil {
		t.Fatal(err)
	}
	config := l.config(t, dir, sites)
	load := exec.CommandContext(t.Context(), l.program, "--config", config, "hashset", "load", "travellers", filepath.Join(dir, "set"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start := time.Now()
	seen := l.watch(t, nil, l.program, "--config", config, "run", "--once")
	seen.expectCode(t, 0)
	for _, c := range seen.complaints() {
		t.Error(c)
	}
	if l.trace && seen.socksCalls == 0 || l.wire != nil && l.port() != 0 && seen.packets["socks"] == 0 {
		t.Errorf("nothing went to the SOCKS port either: this proves nothing (%d calls, packets %v)", seen.socksCalls, seen.packets)
	}
	l.expectUsers(t, seen, sites)
	asked := 0
	for name, s := range sites {
		for _, spot := range s.unasked() {
			t.Errorf("%s: the good address in place %q was not asked for: whether the bad ones there are refused is not proven", name, spot)
		}
		asked += s.requests()
	}
	t.Logf("%s: %d bad addresses in %d places, %d requests, %d CONNECTs, %d calls to the SOCKS address, packets %v", since(start),
		len(badAddresses("", 0)), len(leakPlaces()), asked, len(seen.connects), seen.socksCalls, seen.packets)
}

// expectUsers: each CONNECT carries its site's name as SOCKS user, and each
// site asks only for what it may.
func (l *lookout) expectUsers(t *testing.T, seen leakSeen, sites map[string]*leakSite) {
	t.Helper()
	may := map[string]func(demo.Connect) bool{
		"narrow":      func(c demo.Connect) bool { return c.Name == sites["narrow"].host && c.Port == 80 },
		"wide":        func(c demo.Connect) bool { return strings.HasSuffix(c.Name, ".onion") },
		"clear":       func(c demo.Connect) bool { return c.Port == 80 || c.Port == 443 },
		"Notify.hook": func(c demo.Connect) bool { return c.Name == "hooks.example.org" && c.Port == 443 },
	}
	for user := range may {
		if !slices.ContainsFunc(seen.connects, func(c demo.Connect) bool { return c.User == user }) {
			t.Errorf("no CONNECT of the user %q", user)
		}
	}
	for _, c := range seen.connects {
		if ok, known := may[c.User]; !known || !ok(c) {
			t.Errorf("user %q asked for %s, port %d", c.User, c.Name, c.Port)
		}
	}
}

// leakingClient is the control: the same watch over a client that does all
// that ours must not do.
func (l *lookout) leakingClient(t *testing.T) {
	l = l.with(t, "127.0.0.1:0")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socks := l.world.Socks()
	if l.wire == nil {
		socks = nearOnly + socks // on a host's own network nothing leaves it
	}
	seen := l.watch(t, []string{leakClient + "=" + socks}, self, "-test.run=^TestNoLeak$", "-test.v")
	seen.expectCode(t, 0)
	want := []string{"of the environment", "CONNECT to the address 198.51.100.7", "without a SOCKS user"}
	if l.trace {
		want = append(want, "connect 127.0.0.1:9")
	}
	if l.trace && l.wire != nil {
		want = append(want, "connect 198.51.100.7:80", "sendto 198.51.100.8:9", ":53")
	}
	if l.wire != nil {
		want = append(want, "packets dns", "packets loopback", "packets outside4", "packets on the device")
	}
	if l.wire != nil && l.wire.ipv6 {
		want = append(want, "packets outside6")
	}
	if l.trace && l.wire != nil && l.wire.ipv6 {
		want = append(want, "connect [2001:db8:7::7]:80")
	}
	complaints := strings.Join(seen.complaints(), "\n")
	for _, w := range want {
		if !strings.Contains(complaints, w) {
			t.Errorf("the leaking client was not caught by %q, only by:\n%s\nit said:\n%s", w, complaints, seen.said)
		}
	}
	t.Logf("caught by %d complaints", len(seen.complaints()))
}

// nearOnly before the SOCKS address keeps the leaking client to loopback.
const nearOnly = "near:"

// leakOnPurpose is the leaking client.
func leakOnPurpose(t *testing.T, socks string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	socks, near := strings.CutPrefix(socks, nearOnly)
	environment := &http.Client{}
	bare := &http.Client{Transport: &http.Transport{}}
	careless := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: socks})}}
	var group sync.WaitGroup
	defer group.Wait()
	get := func(c *http.Client, url string) {
		group.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := c.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			t.Logf("%s: %v", url, err)
		})
	}
	get(environment, "http://clear.example.com/")
	get(bare, "http://127.0.0.1:9/")
	get(careless, "http://198.51.100.7/")
	get(careless, "http://clear.example.com/")
	if near {
		return
	}
	get(bare, "http://clear.example.com/")
	get(bare, "http://198.51.100.7/")
	get(bare, "http://[2001:db8:7::7]/")
	if c, err := net.ListenPacket("udp4", ":0"); err != nil {
		t.Log(err)
	} else {
		_, err := c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(198, 51, 100, 8), Port: 9})
		t.Logf("datagram: %v", errors.Join(err, c.Close()))
	}
	_, err := (&net.Resolver{}).LookupHost(ctx, "clear.example.net")
	t.Logf("lookup: %v", err)
}

// torDown: a SOCKS port that is closed is asked, and nobody else.
func (l *lookout) torDown(t *testing.T) {
	l = l.with(t, "127.0.0.1:0")
	site := newLeakSite(l.world.Handle("narrow", nil), l.trip.port(), nil)
	config := l.config(t, t.TempDir(), map[string]*leakSite{"narrow": site})
	if err := l.world.Proxy().Stop(); err != nil {
		t.Fatal(err)
	}
	seen := l.watch(t, nil, l.program, "--config", config, "run", "--once")
	seen.expectCode(t, exitTryAgain)
	for _, c := range seen.complaints() {
		t.Error(c)
	}
	if l.trace && seen.socksCalls == 0 {
		t.Error("the SOCKS port was not even tried")
	}
	if !strings.Contains(seen.said, "nothing was sent") {
		t.Errorf("said %q, want that nothing was sent", seen.said)
	}
	t.Logf("exit code %d, %d calls to the SOCKS address, packets %v", seen.code, seen.socksCalls, seen.packets)
}

// noProxy: an empty socks is refused before anything else happens.
func (l *lookout) noProxy(t *testing.T) {
	l = l.with(t, "127.0.0.1:0")
	site := newLeakSite(l.world.Handle("narrow", nil), l.trip.port(), nil)
	config := l.config(t, t.TempDir(), map[string]*leakSite{"narrow": site})
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	without := strings.Replace(string(text), fmt.Sprintf("socks = %q", l.world.Socks()), `socks = ""`, 1)
	if without == string(text) {
		t.Fatalf("no socks in the config:\n%s", text)
	}
	if err := os.WriteFile(config, []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := l.watch(t, nil, l.program, "--config", config, "run", "--once")
	seen.expectCode(t, exitConfig)
	for _, c := range seen.complaints() {
		t.Error(c)
	}
	if seen.socksCalls != 0 || seen.packets["socks"] != 0 || len(seen.connects) != 0 {
		t.Errorf("%d calls and %d packets to an address that the config does not name", seen.socksCalls, seen.packets["socks"])
	}
	t.Logf("exit code %d, packets %v", seen.code, seen.packets)
}

// config watches the sites and tells a webhook.
func (l *lookout) config(t *testing.T, dir string, sites map[string]*leakSite) string {
	t.Helper()
	secret := filepath.Join(dir, "secret")
	err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0o600)
	var b strings.Builder
	fmt.Fprintf(&b, "[state]\ndir = %q\n[tor]\nsocks = %q\n[notify.hook]\nkind = \"webhook\"\nurl = \"https://hooks.example.org/in\"\nsecret_file = %q\n",
		filepath.Join(dir, "state"), l.world.Socks(), secret)
	for name, s := range sites {
		fmt.Fprintf(&b, "[[site]]\nname = %q\nseeds = [\"http://%s/\"]\ndelay = \"0s\"\nparallel = 4\nclearnet = %v\n", name, s.host, name == "clear")
		if name != "narrow" {
			b.WriteString("include = ['.*']\n")
		}
	}
	path := filepath.Join(dir, "config.toml")
	if err = errors.Join(err, os.WriteFile(path, []byte(b.String()), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}
