package crawler

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"leakwatch/internal/tor"
)

// refKind is what a link asks for. What came is decided by its bytes.
type refKind string

// The kinds of links.
const (
	kindPage    refKind = "page"
	kindPicture refKind = "picture"
	kindStyle   refKind = "style"

	kindContainer refKind = "container" // by its name; the depth of its page is its own
)

// scopeConfig is what a site's configuration says of its scope.
type scopeConfig struct {
	Seeds      []*url.URL
	Kind       string // "host" (default) or "path"
	Include    []*regexp.Regexp
	Exclude    []*regexp.Regexp
	EmbedHosts []string // may serve pictures and styles
}

// Scope says which URLs belong to a site.
type Scope struct {
	rules   scopeConfig
	hosts   []string // whole hosts, when Kind is "host"
	folders []folder // host and path of each seed's folder, when it is "path"
	embed   []string
}

type folder struct{ host, path string }

// newScope draws the scope around a site's seeds.
func newScope(rules scopeConfig) Scope {
	s := Scope{rules: rules}
	for _, seed := range rules.Seeds {
		if rules.Kind == "path" {
			path := seed.EscapedPath()
			s.folders = append(s.folders, folder{tor.Service(seed.Hostname()), path[:strings.LastIndexByte(path, '/')+1]})
		} else {
			s.hosts = append(s.hosts, tor.Service(seed.Hostname()))
		}
	}
	for _, host := range rules.EmbedHosts {
		s.embed = append(s.embed, tor.Service(strings.ToLower(host)))
	}
	return s
}

// judge returns "" when u belongs to the site, and otherwise refused_scope
// and the reason. u is canonical.
//
// Exclude wins over all. A page's <base> plays no part: it resolves links and
// gives no right.
func (s Scope) judge(u *url.URL, kind refKind) (Cause, string) {
	text := ""
	if len(s.rules.Exclude)+len(s.rules.Include) > 0 {
		text = u.String()
	}
	for _, e := range s.rules.Exclude {
		if e.MatchString(text) {
			return RefusedScope, "excluded by " + e.String()
		}
	}
	host := hostOf(u)
	if slices.Contains(s.hosts, host) {
		return "", ""
	}
	path, near := u.EscapedPath(), ""
	for _, f := range s.folders {
		if f.host != host {
			continue
		}
		if strings.HasPrefix(path, f.path) {
			return "", ""
		}
		near = f.path
	}
	if kind != kindPage && slices.Contains(s.embed, host) {
		return "", ""
	}
	for _, i := range s.rules.Include {
		if i.MatchString(text) {
			return "", ""
		}
	}
	if near != "" {
		return RefusedScope, "not below " + near
	}
	return RefusedScope, "host " + host + " is none of the site's"
}
