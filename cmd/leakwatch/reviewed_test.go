package main

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/kv"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
)

// reviewedRig is the two rooms with one entry, A, and a picture 40 bits from it.
type reviewedRig struct {
	reviewed
	t     *testing.T
	turns [8]phash.PDQ
}

func newReviewedRig(t *testing.T) *reviewedRig {
	t.Helper()
	open := func(name string) *kv.DB {
		db, err := kv.Open(filepath.Join(t.TempDir(), name), kv.Options{Schema: match.Schema})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	sets, err := match.Open(open("hashes.db"), match.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := alert.Open(open("state.db"), alert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entry := phash.PDQ(sha256.Sum256([]byte("A")))
	rows := func(yield func(match.Entry, error) bool) {
		yield(match.Entry{Ref: "A", PDQ: &entry, Quality: 90}, nil)
	}
	if _, err := sets.Load(t.Context(), "set", rows, "test", nil, nil); err != nil {
		t.Fatal(err)
	}
	r := &reviewedRig{reviewed{alerts, sets, slog.New(slog.DiscardHandler)}, t, [8]phash.PDQ{}}
	for o := range r.turns {
		r.turns[o] = entry
		for k := range 40 {
			r.turns[o][k%32] ^= 1 << (k / 32)
		}
	}
	return r
}

// finds is the verdict on the picture.
func (r *reviewedRig) finds() string {
	for _, h := range r.sets.Search(match.Query{Parts: []match.Part{{Window: phash.Whole(), Turns: r.turns, Quality: 90}}}) {
		return h.Verdict
	}
	return "none"
}

// report is one finding of it in some file.
func (r *reviewedRig) report(file int) alert.Report {
	return alert.Report{
		Site: "board", Set: "set", SetVersion: 1, Verdict: match.Copy, Ref: "A", Algorithm: match.PDQ, PDQ: r.turns[0].String(),
		SHA256: fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, file))), URL: fmt.Sprintf("http://board/%d", file),
	}
}

func (r *reviewedRig) alert() alert.Alert {
	r.t.Helper()
	for a, err := range r.List(r.t.Context(), alert.Filter{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		return a
	}
	r.t.Fatal("no alert")
	return alert.Alert{}
}

// A crash between the review and what follows from it is mended at the next
// start, in both directions.
func TestFalsePositivesAreTakenOver(t *testing.T) {
	r := newReviewedRig(t)
	if err := r.Raise(t.Context(), []alert.Report{r.report(1)}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ decision, want string }{{falsePositive, match.Weak}, {"confirmed", match.Copy}} {
		before := r.finds()
		if _, err := r.Alerts.Review(t.Context(), r.alert().ID, alert.Review{Decision: step.decision, By: "ann"}); err != nil {
			t.Fatal(err)
		}
		if got := r.finds(); got != before {
			t.Fatalf("the review alone changed %s to %s: nothing was proved", before, got)
		}
		if err := r.takeOver(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if got := r.finds(); got != step.want {
			t.Errorf("%s, after the start: got %s, want %s", step.decision, got, step.want)
		}
	}
	if _, err := r.Review(t.Context(), r.alert().ID, alert.Review{Decision: falsePositive, By: "ann"}); err != nil || r.finds() != match.Weak {
		t.Errorf("a review with what follows: got %s, %v", r.finds(), err)
	}
}

// An entry that floods is put into quarantine and told once, and its alert
// stands.
func TestFloodIsQuarantined(t *testing.T) {
	r := newReviewedRig(t)
	for i := range match.FloodPictures + 20 {
		if err := r.Raise(t.Context(), []alert.Report{r.report(i)}); err != nil {
			t.Fatal(err)
		}
		if i == match.FloodPictures-1 && r.finds() != match.Copy {
			t.Fatal("quarantined too early")
		}
	}
	if got := r.finds(); got != "none" {
		t.Errorf("an entry in quarantine: got %s", got)
	}
	d, err := r.Show(t.Context(), r.alert().ID)
	if err != nil || len(d.Reviews) != 1 || d.Reviews[0].By != "leakwatch" || d.FindingsTotal != match.FloodPictures+20 {
		t.Errorf("got %d findings and history %+v, %v", d.FindingsTotal, d.Reviews, err)
	}
	if marks, err := r.sets.Marks("set"); err != nil || len(marks) != 1 || marks[0].State != match.Quarantined || marks[0].Pictures <= match.FloodPictures {
		t.Errorf("got marks %+v, %v", marks, err)
	}
}
