package crawler

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestScope(t *testing.T) {
	const other = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.onion"
	host := newScope(scopeConfig{
		Seeds:      []*url.URL{at(t, "http://"+onionA+"/start")},
		Exclude:    []*regexp.Regexp{regexp.MustCompile(`/logout`), regexp.MustCompile(`\?lang=`)},
		Include:    []*regexp.Regexp{regexp.MustCompile(`^http://` + other + `/mirror/`)},
		EmbedHosts: []string{"Img.Example"},
	})
	path := newScope(scopeConfig{
		Seeds: []*url.URL{at(t, "http://"+onionA+"/m/index.html"), at(t, "http://"+onionA+"/wiki/a/")}, Kind: "path",
	})
	for _, c := range []struct {
		name  string
		scope Scope
		raw   string
		kind  refKind
		in    bool
	}{
		{"the host", host, "http://" + onionA + "/a/b?c", kindPage, true},
		{"https of the same host", host, "https://" + onionA + "/", kindPage, true},
		{"a sub-domain of the onion", host, "http://img." + onionA + "/", kindPicture, true},
		{"another onion", host, "http://" + other + "/", kindPage, false},
		{"another onion's picture", host, "http://" + other + "/a.jpg", kindPicture, false},
		{"a name that ends alike", host, "http://x" + onionA + "/", kindPage, false},
		{"included", host, "http://" + other + "/mirror/1", kindPage, true},
		{"excluded", host, "http://" + onionA + "/logout", kindPage, false},
		{"excluded by the query", host, "http://" + onionA + "/a?lang=de", kindPicture, false},
		{"excluded, though included", host, "http://" + other + "/mirror/logout", kindPage, false},
		{"a page of an embedding host", host, "http://img.example/a", kindPage, false},
		{"a picture of an embedding host", host, "http://img.example/a", kindPicture, true},
		{"a style of an embedding host", host, "http://img.example/a", kindStyle, true},
		{"a sub-domain of an embedding host", host, "http://x.img.example/a", kindPicture, false},
		{"below the folder", path, "http://" + onionA + "/m/x/y", kindPage, true},
		{"the seed", path, "http://" + onionA + "/m/index.html", kindPage, true},
		{"the second folder", path, "http://" + onionA + "/wiki/a/b", kindPage, true},
		{"above", path, "http://" + onionA + "/", kindPage, false},
		{"beside", path, "http://" + onionA + "/members", kindPage, false},
		{"a picture above", path, "http://" + onionA + "/img/a.jpg", kindPicture, false},
		{"up and down again", path, "http://" + onionA + "/m/../img/a.jpg", kindPicture, false},
	} {
		cause, why := c.scope.judge(at(t, c.raw), c.kind)
		if (cause == "") != c.in || cause != "" && (cause != RefusedScope || why == "") {
			t.Errorf("%s: judge(%s, %s) = %q %q, want in scope: %t", c.name, c.raw, c.kind, cause, why, c.in)
		}
	}
}

// Patterns are RE2: no address makes them slow.
func TestScopePatternsAreLinear(t *testing.T) {
	s := newScope(scopeConfig{
		Seeds:   []*url.URL{at(t, "http://"+onionA+"/")},
		Exclude: []*regexp.Regexp{regexp.MustCompile(`(a*)*b$`), regexp.MustCompile(`(a|aa)+$x`), regexp.MustCompile(`^(.*)*c.*d$`)},
	})
	u := at(t, "http://"+onionA+"/"+strings.Repeat("a", 64<<10))
	start := cpu(t)
	if cause, why := s.judge(u, kindPage); cause != "" {
		t.Errorf("judge = %s %s", cause, why)
	}
	if took := cpu(t) - start; took > time.Second {
		t.Errorf("64 KiB, 32 times the longest URL, against three patterns took %v", took)
	}
}
