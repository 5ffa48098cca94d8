package match

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoVersion is returned where no replaced version of a set is kept.
var ErrNoVersion = errors.New("no version before this one is kept")

// Rollback makes the version before the current one its next version: what was
// loaded stays numbered, and alerts name the version that saw them. by is who
// does it. Rolling back twice is where it began.
func (s *Sets) Rollback(ctx context.Context, name, by string) (Set, error) {
	if err := ctx.Err(); err != nil {
		return Set{}, err
	}
	if err := s.lock(name); err != nil {
		return Set{}, err
	}
	defer s.unlock(name)
	set, old, err := s.backTo(name, by)
	if err != nil {
		return Set{}, err
	}
	s.clearLater(name, old)
	return set, nil
}

func (s *Sets) backTo(name, by string) (set Set, old []uint64, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	seg := v.find(name)
	switch {
	case seg == nil:
		return Set{}, nil, fmt.Errorf("%s: %w", name, ErrNoSet)
	case len(seg.record.Before) == 0:
		return Set{}, nil, fmt.Errorf("%s: %w", name, ErrNoVersion)
	}
	r := seg.record.Before[0]
	r.Set.LoadedAt, r.Set.LoadedBy = now(), by
	built, err := s.build(r, v.own[name])
	if err != nil {
		return Set{}, nil, fmt.Errorf("read version %d of hash set %s: %w", r.Set.Version, name, err)
	}
	if old, err = s.flip(&r); err != nil {
		return Set{}, nil, fmt.Errorf("store hash set %s: %w", name, err)
	}
	built.record = r
	s.publish(name, built, v.own[name])
	v = s.now.Load()
	return v.told(built), old, nil
}
