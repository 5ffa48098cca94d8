package match

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"leakwatch/internal/phash"
)

// Query is a found picture.
type Query struct {
	SHA256 [32]byte
	Parts  []Part // the whole picture first, then windows of it; none, and only equal bytes are looked for

	HasPHash bool           // PHash is given: it finds entries that have no PDQ
	PHash    [8]phash.PHash // as Part.Turns; where only the upright one is known, all eight are it
}

// Part is a window of a found picture.
type Part struct {
	Window  phash.Window // of the upright found picture
	Turns   [8]phash.PDQ // index o-1: the hash of EXIF orientation o
	Quality int          // of the PDQ hash; too low, and the part is passed over
}

// Hit is the nearest entry of one set.
type Hit struct {
	Set         string
	SetVersion  int
	Ref         string
	Verdict     string // Exact, Copy or Weak
	Distance    *int   // bits; 0 for equal bytes
	Lead        *int   // bits to the nearest entry with another hash and another ref; nil: there is none, or bytes are equal
	Algorithm   string // SHA256, PDQ or PHash
	Orientation int    // EXIF, 1 to 8: how the entry was turned to give the found picture
	Rule        string // why this verdict, in words
}

// Search returns at most one hit for each set, its nearest entry, strongest
// first. It gives what a loop over all entries would give: equal bytes before
// all; else the least PDQ distance over the 8 turns, of entries with the same
// distance the one loaded first; pHash for entries that have no PDQ. It waits
// for no load.
func (s *Sets) Search(q Query) []Hit {
	if len(q.Parts) == 0 {
		return s.Exact(q.SHA256)
	}
	b := newBatch(q.Parts[0].Turns)
	return s.answer(func(v *view, seg *segment) (Hit, error) {
		hit, err := s.exact(seg, q.SHA256)
		if hit.Verdict != "" || q.Parts[0].Quality < v.options.MinQuality {
			return hit, err
		}
		like, err2 := s.alike(v.options, seg, &q, b)
		return like, errors.Join(err, err2)
	})
}

// Exact is Search for a picture that cannot be hashed.
func (s *Sets) Exact(sum [sha256.Size]byte) []Hit {
	return s.answer(func(_ *view, seg *segment) (Hit, error) { return s.exact(seg, sum) })
}

// answer asks each set. When one was replaced or dropped under our hands, all
// are asked again. A hit is never lost to a store that cannot be read: it then
// carries the number of its row for a ref.
func (s *Sets) answer(ask func(*view, *segment) (Hit, error)) []Hit {
	for {
		v := s.now.Load()
		var hits []Hit
		var failed error
		for _, seg := range v.segments {
			hit, err := ask(v, seg)
			if hit.Verdict != "" {
				hits = append(hits, hit)
			}
			if err != nil && failed == nil {
				failed = fmt.Errorf("%s: %w", seg.record.Set.Name, err)
			}
		}
		if failed != nil && s.now.Load() != v {
			continue
		}
		if failed != nil {
			v.options.Log.Error("entry of a hash set cannot be read", "err", failed)
		}
		slices.SortStableFunc(hits, func(a, b Hit) int {
			return cmp.Or(cmp.Compare(strength(a.Verdict), strength(b.Verdict)), cmp.Compare(*a.Distance, *b.Distance))
		})
		return hits
	}
}

// exact looks for equal bytes. A hit without verdict is none.
func (s *Sets) exact(seg *segment, sum [32]byte) (hit Hit, failed error) {
	for _, i := range seg.lookup(sum) {
		e, err := s.entry(seg.record.ID, i)
		if err == nil && e.SHA256 != hex.EncodeToString(sum[:]) {
			continue
		}
		hit := newHit(seg, i, e, 0, 0)
		hit.Verdict, hit.Algorithm, hit.Rule = Exact, SHA256, "same sha256"
		return hit, err
	}
	return Hit{}, nil
}

// alike looks for the nearest entry by PDQ and by pHash, and takes the stronger.
func (s *Sets) alike(o Options, seg *segment, q *Query, b *batch) (Hit, error) {
	hit, err := s.alikePDQ(o, seg, b)
	if !q.HasPHash || len(seg.phash) == 0 || hit.Verdict == Copy {
		return hit, err
	}
	other, err2 := s.alikePHash(o, seg, q)
	if other.Verdict != "" {
		hit = other
	}
	return hit, errors.Join(err, err2)
}

func (s *Sets) alikePDQ(o Options, seg *segment, b *batch) (Hit, error) {
	judged := func(row int) bool { return o.usable(int(seg.qual[row])) }
	row, d, turn := seg.pdq.nearest(b, o.pdqRadius(), judged)
	if row < 0 {
		return Hit{}, nil
	}
	best, refID := seg.pdq.at(row), seg.owner[row].refID()
	next, dn, _ := seg.pdq.nearest(b, 256, func(row int) bool {
		return seg.pdq.at(row) != best && seg.owner[row].rival(refID) && judged(row)
	})
	e, err := s.entry(seg.record.ID, seg.owner[row].entry)
	hit := newHit(seg, seg.owner[row].entry, e, d, turn)
	hit.Algorithm, hit.Lead = PDQ, leadOf(next, dn-d)
	hit.Verdict, hit.Rule = pdqVerdict(d, hit.Lead, o)
	return hit, err
}

func (s *Sets) alikePHash(o Options, seg *segment, q *Query) (Hit, error) {
	row, d, turn := nearestPHash(seg.phash, &q.PHash, o.phashRadius(), func(int) bool { return true })
	if row < 0 {
		return Hit{}, nil
	}
	refID := seg.phashOwner[row].refID()
	next, dn, _ := nearestPHash(seg.phash, &q.PHash, 64, func(other int) bool {
		return other != row && seg.phashOwner[other].rival(refID)
	})
	e, err := s.entry(seg.record.ID, seg.phashOwner[row].entry)
	hit := newHit(seg, seg.phashOwner[row].entry, e, d, turn)
	hit.Algorithm, hit.Lead = PHash, leadOf(next, dn-d)
	hit.Verdict, hit.Rule = phashVerdict(d, o)
	return hit, err
}

func leadOf(next, lead int) *int {
	if next < 0 {
		return nil
	}
	return &lead
}

// newHit names entry i of seg; e is what the store gave for it, if it did.
func newHit(seg *segment, i uint32, e Entry, distance, turn int) Hit {
	if e.Ref == "" {
		e.Ref = fmt.Sprintf("row:%d", i+1)
	}
	return Hit{Set: seg.record.Set.Name, SetVersion: seg.record.Set.Version, Ref: e.Ref, Distance: &distance, Orientation: turn + 1}
}

// newView sorts the sets and makes the token of what they can answer.
func newView(o Options, segments []*segment) *view {
	segments = slices.Clone(segments)
	slices.SortFunc(segments, func(a, b *segment) int { return cmp.Compare(a.record.Set.Name, b.record.Set.Name) })
	h := sha256.New()
	const rules = 1 // raise it when the rules of search.go or rule.go change
	fmt.Fprintln(h, rules, o.MaxDistance, o.CopyDistance, o.MinLead, o.PHashMaxDistance, o.MinQuality)
	for _, seg := range segments {
		fmt.Fprintln(h, seg.record.Set.Name, seg.record.Set.Version, seg.record.ID)
	}
	return &view{options: o, segments: segments, sight: hex.EncodeToString(h.Sum(nil)[:8])}
}
