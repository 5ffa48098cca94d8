package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

// Past answers for what was looked at before: when a hash set is loaded, or sees
// more than it did, all that was ever seen is asked of it again.
//
// It asks by hashes alone, for the pictures are not there any more, and raises
// with the time at which they were first seen. What an alert knows already, open
// or closed, is no news. It works beside the crawl, on cores for which no visit
// waits, and goes on after a restart where it was.
type Past struct {
	room *Room
	o    PastOptions

	mu       sync.Mutex // guards the rest
	progress Progress
	last     seen.Cursor // rows before it were noted under a sight that was theirs, or were asked
}

// PastSets are what the past asks of the hash sets.
type PastSets interface {
	Horizons() map[string]string
	SearchMany(sets []string, queries []match.Query) ([][]match.Hit, error)
}

// PastAlerts are what the past asks of the room of alerts.
type PastAlerts interface {
	Raise(context.Context, []alert.Report) error
	Known(ctx context.Context, site, set, kind, sha256 string) (verdict string, err error)
}

// PastSeen is the memory that is asked.
type PastSeen interface {
	Pictures(from seen.Cursor, n int) ([]seen.Picture, seen.Cursor, error)
	Manifest(number int) (seen.Manifest, bool, error)
	Stays(sha256 [32]byte) ([]seen.Stay, error)
	Totals() (seen.Totals, error)
	Mark(name string, into any) (bool, error)
	PutMark(name string, value any) error
}

// PastOptions say with what the past is asked.
type PastOptions struct {
	Sets   PastSets
	Alerts PastAlerts
	Seen   PastSeen
	Log    *slog.Logger // nil: silent
}

// Progress is how far the past is asked.
type Progress struct {
	Sets   []string   `json:"sets"`   // that are being answered for; none: all are
	Since  *time.Time `json:"since"`  // when that began
	Asked  int        `json:"asked"`  // pictures and manifests of
	Of     int        `json:"of"`     // all
	Raised int        `json:"raised"` // of them, in which the last or this pass found something new
}

// pastMark is what outlives a restart.
type pastMark struct {
	Judged   map[string]string `json:"judged"`             // the horizon by which each set has judged all of the past
	Asking   map[string]string `json:"asking,omitempty"`   // the horizons that are being asked for
	Next     seen.Cursor       `json:"next"`               // pictures before it were asked
	Manifest int               `json:"manifest,omitempty"` // and manifests, once all pictures were
	Since    time.Time         `json:"since,omitzero"`     // when that began
	Raised   int               `json:"raised,omitempty"`   // as in Progress
}

const (
	pastName  = "past"
	pastEvery = 2 * time.Second       // how often somebody looks whether a set has changed, and where we are is kept
	pastPiece = 8                     // pictures asked in one go: some 2 ms of a core at 300,000 entries, which a visit may have to wait
	pastTurn  = 256                   // pieces between two looks at the sets
	pastYield = 10 * time.Millisecond // for so long a visit that waits is given way to
)

// NewPast returns what asks the past. Cores and rules are the room's.
func NewPast(r *Room, o PastOptions) *Past {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return &Past{room: r, o: o, progress: Progress{Sets: []string{}}}
}

// Progress tells how far it is.
func (p *Past) Progress() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.progress
	out.Sets = slices.Clone(out.Sets)
	return out
}

// Run answers for the past until ctx is done. It fails only when our own memory
// does.
func (p *Past) Run(ctx context.Context) error {
	tick := time.NewTicker(pastEvery)
	defer tick.Stop()
	for {
		if err := p.Ask(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("ask the past: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Ask answers for the past once, to the end: every set has then judged all that
// was seen when it began.
func (p *Past) Ask(ctx context.Context) error {
	var m pastMark
	if _, err := p.o.Seen.Mark(pastName, &m); err != nil {
		return err
	}
	for {
		horizons := p.o.Sets.Horizons()
		wanted := missing(horizons, m.Judged)
		if len(wanted) == 0 {
			p.rest(&m)
			return p.askLate(ctx, horizons)
		}
		p.choose(&m, wanted)
		done, err := p.askAll(ctx, &m)
		if done {
			p.settle(&m, horizons)
		}
		if err := errors.Join(err, p.o.Seen.PutMark(pastName, &m)); err != nil {
			return err
		}
	}
}

// choose goes on with a pass as long as some set wants it; one that was loaded
// meanwhile waits for the next pass.
func (p *Past) choose(m *pastMark, wanted map[string]string) {
	maps.DeleteFunc(m.Asking, func(set, at string) bool { return wanted[set] != at })
	if len(m.Asking) > 0 {
		return
	}
	m.Asking, m.Next, m.Manifest, m.Since, m.Raised = wanted, 0, 0, time.Now().UTC(), 0
	p.o.Log.Info("asking the past", "sets", slices.Sorted(maps.Keys(wanted)))
}

// missing are the sets that have not judged the past by what they see now.
func missing(horizons, judged map[string]string) map[string]string {
	out := map[string]string{}
	for set, at := range horizons {
		if judged[set] != at {
			out[set] = at
		}
	}
	return out
}

// settle ends a pass.
func (p *Past) settle(m *pastMark, horizons map[string]string) {
	took := time.Since(m.Since).Round(time.Second)
	p.o.Log.Info("the past is answered for", "sets", slices.Sorted(maps.Keys(m.Asking)), "pictures", m.Next, "manifests", m.Manifest, "found", m.Raised, "took", took)
	judged := map[string]string{}
	for set := range horizons { // the others are gone
		judged[set] = m.Judged[set]
		if at := m.Asking[set]; at != "" {
			judged[set] = at
		}
	}
	m.Judged, m.Asking, m.Since = judged, nil, time.Time{}
}

// rest says that nothing is being asked.
func (p *Past) rest(m *pastMark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = max(p.last, m.Next)
	p.progress = Progress{Sets: []string{}, Asked: int(m.Next) + m.Manifest, Of: int(m.Next) + m.Manifest, Raised: m.Raised}
}

// askAll asks from where the mark is. It returns with done false when it is time
// to keep the mark and to look at the sets again.
func (p *Past) askAll(ctx context.Context, m *pastMark) (done bool, err error) {
	sets := slices.Sorted(maps.Keys(m.Asking))
	for start := time.Now(); time.Since(start) < pastEvery; {
		p.report(m, sets)
		found, next, err := p.ask(ctx, sets, m.Next, func(*seen.Picture) bool { return true })
		m.Raised += found
		if err != nil {
			return false, err
		}
		if next == m.Next {
			return p.askLines(ctx, m, sets)
		}
		m.Next = next
	}
	return false, nil
}

func (p *Past) report(m *pastMark, sets []string) {
	totals, _ := p.o.Seen.Totals() // a failing store fails the next call
	p.mu.Lock()
	defer p.mu.Unlock()
	since := m.Since
	p.progress = Progress{Sets: sets, Since: &since, Asked: int(m.Next) + m.Manifest, Of: totals.Pictures + totals.Manifests, Raised: m.Raised}
}

// askLate asks for pictures that were noted since the last pass by visits that
// had begun before it, and so judged by what the sets were then.
func (p *Past) askLate(ctx context.Context, horizons map[string]string) error {
	sight := token(p.room.Sight())
	sets := slices.Sorted(maps.Keys(horizons))
	p.mu.Lock()
	from := p.last
	p.mu.Unlock()
	for {
		_, next, err := p.ask(ctx, sets, from, func(s *seen.Picture) bool { return s.Cause != "" && s.Sight != sight })
		if err != nil || next == from {
			return err
		}
		from = next
		p.mu.Lock()
		p.last = max(p.last, next)
		p.mu.Unlock()
	}
}

// ask asks sets for the next pictures that count, on all cores that no visit
// waits for, and raises what is found. next is from at the end of the past.
func (p *Past) ask(ctx context.Context, sets []string, from seen.Cursor, counts func(*seen.Picture) bool) (found int, next seen.Cursor, err error) {
	pictures, next, err := p.o.Seen.Pictures(from, pastPiece*pastTurn)
	if err != nil {
		return 0, from, err
	}
	pictures = slices.DeleteFunc(pictures, func(s seen.Picture) bool { return !counts(&s) })
	group, inside := errgroup.WithContext(ctx)
	group.SetLimit(max(p.room.o.Cores, 1))
	var mu sync.Mutex
	for piece := range slices.Chunk(pictures, pastPiece) {
		group.Go(func() error {
			n, err := p.askPiece(inside, sets, piece)
			mu.Lock()
			defer mu.Unlock()
			found += n
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return found, from, err
	}
	return found, next, ctx.Err()
}

// askPiece asks for a few pictures and raises what is found.
func (p *Past) askPiece(ctx context.Context, sets []string, pictures []seen.Picture) (found int, err error) {
	queries := make([]match.Query, len(pictures))
	for i := range pictures {
		queries[i] = pastQuery(&pictures[i])
	}
	if err := p.yield(ctx); err != nil {
		return 0, err
	}
	hits, err := func() ([][]match.Hit, error) {
		defer p.room.cores.Release(1)
		return p.o.Sets.SearchMany(sets, queries)
	}()
	if err != nil { // a set was replaced, and is asked again; or the store fails, as Search tells
		p.o.Log.Warn("a hash set cannot be read while the past is asked", "err", err)
	}
	for i := range pictures {
		reports, err := p.reports(ctx, &pictures[i], hits[i])
		if err == nil && len(reports) > 0 {
			found++
			err = p.o.Alerts.Raise(ctx, reports)
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// yield takes a core, but never before a visit that waits for one.
func (p *Past) yield(ctx context.Context) error {
	for !p.room.cores.TryAcquire(1) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pastYield):
		}
	}
	return nil
}

// pastQuery asks for a kept picture as far as it is kept: without its further
// frames and windows, without its plane, and by the upright pHash alone.
func pastQuery(s *seen.Picture) match.Query {
	q := match.Query{SHA256: s.SHA256}
	if s.PDQ == nil {
		return q
	}
	q.Parts = []match.Part{{Window: phash.Whole(), Turns: *s.Turns, Quality: s.Quality}}
	for _, w := range s.Windows {
		q.Parts = append(q.Parts, match.Part{Window: w.Window, Turns: *w.Turns, Quality: w.Quality})
	}
	if s.PHash != nil {
		q.HasPHash = true
		for o := range q.PHash {
			q.PHash[o] = phash.PHash(*s.PHash)
		}
	}
	return q
}

// reports are what people must hear of a picture of the past: each hit at each
// place, from the first time on that it was seen there.
func (p *Past) reports(ctx context.Context, s *seen.Picture, hits []match.Hit) (out []alert.Report, err error) {
	one := Seen{Print: printOf(s), Hits: hits}
	hits = slices.DeleteFunc(hits, func(h match.Hit) bool { return h.Verdict == match.Weak })
	if len(hits) == 0 {
		return nil, nil
	}
	stays, err := p.o.Seen.Stays(s.SHA256)
	if err != nil {
		return nil, err
	}
	for _, at := range stays {
		one.Hits = nil
		for _, h := range hits {
			verdict, err := p.o.Alerts.Known(ctx, at.Site, h.Set, alert.KindPicture, one.SHA256)
			if err != nil {
				return nil, err
			}
			if verdict == "" || rank(h.Verdict) < rank(verdict) {
				one.Hits = append(one.Hits, h)
			}
		}
		out = append(out, pastReports(one, at)...)
	}
	return out, nil
}

// pastReports tell of one place: when it was first seen there, and when last.
func pastReports(one Seen, at seen.Stay) []alert.Report {
	f := crawler.Found{Site: at.Site, URL: at.URL, Page: at.Page, At: at.First}
	out := one.reports(f)
	if f.At = at.Last; at.Last.After(at.First) {
		out = append(out, one.reports(f)...)
	}
	for i := range out {
		out[i].Stage, out[i].Container, out[i].Member = StagePast, at.Container, at.Member
	}
	return out
}

// StagePast is the stage of what was found in the past.
const StagePast = "past"
