package match

import "fmt"

// The limits of a verdict without a background.
const (
	aloneShare   = .6
	strictShare  = .75
	hashInliers  = 6
	leastVehicle = 12 // cells, .3 % of the frame
)

// vehicleLimits say what disagrees as another vehicle would.
type vehicleLimits struct {
	by                float32 // grey values
	letters           bool    // thin lines count too
	largest, together float64 // shares of the view, for one region and for all
}

// limitsFor are stricter for an entry whose camera is known to have taken
// other pictures of the set: kin is likely then.
func limitsFor(linked bool) vehicleLimits {
	if linked {
		return vehicleLimits{15, true, .01, .02}
	}
	return vehicleLimits{20, false, .015, .03}
}

// judgeAlone is the rule for an entry of whose camera too little is known: the
// strict rule, and no region that disagrees as another vehicle would.
func (a *aligner) judgeAlone(q *aligned, toned, e *frame, b *background, ev evidence, j *judgement) bool {
	strict, how := ev.strict(max(q.share, q.coarse))
	if !strict || q.share < aloneShare {
		j.rule = fmt.Sprintf("too little agrees: %d keypoints, %.0f %% of the blocks", ev.inliers, 100*q.share)
		return false
	}
	soft := *e
	blurs := soften(toned, &soft, &q.seen)
	limits := limitsFor(b != nil && b.entries > 0)
	largest, together := vehicles(q, toned, &soft, limits)
	if largest > limits.largest || together > limits.together {
		j.rule = fmt.Sprintf("a region of %.1f %% of the picture differs, in all %.1f %%, as another vehicle before the same camera would (limits %.1f and %.1f %%)", 100*largest, 100*together, 100*limits.largest, 100*limits.together)
		return false
	}
	if b != nil {
		if r := b.lead(toned, &soft, &q.seen, blurs); r != nil {
			j.ratio = r
			if *r > maxRatio {
				j.rule = fmt.Sprintf("camera known from too few pictures; where it and the %d others differ, no better with the entry than with another (ratio %.2f, limit %.2f)", b.entries, *r, maxRatio)
				return false
			}
		}
	}
	j.rule = fmt.Sprintf("%s, %.0f %% of the blocks agree, and no region differs as another vehicle would (largest %.1f %%, limit %.1f %%); no background of its camera is known", how, 100*q.share, 100*largest, 100*limits.largest)
	return true
}

// strict is the rule of detection: what names a picture among strangers.
func (ev evidence) strict(share float64) (ok bool, how string) {
	switch {
	case ev.inliers >= kinInliers && share >= strictShare:
		return true, fmt.Sprintf("%d keypoints fit", ev.inliers)
	case ev.near && ev.inliers >= hashInliers && share >= aloneShare:
		return true, fmt.Sprintf("a near hash and %d keypoints fit", ev.inliers)
	case ev.sure:
		return true, "a near hash with a lead"
	}
	return false, ""
}

// vehicles are the largest region in which the pictures disagree and the sum
// of all, as shares of what is seen. Overlays and smeared spots are none. Paint
// laid over is exact to a few grey values; on 64x64 cells many a roof is exact
// to 8, so 3 are asked for here, and what the sun has blown out is no paint.
func vehicles(q *aligned, toned, e *frame, limits vehicleLimits) (largest, together float64) {
	view := float64(max(q.seen.count(), 1))
	differ := difference(&q.grey, toned, e, &q.seen, limits.by)
	if !limits.letters {
		differ = differ.opened()
	}
	for part := range differ.components(leastVehicle) {
		tone, laid := overlay(&q.grey, &part, &q.seen, 3, .5, 16)
		if laid && tone < 250 || smeared(toned, e, &part) {
			continue
		}
		size := float64(part.count()) / view
		largest, together = max(largest, size), together+size
	}
	return largest, together
}

// lead is the ratio of what the picture leaves against the entry to what it
// leaves against another of the same camera, over the cells where these two
// differ; the worst of the others counts. Nil where none differs enough.
func (b *background) lead(toned, e *frame, seen *cells, blurs int) *float64 {
	var most *float64
	for i := range b.others {
		o := &b.others[i]
		if o.twin {
			continue
		}
		var grey, next frame
		grey.set(&o.grey)
		for range blurs {
			grey.blurred(&next)
			grey = next
		}
		both := o.seen.and(seen)
		differ := disagreement(&grey, e, &both, 8)
		theirs := massOf(toned, &grey, &differ)
		if differ.count() < 3 || theirs <= 0 {
			continue
		}
		r := massOf(toned, e, &differ) / theirs
		if most == nil || r > *most {
			most = &r
		}
	}
	return most
}
