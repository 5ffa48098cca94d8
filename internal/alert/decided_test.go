package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"leakwatch/internal/alert"
)

// decidedIn are the findings with a decision, as text.
func decidedIn(t *testing.T, r *room, id, decision string) map[string]alert.Decided {
	t.Helper()
	found := map[string]alert.Decided{}
	for d, err := range r.Decided(context.Background(), id, decision) {
		if err != nil {
			t.Fatal(err)
		}
		found[d.Finding] = d
	}
	return found
}

func TestDecided(t *testing.T) {
	r := open(t)
	pdq := strings.Repeat("0f", 32)
	r.raise(with(report("a", "s", "one"), func(p *alert.Report) { p.PDQ, p.Window = pdq, &[4]float64{0, 0, .5, 1} }))
	for i := range 2100 {
		r.raise(report("big", "s", fmt.Sprint(i)))
	}
	small, big := r.list(alert.Filter{Site: "a"})[0].ID, r.list(alert.Filter{Site: "big"})[0].ID
	r.review(small, alert.Review{Decision: "false_positive"})
	r.review(big, alert.Review{Decision: "confirmed"})
	r.review(big, alert.Review{Finding: r.show(big).Findings[7].ID, Decision: "false_positive"})
	if got := decidedIn(t, r, "", "false_positive"); len(got) != 2 {
		t.Errorf("false positives: got %d, want 2", len(got))
	}
	if got := decidedIn(t, r, "", "confirmed"); len(got) != 2099 {
		t.Errorf("confirmed: got %d, want 2099", len(got))
	}
	for id, d := range decidedIn(t, r, small, "false_positive") {
		if d.Alert != small || d.Set != "s" || d.SHA256 != sum("one") || d.PDQ != pdq || d.Window == nil || *d.Window != [4]float64{0, 0, .5, 1} || len(id) != 32 {
			t.Errorf("got %+v", d)
		}
	}
	r.review(small, alert.Review{Decision: "duplicate"})
	if got := decidedIn(t, r, small, "false_positive"); len(got) != 0 {
		t.Errorf("after another decision: got %v", got)
	}
	if text := string(marshal(t, r.show(small))); strings.Contains(text, pdq) {
		t.Errorf("the fingerprint of a found picture is shown: %s", text)
	}
}

// A remark stands in the history, and those who hear of the alert are told.
func TestRemark(t *testing.T) {
	r := open(t)
	r.listen("desk")
	r.raise(report("a", "s", "one"))
	r.drain("desk")
	for range 2 { // said twice it stands once
		if err := r.Remark(context.Background(), "a", "s", "leakwatch", "ref 1 floods", "an entry floods"); err != nil {
			t.Fatal(err)
		}
	}
	d := r.show(r.list(alert.Filter{})[0].ID)
	if len(d.Reviews) != 1 || *d.Reviews[0].Note != "ref 1 floods" || d.Reviews[0].By != "leakwatch" {
		t.Errorf("got history %s", marshal(t, d.Reviews))
	}
	if n := r.drain("desk"); len(n) != 2 || n[0].Kind != "alert" || n[0].Text != "an entry floods" || n[0].Alert != d.ID {
		t.Errorf("got notices %+v", n)
	}
	if err := r.Remark(context.Background(), "b", "s", "leakwatch", "x", "x"); !errors.Is(err, alert.ErrNoAlert) {
		t.Errorf("without an alert: got %v", err)
	}
}
