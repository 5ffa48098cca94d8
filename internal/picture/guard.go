package picture

import (
	"context"
	"errors"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// guard stops a decode. Decoders cannot be cancelled, but all of them read: a
// reader that fails once the time is over ends them.
type guard struct {
	ctx   context.Context
	until time.Time
	limit time.Duration
}

// check returns an error once the time is over or ctx is cancelled. Without a
// guard there is no end.
func (g *guard) check() error {
	if g == nil {
		return nil
	}
	if err := g.ctx.Err(); err != nil {
		return err
	}
	if !time.Now().Before(g.until) {
		return context.DeadlineExceeded
	}
	return nil
}

// explain turns what a decode returned into a refusal, or into the error of a
// cancelled ctx. Time comes first: a decoder may have swallowed its error.
func (g *guard) explain(err error) error {
	switch stop := g.check(); {
	case errors.Is(stop, context.DeadlineExceeded):
		return refuse("limit_time", "not decoded in %v", g.limit)
	case stop != nil:
		return stop
	}
	return refusalOf(err)
}

// refusalOf turns the error of a decoder into a refusal.
func refusalOf(err error) error {
	var (
		refusal *Refusal
		j       jpeg.UnsupportedError
		p       png.UnsupportedError
		t       tiff.UnsupportedError
	)
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.As(err, &j), errors.As(err, &p), errors.As(err, &t), errors.Is(err, bmp.ErrUnsupported):
		return refuse("unsupported", "%v", err)
	}
	return refuse("damaged", "%v", err)
}

// stride is how much a decoder gets at once. A progressive JPEG can ask for a
// walk over all of its blocks in 50 bytes, so time is looked at this often.
const stride = 512

// mostParts bounds how many segments or chunks of a picture are kept apart; an
// ordinary file has tens.
const mostParts = 10_000

// stream gives decoders the parts of a picture, one after the other.
type stream struct {
	guard *guard
	parts [][]byte
	off   int // in the first part
}

func (s *stream) Read(p []byte) (int, error) {
	if err := s.guard.check(); err != nil {
		return 0, err
	}
	for len(s.parts) > 0 && s.off == len(s.parts[0]) {
		s.parts, s.off = s.parts[1:], 0
	}
	if len(s.parts) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), stride)], s.parts[0][s.off:])
	s.off += n
	return n, nil
}
