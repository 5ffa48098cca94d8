package match

// clip is the most that one cell's difference counts, in grey values: what is
// white here and black there says no more than what differs clearly.
const clip = 60

func clipped(d float32) float32 { return min(max(d, -d), clip) }

// toned brings the tones of q to those of e: e ~ a + b * 255(q/255)^g with g
// of five, and a and b robust. It gives the mean clipped residual over use.
// Half of the cells choose g, all of them fit a and b.
func (a *aligner) toned(q, e *frame, use *cells, to *frame) float64 {
	checks := *use
	for j := range checks {
		checks[j] &= 0x5555555555555555 << (j & 1)
	}
	best, least := 2, -1.
	for g := range a.gammas {
		bend(&a.gammas[g], q, &checks, to)
		x, y := a.line(to, e, &checks)
		sum := 0.
		for i := range checks.each() {
			sum += float64(clipped(e[i] - x - y*to[i]))
		}
		if least < 0 || sum < least {
			best, least = g, sum
		}
	}
	bend(&a.gammas[best], q, use, to)
	x, y := a.line(to, e, use)
	sum, n := 0., 0
	for i := range use.each() {
		to[i] = x + y*to[i]
		sum += float64(clipped(e[i] - to[i]))
		n++
	}
	return sum / float64(max(n, 1))
}

// bend applies one gamma; table is in quarters of a grey value.
func bend(table *[1025]float32, q *frame, use *cells, to *frame) {
	*to = frame{}
	for i := range use.each() {
		to[i] = table[int(q[i]*4+.5)]
	}
}

// line fits y ~ a + b x over use, four times with Tukey's weights at
// max(8, 4 x the median residual).
func (a *aligner) line(x, y *frame, use *cells) (bias, gain float32) {
	bias, gain = 0, 1
	limit := float32(0)
	for range 5 {
		var n, sx, sy, sxx, sxy float64
		for i := range use.each() {
			w := float32(1)
			if limit > 0 {
				w = weight(y[i]-bias-gain*x[i], limit)
			}
			u, v := x[i]-128, y[i]-128
			n += float64(w)
			sx += float64(w * u)
			sy += float64(w * v)
			sxx += float64(w * u * u)
			sxy += float64(w * u * v)
		}
		if n < 8 {
			return bias, gain
		}
		b := 1.
		if d := sxx - sx*sx/n; d > 1e-6*n {
			b = min(max((sxy-sx*sy/n)/d, .2), 5)
		}
		gain = float32(b)
		bias = float32((sy-b*sx)/n+128) - gain*128
		clear(a.counts[:])
		total := int32(0)
		for i := range use.each() {
			r := y[i] - bias - gain*x[i]
			a.counts[min(int(max(r, -r)*4), len(a.counts)-1)]++
			total++
		}
		limit = float32(max(8, 4*medianOf(a.counts[:], total)))
	}
	return bias, gain
}

// soften blurs e, and what else is given, up to three times by 3x3 while q
// fits e better over use, each time by 3 per cent or more: the found picture
// may be the blurred one. It gives the number of times.
func soften(q, e *frame, use *cells, more ...*frame) int {
	left := func(e *frame) (sum float64) {
		for i := range use.each() {
			sum += float64(clipped(q[i] - e[i]))
		}
		return sum
	}
	least := left(e)
	var next frame
	for times := range 3 {
		e.blurred(&next)
		sum := left(&next)
		if sum > .97*least {
			return times
		}
		*e, least = next, sum
		for _, f := range more {
			f.blurred(&next)
			*f = next
		}
	}
	return 3
}
