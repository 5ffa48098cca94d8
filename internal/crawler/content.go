package crawler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// read looks at a body. Its bytes say what it is; what the site claims decides
// only between kinds of text.
func (v *visiting) read(ctx context.Context, a answer) error {
	l := &v.res.link
	cut := a.cause == LimitPage
	if a.digest == l.digest && !cut && v.mayStand() {
		return v.stands(ctx)
	}
	v.res.changed = a.digest != l.digest
	before := l.text
	l.target, l.text, l.inline, l.known = linkKey{}, [32]byte{}, false, ""
	l.etag, l.modified, l.digest = keep(a.etag), keep(a.lastModified), a.digest
	l.sight = sightOf(v.sight)
	what, mediaType := classify(a, l.kind, v.options.Sniff)
	l.content = what
	v.end(OK, "")
	switch {
	case what == contentPicture:
		if err := v.inspect(ctx, Found{URL: l.url, Page: v.page, Body: a.body, SHA256: a.digest, MediaType: a.mediaType}, true); err != nil {
			return err
		}
	case l.kind == kindPicture && isText(a.body) && !isSVG(mediaType):
		v.end(NotAPicture, "%s", mediaType)
		v.res.pictures.NotHashable++
	case what == contentPage:
		if err := v.readDocument(ctx, readPage(ctx, a.body, a.header.Get("Content-Type"), v.url, v.readLimits())); err != nil {
			return err
		}
		if isSVG(mediaType) {
			v.end(Unsupported, "%s: read for links, not looked at", mediaType)
			v.res.pictures.NotHashable++
		}
	case what == contentStyle:
		if err := v.readDocument(ctx, readStyle(a.body, v.url, v.readLimits())); err != nil {
			return err
		}
	default:
		v.end(Unsupported, "%s", mediaType)
		if l.kind == kindPicture {
			v.res.pictures.NotHashable++
		}
	}
	if what == contentPage && before != [32]byte{} {
		v.res.changed = l.text != before // a new date or token is no change
	}
	if cut {
		v.end(LimitPage, "%s", a.why)
		l.digest, l.etag, l.modified = [32]byte{}, "", "" // of a part: proves nothing
	}
	l.known = v.res.outcome.Cause
	return nil
}

// stands ends a visit that found the same bytes as the one before.
func (v *visiting) stands(ctx context.Context) error {
	l := &v.res.link
	if l.content == contentPicture {
		v.end(Unchanged, "")
		return v.inspect(ctx, Found{URL: l.url, Page: v.page, SHA256: l.digest, Unchanged: true, KnownCause: l.known}, true)
	}
	if v.end(Unchanged, ""); l.known != OK {
		v.end(l.known, "%s", v.link.why) // what was cut or not understood still is
	}
	return nil
}

// notModified ends a visit with the answer 304.
func (v *visiting) notModified(ctx context.Context) error {
	if v.link.etag == "" && v.link.modified == "" || !v.mayStand() {
		v.end(BrokenHTTP, "304 though we did not ask for changes only")
		return nil
	}
	return v.stands(ctx)
}

// readDocument takes links and pictures out of a page or style.
func (v *visiting) readDocument(ctx context.Context, d document) error {
	l := &v.res.link
	l.text, l.inline = d.text, len(d.inline) > 0
	if d.cause != "" {
		v.end(d.cause, "%s", d.why)
	}
	v.discover(d)
	for _, p := range d.inline {
		digest := sha256.Sum256(p.body)
		found := Found{URL: l.url + "#data-" + hex.EncodeToString(digest[:8]), Page: l.url, Body: p.body, SHA256: digest, MediaType: p.mediaType}
		if err := v.inspect(ctx, found, false); err != nil {
			return err
		}
	}
	return nil
}

func (v *visiting) readLimits() readLimits {
	o := v.options
	return readLimits{links: o.MaxLinks, url: o.MaxURL, inlineBytes: o.MaxInline, drop: o.DropParams}
}

// inspect calls up. With ends, what the inspection gives is how the visit ends.
func (v *visiting) inspect(ctx context.Context, f Found, ends bool) error {
	f.Site, f.At = v.place.Name, time.Now()
	i, err := v.options.Inspector.Inspect(ctx, f)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", f.URL, err)
	}
	if i.Cause == "" {
		i.Cause = OK
	}
	if i.Cause.Class() == "" {
		return fmt.Errorf("inspect %s: %q is no cause", f.URL, i.Cause)
	}
	n := &v.res.pictures
	switch {
	case f.Unchanged || i.Known:
		n.Known++
	case i.Cause == LowQuality:
		n.ExactOnly++
	case i.Cause == OK || i.Cause == Partial:
		n.Inspected++
	default:
		n.NotHashable++
	}
	if ends && !f.Unchanged {
		v.end(i.Cause, "%s", i.Why)
	}
	return nil
}

// classify says what a body is, and its media type.
func classify(a answer, kind refKind, sniff func([]byte) string) (content, string) {
	if format := sniff(a.body); format != "" {
		return contentPicture, "image/" + format
	}
	claimed := strings.ToLower(strings.TrimSpace(strings.SplitN(a.mediaType, ";", 2)[0]))
	magic, _, _ := strings.Cut(http.DetectContentType(a.body), ";")
	text := isText(a.body)
	switch {
	case !text && magic != "application/octet-stream":
		return contentOther, magic
	case text && isSVG(claimed):
		return contentPage, claimed
	case magic == "text/html":
		return contentPage, magic
	case claimed == "text/css", kind == kindStyle && text:
		return contentStyle, "text/css"
	case strings.HasPrefix(claimed, "text/"), strings.HasSuffix(claimed, "+xml"), claimed == "application/xml":
		return contentPage, claimed
	case text && (claimed == "" || claimed == "application/octet-stream" || strings.HasPrefix(claimed, "image/")):
		return contentPage, magic
	case claimed == "":
		return contentOther, magic
	}
	return contentOther, claimed
}

// isText says that a body looks like text of any kind.
func isText(body []byte) bool { return strings.HasPrefix(http.DetectContentType(body), "text/") }

func isSVG(mediaType string) bool { return mediaType == "image/svg+xml" }

// keep drops an ETag or Last-Modified that is not worth its room.
func keep(tag string) string {
	if len(tag) > maxTag {
		return ""
	}
	return tag
}
