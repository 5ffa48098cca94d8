package match

import "math"

// fitting is the tone of a found picture against the entry, a + b v, and the
// residual beyond which a cell has no weight.
type fitting struct {
	a, b  float64
	limit float64 // 0: not known yet, all cells weigh the same
}

// step does one turn of Gauss-Newton on the grid of t: the small map of shares
// of the entry's frame that, done before m, brings the picture nearer. The
// slopes are the mean of the picture's and the entry's (Benhimane and Malis,
// "Real-time image-based tracking of planes using efficient second-order
// minimization", 2004): fewer turns for the same way.
func (a *aligner) step(s *scene, t *template, m affine, fit *fitting) (affine, bool) {
	s.grid(m, t.n, 1, a.grey[:], &a.seen)
	a.inner = a.seen.inner(t.n)
	if a.inner.count()*16 < t.n*t.n {
		return affine{}, false
	}
	a.tone(t, fit)
	a.spread(t, fit)
	h, r := a.normal(t, fit)
	d, ok := solve(h, r)
	if !ok {
		return affine{}, false
	}
	if far := moved(affine{1 + d[0], d[1], d[2] - (d[0]+d[1])/2, d[3], 1 + d[4], d[5] - (d[3]+d[4])/2}); far > 3/float64(t.n) {
		for i := range d {
			d[i] *= 3 / float64(t.n) / far
		}
	}
	return affine{1 + d[0], d[1], d[2] - (d[0]+d[1])/2, d[3], 1 + d[4], d[5] - (d[3]+d[4])/2}, true
}

// weight is Tukey's biweight of a residual.
func weight(r, limit float32) float32 {
	x := r / limit
	if x *= x; x < 1 {
		return (1 - x) * (1 - x)
	}
	return 0
}

// tone fits gain and bias with the weights of the fit before.
func (a *aligner) tone(t *template, fit *fitting) {
	var n, sv, se, svv, sve float64
	for j := 1; j+1 < t.n; j++ {
		row := a.inner[j]
		for i := range t.n {
			if row>>i&1 == 0 {
				continue
			}
			k := j*t.n + i
			v, e := a.grey[k], t.grey[k]
			w := float32(1)
			if fit.limit > 0 {
				if w = weight(e-float32(fit.a)-float32(fit.b)*v, float32(fit.limit)); w == 0 {
					continue
				}
			}
			n += float64(w)
			sv += float64(w * v)
			se += float64(w * e)
			svv += float64(w * v * v)
			sve += float64(w * v * e)
		}
	}
	if n < 8 {
		return
	}
	b := 1.
	if d := svv - sv*sv/n; d > 1e-6 {
		b = (sve - sv*se/n) / d
	}
	fit.b = min(max(b, .3), 4)
	fit.a = (se - fit.b*sv) / n
}

// spread computes the residuals and sets the limit at four times their
// median, 8 grey values at least.
func (a *aligner) spread(t *template, fit *fitting) {
	clear(a.counts[:])
	total := int32(0)
	ga, gb := float32(fit.a), float32(fit.b)
	for j := 1; j+1 < t.n; j++ {
		row := a.inner[j]
		for i := range t.n {
			if row>>i&1 == 0 {
				continue
			}
			k := j*t.n + i
			r := t.grey[k] - ga - gb*a.grey[k]
			a.left[k] = r
			a.counts[min(int(max(r, -r)*4), len(a.counts)-1)]++
			total++
		}
	}
	fit.limit = max(8, 4*medianOf(a.counts[:], total))
}

// medianOf reads the median from counts of quarters of a grey value.
func medianOf(counts []int32, total int32) float64 {
	seen := int32(0)
	for v, n := range counts {
		if seen += n; 2*seen >= total {
			return (float64(v) + .5) / 4
		}
	}
	return 0
}

// normal sums up the normal equations of the weighted residuals.
func (a *aligner) normal(t *template, fit *fitting) (h [6][6]float64, r [6]float64) {
	n := t.n
	gain, limit, k := float32(fit.b), float32(fit.limit), float32(n)/2
	for j := 1; j+1 < n; j++ {
		v := (float32(j)+.5)/float32(n) - .5
		var s [3][3]float32 // products of slopes, by the power of u
		var q [2][2]float32 // slopes times residual, by the power of u
		for i, row := 1, a.inner[j]>>1; row != 0; i, row = i+1, row>>1 {
			at := j*n + i
			if row&1 == 0 {
				continue
			}
			w := weight(a.left[at], limit)
			if w == 0 {
				continue
			}
			gu := (t.du[at] + gain*k*(a.grey[at+1]-a.grey[at-1])) / 2
			gv := (t.dv[at] + gain*k*(a.grey[at+n]-a.grey[at-n])) / 2
			u := (float32(i)+.5)/float32(n) - .5
			wu, wv, left := w*gu, w*gv, a.left[at]
			for p, x := range [3]float32{wu * gu, wu * gv, wv * gv} {
				s[p][0] += x
				s[p][1] += x * u
				s[p][2] += x * u * u
			}
			q[0][0] += wu * left
			q[0][1] += wu * left * u
			q[1][0] += wv * left
			q[1][1] += wv * left * u
		}
		for p, to := range [3][2]int{{0, 0}, {0, 3}, {3, 3}} {
			addRow(&h, to[0], to[1], &s[p], v)
		}
		for p, to := range [2]int{0, 3} {
			r[to] += float64(q[p][1])
			r[to+1] += float64(q[p][0] * v)
			r[to+2] += float64(q[p][0])
		}
	}
	for i := range h {
		for k := range i {
			h[i][k] = h[k][i]
		}
	}
	return h, r
}

// addRow adds the products of one row to the block of h at y, x; the
// parameters there belong to u, v and 1.
func addRow(h *[6][6]float64, y, x int, s *[3]float32, v float32) {
	h[y][x] += float64(s[2])
	h[y][x+1] += float64(s[1] * v)
	h[y][x+2] += float64(s[1])
	h[y+1][x] += float64(s[1] * v)
	h[y+1][x+1] += float64(s[0] * v * v)
	h[y+1][x+2] += float64(s[0] * v)
	h[y+2][x] += float64(s[1])
	h[y+2][x+1] += float64(s[0] * v)
	h[y+2][x+2] += float64(s[0])
}

// solve is Cholesky with a small ridge; false where the cells fix no map.
func solve(h [6][6]float64, r [6]float64) (d [6]float64, ok bool) {
	trace := 0.
	for i := range h {
		trace += h[i][i]
	}
	if !(trace > 0) {
		return d, false
	}
	for i := range h {
		h[i][i] += 1e-5 * trace
		for j := range i + 1 {
			sum := h[i][j]
			for k := range j {
				sum -= h[i][k] * h[j][k]
			}
			if i != j {
				h[i][j] = sum / h[j][j]
				continue
			}
			if !(sum > 0) {
				return d, false
			}
			h[i][i] = math.Sqrt(sum)
		}
	}
	for i := range d {
		sum := r[i]
		for k := range i {
			sum -= h[i][k] * d[k]
		}
		d[i] = sum / h[i][i]
	}
	for i := len(d) - 1; i >= 0; i-- {
		sum := d[i]
		for k := i + 1; k < len(d); k++ {
			sum -= h[k][i] * d[k]
		}
		d[i] = sum / h[i][i]
	}
	return d, true
}
