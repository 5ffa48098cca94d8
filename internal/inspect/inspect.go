// Package inspect answers: is this picture one of the leaked ones?
//
// It is the program on one page: bytes -> picture -> fingerprints -> hits ->
// alert. The crawler calls it for everything it finds, the `match` command for
// files; both take the same way.
package inspect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
	"leakwatch/internal/seen"
)

// Sets finds the entries near a fingerprint, those that a manifest states, and
// the selectors in a text.
type Sets interface {
	Search(match.Query) []match.Hit
	Sight() string
	Horizon() string
	ByPHash() bool

	HasManifests() bool
	Manifest([]container.Line) []match.ManifestHit
	HasSelectors() bool
	Text([]byte) []match.SelectorHit
}

// Walk goes through a container, as container.Walk does.
type Walk func(context.Context, container.Source, container.Options, container.Visit) (container.Report, error)

// Alerts remembers what was found. Both calls are durable when they return.
type Alerts interface {
	Raise(context.Context, []alert.Report) error
	SeenAgain(ctx context.Context, site, sha256, url string, at time.Time) error
}

// Options say with what the room works.
type Options struct {
	Sets   Sets
	Alerts Alerts
	Rules  Rules
	Memory Memory // nil: nothing is remembered
	Cores  int    // pictures decoded at once
	Walk   Walk   // nil: container.Walk
}

// Rules are what a reload may change.
type Rules struct {
	Limits     picture.Limits
	MinQuality int // PDQ quality below which only exact bytes are judged

	Containers    container.Limits
	SampleMembers int   // of a container that is looked at by sample
	SampleBytes   int64 // the same, as they are packed
}

// rules are Rules in force; the decoder holds the limits.
type rules struct {
	decoder    *picture.Decoder
	minQuality int
	generation string // makes what was seen under other rules stale

	containers    container.Limits
	sampleMembers int
	sampleBytes   int64
}

// known is how many digests are remembered with what was seen in them, so that
// one picture on a thousand pages is decoded once.
const known = 1 << 16

// Room inspects pictures.
type Room struct {
	o     Options
	cores *semaphore.Weighted
	known *lru.Cache[[32]byte, Seen]
	rules atomic.Pointer[rules]

	walk    Walk
	partial partial
}

// New returns a room that is ready to work.
func New(o Options) (*Room, error) {
	cache, err := lru.New[[32]byte, Seen](known)
	if err != nil {
		return nil, err
	}
	r := &Room{o: o, cores: semaphore.NewWeighted(int64(max(o.Cores, 1))), known: cache, walk: o.Walk}
	if r.walk == nil {
		r.walk = container.Walk
	}
	r.Configure(o.Rules)
	return r, nil
}

// Configure changes the rules for the pictures that come from now on.
func (r *Room) Configure(n Rules) {
	r.rules.Store(&rules{
		picture.NewDecoder(n.Limits), n.MinQuality, fmt.Sprint(n.Limits, n.MinQuality),
		n.Containers, cmp.Or(n.SampleMembers, 200), cmp.Or(n.SampleBytes, 16<<20),
	})
}

// Sight changes whenever a picture in which nothing was found may be worth
// another look. What only narrows the sight - a false positive, a disabled
// entry - does not count: it would make every picture due again.
func (r *Room) Sight() string { return r.o.Sets.Horizon() + " " + r.rules.Load().generation }

// TextSight changes whenever a text in which nothing was found may be worth
// another look; "" while no set looks for anything in texts.
func (r *Room) TextSight() string {
	if !r.o.Sets.HasSelectors() && !r.o.Sets.HasManifests() {
		return ""
	}
	return r.o.Sets.Horizon()
}

// Seen is what one picture gave: its fingerprints, its hits, or the cause why
// there are none.
type Seen struct {
	Print
	Hits  []match.Hit // at most one of each set, window and frame, strongest first
	sight string      // the sets and rules that judged it

	horizon uint64       // Room.Sight of the same moment
	parts   []match.Part // what was asked for; only of a fresh look
}

// Inspect looks at what the crawler found and raises what it must. It returns
// an error only when our own memory failed: then the visit must not be Done.
func (r *Room) Inspect(ctx context.Context, f crawler.Found) (crawler.Inspection, error) {
	switch {
	case f.Unchanged:
		return r.again(ctx, f)
	case f.Kind == crawler.KindContainer:
		return r.inspectContainer(ctx, f)
	case f.Kind == crawler.KindText:
		return r.inspectText(ctx, f)
	}
	found, again, err := r.look(ctx, f.SHA256, f.Body)
	if err != nil {
		return crawler.Inspection{}, err
	}
	reports := append(found.reports(f), r.inWords(f, found)...)
	if len(reports) > 0 {
		if err := r.o.Alerts.Raise(ctx, reports); err != nil {
			return crawler.Inspection{}, err
		}
	}
	if err := r.note(ctx, found.kept(placeOf(f), f.At, again)); err != nil {
		return crawler.Inspection{}, err
	}
	out := crawler.Inspection{Cause: crawler.Cause(found.cause()), Why: found.why, Known: again}
	if len(reports) > 0 {
		out.Verdict = reports[0].Verdict
	}
	return out, nil
}

// again notes that what was looked at before stands there still.
func (r *Room) again(ctx context.Context, f crawler.Found) (crawler.Inspection, error) {
	err := r.o.Alerts.SeenAgain(ctx, f.Site, hex.EncodeToString(f.SHA256[:]), f.URL, f.At)
	if err == nil && f.Kind == crawler.KindPicture {
		err = r.note(ctx, seen.Picture{SHA256: f.SHA256, Place: placeOf(f), First: f.At, Last: f.At})
	}
	return crawler.Inspection{Cause: crawler.Unchanged, Known: true}, err
}

// Look compares one picture with the sets and tells nobody.
func (r *Room) Look(ctx context.Context, data []byte) (Seen, error) {
	seen, _, err := r.lookAt(ctx, sha256.Sum256(data), data, nil)
	return seen, err
}

// look also reports whether the digest was known, so that nothing was decoded.
func (r *Room) look(ctx context.Context, digest [32]byte, data []byte) (Seen, bool, error) {
	return r.lookAt(ctx, digest, data, r.o.Memory)
}

// lookAt is look with a memory, which knows no weak hits, or without.
func (r *Room) lookAt(ctx context.Context, digest [32]byte, data []byte, m Memory) (Seen, bool, error) {
	rules := r.rules.Load()
	sight := r.o.Sets.Sight() + " " + rules.generation // before the search: a set loaded meanwhile makes it stale
	if seen, ok := r.known.Get(digest); ok && seen.sight == sight {
		return seen, true, nil
	}
	horizon := token(r.Sight())
	if seen, ok, err := before(m, digest, horizon); ok || err != nil {
		seen.sight, seen.horizon = sight, horizon
		return seen, ok, err
	}
	seen, err := r.compare(ctx, digest, data, rules)
	if err != nil {
		return Seen{}, false, err
	}
	seen.sight, seen.horizon = sight, horizon
	if seen.Cause == nil && seen.Quality != nil && *seen.Quality < rules.minQuality {
		cause := string(crawler.LowQuality)
		seen.Cause, seen.why = &cause, "too little detail: judged on its exact bytes only"
	}
	if seen.cause() != string(crawler.LimitTime) { // time may suffice on a calmer day
		bare := seen
		bare.parts = nil
		r.known.Add(digest, bare)
	}
	return seen, false, nil
}

// compare takes a core for so long. It gives it back after a panic too: the
// API lives on after one.
func (r *Room) compare(ctx context.Context, digest [32]byte, data []byte, rules *rules) (Seen, error) {
	if err := r.cores.Acquire(ctx, 1); err != nil {
		return Seen{}, err
	}
	defer r.cores.Release(1)
	print, h, err := fingerprint(ctx, digest, data, rules.decoder)
	if err != nil {
		return Seen{}, err
	}
	q := query(ctx, digest, print, &h, r.o.Sets.ByPHash())
	if n := len(q.Parts); print.PDQ == nil && n > 0 { // its further frames could be judged
		print = print.because(string(crawler.Partial), fmt.Sprintf("first frame %s: %s; %d further were judged", print.cause(), print.why, n))
	}
	seen := Seen{Print: print, Hits: r.o.Sets.Search(q), parts: q.Parts}
	return seen, ctx.Err() // cut short, it saw less
}

// query asks for a picture as a whole, by the windows in it and by its further
// frames; by pHash, whose eight turns take longer than all other hashes, only
// where some entry has nothing else.
func query(ctx context.Context, digest [32]byte, p Print, h *hashed, byPHash bool) match.Query {
	q := match.Query{SHA256: digest}
	if p.PDQ != nil {
		q.Parts = parts(ctx, h, *p.Quality)
	}
	if q.Parts = append(q.Parts, frames(h)...); len(q.Parts) > 0 {
		q.Sight = &sight{ctx, h, map[phash.Window]*phash.Points{}}
	}
	if p.PHash != nil && byPHash {
		q.PHash, q.HasPHash = phash.PHashTurns(h.Luma)
	}
	return q
}

// reports are the hits that people must hear of; weak ones are not.
func (s Seen) reports(f crawler.Found) []alert.Report {
	var out []alert.Report
	for _, h := range s.Hits {
		if h.Verdict == match.Weak {
			continue
		}
		out = append(out, alert.Report{
			Site: f.Site, Set: h.Set, SetVersion: h.SetVersion, Kind: "picture", Verdict: h.Verdict, Ref: h.Ref,
			Distance: h.Distance, Lead: h.Lead, Algorithm: h.Algorithm, Orientation: h.Orientation,
			Window: (*[4]float64)(&h.Window), EntryWindow: (*[4]float64)(&h.EntryWindow), Frame: h.Frame, Stage: h.Stage, SHA256: s.SHA256, PDQ: hex64(h.PDQ),
			Format: s.format(), Width: s.width(), Height: s.height(), URL: f.URL, Page: f.Page, At: f.At,
			Explain: explain(h.Explain),
		})
	}
	return out
}

// hex64 is a hash as it is written; "" for none.
func hex64(p *phash.PDQ) string {
	if p == nil {
		return ""
	}
	return p.String()
}
