package crawler

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	rateWindow = 30 * time.Second
	ratioFrom  = 64 << 10 // decoded bytes before the ratio counts
	sniffed    = 512      // bytes that tell what a body is
)

// readBody reads one body within all limits. The cause of a status that is no
// content stays, whatever its body does.
func (f *fetching) readBody(response *http.Response, content bool) {
	cause, why := f.cause, f.why
	w := f.watch(response.Body)
	defer w.end()
	if l := f.limits; l.longer > l.fetch {
		f.early = time.AfterFunc(l.fetch-f.firstByte, func() { f.stop(fmt.Errorf("%w: %v", errTooLong, l.fetch)) })
		defer f.early.Stop()
	}
	limit := f.limits.page
	if !content {
		limit = min(limit, maxErrorBody)
	}
	if f.size > 0 {
		limit = f.length // as judgeRange found it right
	}
	if response.StatusCode >= 200 && response.StatusCode != http.StatusNoContent {
		f.decode(response, w, limit, content)
	}
	f.wireBytes = w.count
	if !content && f.cause != Stopped {
		f.cause, f.why = cause, why
	}
}

// decode takes off one content coding at most.
func (f *fetching) decode(response *http.Response, w *watched, limit int64, content bool) {
	wire := bufio.NewReader(w)
	codings := codingsOf(response.Header.Values("Content-Encoding"))
	if len(codings) > 0 && f.size > 0 {
		f.cause, f.why = RangeLies, "a range of a packed body: "+short(strings.Join(codings, ", "))
		return
	}
	if len(codings) > 1 {
		f.cause, f.why = BrokenHTTP, "more than one content coding: "+short(strings.Join(codings, ", "))
		return
	}
	var from io.Reader = wire
	coded := false
	if len(codings) == 1 {
		switch codings[0] {
		case "gzip", "x-gzip", "deflate":
			var err error
			if from, coded, err = decoder(codings[0], wire); err != nil {
				f.bodyFailed(err, w)
				return
			}
		case "br", "zstd", "compress", "x-compress", "dcb", "dcz":
			f.cause, f.why = BrokenHTTP, codings[0]+" was not offered"
			return
		} // other names are names of something else, and no browser minds
	}
	f.readAll(from, w, limit, content, coded)
}

// codingsOf lists the content codings that change anything.
func codingsOf(values []string) []string {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "" && coding != "identity" && coding != "none" {
			codings = append(codings, coding)
		}
	}
	return codings
}

// decoder chooses by the bytes: a header that lies is no reason to see
// nothing.
func decoder(coding string, wire *bufio.Reader) (io.Reader, bool, error) {
	head, err := wire.Peek(12)
	if len(head) == 0 {
		if err == io.EOF {
			err = nil
		}
		return wire, false, err
	}
	packed := bytes.HasPrefix(head, []byte("\x1f\x8b"))
	zlibbed := len(head) >= 2 && head[0]&15 == 8 && (int(head[0])<<8|int(head[1]))%31 == 0
	switch {
	case packed:
		r, err := newMembers(wire)
		return r, true, err
	case coding != "deflate":
		return wire, false, nil
	case zlibbed:
		r, err := zlib.NewReader(wire)
		return r, true, err
	case head[0] == '<' || isBlank(head[0]) || sniffPicture(head) != "":
		return wire, false, nil
	}
	return flate.NewReader(wire), true, nil
}

// members reads gzip streams one behind the other. What follows the last one
// is no part of the body, as in browsers.
type members struct {
	wire *bufio.Reader
	z    *gzip.Reader
}

func newMembers(wire *bufio.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(wire)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &members{wire, z}, nil
}

func (m *members) Read(p []byte) (int, error) {
	n, err := m.z.Read(p)
	if err != io.EOF {
		return n, err
	}
	if head, _ := m.wire.Peek(2); string(head) != "\x1f\x8b" || m.z.Reset(m.wire) != nil {
		return n, io.EOF
	}
	m.z.Multistream(false)
	return n, nil
}

// readAll reads a decoded body. Its first bytes choose its limit.
func (f *fetching) readAll(from io.Reader, w *watched, limit int64, content, coded bool) {
	buf := make([]byte, 0, 32<<10)
	b := bound{limit: limit, coded: coded, known: !content}
	for {
		if len(buf) == cap(buf) {
			if len(buf) >= smallBody && f.held == 0 {
				f.widen(&b, buf) // before memory is taken for it
			}
			var err error
			if buf, err = f.grow(buf, w, b.limit, coded); err != nil {
				f.fail(err, TimeoutFetch)
				f.why += ", waiting until other large bodies were done with"
				return
			}
		}
		n, err := from.Read(buf[len(buf):min(int64(cap(buf)), max(b.limit, sniffed)+1)])
		buf = buf[:len(buf)+n]
		if !b.known && (len(buf) >= sniffed || err != nil) {
			f.choose(&b, buf)
		}
		f.body = buf[:min(int64(len(buf)), b.limit)]
		if b.known && f.overLimit(int64(len(buf)), &b, w) {
			if f.large && f.request.take != nil {
				f.body, f.taken = buf, true
				f.request.take(newStreamed(f, from, w, coded))
			}
			return
		}
		switch {
		case err == io.EOF:
			return
		case err != nil:
			f.bodyFailed(err, w)
			return
		case f.ctx.Err() != nil: // and the body does not know
			f.fail(f.ctx.Err(), TimeoutFetch)
			return
		}
	}
}

// bound is how long a body may be, by what it is.
type bound struct {
	limit   int64
	coded   bool
	known   bool // what follows was decided
	picture bool
	page    bool // HTML: it may be longer when it lists files, which is asked once
}

// choose decides by the first bytes of a body.
func (f *fetching) choose(b *bound, head []byte) {
	b.known = true
	l := f.limits
	picture := sniffPicture(head) != ""
	if picture && f.size == 0 {
		b.picture, b.limit = true, l.picture
	}
	if picture || f.request.from > 0 {
		return
	}
	seen := http.DetectContentType(head)
	page := mediaTypeOf(f.header.Get("Content-Type"), head) == "text/html"
	if l.whole > 0 && l.holds != nil {
		f.name = f.called()
		name := f.name
		if page {
			name = "" // a page that is called x.zip is a page
		}
		if f.format = l.holds(head[:min(len(head), sniffed)], name); f.format != "" {
			if f.early != nil {
				f.early.Stop()
			}
			if f.size == 0 {
				b.limit = l.whole
			}
			return
		}
	}
	b.page = page && f.size == 0
	if f.size == 0 && l.listing > b.limit && !page && strings.HasPrefix(seen, "text/plain") {
		b.limit = l.listing
	}
}

// widen lets a page be as long as a listing may, where it is one by its
// beginning.
func (f *fetching) widen(b *bound, beginning []byte) bool {
	if !b.page || b.limit >= f.limits.listing {
		return false
	}
	if b.page = lists(beginning, f.request.url); b.page {
		b.limit = f.limits.listing
	}
	return b.page
}

// called is the name of the body.
func (f *fetching) called() string {
	if _, params, err := mime.ParseMediaType(f.header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return params["filename"]
	}
	return lastSegment(f.request.url)
}

// overLimit ends a body that is too long, or unpacks to too much.
func (f *fetching) overLimit(size int64, b *bound, w *watched) bool {
	switch limit := b.limit; {
	case f.size > 0 && size > limit:
		f.cause, f.why = RangeLies, fmt.Sprintf("more than the %d bytes of the range", limit)
	case f.size > 0:
		return false
	case b.picture && (size > limit || !b.coded && f.length > limit):
		f.mediaType, f.body = sniffPicture(f.body), nil
		f.cause, f.why = LimitBytes, fmt.Sprintf("a picture of more than %d bytes", limit)
	case f.format != "" && (size > limit || !b.coded && f.length > limit):
		f.large = true
	case size > limit && f.widen(b, f.body):
		return f.overLimit(size, b, w)
	case size > limit:
		f.cause, f.why = LimitPage, fmt.Sprintf("more than %d bytes", limit)
	case b.coded && size > ratioFrom && f.limits.ratio > 0 && size/int64(f.limits.ratio) > w.count:
		f.cause, f.why = LimitRatio, fmt.Sprintf("ratio %d > %d", size/max(w.count, 1), f.limits.ratio)
	default:
		return false
	}
	return true
}

// bodyFailed says how a body ended before its end. What came of it stays.
func (f *fetching) bodyFailed(err error, w *watched) {
	switch {
	case f.ctx.Err() != nil:
		f.fail(err, TimeoutFetch)
	case w.err == nil || w.err == io.EOF:
		f.cause, f.why = Partial, "the packed body is damaged: "+err.Error()
	case errors.Is(w.err, io.ErrUnexpectedEOF) && w.count > 0:
		f.cause, f.why = Partial, fmt.Sprintf("the connection ended after %d bytes", w.count)
	default:
		f.fail(w.err, TimeoutFetch)
	}
}

// watched is a body whose pace is watched. It needs no goroutine of its own:
// each read checks the rate, and one timer ends a read that does not return.
type watched struct {
	fetch  *fetching
	body   io.Reader
	count  int64 // bytes so far
	err    error // of the last read
	since  time.Time
	before int64 // count at since
	still  *time.Timer
	idle   time.Duration

	patient bool      // what passes between two reads is ours
	left    time.Time // when the last read ended
}

// watch begins to watch a body.
func (f *fetching) watch(body io.Reader) *watched {
	w := &watched{fetch: f, body: body, since: time.Now(), idle: f.limits.idle}
	if f.limits.minRate > 0 && (w.idle == 0 || w.idle > rateWindow) {
		w.idle = rateWindow // nothing at all is below every rate
	}
	if w.idle > 0 {
		w.still = time.AfterFunc(w.idle, func() { f.stop(fmt.Errorf("%w: silent for %v", errTooSlow, w.idle)) })
	}
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	if w.patient {
		w.since = w.since.Add(time.Since(w.left))
		if w.still != nil {
			w.still.Reset(w.idle)
		}
	}
	n, err := w.body.Read(p)
	if w.patient {
		defer func() {
			w.end()
			w.left = time.Now()
		}()
	}
	w.count += int64(n)
	w.err = err
	if w.still != nil && n > 0 {
		w.still.Reset(w.idle)
	}
	if passed := time.Since(w.since); passed >= rateWindow && err == nil {
		least := int64(passed.Seconds() * float64(w.fetch.limits.minRate))
		if came := w.count - w.before; came < least {
			w.fetch.stop(fmt.Errorf("%w: %d bytes in %v", errTooSlow, came, passed.Round(time.Second)))
		}
		w.since, w.before = time.Now(), w.count
	}
	return n, err
}

func (w *watched) end() {
	if w.still != nil {
		w.still.Stop()
	}
}
