package match

import (
	"context"
	"fmt"
	"time"
)

// Raised counts a picture that was raised as a copy of an entry. Where that
// entry floods it is put into quarantine - only equal bytes are told from then
// on - and flooded is true, once.
func (s *Sets) Raised(ctx context.Context, set, ref string, sum [32]byte, at time.Time) (flooded bool, err error) {
	pictures, over := s.floods.add(set, ref, sum, at)
	if !over {
		return false, nil
	}
	v := s.now.Load()
	if v.find(set) == nil {
		return false, nil
	}
	if o := v.own[set]; o != nil && o.marks[ref].State != "" {
		return false, nil
	}
	_, err = s.mark(ctx, set, []string{ref}, Mark{State: Quarantined, At: now(), By: "leakwatch", Pictures: pictures})
	if err != nil {
		return false, fmt.Errorf("quarantine: %w", err)
	}
	return true, nil
}
