package crawler

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

func TestReadSrcset(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{" ,, , ", nil},
		{"a", []string{"a"}},
		{"a 1x", []string{"a"}},
		{"a 1x,b 2x", []string{"a", "b"}},
		{"a, b", []string{"a", "b"}},
		{"a,b", []string{"a,b"}}, // a comma inside a URL parts nothing
		{"a,,, b", []string{"a", "b"}},
		{",a", []string{"a"}},
		{"/c_1,h_2/a.jpg 300w,/c_3,h_4/b.jpg 600w , /c.jpg,", []string{"/c_1,h_2/a.jpg", "/c_3,h_4/b.jpg", "/c.jpg"}},
		{"data:image/png;base64,AA== 1x,b 2x", []string{"data:image/png;base64,AA==", "b"}},
		{"a (x,y) 1x, b", []string{"a", "b"}},
		{"a (x, b", []string{"a"}},
		{"a 1x 2w nonsense, b", []string{"a", "b"}},
		{"a\t1x,\nb\f2x\r,c", []string{"a", "b", "c"}},
	} {
		got, more := readSrcset(c.in)
		if !slices.Equal(got, c.want) || more {
			t.Errorf("readSrcset(%q) = %q, %t, want %q", c.in, got, more, c.want)
		}
	}
	if got, more := readSrcset(strings.Repeat("a 1x,", 100)); len(got) != maxCandidates || !more {
		t.Errorf("100 candidates: %d, more %t", len(got), more)
	}
}

func FuzzReadSrcset(f *testing.F) {
	f.Add("a 1x, b,c (d,e) 2w,data:x,y 3x,,")
	f.Fuzz(func(t *testing.T, s string) {
		urls, _ := readSrcset(s)
		if len(urls) > maxCandidates {
			t.Fatalf("%d candidates", len(urls))
		}
		rest := s
		for _, u := range urls { // each stands in s, in this order
			at := strings.Index(rest, u)
			if u == "" || at < 0 || u[0] == ',' || u[len(u)-1] == ',' || strings.ContainsAny(u, " \t\n\f\r") {
				t.Fatalf("readSrcset(%q) gave %q", s, u)
			}
			rest = rest[at+len(u):]
		}
	})
}

func TestReadRefresh(t *testing.T) {
	for _, c := range []struct {
		in, want string
	}{
		{"0;url=a", "a"},
		{"0; URL = a", "a"},
		{" 5 , a ", "a"},
		{"5 a", "a"},
		{".5;url=a", "a"},
		{"1.5.2;a", "a"},
		{"0;url='a b'c", "a b"},
		{`0;url="a`, "a"},
		{"0;'a'", "a"},
		{"0;urla", "urla"},
		{"0;url", "url"},
		{"0;ur=a", "ur=a"},
		{"0;url=url=a", "url=a"},
		{"0;url=a;b=c", "a;b=c"},
		{"5", ""},
		{"5;", ""},
		{"", ""},
		{"url=a", ""},
		{"a;url=b", ""},
		{"5x;url=a", ""},
		{"-1;url=a", ""},
	} {
		if got, ok := readRefresh(c.in); got != c.want || ok != (c.want != "") {
			t.Errorf("readRefresh(%q) = %q, %t, want %q", c.in, got, ok, c.want)
		}
	}
}

func FuzzReadRefresh(f *testing.F) {
	f.Add("0; url='a'")
	f.Add(".5,URL= b")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := readRefresh(s)
		if ok != (got != "") || !strings.Contains(s, got) {
			t.Fatalf("readRefresh(%q) = %q, %t", s, got, ok)
		}
	})
}

func TestReadStyle(t *testing.T) {
	for _, c := range []struct{ css, want string }{
		{`p{background:url(/a)}`, "picture /a"},
		{`p{background:URL( "/a" ) , uRl('/b')}`, "picture /a,picture /b"},
		{`p{background:url(  /a  )}`, "picture /a"},
		{`p{background:u\72l(/a);c:\75 \000072l("/b")}`, "picture /a,picture /b"},
		{`p{background:url(/a\20 b\,\28 c\29 )}`, "picture /a%20b,(c)"},
		{`p{background:url("/a\"b")}`, "picture /a%22b"},
		{"p{background:url('/a\\\nb\\\r\nc')}", "picture /abc"},
		{`p{background:url(/caf\e9 .jpg)}`, "picture /caf%C3%A9.jpg"},
		{`p{background:url(/\0\110000\d800)}`, "picture /%EF%BF%BD%EF%BF%BD%EF%BF%BD"},
		{`@import "/a"; @import url(/b) print; @IMPORT url("/c") layer(x);`, "style /a,style /b,style /c"},
		{`@\69mport '/a';`, "style /a"},
		{`@import "/a" supports(selector("/no"));`, "style /a"},
		{`@charset "x"; @namespace url(http://a.b/); @font-face{src:url(/f.woff2),url(/f.ttf?#x)}`, ""},
		{`p{background:image-set("/a" 1x, url(/b) 2x, "/c" type("image/avif"))}`, "picture /a,picture /b,picture /c"},
		{`p{background:-webkit-image-set(url(/a) 1x)}`, "picture /a"},
		{`p{content:"url(/no)" attr(x) '/no'}`, ""},
		{`/* url(/no) */p{background:url(/a)}/* url(/no`, "picture /a"},
		{`p{background:url(/*not a comment*/a)}`, ""}, // a blank inside makes it no URL
		{`p{background:url(/*a*/b)}`, "picture /*a*/b"},
		{`p{background:url(a"b) url(/c)}`, "picture /c"},
		{"p{content:\"a\nb;background:url(/a)}", "picture /a"},
		{`p{background:url(/a`, "picture /a"},
		{`p{background:url("/a`, "picture /a"},
		{`p{background:url(#x) url() url("")}`, ""},
		{`p{mask:url(data:image/gif,GIF89a1) , url("/a")}`, "picture /a"},
		{`a{b:f(g(h(url(/a)))}c{d:image-set("/b")}`, "picture /a,picture /b"},
		{`p{background:url(../up.png?é)}`, "picture /up.png?%C3%A9"},
		{`}}}))) @media x{@import url(/a)}`, "style /a"},
		{`\`, ""},
		{`@`, ""},
	} {
		d := readStyle([]byte(c.css), at(t, "http://"+onionA+"/css/s.css"), testLimits())
		if got := strings.Join(list(d), ","); got != c.want || d.cause != OK {
			t.Errorf("%s\n got %s\nwant %s, %s", c.css, got, c.want, d.cause)
		}
	}
	if d := readStyle([]byte(`p{mask:url(data:image/gif,GIF89a1)}`), at(t, pageURL), testLimits()); len(d.inline) != 1 {
		t.Errorf("%d inline pictures in a style sheet, want 1", len(d.inline))
	}
	cyr, err := charmap.Windows1251.NewEncoder().String(`@charset "windows-1251"; p{background:url(/ж?ж)}`)
	if err != nil {
		t.Fatal(err)
	}
	if d := readStyle([]byte(cyr), at(t, pageURL), testLimits()); !slices.Equal(list(d), []string{"picture /%D0%B6?%D0%B6"}) || d.charset != "windows-1251" {
		t.Errorf("@charset: %q, %s", list(d), d.charset)
	}
}

func checkDocument(t *testing.T, d document, l readLimits) {
	t.Helper()
	if len(d.refs) > l.links || len(d.inline) > maxInline {
		t.Fatalf("%d refs, %d inline", len(d.refs), len(d.inline))
	}
	seen := map[string]bool{}
	for _, r := range d.refs {
		s := r.url.String()
		again, err := canonical(s, nil, nil, l.drop)
		if err != nil || again.String() != s || len(s) > l.url || seen[string(r.kind)+s] {
			t.Fatalf("ref %q %s: canonical %v, %v; seen %t", s, r.kind, again, err, seen[string(r.kind)+s])
		}
		seen[string(r.kind)+s] = true
	}
	for _, i := range d.inline {
		if len(i.body) > l.inlineBytes {
			t.Fatalf("an inline picture of %d bytes", len(i.body))
		}
	}
	for c, n := range d.refused {
		if c.Class() == "" || n < 1 {
			t.Fatalf("refused %q %d times", c, n)
		}
	}
	if d.cause.Class() == "" || d.cause != OK && d.why == "" {
		t.Fatalf("cause %q, why %q", d.cause, d.why)
	}
	if d.refresh != nil && len(d.refresh.String()) > l.url {
		t.Fatalf("refresh to %d bytes", len(d.refresh.String()))
	}
}

func fuzzLimits() readLimits {
	return readLimits{links: 8, url: 200, inlineBytes: 64, drop: dropTest(), within: ""}
}

func FuzzReadPage(f *testing.F) {
	for _, s := range []string{
		`<base href=/b><a href=x><img srcset="a 1x,b 2x" data-src=/c style="background:url(d)"><noscript><img src=e></noscript>`,
		`<svg><style>@import "x"</style><title/><image xlink:href=y></svg><iframe srcdoc="<img src=z>">`,
		`<meta charset=shift_jis><meta http-equiv=refresh content="0;url=x"><img src="data:image/svg+xml,<image href=a>">`,
		"\xff\xfe<\x00a\x00>\x00", "<select><xmp></select><img src=x><!-- ", "<math><mi><svg><desc><p></svg>",
	} {
		f.Add([]byte(s), "text/html", "http://a.onion/b/c?d")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType, where string) {
		page, err := canonical(where, nil, nil, dropTest())
		if err != nil {
			page = &url.URL{Scheme: "http", Host: "a.onion", Path: "/"}
		}
		l := fuzzLimits()
		checkDocument(t, readPage(t.Context(), body, contentType, page, l), l)
	})
}

func FuzzReadStyle(f *testing.F) {
	for _, s := range []string{`@import "a";@import url(b) x;p{c:u\72l( "d\
e" ) image-set("f" 1x, url(g\20 h) 2x)}/* url(i) */`, "\\", "url(", `@charset "koi8-r";`, `p{a:url(data:image/gif;base64,R0lGODlh)}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l := fuzzLimits()
		checkDocument(t, readStyle(body, &url.URL{Scheme: "http", Host: "a.onion", Path: "/s/t"}, l), l)
	})
}
