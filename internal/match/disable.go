package match

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"leakwatch/internal/kv"
)

// ErrNoRef is returned for a ref of which a set has no entry, or no mark.
var ErrNoRef = errors.New("no such ref")

const maxMarks = 100_000 // refs of one set that are disabled or in quarantine

// Marks returns the entries of a set that are judged otherwise, by ref. It is
// never nil.
func (s *Sets) Marks(name string) ([]Mark, error) {
	v := s.now.Load()
	if v.find(name) == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	marks := []Mark{}
	if o := v.own[name]; o != nil {
		for _, ref := range slices.Sorted(maps.Keys(o.marks)) {
			marks = append(marks, o.marks[ref])
		}
	}
	return marks, nil
}

// Disable takes the entries of refs out of the judging. When it returns, no
// search finds them, whatever version of the set is loaded later.
func (s *Sets) Disable(ctx context.Context, name string, refs []string, by string) (Set, error) {
	return s.mark(ctx, name, refs, Mark{State: Disabled, By: by, At: now()})
}

// Enable has the entries of refs judged again, be they disabled or in
// quarantine.
func (s *Sets) Enable(ctx context.Context, name string, refs []string) (Set, error) {
	return s.mark(ctx, name, refs, Mark{})
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// mark gives the refs a mark; one without a state takes theirs away.
func (s *Sets) mark(ctx context.Context, name string, refs []string, m Mark) (Set, error) {
	if err := ctx.Err(); err != nil {
		return Set{}, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	seg, old := v.find(name), v.own[name]
	if seg == nil {
		return Set{}, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	next := old.changed(func(o *own) {
		if m.State == "" {
			o.Widened++
		}
		for _, ref := range refs {
			m.Ref = ref
			if o.marks[ref] = m; m.State == "" {
				delete(o.marks, ref)
			}
		}
	})
	if len(next.marks) > maxMarks {
		return Set{}, fmt.Errorf("%s: more than %d refs would be marked: load a set without them", name, maxMarks)
	}
	built, err := s.build(seg.record, next)
	if err != nil {
		return Set{}, err
	}
	if err := unknownRefs(refs, m, old, built); err != nil {
		return Set{}, fmt.Errorf("%s: %w", name, err)
	}
	err = s.db.Update(func(tx *kv.Tx) error {
		b, err := tx.Bucket([]byte(marksBucket)).CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if m, marked := next.marks[ref]; marked {
				err = errors.Join(err, put(b, ref, m))
			} else {
				err = errors.Join(err, put(b, ref, nil))
			}
		}
		return errors.Join(err, put(tx.Bucket([]byte(settingsBucket)), name, next.settings))
	})
	if err != nil {
		return Set{}, fmt.Errorf("mark entries of hash set %s: %w", name, err)
	}
	s.publish(name, built, next)
	return s.Show(name)
}

// unknownRefs refuses a ref that stands nowhere: a mistyped one would leave its
// entry as it is.
func unknownRefs(refs []string, m Mark, old *own, built *segment) error {
	var unknown []string
	for _, ref := range refs {
		known := built.marked[ref] > 0
		if m.State == "" {
			known = old != nil && old.marks[ref].State != ""
		}
		if !known {
			unknown = append(unknown, fmt.Sprintf("%q", ref))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	what := "no entry has it"
	if m.State == "" {
		what = "it is neither disabled nor in quarantine"
	}
	return fmt.Errorf("%w: %s: %s", ErrNoRef, strings.Join(unknown, ", "), what)
}
