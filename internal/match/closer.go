package match

import (
	"cmp"
	"image"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"leakwatch/internal/phash"
)

// A closer look: where an entry brings a thumbprint, its candidates are laid
// over the found picture and judged by what sets the entry apart from its
// camera (judge.go). What the hashes said then counts only as a reason to look.

const (
	mostLooked     = 12  // entries that are looked at for one window
	backgroundHash = 96  // bits within which an entry's camera is looked for
	backgroundMost = 40  // entries that are held against it for that
	linkInliers    = 10  // keypoints that make two entries one camera's
	keptGrounds    = 256 // backgrounds that a set keeps, of some 70 KB each
)

// Sight is a found picture to be looked at closely. All is made when it is
// first asked for; most pictures are never asked.
type Sight interface {
	// Plane is the sharp luma plane of the first frame; nil where it cannot be
	// had any more.
	Plane() *image.Gray
	// Points are the keypoints of a window of it.
	Points(phash.Window) *phash.Points
}

// grounds remembers the backgrounds of a set's entries.
type grounds struct {
	once sync.Once
	kept *lru.Cache[uint32, *background]
}

// closer is one look at one found picture. It is not for two goroutines.
type closer struct {
	sets  *Sets
	seg   *segment
	o     Options
	l     *look
	bench *aligner
}

// looked is an entry that was laid over the found picture.
type looked struct {
	candidate
	judgement
}

// look judges the candidates of one window. ok is false where none of them
// brings what is needed or could be laid over the picture: the hashes decide.
func (c *closer) look(all []candidate, byHash judged) (best looked, ok bool, failed error) {
	if c.l.scene() == nil {
		return looked{}, false, nil
	}
	entries := map[uint32]bool{}
	for i := range all {
		first := &all[i]
		if entries[first.ref] || len(entries) == mostLooked {
			continue
		}
		entries[first.ref] = true
		same := slices.DeleteFunc(slices.Clone(all), func(o candidate) bool { return o.entry != first.entry })
		ev := evidence{near: true}
		if byHash.entry == first.entry {
			ev.sure, ev.plain = byHash.verdict == Copy, plainly(&byHash)
		}
		found, done, err := c.entry(first.entry, same, ev)
		if failed = err; err != nil {
			return looked{}, false, err
		}
		if done && (!ok || found.before(&best.judgement)) {
			best, ok = found, true
		}
	}
	return best, ok, nil
}

// entry lays one entry over the found picture from where its candidates put it.
func (c *closer) entry(entry uint32, from []candidate, ev evidence) (looked, bool, error) {
	ref, err := c.sets.reference(c.seg, entry)
	if err != nil || ref == nil {
		return looked{}, false, err
	}
	scene := c.l.scene()
	var starts []start
	for i := range from {
		p := &from[i]
		window := c.l.Parts[p.part].Window
		starts = append(starts, start{fromWindows(p.turn+1, window, p.entryWindow(), scene.aspect, ref.aspect), true})
	}
	first := from[0]
	m, n := c.byPoints(c.l.Parts[first.part].Window, ref, mirrors(first.turn+1))
	if ev.inliers = n; n >= hashInliers {
		starts = append(starts, start{m, false})
	}
	return c.judge(first, ref, starts, ev)
}

// judge aligns and judges an entry.
func (c *closer) judge(at candidate, ref *reference, starts []start, ev evidence) (looked, bool, error) {
	var q aligned
	if !c.bench.align(c.l.scene(), ref, starts, &q) {
		return looked{}, false, nil
	}
	ground, err := c.background(at.entry, ref)
	if err != nil {
		return looked{}, false, err
	}
	return looked{candidate: at, judgement: c.bench.judge(&q, ref, ground, ev)}, true, nil
}

// mirrors reports whether an EXIF orientation turns a picture over.
func mirrors(orientation int) bool {
	return orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7
}

// byPoints is the map from the entry to the whole found picture by the
// keypoints of a window of it, and how many agree.
func (c *closer) byPoints(w phash.Window, ref *reference, mirrored bool) (affine, int) {
	points := c.l.Sight.Points(w)
	if points == nil || ref.points == nil || len(points.List) == 0 {
		return affine{}, 0
	}
	if mirrored {
		p := points.Mirrored()
		points = &p
	}
	m, inliers := mapOf(ref.points, points)
	if inliers == 0 {
		return affine{}, 0
	}
	if mirrored {
		width := float64(points.Width) / float64(max(points.Width, points.Height))
		m = affine{-1, 0, width, 0, 1, 0}.after(m)
	}
	// Units of the window's long side become units of the picture's.
	fw, fh := sides(c.l.scene().aspect)
	scale := max((w[2]-w[0])*fw, (w[3]-w[1])*fh)
	return affine{scale, 0, w[0] * fw, 0, scale, w[1] * fh}.after(m), inliers
}

// background is that of an entry, from the others of its set.
func (c *closer) background(entry uint32, ref *reference) (*background, error) {
	c.seg.grounds.once.Do(func() { c.seg.grounds.kept, _ = lru.New[uint32, *background](keptGrounds) })
	if known, ok := c.seg.grounds.kept.Get(entry); ok {
		return known, nil
	}
	var others []linked
	if ref.points != nil {
		for _, other := range c.neighbours(entry) {
			o, err := c.sets.reference(c.seg, other)
			if err != nil {
				return nil, err
			}
			if o == nil || o.points == nil {
				continue
			}
			if m, n := mapOf(ref.points, o.points); n >= linkInliers {
				others = append(others, linked{o, other, m})
			}
		}
	}
	made := newAligner().backgroundOf(ref, entry, others) // c.bench holds what is being judged
	c.seg.grounds.kept.Add(entry, made)
	return made, nil
}

// neighbours are the entries of the set whose hashes are nearest to an entry's.
func (c *closer) neighbours(entry uint32) (others []uint32) {
	seg := c.seg
	self, ok := seg.rowOf(entry)
	if !ok {
		return nil
	}
	h := seg.pdq.at(self)
	refID := seg.owner[self].refID()
	near := seg.pdq.near([]*batch{batchOf([8]class{h, h, h, h, h, h, h, h})}, backgroundHash, backgroundMost, func(row int) (uint32, bool) {
		return seg.owner[row].refID(), row != self && seg.owner[row].refID() != refID && c.o.usable(int(seg.qual[row]))
	})
	for _, n := range near[0] {
		others = append(others, seg.owner[n.row].entry)
	}
	return others
}

// rowOf is the row of whole hashes that an entry is the first of.
func (s *segment) rowOf(entry uint32) (row int, ok bool) {
	return slices.BinarySearchFunc(s.owner, entry, func(o owner, e uint32) int { return cmp.Compare(o.entry, e) })
}

// reference is an entry as it is laid over a picture; nil where it brings no
// thumbprint.
func (s *Sets) reference(seg *segment, entry uint32) (*reference, error) {
	e, err := s.detailOf(seg.record.ID, entry)
	if err != nil || e.Thumb == nil {
		return nil, err
	}
	return &reference{thumb: e.Thumb, aspect: float64(e.Width) / float64(e.Height), points: e.Points}, nil
}
