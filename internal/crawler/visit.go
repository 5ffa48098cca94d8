package crawler

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"leakwatch/internal/tor"
)

// visit takes one link all the way: may it be asked for, what stands there,
// which links and pictures does it show. Whatever the web sends, it ends in one
// outcome; an error means that our own memory failed.
func (c *Crawler) visit(ctx context.Context, l *lease) (*result, error) {
	v := &visiting{c: c, lease: l, res: &result{link: l.link}}
	err := v.run(ctx)
	if ctx.Err() != nil && (err != nil || v.res.outcome.Cause.Class() != ClassSeen) {
		err = nil
		v.res = &result{link: l.link, outcome: Outcome{Cause: Stopped, Why: "told to stop in mid-visit", Bytes: v.res.outcome.Bytes}}
	}
	v.res.at = ms(time.Now())
	return v.res, err
}

// visiting is one visit under way.
type visiting struct {
	c *Crawler
	*lease
	res    *result
	url    *url.URL
	sights sights
	shown  [][32]byte // SHA-256 of the pictures in a page that were inspected

	noRanges *refusal // why this container is not read by ranges
}

// end sets how the visit ends.
func (v *visiting) end(c Cause, format string, args ...any) {
	v.res.outcome.Cause, v.res.outcome.Why = c, clip(fmt.Sprintf(format, args...), maxWhy)
}

func (v *visiting) run(ctx context.Context) error {
	var err error
	if v.url, err = v.link.parsed(); err != nil {
		v.end(RefusedURL, "%v", err)
		return nil
	}
	if cause, why := v.refused(v.url, v.link.kind); cause != "" {
		v.end(cause, "%s", why)
		return nil
	}
	if v.link.kind == kindPage && v.link.depth > v.place.Depth {
		v.end(LimitDepth, "depth %d > %d", v.link.depth, v.place.Depth)
		return nil
	}
	v.sights = v.options.sights()
	if set, err := v.volumes(); err != nil || set != nil {
		if err == nil {
			err = v.visitVolumes(ctx, set)
		}
		return err
	}
	a, err := v.fetch(ctx)
	defer func() { v.c.large.Release(a.held) }()
	if err != nil || a.taken {
		return err
	}
	if a.refresh != nil {
		v.discover(document{refresh: a.refresh})
	}
	switch {
	case a.cause != "" && (a.status/100 != 2 || len(a.body) == 0 || a.cause == Stopped):
		return v.failed(ctx, a)
	case a.status == 304:
		return v.notModified(ctx)
	case a.status >= 300 && a.status < 400:
		return v.redirect(a)
	case a.large || a.size > int64(len(a.body)):
		return v.openLarge(ctx, &a)
	}
	if err := v.read(ctx, a); err != nil || a.cause == "" {
		return err
	}
	return v.failed(ctx, a)
}

// refused says why u may not be asked for, or "".
func (v *visiting) refused(u *url.URL, kind refKind) (Cause, string) {
	if err := v.options.Check(u, v.place.tor); err != nil {
		return Cause(tor.CodeOf(err)), err.Error()
	}
	return v.place.scope.judge(u, kind)
}

func (v *visiting) request() request {
	r := request{url: v.url}
	if page, err := url.Parse(v.page); err == nil && page.Host == v.url.Host {
		r.referer = v.page
	}
	if v.mayStand() {
		r.etag, r.lastModified = v.link.etag, v.link.modified
	}
	return r
}

// mayStand says that the same bytes need no second look: they were read, and
// everything in them was inspected with the sight of today.
func (v *visiting) mayStand() bool {
	if v.link.digest == [32]byte{} || v.link.next > 0 || v.link.known == LimitTime { // time may suffice on a calmer day
		return false
	}
	return !v.link.judgedBefore(v.sights)
}

func (v *visiting) limits() fetchLimits {
	o := v.options
	return fetchLimits{fetch: o.FetchTimeout, idle: o.IdleTimeout, minRate: o.MinRate, page: o.MaxPage, picture: o.MaxPicture,
		whole: o.MaxContainer, holds: o.Holds, listing: o.MaxListing, ratio: o.MaxRatio, drop: o.DropParams, url: o.MaxURL, large: v.c.large}
}

// fetched notes what the fetch cost. The host rests from now on, and not only
// from the end of the visit.
func (v *visiting) fetched(a answer) {
	now := time.Now()
	before := v.res.outcome
	v.res.outcome = Outcome{Cause: a.cause, Why: clip(a.why, maxWhy), Status: a.status, Bytes: before.Bytes + a.wireBytes, Took: before.Took + a.took}
	v.res.fetched = ms(now)
	if a.cause.Class() == ClassHTTP {
		v.res.retryAfter = a.retryAfter
	}
	c := v.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.cause == HTTP429 && a.retryAfter == 0 && v.host.delay > 0 {
		v.res.retryAfter = rest429
	}
	if d := pause(v.host.delay, a.took); d > 0 {
		v.res.rest = ms(now.Add(d + time.Millisecond - 1)) // never early by rounding
		v.host.Rest = max(v.host.Rest, v.res.rest)
	}
}

// failed ends a visit that could not have all. When our own Tor is the reason,
// the site is not blamed.
func (v *visiting) failed(ctx context.Context, a answer) error {
	class := a.cause.Class()
	if class == "" {
		return fmt.Errorf("fetch %s ended in %q, which is no cause", v.link.url, a.cause)
	}
	if class == ClassConnection || class == ClassOnion || a.cause == BrokenHTTP {
		if err := v.c.torUp(ctx); err != nil {
			v.end(TorDown, "%s, and %v", a.cause, err)
		}
	}
	if len(a.body) == 0 && (a.cause == LimitBytes || v.link.kind == kindPicture && class == ClassLimit) {
		v.res.keeping = replaceLines
		v.notHashable(a.length) // a picture it was, and nobody looked at it
	}
	return nil
}

// redirect makes the target a link of its own, so that scope sees it.
func (v *visiting) redirect(a answer) error {
	if a.location == nil {
		v.end(BrokenHTTP, "status %d without a target", a.status)
		return nil
	}
	to := a.location.String()
	key := keyOf(to)
	l := &v.res.link
	v.res.redirected, v.res.changed, v.res.keeping = true, l.target != key, replaceLines
	loop, err := v.c.loops(l, key, v.options.MaxRedirects)
	if err != nil {
		return err
	}
	cause, why := v.refused(a.location, l.kind)
	switch {
	case cause != "":
		v.end(cause, "redirect to %s: %s", to, why)
	case len(to) > v.options.MaxURL:
		v.end(LimitURL, "redirect to an URL of %d bytes", len(to))
	case loop:
		v.end(TrapRedirectLoop, "redirect to %s, which led here", to)
	case l.hops >= v.options.MaxRedirects:
		v.end(LimitRedirects, "redirect %d > %d", l.hops+1, v.options.MaxRedirects)
	default:
		v.end(OK, "redirect to %s", to)
		v.res.found = append(v.res.found, discovery{key: key, url: to, host: hostOf(a.location), kind: l.kind,
			depth: l.depth, hops: l.hops + 1, seed: l.seed})
	}
	*l = link{site: l.site, key: l.key, host: l.host, url: l.url, kind: l.kind, lane: l.lane, interval: l.interval, tries: l.tries, target: key}
	return nil
}

// loops says whether a redirect of l to key closes a circle: following where
// links redirected to when they were last visited leads back to l.
func (c *Crawler) loops(l *link, key linkKey, limit int) (bool, error) {
	loop := key == l.key
	err := c.memory.view(func(r records) error {
		for i := 0; i <= limit && !loop && key != (linkKey{}); i++ {
			next, known, err := r.link(l.site, key)
			if err != nil || !known {
				return err
			}
			key, loop = next.target, next.target == l.key
		}
		return nil
	})
	return loop, err
}

// discover notes the links of a document that belong to the site, and returns
// what it leaves out.
func (v *visiting) discover(d document) leftOut {
	out := leftOut{links: d.refused, pictures: map[Cause]int{}}
	if out.links == nil {
		out.links = map[Cause]int{}
	}
	refs := d.refs
	if d.refresh != nil {
		refs = append(slices.Clip(refs), ref{d.refresh, kindPage})
	}
	depth := v.link.depth
	if v.link.kind == kindContainer {
		depth++ // a page that is called as one has a depth of its own, or a maze of them had no end
	}
	for _, r := range refs {
		if cause, _ := v.refused(r.url, r.kind); cause != "" {
			out.add(r.kind, cause)
			continue
		}
		found := discovery{url: r.url.String(), host: hostOf(r.url), kind: r.kind, depth: depth}
		if found.key = keyOf(found.url); found.key == v.link.key {
			continue
		}
		switch {
		case r.kind == kindPage:
			found.depth++
		case r.kind == kindContainer && depth > v.place.Depth:
			out.add(r.kind, LimitDepth)
			continue
		}
		v.res.found = append(v.res.found, found)
	}
	firstVolumesFirst(v.res.found)
	return out
}
