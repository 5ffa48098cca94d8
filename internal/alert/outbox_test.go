package alert_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/alert"
)

func (r *room) channels(channels ...alert.Channel) {
	r.t.Helper()
	if err := r.SetChannels(channels); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) listen(names ...string) {
	r.t.Helper()
	var channels []alert.Channel
	for _, name := range names {
		channels = append(channels, alert.Channel{Name: name})
	}
	r.channels(channels...)
}

func (r *room) next(channel string) (alert.Pending, bool) {
	r.t.Helper()
	p, ok, err := r.Pending(context.Background(), channel)
	if err != nil {
		r.t.Fatal(err)
	}
	return p, ok
}

func (r *room) delivered(channel, id string) {
	r.t.Helper()
	if err := r.Delivered(context.Background(), channel, id); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) failed(channel, id string, in time.Duration) {
	r.t.Helper()
	if err := r.Failed(context.Background(), channel, id, time.Now().Add(in), "no answer"); err != nil {
		r.t.Fatal(err)
	}
}

// drain delivers all that is due.
func (r *room) drain(channel string) (notices []alert.Notice) {
	r.t.Helper()
	for p, ok := r.next(channel); ok; p, ok = r.next(channel) {
		notices = append(notices, p.Notice)
		r.delivered(channel, p.Notice.ID)
	}
	return notices
}

func TestOnlyTenfoldGrowthIsTold(t *testing.T) {
	r := open(t)
	r.listen("desk")
	var got []string
	for i := range 120 {
		r.raise(report("a", "s", fmt.Sprint(i)))
		for _, n := range r.drain("desk") {
			got = append(got, fmt.Sprint(n.Reason, " ", n.Findings))
		}
	}
	if want := []string{"new 1", "growth 10", "growth 100"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNoticeHoldsNoRefAndNoURL(t *testing.T) {
	r := open(t)
	r.listen("desk")
	found := report("a", "s", "one")
	r.raise(found)
	p, ok := r.next("desk")
	if !ok {
		t.Fatal("no notice")
	}
	text := string(marshal(t, p.Notice))
	for _, secret := range []string{found.Ref, found.SHA256, found.URL, ".onion"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the notice %s", secret, text)
		}
	}
	if n := p.Notice; n.Site != "a" || n.Set != "s" || n.Verdict != "copy" || n.Findings != 1 || n.Refs != 1 || n.Alert == "" || n.Text == "" {
		t.Errorf("got %s, want site, set, verdict, counts and the alert", text)
	}
}

func TestChannelsGetWhatTheyAskFor(t *testing.T) {
	r := open(t)
	r.channels(
		alert.Channel{Name: "all"},
		alert.Channel{Name: "one site", Sites: []string{"b"}},
		alert.Channel{Name: "one set", Sets: []string{"t"}, Events: []string{"alert"}},
		alert.Channel{Name: "exact", Verdicts: []string{"exact"}, Events: []string{"alert"}},
		alert.Channel{Name: "tor", Events: []string{"tor_down", "tor_back"}},
	)
	r.raise(report("a", "s", "1"))
	r.raise(report("b", "t", "2"))
	r.tell(alert.Event{Kind: "tor_down", Cause: "tor_down"})
	r.tell(alert.Event{Kind: "site_blind", Site: "a", Cause: "http_403"})
	r.raise(with(report("a", "s", "3"), func(r *alert.Report) { r.Verdict = "exact" })) // only now of interest to one of them
	r.raise(with(report("a", "s", "4"), func(r *alert.Report) { r.Verdict = "exact" }))
	for channel, want := range map[string]string{
		"all":      "alert/a alert/b tor_down/ site_blind/a",
		"one site": "alert/b tor_down/",
		"one set":  "alert/b",
		"exact":    "alert/a",
		"tor":      "tor_down/",
	} {
		var got []string
		for _, n := range r.drain(channel) {
			got = append(got, n.Kind+"/"+n.Site)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", channel, got, want)
		}
	}
	for _, bad := range [][]alert.Channel{
		{{Name: ""}}, {{Name: "x"}, {Name: "x"}}, {{Name: "x", Verdicts: []string{"weak"}}}, {{Name: "x", Events: []string{"daily"}}},
	} {
		var invalid *alert.InvalidError
		if err := r.SetChannels(bad); !errors.As(err, &invalid) {
			t.Errorf("%+v: got %v, want an InvalidError", bad, err)
		}
	}
}

func (r *room) tell(e alert.Event) {
	r.t.Helper()
	if err := r.Tell(context.Background(), e); err != nil {
		r.t.Fatal(err)
	}
}

func TestTellingAgainIsOnce(t *testing.T) {
	r := open(t)
	r.listen("desk")
	blind := alert.Event{Kind: "site_blind", Site: "a", Cause: "onion_not_found", At: day()}
	r.tell(blind)
	r.tell(blind)
	r.tell(alert.Event{Kind: "site_seen_again", Site: "a", At: day().Add(time.Hour)})
	blind.At = day().Add(2 * time.Hour)
	r.tell(blind)
	var got []string
	for _, n := range r.drain("desk") {
		got = append(got, n.Kind)
	}
	if want := "site_blind site_seen_again site_blind"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := r.Tell(context.Background(), alert.Event{Kind: "alert"}); err == nil {
		t.Error("an alert was told without one")
	}
}

func TestNewChannelBeginsNowAndAnAbsentOneMayReturn(t *testing.T) {
	r := open(t)
	r.listen("old", "flaky")
	r.raise(report("a", "s", "1"))
	r.listen("old", "new")
	r.raise(report("b", "s", "1"))
	r.listen("old", "new", "flaky")
	r.reenter()
	r.raise(report("c", "s", "1"))
	for channel, want := range map[string]string{"old": "abc", "new": "bc", "flaky": "ac"} {
		got := ""
		for _, n := range r.drain(channel) {
			got += n.Site
		}
		if got != want {
			t.Errorf("%s: got notices of %q, want %q", channel, got, want)
		}
	}
}

func TestOrderPerAlertAndNoOneHoldsUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t)
		r.listen("desk")
		r.raise(report("a", "s", "0"))
		for i := range 10 {
			r.raise(report("a", "s", fmt.Sprint(i)))
		}
		r.raise(report("b", "s", "0"))
		p, _ := r.next("desk")
		if p.Notice.Site != "a" || p.Notice.Reason != "new" {
			t.Fatalf("got %+v first, want the new alert of a", p.Notice)
		}
		r.failed("desk", p.Notice.ID, time.Minute)
		if other, ok := r.next("desk"); !ok || other.Notice.Site != "b" {
			t.Errorf("got %+v, want the alert of b while that of a rests", other.Notice)
		} else {
			r.delivered("desk", other.Notice.ID)
		}
		early, ok := r.next("desk")
		if ok || !early.Due.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("got %v, due %v; want nothing for a minute: growth waits for new", ok, early.Due)
		}
		r.reenter()
		time.Sleep(time.Minute)
		again := r.drain("desk")
		if len(again) != 2 || again[0].ID != p.Notice.ID || again[1].Reason != "growth" {
			t.Errorf("got %+v, want the same notice again, then growth", again)
		}
	})
}

func TestDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t)
		r.listen("broken", "desk")
		r.raise(report("a", "s", "0"))
		r.raise(report("b", "s", "0"))
		r.drain("desk")
		for {
			p, ok := r.next("broken")
			if !ok && p.Due.IsZero() {
				break
			}
			time.Sleep(time.Until(p.Due))
			if ok {
				r.failed("broken", p.Notice.ID, time.Hour)
			}
		}
		if since := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); since < 72*time.Hour || since > 75*time.Hour {
			t.Errorf("given up after %v, want 3 days", since)
		}
		got := r.drain("desk")
		if len(got) != 1 || got[0].Kind != "dead_letter" || !strings.Contains(got[0].Text, "broken") {
			t.Errorf("got %+v, want one dead_letter that names the channel", got)
		}
		logs, err := r.Backlogs(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(logs) != 2 || logs[0].Channel != "broken" || logs[0].Dead != 2 || logs[0].Pending != 0 || logs[1].Dead != 0 {
			t.Errorf("got %+v, want 2 dead letters of broken", logs)
		}
	})
}

func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t)
		r.listen("desk", "gone", "slow")
		for i := range 300 {
			r.raise(report(fmt.Sprint("a", i), "s", "0"))
		}
		r.drain("desk")
		kept, _ := r.next("slow")
		r.drain("slow")
		r.listen("desk", "slow")
		time.Sleep(31 * 24 * time.Hour)
		r.raise(report("late", "s", "0"))
		if err := r.Prune(context.Background()); err != nil {
			t.Fatal(err)
		}
		logs, err := r.Backlogs(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logs {
			if want := map[string]int{"desk": 1, "slow": 1, "gone": 0}[l.Channel]; l.Pending != want {
				t.Errorf("%s: %d pending, want %d", l.Channel, l.Pending, want)
			}
		}
		// A notice that was forgotten is not delivered or failed again.
		r.delivered("slow", kept.Notice.ID)
		r.failed("slow", kept.Notice.ID, time.Hour)
		if got := r.drain("slow"); len(got) != 1 || got[0].Site != "late" {
			t.Errorf("got %+v, want only the late one", got)
		}
	})
}

func TestWake(t *testing.T) {
	r := open(t)
	r.listen("one", "two")
	wake := r.Wake()
	r.raise(report("a", "s", "0"))
	select {
	case <-wake:
	default:
		t.Error("nobody was woken by a new alert")
	}
	wake = r.Wake()
	r.raise(report("a", "s", "1"))
	select {
	case <-wake:
		t.Error("woken without a notice")
	default:
	}
}

func TestPendingAfterWalksOnce(t *testing.T) {
	r := open(t)
	r.listen("desk")
	for _, site := range []string{"a", "b", "c"} {
		r.raise(report(site, "s", "0"))
	}
	p, _ := r.next("desk")
	r.failed("desk", p.Notice.ID, time.Hour)
	got, after := "", ""
	for {
		p, ok, err := r.PendingAfter(context.Background(), "desk", after)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		got, after = got+p.Notice.Site, p.Notice.ID
	}
	if got != "abc" {
		t.Errorf("got %q, want each once: abc", got)
	}
}
