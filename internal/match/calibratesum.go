package match

import (
	"fmt"
	"math"
)

// way is one of the ways to a copy that a set has, with what strangers do in it.
type way struct {
	by        string
	tail      *tail
	threshold func(*Thresholds) *int
	steps     []int // of the curve
}

// ways are those that the set has.
func (g *gauge) ways() (all []way) {
	tailBy := func(of func(*distances) int) *tail {
		var list []int
		for i := range g.background {
			list = append(list, of(&g.background[i]))
		}
		return tailOf(list)
	}
	bits := []int{0, 8, 16, 24, 31, 39, 45, 51, 57, 63}
	if g.seg.pdq.len() > 0 {
		all = append(all, way{byWhole, tailBy(func(d *distances) int { return d.whole }), func(t *Thresholds) *int { return &t.CopyDistance }, bits})
	}
	if g.seg.windows.hash.len() > 0 {
		all = append(all, way{byWindow, tailBy(func(d *distances) int { return d.window }), func(t *Thresholds) *int { return &t.WindowDistance }, bits})
	}
	if len(g.seg.phash) > 0 {
		all = append(all, way{byPHash, tailBy(func(d *distances) int { return d.phash }), func(t *Thresholds) *int { return &t.PHashMaxDistance }, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}})
	}
	return all
}

// calibration sums up what was measured.
func (g *gauge) calibration(o CalibrateOptions) Calibration {
	c := Calibration{
		RatePerDay: o.Rate, BudgetPerDay: o.Budget, Verdicts: []VerdictRow{}, Curve: []CurveRow{}, Notes: []string{},
		Background: Background{Pictures: len(g.background), InSet: g.inSet, NotJudged: g.notJudged, Verdicts: g.verdicts, Nearest: append([]NearPicture{}, g.nearest...)},
	}
	ways := g.ways()
	now, config := thresholdsOf(g.now), thresholdsOf(g.config)
	zero := 0.0
	c.Verdicts = append(c.Verdicts, g.recalled(VerdictRow{Verdict: Exact, By: byBytes, Of: len(g.background), PerDay: &zero, AtMost: &zero}, Thresholds{}))
	for _, w := range ways {
		t := *w.threshold(&now)
		row := VerdictRow{Verdict: Copy, By: w.by, Threshold: &t, Seen: w.tail.seen[t], Of: w.tail.n, PerDay: perDay(w.tail.share(t), o.Rate), AtMost: perDay(w.tail.atMost(t), o.Rate)}
		c.Verdicts = append(c.Verdicts, g.recalled(row, only(w, t, &now)))
		for _, t := range w.steps {
			mean := g.recalled(VerdictRow{}, only(w, t, &now)).Mean
			c.Curve = append(c.Curve, CurveRow{w.by, t, w.tail.seen[t], perDay(w.tail.share(t), o.Rate), perDay(w.tail.atMost(t), o.Rate), mean})
		}
	}
	if len(ways) > 1 {
		c.Verdicts = append(c.Verdicts, g.recalled(g.anyRow(o.Rate), now))
	}
	if len(g.background) > 0 {
		c.Recommended = g.recommended(&c, ways, config, o)
	}
	g.notes(&c, ways)
	return c
}

// anyRow is what the rule itself said of the background, by whatever way.
func (g *gauge) anyRow(rate float64) VerdictRow {
	t := tailOf(nil)
	t.n, t.seen[0] = len(g.background), g.verdicts[Copy]
	return VerdictRow{Verdict: Copy, By: byAny, Seen: t.seen[0], Of: t.n, PerDay: perDay(t.share(0), rate), AtMost: perDay(t.atMost(0), rate)}
}

// recommended are the thresholds of the config, each lowered until its part of
// the budget is kept. None is raised: how a tail goes on is not known.
func (g *gauge) recommended(c *Calibration, ways []way, t Thresholds, o CalibrateOptions) *Thresholds {
	for _, w := range ways {
		at := w.threshold(&t)
		chosen, shown := w.tail.farthest(*at, o.Rate, o.Budget/float64(len(ways)))
		if !shown {
			need := 3 * o.Rate / (o.Budget / float64(len(ways)))
			c.Notes = append(c.Notes, fmt.Sprintf("%s: no stranger came near, but %d pictures cannot show less than %.3g false alerts a day: that takes %.0f",
				w.by, w.tail.n, rounded(3*o.Rate/float64(w.tail.n)), need))
		}
		if chosen == 0 {
			c.Notes = append(c.Notes, w.by+": no threshold keeps the budget; equal hashes alone are left")
		}
		*at = chosen
	}
	return &t
}

func (g *gauge) notes(c *Calibration, ways []way) {
	if len(g.background) == 0 {
		c.Notes = append(c.Notes, "no background picture was judged: nothing is known of false alerts")
	}
	for _, w := range ways {
		if w.by == byPHash {
			c.Notes = append(c.Notes, "entries without PDQ are found by pHash alone, which has no second sign: expect false alerts in any large crawl")
		}
	}
	if g.seg.record.Set.DetailKind == Keypoints {
		c.Notes = append(c.Notes, "measured by hashes; where an entry has keypoints a closer look decides after them")
	}
}

// thresholdsOf are the Options as they are told.
func thresholdsOf(o Options) Thresholds {
	return Thresholds{o.MaxDistance, o.CopyDistance, o.WindowDistance, o.MinLead, o.PHashMaxDistance, o.MinQuality}
}

// only are thresholds by which nothing passes but by one way, up to t.
func only(w way, t int, now *Thresholds) Thresholds {
	out := Thresholds{MaxDistance: now.MaxDistance, MinLead: now.MinLead, CopyDistance: -1, WindowDistance: -1, PHashMaxDistance: -1}
	*w.threshold(&out) = t
	return out
}

// recalled fills in what of the edits thresholds let through; those of the zero
// Thresholds, which are for bytes, let nothing.
func (g *gauge) recalled(row VerdictRow, t Thresholds) VerdictRow {
	row.Recall = map[string]float64{}
	sum := 0.0
	for form, all := range g.edits {
		found := 0
		for i := range all {
			if t != (Thresholds{}) && g.passes(&all[i], &t) {
				found++
			}
		}
		row.Recall[form] = rounded(float64(found) / float64(len(all)))
		row.Edited = max(row.Edited, len(all))
	}
	for _, form := range sortedForms(g.edits) {
		sum += row.Recall[form]
	}
	if n := len(g.edits); n > 0 {
		mean := rounded(sum / float64(n))
		row.Mean = &mean
	}
	return row
}

// passes says whether an edit would be a copy if its original were an entry of
// the set: near enough, and with its lead over the others.
func (g *gauge) passes(e *edited, t *Thresholds) bool {
	led := func(d int) bool { return d <= sureDistance || e.rival-d >= t.MinLead }
	switch {
	case g.seg.pdq.len() > 0 && e.whole <= t.CopyDistance && led(e.whole):
	case g.seg.windows.hash.len() > 0 && e.window <= t.WindowDistance && led(e.window):
	case len(g.seg.phash) > 0 && e.phash <= t.PHashMaxDistance:
	default:
		return false
	}
	return true
}

func perDay(share *float64, rate float64) *float64 {
	if share == nil || math.IsNaN(*share) {
		return nil
	}
	n := rounded(*share * rate)
	return &n
}
