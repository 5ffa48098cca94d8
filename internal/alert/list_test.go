package alert_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"leakwatch/internal/alert"
)

// world raises 3 sites x 4 sets, a minute apart, and closes every third alert.
func world(t *testing.T) (*room, []string) {
	r := open(t)
	var oldestFirst []string
	for i := range 12 {
		site, set := fmt.Sprintf("site%d", i%3), fmt.Sprintf("set%d", i/3)
		r.raise(with(report(site, set, fmt.Sprint(i)), func(r *alert.Report) {
			r.At = day().Add(time.Duration(i) * time.Minute)
			if i%2 == 0 {
				r.Verdict = "exact"
			}
		}))
		id := r.one(alert.Filter{Site: site, Set: set}).ID
		oldestFirst = append(oldestFirst, id)
		if i%3 == 2 {
			r.review(id, alert.Review{State: alert.StateClosed})
		}
	}
	return r, oldestFirst
}

func idsOf(alerts []alert.Alert) (ids []string) {
	for _, a := range alerts {
		ids = append(ids, a.ID)
	}
	return ids
}

func TestListFilters(t *testing.T) {
	r, made := world(t)
	for _, c := range []struct {
		filter alert.Filter
		want   []int
	}{
		{alert.Filter{}, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		{alert.Filter{Site: "site1"}, []int{10, 7, 4, 1}},
		{alert.Filter{Site: "site"}, nil},
		{alert.Filter{Set: "set2"}, []int{8, 7, 6}},
		{alert.Filter{State: "closed"}, []int{11, 8, 5, 2}},
		{alert.Filter{Verdict: "exact"}, []int{10, 8, 6, 4, 2, 0}},
		{alert.Filter{Verdict: "exact", State: "closed"}, []int{8, 2}},
		{alert.Filter{Site: "site0", Set: "set3", State: "new", Verdict: "copy"}, []int{9}},
		{alert.Filter{Limit: 2}, []int{11, 10}},
		{alert.Filter{Limit: 2, Verdict: "copy"}, []int{11, 9}},
		{alert.Filter{Limit: 2, After: made[9]}, []int{8, 7}},
		{alert.Filter{State: "closed", After: made[5]}, []int{2}},
		{alert.Filter{After: made[0]}, nil},
	} {
		var want []string
		for _, i := range c.want {
			want = append(want, made[i])
		}
		if got := idsOf(r.list(c.filter)); !slices.Equal(got, want) {
			t.Errorf("%+v:\n got %v\nwant %v", c.filter, got, want)
		}
	}
	for _, bad := range []alert.Filter{{State: "open"}, {Verdict: "weak"}, {After: "x"}, {After: "01KXXXXXXXXXXXXXXXXXXXXXXX"}} {
		for _, err := range r.List(context.Background(), bad) {
			if err == nil {
				t.Errorf("%+v: got an alert, want an error", bad)
			}
		}
	}
}

func TestPagesOfAListThatMoves(t *testing.T) {
	r, made := world(t)
	var got []string
	after := ""
	for page := 0; ; page++ {
		alerts := r.list(alert.Filter{Limit: 5, After: after})
		if len(alerts) == 0 {
			break
		}
		got = append(got, idsOf(alerts)...)
		after = alerts[len(alerts)-1].Cursor()
		if page == 0 { // the last one of the page moves to the top
			last := alerts[len(alerts)-1]
			r.raise(with(report(last.Site, last.Set, "again"), func(r *alert.Report) { r.At = day().Add(time.Hour) }))
		}
	}
	slices.Reverse(got)
	if !slices.Equal(got, made) {
		t.Errorf("got %v, want each once: %v", got, made)
	}
}

// A consumer that is slow, and writes: no transaction is open meanwhile.
func TestListIsWholeWhileAlertsAreRaised(t *testing.T) {
	r, made := world(t)
	var got []string
	for a, err := range r.List(context.Background(), alert.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.ID)
		r.raise(with(report("site0", "set0", fmt.Sprint("more", len(got))), func(r *alert.Report) { r.At = day().Add(time.Hour) }))
	}
	slices.Reverse(got)
	if !slices.Equal(got, made) {
		t.Errorf("got %v, want each once: %v", got, made)
	}
}

func TestListStopsWithItsContext(t *testing.T) {
	r, _ := world(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range r.List(ctx, alert.Filter{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}
}

func TestTally(t *testing.T) {
	r, _ := world(t)
	tally, err := r.Tally(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(tally), "{map[closed:4 confirmed:0 in_review:0 new:8] map[site0:4 site1:4]}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
