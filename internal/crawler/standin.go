package crawler

// Stand-ins for extraction, canonical URLs, scope and the fetch, which are
// written next door. This file goes away when they arrive.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding"

	"leakwatch/internal/tor"
)

type refKind string

const (
	kindPage    refKind = "page"
	kindPicture refKind = "picture"
	kindStyle   refKind = "style"
)

type ref struct {
	url  *url.URL
	kind refKind
}

type inlinePicture struct {
	mediaType string
	body      []byte
}

type document struct {
	title   string
	refs    []ref
	inline  []inlinePicture
	refused map[Cause]int
	text    [32]byte
	cause   Cause
	why     string
	charset string
	refresh *url.URL
}

type readLimits struct {
	links, url, inlineBytes int
	drop                    []string
	within                  string
}

type scopeConfig struct {
	Seeds            []*url.URL
	Kind             string
	Include, Exclude []*regexp.Regexp
	EmbedHosts       []string
}

// Scope says which URLs belong to a site.
type Scope struct{ c scopeConfig }

func newScope(c scopeConfig) Scope { return Scope{c} }

func (s Scope) judge(u *url.URL, kind refKind) (Cause, string) {
	for _, r := range s.c.Exclude {
		if r.MatchString(u.String()) {
			return RefusedScope, "excluded"
		}
	}
	for _, seed := range s.c.Seeds {
		if hostOf(seed) == hostOf(u) {
			return "", ""
		}
	}
	for _, h := range s.c.EmbedHosts {
		if kind != kindPage && h == u.Hostname() {
			return "", ""
		}
	}
	return RefusedScope, u.Host + " is not in scope"
}

func canonical(raw string, base *url.URL, query encoding.Encoding, drop []string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &tor.Error{Code: "refused_url", Err: err}
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, &tor.Error{Code: "refused_scheme", Err: errors.New(u.Scheme)}
	}
	u.Fragment = ""
	if u.Path == "" {
		u.Path = "/"
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

func hostOf(u *url.URL) string {
	labels := strings.Split(u.Hostname(), ".")
	if n := len(labels); n > 2 && labels[n-1] == "onion" {
		labels = labels[n-2:]
	}
	return strings.Join(labels, ".")
}

func readPage(ctx context.Context, body []byte, contentType string, at *url.URL, l readLimits) document {
	d := document{text: sha256.Sum256(body), refused: map[Cause]int{}}
	z := html.NewTokenizer(bytes.NewReader(body))
	add := func(raw string, kind refKind) {
		if rest, ok := strings.CutPrefix(raw, "data:image/png;base64,"); ok {
			if b, err := base64.StdEncoding.DecodeString(rest); err == nil {
				d.inline = append(d.inline, inlinePicture{"image/png", b})
			}
			return
		}
		u, err := canonical(raw, at, nil, l.drop)
		switch {
		case err != nil:
			d.refused[Cause(tor.CodeOf(err))]++
		case len(u.String()) > l.url:
			d.refused[LimitURL]++
		case len(d.refs) >= l.links:
			d.cause, d.why = LimitLinks, fmt.Sprintf("more than %d links", l.links)
		default:
			d.refs = append(d.refs, ref{u, kind})
		}
	}
	for z.Next() != html.ErrorToken {
		t := z.Token()
		for _, a := range t.Attr {
			switch {
			case t.Data == "a" && a.Key == "href":
				add(a.Val, kindPage)
			case t.Data == "img" && a.Key == "src":
				add(a.Val, kindPicture)
			case t.Data == "link" && a.Key == "href":
				add(a.Val, kindStyle)
			}
		}
	}
	return d
}

func readStyle(body []byte, at *url.URL, l readLimits) document {
	d := document{text: sha256.Sum256(body)}
	for _, m := range regexp.MustCompile(`url\(([^)]*)\)`).FindAllSubmatch(body, l.links) {
		if u, err := canonical(string(m[1]), at, nil, l.drop); err == nil {
			d.refs = append(d.refs, ref{u, kindPicture})
		}
	}
	return d
}

type request struct {
	url                         *url.URL
	etag, lastModified, referer string
}

type answer struct {
	status             int
	header             http.Header
	body               []byte
	mediaType          string
	location, refresh  *url.URL
	retryAfter         time.Duration
	etag, lastModified string
	cause              Cause
	why                string
	wireBytes          int64
	took, firstByte    time.Duration
	digest             [32]byte
}

type fetchLimits struct {
	fetch, idle            time.Duration
	minRate, page, picture int64
	ratio                  int
	drop                   []string
	url                    int
}

func fetch(ctx context.Context, rt http.RoundTripper, r request, l fetchLimits) (a answer) {
	start := time.Now()
	defer func() { a.took = time.Since(start) }()
	ctx, cancel := context.WithTimeout(ctx, l.fetch)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return answer{cause: RefusedURL, why: err.Error()}
	}
	for k, v := range map[string]string{"If-None-Match": r.etag, "If-Modified-Since": r.lastModified, "Referer": r.referer} {
		if v != "" {
			q.Header.Set(k, v)
		}
	}
	p, err := rt.RoundTrip(q)
	if err != nil {
		a.cause, a.why = Cause(tor.CodeOf(err)), err.Error()
		if a.cause == "" {
			a.cause = ConnectionLost
		}
		return a
	}
	defer p.Body.Close()
	a.status, a.header, a.firstByte = p.StatusCode, p.Header, time.Since(start)
	a.etag, a.lastModified = p.Header.Get("ETag"), p.Header.Get("Last-Modified")
	if s, err := strconv.Atoi(p.Header.Get("Retry-After")); err == nil {
		a.retryAfter = time.Duration(s) * time.Second
	}
	switch {
	case a.status == 304:
		return a
	case a.status == 403:
		a.cause = HTTP403
	case a.status == 404:
		a.cause = HTTP404
	case a.status == 410:
		a.cause = HTTP410
	case a.status == 429:
		a.cause = HTTP429
	case a.status >= 500:
		a.cause = HTTP5xx
	case a.status >= 400:
		a.cause = HTTP4xx
	case a.status >= 300:
		if a.location, err = canonical(p.Header.Get("Location"), r.url, nil, l.drop); err != nil {
			a.cause, a.why = Cause(tor.CodeOf(err)), err.Error()
		}
		return a
	}
	if a.cause != "" {
		a.why = p.Status
		return a
	}
	a.body, err = io.ReadAll(io.LimitReader(p.Body, l.page+1))
	a.wireBytes = int64(len(a.body))
	if err != nil {
		a.cause, a.why = ConnectionLost, err.Error()
	}
	if int64(len(a.body)) > l.page {
		a.body, a.cause, a.why = a.body[:l.page], LimitPage, fmt.Sprintf("more than %d bytes", l.page)
	}
	a.digest = sha256.Sum256(a.body)
	a.mediaType = mediaTypeOf(p.Header.Get("Content-Type"), a.body)
	return a
}

func mediaTypeOf(said string, body []byte) string {
	seen, _, _ := strings.Cut(http.DetectContentType(body), ";")
	said, _, _ = strings.Cut(said, ";")
	picture := strings.HasPrefix(said, "image/") && said != "image/svg+xml"
	switch {
	case said == "text/css" && strings.HasPrefix(seen, "text/"):
		return said
	case seen == "application/octet-stream" && said != "":
		return said
	case (seen == "text/plain" || seen == "text/xml") && said != "" && !picture:
		return said
	}
	return seen
}
