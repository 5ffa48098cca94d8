package crawler_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"leakwatch/internal/crawler"
	"leakwatch/internal/picture"
)

// The real neighbour calls an SVG a picture, by its first tag. Here it is what
// shows pictures: it is read for them, and so is a page that begins with one.
func TestSVGIsReadForItsPictures(t *testing.T) {
	for name, test := range map[string]struct {
		link, mediaType, body string
		want                  crawler.Cause
	}{
		"img":          {`<img src="/x">`, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"><image href="/y"/></svg>`, crawler.Unsupported},
		"link":         {`<a href="/x">`, "image/svg+xml", `<?xml version="1.0"?><svg><image href="/y"/></svg>`, crawler.Unsupported},
		"no type":      {`<img src="/x">`, "application/octet-stream", `<svg><image href="/y"/></svg>`, crawler.Unsupported},
		"page":         {`<a href="/x">`, "text/html", `<svg></svg><p><img src="/y">`, crawler.OK},
		"page in SVG":  {`<a href="/x">`, "text/html", `<svg><image href="/y"/></svg>`, crawler.OK},
		"XHTML in SVG": {`<a href="/x">`, "application/xhtml+xml", `<svg><image href="/y"/></svg>`, crawler.OK},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("")
				w.set(at("/"), test.link)
				w.answer(at("/x"), func(int) (*http.Response, error) { return reply(200, test.mediaType, test.body), nil })
				r := newRig(t, w)
				r.o.Sniff = picture.Sniff
				r.configure(board())
				r.once()
				if got := r.cause(at("/x")); got != test.want || w.times(at("/y")) != 1 || len(r.eye.found) != 0 {
					t.Errorf("ended in %s with %d looks, and asked for its picture %d times, want %s with 0, and 1",
						got, len(r.eye.found), w.times(at("/y")), test.want)
				}
			})
		})
	}
}
