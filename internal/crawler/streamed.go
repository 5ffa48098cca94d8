package crawler

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// streamed is a large container that comes once, from front to back, while a
// look at it goes on. Who looks may take time: only what passes inside of Read
// counts against the pace of the site.
type streamed struct {
	*fetching
	from  io.Reader
	w     *watched
	coded bool
	count int64           // decoded bytes
	over  func() *refusal // which budget is used, or nil; set by who takes it
	fail  *refusal        // why no more comes
}

func newStreamed(f *fetching, rest io.Reader, w *watched, coded bool) *streamed {
	w.patient, w.left = true, time.Now()
	w.end()
	return &streamed{fetching: f, from: io.MultiReader(bytes.NewReader(f.body), rest), w: w, coded: coded}
}

// Read gives what comes. Its errors, but for io.EOF, know their cause.
func (s *streamed) Read(p []byte) (int, error) {
	if s.fail == nil && s.over != nil {
		s.fail = s.over()
	}
	if s.fail != nil {
		return 0, broken{s.fail}
	}
	n, err := s.from.Read(p)
	s.count += int64(n)
	ratio := int64(s.limits.ratio)
	switch {
	case err == io.EOF:
		return n, err
	case err != nil:
		s.bodyFailed(err, s.w)
		s.fail = &refusal{s.cause, s.why}
	case s.coded && ratio > 0 && s.count > ratioFrom && s.count/ratio > s.w.count:
		s.fail = &refusal{LimitRatio, fmt.Sprintf("ratio %d > %d", s.count/max(s.w.count, 1), ratio)}
	}
	if s.fail != nil {
		return n, broken{s.fail}
	}
	return n, nil
}

// broken is a refusal that tells its cause to who reads a container.
type broken struct{ *refusal }

func (b broken) Error() string { return b.Why }

// Cause is the code of the cause.
func (b broken) Cause() string { return string(b.refusal.Cause) }
