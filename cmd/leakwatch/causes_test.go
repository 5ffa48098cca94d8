package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// where a cause shows.
type where int

const (
	inCoverage where = iota // and as the cause of a link, with its why
	inLinks                 // of a link that is not visited for it
	inRound                 // as the end of the round
	inUnopened              // as a line of what was not opened, with its why
)

// causeRow is one way to end in a cause.
type causeRow struct {
	cause crawler.Cause
	does  string // what the site does
	seen  where
	in    string // the stand that it needs: "" is the common one

	answer http.HandlerFunc
	within func(*stand) http.HandlerFunc // an answer that acts on its world
	code   byte                          // of SOCKS, instead of an answer
	fault  demo.Fault                    // of the connection
	clear  string                        // a name that is no onion, and the scheme before it
	extra  string                        // TOML of the site
}

func (r *causeRow) name() string { return strings.ReplaceAll(string(r.cause), "_", "-") }

// causeStands are the stands, each a run of its own, and the exit codes.
func causeStands() map[string]struct {
	top string
	run func(*stand) error
} {
	return map[string]struct {
		top string
		run func(*stand) error
	}{
		"": {`connect_timeout = "4s"
first_contacts = 64
[crawl]
header_timeout = "4s"
fetch_timeout = "8s"
max_redirects = 3
max_header = "8KiB"
max_url = 256
max_page = "256KiB"
max_links = 20
max_ratio = 50
[picture]
max_bytes = "256KiB"
max_pixels = 1000000
max_side = 4096
max_frames = 2
max_time = "1s"`, runTwice},
		"slow":       {"[crawl]\nfetch_timeout = \"60s\"\nmin_rate = \"512B\"", ends(0)},
		"containers": {containerLimits, ends(0)},
		"down":       {"", ends(exitTryAgain)},
		"failed":     {"", ends(exitTryAgain)},
		"stopped":    {"[crawl]\nheader_timeout = \"60s\"", runUntilStopped},
	}
}

// ends is a run that ends by itself with a code.
func ends(want int) func(*stand) error {
	return func(s *stand) error {
		r, err := s.once()
		if err == nil && r.code != want {
			err = fmt.Errorf("exit code %d, want %d:\n%s", r.code, want, r.log)
		}
		return err
	}
}

// runTwice lets a short interval pass between two rounds.
func runTwice(s *stand) error {
	if err := ends(0)(s); err != nil {
		return err
	}
	time.Sleep(1100 * time.Millisecond) // the interval of the site that stands unchanged
	return ends(0)(s)
}

// runUntilStopped stops the daemon in the middle of a visit that does not end.
func runUntilStopped(s *stand) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := s.command(ctx, "run")
	if err := cmd.Start(); err != nil {
		return err
	}
	for len(s.world.Requests()) == 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := cmd.Wait()
	if took := time.Since(begin); err != nil || took > 30*time.Second {
		return fmt.Errorf("stopped after %v with %v, want within 30 s and exit code 0", took, err)
	}
	return nil
}

// Each cause of the closed list is one in which the program ends, and says so by
// its own commands: a row for each, and no row for anything else.
func TestEveryCause(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: too_slow needs 30 s by its nature")
	}
	rows := causeRows()
	reached := map[crawler.Cause]bool{}
	groups := map[string][]causeRow{}
	for _, r := range rows {
		if r.cause.Class() == "" {
			t.Errorf("row %q: %q is not on the closed list", r.does, r.cause)
		}
		if reached[r.cause] {
			t.Errorf("row %q: %s has a row already", r.does, r.cause)
		}
		reached[r.cause] = true
		groups[r.in] = append(groups[r.in], r)
	}
	for _, c := range crawler.Causes() {
		if !reached[c] {
			t.Errorf("no row ends in %s", c)
		}
	}
	stands := causeStands()
	at, run := map[string]*stand{}, map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, in := range slices.Sorted(maps.Keys(groups)) {
		s := newStand(t, stands[in].top)
		for _, r := range groups[in] {
			s.plant(r)
		}
		at[in] = s
		all.Go(func() { // side by side: most of the time is waited
			err := stands[in].run(s)
			mu.Lock()
			defer mu.Unlock()
			run[in] = err
		})
	}
	all.Wait()
	for in, s := range at {
		t.Run("stand "+in, func(t *testing.T) { s.holds(t, groups[in], run[in]) })
	}
}

// holds checks a stand after its run.
func (s *stand) holds(t *testing.T, rows []causeRow, err error) {
	if err != nil {
		t.Error(err)
	}
	coverage := s.coverage()
	for _, r := range rows {
		if err := s.shows(r, coverage[r.name()].Causes); err != nil {
			t.Errorf("%s: %v", r.does, err)
		}
	}
	if v := s.world.Violations(); len(v) > 0 {
		t.Errorf("asked the proxy for what may not be asked: %q", v)
	}
}

// plant gives a row a site of its own.
func (s *stand) plant(r causeRow) {
	switch {
	case r.within != nil:
		r.answer = r.within(s)
	case r.answer == nil:
		r.answer = page("a page")
	}
	host := s.world.Handle(r.name(), r.answer)
	scheme := "http"
	if r.clear != "" {
		scheme, host, _ = strings.Cut(r.clear, "://")
		s.world.Proxy().Handle(host, r.answer)
		if err := s.world.Proxy().HandleTLS(host, r.answer); err != nil {
			s.t.Fatal(err)
		}
	}
	s.world.Code(host, r.code)
	s.world.Proxy().Fault(host, r.fault)
	s.site(r.name(), scheme+"://"+host+"/", r.extra)
}

// shows says what is missing where a cause must show.
func (s *stand) shows(r causeRow, causes map[crawler.Cause]int) error {
	name := r.name()
	switch r.seen {
	case inRound:
		d := s.show(name)
		if d.Round.End == nil || *d.Round.End != string(r.cause) {
			return fmt.Errorf("the round of %s ended in %v, want %s; causes %v", name, text(d.Round.End), r.cause, causes)
		}
		return nil
	case inUnopened:
		told := ""
		for _, u := range ask[crawler.NotOpened](s, "coverage", "--unopened") {
			if u.Site != name {
				continue
			}
			if u.Cause == r.cause && text(u.Why) != "-" {
				return nil
			}
			told += fmt.Sprintf(" %s (%s)", u.Cause, text(u.Why))
		}
		return fmt.Errorf("%s of %s is not told:%s; causes %v", r.cause, name, told, causes)
	case inCoverage:
		if causes[r.cause] == 0 {
			return fmt.Errorf("coverage of %s counts %v, want %s; links %v", name, causes, r.cause, s.told(name))
		}
		if r.cause.Class() == crawler.ClassOurs {
			if n := len(causes); n != 1 {
				return fmt.Errorf("coverage of %s counts %v: the site is blamed for what is ours", name, causes)
			}
			return nil // its link stays due, as if nothing had been
		}
	}
	for _, l := range s.links(name) {
		if l.Cause == nil || *l.Cause != r.cause {
			continue
		}
		if (l.Why == nil || *l.Why == "") && r.cause.Class() != crawler.ClassSeen {
			return fmt.Errorf("%s of %s does not say why", r.cause, l.URL)
		}
		return nil
	}
	return fmt.Errorf("no link of %s ended in %s: %v", name, r.cause, s.told(name))
}

// told lists the links of a site with their causes, for a message.
func (s *stand) told(name string) []string {
	var all []string
	for _, l := range s.links(name) {
		all = append(all, fmt.Sprintf("%.80s %s %s", l.URL, text(l.Cause), text(l.Why)))
	}
	return all
}

func text[T ~string](s *T) string {
	if s == nil {
		return "-"
	}
	return string(*s)
}

// Control: a row that claims what its site does not do is told.
func TestACauseThatDoesNotShowIsTold(t *testing.T) {
	s := newStand(t, "")
	rows := []causeRow{
		{cause: crawler.HTTP403, does: "answers 404", answer: status(http.StatusNotFound)},
		{cause: crawler.BudgetPages, does: "has two pages", seen: inRound, answer: page("<a href=/2>")},
		{cause: crawler.LimitDepth, does: "has two pages", seen: inLinks, answer: page("<a href=/2>")},
	}
	for _, r := range rows {
		s.plant(r)
	}
	if err := ends(exitConfig)(s); err == nil {
		t.Error("exit code 0 passes for 78")
	}
	coverage := s.coverage()
	for _, r := range rows {
		if s.shows(r, coverage[r.name()].Causes) == nil {
			t.Errorf("%s: passes for %s", r.does, r.cause)
		}
	}
}
