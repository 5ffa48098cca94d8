package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"leakwatch/internal/tor"
)

// finish judges what no single value shows, and works out the values that
// follow from others.
func (l *loader) finish() {
	l.config.State.Dir = l.resolve(l.config.State.Dir)
	l.finishMatch()
	l.finishWeb()
	l.finishSites()
	for i := range l.config.Notify {
		l.finishChannel(&l.config.Notify[i])
	}
}

// finishMatch: the search radius caps the distance of a copy.
func (l *loader) finishMatch() {
	m := &l.config.Match
	if m.CopyDistance <= m.MaxDistance {
		return
	}
	if l.set("match.copy_distance") && !l.broken["match.max_distance"] {
		l.reportAt("match.copy_distance", 0, fmt.Sprintf("%d is above max_distance = %d", m.CopyDistance, m.MaxDistance), "nothing farther than max_distance is ever found")
		return
	}
	m.CopyDistance = m.MaxDistance
	l.config.origins["match.copy_distance"] = origin{note: "capped by max_distance"}
}

func (l *loader) finishWeb() {
	w := l.config.Web
	if !isLoopback(w.Listen) && w.PublicURL == "" && !l.broken["web.public_url"] && !l.broken["web.listen"] {
		l.reportAt("web.listen", 0, fmt.Sprintf("%q is reachable from other machines", w.Listen),
			`listen on 127.0.0.1, or set public_url = "https://..." to say that a proxy with TLS stands in front`)
	}
}

func (l *loader) finishSites() {
	first := map[string]spot{}
	for i := range l.config.Sites {
		site, path := &l.config.Sites[i], "site["+strconv.Itoa(i)+"]"
		l.finishName(site.Name, path, first)
		switch {
		case !l.given(path + ".seeds"):
			l.reportAt(path+".seeds", 0, "the site has no seeds", `add seeds = ["http://....onion/"]`)
		case l.set(path+".seeds") && len(site.Seeds) == 0:
			l.reportAt(path+".seeds", 0, "the list of seeds is empty", "a round starts from them: name at least one URL")
		}
		for j, seed := range site.Seeds {
			if l.set(path + ".seeds") {
				l.finishSeed(seed, site.Clearnet, path+".seeds", j)
			}
		}
		if site.MaxInterval < site.Interval {
			if l.set(path + ".max_interval") {
				l.reportAt(path+".max_interval", 0, fmt.Sprintf("%q is less than interval = %q", site.MaxInterval, site.Interval), "interval is the least time between visits, max_interval the most")
			} else {
				site.MaxInterval = site.Interval
				l.config.origins[path+".max_interval"] = origin{note: "raised to interval"}
			}
		}
	}
}

// finishName: alerts and circuits go by the name of a site.
func (l *loader) finishName(name, path string, first map[string]spot) {
	switch {
	case !l.given(path + ".name"):
		l.reportAt(path+".name", 0, "the site has no name", `add name = "some-name"`)
	case l.set(path + ".name"):
		at := l.elementSpot(path+".name", 0)
		if before, again := first[name]; again {
			l.reportAt(path+".name", 0, fmt.Sprintf("two sites are called %q", name), fmt.Sprintf("names are unique: see %s:%d", before.file, before.line))
			return
		}
		first[name] = at
	}
}

func (l *loader) finishSeed(seed string, clearnet bool, path string, element int) {
	if problem := webURL(seed); problem != "" {
		l.reportAt(path, element, problem, `as in "http://....onion/board/"`)
		return
	}
	u, err := url.Parse(seed)
	if err != nil {
		return // told by webURL
	}
	if err := l.allowed(u, clearnet); err != nil {
		l.reportAt(path, element, fmt.Sprintf("%q can never be visited: %s", seed, refusal(err)), refusalHint(err))
	}
}

// refusal is the cause that a visit would end with; the URL stands beside it.
func refusal(err error) string {
	if code := tor.CodeOf(err); code != "" && code != "refused_url" {
		return code
	}
	return err.Error()
}

// refusalHint says what to do about a URL that the tor room refuses.
func refusalHint(err error) string {
	switch tor.CodeOf(err) {
	case "refused_clearnet":
		return "set clearnet = true for this site, or use its onion address"
	case "onion_bad_address":
		return "an onion address has 56 letters and digits and a checksum: copy it again"
	case "refused_local":
		return "no address of this machine or a local network is ever visited"
	case "refused_port":
		return "use the standard port of http or https"
	}
	return "the URL of a public page is wanted"
}

// channelNeeds: a kind of channel, and a key that it alone has and must have.
var channelNeeds = []struct{ kind, key string }{
	{"webhook", "url"}, {"webhook", "secret_file"}, {"command", "argv"}, {"file", "path"},
}

// finishChannel: each kind of channel has keys that it cannot do without.
func (l *loader) finishChannel(c *ChannelConfig) {
	path := "notify." + c.Name
	if !slices.Contains(channelKinds, c.Kind) {
		if !l.given(path + ".kind") {
			l.reportAt(path+".kind", 0, "the channel says no kind", `add kind = "webhook", "command" or "file"`)
		}
		return
	}
	for _, need := range channelNeeds {
		empty := field(c, need.key).Len() == 0 || need.key == "argv" && c.Argv[0] == ""
		at := path + "." + need.key
		switch {
		case need.kind == c.Kind && empty && !l.broken[at]:
			l.reportAt(at, 0, fmt.Sprintf("a %s channel needs %s", need.kind, need.key), "add "+need.key+" = "+sampleOf("notify", need.key))
		case need.kind != c.Kind && l.set(at) && !empty:
			l.reportAt(at, 0, fmt.Sprintf("a %s channel has no %s", c.Kind, need.key), fmt.Sprintf("it belongs to kind = %q", need.kind))
		}
	}
	for i, name := range c.Sites {
		if l.set(path+".sites") && !slices.ContainsFunc(l.config.Sites, func(s SiteConfig) bool { return s.Name == name }) {
			l.reportAt(path+".sites", i, fmt.Sprintf("there is no site %q", name), l.siteHint(name))
		}
	}
	c.Path = l.resolve(c.Path)
	if c.Kind == "webhook" {
		l.finishWebhook(c, path)
	} else if c.Direct || c.Address != "" {
		l.reportAt(path+".direct", 0, "only a webhook can be direct", "leave out direct and address")
	}
}

func (l *loader) siteHint(name string) string {
	var names []string
	for _, s := range l.config.Sites {
		names = append(names, s.Name)
	}
	if meant := nearest(name, names); meant != "" {
		return fmt.Sprintf("did you mean %q?", meant)
	}
	return "write the name of a [[site]], or [] for all"
}

// finishWebhook: through Tor the receiver must be one that Tor can reach;
// directly it must have an address, since names are not resolved here.
func (l *loader) finishWebhook(c *ChannelConfig, path string) {
	switch {
	case c.Direct && c.Address == "" && !l.broken[path+".address"]:
		l.reportAt(path+".direct", 0, "a direct channel needs an address", `add address = "IP:PORT" or "unix:/path": names are not resolved here`)
	case !c.Direct && c.Address != "" && !l.broken[path+".direct"]:
		l.reportAt(path+".address", 0, "an address without direct = true is never used", "add direct = true, or leave out address")
	}
	if l.set(path+".url") && c.URL != "" {
		if problem := webURL(c.URL); problem != "" {
			l.reportAt(path+".url", 0, problem, `as in "https://hooks.example.org/leakwatch"`)
		} else if u, err := url.Parse(c.URL); err == nil && !c.Direct && !l.broken[path+".direct"] {
			if err := l.allowed(u, true); err != nil {
				l.reportAt(path+".url", 0, "the receiver cannot be reached through Tor: "+refusal(err), "for one on this machine or network set direct = true and address")
			}
		}
	}
	if !l.set(path+".secret_file") || c.SecretFile == "" {
		return
	}
	where, sure := c.secretPath(l.config.folder, os.Getenv("CREDENTIALS_DIRECTORY"))
	if _, err := os.Stat(where); sure && errors.Is(err, fs.ErrNotExist) {
		l.reportAt(path+".secret_file", 0, fmt.Sprintf("%q does not exist", where), "make one with: printf 'whsec_%s' \"$(head -c 32 /dev/urandom | base64)\"")
	}
	c.SecretFile = where
}

// secretPath returns where the secret lies. It is not sure of a bare name where
// systemd hands over no credentials: an admin checks by hand.
func (c ChannelConfig) secretPath(folder, credentials string) (path string, sure bool) {
	switch {
	case filepath.IsAbs(c.SecretFile):
		return c.SecretFile, true
	case credentials != "":
		return filepath.Join(credentials, c.SecretFile), true
	}
	return filepath.Join(folder, c.SecretFile), strings.ContainsRune(c.SecretFile, filepath.Separator)
}

// sampleOf returns the manual's example of a key.
func sampleOf(sectionName, name string) string {
	for _, s := range schema() {
		if k, ok := s.find(name); ok && s.name == sectionName {
			return k.sample
		}
	}
	return `"..."`
}
