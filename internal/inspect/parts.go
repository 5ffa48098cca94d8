package inspect

import (
	"image"

	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

const (
	// probeSide is the long side of the plane on which a picture is asked
	// whether there is anything in it beyond the whole.
	probeSide = 680
	// smallSide is the long side below which a picture is hashed enlarged as
	// well: see phash.Enlarged.
	smallSide = 512
	// nearlyAll is the share of a picture from which a region of it says no
	// more than the whole.
	nearlyAll = .98
)

// parts are what is looked for: the whole picture and, where it is a sheet, a
// page, or stands in a frame, the windows in it.
func parts(h *hashed, quality int) []match.Part {
	luma := h.Luma
	w, ht := luma.Rect.Dx(), luma.Rect.Dy()
	out := []match.Part{{Window: phash.Whole(), Turns: h.pdq, Quality: quality}}
	if max(h.Width, h.Height) < smallSide {
		turns, quality := phash.Enlarged(luma)
		out = append(out, match.Part{Window: phash.Whole(), Turns: turns, Quality: quality})
	}
	for _, r := range regions(luma) {
		if float64(r.Dx()*r.Dy()) > nearlyAll*float64(w*ht) {
			continue
		}
		if turns, quality, ok := phash.TurnsOf(luma, r); ok {
			out = append(out, match.Part{Window: phash.WindowOf(r, w, ht), Turns: turns, Quality: quality})
		}
	}
	return out
}

// regions asks a small plane first: most pictures are plain photographs.
func regions(luma *image.Gray) []image.Rectangle {
	probe := phash.HalvedTo(luma, probeSide)
	found := picture.Regions(probe)
	if len(found) == 0 || probe == luma {
		return found
	}
	return picture.Regions(luma)
}
