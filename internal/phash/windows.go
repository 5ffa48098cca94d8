package phash

import (
	"image"
	"math"
)

// EntryWindows are the windows of which an entry keeps the hash, so that a
// crop of it is found. Their order is part of the stored format: a new one
// goes to the end, none is moved or taken away.
func EntryWindows() []Window {
	return []Window{
		// Evenly cropped by 10, 25 and 40 % of the area.
		{.026, .026, .974, .974}, {.067, .067, .933, .933}, {.113, .113, .887, .887},
		// 87 % of each side, at the corners.
		{0, 0, .866, .866}, {.134, 0, 1, .866}, {0, .134, .866, 1}, {.134, .134, 1, 1},
		// One side cropped; the last stands for a banner at the bottom.
		{.1, 0, 1, 1}, {0, 0, .9, 1}, {0, .1, 1, 1}, {0, 0, 1, .9}, {0, 0, 1, .87},
		// Two sides cropped.
		{.1, .1, 1, 1}, {0, .1, .9, 1}, {.1, 0, 1, .9}, {0, 0, .9, .9},
		// 71 % of each side, half the area: the middle and the corners.
		{.146, .146, .854, .854}, {0, 0, .707, .707}, {.293, 0, 1, .707}, {0, .293, .707, 1}, {.293, .293, 1, 1},
		// 50 % of each side, a quarter of the area: the middle and the corners.
		{.25, .25, .75, .75}, {0, 0, .5, .5}, {.5, 0, 1, .5}, {0, .5, .5, 1}, {.5, .5, 1, 1},
	}
}

const (
	// minQuality is what PDQ's authors call a hash that may be judged by.
	minQuality = 50
	// minQuarter is the variance, in squares of grey values, that each quarter
	// of a window must have: half a picture beside a blank is none.
	minQuarter = 9
)

// OfWindows returns the PDQ hashes of the EntryWindows of an entry's plane, in
// their order. Of a window with too little detail it is nil: it would be like
// any other blank.
func OfWindows(sharp *image.Gray) []*PDQ {
	windows := EntryWindows()
	out := make([]*PDQ, len(windows))
	if sharp == nil {
		return out
	}
	cosines := cosinesOf()
	plane := HalvedTo(sharp, 2*pdqSide)
	for i, w := range windows {
		luma := View(plane, w.In(plane.Rect.Dx(), plane.Rect.Dy()))
		across, down, ok := finestSpans(luma)
		if !ok {
			continue
		}
		if s := sample(luma, across, down); s.detailed() {
			c := s.dct(cosines)
			h := c.hash(c.median())
			out[i] = &h
		}
	}
	return out
}

// TurnsOf returns the PDQ hashes of a part of a plane in its eight
// orientations, as OfTurned orders them, and the quality of the upright one.
// ok is false where the part has too little detail to be judged: a quality
// below 50, or a quarter that is blank.
//
// The hash is that of the part enlarged or reduced to a long side of 512: what
// stands in a page or on a sheet was made smaller for it, and its own size
// says nothing. See pdqSide.
func TurnsOf(luma *image.Gray, r image.Rectangle) (turns [8]PDQ, quality int, ok bool) {
	if luma == nil {
		return turns, 0, false
	}
	plane := HalvedTo(View(luma, r), 2*pdqSide)
	across, down, ok := finestSpans(plane)
	if !ok {
		return turns, 0, false
	}
	if s := sample(plane, across, down); !s.detailed() {
		return turns, s.quality(), false
	}
	s, turns := turnsOf(plane, across, down)
	return turns, s.quality(), true
}

// Enlarged returns the PDQ hashes of a plane as TurnsOf does, whatever its
// detail, and its quality. A re-post of less than 512 pixels lies some 17 bits
// from its original, when it is hashed at its own size as published: 240
// pixels against 512 are another grid. Enlarged it lies at 2 to 8.
func Enlarged(luma *image.Gray) (turns [8]PDQ, quality int) {
	across, down, ok := finestSpans(luma)
	if !ok {
		return turns, 0
	}
	s, turns := turnsOf(luma, across, down)
	return turns, s.quality()
}

// finestSpans are the spans of a plane whose long side is brought to pdqSide,
// whether it is larger or smaller.
func finestSpans(luma *image.Gray) (across, down []span, ok bool) {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if w < minSide || h < minSide {
		return nil, nil, false
	}
	long := max(w, h)
	to := func(n int) int { return max(1, (n*pdqSide+long/2)/long) }
	return pdqSpans(w, to(w), w < to(w)), pdqSpans(h, to(h), h < to(h)), true
}

// detailed reports whether there is enough in a window to be judged by.
func (s *samples) detailed() bool {
	if s.quality() < minQuality {
		return false
	}
	const half = side / 2
	for _, corner := range [4]image.Point{{}, {half, 0}, {0, half}, {half, half}} {
		var sum, squares float64
		for y := corner.Y; y < corner.Y+half; y++ {
			for _, v := range s[y][corner.X : corner.X+half] {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
		}
		mean := sum / (half * half)
		if squares/(half*half)-mean*mean < minQuarter {
			return false
		}
	}
	return true
}

// In returns the pixels of a w x h plane that the window covers.
func (v Window) In(w, h int) image.Rectangle {
	at := func(share float64, n int) int { return min(max(int(math.Round(share*float64(n))), 0), n) }
	return image.Rect(at(v[0], w), at(v[1], h), at(v[2], w), at(v[3], h))
}

// WindowOf is the window that covers the pixels r of a w x h plane, to the
// ten-thousandth of a side: it is written into alerts.
func WindowOf(r image.Rectangle, w, h int) Window {
	share := func(n, of int) float64 { return math.Round(float64(n)/float64(of)*1e4) / 1e4 }
	return Window{share(r.Min.X, w), share(r.Min.Y, h), share(r.Max.X, w), share(r.Max.Y, h)}
}

// View is the pixels r of a plane, with its origin at zero.
func View(luma *image.Gray, r image.Rectangle) *image.Gray {
	r = r.Add(luma.Rect.Min).Intersect(luma.Rect)
	if r.Empty() {
		return &image.Gray{}
	}
	from := luma.PixOffset(r.Min.X, r.Min.Y)
	return &image.Gray{Pix: luma.Pix[from:], Stride: luma.Stride, Rect: image.Rect(0, 0, r.Dx(), r.Dy())}
}

// HalvedTo returns a plane that was Halved until its long side is below limit.
func HalvedTo(luma *image.Gray, limit int) *image.Gray {
	for max(luma.Rect.Dx(), luma.Rect.Dy()) >= limit && min(luma.Rect.Dx(), luma.Rect.Dy()) > 1 {
		luma = Halved(luma)
	}
	return luma
}

// Halved returns a plane averaged over squares of 2x2 pixels. A last odd row or
// column is left out.
func Halved(luma *image.Gray) *image.Gray {
	w, h := luma.Rect.Dx()/2, luma.Rect.Dy()/2
	to := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		a, b := luma.Pix[2*y*luma.Stride:][:2*w], luma.Pix[(2*y+1)*luma.Stride:][:2*w]
		line := to.Pix[y*to.Stride:][:w]
		for x := range line {
			line[x] = uint8((uint(a[2*x]) + uint(a[2*x+1]) + uint(b[2*x]) + uint(b[2*x+1]) + 2) / 4)
		}
	}
	return to
}
