package match

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// Horizons are what Horizon is made of: a token for each set, which changes when
// a picture in which that set found nothing may be worth another look at it.
func (s *Sets) Horizons() map[string]string {
	v, nothing := s.now.Load(), (&own{}).seal().horizon
	out := make(map[string]string, len(v.segments))
	for _, seg := range v.segments {
		name := seg.record.Set.Name
		h := sha256.New()
		o := v.optionsOf(seg)
		o.Log = nil
		fmt.Fprintln(h, rules, o, seg.record.Set.Version, seg.record.ID)
		if at := v.own[name]; at != nil && at.horizon != nothing {
			fmt.Fprintln(h, at.horizon)
		}
		out[name] = hex.EncodeToString(h.Sum(nil)[:8])
	}
	return out
}

// SearchMany is Search for many pictures at once in some of the sets: what it
// gives for each is the same. All of them pass together over the rows of a set,
// which so come from memory once; most of what was ever seen is near to nothing
// and is done with after that. The error says that a set was replaced under our
// hands, or cannot be read: hits may then lack their refs.
func (s *Sets) SearchMany(names []string, queries []Query) (hits [][]Hit, failed error) {
	v := s.now.Load()
	hits = make([][]Hit, len(queries))
	looks := make([]*look, len(queries))
	for i := range queries {
		q := &queries[i]
		looks[i] = &look{Query: q, batches: make([]*batch, len(q.Parts))}
		for j := range q.Parts {
			looks[i].batches[j] = newBatch(q.Parts[j].Turns)
		}
	}
	for _, seg := range v.segments {
		if !slices.Contains(names, seg.record.Set.Name) {
			continue
		}
		for i, near := range seg.anyNear(v.optionsOf(seg), looks) {
			if near {
				more, err := s.searchOne(v, seg, looks[i])
				hits[i], failed = append(hits[i], more...), errors.Join(failed, err)
			}
		}
	}
	for i := range hits {
		slices.SortStableFunc(hits[i], stronger)
		hits[i] = hits[i][:min(len(hits[i]), maxHits)]
	}
	return hits, failed
}

// searchOne asks one set.
func (s *Sets) searchOne(v *view, seg *segment, l *look) ([]Hit, error) {
	hits, err := s.exact(seg, l.SHA256)
	if len(hits) > 0 || len(l.Parts) == 0 {
		if len(hits) > 0 && len(l.Parts) > 0 && l.Parts[0].Frame == 0 {
			hits[0].PDQ = l.Parts[0].upright()
		}
		return hits, err
	}
	like, err2 := s.alike(v.optionsOf(seg), seg, l)
	return s.held(v, seg, l.Query, like), errors.Join(err, err2)
}

// anyNear reports for each look whether the set can have a hit for it.
func (seg *segment) anyNear(o Options, looks []*look) []bool {
	near := make([]bool, len(looks))
	var whole, windows []*search
	for i, l := range looks {
		near[i] = len(seg.lookup(l.SHA256)) > 0 || o.Deep && l.Sight != nil
		for j, b := range l.batches {
			if !o.usable(l.Parts[j].Quality) {
				continue
			}
			whole = append(whole, firstOf(b, o.pdqRadius(), &near[i], func(row int) bool { return o.usable(int(seg.qual[row])) }))
			windows = append(windows, firstOf(b, min(windowRadius, o.pdqRadius()), &near[i], func(int) bool { return true }))
		}
		if l.HasPHash && !near[i] && len(seg.phash) > 0 && len(l.Parts) > 0 && o.usable(l.Parts[0].Quality) {
			row, _, _ := nearestPHash(seg.phash, &l.PHash, o.phashRadius(), func(int) bool { return true })
			near[i] = row >= 0
		}
	}
	seg.pdq.scan(whole...)
	seg.windows.hash.scan(windows...)
	return near
}

// firstOf is a search that ends with the first row that counts, and with its
// picture.
func firstOf(b *batch, radius int, near *bool, counts func(row int) bool) *search {
	s := &search{b: b, radius: radius}
	s.found = func(row, _, _ int) {
		if counts(row) {
			*near, s.radius = true, -1
		}
	}
	return s
}
