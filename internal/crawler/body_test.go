package crawler

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func zlibbed(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func flated(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func TestFetchCodings(t *testing.T) {
	page := "<html>" + strings.Repeat("<a href=/x>", 300)
	packed := gzipped(page)
	for _, c := range []struct {
		name, coding, body, want string
		cause                    Cause
	}{
		{"none", "", page, page, fine},
		{"identity", "identity", page, page, fine},
		{"a name of something else", "utf-8", page, page, fine},
		{"gzip", "gzip", packed, page, fine},
		{"GZip with blanks", " GZip ,", packed, page, fine},
		{"x-gzip", "x-gzip", packed, page, fine},
		{"gzip in two parts", "gzip", gzipped(page[:500]) + gzipped(page[500:]), page, fine},
		{"gzip with a tail", "gzip", packed + "\x00\x00\x00\x00", page, fine},
		{"gzip with text behind", "gzip", packed + "trailing words here", page, fine},
		{"a .gz file, one layer", "gzip", gzipped(packed), packed, fine},
		{"gzip that is none", "gzip", page, page, fine},
		{"an empty body", "gzip", "", "", fine},
		{"deflate as zlib", "deflate", zlibbed(page), page, fine},
		{"deflate as it is", "deflate", flated(page), page, fine},
		{"deflate that is none", "deflate", page, page, fine},
		{"gzip without its end", "gzip", packed[:len(packed)-9], page, Partial},
		{"gzip with a wrong sum", "gzip", packed[:len(packed)-8] + "12345678", page, Partial},
		{"gzip cut in its header", "gzip", packed[:5], "", Partial},
		{"two codings", "gzip, deflate", gzipped(zlibbed(page)), "", BrokenHTTP},
		{"br", "br", page, "", BrokenHTTP},
		{"zstd", "zstd", page, "", BrokenHTTP},
	} {
		headers := []string{"Content-Type: text/html"}
		if c.coding != "" {
			headers = append(headers, "Content-Encoding: "+c.coding)
		}
		a := fetchFrom(t, said("200 OK", c.body, headers...))
		if c.cause == Partial && c.want != "" && len(a.body) > len(c.want)/2 && strings.HasPrefix(c.want, string(a.body)) {
			a.body = []byte(c.want) // most of it is there
		}
		if string(a.body) != c.want || a.cause != c.cause || (a.why == "") != (c.cause == fine) {
			t.Errorf("%s: %d bytes, %s %q; want %d, %s", c.name, len(a.body), a.cause, a.why, len(c.want), c.cause)
		}
	}
}

// endless is a body without end, or of a length.
type endless struct {
	head string
	left int64
	read *int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	n = int(min(int64(len(p)), e.left))
	e.left -= int64(n)
	if e.read != nil {
		*e.read += int64(n)
	}
	return n, nil
}

func answering(body io.Reader, headers ...string) trip {
	return func(q *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(body), ContentLength: -1, Request: q}, nil
	}
}

func TestFetchLimits(t *testing.T) {
	const jpeg = "\xff\xd8\xff\xe0"
	l := testFetch()
	for _, c := range []struct {
		name  string
		body  io.Reader
		gzip  bool
		cause Cause
		size  int64
	}{
		{"a page of the limit", &endless{"<html>", l.page, nil}, false, fine, l.page},
		{"a page over it", &endless{"<html>", l.page + 1, nil}, false, LimitPage, l.page},
		{"a page without end", &endless{"<html>", 1 << 40, nil}, false, LimitPage, l.page},
		{"a picture longer than a page", &endless{jpeg, l.picture, nil}, false, fine, l.picture},
		{"a picture over its limit", &endless{jpeg, l.picture + 1, nil}, false, LimitBytes, 0},
		{"a bomb of 1 GiB", bomb(1 << 30), true, LimitRatio, -1},
		{"a page of blanks, small", bomb(60 << 10), true, fine, 60 << 10},
	} {
		headers := []string{}
		if c.gzip {
			headers = []string{"Content-Encoding", "gzip"}
		}
		start := cpu(t)
		a := fetchFrom(t, answering(c.body, headers...))
		if a.cause != c.cause || c.size >= 0 && int64(len(a.body)) != c.size || int64(cap(a.body)) > 2*l.picture || (a.why == "") != (c.cause == fine) {
			t.Errorf("%s: %s %q, %d bytes (%d held), want %s, %d", c.name, a.cause, a.why, len(a.body), cap(a.body), c.cause, c.size)
		}
		if took := cpu(t) - start; took > time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
	// A picture that announces its length is not fetched to find out.
	var read int64
	a := fetchFrom(t, trip(func(q *http.Request) (*http.Response, error) {
		r, err := answering(&endless{jpeg, 1 << 40, &read})(q)
		r.ContentLength = 1 << 40
		return r, err
	}))
	if a.cause != LimitBytes || read > 64<<10 || a.mediaType != "image/jpeg" {
		t.Errorf("an announced picture: %s, %d bytes read", a.cause, read)
	}
}

// bomb is n blanks, packed as they are read.
func bomb(n int64) io.Reader {
	r, w := io.Pipe()
	go func() {
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		_, err := io.CopyN(z, blank{}, n)
		if err == nil {
			z.Close()
		}
		w.CloseWithError(err)
	}()
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, n), r}
}

type blank struct{}

func (blank) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// dripping gives size bytes at each pace until its context ends.
type dripping struct {
	ctx    context.Context
	pace   time.Duration
	size   int
	left   int
	end    error
	closed *bool
}

func (d *dripping) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, d.end
	}
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(d.pace):
	}
	n := min(d.size, d.left, len(p))
	for i := range n {
		p[i] = 'x'
	}
	d.left -= n
	return n, nil
}

func (d *dripping) Close() error {
	*d.closed = true
	return nil
}

func TestFetchPace(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers time.Duration // until the headers are there
		pace    time.Duration
		size    int
		left    int
		end     error
		stop    time.Duration // cancel after
		cause   Cause
		took    time.Duration
		bytes   int
	}{
		{"slow but steady", 5 * time.Second, time.Second, 1000, 60000, io.EOF, 0, fine, 65 * time.Second, 60000},
		{"a byte in 5 s", 0, 5 * time.Second, 1, 1 << 20, io.EOF, 0, TooSlow, 30 * time.Second, 6},
		{"just below the rate", 0, time.Second, 511, 1 << 20, io.EOF, 0, TooSlow, 30 * time.Second, 30 * 511},
		{"just above, and too long", time.Second / 2, time.Second, 600, 1 << 20, io.EOF, 0, TimeoutFetch, 2 * time.Minute, 119 * 600},
		{"silence after the headers", 0, time.Hour, 1, 1, io.EOF, 0, TooSlow, 30 * time.Second, 0},
		{"no headers", time.Hour, 0, 0, 0, io.EOF, 0, TimeoutHeader, 2 * time.Minute, 0},
		{"stopped by us", 0, time.Second, 1000, 1 << 20, io.EOF, 10500 * time.Millisecond, Stopped, 10500 * time.Millisecond, 10000},
		{"stopped before the headers", time.Hour, 0, 0, 0, io.EOF, time.Second, Stopped, time.Second, 0},
		{"lost in mid-body", 0, time.Second, 1000, 5000, io.ErrUnexpectedEOF, 0, Partial, 5 * time.Second, 5000},
		{"reset in mid-body", 0, time.Second, 1000, 5000, errors.New("read tcp: connection reset by peer"), 0, ConnectionLost, 5 * time.Second, 5000},
		{"lost at once", 0, time.Second, 0, 0, io.ErrUnexpectedEOF, 0, ConnectionLost, 0, 0},
		{"bad chunks", 0, time.Second, 1000, 5000, errors.New("invalid byte in chunk length"), 0, BrokenHTTP, 5 * time.Second, 5000},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.stop > 0 {
					time.AfterFunc(c.stop, cancel)
				}
				closed := false
				site := trip(func(q *http.Request) (*http.Response, error) {
					select {
					case <-q.Context().Done():
						closed = true
						return nil, q.Context().Err()
					case <-time.After(c.headers):
					}
					return &http.Response{StatusCode: 200, ContentLength: -1, Body: &dripping{q.Context(), c.pace, c.size, c.left, c.end, &closed}}, nil
				})
				a := fetch(ctx, site, request{url: at(t, pageURL)}, testFetch())
				if a.cause != c.cause || a.took != c.took || len(a.body) != c.bytes || (a.why == "") != (c.cause == fine) {
					t.Errorf("%s %q after %v with %d bytes; want %s after %v with %d", a.cause, a.why, a.took, len(a.body), c.cause, c.took, c.bytes)
				}
				if a.cause == fine && (a.firstByte != c.headers || a.wireBytes != int64(c.bytes)) {
					t.Errorf("first byte after %v, %d bytes on the wire", a.firstByte, a.wireBytes)
				}
				if !closed {
					t.Error("the body was not closed")
				}
				synctest.Wait() // no goroutine of ours is left behind
			})
		})
	}
}
