package alert_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/kv"
)

// day is when the tests begin.
func day() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }

func sum(name string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(name))) }

// report is one found copy of a picture.
func report(site, set, picture string) alert.Report {
	distance, lead := 12, 40
	return alert.Report{
		Site: site, Set: set, SetVersion: 3, Kind: "picture", Verdict: "copy", Ref: sum(picture)[:16], Distance: &distance, Lead: &lead,
		Algorithm: "pdq", Orientation: 1, Stage: "whole", SHA256: sum(picture), Format: "jpeg", Width: 640, Height: 480,
		URL: "http://" + site + ".onion/" + picture + ".jpg", Page: "http://" + site + ".onion/", At: day(),
		Explain: map[string]any{"rule": "distance 12 <= 45"},
	}
}

func with(r alert.Report, change func(*alert.Report)) alert.Report {
	change(&r)
	return r
}

// room is a place for alerts that can be left and entered again.
type room struct {
	*alert.Alerts
	t    testing.TB
	path string
	db   *kv.DB
}

func open(t testing.TB) *room {
	t.Helper()
	r := &room{t: t, path: filepath.Join(t.TempDir(), "state.db")}
	r.enter()
	t.Cleanup(func() { r.db.Close() })
	return r
}

func (r *room) enter() {
	r.t.Helper()
	var err error
	if r.db, err = kv.Open(r.path, kv.Options{}); err != nil {
		r.t.Fatal(err)
	}
	if r.Alerts, err = alert.Open(r.db, alert.Options{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) reenter() {
	r.t.Helper()
	if err := r.db.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.enter()
}

func (r *room) raise(reports ...alert.Report) {
	r.t.Helper()
	if err := r.Raise(context.Background(), reports); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) list(f alert.Filter) []alert.Alert {
	r.t.Helper()
	return all(r.t, r.List(context.Background(), f))
}

func (r *room) show(id string) alert.Detail {
	r.t.Helper()
	d, err := r.Show(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// one returns the only alert of a filter, with what it holds.
func (r *room) one(f alert.Filter) alert.Detail {
	r.t.Helper()
	alerts := r.list(f)
	if len(alerts) != 1 {
		r.t.Fatalf("got %d alerts for %+v, want 1", len(alerts), f)
	}
	return r.show(alerts[0].ID)
}

func (r *room) review(id string, review alert.Review) alert.Detail {
	r.t.Helper()
	review.By = "ann"
	d, err := r.Review(context.Background(), id, review)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func all[T any](t testing.TB, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func TestRaisingTwiceIsOnce(t *testing.T) {
	r := open(t)
	r.listen("desk")
	reports := []alert.Report{report("a", "s", "one"), report("a", "s", "two")}
	r.raise(reports...)
	want := r.one(alert.Filter{})
	r.raise(reports...)
	r.raise(reports[1], reports[0])
	r.reenter()
	r.raise(reports...)
	if got := r.one(alert.Filter{}); string(marshal(t, got)) != string(marshal(t, want)) {
		t.Errorf("raised again:\n got %s\nwant %s", marshal(t, got), marshal(t, want))
	}
	if want.FindingsTotal != 2 || want.Refs != 2 || len(want.Findings) != 2 {
		t.Errorf("got %d findings, %d refs, %d listed; want 2 each", want.FindingsTotal, want.Refs, len(want.Findings))
	}
	if notices := r.drain("desk"); len(notices) != 1 {
		t.Errorf("got %d notices, want 1", len(notices))
	}
}

func TestRaisingAtOnceIsOnce(t *testing.T) {
	r := open(t)
	r.listen("desk")
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			err := r.Raise(context.Background(), []alert.Report{report("a", "s", fmt.Sprint(i%5)), report("b", "s", fmt.Sprint(i%3))})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, b := r.one(alert.Filter{Site: "a"}), r.one(alert.Filter{Site: "b"})
	if a.FindingsTotal != 5 || b.FindingsTotal != 3 {
		t.Errorf("got %d and %d findings, want 5 and 3", a.FindingsTotal, b.FindingsTotal)
	}
	if notices := r.drain("desk"); len(notices) != 2 {
		t.Errorf("got %d notices, want one for each alert", len(notices))
	}
}

func TestAnotherPlaceIsAnotherSighting(t *testing.T) {
	r := open(t)
	first := report("a", "s", "one")
	r.raise(first)
	again := with(first, func(r *alert.Report) { r.URL, r.Page, r.At = "http://a.onion/again", "", day().Add(time.Hour) })
	r.raise(again)
	r.raise(with(first, func(r *alert.Report) { r.At = day().Add(2 * time.Hour) }))
	if err := r.SeenAgain(context.Background(), "a", first.SHA256, again.URL, day().Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := r.SeenAgain(context.Background(), "a", sum("never found"), again.URL, day()); err != nil {
		t.Fatal(err)
	}
	d := r.one(alert.Filter{})
	if d.FindingsTotal != 1 || len(d.Findings) != 1 {
		t.Fatalf("got %d findings, want 1", d.FindingsTotal)
	}
	f := d.Findings[0]
	if len(f.Sightings) != 2 || f.Places != 2 || f.URL != first.URL {
		t.Errorf("got %d sightings, %d counted, url %s; want 2, 2, %s", len(f.Sightings), f.Places, f.URL, first.URL)
	}
	if got := f.Sightings[0].LastSeen; !got.Equal(day().Add(2 * time.Hour)) {
		t.Errorf("first place was last seen at %v, want 2 h after the first", got)
	}
	if got := f.Sightings[1]; !got.LastSeen.Equal(day().Add(3*time.Hour)) || got.Page != nil {
		t.Errorf("second place: got %+v, want seen until 3 h after the first, no page", got)
	}
	if !f.Seen.Equal(day()) || !d.FirstSeen.Equal(day()) || !d.LastSeen.Equal(day().Add(3*time.Hour)) {
		t.Errorf("seen %v, alert %v to %v; want the first and the last sighting", f.Seen, d.FirstSeen, d.LastSeen)
	}
}

func TestSightingsAreBounded(t *testing.T) {
	r := open(t)
	var reports []alert.Report
	for i := range 150 {
		reports = append(reports, with(report("a", "s", "one"), func(r *alert.Report) {
			r.URL = fmt.Sprintf("http://a.onion/%d", i)
			r.At = day().Add(time.Duration(i) * time.Minute)
		}))
	}
	r.raise(reports...)
	r.raise(reports...)
	f := r.one(alert.Filter{}).Findings[0]
	if len(f.Sightings) != 100 || f.Places != 150 {
		t.Errorf("got %d sightings of %d, want 100 of 150", len(f.Sightings), f.Places)
	}
	if want := day().Add(149 * time.Minute); !f.LastSeen.Equal(want) || !f.Seen.Equal(day()) {
		t.Errorf("seen %v to %v, want %v to %v", f.Seen, f.LastSeen, day(), want)
	}
}

func TestTheStrongestVerdictStands(t *testing.T) {
	r := open(t)
	near := 3
	r.raise(report("a", "s", "one"))
	r.raise(
		with(report("a", "s", "one"), func(r *alert.Report) { r.Distance, r.Ref = &near, "nearer" }),
		with(report("a", "s", "two"), func(r *alert.Report) { r.Verdict, r.Ref, r.Distance = "kin", "", nil }),
	)
	d := r.one(alert.Filter{})
	if d.Verdict != "copy" || d.Refs != 1 || *d.Findings[0].Ref != "nearer" || *d.Findings[0].Distance != 3 {
		t.Errorf("got %s, %d refs, %s at %d; want copy, 1, nearer at 3", d.Verdict, d.Refs, *d.Findings[0].Ref, *d.Findings[0].Distance)
	}
	r.raise(with(report("a", "s", "two"), func(r *alert.Report) { r.Verdict = "exact" }))
	r.raise(with(report("a", "s", "two"), func(r *alert.Report) { r.Verdict = "kin" }))
	d = r.one(alert.Filter{Verdict: "exact"})
	if d.Findings[0].Verdict != "exact" || d.Refs != 2 || d.FindingsTotal != 2 {
		t.Errorf("got %s first, %d refs, %d findings; want exact, 2, 2", d.Findings[0].Verdict, d.Refs, d.FindingsTotal)
	}
}

func TestRaiseRefusesWhatItCannotKeep(t *testing.T) {
	r := open(t)
	for _, bad := range []alert.Report{
		with(report("a", "s", "one"), func(r *alert.Report) { r.Verdict = "weak" }),
		with(report("a", "s", "one"), func(r *alert.Report) { r.Site = "" }),
		with(report("a", "s", "one"), func(r *alert.Report) { r.Set = "s\x00t" }),
		with(report("a", "s", "one"), func(r *alert.Report) { r.SHA256 = "abc" }),
	} {
		var invalid *alert.InvalidError
		if err := r.Raise(context.Background(), []alert.Report{report("a", "s", "two"), bad}); !errors.As(err, &invalid) {
			t.Errorf("%+v: got %v, want an InvalidError", bad, err)
		}
	}
	if got := r.list(alert.Filter{}); len(got) != 0 {
		t.Errorf("got %d alerts of refused reports, want none", len(got))
	}
}

func TestCrawledTextIsCleaned(t *testing.T) {
	r := open(t)
	r.raise(with(report("a", "s", "one"), func(r *alert.Report) {
		r.URL = "http://a.onion/\x1b[31m\u202egpj.exe\x00\xff"
		r.Page = "line\r\nfeed\u2066"
	}))
	f := r.one(alert.Filter{}).Findings[0]
	if want := `http://a.onion/\u001b[31m\u202egpj.exe\u0000` + "\ufffd"; f.URL != want || f.Sightings[0].URL != want {
		t.Errorf("got %q and %q, want %q", f.URL, f.Sightings[0].URL, want)
	}
	if want := `line\u000d\u000afeed\u2066`; *f.Page != want {
		t.Errorf("got %q, want %q", *f.Page, want)
	}
}

// The contract's shapes: every key is there, unknown is null, a list is a list.
func TestShapes(t *testing.T) {
	r := open(t)
	r.raise(alert.Report{Site: "a", Set: "s", Verdict: "exact", SHA256: sum("x"), URL: "http://a.onion/x"})
	head := r.list(alert.Filter{})[0]
	alertKeys := "assignee findings first_seen id last_seen previous refs set site state verdict"
	if got := keysOf(t, head); got != alertKeys {
		t.Errorf("alert: got keys %s, want %s", got, alertKeys)
	}
	d := r.review(head.ID, alert.Review{State: "in_review"})
	if got, want := keysOf(t, d), "assignee findings findings_total first_seen id last_seen previous refs reviews set site state verdict"; got != want {
		t.Errorf("detail: got keys %s, want %s", got, want)
	}
	want := "agree algorithm container count decision distance entry_window explain format frame height id kind last_seen lead member of " +
		"orientation page ref samples seen set_version sha256 sightings sightings_total stage url verdict width window"
	if got := keysOf(t, d.Findings[0]); got != want {
		t.Errorf("finding: got keys %s, want %s", got, want)
	}
	if got, want := keysOf(t, d.Findings[0].Explain), "camera camera_entries ratio residual rule visible"; got != want {
		t.Errorf("explain: got keys %s, want %s", got, want)
	}
	if got, want := keysOf(t, d.Reviews[0]), "assignee at by decision finding note state"; got != want {
		t.Errorf("review: got keys %s, want %s", got, want)
	}
	text := string(marshal(t, d))
	for _, part := range []string{`"assignee":null`, `"ref":null`, `"distance":null`, `"window":null`, `"samples":[]`, `"decision":null`, `"page":null`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	var back alert.Detail
	if err := json.Unmarshal([]byte(text), &back); err != nil || !bytes.Equal(marshal(t, back), []byte(text)) {
		t.Errorf("read back: %v\n got %s\nwant %s", err, marshal(t, back), text)
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keysOf(t *testing.T, v any) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(marshal(t, v), &m); err != nil {
		t.Fatal(err)
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}
