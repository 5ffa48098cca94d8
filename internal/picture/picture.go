// Package picture answers: what do these hostile bytes show?
//
// It knows a format by its bytes alone, checks every size from the headers
// before anything is allocated, and decodes into one plane of grey values.
// Decoders are those of Go and of golang.org/x/image, and for most of JPEG, where
// the volume is, one of luma alone (lumajpeg.go). What else stands here walks the
// containers, so that a decoder is handed only what a picture needs, and so that
// a picture that was cut off is hashed as far as it goes.
//
// Further frames and pages are shown by frames.go and clip.go; regions.go says
// where in a plane pictures of their own may be.
package picture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"golang.org/x/sync/semaphore"
)

// Limits bound what one picture may cost. A zero field takes its default.
type Limits struct {
	Bytes      int64         // of the encoded picture
	Pixels     int64         // width x height
	PixelsJPEG int64         // the same for JPEG
	Side       int           // of the longer side
	Frames     int           // or pages that are looked at, the first included
	Time       time.Duration // for decoding, once it has its memory
	Memory     int64         // bytes that all decodes of one Decoder hold together
}

// DefaultLimits returns 32 MiB, 40 and 268 megapixels, sides of 20,000 pixels,
// 16 frames, 10 s and 512 MiB.
func DefaultLimits() Limits {
	return Limits{
		Bytes:      32 << 20,
		Pixels:     40_000_000,
		PixelsJPEG: 268_000_000,
		Side:       20_000,
		Frames:     16,
		Time:       10 * time.Second,
		Memory:     512 << 20,
	}
}

// Picture is a decoded picture.
type Picture struct {
	Format        string // jpeg, png, gif, webp, bmp or tiff
	Width, Height int    // upright, in pixels
	Orientation   int    // by EXIF, as stored; 1 if none is
	Frames        int    // frames or pages that the file holds
	// Luma is upright with its origin at zero, alpha flattened onto white. It
	// is averaged to a long side of 1,024 pixels when it is larger: enough for
	// every fingerprint, and small enough to be held.
	Luma  *image.Gray
	Sharp bool // Luma is as fine as Decode gives it
	// Further are frames and pages beyond the first, as a viewer shows them: an
	// even sample, of which only those that differ visibly from all before are
	// kept. Each is averaged to a long side of 512 pixels.
	Further []*image.Gray
	Partial bool   // a part was not seen
	Cause   string // of that: partial, limit_frames or limit_time; empty if nothing
	Why     string // what was not seen; empty if nothing
}

// The causes of a picture that was not seen wholly: its file was cut off or is
// damaged, or a limit left frames or pages out.
const (
	causePartial = "partial"
	causeFrames  = "limit_frames"
)

// A Refusal is a picture without pixels: the cause is one of limit_bytes,
// limit_pixels, limit_side, limit_time, not_a_picture, unsupported, damaged.
type Refusal struct {
	Cause         string
	Why           string
	Format        string // "" if not known
	Width, Height int    // as claimed, 0 if not known
}

func (r *Refusal) Error() string { return r.Cause + ": " + r.Why }

func refuse(cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Why: fmt.Sprintf(format, args...)}
}

// Decoder decodes pictures under limits. Decodes run in the goroutines that
// ask for them, and wait for one another when their memory together would pass
// Limits.Memory: this, not the cap on pixels, is what bounds a large JPEG that
// image/jpeg must decode, which takes 1.5 bytes a pixel or, when progressive, 7.5.
type Decoder struct {
	limits Limits
	memory *semaphore.Weighted
	tables tables
}

// NewDecoder returns a decoder with a budget of memory of its own.
func NewDecoder(l Limits) *Decoder {
	std := DefaultLimits()
	l.Bytes = cmp.Or(l.Bytes, std.Bytes)
	l.Pixels = cmp.Or(l.Pixels, std.Pixels)
	l.PixelsJPEG = cmp.Or(l.PixelsJPEG, std.PixelsJPEG)
	l.Side = cmp.Or(l.Side, std.Side)
	l.Frames = cmp.Or(l.Frames, std.Frames)
	l.Time = cmp.Or(l.Time, std.Time)
	l.Memory = cmp.Or(l.Memory, std.Memory)
	return &Decoder{limits: l, memory: semaphore.NewWeighted(l.Memory)}
}

// Limits returns what the decoder works under, defaults filled in.
func (d *Decoder) Limits() Limits { return d.limits }

// Decode decodes data, upright. The error is a *Refusal, which is an outcome,
// or that of a cancelled ctx, which says nothing about the picture.
func (d *Decoder) Decode(ctx context.Context, data []byte) (Picture, error) {
	return d.decode(ctx, data, asked{upright: true})
}

// DecodeSmall is Decode for a first look: of a JPEG it gives a plane whose
// shorter side may have no more than 256 pixels, at a fraction of the cost. It
// is enough for the hashes of the whole picture.
func (d *Decoder) DecodeSmall(ctx context.Context, data []byte) (Picture, error) {
	return d.decode(ctx, data, asked{upright: true, small: true})
}

// DecodeStored is Decode without applying the orientation: the pixels as the
// published hashes know them.
func (d *Decoder) DecodeStored(ctx context.Context, data []byte) (Picture, error) {
	return d.decode(ctx, data, asked{})
}

// asked is what the caller wants of a picture.
type asked struct {
	tables         *tables // of the Decoder
	headers        *guard  // of what is read before anything is decoded
	upright, small bool
}

// plan is what the headers of a picture say, before anything is allocated.
type plan struct {
	width, height int    // of what decode allocates, as stored; it may turn to another page
	canvas        [2]int // what the file announces where that is another size
	memory        int64  // that decode will hold at most
	orientation   int
	frames        int
	why           string // a part that decode will not see
	decode        func(*guard) (surface, error)
	luma          *lumaJPEG // comes before decode; nil if there is none

	asked

	limits  Limits
	further shower // nil if there are no further frames, or none that can be seen
}

func (d *Decoder) decode(ctx context.Context, data []byte, a asked) (Picture, error) {
	format := Sniff(data)
	a.tables = &d.tables
	p := plan{asked: a, orientation: 1, frames: 1}
	err := d.read(ctx, format, data, &p)
	if err == nil {
		var pic Picture
		if pic, err = d.draw(ctx, &p); err == nil {
			pic.Format = format
			return pic, nil
		}
	}
	var r *Refusal
	if errors.As(err, &r) {
		r.Format, r.Width, r.Height = format, p.width, p.height
	}
	return Picture{}, err
}

// read fills the plan from the headers and holds it against the limits.
func (d *Decoder) read(ctx context.Context, format string, data []byte, p *plan) error {
	p.limits = d.limits
	if int64(len(data)) > d.limits.Bytes {
		return refuse("limit_bytes", "%d bytes, %d allowed", len(data), d.limits.Bytes)
	}
	readers := map[string]func([]byte, *plan) error{
		"jpeg": readJPEG, "png": readPNG, "gif": readGIF, "webp": readWebP, "bmp": readBMP, "tiff": readTIFF, "avif": readAVIF,
	}
	read := readers[format]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case format == "":
		return refuse("not_a_picture", "the bytes are no picture that is known here")
	case read == nil:
		return refuse("unsupported", "the format is %s", format)
	}
	p.headers = d.guard(ctx)
	if err := guarded(func() error { return read(data, p) }); err != nil {
		return err
	}
	pixels := d.limits.Pixels
	if format == "jpeg" {
		pixels = d.limits.PixelsJPEG
	}
	if err := d.fits(p.canvas[0], p.canvas[1], pixels); err != nil {
		return err
	}
	if err := d.fits(p.width, p.height, pixels); err != nil {
		return err
	}
	if p.width <= 0 || p.height <= 0 {
		return refuse("damaged", "%dx%d pixels", p.width, p.height)
	}
	if p.luma == nil {
		return d.holds(p)
	}
	return nil
}

// holds holds the memory that decode needs against the limit.
func (d *Decoder) holds(p *plan) error {
	if p.memory > d.limits.Memory {
		return refuse("limit_pixels", "%dx%d pixels need %d MiB to decode, %d allowed", p.width, p.height, p.memory>>20, d.limits.Memory>>20)
	}
	return nil
}

func (d *Decoder) fits(w, h int, pixels int64) error { return d.limits.fits(w, h, pixels) }

// fits holds a size against the limits.
func (l Limits) fits(w, h int, pixels int64) error {
	switch {
	case w <= 0 || h <= 0:
		return nil
	case int64(w) > pixels/int64(h):
		return refuse("limit_pixels", "%dx%d pixels, %d allowed", w, h, pixels)
	case max(w, h) > l.Side:
		return refuse("limit_side", "%dx%d pixels, a side of %d allowed", w, h, l.Side)
	}
	return nil
}

// draw decodes by the luma decoder, and by the full one where that will not do.
func (d *Decoder) draw(ctx context.Context, p *plan) (Picture, error) {
	if p.luma != nil && p.luma.memory() <= d.limits.Memory {
		pic, err := d.drawBy(ctx, p, p.luma.decode, p.luma.memory())
		if pic.Sharp = p.luma.sharp; !errors.Is(err, errNotHere) {
			return pic, err
		}
	}
	if err := d.holds(p); err != nil {
		return Picture{}, err
	}
	return d.drawBy(ctx, p, p.decode, p.memory)
}

// drawBy waits for memory, decodes, averages and turns.
func (d *Decoder) drawBy(ctx context.Context, p *plan, decode func(*guard) (surface, error), memory int64) (Picture, error) {
	if err := d.memory.Acquire(ctx, memory); err != nil {
		return Picture{}, err
	}
	defer d.memory.Release(memory)
	g := d.guard(ctx)
	pic := Picture{Sharp: true}
	err := guarded(func() error {
		s, err := decode(g)
		if err != nil {
			return err
		}
		for _, why := range []string{s.why, p.why} {
			if why != "" {
				pic.cut(cut{causePartial, why})
			}
		}
		pic.Luma, err = reduce(s, maxSide, g)
		return err
	})
	if errors.Is(err, errNotHere) {
		return Picture{}, err
	}
	if err != nil {
		return Picture{}, g.explain(err)
	}
	pic.Width, pic.Height, pic.Orientation, pic.Frames = p.width, p.height, p.orientation, p.frames
	if p.upright {
		pic.Luma = turn(pic.Luma, p.orientation)
		if p.orientation >= 5 {
			pic.Width, pic.Height = pic.Height, pic.Width
		}
	}
	if p.further != nil {
		err = pic.look(g, p.further, p.upright)
	}
	return pic, err
}

func (d *Decoder) guard(ctx context.Context) *guard {
	return &guard{ctx: ctx, until: time.Now().Add(d.limits.Time), limit: d.limits.Time}
}

// guarded turns a panic into a damaged picture. The decoders have had panics on
// hostile bytes before, and one picture must not end the daemon.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse("damaged", "the decoder gave up: %v", p)
		}
	}()
	return f()
}
