package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/tor/tornet"
)

// The whole program over the real Tor: a private network on loopback, two
// onion services, and the built binary with a config as an admin writes it.
func TestRealTor(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a private Tor network takes half a minute")
	}
	if err := tornet.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	w, f := newOnionWorld(t), newFieldWorld(t)
	leak, address := servedLeak(t, f)
	start := time.Now()
	network, err := tornet.Start(t.Context(), t.TempDir(), tornet.Options{Sites: append(w.addresses(), address)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	t.Logf("private tor network up after %s", since(start))
	w.open(network.Onions())
	t.Run("once", func(t *testing.T) { w.once(t, network) })
	t.Run("a leak", func(t *testing.T) {
		f.t, f.socks = t, network.Socks()
		f.findsLeak(t, leak, "http://"+network.Onions()[len(w.sites)]+"/")
	})
	t.Run("sites that hang up are blamed", func(t *testing.T) { w.blame(t, network) })
	t.Run("tor killed in mid-crawl", func(t *testing.T) { w.outage(t, network) })
}

// servedLeak serves a leak-shaped site where an onion service can take it from.
func servedLeak(t *testing.T, f *fieldWorld) (leak *demo.Leak, address string) {
	t.Helper()
	leak, err := demo.NewLeak(f.world, demo.LeakOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(leak.Handler)
	t.Cleanup(server.Close)
	return leak, server.Listener.Addr().String()
}

func since(start time.Time) time.Duration { return time.Since(start).Round(100 * time.Millisecond) }

// once: one round finds exactly what was planted.
func (w *onionWorld) once(t *testing.T, network *tornet.Net) {
	d := newOnionDesk(t, network.Socks(), w)
	d.must(t, "hashset", "load", "travellers", w.dataSet)
	start := time.Now()
	d.must(t, "run", "--once")
	t.Logf("run --once: %s", since(start))
	w.expectFound(t, d)
	for _, s := range w.sites {
		if missed := s.unasked(); len(missed) > 0 {
			t.Errorf("%s: never asked for %v", s.name, missed)
		}
	}
}

// blame is the control of outage: the same broken answers, with Tor alive, are
// the sites' own fault.
func (w *onionWorld) blame(t *testing.T, network *tornet.Net) {
	d := newOnionDesk(t, network.Socks(), w)
	for _, s := range w.sites {
		s.hold().release()
	}
	d.must(t, "run", "--once")
	complaints, ours := w.blamed(t, d)
	if len(complaints) != len(w.sites) || !strings.HasSuffix(complaints[0], "1 visits ended in partial") || len(ours) > 0 {
		t.Errorf("got %q and %v as our own causes, want one partial of each site", complaints, ours)
	}
}

// outage: a daemon loses its Tor while a picture of each site is on the way.
func (w *onionWorld) outage(t *testing.T, network *tornet.Net) {
	d := newOnionDesk(t, network.Socks(), w)
	d.must(t, "hashset", "load", "travellers", w.dataSet)
	held := []*heldAnswer{w.sites[0].hold(), w.sites[1].hold()}
	daemon := d.daemon(t)
	start := time.Now()
	d.until(t, 90*time.Second, "a picture of each site is on the way", func() bool { return held[0].reached() && held[1].reached() })
	before := w.found(t, d)
	network.StopClient()
	killed := time.Now()
	held[0].release()
	held[1].release()
	t.Logf("tor killed %s after the daemon's start, with %d of %d found", since(start), before, w.planted())
	if before >= w.planted() {
		t.Fatalf("all %d copies were found before tor was killed: this proves nothing", before)
	}
	d.until(t, 60*time.Second, "tor_down is told", func() bool { return d.told(t)["tor_down"] == 1 })
	t.Logf("tor_down told %s after the kill", since(killed))
	// Long enough for probes that fail, and for the seeds to come due twice.
	d.until(t, 60*time.Second, "links of every site have waited for 5 s", func() bool {
		if blamed, _ := w.blamed(t, d); len(blamed) > 0 {
			t.Fatalf("while our own tor is gone: %v", blamed)
		}
		return !slices.ContainsFunc(d.sites(t), func(s crawler.Site) bool { return s.Due == 0 || time.Since(*s.NextDue) < 5*time.Second })
	})
	if _, ours := w.blamed(t, d); ours[crawler.TorDown] < len(w.sites) {
		t.Errorf("coverage has %v as our own causes, want a tor_down for each of the %d pictures on the way", ours, len(w.sites))
	}
	w.expectStillDue(t, d, held[0].path)
	if err := network.StartClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	d.until(t, 2*time.Minute, "tor_back is told", func() bool { return d.told(t)["tor_back"] == 1 })
	t.Logf("tor_back told %s after tor's restart, %s after its end", since(back), since(killed))
	d.until(t, 3*time.Minute, "the rest is found", func() bool { return w.found(t, d) == w.planted() })
	t.Logf("all %d found %s after tor's restart", w.planted(), since(back))
	d.until(t, time.Minute, "every link is visited", func() bool { return len(w.unvisited(t, d)) == 0 })
	if !held[0].again() || !held[1].again() {
		t.Error("a picture that was on the way when tor died was not asked for again")
	}
	w.expectFound(t, d)
	d.expectTold(t, map[string]int{"tor_down": 1, "tor_back": 1, "alert": len(w.sites)})
	daemon.stop(t)
}

// expectFound holds the alerts against what was planted: one alert for each
// site, each planted copy once, with its ref and orientation, and no stranger.
func (w *onionWorld) expectFound(t *testing.T, d *onionDesk) {
	t.Helper()
	alerts := onionLines[alert.Alert](t, d.must(t, "alert", "list", "--json"))
	if len(alerts) != len(w.sites) {
		t.Errorf("got %d alerts, want one for each of %d sites: %+v", len(alerts), len(w.sites), alerts)
	}
	for _, s := range w.sites {
		i := slices.IndexFunc(alerts, func(a alert.Alert) bool { return a.Site == s.name && a.Set == "travellers" && a.State == "new" })
		if i < 0 {
			t.Errorf("%s: no alert", s.name)
			continue
		}
		details := onionLines[alert.Detail](t, d.must(t, "alert", "show", "--json", alerts[i].ID))
		got := map[string]onionPlant{}
		for _, f := range details[0].Findings {
			if _, twice := got[f.URL]; twice {
				t.Errorf("%s: two findings of %s", s.name, f.URL)
			}
			got[f.URL] = onionPlant{ref: *f.Ref, orientation: *f.Orientation, verdict: f.Verdict}
			if f.Places != 1 {
				t.Errorf("%s: %d sightings of %s, want 1", s.name, f.Places, f.URL)
			}
		}
		if !maps.Equal(got, s.plants) {
			t.Errorf("%s: found\n%v\nwant\n%v", s.name, got, s.plants)
		}
		if details[0].FindingsTotal != len(s.plants) || alerts[i].Refs != len(s.plants) {
			t.Errorf("%s: %d findings of %d refs, want %d each", s.name, details[0].FindingsTotal, alerts[i].Refs, len(s.plants))
		}
	}
}

// blamed lists what the program has against the sites, and counts the causes
// that it takes upon itself.
func (w *onionWorld) blamed(t *testing.T, d *onionDesk) (complaints []string, ours map[crawler.Cause]int) {
	t.Helper()
	for _, s := range d.sites(t) {
		if s.State == "blind" || s.Cause != nil {
			complaints = append(complaints, fmt.Sprintf("%s is %s", s.Name, s.State))
		}
	}
	ours = map[crawler.Cause]int{}
	for _, c := range onionLines[assure.Coverage](t, d.must(t, "coverage", "--json")) {
		for cause, n := range c.Causes {
			switch cause.Class() {
			case crawler.ClassSeen:
			case crawler.ClassOurs:
				ours[cause] += n
			default:
				complaints = append(complaints, fmt.Sprintf("%s: %d visits ended in %s", c.Site, n, cause))
			}
		}
	}
	return complaints, ours
}

// expectStillDue: what was on the way when Tor died waits as if nobody had
// asked for it.
func (w *onionWorld) expectStillDue(t *testing.T, d *onionDesk, path string) {
	t.Helper()
	for _, s := range w.sites {
		links := onionLines[crawler.Link](t, d.must(t, "site", "show", s.name, "--links", "--json"))
		i := slices.IndexFunc(links, func(l crawler.Link) bool { return l.URL == "http://"+s.onion+path })
		if i < 0 || links[i].State != "due" || links[i].Cause != nil || links[i].Tries != 0 {
			t.Errorf("%s: the picture on the way is not simply due: %+v", s.name, links[max(i, 0)])
		}
	}
}

// found counts the findings that the alerts hold so far.
func (w *onionWorld) found(t *testing.T, d *onionDesk) int {
	t.Helper()
	n := 0
	for _, a := range onionLines[alert.Alert](t, d.must(t, "alert", "list", "--json")) {
		n += a.Findings
	}
	return n
}

// unvisited lists the links that a site has and that ended in nothing, or in
// something else than content, and those that it never learned of.
func (w *onionWorld) unvisited(t *testing.T, d *onionDesk) []string {
	t.Helper()
	var open []string
	for _, s := range w.sites {
		known := map[string]bool{}
		for _, l := range onionLines[crawler.Link](t, d.must(t, "site", "show", s.name, "--links", "--json")) {
			known[l.URL] = l.Cause != nil && l.Cause.Class() == crawler.ClassSeen
		}
		for _, u := range s.urls() {
			if !known[u] {
				open = append(open, u)
			}
		}
	}
	return open
}

// onionDesk is one state folder with its config, and the built binary.
type onionDesk struct{ binary, config, notices string }

func newOnionDesk(t *testing.T, socks string, w *onionWorld) *onionDesk {
	t.Helper()
	dir := t.TempDir()
	d := &onionDesk{binary(t), filepath.Join(dir, "config.toml"), filepath.Join(dir, "notices.jsonl")}
	if err := os.WriteFile(d.config, []byte(w.config(dir, socks, d.notices)), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// must runs a command that has to succeed and returns its standard output.
func (d *onionDesk) must(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.binary, append([]string{"--config", d.config}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("leakwatch %s: %v\n%s%s", strings.Join(args, " "), err, out.Bytes(), said.Bytes())
	}
	return out.Bytes()
}

func (d *onionDesk) sites(t *testing.T) []crawler.Site {
	t.Helper()
	sites := onionLines[crawler.Site](t, d.must(t, "site", "list", "--json"))
	if len(sites) == 0 {
		t.Fatal("site list is empty")
	}
	return sites
}

// told counts the notices of each type. A line may still be on the way.
func (d *onionDesk) told(t *testing.T) map[string]int {
	t.Helper()
	data, err := os.ReadFile(d.notices)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	types := map[string]int{}
	for _, n := range onionLines[struct{ Type, ID string }](t, data[:bytes.LastIndexByte(data, '\n')+1]) {
		types[n.Type]++
	}
	return types
}

// expectTold waits for the notices that are wanted, and finds no other.
func (d *onionDesk) expectTold(t *testing.T, want map[string]int) {
	t.Helper()
	d.until(t, 30*time.Second, "the notices are written", func() bool {
		got := d.told(t)
		for kind, n := range want {
			if got[kind] < n {
				return false
			}
		}
		return true
	})
	if got := d.told(t); !maps.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

// until polls what real programs do in their own time.
func (d *onionDesk) until(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s\nsites: %s\ncoverage: %s\ntold: %v", limit, what,
				d.must(t, "site", "list", "--json"), d.must(t, "coverage", "--json"), d.told(t))
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// onionDaemon is a running `leakwatch run`.
type onionDaemon struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // read after ended
	ended chan error
}

func (d *onionDesk) daemon(t *testing.T) *onionDaemon {
	t.Helper()
	r := &onionDaemon{cmd: exec.Command(d.binary, "--config", d.config, "run"), ended: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		r.ended <- r.cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("the daemon said:\n%s", r.said.Bytes())
		}
	})
	d.until(t, 30*time.Second, "the daemon serves its socket", func() bool {
		_, err := os.Stat(filepath.Join(filepath.Dir(d.config), "state", "leakwatch.sock"))
		return err == nil
	})
	return r
}

// stop ends the daemon as systemd does.
func (r *onionDaemon) stop(t *testing.T) {
	t.Helper()
	start := time.Now()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("the daemon ended with %v, want exit code 0\n%s", err, r.said.Bytes())
		}
		t.Logf("SIGTERM: ended after %s", since(start))
	case <-time.After(30 * time.Second):
		t.Errorf("the daemon does not end within 30 s of SIGTERM")
	}
}

// onionLines reads JSON Lines.
func onionLines[T any](t *testing.T, data []byte) []T {
	t.Helper()
	var all []T
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%v in %s", err, lines.Bytes())
		}
		all = append(all, v)
	}
	return all
}
