package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Enough, returned by a Visit, ends the walk after that member.
var Enough = errors.New("enough of this container")

// Walk opens src and visits its members. The error is ctx's or visit's: what is
// wrong with the bytes is in the Report.
func Walk(ctx context.Context, src Source, o Options, visit Visit) (Report, error) {
	w := newWalk(ctx, o, visit)
	b := w.outermost(src)
	head, err := b.head()
	if err == nil {
		err = w.openAs(b, w.sniff(head, src.Name))
	}
	report := Report{Format: b.format, Members: w.leaves, Bytes: w.unpacked}
	switch {
	case errors.Is(w.ended, Enough):
		report.Next = w.next(b)
	case w.ended != nil:
		report.Next = w.next(b)
		return report, w.ended
	default:
		report.Cause, report.Why = b.ended(err)
		if missing := firstMissing(src.Parts); missing != "" && report.Cause == "" {
			report.Cause, report.Why = "split", missing
		}
		if _, n := volumeOf(bareName(src.Name)); n > 0 && report.Cause == "damaged" {
			report.Cause, report.Why = "split", report.Why+": one volume of several"
		}
		if resumable(report.Cause) || w.source != nil {
			report.Next = w.next(b)
		}
	}
	return report, nil
}

// Position takes a Next apart: the index of the member of the outermost
// container that comes next, and how many of the members inside of it were
// visited already.
func Position(next int) (index, within int) {
	return next & (1<<withinShift - 1), next >> withinShift
}

const withinShift = 31

// resumable tells whether a later walk would get further.
func resumable(cause string) bool { return cause == "limit_time" }

// heldStream is how much of a stream is held in memory for a format that can be
// read from front to back too, only with less certainty.
const heldStream = 32 << 20

// walk is one walk through an outermost container and all that is in it.
type walk struct {
	ctx      context.Context
	o        Options
	limits   Limits
	visit    Visit
	formats  []format
	deadline time.Time
	reads    int // since the clock was last looked at

	index    int  // of the member of the outermost container under way
	within   int  // members inside of it that were visited, or passed over
	done     bool // that member is done with
	from     int  // first index that is visited
	skip     int  // members inside of that one that are passed over
	entries  int  // members and containers so far
	leaves   int
	unpacked int64
	held     int64 // bytes of memory under reservation
	windows  int64 // bytes of the dictionaries of the decompressors at work

	over     *Fault // a limit of the whole walk was reached
	source   error  // the source could not be read
	visiting bool   // the visitor is at work: a panic is its own
	ended    error  // what visit or ctx ended the walk with
}

func newWalk(ctx context.Context, o Options, visit Visit) *walk {
	w := &walk{ctx: ctx, o: o, limits: o.Limits.orDefault(), visit: visit, formats: formats()}
	if w.limits.Time > 0 {
		w.deadline = time.Now().Add(w.limits.Time)
	}
	w.from, w.skip = Position(max(o.From, 0))
	w.entries = w.from
	return w
}

// orDefault replaces zeros by the defaults.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		Depth: cmp.Or(l.Depth, d.Depth), Members: cmp.Or(l.Members, d.Members), Total: cmp.Or(l.Total, d.Total), Ratio: cmp.Or(l.Ratio, d.Ratio),
		Window: cmp.Or(l.Window, d.Window), Memory: cmp.Or(l.Memory, d.Memory), Time: l.Time,
	}
}

// next is where a later walk goes on.
func (w *walk) next(b *box) int {
	switch {
	case !w.done && w.within == 0:
		return w.index
	case !w.done:
		return w.index | w.within<<withinShift
	case b.count >= 0 && w.index+1 >= b.count:
		return 0
	}
	return w.index + 1
}

// stopped returns why the container b cannot go on, or nil.
func (w *walk) stopped(b *box) error {
	if w.ended != nil {
		return w.ended
	}
	if w.over != nil {
		return w.over
	}
	if w.source != nil {
		return w.source
	}
	for ; b != nil; b = b.parent {
		if b.over != nil {
			return b.over
		}
	}
	return nil
}

// openAs opens b as a container of this format, and says in the box how it went.
func (w *walk) openAs(b *box, f *format) error {
	if f == nil {
		return &Fault{Code: "unsupported", Why: "the bytes are of no container that is known"}
	}
	b.format = f.name
	open := f.open
	if f.random && b.at == nil {
		limit := max(w.limits.Memory-w.limits.Window, w.limits.Memory/2)
		if f.stream != nil {
			limit = min(limit, heldStream)
		}
		if err := w.hold(b, limit); err != nil {
			if f.stream == nil || w.stopped(b) != nil {
				return err
			}
			w.letGo(b) // what was read is let go as it is read again
			open = f.stream
		}
	}
	err := w.fenced(open, b)
	w.letGo(b)
	return err
}

// fenced turns the panic of a decoder into damage. They have had panics on
// hostile bytes before, and one container must not end the daemon. A visitor's
// panic is no container's fault, and passes.
func (w *walk) fenced(open func(*walk, *box) error, b *box) (err error) {
	defer func() {
		if !w.visiting {
			fence(recover(), &err)
		}
	}()
	return open(w, b)
}

func fence(broken any, err *error) {
	if broken != nil {
		*err = fault("damaged", "the decoder gave up: %s", cut(clean(fmt.Sprint(broken)), 200))
	}
}

// tell visits one member, unless an earlier walk did.
func (w *walk) tell(b *box, m Member, body *meter) error {
	if b.depth > 0 || m.Format != "" {
		if w.index == w.from && w.within < w.skip {
			w.within++
			return w.stopped(b)
		}
	}
	if !m.Dir && m.Format == "" {
		w.leaves++
	}
	var err error
	w.visiting = true
	if body == nil {
		err = w.visit(m, nil)
	} else {
		err = w.visit(m, body)
	}
	w.visiting = false
	if err != nil {
		w.ended = err
	}
	if w.source != nil && err == nil {
		return w.source // that member has to be visited again
	}
	if b.depth == 0 {
		w.done = true
	} else {
		w.within++
	}
	return w.stopped(b)
}
