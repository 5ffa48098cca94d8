package match

import (
	"errors"
	"math"
	"slices"
	"sync"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

const (
	// deepEntries is how many entries of a set with keypoints are searched by
	// them: 50,000 take 545 MB, and a question 20 times the making of a found
	// picture's keypoints; 300,000 would take 3 GB, and hold 48 million corners
	// to choose among.
	deepEntries = 20_000
	mostElected = 12 // entries that are laid over the picture
)

// deepened are the votes of a set, once they were asked for.
type deepened struct {
	sync.Mutex
	asked bool
	votes *votes
}

// memory is what the votes occupy; 0 while they are being made.
func (d *deepened) memory() int64 {
	if !d.TryLock() {
		return 0
	}
	defer d.Unlock()
	if d.votes == nil {
		return 0
	}
	return d.votes.memory()
}

// votesOf are made when they are first asked for; nil where the set has no
// keypoints, or too many entries with some.
func (s *Sets) votesOf(seg *segment) (*votes, error) {
	seg.deep.Lock()
	defer seg.deep.Unlock()
	if seg.deep.asked {
		return seg.deep.votes, nil
	}
	var b voteBuilder
	entries := 0
	err := s.db.View(func(tx *kv.Tx) error {
		details := tx.Bucket([]byte(detailsBucket)).Bucket(key(seg.record.ID))
		if details == nil {
			return nil
		}
		c := details.Cursor()
		for k, value := c.First(); k != nil && entries <= deepEntries; k, value = c.Next() {
			var e Entry
			if err := takeDetail(value, &e); err != nil {
				return err
			}
			for n := numberOf(k); uint64(len(b.first)) < n; {
				b.add(nil)
			}
			b.add(e.Points)
			entries++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seg.deep.asked = true
	switch {
	case entries > deepEntries:
		s.now.Load().options.Log.Warn("a set has too many entries with keypoints to be searched by them", "set", seg.record.Set.Name, "most", deepEntries)
	case entries > 0:
		seg.deep.votes = b.build()
	}
	return seg.deep.votes, nil
}

// deep looks by keypoints for what the hashes did not find: the whole picture
// and its mirror image against all entries, those with the most votes being
// laid over the picture.
func (c *closer) deep() ([]Hit, error) {
	votes, err := c.sets.votesOf(c.seg)
	if err != nil || votes == nil || c.l.scene() == nil {
		return nil, err
	}
	points := c.l.Sight.Points(phash.Whole())
	if points == nil {
		return nil, nil
	}
	mirror := points.Mirrored()
	var best *Hit
	var found looked
	for i, p := range []*phash.Points{points, &mirror} {
		for _, v := range votes.elect(p, mostElected) {
			if !c.seg.judged(v.entry, c.o) {
				continue
			}
			l, m, ok, err := c.voted(v.entry, i == 1)
			if err != nil {
				return nil, err
			}
			if !ok || l.verdict == Weak || best != nil && !l.before(&found.judgement) {
				continue
			}
			hit, err := c.hitDeep(&l, m)
			if err != nil {
				return nil, err
			}
			best, found = &hit, l
		}
	}
	if best == nil {
		return nil, nil
	}
	return []Hit{*best}, nil
}

// voted lays an entry over the picture as the keypoints say.
func (c *closer) voted(entry uint32, mirrored bool) (l looked, m affine, ok bool, err error) {
	ref, err := c.sets.reference(c.seg, entry)
	if err != nil || ref == nil {
		return looked{}, affine{}, false, err
	}
	m, n := c.byPoints(phash.Whole(), ref, mirrored)
	if n < kinInliers {
		return looked{}, affine{}, false, nil
	}
	l, ok, err = c.judge(candidate{entry: entry, window: noWindow}, ref, []start{{m, false}}, evidence{inliers: n})
	return l, m.byShares(ref.aspect), ok, err
}

// hitDeep says where the entry lies in the picture; m maps shares of the
// entry's sides to units of the picture's long side.
func (c *closer) hitDeep(l *looked, m affine) (Hit, error) {
	e, err := c.sets.entry(c.seg.record.ID, l.entry)
	hit := newHit(c.seg, l.entry, e, 0, 0)
	hit.Distance, hit.Algorithm, hit.Stage = nil, Keypoint, ByVotes
	hit.Verdict, hit.Rule, hit.Orientation = l.verdict, l.rule, orientationOf(m)
	hit.Residual, hit.Ratio, hit.Visible = l.residual, l.ratio, l.visible
	aspect := c.l.scene().aspect
	w, h := sides(aspect)
	hit.Window = boundsOf(affine{1 / w, 0, 0, 0, 1 / h, 0}.after(m))
	if back, ok := m.inverse(); ok {
		hit.EntryWindow = boundsOf(back.byShares(aspect))
	}
	return hit, errors.Join(err, c.sets.tellCamera(c.seg, &hit, &l.judgement))
}

// boundsOf is the part of a picture in which a map puts the unit square, in
// shares of its sides, to the ten-thousandth.
func boundsOf(m affine) phash.Window {
	var xs, ys []float64
	for _, p := range [4][2]float64{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		x, y := m.at(p[0], p[1])
		xs, ys = append(xs, x), append(ys, y)
	}
	clip := func(v float64) float64 { return math.Round(min(max(v, 0), 1)*1e4) / 1e4 }
	return phash.Window{clip(slices.Min(xs)), clip(slices.Min(ys)), clip(slices.Max(xs)), clip(slices.Max(ys))}
}

// orientationOf is the EXIF orientation with which the found picture must be
// shown to look most like the entry.
func orientationOf(m affine) int {
	best, most := 1, math.Inf(-1)
	for o := 1; o <= 8; o++ {
		n := fromWindows(o, phash.Whole(), phash.Whole(), 1, 1)
		if s := m[0]*n[0] + m[1]*n[1] + m[3]*n[3] + m[4]*n[4]; s > most {
			best, most = o, s
		}
	}
	return best
}

// judged reports whether an entry may be named by its likeness: it is neither
// disabled nor quarantined, and its hash is of enough quality.
func (s *segment) judged(entry uint32, o Options) bool {
	row, ok := s.rowOf(entry)
	return ok && o.usable(int(s.qual[row]))
}
