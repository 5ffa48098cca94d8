package phash

import "slices"

// choice is a corner and the number of its level.
type choice struct {
	level int
	corner
}

// choose takes at most quota corners, from each level by its area and spread
// over the level. With once, it takes none that lies on one of a finer level,
// as long as there are others: most corners are seen on several levels, and
// what is taken twice is missing in another place.
func choose(all []level, found [][]corner, quota int, once bool) []choice {
	out := make([]choice, 0, quota)
	order := make([][]corner, len(all))
	for i := range all {
		order[i] = inTurn(&all[i], found[i])
	}
	take := func(i, n int) {
		left := order[i][:0]
		for k, c := range order[i] {
			if n == 0 {
				left = append(left, order[i][k:]...)
				break
			}
			if once && taken(all, out, choice{i, c}) {
				continue
			}
			out = append(out, choice{i, c})
			n--
		}
		order[i] = left
	}
	for i, n := range shares(all, found, quota) {
		take(i, n)
	}
	for i := range all {
		take(i, quota-len(out))
	}
	return out
}

// taken reports whether a corner lies within 3 pixels of its level from
// one that was chosen.
func taken(all []level, chosen []choice, c choice) bool {
	const near = 3
	l := &all[c.level]
	for _, o := range chosen {
		finer := &all[o.level]
		dx := (float64(o.x)+.5)*float64(l.w)/float64(finer.w) - float64(c.x) - .5
		dy := (float64(o.y)+.5)*float64(l.h)/float64(finer.h) - float64(c.y) - .5
		if dx*dx+dy*dy < near*near {
			return true
		}
	}
	return false
}

// shares divides the points among the levels by their area. What one level has
// not, others that have more give.
func shares(all []level, found [][]corner, quota int) []int {
	out := make([]int, len(all))
	for quota > 0 {
		area := 0
		for i, l := range all {
			if out[i] < len(found[i]) {
				area += l.w * l.h
			}
		}
		given := 0
		for i, l := range all {
			if spare := len(found[i]) - out[i]; spare > 0 {
				n := min(spare, (quota*l.w*l.h+area-1)/area, quota-given)
				out[i] += n
				given += n
			}
		}
		if given == 0 {
			break
		}
		quota -= given
	}
	return out
}

// inTurn orders the corners of a level: first the strongest of each cell of an
// 8x8 grid, then the second of each, and so on; in each turn the strongest
// first.
func inTurn(l *level, all []corner) []corner {
	const cells = 8
	keys := make([]uint64, len(all))
	for i, c := range all {
		keys[i] = uint64(^c.score)<<32 | uint64(i)
	}
	slices.Sort(keys)
	// seen counts the corners of each cell so far, which is the turn of the
	// next one; sizes counts those of each turn.
	var seen [cells * cells]int
	var sizes []int
	turn := make([]int, len(all))
	for k, key := range keys {
		c := all[uint32(key)]
		cell := int(c.y)*cells/l.h*cells + int(c.x)*cells/l.w
		if turn[k] = seen[cell]; turn[k] == len(sizes) {
			sizes = append(sizes, 0)
		}
		sizes[turn[k]]++
		seen[cell]++
	}
	at := 0
	for r, n := range sizes {
		sizes[r], at = at, at+n
	}
	out := make([]corner, len(all))
	for k, key := range keys {
		out[sizes[turn[k]]] = all[uint32(key)]
		sizes[turn[k]]++
	}
	return out
}
