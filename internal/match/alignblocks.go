package match

import "math"

// shares are the parts of the 8x8 blocks in which the aligned picture agrees
// with the entry: of the 64 blocks of the whole grid and the 16 of half of it.
func (a *aligner) shares(q *aligned) (fine, coarse float64) {
	fine = shareOf(&q.grey, &a.templates[2].grey, &q.seen, frameSide)
	var seen cells
	half := &a.left // scratch
	for j := range frameSide / 2 {
		rows := q.seen[2*j] & q.seen[2*j+1]
		for i := range frameSide / 2 {
			if rows>>(2*i)&3 == 3 {
				seen[j] |= 1 << i
			}
			k := 2*j*frameSide + 2*i
			half[j*frameSide/2+i] = (q.grey[k] + q.grey[k+1] + q.grey[k+frameSide] + q.grey[k+frameSide+1]) / 4
		}
	}
	return fine, shareOf(half, &a.templates[1].grey, &seen, frameSide/2)
}

// shareOf is the part of the 8x8 blocks of an n x n grid in which two
// pictures correlate by .5 or more. A block counts where 40 of its cells are
// seen and not both pictures are flat there (variance below 16).
func shareOf(q, e *frame, seen *cells, n int) float64 {
	judged, agree := 0, 0
	for y := 0; y < n; y += 8 {
		for x := 0; x < n; x += 8 {
			r, textured := blockLikeness(q, e, seen, n, x, y)
			if textured {
				judged++
				if r >= .5 {
					agree++
				}
			}
		}
	}
	if judged == 0 {
		return 0
	}
	return float64(agree) / float64(judged)
}

func blockLikeness(q, e *frame, seen *cells, n, x, y int) (r float64, textured bool) {
	const flat = 16
	var count, sq, se, sqq, see, sqe float32
	for j := y; j < y+8; j++ {
		row := seen[j] >> x
		for i := range 8 {
			if row>>i&1 == 0 {
				continue
			}
			v, w := q[j*n+x+i]-128, e[j*n+x+i]-128
			count++
			sq += v
			se += w
			sqq += v * v
			see += w * w
			sqe += v * w
		}
	}
	if count < 40 {
		return 0, false
	}
	vq, ve := (sqq-sq*sq/count)/count, (see-se*se/count)/count
	if vq < flat && ve < flat {
		return 0, false
	}
	return float64(sqe-sq*se/count) / float64(count) / math.Sqrt(float64(max(vq, 1e-3)*max(ve, 1e-3))), true
}
