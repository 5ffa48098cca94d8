package crawler_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/tor"
)

// A port that a seed names is one that its site may use: the config takes such
// a seed, and the way out asks for it.
func TestPortOfASeedIsAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := demo.Onion("port")
		seed := "http://" + host + ":8080/"
		w := newWorld("")
		w.set(seed, `<a href="/a">x</a> <a href="http://`+host+`:22/">x</a>`)
		w.set(seed+"a", "a page")
		r := newRig(t, w)
		r.o.Check = tor.Check
		var asked []tor.Site
		way := r.o.Transport
		r.o.Transport = func(s tor.Site) http.RoundTripper {
			asked = append(asked, s)
			return way(s)
		}
		r.configure(board(func(s *crawler.SiteConfig) { s.Seeds = []string{seed} }))
		r.once()
		if got := r.ledger().Causes; got[crawler.OK] != 2 || len(got) != 1 {
			t.Errorf("causes %v, want two pages", got)
		}
		if len(asked) == 0 || !slices.Equal(asked[len(asked)-1].Ports, []int{8080}) {
			t.Errorf("the way out was asked for %+v, want port 8080", asked)
		}
	})
}
