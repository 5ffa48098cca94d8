package match

import "slices"

// nearest returns the row of the least distance within radius that take
// accepts, of equal ones the first; row is -1 when there is none.
func (r *rows) nearest(b *batch, radius int, take func(row int) bool) (row, distance, turn int) {
	row = -1
	s := &search{b: b, radius: radius}
	s.found = func(at, d, o int) {
		if take(at) {
			row, distance, turn = at, d, o
			s.radius = d - 1
		}
	}
	r.scan(s)
	return row, distance, turn
}

// each gives out all rows within radius in their order, with the least
// distance over the turns and the first turn that has it.
func (r *rows) each(b *batch, radius int, visit func(row, distance, turn int)) {
	r.scan(&search{b: b, radius: radius, found: visit})
}

// neighbour is a row near a part of a found picture.
type neighbour struct {
	row            int
	ref            uint32
	distance, turn int
}

// near returns for each part the nearest rows within radius of k different
// refs, the nearest first, of equal ones the first; all parts share one pass.
// of says whose a row is, and whether it counts.
func (r *rows) near(parts []*batch, radius, k int, of func(row int) (ref uint32, ok bool)) [][]neighbour {
	found := make([][]neighbour, len(parts))
	if k < 1 {
		return found
	}
	searches := make([]*search, len(parts))
	for i, b := range parts {
		s := &search{b: b, radius: radius}
		s.found = func(row, d, turn int) {
			ref, ok := of(row)
			if !ok {
				return
			}
			found[i] = nearer(found[i], neighbour{row, ref, d, turn}, k)
			if len(found[i]) == k {
				s.radius = min(s.radius, found[i][k-1].distance-1) // the rows to come are later ones
			}
		}
		searches[i] = s
	}
	r.scan(searches...)
	return found
}

// nearer puts n, a later row than all of them, into a sorted list of at most
// k, each ref once.
func nearer(list []neighbour, n neighbour, k int) []neighbour {
	if i := slices.IndexFunc(list, func(o neighbour) bool { return o.ref == n.ref }); i >= 0 {
		if list[i].distance <= n.distance {
			return list
		}
		list = slices.Delete(list, i, i+1)
	}
	at := len(list)
	for at > 0 && n.distance < list[at-1].distance {
		at--
	}
	if at == k {
		return list
	}
	list = slices.Insert(list, at, n)
	return list[:min(len(list), k)]
}
