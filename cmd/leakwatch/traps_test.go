package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/crawler"
)

// Crawl traps: sites that want to keep us busy. Part of TestHostileSites.

// spellings shows one URL in a thousand spellings.
func (s *stand) spellings() story {
	host := s.world.Handle("spellings", nil)
	var b strings.Builder
	for i := range 250 {
		upper := []byte(host)
		for j := range 8 {
			if i>>j&1 == 1 && upper[j] >= 'a' {
				upper[j] -= 'a' - 'A'
			}
		}
		fmt.Fprintf(&b, "<a href='http://%s/target?a=1'>x</a>", upper)
		fmt.Fprintf(&b, "<a href='/d%d/../t%%61rget?a=1#f%d'>x</a>", i, i)
		fmt.Fprintf(&b, "<a href='//u%d:p@%s:80/./target?utm_source=%d&a=1'>x</a>", i, host, i)
		fmt.Fprintf(&b, "<a href='%starget?sid=%d&a=1&PHPSESSID=%d'>x</a>", strings.Repeat("./", i%5+1), i, i)
	}
	return story{"spellings", tree(map[string]http.HandlerFunc{"/": page(b.String())}), "",
		func(t *testing.T, _ map[crawler.Cause]int, _ crawler.Detail) {
			if got := s.pathsOf(host); len(got) > 1+3 {
				t.Errorf("%d requests, want the page and at most 3 spellings: %.500q", len(got), got)
			}
		}}
}

// million shows a million links.
func (s *stand) million() story {
	var b strings.Builder
	for i := range 1_000_000 {
		b.WriteString("<a href=" + strconv.FormatInt(int64(i), 36) + ">")
	}
	return story{"million", tree(map[string]http.HandlerFunc{"/": page(b.String())}), "max_pages = 5",
		func(t *testing.T, causes map[crawler.Cause]int, d crawler.Detail) {
			if d.Links > 10_001 || d.Links < 10_000 || causes[crawler.LimitLinks]+causes[crawler.LimitPage] != 1 {
				t.Errorf("%d links kept, causes %v: want 10,000, and the cut said", d.Links, causes)
			}
		}}
}

// calendar has a page for each day, and each day leads to the next two.
func (s *stand) calendar(name string, depth int, end crawler.Cause) story {
	answer := func(w http.ResponseWriter, r *http.Request) {
		day, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/day/"))
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<a href=/day/%d>next</a><a href=/day/%d>after</a>", day+1, day+2)
	}
	return story{name, answer, fmt.Sprintf("depth = %d\nmax_pages = 40", depth),
		func(t *testing.T, causes map[crawler.Cause]int, d crawler.Detail) {
			if text(d.Round.End) != string(end) || d.Round.Pages > 40 || d.Round.Pages < depth && depth < 40 {
				t.Errorf("round ended in %s after %d pages, want %s within 40; causes %v", text(d.Round.End), d.Round.Pages, end, causes)
			}
			if end == "done" && d.Causes[crawler.LimitDepth] == 0 {
				t.Errorf("causes of the links are %v: what lies beyond the depth is not said", d.Causes)
			}
		}}
}

// subDomains has an endless number of names, which are one machine: one pace and
// one budget hold for all of them.
func (s *stand) subDomains() story {
	const delay = time.Second
	host := s.world.Handle("sub-domains", nil)
	answer := func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(r.Host, "."+host), "n"))
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<a href=http://n%d.%s/>x</a><a href=http://n%d.%s/>x</a>", 2*n+1, host, 2*n+2, host)
	}
	return story{"sub-domains", answer, "depth = 1000\nmax_pages = 5\ndelay = \"1s\"",
		func(t *testing.T, causes map[crawler.Cause]int, d crawler.Detail) {
			var last time.Time
			names := map[string]bool{}
			for _, r := range s.world.Requests() {
				if !strings.HasSuffix(r.Host, host) {
					continue
				}
				if gap := r.At.Sub(last); gap < delay {
					t.Errorf("%s was asked %v after another name of the same onion, want %v", r.Host, gap, delay)
				}
				last, names[r.Host] = r.At, true
			}
			if len(names) != 5 || text(d.Round.End) != string(crawler.BudgetPages) {
				t.Errorf("%d names, round ended in %s, want 5 and budget_pages; causes %v", len(names), text(d.Round.End), causes)
			}
		}}
}
