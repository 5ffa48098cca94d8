package crawler

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

const pageURL = "http://" + onionA + "/dir/page.html"

func testLimits() readLimits {
	return readLimits{links: 10000, url: 2048, inlineBytes: 1 << 20, drop: dropTest()}
}

func read(t testing.TB, page string) document {
	t.Helper()
	return readPage(t.Context(), []byte(page), "text/html; charset=utf-8", at(t, pageURL), testLimits())
}

// list shows refs as "kind path", in page order.
func list(d document) []string {
	var out []string
	for _, r := range d.refs {
		out = append(out, string(r.kind)+" "+strings.TrimPrefix(r.url.String(), "http://"+onionA))
	}
	return out
}

// referring is one way to refer to something.
type referring struct{ page, want string }

func referringByTags() []referring {
	return []referring{
		{`<a href=x>`, "page /dir/x"},
		{`<A HREF='x'>`, "page /dir/x"},
		{`<area href="x">`, "page /dir/x"},
		{`<a href="/full.JPG?dl=1">`, "page /full.JPG?dl=1,picture /full.JPG?dl=1"},
		{`<iframe src=x></iframe>`, "page /dir/x"},
		{`<frameset><frame src=x></frameset>`, "page /dir/x"},
		{`<link rel=next href=x><link rel=prev href=y><link rel=alternate href=z>`, "page /dir/x,page /dir/y,page /dir/z"},
		{`<link rel="alternate stylesheet" href=x>`, "style /dir/x"},
		{`<link rel=StyleSheet href=x>`, "style /dir/x"},
		{`<link rel=preload as=style href=x>`, "style /dir/x"},
		{`<img src=x>`, "picture /dir/x"},
		{`<img src="x" src="y">`, "picture /dir/x"},
		{`<image src=x>`, "picture /dir/x"},
		{`<img lowsrc=x>`, "picture /dir/x"},
		{`<img srcset="x 1x, y 2x">`, "picture /dir/x,picture /dir/y"},
		{`<picture><source srcset="x"><img src=y></picture>`, "picture /dir/x,picture /dir/y"},
		{`<link rel=preload as=image imagesrcset="x 1x, y 2x" href=z>`, "picture /dir/z,picture /dir/x,picture /dir/y"},
		{`<link rel="shortcut icon" href=x>`, "picture /dir/x"},
		{`<link rel=apple-touch-icon-precomposed href=x>`, "picture /dir/x"},
		{`<link rel=image_src href=x>`, "picture /dir/x"},
		{`<link itemprop=image href=x>`, "picture /dir/x"},
		{`<meta property=og:image content=x>`, "picture /dir/x"},
		{`<meta name="twitter:image" content=x>`, "picture /dir/x"},
		{`<meta name=msapplication-TileImage content=x>`, "picture /dir/x"},
		{`<meta itemprop=image content=x>`, "picture /dir/x"},
		{`<video poster=x src=film.mp4></video>`, "picture /dir/x"},
		{`<input type=image src=x>`, "picture /dir/x"},
		{`<body background=x><table background=y><td background=z>`, "picture /dir/x,picture /dir/y,picture /dir/z"},
		{`<object data=x></object><embed src=y>`, "picture /dir/x,picture /dir/y"},
		{`<object type=text/html data=x></object>`, "page /dir/x"},
		{`<svg><image href=x /><image xlink:href=y /><use href="z.svg#part"/></svg>`, "picture /dir/x,picture /dir/y,picture /dir/z.svg"},
	}
}

func referringHidden() []referring {
	return []referring{
		{`<img data-src=/x>`, "picture /x"},
		{`<img data-original="/x">`, "picture /x"},
		{`<img data-lazy-src="/x">`, "picture /x"},
		{`<div data-bg="/x">`, "picture /x"},
		{`<div data-bg="url(/x)">`, "picture /x"},
		{`<div data-bgset="/x 1x, /y 2x">`, "picture /x,picture /y"},
		{`<img data-srcset="/x 1x, /y 2x">`, "picture /x,picture /y"},
		{`<p data-anything=deep/x.webp>`, "picture /dir/deep/x.webp"},
		{`<p data-gallery='["\/x.jpg","y.png",3]'>`, "picture /x.jpg,picture /dir/y.png"},
		{`<iframe data-src=/x></iframe>`, "page /x"},
		{`<p style="background:url(x)">`, "picture /dir/x"},
		{`<style>@import "x"; p{background:url("y")}</style>`, "style /dir/x,picture /dir/y"},
		{`<noscript><img src=x></noscript>`, "picture /dir/x"},
		{`<noframes><a href=x></noframes>`, "page /dir/x"},
		{`<noscript><noscript><img src=x></noscript>`, "picture /dir/x"},
		{`<template><img src=x></template>`, "picture /dir/x"},
		{`<iframe srcdoc="&lt;img src=x&gt;&lt;a href=y&gt;"></iframe>`, "picture /dir/x,page /dir/y"},
		{`<iframe src="data:text/html,<img src=x>"></iframe>`, "picture /dir/x"},
		{`<img src="data:image/svg+xml,%3Csvg%3E%3Cimage href='/x'/%3E%3C/svg%3E">`, "picture /x"},
		{`<link rel=stylesheet href="data:text/css,p{background:url(/x)}">`, "picture /x"},
		{`<meta http-equiv=refresh content="5; URL='x'">`, "page /dir/x"},
		{`<a href="x&amp;y=1&copy=2">`, "page /dir/x&y=1&copy=2"},
		{`<a href=x><img src=x><a href=x><img src=x>`, "page /dir/x,picture /dir/x"},
		{`<base href="/other/"><a href=x>`, "page /other/x"},
		{`<base href="/one/"><base href="/two/"><a href=x>`, "page /one/x"},
		{`<a href=x><base href="/late/"><a href=y>`, "page /dir/x,page /late/y,page /late/x,page /dir/y"},
	}
}

func TestReadPageKnowsEveryReference(t *testing.T) {
	for _, c := range append(referringByTags(), referringHidden()...) {
		want := strings.Split(c.want, ",")
		got := list(read(t, c.page))
		if strings.Contains(c.page, "/late/") { // before or after a late base: both are taken
			got = slices.DeleteFunc(got, func(s string) bool { return s == "page /dir/y" })
			want = slices.DeleteFunc(want, func(s string) bool { return s == "page /dir/y" })
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", c.page, got, want)
		}
	}
}

// And each of these refers to nothing that is worth a request.
func TestReadPageLeavesAlone(t *testing.T) {
	for _, page := range []string{
		`<form action=x><button formaction=y></form>`,
		`<a href="#top"><a href="page.html#x"><a href=""><img src="">`,
		`<script src=x></script><script>'<img src="y">'</script>`,
		`<!-- <img src=x> --><!--[if IE]><img src=x><![endif]-->`,
		`<video src=x></video><audio src=x></audio><track src=x>`,
		`<link rel=dns-prefetch href=//x><link rel=preconnect href=//x><link rel=manifest href=x><link rel=canonical href=/elsewhere>`,
		`<svg><use href="#icon"/></svg>`,
		`<img data-lazy=true data-bg-color="#fff" data-image-ratio=16/9 data-src-width=50% data-thumb=3.5>`,
		`<textarea><img src=x></textarea><xmp><img src=x></xmp><title><img src=x></title>`,
		`<style>@font-face{src:url(f.woff2)} @namespace url(http://www.w3.org/1999/xhtml); /* url(x) */ p{content:"x.jpg"}</style>`,
		`plain text http://` + onionA + `/x.jpg`,
	} {
		if d := read(t, page); len(d.refs)+len(d.inline) > 0 || d.cause != OK {
			t.Errorf("%s\n got %q, %d inline, %s %s", page, list(d), len(d.inline), d.cause, d.why)
		}
	}
}

func TestReadPageCountsWhatItRefuses(t *testing.T) {
	d := read(t, `<a href="mailto:x@y"><a href="javascript:x()"><a href="http://a b/"><a href="/`+strings.Repeat("x", 3000)+`"><a href="/`+strings.Repeat("y", 1<<17)+`"><a href=ok>`)
	want := map[Cause]int{RefusedScheme: 2, RefusedURL: 1, LimitURL: 2}
	if !maps.Equal(d.refused, want) || len(d.refs) != 1 || d.cause != OK {
		t.Errorf("refused %v, want %v; %q; %s", d.refused, want, list(d), d.cause)
	}
}

// A flood of links hides no picture, and the cut is told.
func TestReadPageLimitsLinks(t *testing.T) {
	var page strings.Builder
	for i := range 500 {
		fmt.Fprintf(&page, `<a href=/p%d>`, i)
	}
	page.WriteString(`<img src=/last><link rel=stylesheet href=/s>`)
	l := testLimits()
	l.links = 100
	d := readPage(t.Context(), []byte(page.String()), "", at(t, pageURL), l)
	got := list(d)
	if len(got) != 100 || d.cause != LimitLinks || d.refused[LimitLinks] != 402 {
		t.Errorf("%d refs, %s, %v; want 100, limit_links, 402 refused", len(got), d.cause, d.refused)
	}
	if !slices.Contains(got, "picture /last") || !slices.Contains(got, "style /s") || !slices.Contains(got, "page /p97") || slices.Contains(got, "page /p98") {
		t.Errorf("picture and style did not take the place of the last pages: %q", got[95:])
	}
}

func TestReadPageInlinePictures(t *testing.T) {
	gif := "GIF89a" + strings.Repeat("x", 50)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("y", 50)
	packed := base64.StdEncoding.EncodeToString([]byte(gif))
	d := read(t, `<img src="data:image/gif;base64,`+packed+`"><img src='DATA: image/gif ;BASE64,`+packed[:40]+"\n "+packed[40:]+`'>`+
		`<p style="background:url(data:image/png;base64,`+base64.RawStdEncoding.EncodeToString([]byte(png))+`)">`+
		`<img src="data:,no picture"><a href="data:text/plain,hello"><img src="data:image/gif;base64,???"><img src="data:image/gif">`+
		`<img srcset="data:application/x;base64,`+base64.StdEncoding.EncodeToString([]byte(png+"2"))+` 2x">`+
		`<img data-src="data:image/gif;base64,`+base64.StdEncoding.EncodeToString([]byte(gif+"3"))+`">`)
	var got []string
	for _, i := range d.inline {
		got = append(got, i.mediaType+" "+string(i.body))
	}
	want := []string{"image/gif " + gif, "image/png " + png, "application/x " + png + "2", "image/gif " + gif + "3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if d.refused[RefusedURL] != 2 {
		t.Errorf("refused %v, want the two broken ones", d.refused)
	}
	l := testLimits()
	l.inlineBytes = 55
	if d := readPage(t.Context(), []byte(`<img src="data:image/gif;base64,`+packed+`">`), "", at(t, pageURL), l); len(d.inline) != 0 || d.cause != LimitBytes {
		t.Errorf("a picture over the limit: %d inline, %s", len(d.inline), d.cause)
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `<img src="data:image/gif,GIF89a%03d">`, i)
	}
	if d := read(t, many.String()); len(d.inline) != maxInline || d.cause != LimitLinks || d.refused[LimitLinks] != 36 {
		t.Errorf("100 inline pictures: %d kept, %s, %v", len(d.inline), d.cause, d.refused)
	}
}

// Where SVG begins, no element's text is raw; browsers show what is in it.
func TestReadPageInsideSVG(t *testing.T) {
	for _, page := range []string{
		`<svg><style><img src=x></style></svg>`,
		`<svg><title/><rect/></svg><img src=x>`,
		`<svg><style/></svg><p><img src=x>`,
		`<svg><script><img src=x></script></svg>`,
		`<svg><textarea></svg><img src=x>`,
		`<svg><plaintext></svg><img src=x>`,
		`<math><xmp><img src=x></xmp></math>`,
		`<math><mtext><svg><noscript><img src=x>`,
		`<select><xmp></select><img src=x>`,
		`<svg><p><script>if(a<b)c="</script><img src=x><p title="`,
		`<svg><foreignObject><script>if(a<b)c="</script><img src=x><p title="`,
		`<svg><desc><style>a<b"</style><img src=x><p title="`,
	} {
		if got := list(read(t, page)); !slices.Contains(got, "picture /dir/x") {
			t.Errorf("%s hides its picture: %q", page, got)
		}
	}
	if got := list(read(t, `<svg><style>path{fill:url(#a);mask:url(/x)}</style><path/></svg>`)); !slices.Equal(got, []string{"picture /x"}) {
		t.Errorf("style inside SVG: %q", got)
	}
}

func TestReadPageTitleAndRefresh(t *testing.T) {
	d := read(t, "<title>\n A &lt;leak&gt;\x1b[31m\u202e of  lanes </title><title>second</title><meta http-equiv=Refresh content='0;next'>")
	if want := "A <leak> [31m\u202e of lanes"; d.title != want {
		t.Errorf("title %q, want %q", d.title, want)
	}
	if d.refresh == nil || d.refresh.Path != "/dir/next" {
		t.Errorf("refresh %v", d.refresh)
	}
	if d := read(t, `<meta http-equiv=refresh content="30; url=page.html">`); d.refresh != nil || len(d.refs) != 0 {
		t.Errorf("a page that loads itself: refresh %v, %q", d.refresh, list(d))
	}
	if d := read(t, "<title>"+strings.Repeat("ж", 5000)+"</title>"); len([]rune(d.title)) != maxTitle {
		t.Errorf("a title of 5000 letters: %d kept", len([]rune(d.title)))
	}
}

// The digest tells a changed page from one that only looks different inside.
func TestReadPageDigest(t *testing.T) {
	base := read(t, `<p>one two<img src=/a>`).text
	for _, c := range []struct {
		page string
		same bool
	}{
		{"<div class=q>\n\n one two\n</div><img  src='/a'><script>nonce=77</script><!-- 5 -->", true},
		{`<p>one two<img src=/a><a href=/token123>`, true},
		{`<p>one three<img src=/a>`, false},
		{`<p>one two<img src=/b>`, false},
		{`<p>one two<img src=/a><img src=data:image/gif,GIF89a>`, false},
	} {
		if got := read(t, c.page).text == base; got != c.same {
			t.Errorf("%s: same %t, want %t", c.page, got, c.same)
		}
	}
}

func TestReadPageCharsets(t *testing.T) {
	const page = `<title>Жук</title><img src="/жук.jpg?q=жук">`
	enc := func(s string, e interface {
		String(string) (string, error)
	}) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const utf8Query, cyrQuery = "%D0%B6%D1%83%D0%BA", "%E6%F3%EA"
	le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()
	be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder()
	cyr := charmap.Windows1251.NewEncoder()
	for _, c := range []struct{ name, body, header, charset, query string }{
		{"header", enc(page, cyr), "text/html; charset=windows-1251", "windows-1251", cyrQuery},
		{"meta", `<meta charset="windows-1251">` + enc(page, cyr), "text/html", "windows-1251", cyrQuery},
		{"http-equiv", `<meta http-equiv=Content-Type content="text/html; charset=cp1251">` + enc(page, cyr), "text/html", "windows-1251", cyrQuery},
		{"late meta", strings.Repeat(" ", 3000) + `<meta charset=windows-1251>` + enc(page, cyr), "", "windows-1251", cyrQuery},
		{"nothing, UTF-8", strings.Repeat(" ", 3000) + page, "text/html", "utf-8", utf8Query},
		{"UTF-8 with a bad byte", "\xff" + page, "", "utf-8", utf8Query},
		{"BOM UTF-8 over header", "\xef\xbb\xbf" + page, "text/html; charset=windows-1251", "utf-8", utf8Query},
		{"BOM UTF-16LE", enc("\ufeff"+page, le), "text/html", "utf-16le", utf8Query},
		{"BOM UTF-16BE", enc("\ufeff"+page, be), "", "utf-16be", utf8Query},
		{"UTF-16LE, nothing said", enc(page, le), "text/html", "utf-16le", utf8Query},
		{"UTF-16BE by header", enc(page, be), "text/html; charset=utf-16be", "utf-16be", utf8Query},
		{"meta says UTF-16 and cannot be right", `<meta charset=utf-16>` + page, "", "utf-8", utf8Query},
		{"a name that nobody knows", page, "text/html; charset=utf-7", "utf-8", utf8Query},
		{"a name that browsers show nothing of", page, "text/html; charset=iso-2022-kr", "utf-8", utf8Query},
		{"the word in a script", `<script charset="utf-8"></script>` + page, "", "utf-8", utf8Query},
		{"meta windows-1252 and no letter beyond", "<meta charset=latin1><title>&#1046;&#1091;&#1082;</title><img src=&#47;&#1078;&#1091;&#1082;.jpg?q=e>", "", "windows-1252", "e"},
	} {
		d := readPage(t.Context(), []byte(c.body), c.header, at(t, pageURL), testLimits())
		want := "picture /%D0%B6%D1%83%D0%BA.jpg?q=" + c.query
		if got := list(d); !slices.Equal(got, []string{want}) || d.charset != c.charset || d.title != "Жук" {
			t.Errorf("%s: %q, charset %s, title %q; want %q, %s", c.name, got, d.charset, d.title, want, c.charset)
		}
	}
	jis, err := japanese.ISO2022JP.NewEncoder().String(`<title>レーン</title><img src="/レ.jpg">`)
	if err != nil {
		t.Fatal(err)
	}
	if d := readPage(t.Context(), []byte(jis), "text/html; charset=iso-2022-jp", at(t, pageURL), testLimits()); d.title != "レーン" || len(d.refs) != 1 {
		t.Errorf("ISO-2022-JP: title %q, %q", d.title, list(d))
	}
	// UTF-7 is not decoded: its markup stays text, as in browsers.
	if d := readPage(t.Context(), []byte("+ADw-img src=/x+AD4-<p>\x00\xfe"), "text/html; charset=utf-7", at(t, pageURL), testLimits()); len(d.refs) != 0 {
		t.Errorf("UTF-7: %q", list(d))
	}
}

func TestReadPageSaysWhenItEndsTooSoon(t *testing.T) {
	for _, c := range []struct {
		page string
		want Cause
	}{
		{`<a href=x><img src=`, Partial},
		{`<a href=x><img src="y`, Partial},
		{`<a href=x></di`, Partial},
		{`<a href=x><!-- <img src=y>`, Partial},
		{`<a href=x><script>var a = "`, Partial},
		{`<a href=x><style>p{`, Partial},
		{`<a href=x><title>y`, Partial},
		{`<a href=x><!-->`, OK},
		{`<a href=x><!-- y -->`, OK},
		{`<a href=x><!doctype y>`, OK},
		{`<a href=x>text <`, OK},
		{`<a href=x><plaintext>y`, OK},
		{`<a href=x><noscript>y`, OK},
	} {
		if d := read(t, c.page); d.cause != c.want || len(d.refs) != 1 || (d.why == "") != (c.want == OK) {
			t.Errorf("%s: %s %q, %d refs; want %s", c.page, d.cause, d.why, len(d.refs), c.want)
		}
	}
}

func TestReadPageStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := readPage(ctx, bytes.Repeat([]byte("<a href=x>"), 100000), "", at(t, pageURL), testLimits())
	if d.cause != Stopped || d.why == "" {
		t.Errorf("cause %s %q", d.cause, d.why)
	}
}

func TestReadPageWithin(t *testing.T) {
	const page = `<nav><a href=/nav><img src=/logo></nav><div class=list><a href=/one>1</a><noscript><a href="/two?a=1&amp;b">2</a></noscript></div><meta http-equiv=refresh content="0;/go">`
	deep := strings.Repeat("<div>", 600)
	for _, c := range []struct{ selector, page, want, why string }{
		{"", page, "page /nav,picture /logo,page /one,page /two?a=1&b,page /go", ""},
		{".list", page, "picture /logo,page /one,page /two?a=1&b,page /go", ""},
		{".list > a", page, "picture /logo,page /one,page /go", ""},
		{".other", page, "page /nav,picture /logo,page /one,page /two?a=1&b,page /go", "nothing"},
		{":::", page, "page /nav,picture /logo,page /one,page /two?a=1&b,page /go", "nothing"},
		{".list", deep + page, "page /nav,picture /logo,page /one,page /two?a=1&b,page /go", "too deep"},
		{".list", page + strings.Repeat(" ", maxSelected), "page /nav,picture /logo,page /one,page /two?a=1&b,page /go", "too long"},
	} {
		l := testLimits()
		l.within = c.selector
		d := readPage(t.Context(), []byte(c.page), "text/html; charset=utf-8", at(t, pageURL), l)
		if got := strings.Join(list(d), ","); got != c.want || !strings.Contains(d.why, c.why) || (d.why == "") != (c.why == "") || d.cause != OK {
			t.Errorf("%q: got %s\nwant %s\nwhy %q, %s", c.selector, got, c.want, d.why, d.cause)
		}
	}
}
