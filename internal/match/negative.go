package match

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// Negative is a found picture, or a window of one, of which a review says that
// it is no entry of a set.
type Negative struct {
	ID     string       `json:"id"` // of the decision
	Set    string       `json:"set"`
	SHA256 string       `json:"sha256"` // of the found bytes
	Window phash.Window `json:"window"`
	Frame  int          `json:"frame,omitempty"` // of an animation, or page; 0 is the first
	PDQ    *phash.PDQ   `json:"pdq"`             // of the window, upright; nil: only the same bytes are meant
}

const (
	// negativeRadius is how near, in bits of PDQ and in any orientation, a copy
	// of a found picture is.
	negativeRadius = 31
	maxNegatives   = 200_000 // of one set
)

// Negate makes the negatives whose ID begins with under be those of all and no
// others; under may be "". Reviews decide what all is: calling it again is
// always right.
func (s *Sets) Negate(ctx context.Context, under string, all iter.Seq2[Negative, error]) error {
	want := map[string]map[string]Negative{} // set => ID
	for n, err := range all {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("take false positives over: %w", err)
		}
		if want[n.Set] == nil {
			want[n.Set] = map[string]Negative{}
		}
		if len(want[n.Set]) < maxNegatives {
			want[n.Set][n.ID] = n
		}
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	names := maps.Clone(want)
	for name := range s.now.Load().own {
		names[name] = nil
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := s.negateIn(name, under, want[name]); err != nil {
			return fmt.Errorf("store false positives of hash set %s: %w", name, err)
		}
	}
	return nil
}

func (s *Sets) negateIn(name, under string, want map[string]Negative) error {
	v := s.now.Load()
	var gone []string
	fresh := maps.Clone(want)
	kept := []Negative{}
	if o := v.own[name]; o != nil {
		for _, n := range o.negatives {
			if _, wanted := want[n.ID]; !wanted && strings.HasPrefix(n.ID, under) {
				gone = append(gone, n.ID)
				continue
			}
			delete(fresh, n.ID)
			kept = append(kept, n)
		}
	}
	if len(gone) == 0 && len(fresh) == 0 {
		return nil
	}
	next := v.own[name].changed(func(o *own) {
		o.negatives = kept
		for _, id := range slices.Sorted(maps.Keys(fresh)) {
			o.negatives = append(o.negatives, fresh[id])
		}
		slices.SortFunc(o.negatives, func(a, b Negative) int { return strings.Compare(a.ID, b.ID) })
		if len(gone) > 0 {
			o.Widened++
		}
	})
	if len(next.negatives) > maxNegatives {
		return fmt.Errorf("more than %d", maxNegatives)
	}
	if err := s.putNegatives(name, next, fresh, gone); err != nil {
		return err
	}
	s.publish(name, v.find(name), next)
	return nil
}

func (s *Sets) putNegatives(name string, o *own, fresh map[string]Negative, gone []string) error {
	return s.db.Update(func(tx *kv.Tx) error {
		b, err := tx.Bucket([]byte(negativesBucket)).CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		for id, n := range fresh {
			if err := put(b, id, n); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := put(b, id, nil); err != nil {
				return err
			}
		}
		return put(tx.Bucket([]byte(settingsBucket)), name, o.settings)
	})
}

// Suppressed counts the hits that a negative has held back since the start.
func (s *Sets) Suppressed() int64 { return s.suppressed.Load() }

// held makes weak what reviews have called a false positive. Equal bytes are
// told in any case.
func (s *Sets) held(v *view, seg *segment, q *Query, hits []Hit) []Hit {
	o := v.own[seg.record.Set.Name]
	if o == nil || len(o.negatives) == 0 {
		return hits
	}
	for i := range hits {
		h := &hits[i]
		if h.Verdict == Exact || h.Verdict == Weak {
			continue
		}
		if n, d := o.negativeOf(q, h); n != nil {
			h.Rule = fmt.Sprintf("a review calls a picture %d bits from this one a false positive; else %s: %s", d, h.Verdict, h.Rule)
			h.Verdict = Weak
			s.suppressed.Add(1)
		}
	}
	return hits
}

// negativeOf returns the nearest negative that speaks of a hit. One that is
// farther from the found picture than the entry does not: else the true copies
// of an entry, too, would be held back by a false one that is like it.
func (o *own) negativeOf(q *Query, h *Hit) (nearest *Negative, distance int) {
	part := q.partOf(h)
	sum := fmt.Sprintf("%x", q.SHA256)
	for i := range o.negatives {
		n := &o.negatives[i]
		switch {
		case n.SHA256 == sum && n.Window == h.Window && n.Frame == h.Frame:
			return n, 0
		case n.PDQ == nil || part == nil:
			continue
		}
		limit := negativeRadius
		if h.Algorithm == PDQ && h.Distance != nil {
			limit = min(limit, *h.Distance)
		}
		if nearest != nil {
			limit = min(limit, distance-1)
		}
		for k := range part.Turns {
			if d := n.PDQ.Distance(part.Turns[k]); d <= limit {
				nearest, distance, limit = n, d, d-1
			}
		}
	}
	return nearest, distance
}

// partOf is the part of the query that a hit is about.
func (q *Query) partOf(h *Hit) *Part {
	for i := range q.Parts {
		if q.Parts[i].Window == h.Window && q.Parts[i].Frame == h.Frame {
			return &q.Parts[i]
		}
	}
	return nil
}
