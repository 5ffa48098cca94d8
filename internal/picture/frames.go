package picture

import (
	"errors"
	"fmt"
	"image"
	"strings"
)

// What frames and pages beyond the first may cost.
const (
	furtherSide = 512 // of the long side of a plane in Picture.Further
	// The cells by which two frames are told apart, and the difference of grey
	// values in enough of them that an eye would see.
	cellSide      = 32
	cellDiffers   = 16
	cellsThatTell = cellSide * cellSide / 100
)

// cut says why a part of a picture was not seen: its cause is one of those of
// Picture.Cause.
type cut struct{ cause, why string }

// shower shows the further frames or pages of a picture, each once, in the
// order of the file. What it left out it returns; its error is that of a guard.
type shower func(g *guard, show func(s surface, orientation int) error) ([]cut, error)

// sample returns which of n frames are looked at when most may be: the first,
// the last and evenly those between.
func sample(n, most int) []int {
	most = min(n, most)
	picks := make([]int, most)
	for i := range picks {
		if most > 1 {
			picks[i] = int(int64(i) * int64(n-1) / int64(most-1))
		}
	}
	return picks
}

// gallery keeps the frames that show something else than all kept before.
type gallery struct {
	guard   *guard
	upright bool
	cells   []*image.Gray // of each kept frame, Picture.Luma's first
	planes  []*image.Gray
}

// show takes a frame in, unless it shows nothing new.
func (a *gallery) show(s surface, orientation int) error {
	plane, err := reduce(s, furtherSide, a.guard)
	if err != nil {
		return err
	}
	if a.upright {
		plane = turn(plane, orientation)
	}
	cells := cellsOf(plane)
	for _, before := range a.cells {
		if !differ(before, cells) {
			return nil
		}
	}
	a.cells, a.planes = append(a.cells, cells), append(a.planes, plane)
	return nil
}

// cellsOf averages a plane to 32x32 cells, whatever its shape; planes that are
// smaller are repeated.
func cellsOf(g *image.Gray) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, cellSide, cellSide))
	for cy := range cellSide {
		y0, y1 := cy*h/cellSide, max(cy*h/cellSide+1, (cy+1)*h/cellSide)
		for cx := range cellSide {
			x0, x1 := cx*w/cellSide, max(cx*w/cellSide+1, (cx+1)*w/cellSide)
			sum := 0
			for y := y0; y < y1; y++ {
				for _, v := range g.Pix[y*g.Stride:][x0:x1] {
					sum += int(v)
				}
			}
			out.Pix[cy*cellSide+cx] = uint8(sum / ((x1 - x0) * (y1 - y0)))
		}
	}
	return out
}

// differ says whether two frames differ visibly: more than one cell in a
// hundred by 16 grey values. A cursor or a clock that ticks is no new picture.
func differ(a, b *image.Gray) bool {
	n := 0
	for i, v := range a.Pix {
		if d := int(v) - int(b.Pix[i]); d >= cellDiffers || d <= -cellDiffers {
			n++
		}
	}
	return n > cellsThatTell
}

// look fills Further, and says in Cause and Why what was left out. A picture
// whose first frame is there is never refused for a later one.
func (p *Picture) look(g *guard, further shower, upright bool) error {
	a := &gallery{guard: g, upright: upright, cells: []*image.Gray{cellsOf(p.Luma)}}
	var cuts []cut
	err := guarded(func() (err error) {
		cuts, err = further(g, a.show)
		return err
	})
	p.Further = a.planes
	var r *Refusal
	switch stop := g.explain(err); {
	case err == nil:
	case errors.As(stop, &r):
		cuts = append(cuts, cut{causeOfCut(r), fmt.Sprintf("further frames: %s", r.Why)})
	default:
		return stop
	}
	for _, c := range cuts {
		p.cut(c)
	}
	return nil
}

// causeOfCut is that of a part that was refused.
func causeOfCut(r *Refusal) string {
	switch {
	case r.Cause == "limit_time":
		return r.Cause
	case strings.HasPrefix(r.Cause, "limit_"):
		return causeFrames
	}
	return causePartial
}

// cut notes a part that was not seen. Time comes before all, for another day
// may see more; then bytes that are missing, then what a limit left out.
func (p *Picture) cut(c cut) {
	rank := map[string]int{"limit_time": 3, causePartial: 2}
	if p.Cause == "" || rank[c.cause] > rank[p.Cause] {
		p.Cause = c.cause
	}
	if p.Why != "" {
		p.Why += "; "
	}
	p.Why += c.why
	p.Partial = true
}
