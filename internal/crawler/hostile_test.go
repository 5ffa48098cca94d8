package crawler

import (
	"encoding/base64"
	"fmt"
	"html"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time of this process so far.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// attributes writes n attributes with names of their own.
func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=%d", i, i)
	}
	return b.String()
}

func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// nestedDocs wraps a page in n pages, each in a srcdoc.
func nestedDocs(n int, page string) string {
	for range n {
		page = `<iframe srcdoc="` + html.EscapeString(page) + `"></iframe>`
	}
	return page
}

// hostilePage is a page made to cost time or to hide its picture.
type hostilePage struct {
	name, page string
	cause      Cause // ok: the last picture must be among the refs
}

func hostilePages() []hostilePage {
	const last = `<img src=/last.jpg>`
	big := strings.Repeat("A", 3<<20)
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n"+strings.Repeat("p", 2<<20)))
	return []hostilePage{
		{"200,000 nested div", strings.Repeat("<div>", 200000) + last, OK},
		{"100,000 unclosed b in table", "<table>" + strings.Repeat("<b>", 100000) + last, OK},
		{"300,000 attributes", "<p" + attributes(300000) + ">" + last, LimitPage},
		{"300,000 attributes, then a million tags", "<p" + attributes(60000) + ">" + strings.Repeat("<b a>", 1000000) + last, OK},
		{"a tag of 8 MB", "<p title='" + strings.Repeat("x", 8<<20-100) + "'>" + last, OK},
		{"a tag of 8 MB without end", last + "<p title='" + strings.Repeat("x", 8<<20-100), LimitPage},
		{"a comment of 3 MiB", "<!-- " + big + " -->" + last, OK},
		{"an open comment", last + "<!-- " + big, LimitPage},
		{"a script of 3 MiB", "<script>" + big + "</SCRIPT >" + last, OK},
		{"an open script", last + "<script>" + big, LimitPage},
		{"a noscript of 3 MiB", "<noscript>" + big + last + "</noscript>", OK},
		{"a style of 3 MiB", "<style>" + big + "{background:url(/last.jpg)}</style>", OK},
		{"4,000,000 &", strings.Repeat("&", 4000000) + last, OK},
		{"4,000,000 & in a tag", "<p title='" + strings.Repeat("&", 4000000) + "'>" + last, OK},
		{"8,000,000 <", strings.Repeat("<", 8000000) + last, OK},
		{"text cut at a tag", strings.Repeat("x", maxToken-1) + last + strings.Repeat("y", maxToken-2-len(last)) + `<img src=/b.jpg>`, OK},
		{"a million </", strings.Repeat("</", 1000000) + ">" + last, OK},
		{"a million links", repeated(600000, "<a href=%d>") + last, LimitLinks},
		{"a million spellings of one link", strings.Repeat("<a href=/?utm_x=1&sid=2>", 300000) + last, OK},
		{"a srcset of 100,000", "<img srcset='" + repeated(100000, "/%d.jpg 1x, ") + "'>" + last, LimitLinks},
		{"100,000 srcsets", strings.Repeat("<img srcset='/a 1x,/b 2x'>", 100000) + last, OK},
		{"nested noscript", strings.Repeat("<noscript>", 800000) + last, LimitPage},
		{"noscript after noscript", strings.Repeat("<noscript><p></noscript>", 300000) + last, OK},
		{"srcdoc in srcdoc", strings.Repeat("<iframe srcdoc=<iframe/srcdoc=", 200000) + last, LimitPage},
		{"srcdoc in srcdoc, five deep", nestedDocs(5, last), OK},
		{"srcdoc in srcdoc, twelve deep", nestedDocs(12, last), LimitPage},
		{"data in style, within a token", last + strings.Repeat("<b/style=background:url(data:image/svg+xml,", 20000) + ">", OK},
		{"data in data, within a token", last + strings.Repeat("<img/src=data:image/svg+xml,", 30000) + ">", Partial},
		{"style in data in style", last + strings.Repeat("<b/style=background:url(data:image/svg+xml,", 150000), LimitPage},
		{"svg in svg", strings.Repeat("<svg><desc>", 400000) + last, OK},
		{"svg title", strings.Repeat("<svg><title/>", 400000) + last, OK},
		{"table-math-select", strings.Repeat("<table><math><select><mi>", 100000) + last, OK},
		{"foster", strings.Repeat("<table><a>x", 300000) + last, OK},
		{"css brackets", "<style>" + strings.Repeat("f(", 3000000) + "</style>" + last, OK},
		{"css escapes", "<style>a{b:url(" + strings.Repeat(`\41 `, 1500000) + ")}</style>" + last, OK},
		{"a base of 1 MiB", "<base href='" + strings.Repeat("/x", 1<<19) + "'><a href=y>" + last, OK},
		{"non-ASCII queries", repeated(100000, "<a href='?ж%d'>") + last, LimitLinks},
		{"a picture of 2 MiB in a tag", "<img src='" + picture + "'>" + last, OK},
		{"half a megabyte of data: pictures", repeated(20000, "<img src=data:image/gif,GIF89a%d>") + last, LimitLinks},
	}
}

// Either the picture is found, or the document says that something was not
// read.
func TestHostilePages(t *testing.T) {
	for _, c := range hostilePages() {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpu(t)
			l := testLimits()
			l.inlineBytes = 32 << 20
			d := readPage(t.Context(), []byte(c.page), "text/html; charset=windows-1251", at(t, pageURL), l)
			took := cpu(t) - start
			runtime.ReadMemStats(&after)
			t.Logf("%d bytes: %v, %d MiB allocated, %d refs, %d inline, %s %s", len(c.page), took.Round(time.Millisecond),
				(after.TotalAlloc-before.TotalAlloc)>>20, len(d.refs), len(d.inline), d.cause, d.why)
			if took > 3*time.Second*raceFactor {
				t.Errorf("took %v of the processor", took)
			}
			found := slices.ContainsFunc(d.refs, func(r ref) bool { return r.url.Path == "/last.jpg" })
			if d.cause != c.cause || c.cause == OK && !found {
				t.Errorf("cause %s %q, want %s; last picture found: %t", d.cause, d.why, c.cause, found)
			}
			if strings.Contains(c.name, "2 MiB in a tag") && len(d.inline) != 1 {
				t.Errorf("the picture inside was lost")
			}
		})
	}
}

// A picture behind the deepest nesting costs what a flat page costs.
func TestHostileStyle(t *testing.T) {
	for name, sheet := range map[string]string{
		"urls":     repeated(300000, "p{background:url(/%d)}"),
		"comments": strings.Repeat("/**/", 2000000),
		"open":     strings.Repeat("/*", 4000000),
		"quotes":   strings.Repeat(`"\`, 4000000),
		"data":     strings.Repeat("url(data:image/svg+xml,<style>", 200000),
		"imports":  strings.Repeat("@import ", 1000000) + "'x'",
	} {
		start := cpu(t)
		d := readStyle([]byte(sheet), at(t, pageURL), testLimits())
		if took := cpu(t) - start; took > 3*time.Second || len(d.refs) > 10000 {
			t.Errorf("%s: %v, %d refs, %s", name, took, len(d.refs), d.cause)
		}
	}
}
