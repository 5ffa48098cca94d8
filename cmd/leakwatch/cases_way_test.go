package main

import (
	"fmt"
	"strings"
	"testing"

	"leakwatch/internal/demo"
)

// Faults on the way to a site, not in its pages.

// An onion that leads to https on itself is followed: Tor has proved its name,
// so a certificate of its own making will do. For a clear name it will not.
func TestFieldRedirectToTLS(t *testing.T) {
	f, photo := newFieldWorld(t), demo.Set(1, 12)[0]
	refs := f.load("field", map[string][]byte{photo.Name: photo.JPEG})
	file, mediaType := editedPhoto(t, photo.Image(), "resize-50")
	inside := demo.Web{
		"/in":    {MediaType: "text/html", Body: []byte("<img src=/a.jpg>")},
		"/a.jpg": {MediaType: mediaType, Body: file},
	}
	for site, host := range map[string]string{"forum": demo.Onion("tls forum"), "clear": "clear.example"} {
		f.world.Proxy().Handle(host, demo.Web{"/": {Location: "https://" + host + "/in", Status: 301}})
		if err := f.world.Proxy().HandleTLS(host, inside); err != nil {
			t.Fatal(err)
		}
		f.watch(site, "http://"+host+"/", fmt.Sprintf("clearnet = %v", site == "clear"))
	}
	f.run(0, "run", "--once")
	if found := f.findings("forum"); len(found) != 1 || *found["/a.jpg"].Ref != refs[photo.Name] {
		t.Errorf("behind the redirect of an onion %v was found, want /a.jpg", found)
	}
	if l := f.links("clear")["/in"]; l.Cause == nil || *l.Cause != "tls_failed" {
		t.Errorf("a clear name with a certificate of its own making ended in %s (%s), want tls_failed", causeText(l.Cause), cellText(l.Why))
	}
	if found := f.findings("clear"); len(found) != 0 {
		t.Errorf("found %v on a clear name that proved nothing", found)
	}
	if got := f.world.Violations(); len(got) > 0 {
		t.Errorf("violations %q", got)
	}
}

// One onion watched as two sites: each has its own SOCKS user, and no stream
// carries requests of both.
func TestFieldOneOnionTwoSites(t *testing.T) {
	f := newFieldWorld(t)
	pages := demo.Web{}
	for _, at := range []string{"/open/", "/members/"} {
		body := ""
		for i := range 20 {
			path := fmt.Sprint(at, i)
			body += fmt.Sprintf("<a href=%s>x</a>", path)
			pages[path] = demo.Resource{MediaType: "text/html", Body: fmt.Appendf(nil, "page %d", i)}
		}
		pages[at] = demo.Resource{MediaType: "text/html", Body: []byte(body)}
	}
	onion := f.world.Handle("shared", pages)
	f.watch("open", "http://"+onion+"/open/", `scope = "path"`)
	f.watch("members", "http://"+onion+"/members/", `scope = "path"`)
	f.run(0, "run", "--once")
	users := map[string]string{} // of the SOCKS stream, by site
	requests := f.world.Requests()
	for _, r := range requests {
		site := strings.Split(r.Path, "/")[1]
		if before, ok := users[site]; ok && before != r.User {
			t.Errorf("%s was asked for as %q, before as %q", r.Path, r.User, before)
		}
		users[site] = r.User
	}
	if len(requests) != 42 || users["open"] == users["members"] {
		t.Errorf("%d requests by the users %v, want 42 by two", len(requests), users)
	}
	for site, user := range users {
		if len(user) < 1 || len(user) > 255 {
			t.Errorf("the SOCKS user of %s has %d bytes", site, len(user))
		}
	}
	if n := len(f.world.Proxy().Connects(onion)); n >= len(requests) {
		t.Errorf("%d streams for %d requests: no stream was used twice, so that nothing is proved", n, len(requests))
	}
	if got := f.world.Violations(); len(got) > 0 { // an empty password is one
		t.Errorf("violations %q", got)
	}
}

// Names that SOCKS would cut are refused before anything is sent.
func TestFieldLongSiteNames(t *testing.T) {
	f := newFieldWorld(t)
	onion := f.world.Handle("shared", demo.Web{})
	for i := range 2 {
		f.watch(strings.Repeat("x", 300)+fmt.Sprint(i), "http://"+onion+"/")
	}
	_, said, code := f.try("config", "check")
	out := f.run(exitConfig, "config", "check", "--json")
	if code != exitConfig || strings.Count(out, `"key":"site.name"`) != 2 {
		t.Errorf("exit %d, problems %s %s, want both names refused", code, out, said)
	}
	f.run(exitConfig, "run", "--once")
	if got := f.world.Proxy().Connects(""); len(got) > 0 {
		t.Errorf("connects %+v, want none", got)
	}
}
