package crawler

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The pace of visits. All of these are rules without a memory of their own.

const (
	maxPause      = time.Minute    // between two fetches of a host
	maxRetryAfter = 24 * time.Hour // that we obey
	rest429       = time.Minute    // after "too many requests" without a Retry-After
	minInterval   = time.Second    // nothing is ever due in the past, or at once
	hostPatience  = 3              // failures in a row before a whole host rests
)

// retries are the waits after failures in a row; then the last one doubles.
func retries() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}
}

// backoff is the wait after so many failures in a row, at most ceiling.
func backoff(tries int, ceiling time.Duration) time.Duration {
	steps := retries()
	wait := steps[min(max(tries, 1), len(steps))-1]
	for i := len(steps); i < tries && wait < ceiling; i++ {
		wait *= 2
	}
	return max(min(wait, ceiling), minInterval)
}

// jitter makes d up to a tenth longer, so that waits do not end together.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}

// pause is the rest of a host after a fetch. A delay of 0 turns it off.
func pause(delay, took time.Duration) time.Duration {
	if delay <= 0 {
		return 0
	}
	return jitter(min(max(delay, 3*took), maxPause))
}

// hostDown says whether o tells that nobody answers at a host at all.
func hostDown(o Outcome) bool {
	class := o.Cause.Class()
	return class == ClassOnion || class == ClassConnection && o.Status == 0
}

// plan is when a link is due again.
type plan struct {
	due      int64         // ms
	interval time.Duration // the adaptive one
	tries    int           // failures in a row
}

// replan decides when l is due again after a visit that ended in o. changed
// says whether other content stood there than last time.
func replan(l *link, o Outcome, changed bool, retryAfter time.Duration, site *SiteConfig, now time.Time) plan {
	p := plan{interval: l.interval, tries: l.tries}
	low, high := max(site.Interval, minInterval), max(site.MaxInterval, site.Interval, minInterval)
	var wait time.Duration
	switch {
	case !failure(o.Cause) && readable(o.Cause):
		p.tries = 0
		p.interval = adapt(l, changed, low, high)
		wait = p.interval
	case failure(o.Cause) && !final(o.Cause):
		p.tries++
		wait = jitter(backoff(p.tries, high))
	default:
		p.tries++
		wait = high
	}
	if l.seed {
		wait = min(wait, low)
	}
	p.due = ms(now.Add(max(wait, min(retryAfter, maxRetryAfter))))
	return p
}

// adapt lets the interval follow the content: what changes is looked at more
// often, what stands still less. Pictures hardly ever change: theirs grows
// fast, so that sites are not asked for the same bytes again and again.
func adapt(l *link, changed bool, low, high time.Duration) time.Duration {
	next := l.interval
	switch {
	case next == 0:
		next = low
	case changed:
		next = next * 8 / 10
	case l.content == contentPicture, l.content == contentContainer:
		next *= 4
	default:
		next = next * 14 / 10
	}
	return min(max(next, low), high)
}

// readable causes left content behind, whole or in part.
func readable(c Cause) bool {
	switch c.Class() {
	case ClassSeen, ClassPicture, ClassContainer:
		return true
	}
	switch c {
	case LimitPage, LimitLinks, LimitMemory, LimitMembers, LimitTotal, LimitNesting, LimitWindow:
		return true
	}
	return false
}

// failure says whether c tells that no content could be had.
func failure(c Cause) bool {
	switch c.Class() {
	case ClassOnion, ClassConnection, ClassHTTP:
		return true
	}
	return false
}

// final failures will hardly heal: they are tried again at the ceiling only.
func final(c Cause) bool {
	return slices.Contains([]Cause{HTTP404, HTTP410, HTTP4xx, OnionBadAddress}, c)
}

// sees says whether something of the site was seen: content, if only a part of
// it, or a picture that could not be judged.
func sees(o Outcome) bool {
	switch o.Cause {
	case LimitPage, LimitLinks, LimitFrames, Partial, LowQuality, TooSmall, Flat, LimitMemory, LimitMembers, LimitTotal, LimitNesting, LimitWindow:
		return o.Status/100 == 2
	}
	if o.Cause.Class() == ClassContainer {
		return o.Status/100 == 2
	}
	return o.Cause.Class() == ClassSeen
}

// miss says whether o counts towards blindness. A dead or broken link, or a file
// that does not come to its end, proves nothing about its site. A seed does,
// also one that leads out of scope or gives what we cannot read.
func miss(o Outcome, seed bool) bool {
	switch {
	case o.Cause.Class() == ClassOurs || sees(o):
		return false
	case seed:
		return true
	case o.Cause == HTTP403, o.Cause == HTTP404, o.Cause == HTTP410, o.Cause == HTTP4xx, o.Cause == BrokenHTTP:
		return false
	}
	return failure(o.Cause) && o.Status/100 != 2
}

func ms(t time.Time) int64 { return t.UnixMilli() }

// when turns milliseconds into a time; 0 is the zero time.
func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
