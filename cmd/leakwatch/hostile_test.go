package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/crawler"
)

const (
	hostileTop = `connect_timeout = "4s"
first_contacts = 256
[crawl]
header_timeout = "5s"
fetch_timeout = "10s"
`
	neighbours   = 20
	hostileRound = 60 * time.Second // the whole round, on a busy machine
	hostileRSS   = 256 << 20
)

// All hostile sites at once, and 20 ordinary ones beside them: each hostile site
// ends by its own cause in a bounded time and memory, and the neighbours lose no
// visit.
func TestHostileSites(t *testing.T) {
	s := newStand(t, hostileTop)
	rows := hostileRows()
	for _, r := range rows {
		s.site(r.name, "http://"+s.world.Handle(r.name, r.answer)+"/", "")
	}
	stories := hostileStories(s)
	for _, st := range stories {
		s.site(st.name, "http://"+s.world.Handle(st.name, st.answer)+"/", st.extra)
	}
	s.onceAmongNeighbours(len(rows)+len(stories), "hostile sites")
	coverage := s.coverage()
	for _, row := range rows {
		found := coverage[row.name].Causes
		if !slices.ContainsFunc(row.want, func(c crawler.Cause) bool { return found[c] > 0 }) {
			t.Errorf("%s ended in %v, want %v: %v", row.name, found, row.want, s.told(row.name))
		}
	}
	for i := range neighbours {
		if c := coverage[fmt.Sprint("neighbour-", i)]; c.Visited != 10 || c.Content != 10 || c.Pictures.Inspected != 5 {
			t.Errorf("neighbour %d: %d visits with %d contents and %d pictures, want 10, 10, 5: %v", i, c.Visited, c.Content, c.Pictures.Inspected, c.Causes)
		}
	}
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) { st.check(t, coverage[st.name].Causes, s.show(st.name)) })
	}
	s.goodManners(t)
	if info, err := os.Stat(filepath.Join(s.dir, "state", "crawl.db")); err != nil || info.Size() > 64<<20 {
		t.Errorf("crawl.db: %v, %v, want at most 64 MiB", info, err)
	}
}

// onceAmongNeighbours is a round of n hostile things and of the neighbours beside
// them, bounded in time and memory.
func (s *stand) onceAmongNeighbours(n int, what string) {
	s.t.Helper()
	for i := range neighbours {
		name := fmt.Sprint("neighbour-", i)
		s.site(name, "http://"+s.world.Handle(name, neighbour(i))+"/", "")
	}
	begin := time.Now()
	r, err := s.once()
	if err != nil {
		s.t.Fatal(err)
	}
	took := time.Since(begin)
	s.t.Logf("%d %s and %d neighbours: %v, peak memory %d MiB", n, what, neighbours, took.Round(time.Millisecond), r.peak>>20)
	if r.code != 0 || took > hostileRound || r.peak > hostileRSS {
		s.t.Errorf("exit code %d after %v with %d MiB, want 0 within %v and %d MiB\n%.2000s", r.code, took, r.peak>>20, hostileRound, hostileRSS>>20, r.log)
	}
}

// neighbour is an ordinary site: five pages and five pictures.
func neighbour(i int) http.HandlerFunc {
	paths := map[string]http.HandlerFunc{}
	links := ""
	for n := range 5 {
		path := fmt.Sprintf("/p%d.png", n)
		random := rand.New(rand.NewPCG(uint64(i), uint64(n)))
		paths[path] = serves("image/png", string(drawn(64, 64, func(int, int) uint8 { return uint8(random.Uint32()) })))
		links += fmt.Sprintf("<img src=%s>", path)
		if n > 0 {
			links += fmt.Sprintf("<a href=/t%d>x</a>", n)
		}
	}
	paths["/"] = page(links)
	return tree(paths)
}

// goodManners: whatever the sites asked for, nothing but plain GETs went out, to
// the sites alone.
func (s *stand) goodManners(t *testing.T) {
	if v := s.world.Violations(); len(v) > 0 {
		t.Errorf("asked the proxy for what may not be asked: %q", v)
	}
	for _, c := range s.world.Proxy().Connects("") {
		if c.Code != 0 || c.Port != 80 {
			t.Errorf("CONNECT to %s, port %d, which no site has", c.Name, c.Port)
		}
	}
	for _, r := range s.world.Requests() {
		for _, key := range []string{"Cookie", "Authorization", "Upgrade", "Range", "X-Evil"} {
			if v, there := r.Header[key]; there {
				t.Errorf("%s %s was sent %s: %q", r.Method, r.Path, key, v)
			}
		}
	}
}

// story is a hostile site whose harm shows in more than a cause.
type story struct {
	name   string
	answer http.HandlerFunc
	extra  string
	check  func(*testing.T, map[crawler.Cause]int, crawler.Detail)
}

func hostileStories(s *stand) []story {
	return []story{
		s.smuggler(), s.baker(), s.injector(), s.refresher(), s.spellings(), s.million(), s.calendar("calendar-budget", 1000, crawler.BudgetPages),
		s.calendar("calendar-depth", 4, "done"), s.subDomains(),
	}
}

// smuggler hides an answer behind the end of another.
func (s *stand) smuggler() story {
	first := "<a href=/next>x</a>"
	hidden := "<a href=/smuggled>x</a>"
	inner := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden)
	outer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(first), first)
	return story{"smuggler", tree(map[string]http.HandlerFunc{"/": says(outer + inner)}), "",
		func(t *testing.T, causes map[crawler.Cause]int, _ crawler.Detail) {
			if got := s.pathsOf(s.world.Handle("smuggler", nil)); slices.Contains(got, "/smuggled") || causes[crawler.OK] != 2 {
				t.Errorf("asked for %q, causes %v: want / and /next alone, both ok", got, causes)
			}
		}}
}

// baker sets a thousand cookies, and names other services. Nothing of it may
// come back: see goodManners.
func (s *stand) baker() story {
	return story{"baker", tree(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) {
		for i := range 1000 {
			w.Header().Add("Set-Cookie", fmt.Sprintf("c%d=v; Max-Age=9999999", i))
		}
		for key, value := range map[string]string{
			"Alt-Svc": `h3="evil.example.com:443"; ma=2592000, h2=":81"`, "Onion-Location": "http://evil.example.com/",
			"Link": `</x.css>; rel=preload, <http://evil.example.com/>; rel=preconnect`, "WWW-Authenticate": "Basic",
			"Content-Type": "text/html", "Strict-Transport-Security": "max-age=9999999",
		} {
			w.Header().Set(key, value)
		}
		fmt.Fprint(w, "<meta http-equiv=set-cookie content=a=b><a href=/1>x</a><a href=/2>x</a>")
	}}), "", func(t *testing.T, causes map[crawler.Cause]int, _ crawler.Detail) {
		if causes[crawler.OK] != 3 {
			t.Errorf("causes %v, want three visits that are ok", causes)
		}
	}}
}

// injector wants a line of its own in our next request.
func (s *stand) injector() story {
	return story{"injector", tree(map[string]http.HandlerFunc{
		"/":  page(`<a href="/1">x</a><a href="/2">x</a><a href="/4&#13;&#10;X-Evil: 1">x</a><a href="http://u:p@HOST/5">x</a>`),
		"/1": leadsTo("/a%0d%0aX-Evil:%201"),
		"/2": says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /b\rX-Evil: 1\r\n\r\n"),
	}), "", func(t *testing.T, causes map[crawler.Cause]int, _ crawler.Detail) {
		for _, p := range s.pathsOf(s.world.Handle("injector", nil)) {
			if strings.ContainsAny(p, "\r\n ") {
				t.Errorf("asked for %q", p)
			}
		}
		if causes[crawler.OK] < 3 {
			t.Errorf("causes %v", causes)
		}
	}}
}

// refresher leads round in circles by every kind of refresh.
func (s *stand) refresher() story {
	next := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Refresh", "0; url="+to)
			fmt.Fprintf(w, `<html><meta http-equiv=refresh content="0; url=%s"><base href=//evil.example.com/><noscript><meta http-equiv=refresh content=0></noscript>`, to)
		}
	}
	return story{"refresher", tree(map[string]http.HandlerFunc{"/": next("/b"), "/b": next("/c"), "/c": next("/")}), "",
		func(t *testing.T, causes map[crawler.Cause]int, d crawler.Detail) {
			if got := s.pathsOf(s.world.Handle("refresher", nil)); len(got) != 3 || causes[crawler.OK] != 3 || text(d.Round.End) != "done" {
				t.Errorf("asked for %q, causes %v, round %s: want each of three pages once, done", got, causes, text(d.Round.End))
			}
		}}
}
