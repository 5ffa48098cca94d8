package crawler_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"leakwatch/internal/crawler"
)

// A site's selector says which links are followed, never which pictures are
// seen.
func TestOnlyLinksWithinTheSelectorAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(`
-- ONION/ --
<nav><a href="/tags">tags</a><img src="/logo.pic"></nav>
<main><a href="/post">post</a><img src="/1.pic"></main>
-- ONION/tags --
<p>no post here <a href="/deeper">deeper</a></p>
-- ONION/post --
<p>no main element: <a href="/next">every link is followed</a></p>
-- ONION/next --
the end
-- ONION/logo.pic --
logo
-- ONION/1.pic --
one
`)
		r := newRig(t, w)
		r.configure(board(func(c *crawler.SiteConfig) { c.Within = "main" }))
		r.once()
		var paths []string
		for _, a := range w.asked {
			paths = append(paths, a.url)
		}
		slices.Sort(paths)
		want := []string{at("/"), at("/1.pic"), at("/logo.pic"), at("/next"), at("/post")}
		if !slices.Equal(paths, want) {
			t.Errorf("asked for %v\nwant %v", paths, want)
		}
	})
}

func TestSelectorsAreChecked(t *testing.T) {
	for css, good := range map[string]bool{"": true, "main, .posts a": true, "main >>": false, "[": false} {
		if err := crawler.CheckSelector(css); (err == nil) != good {
			t.Errorf("%q: %v", css, err)
		}
	}
}

// A seed may name a port of its own; other links of the site may not.
func TestTheSeedsPortIsAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("")
		seed := "http://" + onion + ":8080/"
		w.set(seed, `<a href="/in">in</a>`)
		r := newRig(t, w)
		r.configure(board(func(c *crawler.SiteConfig) { c.Seeds = []string{seed} }))
		r.once()
		if n := w.times("http://" + onion + ":8080/in"); n != 1 {
			t.Errorf("the link at the seed's port was asked for %d times, want 1", n)
		}
		if !slices.Equal(w.ports, []int{8080}) {
			t.Errorf("the way out was opened for ports %v, want 8080", w.ports)
		}
	})
}
