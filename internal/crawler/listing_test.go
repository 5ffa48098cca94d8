package crawler_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// indexPage is what a web server says of a folder.
func indexPage(files int) string {
	var b strings.Builder
	b.WriteString("<html><head><title>Index of /dump/</title></head><body><h1>Index of /dump/</h1><hr><pre><a href=\"../\">../</a>\n")
	for i := range files {
		fmt.Fprintf(&b, "<a href=\"IMG_%06d_lane_07_front.jpg\">IMG_%06d_lane_07_front.jpg</a>                 12-Jun-2019 08:30              %d\n", i, i, 100_000+i)
	}
	b.WriteString("</pre><hr></body></html>")
	return b.String()
}

// A listing of 100,000 files is longer than a page may be, and all of its links
// are kept, in one transaction; a page of that length is cut.
func TestLongListing(t *testing.T) {
	const files = 100_000
	for _, listing := range []bool{true, false} {
		began := time.Now()
		synctest.Test(t, func(t *testing.T) {
			body := indexPage(files)
			if !listing {
				body = strings.Repeat("<p>It is said <a href=\"/thread/1?post=2\">there</a> that somebody has seen it.</p>\n", len(body)/70)
			}
			w := newWorld("-- ONION/ --\n<a href=/dump/>x</a>\n")
			w.set(at("/dump/"), body)
			r := newRig(t, w)
			r.configure(board(func(s *crawler.SiteConfig) { s.MaxBytes = int64(len(body)) }))
			r.once()
			if d := r.site("board"); listing {
				if d.Links < files || r.cause(at("/dump/")) != crawler.OK {
					t.Errorf("%d links of a listing of %d files (%d bytes), cause %s", d.Links, files, len(body), r.cause(at("/dump/")))
				}
			} else if c := r.cause(at("/dump/")); d.Links > 10 || c != crawler.LimitPage {
				t.Errorf("%d links of a page, which ended in %s", d.Links, c)
			}
			if n := len(r.eye.texts); n != 2 || (len(r.eye.texts[1].Body) == len(body)) != listing {
				t.Errorf("%d texts went up", n)
			}
		})
		if listing {
			fmt.Fprintf(os.Stderr, "figure listing_of_%d_links_ms %d\n", files, time.Since(began).Milliseconds())
		}
	}
}
