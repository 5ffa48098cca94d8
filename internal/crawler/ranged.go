package crawler

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	leastAhead = 512 << 10 // bytes of the smallest range: a round through Tor costs more than they do
	mostAhead  = 4 << 20   // of a range when it is read on and on
	rangeCache = 8 << 20   // bytes kept of all that one visit reads by ranges
	overlap    = 64        // bytes that are asked for twice, to find out lies
	rangeTries = 3         // failures in a row without a byte
	rangeCrawl = 16        // and with next to none
)

// ranges is the reading of files by ranges in one visit: what is kept of them,
// and why no more can be had.
type ranges struct {
	v    *visiting
	ctx  context.Context
	mu   sync.Mutex
	kept []stretch // what was used last is last
	fail *refusal  // the first failure: nothing is asked for after it

	tries, slow int // ranges in a row without a byte, and with next to none
}

// stretch is a piece of a file.
type stretch struct {
	file *ranged
	from int64
	body []byte
}

func (s *stretch) to() int64 { return s.from + int64(len(s.body)) }

// ranged is a file that is read by ranges: an io.ReaderAt over HTTP. It reads
// ahead, and keeps a little of what came.
type ranged struct {
	*ranges
	request request
	size    int64
	version string // what If-Range asks for, "" when the server names none
	head    []byte // the first bytes
	next    int64  // where the last range ended
	ahead   int64  // what the next one asks for
}

// newRanged begins with a first range from the beginning of the file.
func (r *ranges) newRanged(q request, a answer) *ranged {
	f := &ranged{ranges: r, request: request{url: q.url, referer: q.referer}, size: a.size, version: versionOf(a), ahead: leastAhead}
	f.head = bytes.Clone(a.body[:min(len(a.body), overlap)])
	f.next = int64(len(a.body))
	f.keep(0, a.body)
	return f
}

// versionOf is the validator that a range may be bound to: a strong ETag or a
// date.
func versionOf(a answer) string {
	if len(a.etag) > 2 && a.etag[0] == '"' {
		return a.etag
	}
	return a.lastModified
}

// ReadAt reads from what is kept, and asks for the rest. Its errors, but for
// io.EOF, know their cause.
func (f *ranged) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= f.size || off < 0 {
			return n, io.EOF
		}
		if got := f.recall(p[n:], at); got > 0 {
			n += got
			continue
		}
		if why := f.ask(at, int64(len(p)-n)); why != nil {
			return n, broken{why}
		}
	}
	return n, nil
}

// beginning is the first n bytes, also when less of them came at first.
func (f *ranged) beginning(n int64) ([]byte, *refusal) {
	body := make([]byte, min(n, f.size))
	if _, err := f.ReadAt(body, 0); err != nil {
		return nil, f.fail
	}
	return body, nil
}

// ofRanges says that a file may be had without them.
func (r *refusal) ofRanges() bool { return r.Cause == RangeLies || r.Cause == RangeIgnored }

// recall copies what is kept from at on.
func (f *ranged) recall(p []byte, at int64) int {
	for i := len(f.kept) - 1; i >= 0; i-- {
		s := f.kept[i]
		if s.file == f && s.from <= at && at < s.to() {
			f.kept = append(slices.Delete(f.kept, i, i+1), s)
			return copy(p, s.body[at-s.from:])
		}
	}
	return 0
}

// keep remembers a piece, and forgets what was not used for longest.
func (f *ranged) keep(from int64, body []byte) {
	if cap(body) > 2*len(body) { // of one that was to be longer
		body = bytes.Clone(body)
	}
	f.kept = append(f.kept, stretch{f, from, body})
	held := 0
	for i := len(f.kept) - 1; i >= 0; i-- {
		if held += len(f.kept[i].body); held > rangeCache && i < len(f.kept)-1 {
			f.kept = slices.Delete(f.kept, 0, i+1)
			return
		}
	}
}

// ask gets a range that holds the byte at at, and up to need bytes from there
// on when it can.
func (f *ranged) ask(at, need int64) *refusal {
	if at == f.next {
		f.ahead = min(2*f.ahead, mostAhead)
	} else {
		f.ahead = leastAhead
	}
	from, to := at, min(at+max(f.ahead, min(need, mostAhead)), f.size)
	if to == f.size && to-from < leastAhead { // who reads the end reads on before it
		from = max(to-leastAhead, 0)
	}
	from, to = f.fresh(from, at, to)
	for {
		if f.fail == nil {
			f.fail = f.v.overBudget(0)
		}
		if f.fail != nil {
			return f.fail
		}
		got, failed := f.get(from, to)
		f.judge(got, to-from, failed)
		if f.next = from + got; at < f.next {
			return nil // also when less came than was asked for: it is asked for again
		}
		from = f.next
	}
}

// judge says after each range whether another one is worth asking for.
func (r *ranges) judge(got, asked int64, failed *refusal) {
	switch {
	case got > 0 && got >= min(asked/4, leastAhead/8):
		r.tries, r.slow = 0, 0
		return
	case got > 0:
		r.tries, r.slow = 0, r.slow+1
	default:
		r.tries++
	}
	if failed == nil {
		failed = &refusal{Partial, "ranges of a few bytes each"}
	}
	if !again(failed.Cause) || r.tries == rangeTries || r.slow == rangeCrawl {
		r.fail = failed
	}
}

// fresh leaves out what is kept already around at.
func (f *ranged) fresh(from, at, to int64) (int64, int64) {
	for _, s := range f.kept {
		switch {
		case s.file != f:
		case s.to() <= at:
			from = max(from, s.to())
		case s.from > at:
			to = min(to, s.from)
		}
	}
	return from, to
}

// again says whether a range that ended so is worth another request at once.
func again(c Cause) bool {
	return c == Partial || c == ConnectionLost || c == TimeoutFetch || c == TooSlow || c == BrokenHTTP
}

// get sends one request, and keeps what came of it. It returns how many bytes
// came, and what went wrong.
func (f *ranged) get(from, to int64) (int64, *refusal) {
	if err := f.v.await(f.ctx); err != nil {
		return 0, &refusal{Stopped, "told to stop between two ranges"}
	}
	before := f.before(from)
	q := f.request
	q.from, q.to, q.version = from-int64(len(before)), to, f.version
	a := fetch(f.ctx, f.v.place.transport, q, f.v.rangeLimits())
	f.v.fetched(a)
	if why := f.wrong(a, q, before); why != nil {
		return 0, why
	}
	body := a.body[min(len(before), len(a.body)):]
	if len(body) > 0 {
		f.keep(from, body)
	}
	if a.cause != "" {
		return int64(len(body)), &refusal{a.cause, a.why}
	}
	return int64(len(body)), nil
}

// before is the end of what is kept before from: it is asked for again.
func (f *ranged) before(from int64) []byte {
	for _, s := range f.kept {
		if s.file == f && s.to() == from && len(s.body) > 0 {
			return s.body[max(len(s.body)-overlap, 0):]
		}
	}
	return nil
}

// wrong says what is wrong with an answer that is no failure of the way: no
// range, one of another file, or other bytes than before.
func (f *ranged) wrong(a answer, q request, before []byte) *refusal {
	switch {
	case a.status == 200 && f.version != "" && versionOf(a) != f.version:
		return &refusal{RangeIgnored, "another version came in its place while it was read"}
	case a.status == 416:
		return &refusal{RangeLies, "it took ranges before, and takes none now"}
	case a.size == 0 && a.cause == "": // another status of success
		return &refusal{RangeLies, fmt.Sprintf("status %d for a range", a.status)}
	case a.size == 0:
		return &refusal{a.cause, a.why}
	case a.size != f.size:
		return &refusal{RangeLies, fmt.Sprintf("the file has %d bytes, and now %d", f.size, a.size)}
	}
	n := min(len(before), len(a.body))
	same := min(len(f.head), len(a.body))
	switch {
	case !bytes.Equal(before[:n], a.body[:n]):
		return &refusal{RangeLies, fmt.Sprintf("other bytes at %d than before", q.from)}
	case q.from >= int64(same) && same == len(f.head) && telling(f.head) && bytes.Equal(f.head, a.body[:same]):
		return &refusal{RangeLies, fmt.Sprintf("at %d begins the file anew", q.from)}
	}
	return nil
}

// verify asks for bytes that are known, where a container is damaged: are they
// the same? What else goes wrong with the request says nothing.
func (f *ranged) verify() *refusal {
	if f.v.await(f.ctx) != nil || len(f.head) < overlap {
		return nil
	}
	q := f.request
	q.from, q.to, q.version = overlap/2, min(volumeAhead, f.size), f.version
	a := fetch(f.ctx, f.v.place.transport, q, f.v.rangeLimits())
	ended := f.v.res.outcome
	f.v.fetched(a)
	f.v.end(ended.Cause, "%s", ended.Why)
	if a.size == 0 || len(a.body) < overlap/2 || bytes.HasPrefix(a.body, f.head[overlap/2:]) {
		return nil
	}
	return &refusal{RangeLies, fmt.Sprintf("other bytes at %d than before", q.from)}
}

// telling says that bytes are not all the same.
func telling(b []byte) bool {
	return len(b) >= overlap/2 && len(bytes.TrimLeft(b, string(b[:1]))) > 0
}

// await lets the host rest after the last fetch of this visit.
func (v *visiting) await(ctx context.Context) error {
	d := time.Until(when(v.res.rest))
	if v.res.rest == 0 || d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
