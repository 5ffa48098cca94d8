package crawler

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// onionA is a name of the right shape; nothing here checks its sum.
const onionA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion"

func dropTest() []string { return []string{"utm_*", "PHPSESSID", "sid", "jsessionid"} }

func at(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := canonical(raw, nil, nil, nil)
	if err != nil {
		t.Fatalf("canonical(%q): %v", raw, err)
	}
	return u
}

func TestCanonicalResolvesAsBrowsersDo(t *testing.T) {
	base := at(t, "http://"+onionA+"/a/b/c.html?x=1")
	for _, c := range []struct{ raw, want string }{
		{"d.jpg", "/a/b/d.jpg"},
		{"./d.jpg", "/a/b/d.jpg"},
		{"../d.jpg", "/a/d.jpg"},
		{"../../../../d.jpg", "/d.jpg"},
		{"/d.jpg", "/d.jpg"},
		{`\d.jpg`, "/d.jpg"},
		{`..\d.jpg`, "/a/d.jpg"},
		{"", "/a/b/c.html?x=1"},
		{"#top", "/a/b/c.html?x=1"},
		{"?y=2#f", "/a/b/c.html?y=2"},
		{"?", "/a/b/c.html"},
		{" \t\n d.jpg \r\n", "/a/b/d.jpg"},
		{"d\n.j\tpg", "/a/b/d.jpg"},
		{"http:d.jpg", "/a/b/d.jpg"},
		{"http:/d.jpg", "/d.jpg"},
		{"a b.jpg", "/a/b/a%20b.jpg"},
		{"%61%2e%2E/%7euser", "/a/b/a../~user"},
		{"%2e%2e/d.jpg", "/a/d.jpg"},
		{"%2E/d.jpg", "/a/b/d.jpg"},
		{"x%2fy", "/a/b/x%2Fy"},
		{"100%.jpg", "/a/b/100%25.jpg"},
		{"%%341", "/a/b/%2541"},
		{"фото.jpg", "/a/b/%D1%84%D0%BE%D1%82%D0%BE.jpg"},
		{"w_300,h_200/a.jpg", "/a/b/w_300,h_200/a.jpg"},
		{"a[1](2)!'*;p.jpg", "/a/b/a[1](2)!'*;p.jpg"},
		{`"<>^{}|` + "`", "/a/b/%22%3C%3E%5E%7B%7D%7C%60"},
		{"d.jpg?a=1&&sid=7&UTM_Source=x&b=2", "/a/b/d.jpg?a=1&b=2"},
		{"d.jpg?PhPsEsSiD=abc", "/a/b/d.jpg"},
		{"d.jpg;jsessionid=77?q=1", "/a/b/d.jpg?q=1"},
		{"e;v=1;JSESSIONID=77/d.jpg", "/a/b/e;v=1/d.jpg"},
		{"?a=%e4&b=%41+'", "/a/b/c.html?a=%E4&b=A+%27"},
		{"\xff.jpg", "/a/b/%EF%BF%BD.jpg"},
	} {
		u, err := canonical(c.raw, base, nil, dropTest())
		if err != nil {
			t.Errorf("canonical(%q): %v", c.raw, err)
			continue
		}
		if got, want := u.String(), "http://"+onionA+c.want; got != want {
			t.Errorf("canonical(%q) = %s, want %s", c.raw, got, want)
		}
	}
}

func TestCanonicalHosts(t *testing.T) {
	base := at(t, "https://base.example/x/")
	for _, c := range []struct{ raw, want string }{
		{"HTTP://EXAMPLE.com:80", "http://example.com/"},
		{"https://example.com:443/", "https://example.com/"},
		{"https://example.com:0080/", "https://example.com:80/"},
		{"http://example.com:/", "http://example.com/"},
		{"http://example.com./", "http://example.com/"},
		{"http://user:pass@example.com/", "http://example.com/"},
		{`http:\\example.com\a`, "http://example.com/a"},
		{"http:////example.com/a", "http://example.com/a"},
		{"http:example.com/a", "http://example.com/a"}, // another scheme than the page's
		{"//Other.example/a", "https://other.example/a"},
		{`\/other.example`, "https://other.example/"},
		{"http://BÜCHER.example/", "http://xn--bcher-kva.example/"},
		{"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
		{"http://ex%61mple.com/", "http://example.com/"},
		{"http://ｅｘａｍｐｌｅ。com/", "http://example.com/"},
		{"http://127.1/", "http://127.0.0.1/"},
		{"http://0x7f.0.0.1/", "http://127.0.0.1/"},
		{"http://0177.0.0.01/", "http://127.0.0.1/"},
		{"http://2130706433/", "http://127.0.0.1/"},
		{"http://[::0:1]:80/", "http://[::1]/"},
		{"http://[::FFFF:127.0.0.1]:81/", "http://[::ffff:127.0.0.1]:81/"},
		{"http://x_y.example/", "http://x_y.example/"},
	} {
		u, err := canonical(c.raw, base, nil, nil)
		if err != nil {
			t.Errorf("canonical(%q): %v", c.raw, err)
			continue
		}
		if got := u.String(); got != c.want {
			t.Errorf("canonical(%q) = %s, want %s", c.raw, got, c.want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	base := at(t, "http://base.example/")
	for _, c := range []struct {
		raw  string
		want Cause
	}{
		{"javascript:alert(1)", RefusedScheme},
		{"mailto:a@b.c", RefusedScheme},
		{"ftp://example.com/", RefusedScheme},
		{"file:///etc/passwd", RefusedScheme},
		{"data:text/html,x", RefusedScheme},
		{"unix:/run/x", RefusedScheme},
		{"jav\nascript:alert(1)", RefusedScheme},
		{"www.example.com:80/x", RefusedScheme},
		{"http://", RefusedURL},
		{"http:///", RefusedURL},
		{"http://a b/", RefusedURL},
		{"http://a<b/", RefusedURL},
		{"http://a..b/", RefusedURL},
		{"http://example.com:65536/", RefusedURL},
		{"http://example.com:80a/", RefusedURL},
		{"http://[::1/", RefusedURL},
		{"http://[", RefusedURL},
		{"http://[fe80::1%25eth0]/", RefusedURL},
		{"http://1.2.3.4.5/", RefusedURL},
		{"http://256.0.0.1/", RefusedURL},
		{"http://%00/", RefusedURL},
		{"http://a%2fb/", RefusedURL},
		{"http://" + strings.Repeat("a.", 200) + "com/", RefusedURL},
	} {
		u, err := canonical(c.raw, base, nil, nil)
		var r *refusal
		if !errors.As(err, &r) || r.Cause != c.want {
			t.Errorf("canonical(%q) = %v, %v, want %s", c.raw, u, err, c.want)
		}
	}
	if _, err := canonical("/relative", nil, nil, nil); err == nil {
		t.Error("a relative URL without a page was taken")
	}
}

// The query goes out in the page's own letters, the path never does.
func TestCanonicalQueryEncoding(t *testing.T) {
	base := at(t, "http://base.example/")
	for _, c := range []struct {
		enc       encoding.Encoding
		raw, want string
	}{
		{nil, "/é?é", "/%C3%A9?%C3%A9"},
		{charmap.Windows1251, "/ж?w=жук&x=a", "/%D0%B6?w=%E6%F3%EA&x=a"},
		{charmap.Windows1251, "/?w=%E6", "/?w=%E6"},
		{charmap.Windows1252, "/?w=ж!", "/?w=%26%231078%3B!"},
		{charmap.Windows1252, "/?w=éж", "/?w=%E9%26%231078%3B"},
		{japanese.ShiftJIS, "/?w=ア", "/?w=%83A"},
	} {
		u, err := canonical(c.raw, base, c.enc, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := u.String(), "http://base.example"+c.want; got != want {
			t.Errorf("%v: canonical(%q) = %s, want %s", c.enc, c.raw, got, want)
		}
	}
}

// A thousand spellings of one URL are one URL.
func TestCanonicalThousandSpellings(t *testing.T) {
	const want = "http://" + onionA + "/g~1/lane_4.jpg?id=7&v=a"
	base := at(t, "http://"+onionA+"/x/y/")
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	mixed := func(s string) string {
		b := []byte(s)
		for i, c := range b {
			if 'a' <= c && c <= 'z' && r.IntN(2) == 0 {
				b[i] = c - 32
			}
		}
		return string(b)
	}
	escaped := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			switch {
			case unreserved(c) && r.IntN(4) == 0:
				fmt.Fprintf(&b, pick("%%%02x", "%%%02X"), c)
			default:
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	seen := map[string]bool{}
	for len(seen) < 1000 {
		host := pick(mixed("http")+":"+pick("//", `\\`, "///", `/\`), "//", `\/`) + pick("", "u:p@", "x@") + mixed(onionA) + pick("", ":80", ":", ".", ":080")
		path := pick("/", `\`) + pick("", "./", "q/../", "%2e/", "a/b/%2E%2e/../") + escaped("g~1") + pick("", ";sid=9", ";PHPSESSID=8") + pick("/", `\`) + pick("", "./", "z/.././") +
			escaped("lane_4.jpg") + pick("", ";JSESSIONID=A1")
		query := "?" + pick("", "&", "utm_source=x&", "SID=1&") + "id=" + escaped("7") + pick("&", "&&", "&phpsessid=3&") + "v=" + escaped("a") + pick("", "&", "&utm_medium=q", "&UTM_X")
		raw := pick("", " ", "\n\t", "\x01") + pick(host+path, path, host+path) + query + pick("", "#", "#f", "#?a#b") + pick("", " ", "\r\n")
		if n := r.IntN(len(raw)); raw[n] < 0x80 {
			raw = raw[:n] + pick("", "\t", "\n", "\r") + raw[n:]
		}
		seen[raw] = true
		u, err := canonical(raw, base, nil, dropTest())
		if err != nil {
			t.Fatalf("canonical(%q): %v", raw, err)
		}
		if u.String() != want {
			t.Fatalf("canonical(%q) = %s, want %s", raw, u, want)
		}
	}
}

func TestHostOf(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"http://" + onionA + "/", onionA},
		{"http://a.b." + onionA + ":81/", onionA},
		{"http://www.example.com:8080/", "www.example.com"},
		{"http://example.com/", "example.com"},
	} {
		if got := hostOf(at(t, c.raw)); got != c.want {
			t.Errorf("hostOf(%s) = %s, want %s", c.raw, got, c.want)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"http://a.onion/x?y#z", `\\a\..\%2e%2E;sid=1/%`, "//ü.example:80?a=%zz&utm_x", "http:x", "data:,", "http://0x7f.1/", "http://[::1]:80/", "http://xn--a/", "http://%41。b/"} {
		f.Add(s, "http://base.example/a/b?c", byte(0))
	}
	f.Fuzz(func(t *testing.T, raw, page string, enc byte) {
		base, err := canonical(page, nil, nil, nil)
		if err != nil {
			base = nil
		}
		query := []encoding.Encoding{nil, charmap.Windows1251, japanese.ShiftJIS, japanese.ISO2022JP}[enc&3]
		u, err := canonical(raw, base, query, dropTest())
		if err != nil {
			var r *refusal
			if !errors.As(err, &r) || r.Cause.Class() == "" {
				t.Fatalf("canonical(%q): %v is no refusal", raw, err)
			}
			return
		}
		once := u.String()
		if u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" || u.User != nil || u.Host == "" || strings.Contains(once, "#") || !strings.HasPrefix(u.EscapedPath(), "/") {
			t.Fatalf("canonical(%q) = %q", raw, once)
		}
		for i := range len(once) {
			if once[i] <= ' ' || once[i] >= 0x7f {
				t.Fatalf("canonical(%q) = %q holds the byte %#x", raw, once, once[i])
			}
		}
		again, err := canonical(once, nil, nil, dropTest())
		if err != nil || again.String() != once {
			t.Fatalf("canonical(%q) = %q, and of that %v, %v", raw, once, again, err)
		}
		parsed, err := url.Parse(once)
		if err != nil || parsed.String() != once {
			t.Fatalf("net/url reads %q as %v, %v", once, parsed, err)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	base := at(b, "http://"+onionA+"/gallery/lane/4/")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := canonical("../5/picture-000123.jpg?size=large&page=3", base, nil, dropTest()); err != nil {
			b.Fatal(err)
		}
	}
}
