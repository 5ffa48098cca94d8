package match

import "cmp"

// candidate is an entry near a found picture, by the nearest of its rows.
type candidate struct {
	entry    uint32
	refID    uint32 // the first entry of the same ref
	window   int8   // of the entry, or wholeEntry
	distance int
	turn     int // index into the turns of the part: EXIF orientation - 1
}

// wholeEntry is the window of a candidate found by the hash of its whole.
const wholeEntry = -1

// reach is how far a search looks, in PDQ bits: at the whole of entries and at
// their windows. Where one is negative those rows are not looked at.
type reach struct{ whole, window int }

// before is the order of candidates: the nearer, then the entry loaded first,
// then the whole and the lower window.
func (c *candidate) before(d *candidate) bool {
	return cmp.Or(cmp.Compare(c.distance, d.distance), cmp.Compare(c.entry, d.entry), cmp.Compare(c.window, d.window)) < 0
}

// nearestWhole returns the row of seg.pdq of the least distance within radius
// that take accepts, of several the one loaded first; row is -1 when there is
// none.
func (s *segment) nearestWhole(b *batch, radius int, take func(row int) bool) (row, distance, turn int) {
	return nearest(&s.pdq, b, radius, take)
}

// nearestWindow is nearestWhole for the rows of seg.win.
func (s *segment) nearestWindow(b *batch, radius int, take func(row int) bool) (row, distance, turn int) {
	return nearest(&s.win, b, radius, take)
}

func nearest(r *rows, b *batch, radius int, take func(row int) bool) (row, distance, turn int) {
	row = -1
	s := &search{b: b, radius: radius}
	s.found = func(at, d, o int) {
		if take(at) {
			row, distance, turn = at, d, o
			s.radius = d - 1
		}
	}
	scan(r, []*search{s})
	return row, distance, turn
}

// near returns the k nearest entries within reach, at most one of each ref,
// nearest first. judged is asked for the first entry of a row and its quality;
// windows have none that is too low, and say 100.
func (s *segment) near(b *batch, r reach, k int, judged func(entry uint32, quality int) bool) []candidate {
	return s.nearAll([]*batch{b}, r, k, judged)[0]
}

// nearAll is near for several parts of one found picture, in one pass.
func (s *segment) nearAll(parts []*batch, r reach, k int, judged func(entry uint32, quality int) bool) [][]candidate {
	found := make([][]candidate, len(parts))
	if k < 1 {
		return found
	}
	few := make([]nearestFew, len(parts))
	whole, windows := make([]*search, len(parts)), make([]*search, len(parts))
	for i, b := range parts {
		f := &few[i]
		f.k = k
		w := &search{b: b, radius: r.whole}
		w.found = func(row, d, turn int) {
			if o := s.owner[row]; judged(o.entry, int(s.qual[row])) {
				f.add(candidate{o.entry, o.refID(), wholeEntry, d, turn})
				w.radius = min(w.radius, f.radius(o.entry))
			}
		}
		v := &search{b: b, radius: r.window}
		v.found = func(row, d, turn int) {
			if o := s.winOwner[row]; judged(o.entry, 100) {
				f.add(candidate{o.entry, o.refID(), int8(s.winNumber[row]), d, turn})
				v.radius = min(v.radius, f.radius(o.entry))
			}
		}
		whole[i], windows[i] = w, v
	}
	scan(&s.pdq, whole)
	for i, v := range windows {
		v.radius = min(v.radius, few[i].radius(0))
	}
	scan(&s.win, windows)
	for i := range few {
		found[i] = few[i].list
	}
	return found
}

// nearestFew keeps the k nearest candidates of distinct refs, in their order.
type nearestFew struct {
	k    int
	list []candidate
}

func (n *nearestFew) add(c candidate) {
	for i := range n.list {
		if n.list[i].refID != c.refID {
			continue
		}
		if !c.before(&n.list[i]) {
			return
		}
		n.list = append(n.list[:i], n.list[i+1:]...)
		break
	}
	if len(n.list) == n.k && (n.k == 0 || !c.before(&n.list[n.k-1])) {
		return
	}
	if len(n.list) == n.k {
		n.list = n.list[:n.k-1]
	}
	at := len(n.list)
	for at > 0 && c.before(&n.list[at-1]) {
		at--
	}
	n.list = append(n.list, candidate{})
	copy(n.list[at+1:], n.list[at:])
	n.list[at] = c
}

// radius is how far a row may lie to be one of the few, when it belongs to
// entry or to one after it.
func (n *nearestFew) radius(entry uint32) int {
	if len(n.list) < n.k {
		return 256
	}
	last := &n.list[n.k-1]
	if last.entry < entry {
		return last.distance - 1
	}
	return last.distance
}
