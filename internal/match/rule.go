package match

import "fmt"

// The verdicts, strongest first. Weak is counted, never a finding.
const (
	Exact = "exact" // the same bytes
	Copy  = "copy"  // the same picture
	Weak  = "weak"  // a candidate that nothing confirms
)

// The algorithms that a hit can name.
const (
	SHA256 = "sha256"
	PDQ    = "pdq"
	PHash  = "phash"
)

// sureDistance needs no lead. A re-encoded entry lies 0 to 8 bits from it,
// and so may the next frame of the same clip, a quarter of a second later:
// both are in the set, and either way the picture is out.
const sureDistance = 16

// pdqVerdict is the rule: the verdict for the nearest entry at distance d, and
// the sentence that an analyst can defend. lead is nil where the set holds no
// other picture. d is at most o.MaxDistance.
func pdqVerdict(d int, lead *int, o Options) (verdict, rule string) {
	switch {
	case d > o.CopyDistance:
		return Weak, fmt.Sprintf("pdq %d > %d", d, o.CopyDistance)
	case lead == nil:
		return Copy, fmt.Sprintf("pdq %d <= %d, no other picture in the set", d, o.CopyDistance)
	case *lead >= o.MinLead:
		return Copy, fmt.Sprintf("pdq %d <= %d, lead %d >= %d", d, o.CopyDistance, *lead, o.MinLead)
	case d <= sureDistance:
		return Copy, fmt.Sprintf("pdq %d <= %d, so near that lead %d < %d does not matter", d, min(sureDistance, o.CopyDistance), *lead, o.MinLead)
	default:
		return Weak, fmt.Sprintf("pdq %d <= %d, lead %d < %d", d, o.CopyDistance, *lead, o.MinLead)
	}
}

// phashVerdict is the rule for entries that have no PDQ. There is no weak
// pHash: beyond the limit it says nothing.
func phashVerdict(d int, o Options) (verdict, rule string) {
	return Copy, fmt.Sprintf("phash %d <= %d", d, o.phashRadius())
}

// pdqRadius is how far Search looks by PDQ.
func (o Options) pdqRadius() int { return min(o.MaxDistance, 256) }

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
	default:
		return 2
	}
}
