package container_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"leakwatch/internal/container"
)

func words(t *testing.T, body string) string {
	t.Helper()
	out, err := io.ReadAll(container.Text(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestText(t *testing.T) {
	wide := func(s string, big bool) string {
		out := "\xff\xfe"
		if big {
			out = "\xfe\xff"
		}
		for _, r := range s {
			if big {
				out += string([]byte{byte(r >> 8), byte(r)})
			} else {
				out += string([]byte{byte(r), byte(r >> 8)})
			}
		}
		return out
	}
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct{ name, body, want string }{
		{"plain", "plate AB-123 <seen> & gone\n", "plate AB-123 <seen> & gone"},
		{"html", "<html><title>T</title><style>p{}</style><p>AB<b>-12</b>3</p><script>no()</script><td>x</td><td>y</td> a&amp;b &#65;", "T AB-123 x y a&b A"},
		{"word runs", `<?xml version="1.0"?><w:document><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>AB</w:t></w:r><w:proofErr w:type="x"/><w:r><w:t>-123</w:t></w:r></w:p><w:p><w:r><w:t>next</w:t><w:tab/><w:t>one</w:t></w:r></w:p></w:document>`, "AB-123 next one"},
		{"sheet", `<worksheet><row><c r="A1"><v>12</v></c><c r="B1"><v>34</v></c></row></worksheet>`, "12 34"},
		{"shared strings", `<sst><si><t>plate</t></si><si><r><rPr><b/><sz val="11"/></rPr><t>AB</t></r><r><t> 123</t></r></si></sst>`, "plate AB 123"},
		{"slide", `<p:sld><a:p><a:r><a:rPr lang="en"/><a:t>AB</a:t></a:r><a:r><a:t>123</a:t></a:r></a:p><a:p><a:t>two</a:t></a:p></p:sld>`, "AB123 two"},
		{"writer", `<office:text><text:p>AB<text:span>12</text:span><text:s/>3</text:p><table:table-cell office:string-value="q"><text:p>q</text:p></table:table-cell></office:text>`, "AB12 3 q q"},
		{"other xml", `<list><plate>AB1</plate><plate>CD2</plate><x><![CDATA[raw <b> & text]]></x><!-- not <this> --></list>`, "AB1 CD2 raw <b> & text"},
		{"attributes", `<p>see <a href="/IMG_1.JPG" title='the &quot;one&quot;'>th</a>is <img alt="AB 1" src="data:image/png;base64,xx"></p>`, `see this the "one" /IMG_1.JPG AB 1`},
		{"little endian", wide("Nummernschild ÄB 1 zwei drei", false), "Nummernschild ÄB 1 zwei drei"},
		{"big endian", wide("Nummernschild ÄB 1 zwei drei", true), "Nummernschild ÄB 1 zwei drei"},
		{"no mark", wide("<p>plate AB 1 and more words</p>", false)[2:], "plate AB 1 and more words"},
		{"latin", "caf\xe9 \xc4B 1", "café ÄB 1"},
		{"broken tag", "<p>one <b two", "one"},
		{"less than", "<p>1 < 2 and 3 <4</p>", "1 < 2 and 3 <4"},
		{"long", "<p>" + long + "</p><![CDATA[" + long + "]]><p>end</p>", long + " " + long + " end"},
	} {
		if got := words(t, c.body); got != c.want {
			if len(got) > 300 {
				got = got[:100] + "..." + got[len(got)-100:]
			}
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestIsText(t *testing.T) {
	for body, want := range map[string]bool{
		"": false, "hello": true, "<html>": true, "\xff\xd8\xff\xe0\x00\x10JFIF": false, "PK\x03\x04\x14\x00": false,
		"\xff\xfeh\x00e\x00l\x00l\x00": true, "caf\xe9": true, "a\x00b": false, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n": true,
	} {
		if got := container.IsText([]byte(body)); got != want {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	}
}

// What comes out is valid UTF-8, not much longer than what went in, and the
// same however the bytes arrive.
func FuzzText(f *testing.F) {
	for _, s := range []string{"<p>AB<b>1</b></p>", "a &amp; b &#x110000; c", "<![CDATA[x]]>", "<!-- <a title='x'> -->", "\xff\xfea\x00b\x00c\x00d\x00", "<script>x</script>y", "<a href=\"x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		once, err := io.ReadAll(container.Text(strings.NewReader(string(body))))
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(once) {
			t.Errorf("%q gives %q, which is not UTF-8", body, once)
		}
		if len(once) > 8*len(body)+64 {
			t.Errorf("%d bytes give %d", len(body), len(once))
		}
		again, err := io.ReadAll(container.Text(iotest.OneByteReader(strings.NewReader(string(body)))))
		if err != nil || string(again) != string(once) {
			t.Errorf("byte by byte: got %q, %v, want %q", again, err, once)
		}
	})
}
