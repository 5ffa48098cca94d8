package alert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"leakwatch/internal/alert"
)

// model is what the room should hold, as plainly as it can be said.
type model struct {
	alerts []*modelAlert
	told   []string
}

type modelAlert struct {
	id, site, set, state, previous string
	first, last                    time.Time
	findings                       map[string]*modelFinding // by picture
}

type modelFinding struct {
	verdict  string
	distance int
	ref      string
	places   map[string]bool
}

func (m *model) newest(site, set string) *modelAlert {
	for _, a := range slices.Backward(m.alerts) {
		if a.site == site && a.set == set {
			return a
		}
	}
	return nil
}

func (m *model) raise(r alert.Report, picture string) {
	a := m.newest(r.Site, r.Set)
	if a == nil || a.state == "closed" {
		opened := &modelAlert{site: r.Site, set: r.Set, state: "new", first: r.At, last: r.At, findings: map[string]*modelFinding{}}
		reason := "new"
		if a != nil {
			opened.previous, reason = a.id, "reopened"
		}
		m.alerts, a = append(m.alerts, opened), opened
		defer func() { m.told = append(m.told, fmt.Sprint(reason, " ", r.Site, r.Set)) }()
	} else if len(a.findings) == 9 && a.findings[picture] == nil {
		m.told = append(m.told, fmt.Sprint("growth ", r.Site, r.Set))
	}
	f := a.findings[picture]
	if f == nil {
		f = &modelFinding{verdict: r.Verdict, distance: *r.Distance, ref: r.Ref, places: map[string]bool{}}
		a.findings[picture] = f
	}
	rank := func(verdict string) int { return slices.Index(alert.Verdicts(), verdict) }
	if rank(r.Verdict) < rank(f.verdict) || r.Verdict == f.verdict && *r.Distance < f.distance {
		f.verdict, f.distance, f.ref = r.Verdict, *r.Distance, r.Ref
	}
	f.places[r.URL] = true
	a.see(r.At)
}

func (a *modelAlert) see(at time.Time) {
	if at.Before(a.first) {
		a.first = at
	}
	if at.After(a.last) {
		a.last = at
	}
}

func (a *modelAlert) String() string {
	refs := map[string]bool{}
	verdict, places := "kin", 0
	for _, f := range a.findings {
		if slices.Index(alert.Verdicts(), f.verdict) < slices.Index(alert.Verdicts(), verdict) {
			verdict = f.verdict
		}
		if f.verdict != "kin" {
			refs[f.ref] = true
		}
		places += len(f.places)
	}
	return fmt.Sprintf("%s/%s %s after %q: %s, %d findings, %d refs, %d places, %v to %v", a.site, a.set, a.state, a.previous, verdict,
		len(a.findings), len(refs), places, a.first.Unix(), a.last.Unix())
}

func (r *room) asModel(a alert.Alert) string {
	d := r.show(a.ID)
	previous, places := "", 0
	if a.Previous != nil {
		previous = *a.Previous
	}
	for i, f := range d.Findings {
		places += f.Places
		if i > 0 && slices.Index(alert.Verdicts(), f.Verdict) < slices.Index(alert.Verdicts(), d.Findings[i-1].Verdict) {
			r.t.Errorf("finding %d is stronger than the one before", i)
		}
	}
	if len(d.Findings) != a.Findings {
		r.t.Errorf("alert %s says %d findings and shows %d", a.ID, a.Findings, len(d.Findings))
	}
	return fmt.Sprintf("%s/%s %s after %q: %s, %d findings, %d refs, %d places, %v to %v", a.Site, a.Set, a.State, previous, a.Verdict,
		a.Findings, a.Refs, places, a.FirstSeen.Unix(), a.LastSeen.Unix())
}

func TestRandomSequencesAgreeWithAModel(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r, m := open(t), &model{}
			r.listen("desk")
			rnd := rand.New(rand.NewPCG(seed, 7))
			for range 150 {
				r.step(m, rnd)
			}
			r.compare(m)
		})
	}
}

// step does one random thing to the room and to the model.
func (r *room) step(m *model, rnd *rand.Rand) {
	r.t.Helper()
	site, set := fmt.Sprint("site", rnd.IntN(2)), fmt.Sprint("set", rnd.IntN(2))
	picture := fmt.Sprint(rnd.IntN(14))
	when := day().Add(time.Duration(rnd.IntN(1000)) * time.Second)
	url := fmt.Sprint("http://", site, ".onion/", rnd.IntN(4))
	switch n := rnd.IntN(20); {
	case n < 14:
		distance := rnd.IntN(40)
		found := with(report(site, set, picture), func(r *alert.Report) {
			r.Verdict, r.Distance = []string{"exact", "copy", "kin"}[rnd.IntN(3)], &distance
			r.Ref, r.URL, r.At = fmt.Sprint("ref", rnd.IntN(6)), url, when
		})
		r.raise(found)
		m.raise(found, picture)
		if a := m.newest(site, set); a.id == "" {
			a.id = r.newestID(site, set)
		}
	case n < 17:
		if err := r.SeenAgain(context.Background(), site, sum(picture), url, when); err != nil {
			r.t.Fatal(err)
		}
		for _, set := range []string{"set0", "set1"} {
			if a := m.newest(site, set); a != nil && a.findings[picture] != nil {
				a.findings[picture].places[url] = true
				a.see(when)
			}
		}
	case n < 19:
		if a := m.newest(site, set); a != nil {
			a.state = alert.States()[rnd.IntN(4)]
			r.review(a.id, alert.Review{State: a.state})
		}
	default:
		r.reenter()
	}
}

func (r *room) newestID(site, set string) string {
	newest := ""
	for _, a := range r.list(alert.Filter{Site: site, Set: set}) {
		newest = max(newest, a.ID)
	}
	return newest
}

func (r *room) compare(m *model) {
	r.t.Helper()
	var got, want []string
	open := map[string]int{}
	for _, a := range r.list(alert.Filter{}) {
		got = append(got, a.ID+" "+r.asModel(a))
		if a.State != "closed" {
			open[a.Site+a.Set]++
		}
	}
	for _, a := range m.alerts {
		want = append(want, a.id+" "+a.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("alerts:\n got %q\nwant %q", got, want)
	}
	for matter, n := range open {
		if n > 1 {
			r.t.Errorf("%s has %d open alerts", matter, n)
		}
	}
	var told []string
	for _, n := range r.drain("desk") {
		told = append(told, fmt.Sprint(n.Reason, " ", n.Site, n.Set))
	}
	if !slices.Equal(told, m.told) {
		r.t.Errorf("notices:\n got %q\nwant %q", told, m.told)
	}
}
