package crawler

import (
	"container/heap"
	"fmt"
	"math"
	"time"
)

// The frontier. Which links are known and due stands in the store; in memory
// are only the hosts, in the order in which they may be visited next, and the
// leases. A lease is never written: after a crash its link is still due.

const (
	never   = math.MaxInt64
	noIndex = -1 // a host that waits for nothing stands in no queue
)

// host is one place of pacing.
type host struct {
	hostRecord
	delay    time.Duration // the strictest of its sites
	parallel int
	queues   []*queue
	leased   int
	refusals int   // general failures of our Tor in a row, for which nobody is blamed
	at       int64 // ms, when it may be visited next
	index    int   // in the hostQueue
}

// queue holds what one site has at one host.
type queue struct {
	site  *watch
	host  *host
	heads [laneHeld]int64 // when the first link of a lane is due that is not leased
}

// lease is the right and the duty to visit one link.
type lease struct {
	site     *watch
	place    *place
	options  *Options
	host     *host  // its fields are guarded by Crawler.mu
	hostName string // of host: transactions run without that lock
	link     link
	page     string // where the link stood
	round    round  // that it belongs to
	at       int64  // ms
	horizon  int64  // of Once, ms; 0: Run
}

// take leases the link that has waited longest at the host that may be visited
// first. Without one it returns when to ask again: never, when only Done or
// Configure can change that. A round whose budget is used is returned instead,
// to be ended first.
func (c *Crawler) take(now int64) (l *lease, spent *watch, again int64, err error) {
	for len(c.ready) > 0 {
		h := c.ready[0]
		if at := c.availableAt(h, now); at != h.at { // time has closed or opened something
			c.settle(h, now)
			continue
		}
		if h.at > now {
			return nil, nil, h.at, nil
		}
		q, in := c.choose(h, now)
		if w := q.site; w.mustEnd(in, now) != "" {
			return nil, w, now, nil
		}
		l, err := c.lease(q, in, now)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("take a link of %s: %w", q.site.Name, err)
		}
		if l != nil {
			return l, nil, now, nil
		}
		c.settle(h, now)
	}
	return nil, nil, never, nil
}

// mustEnd says with which budget the round of w ends before a link of a lane
// may be taken, or "".
func (w *watch) mustEnd(in lane, now int64) Cause {
	r := &w.rec.Round
	if !r.running() || r.Anew && in == laneSeed {
		return ""
	}
	if cause := r.over(&w.SiteConfig, now); cause != "" {
		return cause
	}
	if in.pages() && r.pagesUsed(&w.SiteConfig, 0) {
		return BudgetPages
	}
	return ""
}

// choose picks the lane of h to serve next.
func (c *Crawler) choose(h *host, now int64) (*queue, lane) {
	var best *queue
	var bestLane lane
	rank := func(in lane) lane { return min(in, laneFresh) }
	for _, q := range h.queues {
		for _, in := range dueLanes() {
			switch at := c.laneAt(q, in); {
			case at > now:
			case best == nil, rank(in) < rank(bestLane),
				rank(in) == rank(bestLane) && q.heads[in] < best.heads[bestLane]:
				best, bestLane = q, in
			}
		}
	}
	return best, bestLane
}

// lease takes the first link of a lane that is not under way.
func (c *Crawler) lease(q *queue, in lane, now int64) (*lease, error) {
	w, h := q.site, q.host
	l := &lease{site: w, place: w.place, options: c.options, host: h, hostName: h.Name, at: now, horizon: c.horizon}
	err := c.memory.view(func(r records) error {
		key, found := linkKey{}, false
		err := r.queued(w.rec.ID, h.ID, in, 0, func(due int64, k linkKey) bool {
			if due > now {
				return false
			}
			key, found = k, !c.leased[linkID{w.rec.ID, k}]
			return !found
		})
		if err != nil {
			return err
		}
		if found {
			known := false
			if l.link, known, err = r.link(w.rec.ID, key); err == nil && !known {
				err = corrupt(bucketDue, key[:])
			}
			if err != nil {
				return err
			}
			if l.page, err = pageOf(r, &l.link); err != nil {
				return err
			}
			c.leased[linkID{w.rec.ID, key}] = true
		}
		return c.readHeads(r, q)
	})
	if err != nil || l.link.url == "" {
		return nil, err
	}
	h.leased++
	if in.pages() {
		w.ahead++
	}
	w.rec.Round.open(in == laneSeed, w.Interval, now)
	l.round = w.rec.Round
	c.settleSite(w, now)
	return l, nil
}

// pageOf follows redirects back to the page on which the link stood.
func pageOf(r records, l *link) (string, error) {
	at := *l
	for i := 0; at.foundOn != (linkKey{}) && i < 32; i++ {
		from, known, err := r.link(at.site, at.foundOn)
		if err != nil || !known {
			return "", err
		}
		if at.hops == 0 {
			return from.url, nil
		}
		at = from
	}
	return "", nil
}

// readHeads reads when the lanes of q begin, leases left out.
func (c *Crawler) readHeads(r records, q *queue) error {
	for _, in := range dueLanes() {
		q.heads[in] = never
		err := r.queued(q.site.rec.ID, q.host.ID, in, 0, func(due int64, k linkKey) bool {
			if c.leased[linkID{q.site.rec.ID, k}] {
				return true
			}
			q.heads[in] = due
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// laneAt is when the first link of a lane may be visited, as far as its site
// is concerned.
func (c *Crawler) laneAt(q *queue, in lane) int64 {
	w, due := q.site, q.heads[in]
	r := &w.rec.Round
	switch {
	case due == never || w.paused != 0:
		return never
	case c.horizon != 0 && in.visited() && due > c.horizon:
		return never
	case !r.spentBudget() && !(r.running() && in.pages() && r.pagesUsed(&w.SiteConfig, w.ahead)):
		return due
	case in != laneSeed:
		return never // until the next round
	}
	gate := max(due, r.gate(w.Interval))
	if c.horizon != 0 && gate > c.horizon {
		return never
	}
	return gate
}

// availableAt is when h may be visited next.
func (c *Crawler) availableAt(h *host, now int64) int64 {
	if h.leased >= max(h.parallel, 1) {
		return never
	}
	at := int64(never)
	for _, q := range h.queues {
		for _, in := range dueLanes() {
			at = min(at, c.laneAt(q, in))
		}
	}
	if at == never || c.horizon != 0 && h.Retry > now {
		return never
	}
	return max(at, h.Rest, h.Retry)
}

// settle puts h where it belongs among the hosts.
func (c *Crawler) settle(h *host, now int64) {
	h.at = c.availableAt(h, now)
	switch {
	case h.at == never && h.index != noIndex:
		heap.Remove(&c.ready, h.index)
	case h.at != never && h.index == noIndex:
		heap.Push(&c.ready, h)
	case h.at != never:
		heap.Fix(&c.ready, h.index)
	}
}

// settleSite settles all hosts of a site: its round decides over all of them.
func (c *Crawler) settleSite(w *watch, now int64) {
	for _, q := range w.queues {
		c.settle(q.host, now)
	}
}

// release gives a lease back: the link is free, its host rests.
func (c *Crawler) release(l *lease) {
	id := linkID{l.link.site, l.link.key}
	if !c.leased[id] {
		panic("crawler: unreachable: a lease is given back twice")
	}
	delete(c.leased, id)
	l.host.leased--
	if l.link.lane.pages() {
		l.site.ahead--
	}
}

// hostQueue is a heap of hosts by the time at which they may be visited.
type hostQueue []*host

func (q hostQueue) Len() int           { return len(q) }
func (q hostQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q hostQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is for container/heap.
func (q *hostQueue) Push(x any) {
	h := x.(*host)
	h.index = len(*q)
	*q = append(*q, h)
}

// Pop is for container/heap.
func (q *hostQueue) Pop() any {
	old := *q
	h := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	h.index = noIndex
	return h
}
