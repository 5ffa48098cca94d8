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
	ExactOnly       int       `json:"exact_only"` // no hash, or its quality is too low: only equal bytes are found
	Duplicates      int       `json:"duplicates"` // entries with the hash or the SHA-256 of one before
	LookAlikes      *int      `json:"look_alikes"`
	Disabled        int       `json:"disabled"`
	Quarantined     int       `json:"quarantined"`
	Selectors       int       `json:"selectors"`
	ManifestEntries int       `json:"manifest_entries"` // rows of path and size alone
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
}

// Thresholds are the Options under which a set is searched.
type Thresholds struct {
	MaxDistance      int `json:"max_distance"`
	CopyDistance     int `json:"copy_distance"`
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
		sets = append(sets, seg.told(v.options))
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
	return seg.shown(v.options), nil
}

func (v *view) find(name string) *segment {
	for _, seg := range v.segments {
		if seg.record.Set.Name == name {
			return seg
		}
	}
	return nil
}

// told adds to the stored facts what depends on the thresholds.
func (s *segment) told(o Options) Set {
	set := s.record.Set
	set.ExactOnly = s.bytesOnly
	for quality, n := range s.byQuality[:101] {
		if !o.usable(quality) {
			set.ExactOnly += n
		}
	}
	return set
}

func (s *segment) shown(o Options) Set {
	set := s.told(o)
	set.Detail = &Detail{
		Thresholds:  Thresholds{o.MaxDistance, o.CopyDistance, o.MinLead, o.PHashMaxDistance, o.MinQuality},
		Rows:        s.pdq.len() + s.windows.hash.len() + len(s.phash),
		MemoryBytes: s.memory(),
	}
	return set
}

// Drop takes a set away. Once the record is gone a crash cannot bring it back;
// the rows are cleared after it, or by the next Open.
func (s *Sets) Drop(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.lock(name); err != nil {
		return err
	}
	defer s.unlock(name)
	if s.now.Load().find(name) == nil {
		return fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	old, err := s.forget(name)
	if err != nil {
		return fmt.Errorf("drop hash set %s: %w", name, err)
	}
	s.publish(name, nil)
	if err := s.clear(old); err != nil {
		return fmt.Errorf("clear rows of hash set %s: %w", name, err)
	}
	return nil
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
		for number := range (seg.record.Rows + blockRows - 1) / blockRows {
			var entries []Entry
			err := s.viewBlock(seg.record.ID, uint64(number), func(p packed) error {
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
				err = s.addDetail(seg.record.ID, number, entries)
			}
			if errors.Is(err, errGone) && s.now.Load().find(name) == seg {
				err = ErrDamaged
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("entries of hash set %s: %w", name, err))
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
