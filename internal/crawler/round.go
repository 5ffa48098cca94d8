package crawler

import "time"

// endDone is the end of a round that left nothing due.
const endDone = "done"

// round is one pass over a site. Its budgets count over restarts. A round that
// ended because nothing was due, because of a stop or because of Tor goes on
// when something of the site is due before the next one begins: so that a site
// gets one set of budgets per interval, and not one per retry.
type round struct {
	Seq     int    `json:"seq,omitempty"`
	Started int64  `json:"started,omitempty"` // ms; 0: there never was one
	Part    int    `json:"part,omitempty"`    // grows each time that it goes on
	Opened  int64  `json:"opened,omitempty"`  // ms; since when this part runs
	Spent   int64  `json:"spent,omitempty"`   // ms that it ran before Opened
	Ended   int64  `json:"ended,omitempty"`   // ms; 0: it runs
	Pages   int    `json:"pages,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	End     string `json:"end,omitempty"`
	Anew    bool   `json:"anew,omitempty"` // somebody asked for a visit: the next seed begins a new round
}

func (r *round) running() bool { return r.Started != 0 && r.Ended == 0 }

// spentBudget says that r ended because a budget was used.
func (r *round) spentBudget() bool {
	return r.Ended != 0 && isBudget(Cause(r.End))
}

func isBudget(c Cause) bool { return c == BudgetPages || c == BudgetBytes || c == BudgetTime }

// gate is before when no seed may begin the next round; ms.
func (r *round) gate(interval time.Duration) int64 {
	if r.Started == 0 || r.Anew {
		return 0
	}
	return r.Started + interval.Milliseconds()
}

// open makes r run as a visit begins: on it goes, or the next one begins.
func (r *round) open(seed bool, interval time.Duration, now int64) {
	switch {
	case r.Started == 0,
		seed && r.Anew,
		seed && r.Ended != 0 && now >= r.Started+interval.Milliseconds():
		*r = round{Seq: r.Seq + 1, Part: 1, Started: now, Opened: now}
	case r.Ended != 0:
		r.Part, r.Opened, r.Ended, r.End = r.Part+1, now, 0, ""
	}
}

// end ends a running round.
func (r *round) end(why string, now int64) {
	if !r.running() {
		return
	}
	r.Spent += max(now-r.Opened, 0)
	r.Ended, r.End = now, why
}

// newer says that r was opened after o.
func (r *round) newer(o *round) bool {
	return r.Seq > o.Seq || r.Seq == o.Seq && r.Part > o.Part
}

// merge takes over that o was opened, when it is newer. The counters stay: they
// are those of the store.
func (r *round) merge(o *round) {
	switch {
	case !o.newer(r):
	case o.Seq == r.Seq:
		r.Part, r.Opened, r.Spent, r.Ended, r.End = o.Part, o.Opened, o.Spent, 0, ""
	default:
		*r = round{Seq: o.Seq, Part: o.Part, Started: o.Started, Opened: o.Opened}
	}
}

// over says which budget ends the round at once, or "".
func (r *round) over(c *SiteConfig, now int64) Cause {
	switch {
	case c.MaxBytes > 0 && r.Bytes >= c.MaxBytes:
		return BudgetBytes
	case c.MaxTime > 0 && r.running() && r.Spent+now-r.Opened >= c.MaxTime.Milliseconds():
		return BudgetTime
	}
	return ""
}

// pagesUsed says that no more pages may be visited: pictures still may. ahead
// are pages under way.
func (r *round) pagesUsed(c *SiteConfig, ahead int) bool {
	return c.MaxPages > 0 && r.Pages+ahead >= c.MaxPages
}
