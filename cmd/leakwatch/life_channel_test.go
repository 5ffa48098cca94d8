package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/demo"
	"leakwatch/internal/notify"
)

// delivery is one POST that a receiver saw.
type delivery struct {
	id, body string
	good     bool // its signature fits
}

// receiver takes webhooks and, as long as it hangs, answers none.
type receiver struct {
	mu    sync.Mutex
	came  []delivery
	hangs bool
}

const receiverSecret = "a secret that nobody guesses"

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	id := q.Header.Get("Webhook-Id")
	at, _ := strconv.ParseInt(q.Header.Get("Webhook-Timestamp"), 10, 64)
	good := notify.Sign([]byte(receiverSecret), id, time.Unix(at, 0), body) == q.Header.Get("Webhook-Signature")
	r.mu.Lock()
	r.came = append(r.came, delivery{id, string(body), good})
	hangs := r.hangs
	r.mu.Unlock()
	if hangs {
		<-q.Context().Done()
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) all() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.came...)
}

func (r *receiver) hang(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hangs = yes
}

// hooked is a home with one site that leaks and a webhook through Tor.
func hooked(t *testing.T, r *receiver, chain int, more string) (lifeHome, *leaky) {
	t.Helper()
	l := newLeaky(t, t.TempDir())
	dir := filepath.Dir(l.notices)
	l.world.Proxy().Handle(leakyHook, r)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(receiverSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	home := newLifeHome(t, l.world.Socks(), fmt.Sprintf("[notify.hook]\nkind = \"webhook\"\nurl = \"http://%s/x\"\nsecret_file = %q\n%s",
		leakyHook, secret, lifeSite("leaks", l.site("leaks", chain), "depth = 100000\n"+more)))
	home.must(t, "hashset", "load", "leak", filepath.Join(dir, "dataset"))
	return home, l
}

// Killed between sent and delivered, a notice is sent again under the same id,
// and delivered it is not sent again.
func TestLifeRepeatsUnderTheSameID(t *testing.T) {
	t.Parallel()
	r := &receiver{hangs: true}
	home, _ := hooked(t, r, 1, "")
	d := lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "a notice is sent", func() bool { return len(r.all()) > 0 })
	d.kill()
	for range 3 { // as often as it dies there
		before := len(r.all())
		d := lifeServe(t, home, nil)
		lifeWait(t, 20*time.Second, "it is sent again", func() bool { return len(r.all()) > before })
		d.kill()
	}
	r.hang(false)
	before := len(r.all())
	d = lifeServe(t, home, nil)
	pending := `leakwatch_outbox_pending{channel="hook"}`
	lifeWait(t, 20*time.Second, "it is delivered", func() bool { return len(r.all()) > before && d.metric(t, pending) == "0" })
	d.kill()
	after := len(r.all())
	d = lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "the next start is at work", func() bool { return d.metric(t, pending) == "0" })
	d.term(t)
	all := r.all()
	if len(all) != after || after != 5 {
		t.Errorf("%d deliveries, and %d after the next start; want 5 and no more", after, len(all))
	}
	for _, one := range all {
		if one.id != all[0].id || one.body != all[0].body || one.id == "" || !one.good {
			t.Errorf("got %+v, want the same as %+v, signed", one, all[0])
		}
	}
}

// A channel whose receiver takes the message and never answers delays no visit.
// Two daemons run side by side, so that a busy machine slows both.
func TestLifeHangingChannel(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for 4 s")
	}
	hanging, answering := &receiver{hangs: true}, &receiver{}
	home, hung := hooked(t, hanging, 0, "parallel = 2")
	lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "a notice is being sent", func() bool { return len(hanging.all()) > 0 })
	home, free := hooked(t, answering, 0, "parallel = 2")
	d := lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "the channel delivers", func() bool {
		return len(answering.all()) > 0 && d.metric(t, `leakwatch_outbox_pending{channel="hook"}`) == "0"
	})

	var each [2][]int
	last := [2]int{countOf(hung.world, hung.onion), countOf(free.world, free.onion)}
	var sum [2]int
	for range 4 {
		time.Sleep(time.Second)
		for i, now := range [2]int{countOf(hung.world, hung.onion), countOf(free.world, free.onion)} {
			each[i] = append(each[i], now-last[i])
			sum[i] += now - last[i]
			last[i] = now
		}
	}
	t.Logf("visits a second: %v while the channel hangs, %v while it answers", each[0], each[1])
	fmt.Printf("\nratio visits_hanging_over_free %.2f\n", float64(sum[0])/float64(sum[1]))
	if slices.Contains(each[0], 0) || sum[0]*2 < sum[1] {
		t.Errorf("%v visits a second while a channel hangs, %v while it answers", each[0], each[1])
	}
	if n := len(hanging.all()); n != 1 {
		t.Errorf("control: %d messages were sent, want one that hangs", n)
	}
}

// A receiver that cannot be reached holds up no first contact with a site,
// though both go through Tor.
func TestLifeHangingContact(t *testing.T) {
	t.Parallel()
	r := &receiver{hangs: true}
	home, l := hooked(t, r, 0, "")
	text, err := os.ReadFile(home.config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("[tor]\n"), []byte("[tor]\nfirst_contacts = 1\n"), 1)
	if err := os.WriteFile(home.config, text, 0o600); err != nil {
		t.Fatal(err)
	}

	d := lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "a notice is being sent", func() bool { return len(r.all()) > 0 })
	home.must(t, "site", "pause", "leaks")
	d.kill()
	l.world.Proxy().Fault(leakyHook, demo.Hang)
	before := len(l.world.Proxy().Connects(leakyHook))
	lifeServe(t, home, nil)
	lifeWait(t, 20*time.Second, "the channel is being reached", func() bool { return len(l.world.Proxy().Connects(leakyHook)) > before })
	visits := countOf(l.world, l.onion)
	home.must(t, "site", "resume", "leaks")
	lifeWait(t, 10*time.Second, "the site is visited while the channel hangs", func() bool { return countOf(l.world, l.onion) > visits })
}
