package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// hostileRow is a site that wants to do harm, and the causes one of which its
// seed must end in.
type hostileRow struct {
	name   string
	answer http.HandlerFunc
	want   []crawler.Cause
}

func hostileRows() []hostileRow {
	return slices.Concat(bombRows(), headRows(), lengthRows(), slowRows(), redirectRows())
}

func causes(list ...crawler.Cause) []crawler.Cause { return list }

// coded serves bytes under a Content-Encoding.
func coded(coding string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Encoding"] = []string{coding}
		w.Header().Set("Content-Type", "text/html")
		w.Write(body)
	}
}

func packed(to func(io.Writer) io.WriteCloser, body []byte) []byte {
	var b bytes.Buffer
	z := to(&b)
	z.Write(body)
	z.Close()
	return b.Bytes()
}

func bombRows() []hostileRow {
	zip := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	zeros := make([]byte, 16<<20)
	gib := bytes.Repeat(packed(zip, zeros), 64) // 64 members: 1 GiB in 1 MB
	zlibbed := packed(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, zeros)
	bare := packed(func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z }, zeros)
	var patient bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	for patient.Len() < 20<<20 {
		fmt.Fprintf(&patient, "%s%x", strings.Repeat("x", 500), random.Uint64())
	}
	return []hostileRow{
		{"gzip-bomb", coded("gzip", gib), causes(crawler.LimitRatio)},
		{"x-gzip-bomb", coded("X-GZIP", gib), causes(crawler.LimitRatio)},
		{"zlib-bomb", coded("deflate", zlibbed), causes(crawler.LimitRatio)},
		{"flate-bomb", coded("deflate", bare), causes(crawler.LimitRatio)},
		{"patient-bomb", coded("gzip", packed(zip, patient.Bytes())), causes(crawler.LimitPage)},
		{"stacked-bomb", coded("gzip, gzip", packed(zip, gib)), causes(crawler.BrokenHTTP)},
		{"brotli-claimed", coded("br", zeros[:1<<20]), causes(crawler.BrokenHTTP)},
		{"zstd-claimed", coded("zstd", []byte("\x28\xb5\x2f\xfd\x84\x00\x00\x00\x80\x00")), causes(crawler.BrokenHTTP)},
		{"gzip-lie", coded("gzip", []byte("<p>plain")), causes(crawler.OK)},
		{"endless-page", raw(func(c net.Conn) {
			forever(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", strings.Repeat("<p>more ", 1000))
		}), causes(crawler.LimitPage)},
		{"endless-picture", raw(func(c net.Conn) {
			forever(c, "HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n", string(zeros[:1<<20]))
		}), causes(crawler.LimitBytes)},
	}
}

// forever writes more until nobody takes it.
func forever(c net.Conn, head, more string) {
	for _, err := io.WriteString(c, head); err == nil; _, err = io.WriteString(c, more) {
	}
}

func headRows() []hostileRow {
	const ok = "HTTP/1.1 200 OK\r\n"
	body := "Content-Length: 2\r\n\r\nhi"
	return []hostileRow{
		{"header-of-20-mb", says(ok + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 20_000) + body), causes(crawler.LimitHeader)},
		{"one-header-of-20-mb", says(ok + "X-A: " + strings.Repeat("a", 20<<20) + "\r\n" + body), causes(crawler.LimitHeader)},
		{"endless-header", raw(func(c net.Conn) { forever(c, ok, "X-A: bbbbbbbb\r\n") }), causes(crawler.LimitHeader)},
		{"endless-status", raw(func(c net.Conn) { forever(c, "HTTP/1.1 200 ", "OK and more ") }), causes(crawler.LimitHeader)},
		{"1xx-flood", raw(func(c net.Conn) { forever(c, "", "HTTP/1.1 103 Early Hints\r\n\r\n") }), causes(crawler.BrokenHTTP, crawler.LimitHeader)},
		{"continue-flood", raw(func(c net.Conn) { forever(c, "", "HTTP/1.1 100 Continue\r\n\r\n") }), causes(crawler.BrokenHTTP, crawler.LimitHeader)},
		{"trailer-of-20-mb", raw(func(c net.Conn) {
			forever(c, ok+"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\nhi\r\n0\r\n", "X-A: bbbbbbbb\r\n")
		}), causes(crawler.BrokenHTTP, crawler.LimitHeader)},
		{"switch-protocols", says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), causes(crawler.BrokenHTTP)},
		{"part-unasked", says("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/100\r\n" + body), causes(crawler.BrokenHTTP)},
		{"range-unasked", says("HTTP/1.1 416 Range Not Satisfiable\r\n" + body), causes(crawler.HTTP4xx)},
		{"unchanged-unasked", says("HTTP/1.1 304 Not Modified\r\n\r\n"), causes(crawler.BrokenHTTP)},
		{"status-999", says("HTTP/1.1 999 Odd\r\n" + body), causes(crawler.BrokenHTTP)},
		{"ssh", says("SSH-2.0-OpenSSH_9.9\r\n\r\n"), causes(crawler.BrokenHTTP)},
	}
}

func lengthRows() []hostileRow {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	return []hostileRow{
		{"length-too-long", says(ok + "Content-Length: 1000\r\n\r\n<p>half"), causes(crawler.Partial)},
		{"length-of-an-exabyte", says(ok + "Content-Length: 1152921504606846976\r\n\r\n<p>half"), causes(crawler.Partial)},
		{"length-past-64-bits", says(ok + "Content-Length: 99999999999999999999\r\n\r\nhi"), causes(crawler.BrokenHTTP)},
		{"length-twice", says(ok + "Content-Length: 2\r\nContent-Length: 200\r\n\r\nhi"), causes(crawler.BrokenHTTP)},
		{"length-negative", says(ok + "Content-Length: -1\r\n\r\nhi"), causes(crawler.BrokenHTTP)},
		{"length-and-chunks", says(ok + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), causes(crawler.OK, crawler.BrokenHTTP)},
		{"chunk-no-number", says(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi"), causes(crawler.BrokenHTTP)},
		{"chunk-negative", says(ok + "Transfer-Encoding: chunked\r\n\r\n-2\r\nhi"), causes(crawler.BrokenHTTP)},
		{"chunk-of-16-eib", says(ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhi"), causes(crawler.Partial, crawler.BrokenHTTP)},
		{"chunk-cut", says(ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nhi"), causes(crawler.Partial)},
		{"chunk-lines-without-end", raw(func(c net.Conn) {
			forever(c, ok+"Transfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 1000))
		}), causes(crawler.BrokenHTTP)},
		{"chunks-of-one-byte", raw(func(c net.Conn) {
			forever(c, ok+"Transfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("x", 1000)+"\r\nx\r\n")
		}), causes(crawler.BrokenHTTP)},
	}
}

func slowRows() []hostileRow {
	return []hostileRow{
		{"silence", silent, causes(crawler.TimeoutHeader)},
		{"silence-after-the-head", trickles(0), causes(crawler.TimeoutFetch)},
		{"drip", trickles(50 * time.Millisecond), causes(crawler.TimeoutFetch)},
		{"drip-in-the-head", raw(func(c net.Conn) {
			for _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: "); err == nil; _, err = io.WriteString(c, "a") {
				time.Sleep(50 * time.Millisecond)
			}
		}), causes(crawler.TimeoutHeader)},
	}
}

func redirectRows() []hostileRow {
	long := func(n int) http.HandlerFunc {
		return says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /" + strings.Repeat("x", n) + "\r\n\r\n")
	}
	return []hostileRow{
		{"location-of-10-mb", long(10 << 20), causes(crawler.LimitHeader)},
		{"location-of-60-kb", long(60_000), causes(crawler.LimitURL)},
		{"location-missing", says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), causes(crawler.BrokenHTTP)},
		{"location-local", leadsTo("http://127.0.0.1:9051/"), causes(crawler.RefusedLocal)},
		{"location-mapped", leadsTo("http://[::ffff:127.0.0.1]/"), causes(crawler.RefusedLocal)},
		{"location-metadata", leadsTo("http://169.254.169.254/latest/meta-data/"), causes(crawler.RefusedLocal)},
		{"location-clear", leadsTo("//tracker.example.com/?onion"), causes(crawler.RefusedClearnet)},
		{"location-other-onion", leadsTo("http://" + demo.Onion("elsewhere") + "/"), causes(crawler.RefusedScope)},
		{"location-script", leadsTo("javascript:alert(1)"), causes(crawler.RefusedScheme)},
		{"location-itself", leadsTo("/"), causes(crawler.TrapRedirectLoop)},
	}
}
