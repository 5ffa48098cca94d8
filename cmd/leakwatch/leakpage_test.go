package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"leakwatch/internal/demo"
)

// leakPlace is a place where an address can stand. %s is the address.
type leakPlace struct {
	html string
	good string // what stands at the good address: html, png, css; "" if nobody follows such a place
}

// leakPlaces lists the places of a page. Some are followed, and the good address in
// them proves it; the others must be left alone.
func leakPlaces() []leakPlace {
	followed := map[string][]string{
		"html": {
			`<a href="%s">x</a>`, `<area href="%s">`, `<iframe src="%s"></iframe>`, `<link rel=next href="%s">`,
			`<iframe srcdoc="<a href='%s'>x</a>"></iframe>`, `<noscript><a href="%s">x</a></noscript>`,
			`<object type="text/html" data="%s"></object>`, `<svg><foreignObject><a href="%s">x</a></foreignObject></svg>`,
			`<a href=" &#9;%s">x</a>`, `<template><a href="%s">x</a></template>`,
		},
		"png": {
			`<img src="%s">`, `<img lowsrc="%s">`, `<img srcset="%s 2x">`, `<img data-src="%s">`, `<img data-srcset="%s 100w">`,
			`<picture><source srcset="%s"></picture>`, `<source src="%s">`, `<video poster="%s"></video>`, `<input type=image src="%s">`,
			`<embed src="%s">`, `<object data="%s"></object>`, `<svg><image href="%s"/></svg>`, `<svg><image xlink:href="%s"/></svg>`,
			`<svg><feImage href="%s"/></svg>`, `<table background="%s"></table>`, `<p style="background: url(%s)">`,
			`<style>p { background: url("%s") }</style>`, `<style>p { background: image-set("%s" 1x) }</style>`,
			`<style>@font-face { src: url(%s) }</style>`,
			`<meta property="og:image" content="%s">`, `<meta name="twitter:image" content="%s">`, `<meta itemprop=image content="%s">`,
			`<link rel=icon href="%s">`, `<link rel=apple-touch-icon href="%s">`, `<link rel=image_src href="%s">`,
			`<link rel=preload as=image href="%s">`, `<link rel=preload as=image imagesrcset="%s 1x">`, `<link rel=prefetch href="%s">`,
			`<noscript><img src="%s"></noscript>`, `<a href="%s">large</a>`, `<div data-bg="%s"></div>`,
		},
		"css": {
			`<link rel=stylesheet href="%s">`, `<link rel=preload as=style href="%s">`, `<style>@import "%s";</style>`, `<style>@import url(%s);</style>`,
		},
		"": {
			`<link rel=preconnect href="%s">`, `<link rel=dns-prefetch href="%s">`, `<link rel=prerender href="%s">`,
			`<link rel=manifest href="%s">`, `<link rel=modulepreload href="%s">`, `<script src="%s"></script>`,
			`<script>fetch("%s"); new Image().src = "%s"</script>`, `<form action="%s" method=post><button>x</button></form>`,
			`<form><button formaction="%s">x</button></form>`, `<a ping="%s" href="/">x</a>`, `<blockquote cite="%s"></blockquote>`,
			`<style>@namespace url(%s);</style>`,
			`<meta http-equiv="Content-Security-Policy" content="report-uri %s">`, `<applet codebase="%s"></applet>`,
		},
	}
	var all []leakPlace
	for _, good := range []string{"html", "png", "css", ""} {
		for _, html := range followed[good] {
			all = append(all, leakPlace{html, good})
		}
	}
	return all
}

// badAddresses are addresses to which nothing may be sent past the SOCKS port:
// clear names, addresses in each spelling that browsers take, names of this
// machine and its network, other schemes. self is the onion that names them,
// port a tripwire on loopback.
func badAddresses(self string, port int) []string {
	const file = "/leak.png"
	var all []string
	for _, host := range []string{
		"203.0.113.9", "3405803785", "0xcb007109", "0xCB.0x0.0x71.0x9", "0313.0.0161.011", "203.0.28937", "203.28937",
		"203.0.113.9.", "203.0.113.9:443", "203.0.113.256", "２０３.0.113.9", "203%2e0%2e113%2e9", "203。0。113。9",
		"[2001:db8:9::9]", "[2001:db8:9::9]:80", "[::ffff:203.0.113.9]", "[::ffff:cb00:7109]", "[fe80::9%25leak]", "[::]",
		"10.0.0.7", "169.254.169.254", "192.0.2.1", "0", "0.0.0.0", "user:pass@203.0.113.9", self + "@203.0.113.9",
		"203.0.113.9%00." + self, "203.0.113.9%23." + self, "203.0.113.9.onion", "203.0.113.9.exit",
		"router", "printer.local", "metadata.google.internal", "localhost.localdomain", "onion", "foo.localhost.",
	} {
		all = append(all, "http://"+host+file)
	}
	for _, host := range []string{"127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "LOCALHOST", "localhost.",
		"a.localhost", "ip6-localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "１２７.0.0.1", "0", self} {
		all = append(all, "http://"+host+":"+strconv.Itoa(port)+file)
	}
	for _, name := range leakClearNames() {
		all = append(all, "http://"+name+file, "https://"+name+file, "//"+name+file)
	}
	return append(all,
		"https://203.0.113.9/leak.png", "//203.0.113.9/leak.png", `\\203.0.113.9\leak.png`, `http:\\203.0.113.9\leak.png`,
		"http:/203.0.113.9/leak.png", "http:203.0.113.9/leak.png", "///203.0.113.9/leak.png", "hTTp://203.0.113.9/leak.png",
		"http://203.0.113.9\\@"+self+"/leak.png", "http://"+self+":80@203.0.113.9/leak.png", "http://cdn.example.com:8080/leak.png",
		"ht\ttp://203.0.113.9/leak.png", "http://203.0.\n113.9/leak.png",
		"ftp://ftp.example.com/leak.png", "ftp://203.0.113.9/leak.png", "ws://ws.example.com/leak.png", "wss://203.0.113.9/leak.png",
		"gopher://203.0.113.9/leak.png", "file:///etc/hostname.png", "file://203.0.113.9/leak.png", "unix:/run/leak.png",
		"view-source:http://203.0.113.9/leak.png", "jar:http://203.0.113.9/a.jar!/leak.png", "blob:http://203.0.113.9/leak.png",
		"javascript:fetch('//203.0.113.9/leak.png')", "//localhost:"+strconv.Itoa(port)+file, "http://"+demo.Onion("nobody's")+file,
	)
}

// leakClearNames are names that a site with clearnet = true may ask for.
func leakClearNames() []string {
	dead := strings.TrimSuffix(demo.Onion("nobody's"), ".onion")
	return []string{"cdn.example.com", "www.example.com", "xn--exmple-cua.com", dead + ".to", dead + ".onion.example.net", "localhost.example.com",
		"ftp.example.com", "ws.example.com", "hooks.example.org"}
}

// leakSite is a site that points everywhere.
type leakSite struct {
	host  string
	bad   []string
	entry []byte // a picture of the data set

	mu    sync.Mutex
	asked map[string]int
}

func newLeakSite(host string, port int, entry []byte) *leakSite {
	return &leakSite{host: host, bad: badAddresses(host, port), entry: entry, asked: map[string]int{}}
}

// others are places that are no place of a page: each bad address has a page of
// its own for them.
func (s *leakSite) others() []string {
	return []string{"base", "meta", "refresh", "301", "302", "303", "307", "308"}
}

func (s *leakSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	s.mu.Unlock()
	bad := header(s.bad[len(r.URL.Path)%len(s.bad)])
	for _, line := range [][2]string{
		{"Link", "<" + bad + ">; rel=preload; as=image, <" + bad + ">; rel=preconnect"}, {"Alt-Svc", `h2="203.0.113.9:443", h3=":443"`},
		{"Onion-Location", bad}, {"Content-Location", bad}, {"SourceMap", bad}, {"Report-To", `{"endpoints":[{"url":"http://203.0.113.9/r"}]}`},
	} {
		w.Header().Set(line[0], line[1])
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch kind {
	case "":
		s.page(w, s.index())
	case "entry.jpg":
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(s.entry)
	case "places":
		s.page(w, s.places())
	case "seen":
		s.seen(w, rest)
	default:
		s.other(w, kind, rest)
	}
}

func (s *leakSite) page(w http.ResponseWriter, html string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><title>x</title>", html)
}

// header makes an address fit for a header.
func header(address string) string { return strings.NewReplacer("\n", "", "\t", "").Replace(address) }

func (s *leakSite) index() string {
	html := `<a href="/places">places</a> <img src="/entry.jpg">`
	for _, kind := range s.others() {
		html += fmt.Sprintf(`<a href="/%s/good">x</a>`, kind)
		for i := range s.bad {
			html += fmt.Sprintf(`<a href="/%s/%d">x</a>`, kind, i)
			if strings.HasPrefix(kind, "3") {
				html += fmt.Sprintf(`<img src="/%s/%d.png">`, kind, i)
			}
		}
	}
	return html
}

// places has the good address and each bad one in every place.
func (s *leakSite) places() string {
	var b strings.Builder
	for i, p := range leakPlaces() {
		for _, address := range append([]string{s.good(i, p)}, s.bad...) {
			b.WriteString(strings.ReplaceAll(p.html, "%s", address) + "\n")
		}
	}
	return b.String()
}

func (s *leakSite) good(i int, p leakPlace) string {
	if p.good == "" {
		return "/unasked"
	}
	return fmt.Sprintf("/seen/%d.%s", i, p.good)
}

// seen is what stands at good addresses: again a way out.
func (s *leakSite) seen(w http.ResponseWriter, name string) {
	switch {
	case strings.HasSuffix(name, ".css"):
		w.Header().Set("Content-Type", "text/css")
		for _, bad := range s.bad {
			fmt.Fprintf(w, "@import %q;\n@import url(%s);\np { background: url(%s), url(\"%s\") }\n", bad, bad, bad, bad)
		}
		fmt.Fprintf(w, "p { background: url(/seen/in-css.png) }")
	case strings.HasSuffix(name, ".png"):
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`)
		for _, bad := range s.bad {
			fmt.Fprintf(w, `<image href="%s"/><a href="%s"/>`, bad, bad)
		}
		fmt.Fprint(w, `<image href="/seen/in-svg.png"/></svg>`)
	default:
		s.page(w, "seen")
	}
}

// other serves the places that are no place of a page.
func (s *leakSite) other(w http.ResponseWriter, kind, name string) {
	to := "/seen/" + kind + ".html"
	if i, err := strconv.Atoi(strings.TrimSuffix(name, ".png")); err == nil && i < len(s.bad) {
		to = s.bad[i]
	}
	switch kind {
	case "base":
		if name == "good" {
			to = "/seen/"
		}
		s.page(w, `<base href="`+to+`"><img src="base.html"><img src="base.png"><a href="base.html">x</a>`)
	case "meta":
		s.page(w, `<meta http-equiv=refresh content="0; url=`+to+`">`)
	case "refresh":
		w.Header().Set("Refresh", "0; url="+header(to))
		s.page(w, "")
	default:
		code, err := strconv.Atoi(kind)
		if err != nil || code < 300 || code > 399 {
			http.NotFound(w, nil)
			return
		}
		w.Header().Set("Location", header(to))
		w.WriteHeader(code)
	}
}

// unasked lists the followed places whose good address nobody asked for.
func (s *leakSite) unasked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []string
	for i, p := range leakPlaces() {
		if p.good != "" && s.asked[s.good(i, p)] == 0 {
			open = append(open, p.html)
		}
	}
	for _, kind := range append(s.others(), "in-css", "in-svg") {
		path := "/seen/" + kind + ".html"
		if strings.HasPrefix(kind, "in-") {
			path = "/seen/" + kind + ".png"
		}
		if s.asked[path] == 0 {
			open = append(open, kind)
		}
	}
	if s.asked["/unasked"] > 0 {
		open = append(open, "a place that must not be followed")
	}
	return open
}

func (s *leakSite) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.asked {
		n += k
	}
	return n
}
