package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// slowDaemon reads a page whose bytes come one at a time.
func slowDaemon(t *testing.T) *lifeDaemon {
	t.Helper()
	world := lifeWorld(t)
	onion := world.Handle("slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("<p>slow</p>", 1000))
	}))
	world.Proxy().Fault(onion, demo.Drip)
	d := lifeServe(t, newLifeHome(t, world.Socks(), lifeSite("slow", onion, "")), nil)
	lifeWait(t, 10*time.Second, "the page is being read", func() bool { return len(world.Requests()) > 0 })
	return d
}

// SIGTERM while a body trickles in: the daemon drains and ends well, the site
// is not blamed, and its link is still due. A SIGHUP on the way changes nothing.
func TestLifeDrains(t *testing.T) {
	if testing.Short() {
		t.Skip("the drain takes 20 s")
	}
	t.Parallel()
	d := slowDaemon(t)
	start := time.Now()
	d.signal(t, syscall.SIGTERM)
	lifeWait(t, 5*time.Second, "it says that it stops", func() bool { return strings.Contains(d.log.String(), "stopping") })
	d.signal(t, syscall.SIGHUP)
	if code := d.exit(t, 30*time.Second); code != 0 {
		t.Errorf("exit code %d (%v), want 0\n%s", code, d.err, d.log)
	}
	fmt.Printf("\nfigure drain_seconds %.1f\n", time.Since(start).Seconds())
	if _, err := os.Lstat(d.home.socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
	site := lifeOut[crawler.Site](t, d.home.must(t, "--json", "site", "list"))[0]
	if site.State != "new" || site.Cause != nil || site.Due != 1 {
		t.Errorf("got state %s, cause %v, due %d; want new, nobody blamed, due again", site.State, site.Cause, site.Due)
	}
	if c := lifeOut[assure.Coverage](t, d.home.must(t, "--json", "coverage"))[0]; c.Causes[crawler.Stopped] != 1 || c.Visited != 1 {
		t.Errorf("the ledger says %v, want the visit as stopped", c.Causes)
	}
}

func TestLifeSecondTermQuits(t *testing.T) {
	t.Parallel()
	d := slowDaemon(t)
	d.signal(t, syscall.SIGTERM)
	lifeWait(t, 5*time.Second, "it says that it stops", func() bool { return strings.Contains(d.log.String(), "stopping") })
	select {
	case <-d.gone:
		t.Fatal("it did not wait for the visit")
	case <-time.After(300 * time.Millisecond):
	}
	start := time.Now()
	d.signal(t, syscall.SIGTERM)
	if code := d.exit(t, 10*time.Second); code != exitFailure || time.Since(start) > time.Second {
		t.Errorf("exit code %d after %v, want %d within a second", code, time.Since(start), exitFailure)
	}
	if said := d.log.String(); !strings.Contains(said, "quitting at once") {
		t.Errorf("it does not say why it quits:\n%s", said)
	}
	lifeServe(t, d.home, nil) // and the next start finds all in order
}

// siteNames are the sites that the daemon says it watches.
func (d *lifeDaemon) siteNames(t *testing.T) []string {
	t.Helper()
	sites, err := lifeList[crawler.Site](context.Background(), d.client, "/v1/sites")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sites {
		names = append(names, s.Name)
	}
	return names
}

// countOf is how many requests a site has seen.
func countOf(world *demo.World, onion string) (n int) {
	for _, q := range world.Requests() {
		if q.Host == onion {
			n++
		}
	}
	return n
}

func TestLifeReload(t *testing.T) {
	t.Parallel()
	world := lifeWorld(t)
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>here</p>") })
	stays, goes, comes := world.Handle("stays", page), world.Handle("goes", page), world.Handle("comes", page)
	every := `interval = "1s"`
	home := newLifeHome(t, world.Socks(), lifeSite("stays", stays, every)+lifeSite("goes", goes, every))
	d := lifeServe(t, home, nil)
	lifeWait(t, 10*time.Second, "both sites are visited", func() bool { return countOf(world, stays) > 0 && countOf(world, goes) > 0 })
	if strings.Contains(d.log.String(), "level=DEBUG") {
		t.Fatal("it logs at debug level unasked")
	}

	home.write(t, world.Socks(), "[log]\nlevel = \"debug\"\n"+lifeSite("stays", stays, every)+lifeSite("comes", comes, every))
	d.signal(t, syscall.SIGHUP)
	lifeWait(t, 10*time.Second, "the new site is watched", func() bool { return countOf(world, comes) > 0 })
	if got := d.siteNames(t); !slices.Equal(got, []string{"comes", "stays"}) {
		t.Errorf("site list: got %v, want comes and stays", got)
	}
	before, beside := countOf(world, goes), countOf(world, stays)
	lifeWait(t, 15*time.Second, "the other site goes on", func() bool { return countOf(world, stays) > beside+2 })
	if now := countOf(world, goes); now != before {
		t.Errorf("the site that is gone was visited %d times more", now-before)
	}
	lifeWait(t, 5*time.Second, "it logs at debug level", func() bool { return strings.Contains(d.log.String(), "level=DEBUG") })

	home.write(t, world.Socks(), "[log]\nlevel = \"error\"\n"+lifeSite("stays", stays, every))
	d.signal(t, syscall.SIGHUP)
	lifeWait(t, 10*time.Second, "one site is left", func() bool { return slices.Equal(d.siteNames(t), []string{"stays"}) })
	d.term(t)
	if strings.Contains(d.log.String(), "msg=stopping") {
		t.Error("at level error it still says that it stops")
	}
}

// A config with a mistake changes nothing, and the log names the key.
func TestLifeReloadRefused(t *testing.T) {
	t.Parallel()
	world := lifeWorld(t)
	onion := world.Handle("stays", http.NotFoundHandler())
	good := lifeSite("stays", onion, "")
	home := newLifeHome(t, world.Socks(), good)
	d := lifeServe(t, home, nil)
	other := lifeSite("other", world.Handle("other", http.NotFoundHandler()), "")
	for _, row := range []struct{ name, config, want string }{
		{"unknown key", other + "[crawl]\nworkerz = 3\n", `key=crawl\.workerz line=[0-9]+ `},
		{"no TOML", other + "[crawl\n", `line=[0-9]+ `},
		{"bad value", other + "[match]\nmax_distance = 300\n", `key=match\.max_distance line=[0-9]+ `},
		{"no secret", other + "[notify.hook]\nkind = \"webhook\"\nurl = \"http://hooks.example.org/\"\nsecret_file = \"gone\"\n", `notify\.hook`},
	} {
		before := len(d.log.String())
		home.write(t, world.Socks(), row.config)
		d.signal(t, syscall.SIGHUP)
		want := regexp.MustCompile(`level=ERROR msg="config not taken: the old one stays" .*` + row.want + `.*\n`)
		lifeWait(t, 10*time.Second, row.name+": a line that names the key: "+want.String(), func() bool { return want.MatchString(d.log.String()[before:]) })
		if got := d.siteNames(t); !slices.Equal(got, []string{"stays"}) {
			t.Errorf("%s: site list: got %v, want stays", row.name, got)
		}
	}
	home.write(t, world.Socks(), good+other)
	d.signal(t, syscall.SIGHUP)
	lifeWait(t, 10*time.Second, "the mended config is taken", func() bool { return len(d.siteNames(t)) == 2 })
	d.term(t)
}
