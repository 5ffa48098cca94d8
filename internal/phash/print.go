package phash

import (
	"fmt"
	"image"
)

// Print is what one picture looks like.
type Print struct {
	PDQ     PDQ
	Quality int // of the PDQ hash, 0 to 100; below 50 it judges nothing
	PHash   PHash
	// HasPHash is false where a pHash would say nothing: a side below 32, or
	// one of the two values that all blank pictures share.
	HasPHash bool
}

// A Refusal says why a picture has no fingerprint.
type Refusal struct {
	Cause string // "too_small" or "flat"
	Why   string
}

func (r *Refusal) Error() string { return r.Cause + ": " + r.Why }

const (
	minSide     = 16  // below, nothing is left that a person would recognise
	minVariance = 1.0 // of the samples; the noise of JPEG on blank paper stays below
)

// OfTurned returns the fingerprints of a luma plane, or a *Refusal, together with
// the PDQ hashes of the picture in its eight orientations. A low quality is not a
// refusal: the caller marks it.
//
// Where luma is a reduced plane, native is the size of the upright picture that
// it shows: the PDQ hash is that of the picture. A zero native is the size of
// luma.
//
// Entry o-1 of the turns is the hash of the picture as a viewer shows it who
// applies EXIF orientation o. Entry 0 is the picture as it is, 1 mirrored left
// to right, 2 turned by half, 3 upside down, 4 mirrored along the falling
// diagonal, 5 turned clockwise, 6 mirrored along the rising diagonal, 7 turned
// counter-clockwise.
//
// One DCT could give all eight, since a mirror negates the odd frequencies. But
// the published filter does not look at the middle of its cells: on 122
// photographs that shortcut was 5.9 bits off the hash of the turned plane, and
// 34 at most. So the four mirrors are sampled, and only the transpose is taken
// from the DCT, which is exact: 0 bits.
func OfTurned(luma *image.Gray, native image.Point) (Print, [8]PDQ, error) {
	across, down, err := spansFor(luma, native)
	if err != nil {
		return Print{}, [8]PDQ{}, err
	}
	samples, turns := turnsOf(luma, across, down)
	p, err := printOf(luma, samples, turns[0])
	if err != nil {
		return Print{}, [8]PDQ{}, err
	}
	return p, turns, nil
}

// turnsOf are the samples of a picture and the hashes of its eight turns.
func turnsOf(luma *image.Gray, across, down []span) (*samples, [8]PDQ) {
	var turns [8]PDQ
	var m mirrored
	cosines := cosinesOf()
	m.mirrors(luma, gridOf(luma.Rect.Dx(), across), gridOf(luma.Rect.Dy(), down), cosines)
	// As it is, left to right, upside down, by half: 1, 2, 4, 3. Transposed, a
	// mirror left to right becomes a turn: 5, 8, 6, 7.
	for i, o := range [4][2]int{{1, 5}, {2, 8}, {4, 6}, {3, 7}} {
		c := m.halves[i].down(cosines)
		median := c.median()
		turns[o[0]-1] = c.hash(median)
		turns[o[1]-1] = c.transposed().hash(median)
	}
	return &m.samples, turns
}

// spansFor refuses what is too small to be hashed.
func spansFor(luma *image.Gray, native image.Point) (across, down []span, err error) {
	if luma == nil {
		luma = &image.Gray{}
	}
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if w < minSide || h < minSide {
		return nil, nil, &Refusal{"too_small", fmt.Sprintf("%dx%d: each side must have %d pixels or more", w, h, minSide)}
	}
	if native.X < w || native.Y < h {
		native = image.Pt(w, h)
	}
	mw, mh := reduced(native.X, native.Y)
	return pdqSpans(w, mw, w < native.X), pdqSpans(h, mh, h < native.Y), nil
}

func printOf(luma *image.Gray, s *samples, hash PDQ) (Print, error) {
	if v := s.variance(); v < minVariance {
		return Print{}, &Refusal{"flat", fmt.Sprintf("all grey values are alike, variance %.2f", v)}
	}
	p := Print{PDQ: hash, Quality: s.quality()}
	p.PHash, p.HasPHash = perception(luma)
	return p, nil
}
