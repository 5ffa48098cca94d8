package notify_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/kv"
	"leakwatch/internal/notify"
)

// sent is a message that a receiver got.
type sent struct {
	at   time.Time
	id   string
	body map[string]any
}

// receiver is a channel in the test's hands.
type receiver struct {
	answer func(m notify.Message) error // nil: takes all

	mu  sync.Mutex
	got []sent // guarded by mu; only what it took
	try int    // guarded by mu
}

func (r *receiver) Send(_ context.Context, m notify.Message) error {
	r.mu.Lock()
	r.try++
	r.mu.Unlock()
	if r.answer != nil {
		if err := r.answer(m); err != nil {
			return err
		}
	}
	s := sent{at: time.Now(), id: m.ID}
	if err := json.Unmarshal(m.Body, &s.body); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, s)
	return nil
}

// all returns what the receiver took and how often it was tried.
func (r *receiver) all() ([]sent, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got), r.try
}

func open(t *testing.T, path string) (*alert.Alerts, func()) {
	t.Helper()
	db, err := kv.Open(path, kv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := alert.Open(db, alert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a, func() { db.Close() }
}

func raise(t *testing.T, a *alert.Alerts, site string, picture int) {
	t.Helper()
	err := a.Raise(context.Background(), []alert.Report{{
		Site: site, Set: "s", Verdict: "copy", Ref: fmt.Sprint(picture), URL: "http://x.onion/" + fmt.Sprint(picture),
		SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(picture)))),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func channel(name string, s notify.Sender) notify.Channel {
	return notify.Channel{Channel: alert.Channel{Name: name}, Sender: s}
}

func build(t *testing.T, a notify.Outbox, channels ...notify.Channel) *notify.Notify {
	t.Helper()
	n, err := notify.New(notify.Options{Alerts: a, Channels: channels})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// start runs n and returns how to stop it.
func start(t *testing.T, n *notify.Notify) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

var errDown = errors.New("no answer")

func TestReceiverDownForADayLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		up := time.Now().Add(24 * time.Hour)
		r := &receiver{answer: func(notify.Message) error {
			if time.Now().Before(up) {
				return errDown
			}
			return nil
		}}
		defer start(t, build(t, a, channel("desk", r)))()
		for hour := range 24 {
			raise(t, a, fmt.Sprint("site", hour), 0)
			for picture := range 12 { // one notice of growth follows in each
				raise(t, a, fmt.Sprint("site", hour), picture)
			}
			time.Sleep(time.Hour)
		}
		time.Sleep(2*time.Hour + time.Minute)
		synctest.Wait()
		got, tries := r.all()
		if len(got) != 48 {
			t.Errorf("got %d messages, want 48", len(got))
		}
		checkOrder(t, got)
		for _, s := range got {
			if late := s.at.Sub(up); late < 0 || late > 2*time.Hour {
				t.Errorf("message %s came %v after the receiver was back", s.id, late)
			}
		}
		if tries > 48+60 {
			t.Errorf("%d tries: the receiver was not left in peace", tries)
		}
	})
}

// checkOrder: each once, and new before growth.
func checkOrder(t *testing.T, got []sent) {
	t.Helper()
	ids, opened := map[string]bool{}, map[any]bool{}
	for _, s := range got {
		if ids[s.id] {
			t.Errorf("message %s came twice", s.id)
		}
		ids[s.id] = true
		if s.body["reason"] == "new" {
			opened[s.body["alert"]] = true
		} else if !opened[s.body["alert"]] {
			t.Errorf("%v of alert %v came before its opening", s.body["reason"], s.body["alert"])
		}
	}
}

func TestAHangingChannelDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		hangs := &receiver{answer: func(notify.Message) error { time.Sleep(time.Hour); return nil }} // deaf to its time-out
		desk := &receiver{}
		defer start(t, build(t, a, channel("hangs", hangs), channel("desk", desk)))()
		begin := time.Now()
		for i := range 5 {
			raise(t, a, fmt.Sprint("site", i), 0)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		got, _ := desk.all()
		for i, s := range got {
			if want := begin.Add(time.Duration(i) * time.Second); !s.at.Equal(want) {
				t.Errorf("message %d came %v late", i, s.at.Sub(want))
			}
		}
		if len(got) != 5 {
			t.Errorf("got %d messages, want 5", len(got))
		}
		time.Sleep(6 * time.Hour)
		if got, _ := hangs.all(); len(got) != 5 {
			t.Errorf("the slow one got %d messages, want all 5", len(got))
		}
	})
}

func TestAPoisonedNoticeHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		r := &receiver{answer: func(m notify.Message) error {
			if strings.Contains(string(m.Body), "poison") {
				return errDown
			}
			return nil
		}}
		desk := &receiver{}
		defer start(t, build(t, a, channel("webhook", r), channel("desk", desk)))()
		raise(t, a, "poison", 0)
		time.Sleep(time.Hour)
		for i := range 5 {
			raise(t, a, fmt.Sprint("site", i), 0)
		}
		time.Sleep(61 * time.Minute)
		synctest.Wait()
		if got, _ := r.all(); len(got) != 5 {
			t.Errorf("got %d messages, want the 5 good ones", len(got))
		}
		time.Sleep(4 * 24 * time.Hour)
		synctest.Wait()
		got, _ := desk.all()
		if last := got[len(got)-1]; last.body["type"] != "dead_letter" || len(got) != 7 {
			t.Errorf("got %d messages, the last %v; want 6 and a dead_letter", len(got), last.body)
		}
	})
}

// crashing is an outbox whose process dies when it is to note a delivery.
type crashing struct{ *alert.Alerts }

var errCrash = errors.New("killed")

func (c crashing) Delivered(context.Context, string, string) error { return errCrash }

func TestKilledBeforeTheMarkSendsTheSameAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.db")
		a, closeDB := open(t, path)
		r := &receiver{}
		n := build(t, crashing{a}, channel("desk", r))
		raise(t, a, "site", 0)
		if err := n.Run(context.Background()); !errors.Is(err, errCrash) {
			t.Fatalf("run: got %v, want the outbox's error", err)
		}
		closeDB()
		a, closeDB = open(t, path)
		defer closeDB()
		defer start(t, build(t, a, channel("desk", r)))()
		time.Sleep(time.Minute)
		synctest.Wait()
		got, _ := r.all()
		if len(got) != 2 || got[0].id != got[1].id {
			t.Errorf("got %+v, want one message twice under the same id", got)
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		begin := time.Now()
		r := &receiver{answer: func(notify.Message) error {
			if time.Since(begin) < 3*time.Hour {
				return &notify.RetryError{After: 3 * time.Hour, Err: errDown}
			}
			return nil
		}}
		defer start(t, build(t, a, channel("desk", r)))()
		raise(t, a, "site", 0)
		raise(t, a, "other", 0)
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		got, tries := r.all()
		if len(got) != 2 || tries != 3 {
			t.Errorf("got %d messages in %d tries, want 2 in 3", len(got), tries)
		}
	})
}

func TestConfigureWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		old, kept, fresh := &receiver{}, &receiver{}, &receiver{}
		n := build(t, a, channel("old", old), channel("kept", kept))
		defer start(t, n)()
		raise(t, a, "site1", 0)
		time.Sleep(time.Second)
		if err := n.Configure([]notify.Channel{channel("kept", kept), channel("fresh", fresh)}); err != nil {
			t.Fatal(err)
		}
		if err := n.Configure([]notify.Channel{channel("kept", nil)}); err == nil {
			t.Error("a channel that cannot send was accepted")
		}
		raise(t, a, "site2", 0)
		time.Sleep(time.Second)
		synctest.Wait()
		for name, c := range map[string]struct {
			r    *receiver
			want string
		}{"old": {old, "site1"}, "kept": {kept, "site1 site2"}, "fresh": {fresh, "site2"}} {
			got, _ := c.r.all()
			var sites []string
			for _, s := range got {
				sites = append(sites, s.body["site"].(string))
			}
			if strings.Join(sites, " ") != c.want {
				t.Errorf("%s got %v, want %s", name, sites, c.want)
			}
		}
	})
}

func TestTryOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, closeDB := open(t, filepath.Join(t.TempDir(), "state.db"))
		defer closeDB()
		down := true
		r := &receiver{answer: func(notify.Message) error {
			if down {
				return errDown
			}
			return nil
		}}
		n := build(t, a, channel("desk", r), channel("other", &receiver{}))
		for picture := range 12 {
			raise(t, a, "grown", picture)
		}
		raise(t, a, "site", 0)
		if err := a.Tell(context.Background(), alert.Event{Kind: "tor_down"}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := n.TryOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, tries := r.all(); tries != 3 { // growth waits for its opening
			t.Errorf("%d tries, want 3", tries)
		}
		down = false
		if err := n.TryOnce(context.Background()); err != nil { // not due, tried all the same
			t.Fatal(err)
		}
		got, tries := r.all()
		if len(got) != 4 || tries != 7 || !time.Now().Equal(begin) {
			t.Errorf("got %d messages in %d tries and %v, want 4 in 7 at once", len(got), tries, time.Since(begin))
		}
		checkOrder(t, slices.DeleteFunc(got, func(s sent) bool { return s.body["alert"] == nil }))
	})
}

func TestMessageHasEveryKey(t *testing.T) {
	m, err := notify.NewMessage(alert.Notice{ID: "01", Kind: "tor_down", At: time.Unix(1, 0), Text: "Tor does not answer"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"01","type":"tor_down","at":"1970-01-01T00:00:01Z","site":null,"set":null,"alert":null,"verdict":null,` +
		`"findings":null,"refs":null,"agree":null,"of":null,"count":null,"reason":null,"previous":null,"cause":null,"text":"Tor does not answer"}`
	if string(m.Body) != want {
		t.Errorf("got %s\nwant %s", m.Body, want)
	}
	m, err = notify.NewMessage(alert.Notice{ID: "02", Kind: "alert", Alert: "A", Site: "s", Set: "t", Verdict: "kin", Findings: 3, Reason: "new"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"findings":3`, `"refs":0`, `"alert":"A"`, `"verdict":"kin"`, `"reason":"new"`} {
		if !strings.Contains(string(m.Body), part) {
			t.Errorf("%s is not in %s", part, m.Body)
		}
	}
}
