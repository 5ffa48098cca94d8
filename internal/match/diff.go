package match

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// The kinds of a Change.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is an entry in which two lists differ. Entries are the same when they
// have the same SHA-256 or, without one, the same hash or path.
type Change struct {
	Change string   `json:"change"` // Added, Removed or Changed
	Ref    string   `json:"ref"`    // in the newer list, where it is in it
	SHA256 *string  `json:"sha256"`
	WasRef *string  `json:"was_ref"` // in the older list, where that is another
	Fields []string `json:"fields"`  // what has changed; never nil
}

// DiffVersions compares the current version of a set with the one before.
func (s *Sets) DiffVersions(ctx context.Context, name string) iter.Seq2[Change, error] {
	seg := s.now.Load().find(name)
	switch {
	case seg == nil:
		return failed(fmt.Errorf("%s: %w", name, ErrNoSet))
	case len(seg.record.Before) == 0:
		return failed(fmt.Errorf("%s: %w", name, ErrNoVersion))
	}
	still := func() bool { return s.now.Load().find(name) == seg }
	return diff(ctx, s.entriesOf(seg.record.Before[0], still), s.entriesOf(seg.record, still))
}

// Diff compares the current version of a set with a list that is not loaded. A
// list with bad rows is refused with *RowErrors.
func (s *Sets) Diff(ctx context.Context, name string, rows iter.Seq2[Entry, error]) iter.Seq2[Change, error] {
	if s.now.Load().find(name) == nil {
		return failed(fmt.Errorf("%s: %w", name, ErrNoSet))
	}
	return diff(ctx, s.Entries(name), rows)
}

func failed(err error) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) { yield(Change{}, err) }
}

// diff reads newer once and keeps of it what it needs, and then older: first
// what was removed or changed, in the order of older, then what was added.
func diff(ctx context.Context, older, newer iter.Seq2[Entry, error]) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		l, err := listed(ctx, newer)
		if err != nil {
			yield(Change{}, err)
			return
		}
		seen := map[[16]byte]uint32{}
		for e, err := range older {
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(Change{}, err)
				return
			}
			key := e.identity()
			seen[key]++
			binary.BigEndian.PutUint32(key[12:], seen[key]) // the third of its kind is compared with the third
			if c := l.compare(key, &e); c != nil && !yield(*c, nil) {
				return
			}
		}
		for i := range l.all {
			f := &l.all[i]
			if !f.met && !yield(Change{Change: Added, Ref: f.ref, SHA256: some(f.sha), Fields: []string{}}, nil) {
				return
			}
		}
	}
}

// list is what is kept of the newer list.
type list struct {
	all []listedEntry
	at  map[[16]byte]int
}

type listedEntry struct {
	ref, sha string
	facts    [len(factNames)]uint64
	met      bool
}

func listed(ctx context.Context, rows iter.Seq2[Entry, error]) (*list, error) {
	l := &list{at: map[[16]byte]int{}}
	seen := map[[16]byte]uint32{}
	var report RowErrors
	for e, err := range rows {
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			if !bad.Note {
				report.add(bad)
			}
			continue
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case len(l.all) == maxRows:
			return nil, fmt.Errorf("more than %d rows", maxRows)
		}
		if reason := e.settle(); reason != "" {
			report.add(&RowError{Path: cmp.Or(e.From, "row"), Line: max(e.Line, len(l.all)+1), Reason: reason})
			continue
		}
		key := e.identity()
		seen[key]++
		binary.BigEndian.PutUint32(key[12:], seen[key])
		l.at[key] = len(l.all)
		l.all = append(l.all, listedEntry{ref: e.Ref, sha: e.SHA256, facts: e.facts()})
	}
	if report.Bad > 0 {
		return nil, &report
	}
	return l, nil
}

// compare says how an entry of the older list differs; nil: not at all.
func (l *list) compare(key [16]byte, e *Entry) *Change {
	i, ok := l.at[key]
	if !ok {
		return &Change{Change: Removed, Ref: e.Ref, SHA256: some(e.SHA256), Fields: []string{}}
	}
	f := &l.all[i]
	f.met = true
	fields := []string{}
	for k, fact := range e.facts() {
		if fact != f.facts[k] {
			fields = append(fields, factNames[k])
		}
	}
	if len(fields) == 0 {
		return nil
	}
	c := &Change{Change: Changed, Ref: f.ref, SHA256: some(f.sha), Fields: fields}
	if slices.Contains(fields, "ref") {
		c.WasRef = &e.Ref
	}
	return c
}

// identity is a digest of what makes an entry itself, in the first 12 bytes.
func (e *Entry) identity() (key [16]byte) {
	name := e.SHA256
	if name == "" {
		name = DefaultRef(*e)
	}
	if e.PDQ != nil && e.SHA256 == "" {
		name = e.PDQ.String()
	}
	sum := sha256.Sum256([]byte(name))
	copy(key[:12], sum[:])
	return key
}

// factNames are what can change of an entry, in the order of facts.
var factNames = [...]string{"ref", "pdq", "quality", "phash", "sha1", "crc32", "path", "size", "windows", "keypoints", "thumbprint"}

// facts are digests of what can change of an entry.
func (e *Entry) facts() (facts [len(factNames)]uint64) {
	of := func(parts ...any) uint64 {
		sum := sha256.Sum256(fmt.Append(nil, parts...))
		return binary.BigEndian.Uint64(sum[:])
	}
	var pdq, phash, windows, points, thumb any
	if e.PDQ != nil {
		pdq = *e.PDQ
	}
	if e.PHash != nil {
		phash = *e.PHash
	}
	if e.Windows != nil {
		all := make([]string, len(e.Windows))
		for i, w := range e.Windows {
			if w != nil {
				all[i] = w.String()
			}
		}
		windows = all
	}
	if e.Points != nil {
		points = e.Points.AppendBinary(nil)
	}
	if e.Thumb != nil {
		thumb = e.Thumb[:]
	}
	for i, fact := range []any{e.Ref, pdq, e.Quality, phash, e.SHA1, e.CRC32, e.Path, e.Size, windows, points, thumb} {
		facts[i] = of(fact)
	}
	return facts
}
