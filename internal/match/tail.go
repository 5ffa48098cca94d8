package match

import "math"

// tail says how often strangers come near: from the nearest distances of n of
// them.
type tail struct {
	n    int
	seen [257]int // strangers within a distance

	fitted    bool
	at, slope float64 // log10 of the share within a distance d is about at + slope*d
}

const (
	fitLeast = 5  // strangers within a distance, from which its share is worth a point of the line
	fitShare = .3 // of all, beyond which the line is no tail any more
	fitSteps = 3  // points that a line needs
)

// tailOf makes a tail of the nearest distances; those above 256 are far.
func tailOf(distances []int) *tail {
	t := &tail{n: len(distances)}
	for _, d := range distances {
		if d < len(t.seen) {
			t.seen[d]++
		}
	}
	for d := 1; d < len(t.seen); d++ {
		t.seen[d] += t.seen[d-1]
	}
	var n, sx, sy, sxx, sxy float64
	for d, k := range t.seen {
		if k < fitLeast || float64(k) > fitShare*float64(t.n) || d > 0 && k == t.seen[d-1] {
			continue
		}
		x, y := float64(d), math.Log10(float64(k)/float64(t.n))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if n >= fitSteps {
		t.slope = (n*sxy - sx*sy) / (n*sxx - sx*sx)
		t.at = (sy - t.slope*sx) / n
		t.fitted = t.slope > 0
	}
	return t
}

// share is what part of all strangers will come within d: what was seen or,
// where it is more, what the line says. nil: none was seen, and there is no
// line.
func (t *tail) share(d int) *float64 {
	if t.n == 0 {
		return nil
	}
	p := float64(t.seen[d]) / float64(t.n)
	if t.fitted {
		p = min(1, max(p, math.Pow(10, t.at+t.slope*float64(d))))
	} else if p == 0 {
		return nil
	}
	return &p
}

// atMost is the share that is not exceeded with 95 % certainty, whatever the
// line says.
func (t *tail) atMost(d int) *float64 {
	if t.n == 0 {
		return nil
	}
	p := min(1, poissonUpper(t.seen[d])/float64(t.n))
	return &p
}

// poissonUpper is the mean of which k or fewer come up in 5 % of all cases: 3.0
// for none.
func poissonUpper(k int) float64 {
	low, high := float64(k), float64(k)+4*math.Sqrt(float64(k)+1)+4
	for range 60 {
		mean := (low + high) / 2
		term, sum := math.Exp(-mean), 0.0
		if term == 0 { // beyond 700 the normal distribution is as good
			return float64(k) + 1.645*math.Sqrt(float64(k)) + 1.35
		}
		for i := 0; i <= k; i++ {
			if i > 0 {
				term *= mean / float64(i)
			}
			sum += term
		}
		if sum > .05 {
			low = mean
		} else {
			high = mean
		}
	}
	return (low + high) / 2
}

// farthest is the largest distance up to limit at which the expected alerts of
// a day stay within budget; shown is false where nothing speaks against it but
// too few strangers were seen to be sure.
func (t *tail) farthest(limit int, rate, budget float64) (d int, shown bool) {
	for d = limit; d > 0; d-- {
		if p := t.share(d); p == nil || *p*rate <= budget {
			break
		}
	}
	bound := t.atMost(d)
	return d, t.fitted || bound != nil && *bound*rate <= budget
}
