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
	Sight  Sight  // gives what a closer look needs; nil: hashes only

	HasPHash bool           // PHash is given: it finds entries that have no PDQ
	PHash    [8]phash.PHash // as Part.Turns; where only the upright one is known, all eight are it
}

// Part is a window of a found picture, or a further frame of it.
type Part struct {
	Window  phash.Window // of the upright found picture
	Turns   [8]phash.PDQ // index o-1: the hash of EXIF orientation o
	Quality int          // of the PDQ hash; too low, and the part is passed over
	Frame   int          // 0 is the first frame or page
}

// upright is a copy of the part's hash: a hit is remembered, the query is not.
func (p *Part) upright() *phash.PDQ {
	h := p.Turns[0]
	return &h
}

// Hit is what one set says of one window of the found picture.
type Hit struct {
	Set         string
	SetVersion  int
	Ref         string
	Verdict     string // Exact, Copy, Kin or Weak
	Distance    *int   // bits; 0 for equal bytes
	Lead        *int   // bits to the nearest entry with another hash and another ref; nil: there is none, or bytes are equal
	Algorithm   string // SHA256, PDQ or PHash
	Orientation int    // EXIF, 1 to 8: how the entry was turned to give the found picture
	Window      phash.Window
	EntryWindow phash.Window // the part of the entry that it is like
	Frame       int          // of the found picture
	Stage       string       // how far the search went: ByBytes, ByHash, ByWindow
	PDQ         *phash.PDQ   // of Window, upright; nil where it has none
	Explain
}

// Explain says why the verdict is what it is. What was not looked at is nil.
type Explain struct {
	Residual      *float64 // of the region that sets the entry apart: 0 is equal, 1 as unlike as the background
	Ratio         *float64 // of that residual to the least of another entry
	Visible       *float64 // share of the entry in which both can be compared and the entry is set apart
	Camera        *string  // a ref of the entries before the same camera
	CameraEntries *int     // how many these are, the nearest included
	Rule          string   // in words
}

// maxHits is how many hits one picture has at most.
const maxHits = 40

// Search returns the hits of all sets, strongest first: at most one for each
// set and window of the found picture, and each ref of a set once, in the
// window in which it is surest. It gives what a loop over all entries would
// give. In each set equal bytes come before all. Else, for each part of the
// picture, the candidates of verify are the nearest refs by PDQ over the 8
// turns: by the hash of the whole entry within Options.MaxDistance, by those of
// its windows within the radius of windows; of the same distance the one loaded
// first. Of entries without PDQ the nearest by pHash counts, for the whole
// picture. It waits for no load.
func (s *Sets) Search(q Query) []Hit {
	if len(q.Parts) == 0 {
		return s.Exact(q.SHA256)
	}
	l := &look{Query: &q, batches: make([]*batch, len(q.Parts))}
	for i := range q.Parts {
		l.batches[i] = newBatch(q.Parts[i].Turns)
	}
	return s.answer(func(v *view, seg *segment) ([]Hit, error) {
		return s.searchOne(v, seg, l)
	})
}

// look is a query made ready for scans.
type look struct {
	*Query
	batches []*batch // of each part
	seen    *scene   // of the plane, once it was asked for
	asked   bool
	tools   *aligner
}

// scene is the found picture as entries are laid over it; nil where it cannot
// be had.
func (l *look) scene() *scene {
	if !l.asked {
		l.asked = true
		if plane := l.Sight.Plane(); plane != nil {
			l.seen = sceneOf(plane)
		}
	}
	return l.seen
}

// bench is made with the first set that needs it.
func (l *look) bench() *aligner {
	if l.tools == nil {
		l.tools = newAligner()
	}
	return l.tools
}

// Exact is Search for a picture that cannot be hashed.
func (s *Sets) Exact(sum [sha256.Size]byte) []Hit {
	return s.answer(func(_ *view, seg *segment) ([]Hit, error) { return s.exact(seg, sum) })
}

// answer asks each set. When one was replaced or dropped under our hands, all
// are asked again. A hit is never lost to a store that cannot be read: it then
// carries the number of its row for a ref.
func (s *Sets) answer(ask func(*view, *segment) ([]Hit, error)) []Hit {
	for {
		v := s.now.Load()
		var hits []Hit
		var failed error
		for _, seg := range v.segments {
			more, err := ask(v, seg)
			hits = append(hits, more...)
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
		slices.SortStableFunc(hits, stronger)
		return hits[:min(len(hits), maxHits)]
	}
}

// exact looks for equal bytes.
func (s *Sets) exact(seg *segment, sum [32]byte) ([]Hit, error) {
	for _, i := range seg.lookup(sum) {
		e, err := s.entry(seg.record.ID, i)
		if err == nil && e.SHA256 != hex.EncodeToString(sum[:]) {
			continue
		}
		hit := newHit(seg, i, e, 0, 0)
		hit.Verdict, hit.Algorithm, hit.Stage, hit.Rule = Exact, SHA256, ByBytes, "same sha256"
		return []Hit{hit}, err
	}
	return nil, nil
}

// alike looks for like entries by PDQ and, for entries without, by pHash.
func (s *Sets) alike(o Options, seg *segment, l *look) ([]Hit, error) {
	hits, err := s.verify(o, seg, l, seg.candidates(o, l))
	copied := slices.ContainsFunc(hits, func(h Hit) bool { return h.Verdict == Copy && h.Window == phash.Whole() })
	if l.HasPHash && !copied && len(seg.phash) > 0 && o.usable(l.Parts[0].Quality) {
		more, err2 := s.alikePHash(o, seg, l.Query)
		hits, err = append(hits, more...), errors.Join(err, err2)
	}
	hits = thin(hits)
	if near := s.closer(o, seg, l); near != nil && o.Deep && (len(hits) == 0 || hits[0].Verdict == Weak) {
		more, err2 := near.deep()
		hits, err = thin(append(hits, more...)), errors.Join(err, err2)
	}
	return hits, err
}

// closer is nil where a set or a query does not allow a closer look.
func (s *Sets) closer(o Options, seg *segment, l *look) *closer {
	if l.Sight == nil || seg.record.Set.DetailKind != Keypoints {
		return nil
	}
	return &closer{sets: s, seg: seg, o: o, l: l, bench: l.bench()}
}

// verify judges the candidates of one set, which stand in the order of the
// parts, and returns a hit for each frame and window that has any.
func (s *Sets) verify(o Options, seg *segment, l *look, all []candidate) (hits []Hit, failed error) {
	near := s.closer(o, seg, l)
	for len(all) > 0 {
		n := 1
		first := &l.Parts[all[0].part]
		for n < len(all) && l.Parts[all[n].part].Window == first.Window && l.Parts[all[n].part].Frame == first.Frame {
			n++
		}
		best := seg.judge(o, l, all[:n])
		hit, err := s.hitOf(o, seg, l, best)
		failed = errors.Join(failed, err)
		if near != nil && first.Frame == 0 {
			found, ok, err := near.look(all[:n], best)
			failed = errors.Join(failed, err)
			if ok {
				hit, err = s.hitLooked(o, seg, l, all[:n], found)
				failed = errors.Join(failed, err)
			}
		}
		hits, all = append(hits, hit), all[n:]
	}
	return hits, failed
}

// hitLooked reads the entry of a candidate that was laid over the picture.
func (s *Sets) hitLooked(o Options, seg *segment, l *look, all []candidate, found looked) (Hit, error) {
	hit, err := s.hitOf(o, seg, l, judged{candidate: found.candidate, verdict: found.verdict, rule: found.rule, lead: seg.lead(o, l, all, &found.candidate)})
	hit.Stage = ByPoints
	hit.Residual, hit.Ratio, hit.Visible = found.residual, found.ratio, found.visible
	return hit, errors.Join(err, s.tellCamera(seg, &hit, &found.judgement))
}

// tellCamera names the camera of a judgement by one of its entries, and counts
// them, the hit's own included.
func (s *Sets) tellCamera(seg *segment, hit *Hit, j *judgement) error {
	hit.Camera, hit.CameraEntries = nil, nil
	if j.cameraEntries == 0 {
		return nil
	}
	e, err := s.entry(seg.record.ID, j.camera)
	ref, n := newHit(seg, j.camera, e, 0, 0).Ref, j.cameraEntries+1
	hit.Camera, hit.CameraEntries = &ref, &n
	return err
}

// hitOf reads the entry of a candidate that was judged.
func (s *Sets) hitOf(o Options, seg *segment, l *look, c judged) (Hit, error) {
	e, err := s.entry(seg.record.ID, c.entry)
	hit := newHit(seg, c.entry, e, c.distance, c.turn)
	part := &l.Parts[c.part]
	hit.Window, hit.Frame, hit.EntryWindow = part.Window, part.Frame, c.entryWindow()
	hit.Algorithm, hit.Verdict, hit.Lead = PDQ, c.verdict, c.lead
	hit.PDQ = part.upright()
	hit.Rule = c.rule
	if c.members > 0 {
		hit.Camera, hit.CameraEntries = &hit.Ref, &c.members
	}
	hit.Stage = ByHash
	if whole := phash.Whole(); hit.Window != whole || hit.EntryWindow != whole {
		hit.Stage = ByWindow
	}
	return hit, err
}

func (s *Sets) alikePHash(o Options, seg *segment, q *Query) ([]Hit, error) {
	row, d, turn := nearestPHash(seg.phash, &q.PHash, o.phashRadius(), func(int) bool { return true })
	if row < 0 {
		return nil, nil
	}
	refID := seg.phashOwner[row].refID()
	next, dn, _ := nearestPHash(seg.phash, &q.PHash, 64, func(other int) bool {
		return other != row && seg.phashOwner[other].rival(refID)
	})
	e, err := s.entry(seg.record.ID, seg.phashOwner[row].entry)
	hit := newHit(seg, seg.phashOwner[row].entry, e, d, turn)
	hit.Algorithm, hit.Stage, hit.Lead = PHash, ByHash, leadOf(next, dn-d)
	hit.PDQ = q.Parts[0].upright()
	hit.Verdict, hit.Rule = phashVerdict(d, o)
	return []Hit{hit}, err
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
	return Hit{Set: seg.record.Set.Name, SetVersion: seg.record.Set.Version, Ref: e.Ref, Distance: &distance, Orientation: turn + 1,
		Window: phash.Whole(), EntryWindow: phash.Whole()}
}

// rules is raised when those of search.go, rule.go, manifest.go or
// selectorscan.go change: what was judged by others is judged again.
const rules = 3

// newView sorts the sets and makes the token of what they can answer.
func newView(o Options, segments []*segment, owns map[string]*own) *view {
	segments = slices.Clone(segments)
	slices.SortFunc(segments, func(a, b *segment) int { return cmp.Compare(a.record.Set.Name, b.record.Set.Name) })
	v := &view{options: o, segments: segments, own: owns}
	h := sha256.New()
	fmt.Fprintln(h, rules, o.MaxDistance, o.CopyDistance, o.WindowDistance, o.MinLead, o.PHashMaxDistance, o.MinQuality, o.Deep)
	for _, seg := range segments {
		fmt.Fprintln(h, seg.record.Set.Name, seg.record.Set.Version, seg.record.ID)
	}
	v.horizon, v.sight = v.tokens(h)
	return v
}
