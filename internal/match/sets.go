package match

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"time"
)

// Set is what is told of a loaded set; its entries are not in it. Detail is
// given by Show only.
type Set struct {
	Name            string    `json:"name"`
	Version         int       `json:"version"` // grows with each load, a drop in between included
	State           string    `json:"state"`
	Entries         int       `json:"entries"` // manifest rows are counted apart
	Refs            int       `json:"refs"`    // distinct ones
	DetailKind      string    `json:"detail"`
	ExactOnly       int       `json:"exact_only"`  // no hash, or its quality is too low: only equal bytes are found
	Duplicates      int       `json:"duplicates"`  // entries with the hash or the SHA-256 of one before
	LookAlikes      *int      `json:"look_alikes"` // see lookalikes.go; nil: not counted
	Disabled        int       `json:"disabled"`    // entries that somebody took out of the judging
	Quarantined     int       `json:"quarantined"` // entries that flooded: only equal bytes are found
	Selectors       int       `json:"selectors"`
	ManifestEntries int       `json:"manifest_entries"` // rows without SHA-256, PDQ and pHash: only a line of a manifest finds them
	LoadedAt        time.Time `json:"loaded_at"`
	LoadedBy        string    `json:"loaded_by"`
	SourceSHA256    *string   `json:"source_sha256"`

	*Detail

	// Notes are rows that Load took and has a word about: doubles, columns
	// that are not read. Only the Set that Load returns has them.
	Notes *RowErrors `json:"-"`
}

// Detail is what Show adds.
type Detail struct {
	Thresholds        Thresholds `json:"thresholds"`
	CalibratedAt      *time.Time `json:"calibrated_at"`
	Rows              int        `json:"rows"` // of the index: entries with the same hash share one
	MemoryBytes       int64      `json:"memory_bytes"`
	Cameras           *int       `json:"cameras"`
	WithoutBackground *int       `json:"without_background"`
	NotDistinctive    *int       `json:"not_distinctive"`
	Negatives         int        `json:"negatives"`       // found pictures that reviews call false positives
	KeptVersions      []int      `json:"kept_versions"`   // that a rollback can go back to, the newest first
	ByManifest        int        `json:"by_manifest"`     // entries that a line of a manifest can state
	SelectorsKeyed    *bool      `json:"selectors_keyed"` // stored as HMACs; nil: there are none
}

// Thresholds are the Options under which a set is searched.
type Thresholds struct {
	MaxDistance      int `json:"max_distance"`
	CopyDistance     int `json:"copy_distance"`
	WindowDistance   int `json:"window_distance"`
	MinLead          int `json:"min_lead"`
	PHashMaxDistance int `json:"phash_max_distance"`
	MinQuality       int `json:"min_quality"`
}

// validName reports whether a set may be called so.
func validName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`).MatchString(name)
}

// List returns all sets by name. It is never nil.
func (s *Sets) List() ([]Set, error) {
	v := s.now.Load()
	sets := make([]Set, 0, len(v.segments))
	for _, seg := range v.segments {
		sets = append(sets, v.told(seg))
	}
	return sets, nil
}

// Show returns one set with its Detail, or ErrNoSet.
func (s *Sets) Show(name string) (Set, error) {
	v := s.now.Load()
	seg := v.find(name)
	if seg == nil {
		return Set{}, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	return v.shown(seg), nil
}

func (v *view) find(name string) *segment {
	for _, seg := range v.segments {
		if seg.record.Set.Name == name {
			return seg
		}
	}
	return nil
}

// optionsOf are the thresholds under which a set is searched: those of the
// config or, where it was calibrated, its own. Nothing passes MaxDistance.
func (v *view) optionsOf(seg *segment) Options {
	o := v.options
	own := v.own[seg.record.Set.Name]
	if own == nil || own.Thresholds == nil {
		return o
	}
	t := own.Thresholds
	o.MaxDistance = min(o.MaxDistance, t.MaxDistance)
	o.CopyDistance, o.WindowDistance = min(t.CopyDistance, o.MaxDistance), min(t.WindowDistance, o.MaxDistance)
	o.MinLead, o.PHashMaxDistance = t.MinLead, min(t.PHashMaxDistance, o.MaxDistance)
	return o
}

// told adds to the stored facts what depends on the thresholds and the marks.
func (v *view) told(s *segment) Set {
	set, o := s.record.Set, v.optionsOf(s)
	set.ExactOnly = s.bytesOnly
	for quality, n := range s.byQuality[:101] {
		if !o.usable(quality) {
			set.ExactOnly += n
		}
	}
	set.Disabled, set.Quarantined = s.disabled, s.quarantined
	if own := v.own[set.Name]; set.LookAlikes == nil && own != nil && own.Measured != nil && own.Measured.Version == set.Version {
		set.LookAlikes = own.Measured.LookAlikes
	}
	return set
}

func (v *view) shown(s *segment) Set {
	set, o := v.told(s), v.optionsOf(s)
	set.Detail = &Detail{
		Thresholds:   thresholdsOf(o),
		Rows:         s.pdq.len() + s.windows.hash.len() + len(s.phash),
		MemoryBytes:  s.memory(),
		KeptVersions: []int{},
		ByManifest:   s.stated.entries,
	}
	if selectors := s.record.Selectors; selectors != nil {
		set.Detail.SelectorsKeyed = &selectors.Keyed
	}
	if own := v.own[set.Name]; own != nil {
		set.Detail.CalibratedAt = own.CalibratedAt
		set.Detail.Negatives = len(own.negatives)
		if m := own.Measured; m != nil && m.Version == set.Version {
			set.Detail.Cameras, set.Detail.WithoutBackground, set.Detail.NotDistinctive = m.Cameras, m.WithoutBackground, m.NotDistinctive
		}
	}
	for _, b := range s.record.Before {
		set.Detail.KeptVersions = append(set.Detail.KeptVersions, b.Set.Version)
	}
	return set
}

// Drop takes a set away, with the versions that were kept of it, its marks and
// its thresholds. Once the record is gone a crash cannot bring it back;
// the rows are cleared after it, or by the next Open.
func (s *Sets) Drop(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.lock(name); err != nil {
		return err
	}
	defer s.unlock(name)
	old, err := s.forget(name)
	if err != nil {
		return err
	}
	if err := s.clear(old...); err != nil {
		return fmt.Errorf("clear rows of hash set %s: %w", name, err)
	}
	return nil
}

// forget takes a set out of the view and its records off the disk, and returns
// the rows that nobody names any more.
func (s *Sets) forget(name string) (old []uint64, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	if v.find(name) == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	if old, err = s.forgetRecord(name); err != nil {
		return nil, fmt.Errorf("drop hash set %s: %w", name, err)
	}
	var stays *own
	if o := v.own[name]; o != nil && len(o.negatives) > 0 {
		stays = (&own{negatives: o.negatives}).seal()
	}
	s.publish(name, nil, stays)
	return old, nil
}

// Entries gives out the entries of a set in the order of their rows. The
// consumer may be slow: nothing of the store is held while it works. Where the
// set is replaced meanwhile, the last thing given is an error.
func (s *Sets) Entries(name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		seg := s.now.Load().find(name)
		if seg == nil {
			yield(Entry{}, fmt.Errorf("%s: %w", name, ErrNoSet))
			return
		}
		s.entriesOf(seg.record, func() bool { return s.now.Load().find(name) == seg })(yield)
	}
}

// entriesOf gives out the entries of a version; still says whether it should
// be there.
func (s *Sets) entriesOf(r record, still func() bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for number := range (r.Rows + blockRows - 1) / blockRows {
			entries, err := s.entriesIn(r.ID, number)
			if errors.Is(err, errGone) && still() {
				err = ErrDamaged
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("entries of hash set %s: %w", r.Set.Name, err))
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// entriesIn reads one block with the detail of its entries.
func (s *Sets) entriesIn(id uint64, number int) (entries []Entry, err error) {
	err = s.viewBlock(id, uint64(number), func(p packed) error {
		for i := range p.len() {
			r, err := p.row(i)
			if err != nil {
				return err
			}
			entries = append(entries, r.entry())
		}
		return nil
	})
	if err == nil {
		err = s.addDetail(id, number, entries)
	}
	return entries, err
}
