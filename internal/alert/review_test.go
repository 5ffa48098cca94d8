package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/alert"
)

func TestFoundAfterClosedOpensAnew(t *testing.T) {
	r := open(t)
	r.listen("desk")
	r.raise(report("a", "s", "one"))
	first := r.one(alert.Filter{})
	r.review(first.ID, alert.Review{State: alert.StateClosed})
	if err := r.SeenAgain(context.Background(), "a", sum("one"), "http://a.onion/one.jpg", day().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := r.one(alert.Filter{}); got.State != alert.StateClosed || !got.LastSeen.Equal(day().Add(time.Hour)) {
		t.Errorf("after another look: state %s, last seen %v; want closed, an hour later", got.State, got.LastSeen)
	}
	r.raise(report("a", "s", "one"))
	r.raise(report("a", "s", "two"))
	second := r.one(alert.Filter{State: alert.StateNew})
	if second.Previous == nil || *second.Previous != first.ID || second.FindingsTotal != 2 {
		t.Errorf("got previous %v and %d findings, want %s and 2", second.Previous, second.FindingsTotal, first.ID)
	}
	if got := r.show(first.ID); got.FindingsTotal != 1 {
		t.Errorf("the closed alert now holds %d findings, want 1", got.FindingsTotal)
	}
	notices := r.drain("desk")
	if len(notices) != 2 || notices[0].Reason != "new" || notices[1].Reason != "reopened" || notices[1].Previous != first.ID {
		t.Errorf("got notices %+v, want new and reopened", notices)
	}

	_, err := r.Review(context.Background(), first.ID, alert.Review{State: alert.StateInReview, By: "ann"})
	if !errors.Is(err, alert.ErrFollowed) || !strings.Contains(err.Error(), second.ID) {
		t.Errorf("opening the first again: got %v, want ErrFollowed naming %s", err, second.ID)
	}
	r.review(second.ID, alert.Review{State: alert.StateClosed})
	r.review(second.ID, alert.Review{State: alert.StateConfirmed})
	r.raise(report("a", "s", "three"))
	if got := r.show(second.ID); got.FindingsTotal != 3 || got.State != alert.StateConfirmed {
		t.Errorf("got %d findings, %s; want 3 in the alert that was opened again", got.FindingsTotal, got.State)
	}
}

func TestReviewKeepsItsHistory(t *testing.T) {
	r := open(t)
	r.raise(report("a", "s", "one"), report("a", "s", "two"))
	id := r.list(alert.Filter{})[0].ID
	finding := r.show(id).Findings[0].ID
	bob, nobody := "bob", ""
	r.review(id, alert.Review{State: alert.StateInReview, Assignee: &bob, Note: "looking\nat it\x1b"})
	r.review(id, alert.Review{Finding: finding, Decision: "confirmed"})
	r.review(id, alert.Review{Finding: finding, Decision: "confirmed"}) // said twice
	r.review(id, alert.Review{Finding: finding, Decision: "false_positive"})
	r.reenter()
	d := r.show(id)
	if d.State != alert.StateInReview || d.Assignee == nil || *d.Assignee != "bob" {
		t.Errorf("got %s, %v; want in_review by bob", d.State, d.Assignee)
	}
	if d.Findings[0].Decision == nil || *d.Findings[0].Decision != "false_positive" || d.Findings[1].Decision != nil {
		t.Errorf("got decisions %v and %v, want false_positive and none", d.Findings[0].Decision, d.Findings[1].Decision)
	}
	if len(d.Reviews) != 3 {
		t.Fatalf("got %d lines of history, want 3: %s", len(d.Reviews), marshal(t, d.Reviews))
	}
	if got := *d.Reviews[0].Note; got != "looking\nat it\\u001b" {
		t.Errorf("got note %q, want its line feed and no escape", got)
	}
	if got := d.Reviews[2]; got.By != "ann" || *got.Finding != finding || got.At.IsZero() {
		t.Errorf("got %+v, want ann, the finding and a time", got)
	}
	if d := r.review(id, alert.Review{Assignee: &nobody}); d.Assignee != nil {
		t.Errorf("got assignee %q, want none", *d.Assignee)
	}
}

func TestDecisionOnAllFindings(t *testing.T) {
	r := open(t)
	var reports []alert.Report
	for i := range 12 {
		reports = append(reports, report("a", "s", fmt.Sprint(i)))
	}
	r.raise(reports...)
	id := r.list(alert.Filter{})[0].ID
	d := r.review(id, alert.Review{Decision: "illegal"})
	for _, f := range d.Findings {
		if f.Decision == nil || *f.Decision != "illegal" {
			t.Errorf("finding %s: got %v, want illegal", f.ID, f.Decision)
		}
	}
	r.raise(report("a", "s", "later"))
	undecided := 0
	for _, f := range r.show(id).Findings {
		if f.Decision == nil {
			undecided++
		}
	}
	if undecided != 1 {
		t.Errorf("%d findings are undecided, want only the later one", undecided)
	}
}

func TestReviewSaysWhatIsAllowed(t *testing.T) {
	r := open(t)
	r.raise(report("a", "s", "one"))
	id := r.list(alert.Filter{})[0].ID
	for _, c := range []struct {
		review alert.Review
		want   []string
	}{
		{alert.Review{By: "ann", State: "done"}, []string{`"done"`, "new, in_review, confirmed, closed"}},
		{alert.Review{By: "ann", Decision: "no"}, []string{`"no"`, "confirmed, false_positive, same_camera, duplicate, illegal"}},
		{alert.Review{By: "ann"}, []string{"needs a state"}},
		{alert.Review{State: "closed"}, []string{"by"}},
		{alert.Review{By: "ann", Finding: "abc"}, []string{"decision"}},
		{alert.Review{By: "ann", Note: strings.Repeat("n", 10_001)}, []string{"longer than 10000"}},
	} {
		_, err := r.Review(context.Background(), id, c.review)
		var invalid *alert.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%+v: got %v, want an InvalidError", c.review, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("got %q, want %q in it", err, part)
			}
		}
	}
	for _, id := range []string{"", "x", "01KXXXXXXXXXXXXXXXXXXXXXXX", strings.Repeat("\xff", 26)} {
		if _, err := r.Review(context.Background(), id, alert.Review{By: "ann", State: "closed"}); !errors.Is(err, alert.ErrNoAlert) {
			t.Errorf("alert %q: got %v, want ErrNoAlert", id, err)
		}
		if _, err := r.Show(context.Background(), id); !errors.Is(err, alert.ErrNoAlert) {
			t.Errorf("show %q: got %v, want ErrNoAlert", id, err)
		}
	}
	for _, finding := range []string{"zz", sum("x")[:32]} {
		_, err := r.Review(context.Background(), id, alert.Review{By: "ann", Finding: finding, Decision: "confirmed"})
		if !errors.Is(err, alert.ErrNoFinding) {
			t.Errorf("finding %q: got %v, want ErrNoFinding", finding, err)
		}
	}
	if d := r.show(id); len(d.Reviews) != 0 {
		t.Errorf("refused reviews left %d lines", len(d.Reviews))
	}
}

func TestReviewKeepsNoControls(t *testing.T) {
	r := open(t)
	r.raise(report("a", "s", "one"))
	id := r.one(alert.Filter{}).ID
	who := "ann\u202e\u009b"
	d, err := r.Review(context.Background(), id, alert.Review{Assignee: &who, Note: who, By: who})
	if err != nil {
		t.Fatal(err)
	}
	want := `ann\u202e\u009b`
	line := d.Reviews[0]
	for of, got := range map[string]string{"assignee": *d.Assignee, "assignee of the line": *line.Assignee, "note": *line.Note, "by": line.By} {
		if got != want {
			t.Errorf("%s: got %q, want %q", of, got, want)
		}
	}
	if who != "ann\u202e\u009b" {
		t.Errorf("the caller's own text was changed to %q", who)
	}
}

// A note is kept to its last letter: it is a person's, not a crawled page's.
func TestReviewCutsNoNote(t *testing.T) {
	r := open(t)
	r.raise(report("a", "s", "one"))
	note := strings.Repeat("n", 10_000)
	d := r.review(r.list(alert.Filter{})[0].ID, alert.Review{Note: note})
	if got := *d.Reviews[0].Note; got != note {
		t.Errorf("of a note of %d letters %d are kept", len(note), len(got))
	}
}

// What is refused changes nothing, decisions on every finding included.
func TestRefusedReviewDecidesNothing(t *testing.T) {
	r := open(t)
	r.raise(report("a", "s", "one"))
	id := r.list(alert.Filter{})[0].ID
	r.review(id, alert.Review{State: alert.StateClosed})
	r.raise(report("a", "s", "one"))
	_, err := r.Review(context.Background(), id, alert.Review{By: "ann", State: alert.StateNew, Decision: "confirmed"})
	if !errors.Is(err, alert.ErrFollowed) {
		t.Errorf("got %v, want ErrFollowed", err)
	}
	if got := r.show(id).Findings[0].Decision; got != nil {
		t.Errorf("the finding is decided: %s", *got)
	}
}
