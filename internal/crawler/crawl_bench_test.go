package crawler_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/kv"
	"leakwatch/internal/picture"
	"leakwatch/internal/tor"
)

const (
	benchLinks    = 10       // of a page
	benchPictures = 3        // of a page, each its own
	benchPageSize = 19 << 10 // bytes
	benchPicture  = 20 << 10 // bytes
)

// benchSite is a site of n pages: each leads to the next ones, so that all are
// found, and shows three pictures of its own.
type benchSite struct {
	pages   int
	words   []byte // fills a page
	picture []byte
}

func newBenchSite(pages int) *benchSite {
	const line = "<p class=\"line\">the lane camera saw another car at noon and wrote its plate down for nobody to read later</p>\n"
	return &benchSite{pages, []byte(strings.Repeat(line, benchPageSize/len(line))), bytes.Repeat([]byte("\x89PNG\r\n\x1a\n and so on "), benchPicture/18)}
}

// write gives what stands at a path.
func (s *benchSite) write(w io.Writer, path string) (mediaType string) {
	if name, ok := strings.CutPrefix(path, "/pictures/"); ok {
		w.Write(s.picture)
		io.WriteString(w, name) // no two are the same
		return "image/png"
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(path, "/page/"))
	io.WriteString(w, "<!DOCTYPE html><html><head><title>Lane 4</title><meta charset=utf-8></head><body>")
	for i := range benchLinks {
		fmt.Fprintf(w, `<div class="post"><a href="/page/%d">Post %d</a>`, (n*benchLinks+i+1)%s.pages, i)
		if i < benchPictures {
			fmt.Fprintf(w, `<img class="thumb" src="/pictures/%d-%d.png" width="320" height="240" alt="lane &amp; car">`, n, i)
		}
		io.WriteString(w, "</div>\n")
	}
	w.Write(s.words)
	io.WriteString(w, "</body></html>")
	return "text/html; charset=utf-8"
}

// ServeHTTP serves it to a network.
func (s *benchSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	w.Header().Set("Content-Type", s.write(&b, r.URL.Path))
	w.Write(b.Bytes())
}

// RoundTrip serves it without a network.
func (s *benchSite) RoundTrip(r *http.Request) (*http.Response, error) {
	var b bytes.Buffer
	h := http.Header{"Content-Type": {s.write(&b, r.URL.Path)}}
	return &http.Response{StatusCode: 200, Header: h, ContentLength: int64(b.Len()), Body: io.NopCloser(&b), Request: r}, nil
}

// blind looks at nothing: what is measured is the crawl.
type blind struct{}

func (blind) Inspect(context.Context, crawler.Found) (crawler.Inspection, error) {
	return crawler.Inspection{}, nil
}
func (blind) Tell(context.Context, crawler.Event) error { return nil }

// BenchmarkCrawl crawls a site of 2,000 pages of 19 KB with 10 links and 3
// pictures each, all of it durable, by 16 workers and without pauses. direct has
// no network; socks goes by tor's transport through the demo's proxy, and the
// processor time of proxy and site counts too. LEAKWATCH_BENCH_PAGES sets how
// many pages.
func BenchmarkCrawl(b *testing.B) {
	pages := 2000
	if n, err := strconv.Atoi(os.Getenv("LEAKWATCH_BENCH_PAGES")); err == nil {
		pages = n
	}
	for _, way := range []string{"direct", "socks"} {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				o, host := benchWay(b, way, newBenchSite(pages))
				c := benchCrawler(b, o, host)
				b.StartTimer()
				before, begin := processorTime(b), time.Now()
				sum, err := c.Once(b.Context())
				took, worked := time.Since(begin), processorTime(b)-before
				b.StopTimer()
				if err != nil || sum.Visits != pages*(1+benchPictures) || sum.Pictures != pages*benchPictures {
					b.Fatalf("%+v, %v: want %d pages with %d pictures each", sum, err, pages, benchPictures)
				}
				perCPU := float64(pages) / worked.Seconds()
				b.ReportMetric(perCPU, "pages/cpu-s")
				b.ReportMetric(float64(pages)/took.Seconds(), "pages/s")
				size := fmt.Sprintf("(%d pages of 19 KB with 10 links, %d pictures, %s)", pages, pages*benchPictures, way)
				fmt.Printf("\nfigure crawl_pages_per_cpu_s_%s %.0f %s\nfigure crawl_peak_mib_%s %d %s\n", way, perCPU, size, way, peakMiB(b), size)
				b.StartTimer()
			}
		})
	}
}

// benchWay is the way to a site, and its address.
func benchWay(b *testing.B, way string, s *benchSite) (crawler.Options, string) {
	b.Helper()
	o := crawler.Options{Workers: 16, Inspector: blind{}, Teller: blind{}, Sniff: picture.Sniff, Check: tor.Check}
	if way == "direct" {
		o.Transport = func(tor.Site) http.RoundTripper { return s }
		return o, demo.Onion("bench")
	}
	w, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	out, err := tor.New(tor.Options{Socks: w.Socks()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(out.Close)
	o.Transport, o.TorUp = out.Transport, out.Up
	return o, w.Handle("bench", s)
}

func benchCrawler(b *testing.B, o crawler.Options, host string) *crawler.Crawler {
	b.Helper()
	dir := b.TempDir()
	open := func(name string) *kv.DB {
		db, err := kv.Open(filepath.Join(dir, name), kv.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		return db
	}
	c, err := crawler.Open(open("crawl.db"), open("state.db"), o)
	if err != nil {
		b.Fatal(err)
	}
	seed := url.URL{Scheme: "http", Host: host, Path: "/page/0"}
	err = c.Configure([]crawler.SiteConfig{{Name: "bench", Kind: "web", Seeds: []string{seed.String()}, Scope: "host",
		Interval: time.Hour, MaxInterval: 7 * 24 * time.Hour, Parallel: 16, Depth: 1 << 20}}, o)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// processorTime is that of this process so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMiB is the most memory that this process held so far: of the benchmarks
// before this one too, unless it runs alone.
func peakMiB(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(kib, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n >> 10
}
