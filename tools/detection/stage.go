package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"leakwatch/internal/inspect"
	"leakwatch/internal/kv"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// stage is how far a set and its options let the inspection go. What it is
// asked is the same for all.
type stage struct {
	name, what string
	keep       func(*match.Entry)   // takes away what entries of this stage do not hold; nil: nothing
	options    func(*match.Options) // nil: the defaults
	past       bool                 // of the picture only what the memory keeps is left
}

// stages, from the least to the most that an entry holds. A new one is a line.
func stages() []stage {
	return []stage{
		{"hashes", "PDQ of the whole entry", func(e *match.Entry) { e.Windows, e.Points, e.Thumb = nil, nil, nil }, nil, false},
		{"windows", "and of 26 windows of it", func(e *match.Entry) { e.Points, e.Thumb = nil, nil }, nil, false},
		{"keypoints", "and laid over the picture", nil, nil, false},
		{"deep", "and searched by keypoints where no hash is near", nil, func(o *match.Options) { o.Deep = true }, false},
		{"past", "all of the entry, but of the picture only what the memory keeps", nil, nil, true},
	}
}

// entryOf is the entry that a set of the fullest detail holds of a picture.
func entryOf(ctx context.Context, p *photo, d *picture.Decoder) (match.Entry, error) {
	data, err := p.read()
	if err != nil {
		return match.Entry{}, err
	}
	print, err := inspect.Fingerprint(ctx, data, d, match.Keypoints)
	if err != nil {
		return match.Entry{}, err
	}
	if print.PDQ == nil {
		return match.Entry{}, fmt.Errorf("a picture that was hashed before has no PDQ now: %s", print.Why())
	}
	p.pdq, p.phash = print.PDQ, print.PHash
	points, err := phash.ParsePoints(print.Keypoints)
	if err != nil {
		return match.Entry{}, err
	}
	thumb := phash.Thumb(print.Thumbprint)
	return match.Entry{
		Ref: print.Ref, SHA256: print.SHA256, PDQ: print.PDQ, Quality: *print.Quality, PHash: print.PHash,
		Windows: print.Windows, Points: &points, Thumb: &thumb, Width: *print.Width, Height: *print.Height,
	}, nil
}

// looker is the front door: inspect.Room.
type looker interface {
	Look(ctx context.Context, data []byte) (inspect.Seen, error)
}

// remembering asks of a picture what is left of it in the memory.
type remembering struct {
	*inspect.Room
	sets *match.Sets
}

func (r remembering) Look(ctx context.Context, data []byte) (inspect.Seen, error) {
	return r.Recall(ctx, data, r.sets)
}

// trial is an album with its set loaded once for each stage.
type trial struct {
	album   *album
	lookers []looker // by stage
	sets    []match.Set
	close   func() error
}

// openTrial fingerprints the entries and loads them for each stage, into
// stores of their own below dir.
func openTrial(ctx context.Context, a *album, stages []stage, dir string) (*trial, error) {
	d := picture.NewDecoder(picture.DefaultLimits())
	photos := a.with(entry)
	entries := make([]match.Entry, len(photos))
	if err := each(ctx, len(photos), func(int, int) {}, func(i int) (err error) {
		entries[i], err = entryOf(ctx, photos[i], d)
		return err
	}); err != nil {
		return nil, err
	}
	t := &trial{album: a}
	var stores []*kv.DB
	t.close = func() (failed error) {
		for _, db := range stores {
			if err := db.Close(); err != nil {
				failed = err
			}
		}
		return failed
	}
	for i, s := range stages {
		home, err := os.MkdirTemp(dir, "stage")
		if err != nil {
			return nil, err
		}
		db, err := kv.Open(filepath.Join(home, "hashes.db"), kv.Options{})
		if err != nil {
			return nil, err
		}
		stores = append(stores, db)
		room, set, err := s.open(ctx, db, entries)
		if err != nil {
			return nil, fmt.Errorf("stage %s (%d): %w", s.name, i, err)
		}
		t.lookers, t.sets = append(t.lookers, room), append(t.sets, set)
	}
	return t, nil
}

// open loads the entries as far as the stage keeps them.
func (s *stage) open(ctx context.Context, db *kv.DB, entries []match.Entry) (looker, match.Set, error) {
	o := match.DefaultOptions()
	if s.options != nil {
		s.options(&o)
	}
	sets, err := match.Open(db, o)
	if err != nil {
		return nil, match.Set{}, err
	}
	rows := func(yield func(match.Entry, error) bool) {
		for _, e := range entries {
			if s.keep != nil {
				s.keep(&e)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	if _, err := sets.Load(ctx, "references", rows, "detection", nil, nil); err != nil {
		return nil, match.Set{}, err
	}
	set, err := sets.Show("references")
	if err != nil {
		return nil, match.Set{}, err
	}
	room, err := inspect.New(inspect.Options{
		Sets: sets, Cores: 2,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: o.MinQuality},
	})
	if s.past {
		return remembering{room, sets}, set, err
	}
	return room, set, err
}
