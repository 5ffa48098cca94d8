package match

import (
	"fmt"
	"slices"

	"leakwatch/internal/phash"
)

// linked is another entry of the same set whose keypoints fit those of the
// entry in question.
type linked struct {
	ref   *reference
	entry uint32 // its number in the set
	to    affine // the entry's coordinates to its own
}

// maxOthers is how many linked entries make a background.
const maxOthers = 15

// background is what the camera of an entry sees when nothing is there, and
// where the entry differs from it: by that region, and by no other, may a
// found picture be called the same.
type background struct {
	usable    bool
	reason    string // why there is none, in words
	camera    uint32 // the lowest number of its entries that is known: the camera's name
	entries   int    // other entries known to be of the camera
	grey      phash.Thumb
	mask      cells   // the region that sets the entry apart
	tolerance float64 // grey values
	mass      float64 // of the region, in shares of the picture that differ wholly
	others    []other
}

// other is an entry of the same camera, brought into the frame and tones of
// the one in question.
type other struct {
	entry uint32
	grey  phash.Thumb
	seen  cells
	twin  bool // the same picture again: no rival
}

// The limits of backgrounds.
const (
	leastMass      = .012 // below, the entry is not distinctive
	maxUnrest      = 14   // grey values, the median difference to the others
	leastTolerance = 12   // grey values
	leastSpeck     = 9    // cells, .2 % of the frame
	linkShare      = .4   // of textured blocks that must agree
	twinResidual   = .08  // in the mask
)

// distinctive reports whether the entry can be told from its camera at all.
func (b *background) distinctive() bool { return b.mass >= leastMass }

// backgroundOf makes the background of entry number n out of others, those
// first that are likely to be most alike. It does not depend on any found
// picture: keep it.
func (a *aligner) backgroundOf(entry *reference, n uint32, others []linked) *background {
	b := &background{camera: n}
	var e frame
	e.set(entry.thumb)
	for _, o := range others[:min(len(others), maxOthers)] {
		view, ok := a.otherOf(entry, &e, o)
		if !ok {
			continue
		}
		b.entries++
		b.camera = min(b.camera, o.entry)
		b.others = append(b.others, view)
	}
	views := slices.DeleteFunc(slices.Clone(b.others), func(o other) bool { return o.twin })
	if len(views) < 2 {
		b.reason = fmt.Sprintf("%d other pictures of its camera are known, 2 make a background", len(views))
		return b
	}
	a.fill(b, &e, views)
	return b
}

// otherOf aligns o with entry; false where the link does not hold.
func (a *aligner) otherOf(entry *reference, e *frame, o linked) (view other, ok bool) {
	q := &aligned{}
	if !a.align(sceneOfThumb(o.ref), entry, []start{{o.to, false}}, q) || q.share < linkShare {
		return other{}, false
	}
	var toned frame
	a.toned(&q.grey, e, &q.seen, &toned)
	view = other{entry: o.entry, seen: q.seen}
	for i := range q.seen.each() {
		view.grey[i] = uint8(min(max(toned[i]+.5, 0), 255))
	}
	differ := disagreement(&toned, e, &q.seen, 4)
	view.twin = differ.count() <= 2 // re-encoded pictures give 0, the next frame of a far road 6 and more
	return view, true
}

// fill finds background, mask and mass.
func (a *aligner) fill(b *background, e *frame, views []other) {
	var back frame
	known := medians(views, e, &back)
	clear(a.counts[:])
	total := int32(0)
	for i := range known.each() {
		d := e[i] - back[i]
		a.counts[min(int(max(d, -d)*4), len(a.counts)-1)]++
		total++
	}
	unrest := medianOf(a.counts[:], total)
	if unrest > maxUnrest || total < leastSeen {
		b.reason = fmt.Sprintf("the %d other pictures of its camera are too unlike it, by %.0f grey values", len(views), unrest)
		return
	}
	b.usable = true
	b.tolerance = max(leastTolerance, 3*unrest)
	t := float32(b.tolerance)
	for i := range back {
		b.grey[i] = uint8(min(max(back[i]+.5, 0), 255))
	}
	var low, high frame
	back.ranges(&low, &high)
	var raw cells
	for i := range known.each() {
		if (e[i] > high[i]+t || e[i] < low[i]-t) && rare(views, e, i, .7*t, .25) {
			raw[i/frameSide] |= 1 << (i % frameSide)
		}
	}
	for part := range raw.components(leastSpeck) {
		b.mask = b.mask.or(&part)
	}
	border := b.mask.grown()
	border = border.without(&b.mask)
	border = border.and(&known)
	for i := range border.each() {
		if d := e[i] - back[i]; (d > t || d < -t) && rare(views, e, i, .7*t, .34) {
			b.mask[i/frameSide] |= 1 << (i % frameSide)
		}
	}
	b.mass = massOf(e, &back, &b.mask)
	for i := range b.others {
		o := &b.others[i]
		var grey frame
		grey.set(&o.grey)
		seen := o.seen.and(&b.mask)
		if apart := massOf(e, &back, &seen); apart > .7*b.mass {
			o.twin = o.twin || massOf(&grey, e, &seen) <= twinResidual*apart
		}
	}
}

// medians fills back with the median of the views where two or more see
// something, and with the entry itself elsewhere.
func medians(views []other, e, back *frame) (known cells) {
	*back = *e
	var values [maxOthers]uint8
	for i := range frameCells {
		n := 0
		for k := range views {
			if views[k].seen.has(i) {
				values[n] = views[k].grey[i]
				n++
			}
		}
		if n < 2 {
			continue
		}
		slices.Sort(values[:n])
		back[i] = (float32(values[(n-1)/2]) + float32(values[n/2])) / 2
		known[i/frameSide] |= 1 << (i % frameSide)
	}
	return known
}

// rare reports whether at most share of the views (fewer than .4 where there
// are fewer than 4) come within near of the entry's value at cell i: what many
// show, an empty road, sets no picture apart.
func rare(views []other, e *frame, i int, near float32, share float64) bool {
	n, alike := 0, 0
	for k := range views {
		if !views[k].seen.has(i) {
			continue
		}
		n++
		if d := e[i] - float32(views[k].grey[i]); d <= near && d >= -near {
			alike++
		}
	}
	if n < 4 {
		return float64(alike) < .4*float64(n)
	}
	return float64(alike) <= share*float64(n)
}

// massOf sums the clipped differences over part, in shares of a frame that
// differs wholly.
func massOf(e, back *frame, part *cells) float64 {
	sum := 0.
	for i := range part.each() {
		sum += float64(clipped(e[i] - back[i]))
	}
	return sum / clip / frameCells
}
