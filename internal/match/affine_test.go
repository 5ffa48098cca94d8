package match

import (
	"math"
	"testing"

	"leakwatch/internal/phash"
)

// A place in the entry's window lands where EXIF's own table puts it: the
// found picture, shown with orientation o, is the entry's window.
func TestFromWindows(t *testing.T) {
	// what a place near the upper left corner of the shown picture, (.1, .2) of
	// its sides, is in the stored one (EXIF 2.3, tag 0x0112)
	stored := map[int][2]float64{
		1: {.1, .2}, 2: {.9, .2}, 3: {.9, .8}, 4: {.1, .8}, 5: {.2, .1}, 6: {.2, .9}, 7: {.8, .9}, 8: {.8, .1},
	}
	found, entry := phash.Window{.25, .5, .75, 1}, phash.Window{.1, 0, .9, .5}
	const foundAspect, entryAspect = 2., .5
	for o, want := range stored {
		m := fromWindows(o, found, entry, foundAspect, entryAspect)
		// (.1, .2) of the entry's window; its long side is the height
		x, y := m.at((.1+.1*.8)*.5, .2*.5)
		wx, wy := .25+.5*want[0], (.5+.5*want[1])/2
		if math.Abs(x-wx) > 1e-9 || math.Abs(y-wy) > 1e-9 {
			t.Errorf("orientation %d: got %.3f %.3f, want %.3f %.3f", o, x, y, wx, wy)
		}
		if mirrored := m.det() < 0; mirrored != (o == 2 || o == 4 || o == 5 || o == 7) {
			t.Errorf("orientation %d: mirrored is %v", o, mirrored)
		}
		back, ok := m.inverse()
		if x, y := back.at(x, y); !ok || math.Abs(x-.09) > 1e-9 || math.Abs(y-.1) > 1e-9 {
			t.Errorf("orientation %d: the inverse leads to %.3f %.3f, want .09 .1", o, x, y)
		}
	}
	if _, ok := (affine{1, 2, 0, 2, 4, 0}).inverse(); ok {
		t.Error("a map that flattens has no inverse")
	}
	if _, ok := (affine{math.NaN(), 0, 0, 0, 1, 0}).inverse(); ok {
		t.Error("a map of NaN has no inverse")
	}
}
