package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// stand is a world of hand-made sites, a config for them, and the built program
// that watches them: through the front door, and read back by its own commands.
type stand struct {
	t     *testing.T
	world *demo.World
	dir   string
	top   string // the config between socks and the sites: begins within [tor]
	sites strings.Builder
}

// newStand makes an empty world.
func newStand(t *testing.T, top string) *stand {
	t.Helper()
	w, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	return &stand{t: t, world: w, dir: t.TempDir(), top: top}
}

// site adds a site with one seed. Keys that extra does not set are those of a
// site without pacing.
func (s *stand) site(name, seed, extra string) {
	fmt.Fprintf(&s.sites, "[[site]]\nname = %q\nseeds = [%q]\n", name, seed)
	for key, value := range map[string]string{"delay": `"0s"`, "interval": `"1h"`} {
		if !strings.Contains(extra, key+" ") {
			fmt.Fprintf(&s.sites, "%s = %s\n", key, value)
		}
	}
	s.sites.WriteString(extra + "\n")
}

func (s *stand) config() string {
	path := filepath.Join(s.dir, "config.toml")
	text := fmt.Sprintf("[state]\ndir = %q\n[web]\nlisten = \"127.0.0.1:0\"\n[tor]\nsocks = %q\n%s\n%s",
		filepath.Join(s.dir, "state"), s.world.Socks(), s.top, s.sites.String())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// command is the built program with this stand's config.
func (s *stand) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary(s.t), append([]string{"--config", s.config()}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + s.dir}
	return cmd
}

// ran is how a run of the program ended.
type ran struct {
	code int
	log  string
	peak int64 // bytes of memory, at most
}

// once is `run --once`.
func (s *stand) once() (ran, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := s.command(ctx, "run", "--once")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return ran{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for peak := int64(0); ; {
		select {
		case <-tick.C:
			peak = max(peak, peakOf(cmd.Process.Pid))
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
				return ran{}, fmt.Errorf("run --once did not end by itself: %w\n%s", err, log.String())
			}
			return ran{cmd.ProcessState.ExitCode(), log.String(), peak}, nil
		}
	}
}

// peakOf is the most memory that a process held so far. Its rusage would not
// do: that begins with the memory of whoever started it.
func peakOf(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.ParseInt(kib, 10, 64)
	return n << 10
}

// ask runs a command with --json and decodes its lines.
func ask[T any](s *stand, args ...string) []T {
	s.t.Helper()
	cmd := s.command(s.t.Context(), append(args, "--json")...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, complaints.String())
	}
	var all []T
	for dec := json.NewDecoder(&out); ; {
		var v T
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			s.t.Fatalf("%v: %v", args, err)
		}
		all = append(all, v)
	}
}

// coverage is `coverage --json` by site. Its sums must hold.
func (s *stand) coverage() map[string]assure.Coverage {
	s.t.Helper()
	all := map[string]assure.Coverage{}
	for _, c := range ask[assure.Coverage](s, "coverage") {
		all[c.Site] = c
		sum := 0
		for cause, n := range c.Causes {
			if sum += n; cause.Class() == "" {
				s.t.Errorf("coverage of %s counts %q, which is no cause", c.Site, cause)
			}
		}
		if sum != c.Visited || c.Due != c.Visited+c.Waiting {
			s.t.Errorf("coverage of %s does not add up: causes %d, visited %d, waiting %d, due %d", c.Site, sum, c.Visited, c.Waiting, c.Due)
		}
	}
	return all
}

func (s *stand) show(site string) crawler.Detail {
	s.t.Helper()
	return ask[crawler.Detail](s, "site", "show", site)[0]
}

func (s *stand) links(site string) []crawler.Link {
	s.t.Helper()
	return ask[crawler.Link](s, "site", "show", site, "--links")
}

// pathsOf lists what was asked of a site, in order.
func (s *stand) pathsOf(host string) []string {
	var paths []string
	for _, r := range s.world.Requests() {
		if r.Host == host || strings.HasSuffix(r.Host, "."+host) {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// A few sites, as short as they can be.

// page answers every path with the same page.
func page(body string) http.HandlerFunc { return serves("text/html; charset=utf-8", body) }

func serves(mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		io.WriteString(w, body)
	}
}

// tree answers by path; what it does not know is a short page.
func tree(paths map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h := paths[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		page("nothing more")(w, r)
	}
}

// raw answers with bytes of its own making, and hangs up.
func raw(answer func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		answer(c)
	}
}

// says is raw with a text. The request's rest is read no more: the client
// closes when it has had enough.
func says(text string) http.HandlerFunc {
	return raw(func(c net.Conn) { io.WriteString(c, text) })
}

// leadsTo redirects every path.
func leadsTo(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{to}
		w.WriteHeader(http.StatusFound)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// trickles sends a head at once and then a byte now and then, or none at all
// with every = 0, until the client has gone.
func trickles(every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>")
		out := http.NewResponseController(w)
		out.Flush()
		for every > 0 {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(every):
				if _, err := io.WriteString(w, "x"); err != nil {
					return
				}
				out.Flush()
			}
		}
		<-r.Context().Done()
	}
}

// silent takes the request and says nothing.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
