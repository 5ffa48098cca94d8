package crawler

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/sync/semaphore"

	"leakwatch/internal/tor"
)

// request is one URL to ask for, and what we know of it from the last time.
type request struct {
	url          *url.URL
	etag         string
	lastModified string
	referer      string // sent only to the page's own machine

	from, to int64  // a range of bytes, to not included; 0, 0: all of it
	version  string // of which the range is wanted (If-Range); "": whichever
	// take is given a container that is too large to be fetched whole and comes
	// from its beginning. nil: the rest of it is not read.
	take func(*streamed)
}

// answer is what one request gave. Whatever was read before something went
// wrong is in body.
type answer struct {
	status       int
	header       http.Header // the few that matter, each cut to 1 KiB
	body         []byte      // decoded
	mediaType    string      // by the bytes first
	location     *url.URL    // of a redirect, canonical; nobody has judged it yet
	refresh      *url.URL    // of a Refresh header, likewise
	retryAfter   time.Duration
	etag         string
	lastModified string
	cause        Cause // "" when the answer is content, a redirect, or the 304 that was asked for
	why          string
	wireBytes    int64 // of the body, as it came
	took         time.Duration
	firstByte    time.Duration // until the headers were there
	digest       [32]byte      // SHA-256 of body
	format       string        // of the container that its first bytes and its name tell of
	name         string        // what it is called: by the server, or by its URL
	length       int64         // of the body as announced, or -1
	size         int64         // of the whole, of which a range came; 0: no range came
	taken        bool          // request.take had it
	large        bool          // it is a container too large to be fetched whole: body is its beginning
	held         int64         // of fetchLimits.large, to be given back when body is done with
}

// fetchLimits bounds one request.
type fetchLimits struct {
	fetch   time.Duration // for all of it
	longer  time.Duration // for all of a container; 0: as long as for others
	idle    time.Duration // the longest silence inside a body; 0: none
	minRate int64         // bytes a second of a body, over each 30 s
	page    int64         // decoded bytes
	picture int64         // decoded bytes, when the first ones are a picture's
	whole   int64         // bytes of a container that is fetched whole
	holds   func(head []byte, name string) string
	listing int64               // decoded bytes of a listing, or of a text that is no page
	ratio   int                 // of decoded to sent bytes, after 64 KiB
	url     int                 // bytes of a canonical URL
	drop    []string            // parameters that are no part of a URL
	large   *semaphore.Weighted // bytes of all bodies that are not small; nil: no bound
}

const (
	maxErrorBody      = 64 << 10 // of an answer that is no content
	longestRetryAfter = 24 * time.Hour
)

var (
	errTooLong = errors.New("no time left for the fetch")
	errTooSlow = errors.New("slower than the least rate")
)

// fetch sends one GET and reads one bounded answer. It follows nothing, keeps
// no cookie, and never fails: what happens is in the answer's cause.
func fetch(ctx context.Context, rt http.RoundTripper, r request, l fetchLimits) answer {
	start := time.Now()
	most := max(l.fetch, l.longer)
	timed, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("%w: %v", errTooLong, most))
	defer cancel()
	inner, stop := context.WithCancelCause(timed)
	defer stop(nil)
	f := &fetching{outer: ctx, ctx: inner, stop: stop, limits: l, request: r}
	f.do(rt, start)
	f.took = time.Since(start)
	return f.answer
}

// fetching is one fetch on its way.
type fetching struct {
	answer
	outer, ctx context.Context
	stop       context.CancelCauseFunc
	early      *time.Timer // ends a body that is no container; nil: it has no more time than others
	limits     fetchLimits
	request    request
}

func (f *fetching) do(rt http.RoundTripper, start time.Time) {
	response, err := rt.RoundTrip(newRequest(f.ctx, f.request))
	f.firstByte = time.Since(start)
	if err != nil {
		if response != nil && response.Body != nil { // not allowed, but costs nothing
			response.Body.Close()
		}
		f.fail(err, TimeoutHeader)
		return
	}
	defer response.Body.Close()
	f.readHeader(response)
	content := f.judgeStatus(response)
	f.readBody(response, content)
	f.digest = sha256.Sum256(f.body)
	if f.mediaType == "" {
		f.mediaType = mediaTypeOf(response.Header.Get("Content-Type"), f.body)
	}
}

// newRequest is the one kind of request that leakwatch sends. The rest of its head is
// tor's matter; only what can be unpacked is said here, where it is.
func newRequest(ctx context.Context, r request) *http.Request {
	q := (&http.Request{
		Method: http.MethodGet, URL: r.url, Host: r.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Accept-Encoding": {"gzip, deflate"}},
	}).WithContext(ctx)
	set := func(key, value string) {
		if value != "" && httpguts.ValidHeaderFieldValue(value) {
			q.Header.Set(key, value)
		}
	}
	if r.to > 0 {
		set("Range", fmt.Sprintf("bytes=%d-%d", r.from, r.to-1))
		set("If-Range", r.version)
		set("Accept-Encoding", "identity") // a range of something packed is of no use
	}
	set("If-None-Match", r.etag)
	set("If-Modified-Since", r.lastModified)
	if from, err := url.Parse(r.referer); err == nil && hostOf(from) == hostOf(r.url) {
		set("Referer", r.referer)
	}
	return q
}

// fail ends the fetch with the cause of err; late is the cause when there was
// no time left. What we did ourselves comes first: a cancelled connection
// reports all kinds of errors.
func (f *fetching) fail(err error, late Cause) {
	own, code := context.Cause(f.ctx), Cause(tor.CodeOf(err))
	switch {
	case f.outer.Err() != nil:
		f.cause, f.why = Stopped, "stopped in mid-fetch"
	case errors.Is(own, errTooSlow):
		f.cause, f.why = TooSlow, own.Error()
	case errors.Is(own, errTooLong) && (late == TimeoutFetch || code == "" || code == TimeoutFetch):
		f.cause, f.why = late, own.Error()
	case code != "":
		f.cause, f.why = code, err.Error()
	default:
		f.cause, f.why = causeOfText(err.Error()), err.Error()
	}
}

// causeOfText is the last resort for errors without a type: net/http has none
// for answers that break its grammar.
func causeOfText(text string) Cause {
	for _, word := range []string{"malformed", "chunk", "transfer encoding", "Content-Length", "invalid"} {
		if strings.Contains(text, word) {
			return BrokenHTTP
		}
	}
	if strings.Contains(text, "headers exceeded") {
		return LimitHeader
	}
	return ConnectionLost
}

func (f *fetching) readHeader(response *http.Response) {
	h := response.Header
	f.status, f.length = response.StatusCode, response.ContentLength
	f.header = http.Header{}
	for _, key := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Content-Disposition", "Date", "Etag",
		"Last-Modified", "Location", "Refresh", "Retry-After", "Server", "Accept-Ranges"} {
		if value := h.Get(key); value != "" {
			f.header.Set(key, value[:min(len(value), 1<<10)])
		}
	}
	if etag := h.Get("Etag"); len(etag) <= 256 {
		f.etag = etag
	}
	if at := h.Get("Last-Modified"); len(at) <= 64 {
		f.lastModified = at
	}
	f.retryAfter = retryAfter(h.Get("Retry-After"))
	if raw, ok := readRefresh(h.Get("Refresh")); ok {
		f.refresh, _ = f.leadsTo(raw)
	}
}

// retryAfter reads seconds or a date; what it cannot read is 0.
func retryAfter(value string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), longestRetryAfter)
}

// leadsTo makes the address in a header canonical.
func (f *fetching) leadsTo(raw string) (*url.URL, error) {
	if !utf8.ValidString(raw) { // then a header's bytes are Latin-1
		runes := make([]rune, len(raw))
		for i := range len(raw) {
			runes[i] = rune(raw[i])
		}
		raw = string(runes)
	}
	u, err := canonical(raw, f.request.url, nil, f.limits.drop)
	if err == nil && u.String() == f.request.url.String() {
		// It differs only by what is dropped: a site that wants its session
		// in the URL. Taken as it is, else it would lead to itself for ever.
		u, err = canonical(raw, f.request.url, nil, nil)
	}
	if err == nil && len(u.String()) > f.limits.url {
		return nil, &refusal{LimitURL, fmt.Sprintf("an address of %d bytes", len(u.String()))}
	}
	return u, err
}

// judgeStatus gives the cause that a status stands for, and reports whether
// the body is content.
func (f *fetching) judgeStatus(response *http.Response) (content bool) {
	broken := func(why string) { f.cause, f.why = BrokenHTTP, why }
	f.why = "status " + strconv.Itoa(f.status)
	switch s := f.status; {
	case s == 304 && (f.request.etag != "" || f.request.lastModified != ""):
		f.why = ""
	case s == 304:
		broken("304 though nothing was known")
	case s == 206 && f.request.to > 0:
		f.why = ""
		return f.judgeRange(response)
	case s == 206:
		broken("206 though no range was asked for")
	case s == 200 && f.request.from > 0:
		f.cause, f.why = RangeIgnored, "a range was asked for, and the whole came"
	case s >= 200 && s < 300 || s == 300 && response.Header.Get("Location") == "":
		f.why = ""
		return true
	case s >= 300 && s < 400:
		f.redirect(response.Header.Get("Location"))
	case s == 403, s == 404, s == 410, s == 429:
		f.cause = Cause("http_" + strconv.Itoa(s))
	case s >= 400 && s < 500:
		f.cause = HTTP4xx
	case s >= 500 && s < 600:
		f.cause = HTTP5xx
	default:
		broken(f.why)
	}
	return false
}

func (f *fetching) redirect(raw string) {
	if raw == "" {
		f.cause, f.why = BrokenHTTP, f.why+" without a location"
		return
	}
	u, err := f.leadsTo(raw)
	if r := (*refusal)(nil); errors.As(err, &r) {
		f.cause, f.why = r.Cause, "redirect: "+r.Why
		return
	}
	f.why, f.location = "", u
}
