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

// read looks at a body. Its bytes say what it is. A body that was cut is read
// as far as it came, and how it was cut stays the cause.
func (v *visiting) read(ctx context.Context, a answer) error {
	l := &v.res.link
	cut := a.cause != ""
	if a.digest == l.digest && !cut && v.mayStand() {
		return v.stands(ctx)
	}
	v.res.changed, v.res.keeping = a.digest != l.digest, replaceLines
	before := l.text
	l.target, l.text, l.inline, l.next = linkKey{}, [32]byte{}, false, 0
	l.etag, l.modified, l.digest = keep(a.etag), keep(a.lastModified), a.digest
	l.content = classify(a, v.options.Sniff)
	l.sight = v.sights.of(l.content, false)
	v.end(OK, "")
	if err := v.readAs(ctx, a, before); err != nil {
		return err
	}
	if (l.content == contentPage || l.content == contentText) && before != [32]byte{} {
		v.res.changed = l.text != before // a new date or token is no change
	}
	if cut {
		v.end(a.cause, "%s", a.why)
		l.digest, l.etag, l.modified, l.next = [32]byte{}, "", "", 0 // of a part: proves nothing
		if (l.content == contentPicture || l.content == contentContainer) && len(v.res.lines) == 0 {
			v.note(l.url, Unopened{Container: a.format, Size: a.length, Cause: a.cause, Why: a.why})
		}
	}
	l.known = v.res.outcome.Cause
	return nil
}

// readAs reads a body as what it is; before is the text that stood here.
func (v *visiting) readAs(ctx context.Context, a answer, before [32]byte) error {
	l := &v.res.link
	svg := a.mediaType == "image/svg+xml" || isSVG(a, v.options.Sniff)
	switch {
	case l.content == contentPicture:
		return v.inspect(ctx, Found{URL: l.url, Page: v.page, Body: a.body, SHA256: a.digest, MediaType: a.mediaType}, true)
	case l.content == contentContainer:
		return v.openWhole(ctx, a)
	case l.kind == kindPicture && !svg && !strings.HasPrefix(a.mediaType, "image/") && a.mediaType != "application/octet-stream":
		v.end(NotAPicture, "%s", a.mediaType)
		v.notHashable(int64(len(a.body)))
		return nil
	case l.content == contentText:
		l.text = a.digest
		return v.readWords(ctx, a, before)
	case l.content == contentPage:
		d := readPage(ctx, a.body, a.header.Get("Content-Type"), v.url, v.readLimits(a.body))
		if err := v.readDocument(ctx, d); err != nil {
			return err
		}
		if err := v.readWords(ctx, a, before); err != nil || !svg {
			return err
		}
		v.end(Unsupported, "%s: read for links, not looked at", a.mediaType)
		v.notHashable(int64(len(a.body)))
		return nil
	case l.content == contentStyle:
		return v.readDocument(ctx, readStyle(a.body, v.url, v.readLimits(nil)))
	}
	v.end(Unsupported, "%s", a.mediaType)
	if l.kind == kindPicture || strings.HasPrefix(a.mediaType, "image/") {
		v.notHashable(int64(len(a.body)))
	}
	return nil
}

// notHashable counts the picture of the visit as one that nobody looked at, for
// the cause with which the visit ends.
func (v *visiting) notHashable(size int64) {
	v.res.pictures.NotHashable++
	v.note(v.link.url, Unopened{Size: size, Cause: v.res.outcome.Cause, Why: v.res.outcome.Why})
}

// stands ends a visit that found the same bytes as the one before. What was cut
// or could not be judged still is: unchanged would count it as content.
func (v *visiting) stands(ctx context.Context) error {
	l := &v.res.link
	cause, why := Unchanged, ""
	if l.known != OK {
		cause = l.known
	}
	if v.link.cause == l.known || v.link.cause == Unchanged { // else it speaks of a failed visit since
		why = v.link.why
	}
	v.end(cause, "%s", why)
	switch l.content {
	case contentPicture:
		return v.inspect(ctx, Found{URL: l.url, Page: v.page, SHA256: l.digest, Unchanged: true, KnownCause: l.known}, true)
	case contentContainer:
		return v.standsContainer(ctx)
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
	l.sight = v.sights.of(l.content, l.inline)
	cause, why := v.res.outcome.Cause, v.res.outcome.Why
	if d.cause != "" {
		cause, why = d.cause, d.why
	}
	if out := v.discover(d).String(); out != "" {
		why = strings.TrimPrefix(why+"; "+out, "; ")
	}
	v.end(cause, "%s", why)
	for _, p := range d.inline {
		digest := sha256.Sum256(p.body)
		found := Found{URL: l.url + "#data-" + hex.EncodeToString(digest[:8]), Page: l.url, Body: p.body, SHA256: digest, MediaType: p.mediaType}
		if err := v.inspect(ctx, found, false); err != nil {
			return err
		}
		v.shown = append(v.shown, digest)
	}
	return nil
}

func (v *visiting) readLimits(body []byte) readLimits {
	o := v.options
	links, files := o.MaxLinks, len(body) > listedFrom && lists(body, v.url) // a shorter one holds no more links than a page may
	if files {
		links = max(links, o.MaxEntries)
	}
	return readLimits{links: links, files: files, url: o.MaxURL, inlineBytes: o.MaxInline, drop: o.DropParams, within: v.place.Within}
}

// look calls up, and holds the answer against its contract.
func (v *visiting) look(ctx context.Context, f Found) (Inspection, error) {
	f.Site, f.At = v.place.Name, time.Now()
	i, err := v.options.Inspector.Inspect(ctx, f)
	if err != nil {
		return i, fmt.Errorf("inspect %s: %w", f.URL, err)
	}
	if i.Cause == "" {
		i.Cause = OK
	}
	if i.Cause.Class() == "" {
		return i, fmt.Errorf("inspect %s: %q is no cause", f.URL, i.Cause)
	}
	return i, nil
}

// inspect shows a picture. With ends, what the inspection gives is how the visit
// ends.
func (v *visiting) inspect(ctx context.Context, f Found, ends bool) error {
	i, err := v.look(ctx, f)
	if err != nil {
		return err
	}
	gave := i.Cause
	if f.Unchanged {
		gave = f.KnownCause
	}
	n := &v.res.pictures
	switch {
	case gave == LowQuality:
		n.ExactOnly++
	case gave != OK && gave != Partial && gave != LimitFrames:
		n.NotHashable++
	case f.Unchanged || i.Known:
		n.Known++
	default:
		n.Inspected++
	}
	if f.Unchanged {
		return nil // the line of the first look stands
	}
	if i.Cause != OK {
		v.note(f.URL, Unopened{Size: int64(len(f.Body)), Cause: i.Cause, Why: i.Why})
	}
	if ends {
		v.end(i.Cause, "%s", i.Why)
	}
	return nil
}

// formatSVG is the one format of pictures that is text and shows others: it is
// read like a page.
const formatSVG = "svg"

// isSVG tells an SVG from a page that only begins with one.
func isSVG(a answer, sniff func([]byte) string) bool {
	return a.mediaType != "text/html" && sniff(a.body) == formatSVG
}

// classify says what a body is. The media type is already that of the bytes.
func classify(a answer, sniff func([]byte) string) content {
	is := a.mediaType
	switch format := sniff(a.body); {
	case isSVG(a, sniff):
		return contentPage
	case format != "" && format != formatSVG:
		return contentPicture
	case a.format != "":
		return contentContainer
	case is == "text/css":
		return contentStyle
	case strings.HasPrefix(is, "text/") && (is != "text/html" && len(a.body) > maxTokenized):
		return contentText
	case strings.HasPrefix(is, "text/"), strings.HasSuffix(is, "+xml"), is == "application/xml":
		return contentPage
	case isText(a.body):
		return contentText
	}
	return contentOther
}

// isText says that a body is text whatever it is called: JSON, CSV, SQL.
func isText(body []byte) bool {
	return len(body) > 0 && strings.HasPrefix(http.DetectContentType(body), "text/plain")
}

// maxTokenized bounds a text that is read for links though it is no HTML.
const maxTokenized = 8 << 20

// keep drops an ETag or Last-Modified that is not worth its room.
func keep(tag string) string {
	if len(tag) > maxTag {
		return ""
	}
	return tag
}
