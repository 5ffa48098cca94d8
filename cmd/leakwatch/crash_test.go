package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/web"
)

type crawlerCause = crawler.Cause

const (
	kills  = 50
	closer = "closed" // the site whose alerts an analyst closes
)

// witness stands outside and remembers all that the daemon has said: that is
// what was acknowledged.
type witness struct {
	t        *testing.T
	seen     crashView
	coverage map[string]assure.Coverage
	looks    int
}

// look compares what the daemon says now with all that it ever said. An error
// of the connection is no contradiction: the daemon was killed.
func (w *witness) look(client *web.Client) error {
	export, err := lifeList[alert.Detail](w.t.Context(), client, "/v1/export/alerts")
	now, wrong := crashViewOf(export)
	wrong = append(wrong, now.sound(func(site string) bool { return site != closer })...)
	if err == nil {
		wrong = append(wrong, w.seen.lost(now)...)
		w.seen.add(now)
		w.looks++
	}
	ledger, late := lifeList[assure.Coverage](w.t.Context(), client, "/v1/coverage")
	wrong = append(wrong, crashCoverage(w.coverage, ledger)...)
	for _, c := range ledger {
		w.coverage[c.Site] = c
	}
	for _, text := range wrong {
		w.t.Error(text)
	}
	if err == nil {
		err = late
	}
	return err
}

// watch looks until the daemon is dead.
func (w *witness) watch(d *lifeDaemon) {
	for {
		err := w.look(d.client)
		select {
		case <-d.gone:
			return
		default:
		}
		if err != nil && w.t.Context().Err() != nil {
			return
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// closeOne closes the open alert of one site, as an analyst does. What was
// answered with 200 must stay.
func (w *witness) closeOne(d *lifeDaemon) {
	body := func() *strings.Reader { return strings.NewReader(`{"state":"closed"}`) }
	for id, a := range w.seen {
		if a.site != closer || a.state == alert.StateClosed {
			continue
		}
		var after alert.Detail
		if d.client.Object(w.t.Context(), http.MethodPost, "/v1/alerts/"+id+"/review", nil, body(), &after) == nil {
			w.seen[id].state = after.State
		}
		return
	}
}

// Kill -9 at random moments under load: nothing that was acknowledged is lost,
// nothing doubles, the stores are sound. TestKillWouldTell is the control.
func TestKill(t *testing.T) {
	rounds := kills
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	l := newLeaky(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("whsec_c2VjcmV0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	home := newLifeHome(t, l.world.Socks(), l.config(dir))
	home.must(t, "hashset", "load", "leak", filepath.Join(dir, "dataset"))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	w := &witness{t: t, seen: crashView{}, coverage: map[string]assure.Coverage{}}
	var starts []time.Duration
	for round := range rounds {
		if took := killOnce(t, home, w, round, chance); took > 0 {
			starts = append(starts, took)
		}
		if t.Failed() {
			t.Fatalf("after kill %d", round+1)
		}
	}
	killAftermath(t, home, l, w)
	slices.Sort(starts)
	findings := 0
	for _, a := range w.seen {
		findings += len(a.findings)
	}
	if findings < rounds || w.looks < rounds/2 || len(w.seen) < 3 {
		t.Errorf("%d findings in %d alerts after %d looks: there was no load", findings, len(w.seen), w.looks)
	}
	if rounds == kills {
		fmt.Printf("\nfigure kill_rounds %d\nfigure kill_restart_ms_median %d\nfigure kill_restart_ms_max %d\nfigure kill_findings %d\nfigure kill_alerts %d\nfigure kill_looks %d\nfigure kill_webhook_deliveries %d\nfigure kill_webhook_ids %d\n",
			rounds, starts[len(starts)/2].Milliseconds(), starts[len(starts)-1].Milliseconds(), findings, len(w.seen), w.looks, l.many, len(l.posts))
	}
}

// killOnce starts the daemon, looks on, kills it, and checks its stores. It
// returns how long the start took, 0 when the kill came before its end.
func killOnce(t *testing.T, home lifeHome, w *witness, round int, chance *rand.Rand) (start time.Duration) {
	t.Helper()
	d := lifeStart(t, home, nil)
	if round%6 == 5 { // while it starts
		time.Sleep(time.Duration(chance.Int64N(int64(80 * time.Millisecond))))
		d.kill()
	} else {
		start = d.serves(t)
		if err := w.look(d.client); err != nil {
			t.Errorf("look after the start: %v", err)
		}
		if chance.IntN(2) == 0 {
			w.closeOne(d)
		}
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			w.watch(d)
		}()
		time.Sleep(time.Duration(chance.Int64N(int64(700 * time.Millisecond))))
		d.kill()
		<-watched
	}
	if said := home.cli(t, "db", "check"); said.code != 0 {
		t.Errorf("db check: exit code %d\n%s%s", said.code, said.out, said.err)
	}
	return start
}

// killAftermath lets the daemon go on in peace: what was found is told, once.
func killAftermath(t *testing.T, home lifeHome, l *leaky, w *witness) {
	t.Helper()
	d := lifeServe(t, home, nil)
	if err := w.look(d.client); err != nil {
		t.Fatal(err)
	}
	lines := func() []crashNotice {
		return lifeLines[crashNotice](t, l.notices)
	}
	lifeWait(t, 20*time.Second, "both channels have told of every alert", func() bool {
		return len(crashUntold(w.seen, lines())) == 0 && len(crashUntold(w.seen, l.told(t))) == 0
	})
	d.term(t)
	for name, notices := range map[string][]crashNotice{"file": lines(), "webhook": l.told(t)} {
		for _, wrong := range crashDoubles(notices) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	home.must(t, "db", "check")
	now, _ := crashViewOf(lifeOut[alert.Detail](t, home.must(t, "alert", "export")))
	for _, wrong := range append(w.seen.lost(now), now.counted()...) {
		t.Errorf("after the stop: %s", wrong)
	}
	for _, site := range []string{"long", "again", closer} {
		links := lifeOut[crawler.Link](t, home.must(t, "--json", "site", "show", site, "--links"))
		for _, wrong := range l.silent(site, now, links) {
			t.Errorf("after the stop: %s", wrong)
		}
	}
}

// silent lists the copies that were visited well and of which no alert tells:
// a visit is done only after its finding was raised.
func (l *leaky) silent(site string, v crashView, links []crawler.Link) (wrong []string) {
	found := map[string]bool{}
	for _, a := range v {
		for _, f := range a.findings {
			found[a.site+" "+f.sha256] = true
		}
	}
	visited := 0
	for _, link := range links {
		u, err := url.Parse(link.URL)
		if err != nil || link.Cause == nil || link.Cause.Class() != crawler.ClassSeen || !strings.HasPrefix(u.Path, "/new/") {
			continue
		}
		visited++
		if sum := sha256.Sum256(l.fresh(site, u.Path)); !found[site+" "+hex.EncodeToString(sum[:])] {
			wrong = append(wrong, fmt.Sprintf("%s was visited and is no finding", link.URL))
		}
	}
	if visited == 0 {
		wrong = append(wrong, "nothing was visited on "+site)
	}
	return wrong
}

// Kill -9 at random moments of the very first start: it leaves no store or a
// whole one, never one that the next start refuses.
func TestKillAtBirth(t *testing.T) {
	world := lifeWorld(t)
	for range 15 {
		home := newLifeHome(t, world.Socks(), lifeSite("quiet", world.Handle("quiet", http.NotFoundHandler()), ""))
		d := lifeStart(t, home, nil)
		time.Sleep(rand.N(60 * time.Millisecond))
		d.kill()
		lifeServe(t, home, nil).kill()
		home.must(t, "db", "check")
	}
}
