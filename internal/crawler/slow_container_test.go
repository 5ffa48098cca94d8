package crawler_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// trickle is a body of which a KiB comes each second.
type trickle struct {
	io.Reader
	q *http.Request
}

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-b.q.Context().Done():
		return 0, b.q.Context().Err()
	case <-time.After(time.Second):
	}
	return b.Reader.Read(p[:min(len(p), 1<<10)])
}

func (b trickle) Close() error { return nil }

// A page that is called like a container has the time of a page; a container
// has more.
func TestTimeOfWhatIsCalledAContainer(t *testing.T) {
	for _, test := range []struct {
		name, body string
		cause      crawler.Cause
	}{
		{"a page", strings.Repeat("<p>as slow as can be</p>\n", 20_000), crawler.TimeoutFetch},
		{"a container", string(zipped(300, 1000)), crawler.OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pageWith("/x.zip")
				w.serving[at("/x.zip")] = func(q *http.Request) (*http.Response, error) {
					p := reply(200, "text/html", "")
					if test.cause == crawler.OK {
						p = reply(200, "application/zip", "")
					}
					p.ContentLength, p.Body = -1, trickle{strings.NewReader(test.body), q}
					return p, nil
				}
				r := newRig(t, w)
				r.eye.opens = look{}.open
				r.configure(board())
				began := time.Now()
				r.once()
				took := time.Since(began)
				if l := r.link(at("/x.zip")); *l.Cause != test.cause || (took > 3*time.Minute) != (test.cause == crawler.OK) {
					t.Errorf("%d bytes ended in %s after %v, want %s", len(test.body), *l.Cause, took, test.cause)
				}
			})
		})
	}
}
