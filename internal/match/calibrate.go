package match

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"leakwatch/internal/kv"
)

// ErrNothingToGoBy is returned where thresholds should be stored and no
// background picture was given.
var ErrNothingToGoBy = errors.New("no background picture was judged: nothing to choose thresholds by")

// Calibrate measures a set against itself, against pictures that are in no set
// and against edits of these: how many false alerts its thresholds cost, and
// what they find. All is measured by hashes; where entries have keypoints a
// closer look decides after them.
func (s *Sets) Calibrate(ctx context.Context, name string, probes iter.Seq2[Probe, error], o CalibrateOptions) (Calibration, error) {
	v := s.now.Load()
	seg := v.find(name)
	if seg == nil {
		return Calibration{}, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	g := &gauge{sets: s, seg: seg, now: v.optionsOf(seg), config: v.options, verdicts: map[string]int{Copy: 0, Kin: 0, Weak: 0, none: 0}, edits: map[string][]edited{}}
	var report RowErrors
	for p, err := range probes {
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			report.add(bad)
			return Calibration{}, &report
		case err != nil:
			return Calibration{}, err
		}
		if err := errors.Join(g.take(&p), ctx.Err()); err != nil {
			return Calibration{}, err
		}
	}
	c := g.calibration(o)
	set := v.told(seg)
	c.Name, c.Version, c.Entries, c.DetailKind = name, set.Version, set.Entries, set.DetailKind
	if err := g.itself(ctx, &c); err != nil {
		return Calibration{}, err
	}
	if !o.Apply {
		return c, nil
	}
	if c.Recommended == nil {
		return Calibration{}, fmt.Errorf("%s: %w", name, ErrNothingToGoBy)
	}
	return c, s.apply(seg, &c)
}

// apply stores what was measured and chosen with the set.
func (s *Sets) apply(seg *segment, c *Calibration) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	if v.find(c.Name) != seg {
		return fmt.Errorf("%s was changed while it was measured: %w", c.Name, ErrBusy)
	}
	at := now()
	c.CalibratedAt = &at
	next := v.own[c.Name].changed(func(o *own) {
		o.Thresholds, o.CalibratedAt = c.Recommended, &at
		o.Measured = &measured{Version: c.Version, LookAlikes: c.LookAlikes, Cameras: c.Cameras, WithoutBackground: c.WithoutBackground, NotDistinctive: c.NotDistinctive}
	})
	err := s.db.Update(func(tx *kv.Tx) error { return put(tx.Bucket([]byte(settingsBucket)), c.Name, next.settings) })
	if err != nil {
		return fmt.Errorf("store the thresholds of hash set %s: %w", c.Name, err)
	}
	s.publish(c.Name, seg, next)
	return nil
}

// Uncalibrate puts a set back under the thresholds of the config.
func (s *Sets) Uncalibrate(name string) (Set, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	seg := v.find(name)
	if seg == nil {
		return Set{}, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	next := v.own[name].changed(func(o *own) { o.Thresholds, o.CalibratedAt = nil, nil; o.Widened++ })
	err := s.db.Update(func(tx *kv.Tx) error { return put(tx.Bucket([]byte(settingsBucket)), name, next.settings) })
	if err != nil {
		return Set{}, fmt.Errorf("store the thresholds of hash set %s: %w", name, err)
	}
	s.publish(name, seg, next)
	return s.Show(name)
}

const none = "none"

// gauge collects what probes give.
type gauge struct {
	sets        *Sets
	seg         *segment
	now, config Options // in force for the set, and of the config

	background       []distances
	inSet, notJudged int
	verdicts         map[string]int
	nearest          []NearPicture
	edits            map[string][]edited // by form
}

// distances are those to the nearest entry in each way; far where there is
// none.
type distances struct{ whole, window, phash int }

const far = 1 << 10

// edited is an edit of a picture: how far it lies from its original and, by the
// whole hash, from the nearest entry of the set.
type edited struct {
	distances
	rival int
}

// take measures one probe.
func (g *gauge) take(p *Probe) error {
	q := p.query()
	if p.Form == "" {
		exact, err := g.sets.exact(g.seg, q.SHA256)
		if err != nil {
			return err
		}
		if len(exact) > 0 {
			g.inSet++
			return nil
		}
	}
	judged := len(p.Parts) > 0 && g.now.usable(p.Parts[0].Quality)
	switch {
	case !judged && p.Form == "":
		g.notJudged++
		return nil
	case !judged: // an edit that is not judged is not found
		g.edits[p.Form] = append(g.edits[p.Form], edited{distances{far, far, far}, far})
		return nil
	}
	l := &look{Query: &q}
	for i := range q.Parts {
		l.batches = append(l.batches, newBatch(q.Parts[i].Turns))
	}
	if p.Form != "" {
		g.edits[p.Form] = append(g.edits[p.Form], edited{p.Original.from(&q, g.now), g.seg.nearestTo(l, g.now).whole.distance})
		return nil
	}
	near := g.seg.nearestTo(l, g.now)
	g.background = append(g.background, distances{near.whole.distance, near.window.distance, near.phash.distance})
	hits, err := g.sets.alike(g.now, g.seg, l)
	if err != nil {
		return err
	}
	verdict := none
	if len(hits) > 0 {
		verdict = hits[0].Verdict
	}
	g.verdicts[verdict]++
	return g.keepNearest(p.Path, near)
}

// keepNearest keeps the five nearest background pictures.
func (g *gauge) keepNearest(path string, n nearestEntries) error {
	for _, at := range []struct {
		by string
		nearestEntry
	}{{byWhole, n.whole}, {byWindow, n.window}, {byPHash, n.phash}} {
		if at.distance >= far || at.by == byPHash && at.distance > 10 {
			continue
		}
		e, err := g.sets.entry(g.seg.record.ID, at.entry)
		if err != nil {
			return err
		}
		g.nearest = append(g.nearest, NearPicture{path, e.Ref, at.by, at.distance})
	}
	slices.SortFunc(g.nearest, func(a, b NearPicture) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Path, b.Path), cmp.Compare(a.By, b.By))
	})
	g.nearest = g.nearest[:min(len(g.nearest), 5)]
	return nil
}

// nearestEntries are the nearest entries in each way.
type nearestEntries struct{ whole, window, phash nearestEntry }

type nearestEntry struct {
	distance int
	entry    uint32
}

const (
	wholeReach  = 256 // bits: however far
	windowReach = 80  // windows are many, and a wider look costs too much; a copy by one is never so far
)

// nearestTo looks for the nearest entry in each way, farther than Search does.
func (s *segment) nearestTo(l *look, o Options) nearestEntries {
	n := nearestEntries{nearestEntry{distance: far}, nearestEntry{distance: far}, nearestEntry{distance: far}}
	for i, b := range l.batches {
		if !o.usable(l.Parts[i].Quality) {
			continue
		}
		row, d, _ := s.pdq.nearest(b, min(wholeReach, n.whole.distance-1), func(row int) bool { return o.usable(int(s.qual[row])) })
		if row >= 0 {
			n.whole = nearestEntry{d, s.owner[row].entry}
		}
		row, d, _ = s.windows.hash.nearest(b, min(windowReach, n.window.distance-1), func(int) bool { return true })
		if row >= 0 {
			n.window = nearestEntry{d, s.windows.owner[row].entry}
		}
	}
	if l.HasPHash {
		row, d, _ := nearestPHash(s.phash, &l.PHash, 64, func(int) bool { return true })
		if row >= 0 {
			n.phash = nearestEntry{d, s.phashOwner[row].entry}
		}
	}
	return n
}

// from is how far a found picture lies from an original, over all its parts and
// orientations.
func (e *Original) from(q *Query, o Options) distances {
	d := distances{far, far, far}
	for i := range q.Parts {
		if !o.usable(q.Parts[i].Quality) {
			continue
		}
		for _, turn := range q.Parts[i].Turns {
			d.whole = min(d.whole, e.PDQ.Distance(turn))
			for _, w := range e.Windows {
				if w != nil {
					d.window = min(d.window, w.Distance(turn))
				}
			}
		}
	}
	if e.PHash != nil && q.HasPHash {
		for _, turn := range q.PHash {
			d.phash = min(d.phash, e.PHash.Distance(turn))
		}
	}
	return d
}

// rounded is v with four digits: what is printed twice is the same twice.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
