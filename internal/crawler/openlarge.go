package crawler

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
)

const (
	markBytes  = 64 << 10               // first bytes of a large container that its mark is made of
	largeHeld  = rangeCache + mostAhead // memory of reading by ranges
	longestAll = 24 * time.Hour         // of one container that comes as a stream, where rounds have no time
)

// fetch asks for the link. What is a container by its name is asked for its
// first bytes: the answer says how long it is, and whether ranges are taken. A
// large one that comes all the same is shown as it comes.
func (v *visiting) fetch(ctx context.Context) (answer, error) {
	if v.link.kind != kindContainer {
		a := fetch(ctx, v.place.transport, v.request(), v.limits())
		v.fetched(a)
		return a, nil
	}
	a, err := v.ask(ctx, v.request(), leastAhead)
	noRanges := a.status == 416 || a.cause == RangeLies
	if err != nil || !noRanges && (a.size == int64(len(a.body)) || a.size == 0 || a.format != "") {
		return a, err
	}
	v.c.large.Release(a.held)
	if err := v.await(ctx); err != nil {
		return answer{cause: Stopped, why: "stopped between two requests"}, nil
	}
	switch {
	case noRanges:
		v.noRanges = refusesRanges(a)
	case a.size > 0:
		v.noRanges = &refusal{RangeLies, "the first bytes of a range are not those of the whole"}
	}
	return v.ask(ctx, v.request(), 0)
}

// ask asks for the first bytes of a container; 0: for all of it. Where the
// whole of a large one comes, that is shown as it comes.
func (v *visiting) ask(ctx context.Context, q request, first int64) (a answer, err error) {
	q.to = first
	l := v.limits()
	l.longer = v.timeLeft()
	var s *streamed
	q.take = func(coming *streamed) {
		s = coming
		err = v.openStream(ctx, s)
	}
	a = fetch(ctx, v.place.transport, q, l)
	if s == nil {
		v.fetched(a)
		return a, err
	}
	ended := v.res.outcome // by the look
	a.cause, a.why = "", ""
	v.fetched(a)
	if v.end(ended.Cause, "%s", ended.Why); err == nil && s.fail != nil {
		err = v.blame(ctx)
	}
	return a, err
}

// timeLeft is how long one container may come as a stream: as long as the round
// may.
func (v *visiting) timeLeft() time.Duration {
	if v.place.MaxTime <= 0 {
		return longestAll
	}
	r := v.round
	ran := time.Duration(r.Spent+max(ms(time.Now())-r.Opened, 0)) * time.Millisecond
	return max(v.place.MaxTime-ran, v.options.FetchTimeout)
}

// overBudget says which budget of the round this visit has used, with so many
// bytes beyond those of its outcome; nil: none.
func (v *visiting) overBudget(more int64) *refusal {
	r := v.round
	r.Bytes += v.res.outcome.Bytes + more
	if c := r.over(&v.place.SiteConfig, ms(time.Now())); c != "" {
		return &refusal{c, fmt.Sprintf("the budget of the round was used after %d bytes", v.res.outcome.Bytes+more)}
	}
	return nil
}

func (v *visiting) rangeLimits() fetchLimits {
	l := v.limits()
	l.large, l.holds = nil, nil // the memory was taken before, and it is known what comes
	return l
}

// openLarge shows a container that is too large to be fetched whole, by ranges
// where the server takes them. a is its beginning, and all that came.
func (v *visiting) openLarge(ctx context.Context, a *answer) error {
	v.c.large.Release(a.held)
	a.held = 0
	if a.size == 0 { // a link that is not called like a container: do they take ranges?
		format, name := a.format, a.name
		*a = answer{} // what came of it is not needed, and its memory was given back
		if err := v.await(ctx); err != nil {
			return nil
		}
		b, err := v.ask(ctx, request{url: v.url, referer: v.request().referer}, leastAhead)
		v.c.large.Release(b.held)
		if b.held = 0; err != nil || b.taken {
			return err
		}
		if b.format, b.name = format, name; b.size == 0 {
			return v.unranged(ctx, b)
		}
		*a = b
	}
	if err := v.c.large.Acquire(ctx, largeHeld); err != nil {
		return nil
	}
	useless, err := v.openRanges(ctx, *a)
	v.c.large.Release(largeHeld) // before a stream asks for its own
	if err != nil || useless == nil {
		return err
	}
	return v.unranged(ctx, answer{cause: useless.Cause, why: useless.Why})
}

// unranged goes on without ranges, where those that came are of no use; any
// other answer than the first one ends the visit.
func (v *visiting) unranged(ctx context.Context, a answer) error {
	switch {
	case a.status == 416, a.cause == RangeLies, a.cause == RangeIgnored:
		v.noRanges = refusesRanges(a)
	case a.cause != "":
		return v.failed(ctx, a)
	default:
		v.end(RangeLies, "a large container at first, and then status %d with %d bytes", a.status, len(a.body))
		return nil
	}
	if err := v.await(ctx); err != nil {
		return nil
	}
	b, err := v.ask(ctx, request{url: v.url, referer: v.request().referer}, 0)
	defer v.c.large.Release(b.held)
	switch {
	case err != nil || b.taken:
		return err
	case b.cause != "":
		return v.failed(ctx, b)
	case b.format != "" && b.status/100 == 2: // and fits into memory
		return v.read(ctx, b)
	}
	v.end(RangeLies, "a large container by ranges, and %d bytes without", len(b.body))
	return nil
}

func refusesRanges(a answer) *refusal {
	if a.status == 416 {
		return &refusal{RangeIgnored, "status 416 for any range"}
	}
	return &refusal{a.cause, a.why}
}

// openRanges shows a container of which the first range came. useless says why
// what its ranges gave is worth nothing: then it is as if nothing had been seen.
func (v *visiting) openRanges(ctx context.Context, a answer) (useless *refusal, err error) {
	r := &ranges{v: v, ctx: ctx}
	file := r.newRanged(v.request(), a)
	fits, n := a.size <= v.options.MaxContainer, int64(markBytes)
	if fits {
		n = a.size
	}
	switch a.body, useless = file.beginning(n); {
	case useless != nil && useless.ofRanges():
		return useless, nil
	case useless != nil:
		v.end(useless.Cause, "%s", useless.Why)
		return nil, v.blame(ctx)
	case fits:
		a.digest, a.size, a.cause, a.why = sha256.Sum256(a.body), 0, "", ""
		return nil, v.read(ctx, a)
	}
	mark := markOf(a, a.size)
	if mark == v.link.digest && v.mayStand() {
		return nil, v.stands(ctx)
	}
	v.res.changed = mark != v.link.digest
	v.remember(a)
	before := *v.res
	src := container.Source{Name: a.name, At: file, Size: a.size}
	err = v.open(ctx, a.format, Found{SHA256: mark, MediaType: a.mediaType, Container: &src, Slices: sliceable(a.format)}, func() *refusal { return r.fail })
	if err == nil && r.fail == nil && v.res.outcome.Cause == Damaged {
		r.fail = file.verify()
	}
	switch {
	case err != nil || r.fail == nil:
		return nil, err
	case r.fail.ofRanges(): // what they gave is worth nothing
		before.outcome = v.res.outcome
		before.rest, before.retryAfter = v.res.rest, v.res.retryAfter
		*v.res = before
		return r.fail, nil
	}
	return nil, v.blame(ctx)
}

// openStream shows a container that comes from its beginning to its end,
// whatever is asked for.
func (v *visiting) openStream(ctx context.Context, s *streamed) error {
	size := int64(-1)
	if !s.coded {
		size = s.length
	}
	mark := markOf(s.answer, size)
	if known := size >= 0 || s.etag != "" || s.lastModified != ""; known && mark == v.link.digest && v.mayStand() {
		return v.stands(ctx)
	}
	v.res.changed = mark != v.link.digest
	v.remember(s.answer)
	s.over = func() *refusal { return v.overBudget(s.w.count) }
	v.res.outcome.Status = s.status
	src := container.Source{Name: s.name, Stream: s, Size: size}
	err := v.open(ctx, s.format, Found{SHA256: mark, MediaType: s.mediaType, Container: &src}, func() *refusal { return s.fail })
	if o := v.res.outcome; err == nil && s.fail == nil && o.Cause == Sampled {
		cause, why := RangeIgnored, "no range came of it"
		if v.noRanges != nil {
			cause, why = v.noRanges.Cause, v.noRanges.Why
		}
		v.end(cause, "%s; read from the front up to byte %d: %s", why, s.count, o.Why)
		v.res.link.known = cause
		for i, l := range v.res.lines { // by setting it would have been looked at elsewhere
			if l.Member == "" && l.Cause == Sampled {
				v.res.lines[i].Cause, v.res.lines[i].Why = cause, v.res.outcome.Why
			}
		}
	}
	return err
}

// remember takes over what the server says of a version.
func (v *visiting) remember(a answer) {
	l := &v.res.link
	l.target, l.text, l.inline = linkKey{}, [32]byte{}, false
	l.etag, l.modified = keep(a.etag), keep(a.lastModified)
}

// blame asks whether our own Tor is why a container broke off.
func (v *visiting) blame(ctx context.Context) error {
	o := v.res.outcome
	return v.failed(ctx, answer{cause: o.Cause, why: o.Why, body: []byte{0}})
}

// markOf stands for the digest of a container that nobody fetched whole.
func markOf(a answer, size int64) [32]byte {
	b := []byte("large container\n")
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	b = kv.AppendText(kv.AppendText(b, a.etag), a.lastModified)
	return sha256.Sum256(append(b, a.body[:min(len(a.body), markBytes)]...))
}

// sliceable says that members of a format can be reached without those before
// them.
func sliceable(format string) bool {
	return !bytes.Contains([]byte(" gzip bzip2 xz zstd tar "), []byte(" "+format+" "))
}
