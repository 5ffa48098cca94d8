package match

import (
	"cmp"
	"fmt"
	"slices"

	"leakwatch/internal/phash"
)

// The verdicts, strongest first. Weak is counted, never a finding.
const (
	Exact = "exact" // the same bytes
	Copy  = "copy"  // the same picture
	Kin   = "kin"   // another picture before the same camera: no entry of the set
	Weak  = "weak"  // a candidate that nothing confirms
)

// The algorithms that a hit can name.
const (
	SHA256 = "sha256"
	PDQ    = "pdq"
	PHash  = "phash"

	Keypoint = "keypoint"
)

// The stages: how far the search had to go.
const (
	ByBytes  = "bytes"
	ByHash   = "hash"
	ByPoints = "keypoint" // laid over the picture
	ByVotes  = "deep"     // found by keypoints, where no hash was near
	ByWindow = "window"   // a window of the found picture, of the entry, or of both
)

// sureDistance needs no lead. A re-encoded entry lies 0 to 8 bits from it,
// and so may the next frame of the same clip, a quarter of a second later:
// both are in the set, and either way the picture is out.
const sureDistance = 16

// judged is a candidate with its verdict.
type judged struct {
	candidate
	verdict, rule string
	lead          *int
	members       int // entries before its camera; 0: it has none
}

// judge chooses among the candidates of one window and gives the verdict by
// hashes alone: the nearest copy; else, where the nearest whole entry has a
// camera, kin; else the nearest candidate as weak.
func (seg *segment) judge(o Options, l *look, all []candidate) judged {
	var best, kin, weak *judged
	keep := func(at **judged, c judged) {
		if *at == nil || c.distance < (*at).distance {
			*at = &c
		}
	}
	alone := map[[2]int]bool{} // parts and kinds of hash whose nearest entry was judged
	for i := range all {
		c := judged{candidate: all[i], verdict: Weak}
		kind := [2]int{c.part, min(c.window, 0)}
		if cam := seg.cameraOf(o, &c.candidate); cam.entries >= leastCamera {
			c.members = cam.entries
			c.verdict, c.rule = cameraVerdict(o, &c.candidate, &cam, seg.wrong(l, &c.candidate, &cam))
			if c.verdict == Kin && !alone[kind] {
				c.lead = seg.lead(o, l, all, &c.candidate)
				if plainly(&c) {
					c.verdict, c.rule = Copy, fmt.Sprintf("pdq %d, and the next entry of its camera at %d", c.distance, c.distance+*c.lead)
				}
			}
		} else if !alone[kind] {
			next := 0
			c.lead, next = seg.rival(o, l, all, &c.candidate)
			c.verdict, c.rule = pdqVerdict(c.distance, c.lead, o.limit(c.window), o)
			if c.verdict == Copy && seg.halfway(l, &c.candidate, c.lead, next) {
				c.verdict, c.rule = Weak, fmt.Sprintf("pdq %d, and at %d another of its camera", c.distance, c.distance+*c.lead)
			}
		} else {
			c.rule = fmt.Sprintf("pdq %d, another entry is nearer", c.distance)
		}
		alone[kind] = true
		switch c.verdict {
		case Copy:
			keep(&best, c)
		case Kin:
			keep(&kin, c)
		}
		keep(&weak, c)
	}
	switch {
	case best != nil:
	case kin != nil:
		best = kin
	default:
		best, weak.verdict = weak, Weak
	}
	if best.lead == nil {
		best.lead = seg.lead(o, l, all, &best.candidate)
	}
	return *best
}

// plainly reports whether a candidate is so near, and so much nearer than any
// other, that it is a copy however little sets it apart. On six fixed cameras
// no other picture of 28 was within 16 bits and two fifths of the distance to
// the next entry; re-posts at full size are.
func plainly(c *judged) bool {
	return c.distance <= sureDistance && c.lead != nil && 5*c.distance <= 2*(c.distance+*c.lead)
}

// wrong counts the bits that set the candidate's entry apart and are otherwise
// in the found picture.
func (seg *segment) wrong(l *look, c *candidate, cam *camera) int {
	entry := seg.hashOf(c)
	return cam.wrong(&l.batches[c.part].turns[c.turn], &entry)
}

// lead is how much nearer a candidate is than the next entry with another hash
// and another ref: by whole hashes, however far, and for a window also by
// windows within their radius. It is below zero where another is nearer.
func (seg *segment) lead(o Options, l *look, all []candidate, c *candidate) *int {
	lead, _ := seg.rival(o, l, all, c)
	return lead
}

// rival is lead together with the row of the whole hash that comes next; -1
// where there is none, or a window is nearer.
func (seg *segment) rival(o Options, l *look, all []candidate, c *candidate) (lead *int, row int) {
	hash, b := seg.hashOf(c), l.batches[c.part]
	next := 256
	for i := range all { // a bound that spares most of the scan
		n := &all[i]
		if n.part == c.part && n.ref != c.ref && seg.hashOf(n) != hash && (n.window == noWindow || c.window != noWindow) {
			next = min(next, n.distance)
		}
	}
	row, d, _ := seg.pdq.nearest(b, next, func(row int) bool {
		return seg.pdq.at(row) != hash && seg.owner[row].rival(c.ref) && o.usable(int(seg.qual[row]))
	})
	if row >= 0 {
		next = d
	} else if next == 256 {
		return nil, -1
	}
	ahead := next - c.distance
	return &ahead, row
}

// halfway reports whether a found picture that is near to two entries lies
// between them: of the bits in which these differ more than one in four are
// those of the second. Then it is before their camera, but neither of them.
func (seg *segment) halfway(l *look, c *candidate, lead *int, row int) bool {
	if lead == nil || row < 0 || c.window != noWindow || c.distance+*lead > cameraRadius {
		return false
	}
	entry, other := seg.hashOf(c), seg.pdq.at(row)
	var between camera // of two entries
	for i := range entry {
		between.apart[i] = entry[i] ^ other[i]
	}
	apart := entry.distance(&other)
	return apart > sureDistance && between.wrong(&l.batches[c.part].turns[c.turn], &entry)*wrongOfBits > apart
}

// pdqVerdict is the rule where the set knows no others of the camera: the
// verdict for the nearest entry at distance d, and the sentence that an analyst
// can defend. lead is nil where the set holds no other picture.
func pdqVerdict(d int, lead *int, limit int, o Options) (verdict, rule string) {
	switch {
	case d > limit:
		return Weak, fmt.Sprintf("pdq %d > %d", d, limit)
	case lead == nil:
		return Copy, fmt.Sprintf("pdq %d <= %d, no other picture in the set", d, limit)
	case *lead >= o.MinLead:
		return Copy, fmt.Sprintf("pdq %d <= %d, lead %d >= %d", d, limit, *lead, o.MinLead)
	case d <= sureDistance:
		return Copy, fmt.Sprintf("pdq %d <= %d, so near that lead %d < %d does not matter", d, min(sureDistance, limit), *lead, o.MinLead)
	default:
		return Weak, fmt.Sprintf("pdq %d <= %d, lead %d < %d", d, limit, *lead, o.MinLead)
	}
}

// cameraVerdict is the rule where the set holds others before the same camera:
// not the distance counts then but the bits that set the entry apart. Without
// enough of them there is nothing to see but the camera. A window says nothing
// of the camera: those at the border show it alone, and many cameras are alike
// there.
func cameraVerdict(o Options, c *candidate, cam *camera, wrong int) (verdict, rule string) {
	apart, others := cam.bits(), cam.entries-1
	no := Kin
	if c.window != noWindow {
		no = Weak
	}
	switch {
	case c.distance > kinRadius:
		return Weak, fmt.Sprintf("pdq %d > %d", c.distance, kinRadius)
	case apart < leastBits:
		return no, fmt.Sprintf("pdq %d, but only %d bits < %d set the entry apart from %d others of its camera", c.distance, apart, leastBits, others)
	case wrong*wrongOfBits > apart:
		return no, fmt.Sprintf("pdq %d, but %d of the %d bits that set the entry apart from %d others of its camera are wrong", c.distance, wrong, apart, others)
	default:
		return Copy, fmt.Sprintf("pdq %d, and %d of the %d bits that set the entry apart from %d others of its camera are right", c.distance, apart-wrong, apart, others)
	}
}

// phashVerdict is the rule for entries that have no PDQ. There is no weak
// pHash: beyond the limit it says nothing.
func phashVerdict(d int, o Options) (verdict, rule string) {
	return Copy, fmt.Sprintf("phash %d <= %d", d, o.phashRadius())
}

// pdqRadius is how far Search looks by PDQ.
func (o Options) pdqRadius() int { return min(o.MaxDistance, 256) }

// limit is the farthest copy by a window of an entry, or by the whole of it.
func (o Options) limit(window int) int {
	if window == noWindow {
		return o.CopyDistance
	}
	return o.WindowDistance
}

// phashRadius is how far Search looks by pHash.
func (o Options) phashRadius() int { return min(o.PHashMaxDistance, o.MaxDistance, 64) }

// usable reports whether a hash of this quality is judged by its likeness.
// An unknown quality is: lists of others are gated by those who made them.
func (o Options) usable(quality int) bool {
	return quality == UnknownQuality || quality >= o.MinQuality
}

// strength orders verdicts, the strongest lowest.
func strength(verdict string) int {
	switch verdict {
	case Exact:
		return 0
	case Copy:
		return 1
	case Kin:
		return 2
	default:
		return 3
	}
}

// stronger orders hits, the strongest first.
func stronger(a, b Hit) int {
	return cmp.Or(cmp.Compare(strength(a.Verdict), strength(b.Verdict)), cmp.Compare(distanceTold(a), distanceTold(b)))
}

// distanceTold puts what was found by keypoints behind what has a distance.
func distanceTold(h Hit) int {
	if h.Distance == nil {
		return 257
	}
	return *h.Distance
}

// thin leaves of the hits of one set what people should hear of, strongest
// first: each ref once, in the window in which it is surest; of windows that are
// nearly the same the surest; one kin at most, and none where a window with a
// copy reaches; something weak only where there is nothing else.
func thin(hits []Hit) (out []Hit) {
	slices.SortStableFunc(hits, stronger)
	for _, h := range hits {
		known := slices.ContainsFunc(out, func(o Hit) bool {
			switch {
			case h.Verdict == Weak || o.Ref == h.Ref || h.Verdict == Kin && o.Verdict == Kin:
				return true
			case o.Frame != h.Frame:
				return false
			case h.Verdict == Kin:
				return shared(o.Window, h.Window) > 0
			default:
				return shared(o.Window, h.Window) > .5
			}
		})
		if !known {
			out = append(out, h)
		}
	}
	return out
}

// shared is how much of two windows together lies in both.
func shared(a, b phash.Window) float64 {
	area := func(w phash.Window) float64 { return max(0, w[2]-w[0]) * max(0, w[3]-w[1]) }
	both := area(phash.Window{max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])})
	return both / max(area(a)+area(b)-both, 1e-9)
}
