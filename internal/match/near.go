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
	return b.nearest(&s.pdq, radius, take)
}

// nearestWindow is nearestWhole for the rows of seg.win.
func (s *segment) nearestWindow(b *batch, radius int, take func(row int) bool) (row, distance, turn int) {
	return b.nearest(&s.win, radius, take)
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
	for i, b := range parts {
		best := nearestFew{k: k}
		for row := range s.pdq.len() {
			h := s.pdq.at(row)
			if d, turn := b.distance(&h); d <= r.whole && judged(s.owner[row].entry, int(s.qual[row])) {
				best.add(candidate{s.owner[row].entry, s.owner[row].refID(), wholeEntry, d, turn})
			}
		}
		for row := range s.win.len() {
			h := s.win.at(row)
			if d, turn := b.distance(&h); d <= r.window && judged(s.winOwner[row].entry, 100) {
				best.add(candidate{s.winOwner[row].entry, s.winOwner[row].refID(), int8(s.winNumber[row]), d, turn})
			}
		}
		found[i] = best.list
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
