package main

import (
	"bytes"
	"compress/gzip"
	bytesof "encoding/binary" // binary builds the program
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// causeRows is the table: what a site does, and the cause that it ends in.
func causeRows() []causeRow {
	return slices.Concat(seenRows(), torRows(), connectionRows(), httpRows(), policyRows(), limitRows(), budgetRows(), pictureRows(), containerRows())
}

func seenRows() []causeRow {
	return []causeRow{
		{cause: crawler.OK, does: "shows a page", answer: page("a page")},
		{cause: crawler.Unchanged, does: "shows the same page twice", answer: page("always the same"), extra: `interval = "1s"`},
	}
}

func torRows() []causeRow {
	rows := []causeRow{
		{cause: crawler.TorFailed, does: "cannot be connected to, says Tor (SOCKS reply 1)", in: "failed", code: 1},
		{cause: crawler.Stopped, does: "does not answer while we are told to stop", in: "stopped", answer: silent},
		{cause: crawler.TorDown, does: "is on its way when Tor dies", in: "down", within: func(s *stand) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { s.world.Proxy().Stop() }
		}},
	}
	for i, cause := range []crawler.Cause{
		crawler.OnionNotFound, crawler.OnionBadDescriptor, crawler.OnionIntroFailed, crawler.OnionRendezvousFailed,
		crawler.OnionAuthMissing, crawler.OnionAuthWrong, crawler.OnionBadAddress, crawler.OnionIntroTimeout,
	} {
		code := byte(0xF0 + i)
		rows = append(rows, causeRow{cause: cause, does: fmt.Sprintf("is an onion for which Tor answers %X", code), code: code})
	}
	return rows
}

func connectionRows() []causeRow {
	return []causeRow{
		{cause: crawler.PortClosed, does: "listens on no port (SOCKS reply 5)", code: 5},
		{cause: crawler.ExitFailed, does: "is a clear name that no exit reaches (SOCKS reply 4)", code: 4,
			clear: "http://gone.example.com", extra: "clearnet = true"},
		{cause: crawler.TimeoutConnect, does: "is never connected to", fault: demo.Hang},
		{cause: crawler.TimeoutHeader, does: "takes the request and says nothing", answer: silent},
		{cause: crawler.TimeoutFetch, does: "sends a byte now and then, for ever", answer: trickles(100 * time.Millisecond)},
		{cause: crawler.TooSlow, does: "sends two bytes a second", in: "slow", answer: trickles(500 * time.Millisecond)},
		{cause: crawler.ConnectionLost, does: "hangs up before it answers", answer: says("")},
		{cause: crawler.TLSFailed, does: "has a clear name and a certificate of its own making",
			clear: "https://shop.example.com", extra: "clearnet = true"},
	}
}

func httpRows() []causeRow {
	rows := []causeRow{{cause: crawler.BrokenHTTP, does: "answers with a length that is no number",
		answer: says("HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nhi")}}
	for code, cause := range map[int]crawler.Cause{403: crawler.HTTP403, 404: crawler.HTTP404, 410: crawler.HTTP410,
		429: crawler.HTTP429, 418: crawler.HTTP4xx, 503: crawler.HTTP5xx} {
		rows = append(rows, causeRow{cause: cause, does: fmt.Sprintf("answers %d", code), answer: status(code)})
	}
	return rows
}

func policyRows() []causeRow {
	var rows []causeRow
	for to, cause := range map[string]crawler.Cause{
		"http://127.0.0.1:631/":              crawler.RefusedLocal,
		"ftp://files.example.com/":           crawler.RefusedScheme,
		"http://clear.example.com/":          crawler.RefusedClearnet,
		"http://[::1/":                       crawler.RefusedURL,
		"http://" + demo.Onion("b") + "/":    crawler.RefusedScope,
		"http://" + demo.Onion("b") + ":22/": crawler.RefusedPort,
	} {
		rows = append(rows, causeRow{cause: cause, does: "redirects to " + to, answer: leadsTo(to)})
	}
	return rows
}

func limitRows() []causeRow {
	links := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<a href=/%d>x</a>", i)
		}
		return b.String()
	}
	return []causeRow{
		{cause: crawler.LimitHeader, does: "sends a header of 64 KiB", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 64<<10))
		}},
		{cause: crawler.LimitPage, does: "sends a page of 300 KiB", answer: page(strings.Repeat("word ", 60<<10))},
		{cause: crawler.LimitLinks, does: "shows 21 links", answer: tree(map[string]http.HandlerFunc{"/": page(links(21))})},
		{cause: crawler.LimitURL, does: "redirects to an URL of 300 bytes", answer: leadsTo("/" + strings.Repeat("x", 300))},
		{cause: crawler.LimitDepth, does: "shows a link beyond the depth", seen: inLinks, answer: page(links(1)), extra: "depth = 0"},
		{cause: crawler.LimitRedirects, does: "redirects on and on", answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}},
		{cause: crawler.LimitBytes, does: "shows a picture of 300 KiB", answer: picturePage(padded(drawn(64, 64, ramp(255)), 300<<10))},
		{cause: crawler.LimitPixels, does: "shows a picture of four megapixels", answer: picturePage(drawn(2000, 2000, ramp(255)))},
		{cause: crawler.LimitSide, does: "shows a picture 5,000 pixels wide", answer: picturePage(drawn(5000, 32, ramp(255)))},
		{cause: crawler.LimitFrames, does: "shows an animation of three frames", answer: picturePage(threeFrames())},
		{cause: crawler.LimitTime, does: "shows a JPEG of 3,000 scans", answer: picturePage(manyScans(4096, 3000))},
		{cause: crawler.LimitRatio, does: "sends 200 KB in 200 bytes", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 200_000))
			z.Close()
		}},
	}
}

func budgetRows() []causeRow {
	maze := func(pause time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(pause)
			fmt.Fprintf(w, "<html><a href=%sa/>a</a> <a href=%sb/>b</a>%s", r.URL.Path, r.URL.Path, strings.Repeat(" ", 1024))
		}
	}
	return []causeRow{
		{cause: crawler.BudgetPages, does: "has pages without end", seen: inRound, answer: maze(0), extra: "max_pages = 3"},
		{cause: crawler.BudgetBytes, does: "has pages of 1 KiB without end", seen: inRound, answer: maze(0), extra: `max_bytes = "2KiB"`},
		{cause: crawler.BudgetTime, does: "has slow pages without end", seen: inRound, answer: maze(300 * time.Millisecond), extra: `max_time = "1s"`},
		{cause: crawler.TrapRedirectLoop, does: "redirects in a circle", answer: tree(map[string]http.HandlerFunc{
			"/": leadsTo("/b"), "/b": leadsTo("/c"), "/c": leadsTo("/")})},
	}
}

func pictureRows() []causeRow {
	return []causeRow{
		{cause: crawler.Partial, does: "hangs up in the middle of a page", answer: says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 500\r\n\r\n<p>half")},
		{cause: crawler.LowQuality, does: "shows a picture with hardly any detail", answer: picturePage(drawn(256, 256, ramp(100)))},
		{cause: crawler.TooSmall, does: "shows a picture of 8x8 pixels", answer: picturePage(drawn(8, 8, ramp(255)))},
		{cause: crawler.Flat, does: "shows a grey picture", answer: picturePage(drawn(64, 64, ramp(0)))},
		{cause: crawler.NotAPicture, does: "serves a page as a picture", answer: tree(map[string]http.HandlerFunc{
			"/": page("<img src=/p>"), "/p": page("<html>not found")})},
		{cause: crawler.Unsupported, does: "links to bytes of no kind", answer: tree(map[string]http.HandlerFunc{
			"/": page("<a href=/a.dat>x</a>"), "/a.dat": serves("application/x-thing", "\x00\x01\x02\x03")})},
		{cause: crawler.Damaged, does: "shows a PNG that holds nothing", answer: picturePage(drawn(64, 64, ramp(255))[:45])},
	}
}

// picturePage is a site of one page with one picture.
func picturePage(body []byte) http.HandlerFunc {
	return tree(map[string]http.HandlerFunc{"/": page("<img src=/p>"), "/p": serves("application/octet-stream", string(body))})
}

// drawn is a PNG of grey values.
func drawn(w, h int, at func(x, w int) uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetGray(x, y, color.Gray{Y: at(x, w)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// threeFrames is a GIF of which two frames may be looked at.
func threeFrames() []byte {
	m := image.NewPaletted(image.Rect(0, 0, 64, 64), palette.WebSafe)
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 64 * 3)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{m, m, m}, Delay: []int{9, 9, 9}}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ramp rises from left to right.
func ramp(top int) func(x, w int) uint8 {
	return func(x, w int) uint8 { return uint8(x * top / w) }
}

// padded makes a PNG longer by a chunk that nobody needs.
func padded(b []byte, size int) []byte {
	const tail = 12 // IEND
	chunk := make([]byte, 8, size)
	bytesof.BigEndian.PutUint32(chunk, uint32(size))
	copy(chunk[4:], "juNk")
	chunk = append(chunk, make([]byte, size+4)...)
	return slices.Concat(b[:len(b)-tail], chunk, b[len(b)-tail:])
}

// manyScans is a grey progressive JPEG that asks for a walk over all of its
// blocks again and again.
func manyScans(side, scans int) []byte {
	blocks := (side / 8) * (side / 8)
	size := []byte{byte(side >> 8), byte(side)}
	scan := func(from, to byte, data []byte) []byte {
		return slices.Concat([]byte{0xff, 0xda, 0, 8, 1, 1, 0, from, to, 0}, data)
	}
	table := func(class, value byte) []byte { // one code, of one bit: 0
		return slices.Concat([]byte{0xff, 0xc4, 0, 20, class, 1}, make([]byte, 15), []byte{value})
	}
	return slices.Concat(
		[]byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{8}, 64),
		[]byte{0xff, 0xc2, 0, 11, 8}, size, size, []byte{1, 1, 0x11, 0},
		table(0x00, 0), scan(0, 0, make([]byte, blocks/8)), // no block differs from the one before
		table(0x10, 0xe0), bytes.Repeat(scan(1, 63, endRuns(blocks)), scans), // nothing, at length
		[]byte{0xff, 0xd9})
}

// endRuns ends so many blocks at once, with runs of 32,767 blocks: a 0 and 14
// ones.
func endRuns(blocks int) []byte {
	bits := strings.Repeat("0"+strings.Repeat("1", 14), blocks/32767+1) + "1111111"
	var out []byte
	for ; len(bits) >= 8; bits = bits[8:] {
		n, _ := strconv.ParseUint(bits[:8], 2, 8)
		if out = append(out, byte(n)); n == 0xff {
			out = append(out, 0)
		}
	}
	return out
}
