package crawler

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/tor"
)

// fine is the cause of an answer with which nothing is wrong.
const fine = Cause("")

// trip is a site in one function.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func testFetch() fetchLimits {
	return fetchLimits{fetch: 2 * time.Minute, idle: time.Minute, minRate: 512, page: 1 << 20, picture: 2 << 20, ratio: 200, url: 2048, drop: dropTest()}
}

// spoken is a site that answers each request with the same bytes.
func spoken(raw string) trip {
	return func(q *http.Request) (*http.Response, error) {
		return http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), q)
	}
}

// said is spoken with a body of a length and headers of choice.
func said(status, body string, headers ...string) trip {
	return spoken("HTTP/1.1 " + status + "\r\n" + strings.Join(append(headers, fmt.Sprintf("Content-Length: %d", len(body))), "\r\n") + "\r\n\r\n" + body)
}

func fetchFrom(t *testing.T, site http.RoundTripper) answer {
	t.Helper()
	return fetch(t.Context(), site, request{url: at(t, pageURL)}, testFetch())
}

func TestFetchPage(t *testing.T) {
	const body = "<html><a href=x>"
	a := fetchFrom(t, said("200 OK", body, "Content-Type: text/html; charset=koi8-r", `Etag: "v1"`, "Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT", "Set-Cookie: a=b", "Refresh: 5; url=next"))
	if a.status != 200 || a.cause != fine || a.why != "" || string(a.body) != body || a.digest != sha256.Sum256([]byte(body)) || a.wireBytes != int64(len(body)) {
		t.Errorf("answer %+v", a)
	}
	if a.mediaType != "text/html" || a.header.Get("Content-Type") != "text/html; charset=koi8-r" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("media type %s, header %v", a.mediaType, a.header)
	}
	if a.etag != `"v1"` || a.lastModified != "Mon, 02 Jan 2006 15:04:05 GMT" || a.location != nil || a.refresh == nil || a.refresh.Path != "/dir/next" {
		t.Errorf("etag %s, last modified %s, location %v, refresh %v", a.etag, a.lastModified, a.location, a.refresh)
	}
}

func TestFetchAsksForOneThingOnly(t *testing.T) {
	var q *http.Request
	site := trip(func(r *http.Request) (*http.Response, error) {
		q = r
		return said("304 Not Modified", "")(r)
	})
	a := fetch(t.Context(), site, request{url: at(t, pageURL), etag: `W/"1"`, lastModified: "yesterday", referer: "http://" + onionA + "/from"}, testFetch())
	if a.cause != fine || len(a.body) != 0 {
		t.Errorf("cause %s %s", a.cause, a.why)
	}
	if q.Method != "GET" || q.Host != onionA || q.Body != nil || q.Header.Get("If-None-Match") != `W/"1"` || q.Header.Get("If-Modified-Since") != "yesterday" ||
		q.Header.Get("Referer") != "http://"+onionA+"/from" || q.Header.Get("Accept-Encoding") != "gzip, deflate" || q.Header.Get("Cookie") != "" {
		t.Errorf("request %s %s %v", q.Method, q.Host, q.Header)
	}
	fetch(t.Context(), site, request{url: at(t, pageURL), etag: "a\r\nX: y", referer: "http://other.example/secret"}, testFetch())
	if q.Header.Get("If-None-Match") != "" || q.Header.Get("Referer") != "" {
		t.Errorf("request %v: a broken etag or a foreign referer was sent", q.Header)
	}
}

func TestFetchStatuses(t *testing.T) {
	for _, c := range []struct {
		status string
		want   Cause
	}{
		{"200 OK", fine}, {"203 X", fine}, {"204 No Content", fine}, {"300 Choices", fine},
		{"206 Partial", BrokenHTTP}, {"304 Not Modified", BrokenHTTP}, {"101 Switching", BrokenHTTP}, {"301 Moved", BrokenHTTP}, {"305 Proxy", BrokenHTTP}, {"600 What", BrokenHTTP}, {"999 Denied", BrokenHTTP},
		{"400 Bad", HTTP4xx}, {"401 Auth", HTTP4xx}, {"403 Forbidden", HTTP403}, {"404 Not Found", HTTP404}, {"410 Gone", HTTP410}, {"429 Slow", HTTP429}, {"451 Law", HTTP4xx},
		{"500 Oops", HTTP5xx}, {"503 Busy", HTTP5xx}, {"599 X", HTTP5xx},
	} {
		body := "<html>body"
		if c.status[:3] == "204" || c.status[:3] == "304" {
			body = ""
		}
		a := fetchFrom(t, said(c.status, body))
		if a.cause != c.want || (a.why == "") != (c.want == fine) {
			t.Errorf("%s: %s %q, want %s", c.status, a.cause, a.why, c.want)
		}
	}
	// An error page is read, within its own limit, and stays an error.
	if a := fetchFrom(t, said("404 Not Found", strings.Repeat("x", 1<<19))); a.cause != HTTP404 || len(a.body) != maxErrorBody {
		t.Errorf("a large error page: %s, %d bytes", a.cause, len(a.body))
	}
}

func TestFetchRedirects(t *testing.T) {
	for _, c := range []struct {
		location, want string
		cause          Cause
	}{
		{"/next", "http://" + onionA + "/next", fine},
		{"next?b=1&utm_x=2#f", "http://" + onionA + "/dir/next?b=1", fine},
		{"//Other.example", "http://other.example/", fine},
		{`http:\\other.example\x`, "http://other.example/x", fine},
		{"/caf\xc3\xa9", "http://" + onionA + "/caf%C3%A9", fine},
		{"/caf\xe9", "http://" + onionA + "/caf%C3%A9", fine},
		{"page.html?PHPSESSID=5", "http://" + onionA + "/dir/page.html?PHPSESSID=5", fine}, // else it led to itself
		{"ftp://other.example/", "", RefusedScheme},
		{"javascript:x", "", RefusedScheme},
		{"http://a b/", "", RefusedURL},
		{"/" + strings.Repeat("x", 3000), "", LimitURL},
	} {
		a := fetchFrom(t, said("302 Found", "moved", "Location: "+c.location))
		got := ""
		if a.location != nil {
			got = a.location.String()
		}
		if got != c.want || a.cause != c.cause {
			t.Errorf("Location %.40q: %s, %s %q; want %s, %s", c.location, got, a.cause, a.why, c.want, c.cause)
		}
	}
}

func TestFetchRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		for value, want := range map[string]time.Duration{
			"120": 2 * time.Minute, date: 90 * time.Second, "": 0, "soon": 0, "-5": 0, "99999999": longestRetryAfter, "99999999999999999999": 0,
			"Mon, 02 Jan 1995 15:04:05 GMT": 0,
		} {
			if a := fetchFrom(t, said("503 Busy", "", "Retry-After: "+value)); a.retryAfter != want || a.cause != HTTP5xx {
				t.Errorf("Retry-After %q: %v, want %v; %s", value, a.retryAfter, want, a.cause)
			}
		}
	})
}

// What tor says of a failure is the cause; the rest goes by the words.
func TestFetchErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Cause
	}{
		{&tor.Error{Code: "onion_intro_failed", Host: onionA}, OnionIntroFailed},
		{fmt.Errorf("round trip: %w", &tor.Error{Code: "tor_down"}), TorDown},
		{&tor.Error{Code: "refused_port"}, RefusedPort},
		{errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "x"`), BrokenHTTP},
		{errors.New("net/http: server response headers exceeded 65536 bytes; aborted"), LimitHeader},
		{errors.New("unexpected EOF"), ConnectionLost},
	} {
		a := fetchFrom(t, trip(func(*http.Request) (*http.Response, error) { return nil, c.err }))
		if a.cause != c.want || a.why == "" || a.status != 0 {
			t.Errorf("%v: %s %q, want %s", c.err, a.cause, a.why, c.want)
		}
	}
}

// Answers that net/http refuses are broken answers of a site that lives, and
// those that it takes are read.
func TestFetchBrokenAnswers(t *testing.T) {
	const ok = "Content-Length: 5\r\n\r\nhello"
	for _, c := range []struct {
		name, raw string
		want      Cause
	}{
		{"a blank in a name", "HTTP/1.1 200 OK\r\nX Powered: y\r\n" + ok, fine},
		{"a line without colon", "HTTP/1.1 200 OK\r\nnothing\r\n" + ok, BrokenHTTP},
		{"the status twice", "HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n" + ok, BrokenHTTP},
		{"a control byte", "HTTP/1.1 200 OK\r\nX: \x01\r\n" + ok, BrokenHTTP},
		{"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", BrokenHTTP},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" + ok, BrokenHTTP},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", BrokenHTTP},
		{"a length too long", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", Partial},
		{"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", BrokenHTTP},
		{"no answer", "", ConnectionLost},
		{"another protocol", "SSH-2.0-OpenSSH\r\n", BrokenHTTP},
		{"a switch of protocol", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", BrokenHTTP},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(conn, c.raw)
				conn.Close()
			}
		}))
		a := fetch(t.Context(), server.Client().Transport, request{url: at(t, server.URL+"/x")}, testFetch())
		server.Close()
		if a.cause != c.want {
			t.Errorf("%s: %s %q, want %s", c.name, a.cause, a.why, c.want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	for _, c := range []struct{ declared, body, want string }{
		{"text/html", "\xff\xd8\xff\xe0", "image/jpeg"},
		{"image/jpeg", "<!doctype html><p>", "text/html"},
		{"image/jpeg", "GIF89a<html>", "image/gif"},
		{"", "<html>", "text/html"},
		{"", "RIFF\x00\x00\x00\x00WEBP", "image/webp"},
		{"", "\x00\x00\x00\x20ftypavif", "image/avif"},
		{"application/octet-stream", "BM and words, no picture", "application/octet-stream"},
		{"text/css", "<!-- p{} -->", "text/css"},
		{"TEXT/CSS; charset=x", "p{}", "text/css"},
		{"text/html;;", "words", "text/html"},
		{"text/plain", "words <p>", "text/plain"},
		{"text/plain", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", "text/html"},
		{"application/xhtml+xml", "<?xml version='1.0'?><html/>", "text/html"},
		{"image/svg+xml", "<svg/>", "image/svg+xml"},
		{"image/x-raw", "\x01\x02\x03", "image/x-raw"},
		{"text/html", "PK\x03\x04", "application/zip"},
	} {
		if got := mediaTypeOf(c.declared, []byte(c.body)); got != c.want {
			t.Errorf("mediaTypeOf(%q, %.20q) = %s, want %s", c.declared, c.body, got, c.want)
		}
	}
}
