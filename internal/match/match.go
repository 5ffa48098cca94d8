// Package match answers: which entry of which hash set is this picture, and
// how sure are we?
//
// It owns the hash sets: their loading, all or nothing, into hashes.db; the
// index in memory, which answers exactly what a loop over all entries would;
// and the rule that makes a verdict of a distance.
//
// Read search.go first, then rule.go and, for what is laid over the picture,
// closer.go and judge.go; index.go, rows.go and plan.go say how a row is found,
// load.go how it came there, store.go and detail.go what lies in the file.
package match

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"leakwatch/internal/kv"
)

// The errors that a caller branches on.
var (
	// ErrNoSet is returned for a name under which no set is loaded.
	ErrNoSet = errors.New("no such hash set")
	// ErrBusy is returned while another load or drop of the same set runs.
	ErrBusy = errors.New("the hash set is being changed by someone else")
	// ErrNoRows is returned by Load when the source held no row at all.
	ErrNoRows = errors.New("no rows: nothing to load")
	// ErrBadName is returned by Load for a name that is not plain.
	ErrBadName = errors.New("a set's name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit")
	// ErrDamaged is returned when stored rows are not what was written.
	ErrDamaged = errors.New("the stored hash set is damaged")
)

// Options are the thresholds of the verdict. Nothing is filled in: a zero
// MaxDistance means that only an equal hash is a hit. See DefaultOptions.
type Options struct {
	MaxDistance      int  // PDQ bits, 0 to 256; nothing farther is a hit, whatever else is set
	CopyDistance     int  // PDQ bits; not farther, and with a lead, is a copy
	WindowDistance   int  // the same for a window of an entry
	MinLead          int  // bits by which the nearest entry must lead over the next
	PHashMaxDistance int  // pHash bits, for entries without PDQ
	Deep             bool // look by keypoints for what no hash finds
	MinQuality       int  // 0 to 100; below it, on either side, only equal bytes are judged

	Log *slog.Logger // nil: nothing is logged
}

// DefaultOptions are the thresholds of the config's [match] table.
func DefaultOptions() Options {
	return Options{MaxDistance: 63, CopyDistance: 45, WindowDistance: 39, MinLead: 10, PHashMaxDistance: 4, MinQuality: 50}
}

// Sets is the memory of all hash sets.
type Sets struct {
	db      *kv.DB
	maxRows int // of one load

	now atomic.Pointer[view] // what Search sees; replaced whole, never changed

	// changing is held while something of a set is changed on the disk and in
	// the view, so that neither knows more than the other.
	changing sync.Mutex

	mu   sync.Mutex      // guards busy and the making of a new view
	busy map[string]bool // names that a Load or Drop works on

	suppressed atomic.Int64
	floods     floods

	letters func() *glyphs // made when first needed
}

// view is one state of all sets. A search takes it once.
type view struct {
	options  Options
	segments []*segment      // by name
	own      map[string]*own // by name; there may be one of a set that is not loaded
	sight    string
	horizon  string
}

// Open reads the sets of db into memory and clears what an interrupted load
// or drop has left.
func Open(db *kv.DB, o Options) (*Sets, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Sets{db: db, maxRows: maxRows, busy: map[string]bool{}, letters: sync.OnceValue(newGlyphs)}
	records, err := s.records()
	if err != nil {
		return nil, fmt.Errorf("read hash sets: %w", err)
	}
	if err := s.sweep(records); err != nil {
		return nil, fmt.Errorf("clear leftovers of hash sets: %w", err)
	}
	owns, err := s.owns()
	if err != nil {
		return nil, fmt.Errorf("read what belongs to hash sets: %w", err)
	}
	segments := make([]*segment, 0, len(records))
	for _, r := range records {
		seg, err := s.build(r, owns[r.Set.Name])
		if err != nil {
			return nil, fmt.Errorf("read hash set %s: %w", r.Set.Name, err)
		}
		segments = append(segments, seg)
	}
	s.now.Store(newView(o, segments, owns))
	return s, nil
}

// ByPHash reports whether some set holds entries that only a pHash finds.
func (s *Sets) ByPHash() bool {
	return slices.ContainsFunc(s.now.Load().segments, func(seg *segment) bool { return len(seg.phash) > 0 })
}

// Configure swaps the thresholds. Searches that run end with the old ones.
func (s *Sets) Configure(o Options) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.now.Load()
	if o.Log == nil {
		o.Log = old.options.Log
	}
	s.now.Store(newView(o, old.segments, old.own))
}

// Sight is a token that changes whenever the answer of Search may change: a
// set was loaded or dropped, an entry disabled, a threshold moved, a review
// given.
func (s *Sets) Sight() string { return s.now.Load().sight }

// Horizon is Sight without what lets a set see less: while it stays, a picture
// in which nothing was found is worth no second look. That an entry may lead
// now since another was disabled is not taken for more.
func (s *Sets) Horizon() string { return s.now.Load().horizon }

// publish puts seg in the place of the set of its name, nil takes it away; o is
// what belongs to the name.
func (s *Sets) publish(name string, seg *segment, o *own) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.now.Load()
	var segments []*segment
	for _, other := range old.segments {
		if other.record.Set.Name != name {
			segments = append(segments, other)
		}
	}
	if seg != nil {
		segments = append(segments, seg)
	}
	owns := maps.Clone(old.own)
	if owns[name] = o; o == nil {
		delete(owns, name)
	}
	s.now.Store(newView(old.options, segments, owns))
}

// lock keeps a second Load or Drop away from name.
func (s *Sets) lock(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		return fmt.Errorf("%s: %w", name, ErrBusy)
	}
	s.busy[name] = true
	return nil
}

func (s *Sets) unlock(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, name)
}
