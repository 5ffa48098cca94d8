package match

import (
	"cmp"
	"fmt"
	"slices"

	"leakwatch/internal/phash"
)

// loopRow is a hash of one quality, and whose it is.
type loopRow struct {
	hash           phash.PDQ
	entry          *Entry
	ref            string
	distance, turn int
}

// loop is Search as its comment states it, for whole hashes: plain loops over
// all entries of a set.
func loop(all []Entry, o Options, q *Query) (verdict, ref string, d, orientation int, lead *int) {
	var rows []loopRow
	known := map[string]bool{}
	for i := range all {
		e := &all[i]
		if key := fmt.Sprint(e.PDQ, e.Quality); e.PDQ != nil && o.usable(e.Quality) && !known[key] {
			known[key] = true
			r := loopRow{hash: *e.PDQ, entry: e, ref: e.Ref, distance: 257}
			for turn, t := range q.Parts[0].Turns {
				if n := e.PDQ.Distance(t); n < r.distance {
					r.distance, r.turn = n, turn
				}
			}
			rows = append(rows, r)
		}
	}
	var near []loopRow
	refs := map[string]bool{}
	for _, r := range slices.SortedStableFunc(slices.Values(rows), func(a, b loopRow) int { return cmp.Compare(a.distance, b.distance) }) {
		if r.distance <= o.MaxDistance && !refs[r.ref] && len(near) < nearest {
			refs[r.ref] = true
			near = append(near, r)
		}
	}
	order := []string{Copy, Kin, Weak}
	var best *loopRow
	for i := range near {
		r := &near[i]
		if v := loopVerdict(all, rows, o, q, r, i == 0); best == nil || slices.Index(order, v) < slices.Index(order, verdict) {
			best, verdict = r, v
		}
	}
	if best == nil {
		return "", "", 0, 0, nil
	}
	return verdict, best.ref, best.distance, best.turn + 1, loopLead(all, o, q, best)
}

// loopVerdict judges one candidate.
func loopVerdict(all []Entry, rows []loopRow, o Options, q *Query, r *loopRow, first bool) string {
	var others []phash.PDQ
	for i := range rows {
		if n := rows[i].hash.Distance(r.hash); n > sureDistance && n <= cameraRadius {
			others = append(others, rows[i].hash)
		}
	}
	if len(others)+1 < leastCamera {
		if !first {
			return Weak
		}
		v, _ := pdqVerdict(r.distance, loopLead(all, o, q, r), o.CopyDistance, o)
		if v == Copy && loopHalfway(all, rows, o, q, r) {
			return Weak
		}
		return v
	}
	apart, wrong := 0, 0
	found := q.Parts[0].Turns[r.turn]
	for i := range 256 {
		at := func(h phash.PDQ) byte { return h[i/8] >> (i % 8) & 1 }
		n := 0
		for _, h := range others {
			n += int(at(h) ^ at(r.hash))
		}
		if 2*n > len(others)+1 {
			apart++
			wrong += int(at(found) ^ at(r.hash))
		}
	}
	switch {
	case r.distance > kinRadius:
		return Weak
	case apart >= leastBits && wrong*wrongOfBits <= apart:
		return Copy
	}
	lead := loopLead(all, o, q, r)
	if first && lead != nil && r.distance <= sureDistance && 5*r.distance <= 2*(r.distance+*lead) {
		return Copy
	}
	return Kin
}

// loopLead is the distance to the nearest with another hash and another ref,
// less that of r.
func loopLead(all []Entry, o Options, q *Query, r *loopRow) *int {
	next := 257
	for i := range all {
		e := &all[i]
		if e.PDQ == nil || !o.usable(e.Quality) || *e.PDQ == r.hash || e.Ref == r.ref {
			continue
		}
		for _, t := range q.Parts[0].Turns {
			next = min(next, e.PDQ.Distance(t))
		}
	}
	if next > 256 {
		return nil
	}
	next -= r.distance
	return &next
}
