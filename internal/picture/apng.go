package picture

import (
	"image"
	"iter"
)

// pngWork is how many pixels may be decoded for the frames of a PNG beyond the
// first: some three seconds' worth.
const pngWork = 100_000_000

// animation plans for the frames of an animated PNG. The picture that viewers
// without animation show comes first, whether it is one of them or not.
func (f *pngFile) animation(p *plan, count int) {
	c := &clip{width: f.width(), height: f.height(), count: count, ended: f.ended && count >= f.frames, pixel: f.heldBytes(), work: pngWork}
	if f.interlaced() {
		c.pixel += c.pixel / 2
	}
	c.frames = func(yield func(clipFrame) bool) {
		for frame := range f.pictures() {
			if !yield(frame.shown(c)) {
				return
			}
		}
	}
	c.plan(p)
}

// apngFrame is a frame: a PNG of its own size, and how it is shown.
type apngFrame struct {
	png   pngFile
	at    image.Point
	over  bool
	after int
}

func (f apngFrame) shown(c *clip) clipFrame {
	size := image.Pt(f.png.width(), f.png.height())
	return clipFrame{
		at: image.Rectangle{f.at, f.at.Add(size)}, fault: c.outside(size), over: f.over, after: f.after,
		decode: func(g *guard) (surface, error) {
			s, err := f.png.decode(g)
			if err == nil && (s.width != size.X || s.height != size.Y) {
				return surface{}, refuse("damaged", "%s", s.why)
			}
			return s, err
		},
	}
}

// control is what an fcTL chunk holds.
func apngControl(body []byte) (f apngFrame, ok bool) {
	if len(body) < 26 || be32(body[12:]) > 1<<24 || be32(body[16:]) > 1<<24 || be32(body[4:]) > 1<<24 || be32(body[8:]) > 1<<24 {
		return f, false
	}
	f.at = image.Pt(int(be32(body[12:])), int(be32(body[16:])))
	f.over = body[25] == 1
	switch body[24] {
	case 1:
		f.after = clearPlace
	case 2:
		f.after = restorePlace
	}
	return f, true
}

// pictures are the still picture and each frame that has pixels of its own.
func (f *pngFile) pictures() iter.Seq[apngFrame] {
	return func(yield func(apngFrame) bool) {
		// Unless the still picture has a control, the animation begins behind it
		// on a clear canvas.
		frame, open := apngFrame{png: *f, after: clearPlace}, true
		pixels := false
		for kind, body := range pngChunks(f.body) {
			switch kind {
			case "fcTL":
				next, ok := apngControl(body)
				if !pixels && ok { // of the still picture
					frame.after = next.after
					continue
				}
				if open && !yield(frame) {
					return
				}
				open = false
				if ok {
					frame = next
					frame.png = *f
					frame.png.header = append(append([]byte(nil), body[4:12]...), f.header[8:]...)
					frame.png.data, frame.png.rest, frame.png.wrongSum = nil, nil, ""
				}
			case "IDAT":
				pixels = true
			case "fdAT":
				if len(body) >= 4 && len(frame.png.header) > 0 && pixels {
					frame.png.add(body[4:])
					open = true
				}
			}
		}
		if open {
			yield(frame)
		}
	}
}
