package picture

import (
	"errors"
	"fmt"
	"image"
	"iter"
)

// What becomes of a frame's place before the next frame is drawn.
const (
	keepPlace    = iota
	clearPlace   // it is clear: white here
	restorePlace // it shows again what it showed before
)

// clip is an animation: frames that are drawn one over the other. All of them
// are drawn on one canvas, as a viewer does, and none is kept.
type clip struct {
	width, height int
	count         int
	ended         bool // the file does not stop within a frame
	frames        iter.Seq[clipFrame]
	work          int64 // pixels that may be decoded for frames beyond the first
	pixel         int64 // bytes that decode holds for each pixel of a frame
	orientation   int   // of them all

	canvas *canvas
	drawn  int // the first frame that could be drawn
}

// clipFrame is one frame of a clip.
type clipFrame struct {
	at     image.Rectangle // on the canvas; its size is what decode allocates
	fault  string          // why it is not decoded, "" if it can be
	over   bool            // clear pixels show what lies under them
	opaque bool            // no pixel is clear: a promise, so that frames under it need not be drawn
	after  int
	decode func(*guard) (surface, error)
}

// plan fills what a clip holds: canvas, a frame, and what a frame restores.
func (c *clip) plan(p *plan) {
	p.width, p.height, p.frames, c.orientation = c.width, c.height, c.count, p.orientation
	p.memory = (2 + c.pixel) * int64(c.width) * int64(c.height)
	// Of frames so large that the work does not suffice for each, fewer are picked.
	area := max(1, int64(c.width)*int64(c.height))
	p.decode, p.further = c.first, c.further(min(p.limits.Frames, 1+int(c.work/area)))
}

// outside says why a frame of this size cannot be drawn, "" if it can.
func (c *clip) outside(size image.Point) string {
	if size.X < 1 || size.Y < 1 || size.X > c.width || size.Y > c.height {
		return fmt.Sprintf("a frame of %dx%d on a canvas of %dx%d", size.X, size.Y, c.width, c.height)
	}
	return ""
}

// first draws frame 1, or the first of the early frames that can be drawn.
func (c *clip) first(g *guard) (surface, error) {
	c.canvas = newCanvas(c.width, c.height)
	fault := error(refuse("damaged", "cut off before the first frame"))
	i := 0
	for f := range c.frames {
		if i == mostFaults {
			break
		}
		s, err := surface{}, error(nil)
		if f.fault != "" {
			err = refuse("damaged", "%s", f.fault)
		} else {
			s, err = f.decode(g)
		}
		if err == nil {
			c.canvas.draw(s, f)
			c.drawn = i
			shown := c.canvas.surface()
			if shown.why = s.why; i > 0 {
				shown.why = fmt.Sprintf("the first frame that can be drawn is %d: %v", i+1, fault)
			}
			return shown, nil
		}
		if g.check() != nil {
			return surface{}, err
		}
		if i == 0 {
			fault = err
		}
		i++
	}
	return surface{}, fault
}

// mostFaults bounds how many damaged frames are passed over for a first one.
const mostFaults = 16

// span is the frames between two that are shown, with the later of them.
type span struct {
	pick int   // the frame that is shown
	from int   // the first that needs to be drawn: nothing before it shows
	work int64 // pixels from there on
}

// spans returns what has to be drawn for each pick but the first.
func (c *clip) spans(picks []int) []span {
	out := make([]span, 0, len(picks))
	for _, p := range picks[1:] {
		out = append(out, span{pick: p})
	}
	k, i := 0, 0
	for f := range c.frames {
		if k == len(out) {
			break
		}
		if i > 0 {
			s := &out[k]
			if f.covers(c) && f.after != restorePlace {
				s.from, s.work = i, 0
			}
			s.work += f.pixels()
			if i == s.pick {
				k++
			}
		}
		i++
	}
	return out
}

func (f clipFrame) pixels() int64 {
	if f.fault != "" {
		return 0
	}
	return int64(f.at.Dx()) * int64(f.at.Dy())
}

// covers says whether nothing of what was drawn before f shows behind it.
func (f clipFrame) covers(c *clip) bool {
	return f.fault == "" && (f.opaque || !f.over) && f.at == image.Rect(0, 0, c.width, c.height)
}

// further shows the sampled frames beyond the first. All frames between are
// drawn as well, while the work lasts; of a span that would cost more than its
// share, the earliest frames are left out, and its pick shows traces of older
// ones.
func (c *clip) further(most int) shower {
	if c.count < 2 || most < 2 {
		return c.unseen
	}
	return func(g *guard, show func(surface, int) error) ([]cut, error) {
		picks := sample(c.count, most)
		spans := c.spans(picks)
		share := c.work / int64(len(spans))
		fault, faults := "", 0 // the first of them, and how many
		k, i, skipped := 0, 0, 0
		for f := range c.frames {
			if k == len(spans) {
				break
			}
			s := &spans[k]
			switch {
			case i <= c.drawn || i < s.from:
			case i < s.pick && s.work > share:
				s.work -= f.pixels()
				skipped++
			default:
				s.work -= f.pixels()
				why, err := c.drawNext(g, f)
				if err != nil {
					return c.left(g, i, err)
				}
				if why != "" {
					if faults++; faults == 1 {
						fault = fmt.Sprintf("frame %d: %s", i+1, why)
					}
				}
				if i == s.pick {
					if err := show(c.canvas.surface(), c.orientation); err != nil {
						return c.left(g, i, err)
					}
				}
			}
			if i == s.pick {
				k++
			}
			i++
		}
		return c.cuts(len(picks), skipped, fault, faults), nil
	}
}

// unseen is the shower where only one frame may be looked at.
func (c *clip) unseen(*guard, func(surface, int) error) ([]cut, error) {
	if c.count < 2 {
		return nil, nil
	}
	return c.cuts(1, 0, "", 0), nil
}

// drawNext draws a frame; why says what of it is missing.
func (c *clip) drawNext(g *guard, f clipFrame) (why string, err error) {
	if f.fault != "" {
		return f.fault, nil
	}
	s, err := f.decode(g)
	if err == nil {
		c.canvas.draw(s, f)
		return s.why, nil
	}
	if stop := g.check(); stop != nil {
		return "", stop
	}
	var r *Refusal
	errors.As(refusalOf(err), &r)
	return r.Why, nil
}

// left says how far the look came when it was stopped.
func (c *clip) left(g *guard, at int, err error) ([]cut, error) {
	var r *Refusal
	if errors.As(g.explain(err), &r) {
		return []cut{{causeOfCut(r), fmt.Sprintf("frames 1 to %d of %d: %s", at, c.count, r.Why)}}, nil
	}
	return nil, err
}

// cuts says what was not seen of a clip of which all that may be was looked at.
func (c *clip) cuts(looked, skipped int, fault string, faults int) []cut {
	var out []cut
	of := fmt.Sprintf("of %d", c.count)
	if !c.ended {
		of += " or more"
	}
	switch {
	case looked < c.count:
		out = append(out, cut{causeFrames, fmt.Sprintf("%d frames %s", looked, of)})
	case !c.ended:
		out = append(out, cut{causePartial, fmt.Sprintf("%d frames %s", looked, of)})
	}
	if skipped > 0 {
		out = append(out, cut{causeFrames, fmt.Sprintf("%d frames between were not drawn", skipped)})
	}
	if faults > 1 {
		fault += fmt.Sprintf(" and %d more", faults-1)
	}
	if faults > 0 {
		out = append(out, cut{causePartial, fault})
	}
	return out
}

// canvas is what a viewer shows, as grey values on white. To lay a frame over a
// canvas that lies on white gives the same as to lay both on white at the end,
// so no alpha is kept.
type canvas struct {
	plane  *image.Gray
	before []uint8 // what lay under the last frame, if it is to be restored
	under  image.Rectangle
	after  int // of the last frame
}

func newCanvas(w, h int) *canvas {
	c := &canvas{plane: image.NewGray(image.Rect(0, 0, w, h))}
	c.clear(c.plane.Rect)
	return c
}

func (c *canvas) row(y int, r image.Rectangle) []uint8 {
	return c.plane.Pix[y*c.plane.Stride:][r.Min.X:r.Max.X]
}

func (c *canvas) clear(r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x, row := 0, c.row(y, r); x < len(row); x++ {
			row[x] = 255
		}
	}
}

// draw disposes of the last frame and draws the next.
func (c *canvas) draw(s surface, f clipFrame) {
	switch c.after {
	case clearPlace:
		c.clear(c.under)
	case restorePlace:
		for y, at := c.under.Min.Y, 0; y < c.under.Max.Y; y++ {
			at += copy(c.row(y, c.under), c.before[at:])
		}
	}
	place := image.Rectangle{f.at.Min, f.at.Min.Add(image.Pt(s.width, s.height))}.Intersect(c.plane.Rect)
	c.under, c.after = place, f.after
	if f.after == restorePlace {
		c.before = c.before[:0]
		for y := place.Min.Y; y < place.Max.Y; y++ {
			c.before = append(c.before, c.row(y, place)...)
		}
	}
	buffer, alphas := make([]uint8, s.width), make([]uint8, s.width)
	for y := place.Min.Y; y < place.Max.Y; y++ {
		from := y - f.at.Min.Y
		if s.seen != nil && !s.seen(from) {
			continue
		}
		row, line := c.row(y, place), s.line(from, buffer)[place.Min.X-f.at.Min.X:]
		if !f.over || s.alpha == nil {
			copy(row, line)
			continue
		}
		alpha := s.alpha(from, alphas)[place.Min.X-f.at.Min.X:]
		for x, old := range row {
			// line lies on white already: take the white off that old covers.
			row[x] = line[x] - uint8((uint32(255-old)*uint32(255-alpha[x])+127)/255)
		}
	}
}

func (c *canvas) surface() surface {
	return surface{width: c.plane.Rect.Dx(), height: c.plane.Rect.Dy(), line: func(y int, _ []uint8) []uint8 { return c.row(y, c.plane.Rect) }}
}
