package match

// disagreement is where two pictures leave each other's 3x3 range by more than
// by: beyond what an edge half a cell aside can do.
func disagreement(q, e *frame, seen *cells, by float32) (d cells) {
	var ql, qh, el, eh frame
	q.ranges(&ql, &qh)
	e.ranges(&el, &eh)
	for i := range seen.each() {
		if (q[i] > eh[i]+by || q[i] < el[i]-by) && (e[i] > qh[i]+by || e[i] < ql[i]-by) {
			d[i/frameSide] |= 1 << (i % frameSide)
		}
	}
	return d
}

// difference is disagreement with half of that range, and without the cells in
// which the raw picture is black or white and so hides how far the entry goes
// on. On 64x64 cells the whole range hides small vehicles; alignment is good
// to a tenth of a cell.
func difference(raw, q, e *frame, seen *cells, by float32) (d cells) {
	var ql, qh, el, eh frame
	q.ranges(&ql, &qh)
	e.ranges(&el, &eh)
	for i := range seen.each() {
		v, w := q[i], e[i]
		below := v < (el[i]+w)/2-by && w > (qh[i]+v)/2+by && raw[i] <= 249
		above := v > (eh[i]+w)/2+by && w < (ql[i]+v)/2-by && raw[i] >= 6
		if below || above {
			d[i/frameSide] |= 1 << (i % frameSide)
		}
	}
	return d
}

// opened takes away lines one or two cells wide: letters, not vehicles.
func (c *cells) opened() cells {
	core := c.inner(frameSide)
	core = core.grown()
	return core.and(c)
}

// smeared reports whether part of the aligned and toned picture q is the entry
// e made unrecognisable: its slopes are below half of the entry's, and it
// correlates by more than .9 with the entry softened.
func smeared(q, e *frame, part *cells) bool {
	var soft, next frame
	soft = *e
	for range 4 {
		soft.blurred(&next)
		soft = next
	}
	slope := func(f *frame, i int) float64 {
		u, v := f[i+1]-f[i-1], f[i+frameSide]-f[i-frameSide]
		return float64(u*u + v*v)
	}
	all := cells{}
	for j := range all {
		all[j] = ^uint64(0)
	}
	around := part.grown()
	inside := all.inner(frameSide)
	inside = inside.and(&around)
	var own, entry, n, sq, se, sqq, see, sqe float64
	for i := range inside.each() {
		own += slope(q, i)
		entry += slope(e, i)
		v, w := float64(q[i]), float64(soft[i])
		n, sq, se, sqq, see, sqe = n+1, sq+v, se+w, sqq+v*v, see+w*w, sqe+v*w
	}
	if n < 4 || own >= entry/4 {
		return false
	}
	cross, a, b := sqe-sq*se/n, sqq-sq*sq/n, see-se*se/n
	return cross > 0 && cross*cross > .81*a*b
}
