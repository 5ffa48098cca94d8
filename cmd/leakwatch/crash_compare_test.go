package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/assure"
)

// crashView is what one look at the daemon showed, or the sum of many.
type crashView map[string]*crashAlert // by id

type crashAlert struct {
	site, set, state string
	findings         map[string]crashFinding // by id
	total            int
}

type crashFinding struct {
	sha256  string
	verdict string
	seen    string
	places  int
}

// crashViewOf reads an export. A long alert comes in parts.
func crashViewOf(export []alert.Detail) (crashView, []string) {
	v, wrong := crashView{}, []string{}
	for _, d := range export {
		a := v[d.ID]
		if a == nil {
			a = &crashAlert{site: d.Site, set: d.Set, state: d.State, findings: map[string]crashFinding{}}
			v[d.ID] = a
		}
		a.total = max(a.total, d.FindingsTotal)
		for _, f := range d.Findings {
			if _, twice := a.findings[f.ID]; twice {
				wrong = append(wrong, fmt.Sprintf("alert %s holds finding %s twice", d.ID, f.ID))
			}
			a.findings[f.ID] = crashFinding{f.SHA256, f.Verdict, f.Seen.String(), f.Places}
		}
	}
	return v, wrong
}

// sound says what contradicts itself in one look.
func (v crashView) sound(neverClosed func(site string) bool) (wrong []string) {
	open, prints := map[string]string{}, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(v)) {
		a := v[id]
		matter := a.site + " " + a.set
		if other, twice := open[matter]; a.state != alert.StateClosed && twice {
			wrong = append(wrong, fmt.Sprintf("two open alerts of %s: %s and %s", matter, other, id))
		}
		if a.state != alert.StateClosed || neverClosed(a.site) {
			open[matter] = id
		}
		scope := matter // of a digest: one finding in it
		if !neverClosed(a.site) {
			scope += " " + id
		}
		for _, f := range slices.Sorted(maps.Keys(a.findings)) {
			print := scope + " " + a.findings[f].sha256
			if other, twice := prints[print]; twice {
				wrong = append(wrong, fmt.Sprintf("two findings of %s: %s and %s", print, other, f))
			}
			prints[print] = f
		}
	}
	return wrong
}

// lost says what was seen before and is not there now, or is less.
func (before crashView) lost(now crashView) (wrong []string) {
	for _, id := range slices.Sorted(maps.Keys(before)) {
		old, a := before[id], now[id]
		switch {
		case a == nil:
			wrong = append(wrong, fmt.Sprintf("alert %s of %s is gone", id, old.site))
			continue
		case old.site != a.site || old.set != a.set:
			wrong = append(wrong, fmt.Sprintf("alert %s was of %s %s and is of %s %s", id, old.site, old.set, a.site, a.set))
		case old.state == alert.StateClosed && a.state != old.state:
			wrong = append(wrong, fmt.Sprintf("alert %s was closed and is %s", id, a.state))
		case a.total < old.total:
			wrong = append(wrong, fmt.Sprintf("alert %s had %d findings and counts %d", id, old.total, a.total))
		}
		for _, f := range slices.Sorted(maps.Keys(old.findings)) {
			was, is := old.findings[f], a.findings[f]
			if was.sha256 != is.sha256 || was.verdict != is.verdict || was.seen != is.seen || is.places < was.places {
				wrong = append(wrong, fmt.Sprintf("finding %s of alert %s was %+v and is %+v", f, id, was, is))
			}
		}
	}
	return wrong
}

// counted says where the counts of a whole look differ from what it holds.
func (v crashView) counted() (wrong []string) {
	for _, id := range slices.Sorted(maps.Keys(v)) {
		if a := v[id]; a.total != len(a.findings) {
			wrong = append(wrong, fmt.Sprintf("alert %s counts %d findings and holds %d", id, a.total, len(a.findings)))
		}
	}
	return wrong
}

// add takes over what another look showed.
func (v crashView) add(now crashView) {
	maps.Copy(v, now) // lost has checked that it is no less
}

// crashCoverage holds a ledger against itself and against an earlier one.
func crashCoverage(before map[string]assure.Coverage, now []assure.Coverage) (wrong []string) {
	for _, c := range now {
		sum := 0
		for _, n := range c.Causes {
			sum += n
		}
		old := before[c.Site]
		if c.Visited != sum || c.Due != c.Visited+c.Waiting {
			wrong = append(wrong, fmt.Sprintf("%s: visited %d, causes %d, waiting %d, due %d", c.Site, c.Visited, sum, c.Waiting, c.Due))
		}
		if c.Visited < old.Visited || c.Content < old.Content || c.Bytes < old.Bytes || c.Pictures.Inspected < old.Pictures.Inspected {
			wrong = append(wrong, fmt.Sprintf("%s: the ledger shrank from %+v to %+v", c.Site, old, c))
		}
		for cause, n := range old.Causes {
			if c.Causes[cause] < n {
				wrong = append(wrong, fmt.Sprintf("%s: %s fell from %d to %d", c.Site, cause, n, c.Causes[cause]))
			}
		}
	}
	return wrong
}

// crashNotice is what a channel was given.
type crashNotice struct {
	ID       string  `json:"id"`
	Type     string  `json:"type"`
	Alert    *string `json:"alert"`
	Site     *string `json:"site"`
	Reason   *string `json:"reason"`
	Findings *int    `json:"findings"`
}

// crashDoubles says which piece of news was told under two ids: a repeat is
// one only under the same id.
func crashDoubles(notices []crashNotice) (wrong []string) {
	ids := map[string]string{}
	for _, n := range notices {
		if n.Type != "alert" {
			continue
		}
		news := fmt.Sprintf("%s %s of magnitude %d", *n.Alert, *n.Reason, len(fmt.Sprint(*n.Findings)))
		if other, told := ids[news]; told && other != n.ID {
			wrong = append(wrong, fmt.Sprintf("%s was told as %s and as %s", news, other, n.ID))
		}
		ids[news] = n.ID
	}
	return wrong
}

// crashUntold lists the alerts of which no notice says that they are there.
func crashUntold(v crashView, notices []crashNotice) (untold []string) {
	told := map[string]bool{}
	for _, n := range notices {
		if n.Type == "alert" && (*n.Reason == "new" || *n.Reason == "reopened") {
			told[*n.Alert] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v)) {
		if !told[id] {
			untold = append(untold, id)
		}
	}
	return untold
}

// The control of TestKill: each kind of loss and of doubling is seen.
func TestKillWouldTell(t *testing.T) {
	never := func(site string) bool { return site != "closed" }
	one := func(change func(*alert.Detail)) alert.Detail {
		d := alert.Detail{Alert: alert.Alert{ID: "A", Site: "long", Set: "s", State: alert.StateNew}, FindingsTotal: 2, Findings: []alert.Finding{
			{ID: "f", SHA256: "1", Verdict: "copy", Places: 2}, {ID: "g", SHA256: "2", Verdict: "copy", Places: 1}}}
		change(&d)
		return d
	}
	whole := one(func(*alert.Detail) {})
	closed := one(func(d *alert.Detail) { d.State = alert.StateClosed })
	for name, row := range map[string]struct {
		before, now []alert.Detail
		want        string
	}{
		"nothing":          {[]alert.Detail{whole}, []alert.Detail{whole}, ""},
		"alert lost":       {[]alert.Detail{whole}, nil, "alert A of long is gone"},
		"finding lost":     {[]alert.Detail{whole}, []alert.Detail{one(func(d *alert.Detail) { d.Findings = d.Findings[:1] })}, "finding g of alert A was"},
		"other id":         {[]alert.Detail{whole}, []alert.Detail{one(func(d *alert.Detail) { d.Findings[0].ID = "h" })}, "finding f of alert A was"},
		"place lost":       {[]alert.Detail{whole}, []alert.Detail{one(func(d *alert.Detail) { d.Findings[0].Places = 1 })}, "finding f of alert A was"},
		"count fell":       {[]alert.Detail{whole}, []alert.Detail{one(func(d *alert.Detail) { d.FindingsTotal = 1 })}, "had 2 findings and counts 1"},
		"miscounted":       {nil, []alert.Detail{one(func(d *alert.Detail) { d.FindingsTotal = 3 })}, "counts 3 findings and holds 2"},
		"review lost":      {[]alert.Detail{closed}, []alert.Detail{whole}, "was closed and is new"},
		"alert doubled":    {nil, []alert.Detail{whole, one(func(d *alert.Detail) { d.ID, d.Findings, d.FindingsTotal = "B", nil, 0 })}, "two open alerts of long s"},
		"finding doubled":  {nil, []alert.Detail{one(func(d *alert.Detail) { d.Findings[1].SHA256 = "1" })}, "two findings of long s 1"},
		"opened past open": {nil, []alert.Detail{closed, one(func(d *alert.Detail) { d.ID, d.Findings, d.FindingsTotal = "B", nil, 0 })}, "two open alerts of long s"},
	} {
		before, _ := crashViewOf(row.before)
		now, wrong := crashViewOf(row.now)
		wrong = append(append(append(wrong, now.sound(never)...), before.lost(now)...), now.counted()...)
		got := strings.Join(wrong, "\n")
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
	text, ten := func(s string) *string { return &s }, 10
	notices := []crashNotice{{"1", "alert", text("A"), nil, text("new"), &ten}, {"1", "alert", text("A"), nil, text("new"), &ten}}
	if got := crashDoubles(notices); got != nil {
		t.Errorf("a repeat under the same id is none: %v", got)
	}
	notices[1].ID = "2"
	if got := crashDoubles(notices); len(got) != 1 {
		t.Errorf("told under two ids: got %v, want one complaint", got)
	}
	if got := crashUntold(crashView{"A": nil, "B": nil}, notices); !slices.Equal(got, []string{"B"}) {
		t.Errorf("untold: got %v, want B", got)
	}
	ledger := assure.Coverage{Site: "a", Visited: 2, Due: 3, Waiting: 1, Causes: map[crawlerCause]int{"ok": 2}}
	less, odd := ledger, ledger
	less.Visited, less.Due, less.Causes = 1, 2, map[crawlerCause]int{"ok": 1}
	odd.Due = 5
	for i, c := range []assure.Coverage{ledger, less, odd} {
		got := crashCoverage(map[string]assure.Coverage{"a": ledger}, []assure.Coverage{c})
		if (len(got) > 0) != (i > 0) {
			t.Errorf("ledger %d: got %v", i, got)
		}
	}
}
