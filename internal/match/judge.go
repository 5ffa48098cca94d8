package match

import "fmt"

// evidence is what made an entry a candidate.
type evidence struct {
	inliers int  // keypoints that fit one map, 0 where none were held together
	near    bool // a hash within the candidate's distance
	sure    bool // and so near, with a lead, that the hash alone would name it
	plain   bool // and as near as a re-encoded copy, while no other entry is
}

// judgement is the verdict on one found picture and one entry.
type judgement struct {
	verdict       string
	residual      *float64 // of the region that sets the entry apart, 0 the same to 1 not there; nil: no background
	ratio         *float64 // of that, to what the next entry of the camera leaves; nil: none to compare
	visible       *float64 // the region that was compared, as a share of the picture
	camera        uint32   // the lowest number of an entry of the camera
	cameraEntries int      // other entries of the camera that were looked at; 0: none is known
	rule          string   // why, in a sentence
	left          float64  // mean difference over all that is seen, in grey values
}

// before reports whether j names its entry more surely than o does.
func (j *judgement) before(o *judgement) bool {
	if a, b := strength(j.verdict), strength(o.verdict); a != b {
		return a < b
	}
	if j.residual != nil && o.residual != nil && *j.residual != *o.residual {
		return *j.residual < *o.residual
	}
	return j.left < o.left
}

// The limits of a verdict.
const (
	maxResidual = .36
	maxRatio    = .50
	kinShare    = .4
	kinInliers  = 10
)

// judge says whether the aligned picture q is the entry. b is its background,
// which may be nil where nothing else of its set was linked to it.
func (a *aligner) judge(q *aligned, ref *reference, b *background, ev evidence) judgement {
	a.take(ref)
	var j judgement
	if b != nil && b.entries > 0 {
		j.camera, j.cameraEntries = b.camera, b.entries
	}
	e := a.templates[2].grey
	var toned frame
	j.left = a.toned(&q.grey, &e, &q.seen, &toned)
	var same bool
	if b != nil && b.usable {
		same = a.judgeRegion(q, &toned, &e, b, ev, &j)
	} else {
		same = a.judgeAlone(q, &toned, &e, b, ev, &j)
	}
	switch {
	case same:
		j.verdict = Copy
	case (ev.inliers >= kinInliers || ev.near) && q.share >= kinShare:
		j.verdict = Kin
	default:
		j.verdict = Weak
		j.rule += fmt.Sprintf("; %.0f %% of the blocks agree, %.0f %% make the same camera", 100*q.share, 100*kinShare)
	}
	return j
}

// judgeRegion compares only where the entry differs from its own camera's
// background.
func (a *aligner) judgeRegion(q *aligned, toned, e *frame, b *background, ev evidence, j *judgement) bool {
	if !b.distinctive() && ev.plain {
		j.rule = fmt.Sprintf("hardly anything sets the entry apart from its camera (%.1f %% of the picture), but its hash is as near as that of a re-encoded copy, and no other is", 100*b.mass)
		return true
	}
	if !b.distinctive() {
		j.rule = fmt.Sprintf("not distinctive: this camera, no vehicle to compare (%.1f %% of the picture differ from its background, %.1f %% are needed)", 100*b.mass, 100*leastMass)
		return false
	}
	var back frame
	back.set(&b.grey)
	soft := *e
	outside := q.seen.without(&b.mask)
	blurs := soften(toned, &soft, &outside, &back)
	visible := q.seen.and(&b.mask)
	visible = withoutOverlays(q, toned, &soft, &back, &visible)
	apart := massOf(&soft, &back, &visible)
	j.visible = &apart
	if apart < leastMass {
		j.rule = fmt.Sprintf("too little to see of the region that sets the entry apart: %.1f %% of the picture, %.1f %% are needed", 100*apart, 100*leastMass)
		return false
	}
	own := massOf(toned, &soft, &visible)
	residual := own / apart
	j.residual = &residual
	j.ratio = b.ratio(toned, &soft, &visible, blurs)
	words := fmt.Sprintf("in the region that sets it apart from %d others of its camera (residual %.2f, limit %.2f; %.1f %% of the picture", b.entries, residual, maxResidual, 100*apart)
	switch {
	case residual > maxResidual:
		j.rule = "differs from the entry " + words + ")"
	case j.ratio == nil:
		j.rule = "agrees with the entry " + words + "), but no other shows enough of it to compare"
	case *j.ratio > maxRatio:
		j.rule = fmt.Sprintf("agrees with the entry %s), but hardly better than with another (ratio %.2f, limit %.2f)", words, *j.ratio, maxRatio)
	default:
		j.rule = fmt.Sprintf("agrees with the entry %s), better than with any other (ratio %.2f, limit %.2f); or taken within seconds of it", words, *j.ratio, maxRatio)
		return true
	}
	return false
}

// ratio is the residual against the entry in parts of the least against any
// other picture of the camera; nil where none shows 70 % of the region.
func (b *background) ratio(toned, e *frame, visible *cells, blurs int) *float64 {
	var most *float64
	all := visible.count()
	for i := range b.others {
		o := &b.others[i]
		both := visible.and(&o.seen)
		if o.twin || 10*both.count() <= 7*all {
			continue
		}
		var grey, next frame
		grey.set(&o.grey)
		for range blurs {
			grey.blurred(&next)
			grey = next
		}
		r := 1.
		if own, theirs := massOf(toned, e, &both), massOf(toned, &grey, &both); theirs > 0 {
			r = own / theirs
		}
		if most == nil || r > *most {
			most = &r
		}
	}
	return most
}
