package crawler_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/crawler"
)

// What a page shows and we do not follow is told with the page: an admin sees
// that its pictures lie on a host that embed_hosts does not name.
func TestAPageTellsWhatItLeavesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := "http://" + strings.Replace(onion, "example", "another", 1)
		r := newRig(t, newWorld(`
-- ONION/ --
<a href="/in">in</a><a href="`+other+`/out">out</a><a href="mailto:a@b">write</a>
<img src="`+other+`/1.pic"><img src="`+other+`/2.pic">
<a href="/`+strings.Repeat("long", 1000)+`">long</a>
-- ONION/in --
nothing is left out here
`))
		r.configure(board(func(s *crawler.SiteConfig) { s.MaxInterval = time.Hour }))
		const want = "left out: 1 link limit_url, 1 link refused_scheme, 1 link and 2 pictures refused_scope"
		for _, cause := range []crawler.Cause{crawler.OK, crawler.Unchanged} {
			r.once()
			l := r.link(at("/"))
			if *l.Cause != cause || l.Why == nil || *l.Why != want {
				t.Errorf("link %+v, want %s and why %q", l, cause, want)
			}
			if in := r.link(at("/in")); in.Why != nil {
				t.Errorf("why of /in is %q, want none", *in.Why)
			}
			time.Sleep(2 * time.Hour)
		}
	})
}
