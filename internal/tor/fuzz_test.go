package tor

import (
	"bytes"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// Whatever passes is dialled as a name, and as one that no resolver, however
// lenient, takes for an address.
func FuzzCheck(f *testing.F) {
	for _, raw := range []string{
		"http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://１２７。１/", "http://①②⑦.⓪.⓪.①/",
		"http://localhost./", "http://a.ⓛocal/", "http://x.onion/", "http://paste.example:443/", "http://u@paste.example/", "http://bücher.example/",
		"http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion/", "http://a.b:80/", "http://a.b:/", "http:a", "https://%EF%BC%91.example",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		to, e := check(u, Site{Name: "s", Clearnet: true})
		if e != nil {
			if e.Code == "" || e.Err == nil {
				t.Fatalf("check(%q) = %+v: no cause", raw, e)
			}
			return
		}
		name := to.name
		if !isDNS(name) || !strings.Contains(name, ".") || endsInNumber(name) || isLocal(name) || net.ParseIP(name) != nil {
			t.Errorf("check passed %q as %q", raw, name)
		}
		if _, err := netip.ParseAddr(name); err == nil {
			t.Errorf("check passed the address %q", name)
		}
		if isOnion(name) && !ValidOnion(name) {
			t.Errorf("check passed the onion %q", name)
		}
		if to.port != 80 && to.port != 443 || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("check passed %q", raw)
		}
		again, e := check(&url.URL{Scheme: u.Scheme, Host: to.host(u)}, Site{Name: "s", Clearnet: true})
		if e != nil || again != to {
			t.Errorf("check of what is dialled: %+v, %v; want %+v", again, e, to)
		}
	})
}

// However the bytes are cut, the talk only goes forward, and no code is made up.
func FuzzHear(f *testing.F) {
	for _, b := range []string{"", "\x05", "\x05\x02\x01\x00\x05\xf0", "\x05\x00\x05\x05", "\x05\xff", "\x05\x02\x01\x01", "HTTP/1", "\x05\x02\x01\x00\x05"} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		last := greeting
		for n := range len(b) + 1 {
			at, code := hear(b[:n])
			if rank(at) < rank(last) {
				t.Fatalf("hear(%x) = %d after %d", b[:n], at, last)
			}
			if code != 0 && (at != replied || !bytes.Contains(b[:n], []byte{5, code})) {
				t.Fatalf("hear(%x) = %d, code %x", b[:n], at, code)
			}
			if n >= heardMax && at != replied && at != foreign {
				t.Fatalf("hear(%x) = %d: %d bytes tell all", b[:n], at, heardMax)
			}
			last = at
		}
	})
}

// rank orders the stages: from foreign there is no way on.
func rank(s stage) int {
	return map[stage]int{greeting: 0, waiting: 1, replying: 2, replied: 3, foreign: 4}[s]
}

func TestHear(t *testing.T) {
	for _, c := range []struct {
		bytes string
		at    stage
		code  byte
	}{
		{"", greeting, 0},
		{"\x05", greeting, 0},
		{"\x05\x02", greeting, 0},
		{"\x05\x02\x01", greeting, 0},
		{"\x05\x02\x01\x00", waiting, 0},
		{"\x05\x02\x01\x00\x05", replying, 0},
		{"\x05\x02\x01\x00\x05\xf4", replied, 0xF4},
		{"\x05\x02\x01\x00\x05\x00", replied, 0},
		{"\x05\x00", waiting, 0},
		{"\x05\x00\x05\x05", replied, 5},
		{"\x05\x00\x05\x00\x00\x01", replied, 0},
		{"\x05\x01", foreign, 0}, // GSSAPI
		{"\x05\xff", foreign, 0},
		{"\x05\x02\x01\x01", foreign, 0}, // login refused
		{"\x05\x02\x05", foreign, 0},
		{"\x05\x00\x04", foreign, 0},
		{"\x04\x5a", foreign, 0}, // SOCKS4
		{"HTTP/1.1", foreign, 0},
	} {
		if at, code := hear([]byte(c.bytes)); at != c.at || code != c.code {
			t.Errorf("hear(%x) = %d, %x; want %d, %x", c.bytes, at, code, c.at, c.code)
		}
	}
}

func TestEveryReplyCodeHasACause(t *testing.T) {
	for code := range 256 {
		for _, host := range []string{"x.onion", "paste.example"} {
			if cause, why := replyCause(byte(code), host); cause == "" || why == "" {
				t.Errorf("replyCause(%x, %s) = %q, %q", code, host, cause, why)
			}
		}
	}
}

func TestUserIsInjectiveAndFits(t *testing.T) {
	names := []string{"", "a", "A", "paste", "paste-1", strings.Repeat("x", 128), strings.Repeat("x", 129), strings.Repeat("x", 300) + "a",
		strings.Repeat("x", 300) + "b", "with space", "ümlaut", "nul\x00", "<torS0X>0x", "sha256:", user("with space")}
	seen := map[string]string{}
	for _, name := range names {
		got := user(name)
		if len(got) < 1 || len(got) > 255 || strings.HasPrefix(got, "<torS0X>") {
			t.Errorf("user(%q) = %q, want 1 to 255 bytes outside of Tor's own", name, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("user(%q) = user(%q) = %q", name, other, got)
		}
		seen[got] = name
	}
}
