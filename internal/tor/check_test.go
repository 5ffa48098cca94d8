package tor_test

import (
	"net/url"
	"strings"
	"testing"

	"leakwatch/internal/tor"
)

// localSpellings are ways to write a place that no site may make us visit.
func localSpellings() []string {
	return []string{
		// IPv4, as browsers and libc read it
		"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.1.", "127", "127.255.255.254",
		"0177.0.0.1", "0177.0.0.01", "00000177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7F.1", "0x7f000001", "0X7F000001", "0x7f.0x0.0x0.0x1", "0x",
		"2130706433", "2130706433.", "4294967295", "3232235777", "127.0.0.0x1", "1.2.3.0x", "127.000.000.001", "127.0.0.256", "1.2.3.4.5",
		"0", "0.0.0.0", "0.0.0.0.", "0.0", "00", "0x0", "255.255.255.255",
		"169.254.169.254", "169.254.1.1", "2852039166", "0xa9fea9fe",
		"10.0.0.1", "10.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1", "100.64.0.1", "224.0.0.1", "240.0.0.1",
		"8.8.8.8", "93.184.216.34", // public ones too
		// IPv6
		"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
		"[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%25lo]", "[fd00::1]", "[fc00::1]", "[ff02::1]", "[2002:7f00:1::]", "[2001:db8::1]",
		// full-width, circled, ideographic dots, escaped
		"１２７.０.０.１", "１２７．０．０．１", "127。0。0。1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1", "０x7f.1", "127．1", "２１３０７０６４３３",
		"127.0.0.1。",
		// names
		"localhost", "LOCALHOST", "LocalHost", "localhost.", "foo.localhost", "localhost.localdomain", "a.b.localhost.", "localhost6.localdomain6",
		"ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00adalhost", "ip6-localhost", "ip6-loopback", "broadcasthost",
		"printer.local", "printer.local.", "PRINTER.LOCAL", "printer.ｌｏｃａｌ", "metadata.google.internal", "host.docker.internal", "svc.cluster.local",
		"router.lan", "nas.home", "nas.home.arpa", "wiki.corp", "wiki.intranet", "db.private",
		"intranet", "router", "wpad", "metadata", "desk",
	}
}

func TestEverySpellingOfALocalPlaceIsRefusedBeforeConnect(t *testing.T) {
	f := newFake(t)
	out := f.through()
	hosts := localSpellings()
	if len(hosts) < 60 {
		t.Fatalf("got %d spellings, want at least 60", len(hosts))
	}
	for _, open := range []bool{false, true} {
		s := tor.Site{Name: "s", Clearnet: open, Ports: []int{8080}}
		rt := out.Transport(s)
		for _, host := range hosts {
			for _, raw := range []string{"http://" + host + "/", "https://" + host + ":443/x", "http://user:pw@" + host + "/", "http://good.example@" + host + ":8080/"} {
				u, err := url.Parse(raw)
				if err != nil {
					continue // no URL, so nothing to ask for
				}
				if got := tor.CodeOf(tor.Check(u, s)); got != "refused_local" {
					t.Errorf("Check(%q, clearnet %v) = %q, want refused_local", raw, open, got)
				}
				_, _, err = fetch(rt, raw)
				if got := tor.CodeOf(err); got != "refused_local" {
					t.Errorf("fetch %q, clearnet %v: %v, want refused_local", raw, open, err)
				}
			}
		}
	}
	if n := len(f.seen()); n != 0 {
		t.Errorf("got %d CONNECTs, want 0: %v", n, f.seen())
	}
}

func TestEverySpellingIsAURL(t *testing.T) {
	var none []string
	for _, host := range localSpellings() {
		if _, err := url.Parse("http://" + host + "/"); err != nil {
			none = append(none, host)
		}
	}
	if n := len(localSpellings()) - len(none); n < 60 {
		t.Errorf("only %d spellings are URLs at all, want at least 60; not: %q", n, none)
	}
}

func TestCheckPasses(t *testing.T) {
	good := onion("good")
	for _, c := range []checkCase{
		{"http://" + good + "/", tor.Site{}, ""},
		{"https://" + good + "/a?b#c", tor.Site{}, ""},
		{"http://" + good + ":80/", tor.Site{}, ""},
		{"http://" + good + ":/", tor.Site{}, ""},
		{"https://" + good + ":443/", tor.Site{}, ""},
		{"http://" + good + ":443/", tor.Site{}, ""},
		{"http://www." + good + "/", tor.Site{}, ""},
		{"http://a.b-c.d_e." + good + "/", tor.Site{}, ""},
		{"HTTP://" + strings.ToUpper(good) + "/", tor.Site{}, ""},
		{"http://" + good + ":8080/", tor.Site{Ports: []int{8080}}, ""},
		{"http://paste.example/", tor.Site{Clearnet: true}, ""},
		{"http://bücher.example/", tor.Site{Clearnet: true}, ""},
		{"http://xn--bcher-kva.example/", tor.Site{Clearnet: true}, ""},
		{"http://a_b.example/", tor.Site{Clearnet: true}, ""},
		{"http://3com.example/", tor.Site{Clearnet: true}, ""},
		{"http://1.2.3.4.example/", tor.Site{Clearnet: true}, ""},
	} {
		c.run(t)
	}
}

func TestCheckRefuses(t *testing.T) {
	good := onion("good")
	wrongSum := flip(good, 0)
	for _, c := range []checkCase{
		{"http://paste.example/", tor.Site{}, "refused_clearnet"},
		{"http://onion.example/", tor.Site{}, "refused_clearnet"},
		{"http://" + good + ".example/", tor.Site{}, "refused_clearnet"},

		{"ftp://" + good + "/", tor.Site{}, "refused_scheme"},
		{"file:///etc/passwd", tor.Site{}, "refused_scheme"},
		{"gopher://" + good + "/", tor.Site{}, "refused_scheme"},
		{"data:text/html,x", tor.Site{}, "refused_scheme"},
		{"javascript:alert(1)", tor.Site{}, "refused_scheme"},
		{"unix:/run/x.sock", tor.Site{}, "refused_scheme"},
		{"about:blank", tor.Site{}, "refused_scheme"},
		{"ws://" + good + "/", tor.Site{}, "refused_scheme"},
		{"//" + good + "/", tor.Site{}, "refused_scheme"},
		{"/path", tor.Site{}, "refused_scheme"},

		{"http:///path", tor.Site{}, "refused_url"},
		{"http:opaque", tor.Site{}, "refused_url"},
		{"http://user@" + good + "/", tor.Site{}, "refused_url"},
		{"http://" + good + "./", tor.Site{}, "refused_url"},
		{"http://paste.example./", tor.Site{Clearnet: true}, "refused_url"},
		{"http://.example.org/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://a..example/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://a!b.example/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://-a.example/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://" + strings.Repeat("a", 64) + ".example/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://" + strings.Repeat("a.", 130) + "example/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://www.example.com.$relay.exit/", tor.Site{Clearnet: true}, "refused_url"},
		{"http://www.example.com.relay.exit/", tor.Site{Clearnet: true}, "refused_url"},

		{"http://" + good + ":22/", tor.Site{}, "refused_port"},
		{"http://" + good + ":9050/", tor.Site{}, "refused_port"},
		{"http://" + good + ":8080/", tor.Site{}, "refused_port"},
		{"http://" + good + ":0/", tor.Site{Ports: []int{0}}, "refused_port"},
		{"http://" + good + ":080/", tor.Site{}, "refused_port"},
		{"http://" + good + ":65616/", tor.Site{}, "refused_port"}, // 80 modulo 65536
		{"http://" + good + ":99999999999999999999/", tor.Site{}, "refused_port"},

		{"http://onion/", tor.Site{}, "onion_bad_address"},
		{"http://.onion/", tor.Site{}, "onion_bad_address"},
		{"http://x.onion/", tor.Site{Clearnet: true}, "onion_bad_address"},
		{"http://expyuzz4wqqyqhjn.onion/", tor.Site{}, "onion_bad_address"}, // v2
		{"http://" + wrongSum + "/", tor.Site{}, "onion_bad_address"},
		{"http://" + good[1:] + "/", tor.Site{}, "onion_bad_address"},
		{"http://a" + good + "/", tor.Site{}, "onion_bad_address"},
		{"http://" + strings.Replace(good, ".onion", ".x.onion", 1) + "/", tor.Site{}, "onion_bad_address"},
		{"http://..." + good + "/", tor.Site{}, "onion_bad_address"},
	} {
		c.run(t)
	}
	if got := tor.CodeOf(tor.Check(nil, tor.Site{})); got != "refused_url" {
		t.Errorf("Check(nil) = %q, want refused_url", got)
	}
}

type checkCase struct {
	url  string
	site tor.Site
	want string
}

func (c checkCase) run(t *testing.T) {
	t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		t.Errorf("%s: %v", c.url, err)
		return
	}
	if got := tor.CodeOf(tor.Check(u, c.site)); got != c.want {
		t.Errorf("Check(%q, %+v) = %q, want %q", c.url, c.site, got, c.want)
	}
}

// flip changes one letter, which the checksum must notice.
func flip(s string, at int) string {
	with := byte('a')
	if s[at] == with {
		with = 'b'
	}
	return s[:at] + string(with) + s[at+1:]
}

func TestValidOnion(t *testing.T) {
	// The Tor Project's own, as published.
	const published = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
	if !tor.ValidOnion(published) || !tor.ValidOnion("www."+strings.ToUpper(published)) {
		t.Errorf("ValidOnion(%q) = false, want true", published)
	}
	for i := range 56 {
		if bad := flip(published, i); tor.ValidOnion(bad) {
			t.Errorf("ValidOnion(%q) = true: letter %d is wrong", bad, i)
		}
	}
	for _, bad := range []string{"", "onion", ".onion", published + ".", "a b." + published, published[:56], "[" + published + "]"} {
		if tor.ValidOnion(bad) {
			t.Errorf("ValidOnion(%q) = true, want false", bad)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	u, err := url.Parse("http://www." + onion("a") + "/path")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := tor.Check(u, tor.Site{}); err != nil {
			b.Fatal(err)
		}
	}
}
