package match

import "leakwatch/internal/phash"

const (
	// nearest is how many refs of a set are candidates for one part, by whole
	// hashes and by windows each.
	nearest = 12
	// windowRadius is how far a window of an entry may lie. With windows on
	// both sides, 626,269 pairs of unrelated pictures had none within it.
	windowRadius = 57
	// noWindow is the window of a candidate that is like the whole entry.
	noWindow = -1
)

// candidate is an entry near to a part of the found picture.
type candidate struct {
	part           int // of the query
	row            int // of the whole hashes, or of the windows
	entry, ref     uint32
	window         int // of EntryWindows, or noWindow
	distance, turn int
}

func (c *candidate) entryWindow() phash.Window {
	if c.window == noWindow {
		return phash.Whole()
	}
	return phash.EntryWindows()[c.window]
}

// candidates are the nearest refs for each part, in the order of the parts,
// for each by the whole hash and then by windows, the nearest first.
func (seg *segment) candidates(o Options, l *look) (all []candidate) {
	var parts []int
	var batches []*batch
	for i, b := range l.batches {
		if o.usable(l.Parts[i].Quality) {
			parts, batches = append(parts, i), append(batches, b)
		}
	}
	whole := seg.pdq.near(batches, o.pdqRadius(), nearest, func(row int) (uint32, bool) {
		return seg.owner[row].refID(), o.usable(int(seg.qual[row]))
	})
	w := &seg.windows
	windows := w.hash.near(batches, min(windowRadius, o.pdqRadius()), nearest, func(row int) (uint32, bool) {
		return w.owner[row].refID(), true
	})
	for i, part := range parts {
		for _, n := range whole[i] {
			all = append(all, candidate{part, n.row, seg.owner[n.row].entry, n.ref, noWindow, n.distance, n.turn})
		}
		for _, n := range windows[i] {
			all = append(all, candidate{part, n.row, w.owner[n.row].entry, n.ref, int(w.number[n.row]), n.distance, n.turn})
		}
	}
	return all
}
