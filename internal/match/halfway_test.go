package match

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/phash"
)

// A picture between two entries of one camera is no copy of the nearer one,
// though it leads; a re-post is, which is as near to it in all that tells the
// two apart.
func TestBetweenTwoEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	order := r.Perm(256)
	flipped := func(p phash.PDQ, bits ...int) phash.PDQ {
		for _, bit := range bits {
			p[bit/8] ^= 1 << (bit % 8)
		}
		return p
	}
	a := randomPDQ(r)
	b := flipped(a, order[:60]...)
	s := openSets(t, DefaultOptions())
	load(t, s, "two", []Entry{{Ref: "a", PDQ: &a, Quality: 100}, {Ref: "b", PDQ: &b, Quality: 100}})
	for _, tt := range []struct {
		between, beside int // bits of the found picture that are b's, or nobody's
		verdict         string
	}{
		{20, 2, Weak}, {16, 2, Weak}, {15, 5, Copy}, {0, 12, Copy},
		{20, 22, Weak}, // b is at 62
		{4, 40, Copy},  // b is at 96: nothing is known of a camera
	} {
		found := flipped(flipped(a, order[:tt.between]...), order[60:60+tt.beside]...)
		hits := s.Search(Query{Parts: []Part{{Window: phash.Whole(), Turns: same(found), Quality: 100}}})
		if len(hits) != 1 || hits[0].Ref != "a" || hits[0].Verdict != tt.verdict {
			t.Errorf("%d bits of b, %d of nobody: got %+v, want %s of a", tt.between, tt.beside, hits, tt.verdict)
			continue
		}
		if said := strings.Contains(hits[0].Rule, "another of its camera"); said != (tt.verdict == Weak) {
			t.Errorf("%d bits of b, %d of nobody: the rule says %q", tt.between, tt.beside, hits[0].Rule)
		}
	}
}

// loopHalfway looks for the next entry, and whether the found picture is like it
// in more than a quarter of what tells the two apart.
func loopHalfway(all []Entry, rows []loopRow, o Options, q *Query, r *loopRow) bool {
	var next *loopRow
	for i := range rows {
		n := &rows[i]
		other := slices.ContainsFunc(all, func(e Entry) bool {
			return e.PDQ != nil && *e.PDQ == n.hash && e.Quality == n.entry.Quality && e.Ref != r.ref
		})
		if n.hash != r.hash && other && (next == nil || n.distance < next.distance) {
			next = n
		}
	}
	if next == nil || next.distance > cameraRadius {
		return false
	}
	apart, wrong := 0, 0
	found := q.Parts[0].Turns[r.turn]
	for i := range found {
		apart += bits.OnesCount8(r.hash[i] ^ next.hash[i])
		wrong += bits.OnesCount8((r.hash[i] ^ next.hash[i]) & (r.hash[i] ^ found[i]))
	}
	return apart > sureDistance && wrong*wrongOfBits > apart
}
