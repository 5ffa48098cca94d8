package inspect

import (
	"context"
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
func parts(ctx context.Context, h *hashed, quality int) []match.Part {
	out := []match.Part{{Window: phash.Whole(), Turns: h.pdq, Quality: quality}}
	if max(h.Width, h.Height) < smallSide {
		turns, quality := phash.Enlarged(h.Luma)
		out = append(out, match.Part{Window: phash.Whole(), Turns: turns, Quality: quality})
	}
	// Most pictures are plain photographs: a small plane says so.
	if len(picture.Regions(phash.HalvedTo(h.Luma, probeSide))) > 0 {
		out = append(out, windows(h.sharp(ctx))...)
	}
	return out
}

// frames are what differs in further frames and pages.
func frames(h *hashed) (out []match.Part) {
	for i, frame := range h.Further {
		p, turns, err := phash.OfTurned(frame, image.Point{})
		if err == nil {
			out = append(out, match.Part{Window: phash.Whole(), Turns: turns, Quality: p.Quality, Frame: i + 1})
		}
	}
	return out
}

// windows are the parts of a plane that show a picture of their own.
func windows(luma *image.Gray) (out []match.Part) {
	if luma == nil {
		return nil
	}
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	for _, r := range picture.Regions(luma) {
		if float64(r.Dx()*r.Dy()) > nearlyAll*float64(w*h) {
			continue
		}
		if turns, quality, ok := phash.TurnsOf(luma, r); ok {
			out = append(out, match.Part{Window: phash.WindowOf(r, w, h), Turns: turns, Quality: quality})
		}
	}
	return out
}

// sight is a found picture as match looks at it closely.
type sight struct {
	ctx    context.Context // of the look, which it does not outlive
	hashed *hashed
	points map[phash.Window]*phash.Points
}

// Plane implements match.Sight.
func (s *sight) Plane() *image.Gray { return s.hashed.sharp(s.ctx) }

// Points implements match.Sight.
func (s *sight) Points(w phash.Window) *phash.Points {
	if known, ok := s.points[w]; ok {
		return known
	}
	plane := s.Plane()
	if plane == nil {
		return nil
	}
	p := phash.PointsOf(phash.View(plane, w.In(plane.Rect.Dx(), plane.Rect.Dy())), phash.Found)
	s.points[w] = &p
	return &p
}
