package crawler

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// forumPage is a page of 18.7 KB with 10 links and 3 pictures, as the crawl
// baselines have it.
func forumPage() []byte {
	const words = "the lane camera saw another car at noon and wrote its plate down for nobody to read later "
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><title>Lane 4, page 7</title><meta charset=utf-8><link rel=stylesheet href=/s.css></head><body>")
	for i := range 10 {
		fmt.Fprintf(&b, `<div class="post" id="p%d"><p class="head"><a href="/thread/%d?page=2">Post %d</a> by <b>someone</b></p>`, i, i, i)
		if i < 3 {
			fmt.Fprintf(&b, `<img class="thumb" src="/pictures/%d.jpg" width="320" height="240" alt="lane &amp; car">`, i)
		}
		for range 14 {
			fmt.Fprintf(&b, "<p class=\"line\">%s</p>", words)
		}
		b.WriteString("</div>\n")
	}
	for b.Len() < 18700 {
		b.WriteString("<span class=x>" + words + "</span>")
	}
	b.WriteString("</body></html>")
	return []byte(b.String())
}

func BenchmarkReadPage(b *testing.B) {
	page, where := forumPage(), at(b, pageURL)
	l := testLimits()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if d := readPage(b.Context(), page, "text/html; charset=utf-8", where, l); len(d.refs) != 14 {
			b.Fatal(list(d))
		}
	}
}

func BenchmarkReadPageGoquery(b *testing.B) {
	page := forumPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if n := goqueryLinks(b, page); n != 13 {
			b.Fatal(n)
		}
	}
}

// goqueryLinks is the plain way: a tree, two selectors.
func goqueryLinks(b *testing.B, page []byte) int {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	take := func(key string) func(int, *goquery.Selection) {
		return func(_ int, s *goquery.Selection) {
			if _, ok := s.Attr(key); ok {
				n++
			}
		}
	}
	doc.Find("a[href]").Each(take("href"))
	doc.Find("img[src]").Each(take("src"))
	return n
}

// BenchmarkReadPageRatio reads the same page in turn by both, and compares
// processor time, so that a busy machine matters less.
func BenchmarkReadPageRatio(b *testing.B) {
	const block = 100
	page, where := forumPage(), at(b, pageURL)
	l := testLimits()
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		start := cpu(b)
		for range block {
			readPage(b.Context(), page, "text/html; charset=utf-8", where, l)
		}
		middle := cpu(b)
		for range block {
			goqueryLinks(b, page)
		}
		ours, theirs, n = ours+middle-start, theirs+cpu(b)-middle, n+block
	}
	ratio := float64(theirs) / float64(ours)
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(float64(ours.Microseconds())/float64(n), "ours-us/page")
	b.ReportMetric(float64(theirs.Microseconds())/float64(n), "goquery-us/page")
	b.Logf("ratio read_page_over_goquery %.2f", ratio)
}
