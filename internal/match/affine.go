package match

import (
	"math"

	"leakwatch/internal/phash"
)

// affine maps coordinates of an entry to coordinates of a found picture, each
// in units of its picture's long side, from the upper left corner:
// x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5. A mirror is one with a
// negative determinant.
type affine [6]float64

func (m affine) at(x, y float64) (float64, float64) {
	return m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]
}

// after is the map that does n first, then m.
func (m affine) after(n affine) affine {
	x, y := m.at(n[2], n[5])
	return affine{
		m[0]*n[0] + m[1]*n[3], m[0]*n[1] + m[1]*n[4], x,
		m[3]*n[0] + m[4]*n[3], m[3]*n[1] + m[4]*n[4], y,
	}
}

// det is how much larger an area becomes; negative where it is mirrored.
func (m affine) det() float64 { return m[0]*m[4] - m[1]*m[3] }

// inverse is false for a map that flattens.
func (m affine) inverse() (affine, bool) {
	d := m.det()
	if !(math.Abs(d) > 1e-9) { // also for NaN
		return affine{}, false
	}
	n := affine{m[4] / d, -m[1] / d, 0, -m[3] / d, m[0] / d, 0}
	n[2], n[5] = -n[0]*m[2]-n[1]*m[5], -n[3]*m[2]-n[4]*m[5]
	return n, true
}

// sides are width and height of a picture in units of the longer one.
func sides(aspect float64) (w, h float64) { return min(1, aspect), min(1, 1/aspect) }

// byShares is m of shares of the entry's sides, from 0 to 1.
func (m affine) byShares(aspect float64) affine {
	w, h := sides(aspect)
	return affine{m[0] * w, m[1] * h, m[2], m[3] * w, m[4] * h, m[5]}
}

// ofShares undoes byShares.
func (m affine) ofShares(aspect float64) affine {
	w, h := sides(aspect)
	return affine{m[0] / w, m[1] / h, m[2], m[3] / w, m[4] / h, m[5]}
}

// fromWindows is the map that two equal hashes speak of: the window found of
// the found picture, shown with EXIF orientation o, is the window entry of the
// entry. Aspects are width by height of the whole pictures.
func fromWindows(orientation int, found, entry phash.Window, foundAspect, entryAspect float64) affine {
	// shares of the entry to shares of its window, which are those of what is shown
	w, h := entry[2]-entry[0], entry[3]-entry[1]
	shown := affine{1 / w, 0, -entry[0] / w, 0, 1 / h, -entry[1] / h}
	turn := affine{1, 0, 0, 0, 1, 0}
	if orientation >= 5 {
		turn = affine{0, 1, 0, 1, 0, 0}
	}
	switch orientation {
	case 2, 8:
		turn = affine{-1, 0, 1, 0, 1, 0}.after(turn)
	case 3, 7:
		turn = affine{-1, 0, 1, 0, -1, 1}.after(turn)
	case 4, 6:
		turn = affine{1, 0, 0, 0, -1, 1}.after(turn)
	}
	fw, fh := sides(foundAspect)
	place := affine{(found[2] - found[0]) * fw, 0, found[0] * fw, 0, (found[3] - found[1]) * fh, found[1] * fh}
	return place.after(turn).after(shown).ofShares(entryAspect)
}
