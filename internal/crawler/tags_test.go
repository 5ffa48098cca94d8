package crawler_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"leakwatch/internal/crawler"
)

// The operator's own words are shown with the site; none is an empty list.
func TestASiteShowsItsTags(t *testing.T) {
	for want, tags := range map[string][]string{`"tags":["market","de"]`: {"market", "de"}, `"tags":[]`: nil} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, newWorld(smallBoard))
			r.configure(board(func(s *crawler.SiteConfig) { s.Tags = tags }))
			got, err := json.Marshal(r.site("board"))
			if err != nil || !strings.Contains(string(got), want) {
				t.Errorf("got %s, %v, want %s in it", got, err, want)
			}
		})
	}
}
