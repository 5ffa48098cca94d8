package crawler

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// result is all that a visit leaves behind.
type result struct {
	outcome    Outcome
	link       link        // as it was taken, with what is known of its content now
	changed    bool        // other content than last time
	wake       linkKey     // another link of the site, which is due at once now; zero: none
	soon       bool        // what it waits for may be there in a minute
	onward     bool        // a part of a container is left, or all of it, for which the link is due at once
	redirected bool        // it led somewhere else: no content of its own
	found      []discovery // links that it showed
	pictures   Pictures    // looked at on the way
	containers Containers
	members    int
	lines      []line        // what was not looked at, or not wholly
	keeping    keeping       // of the lines of visits before
	retryAfter time.Duration // that the host asked for
	rest       int64         // ms, until when the host rests
	fetched    int64         // ms, the end of the fetch; 0: nothing was fetched
	at         int64         // ms, the end of the visit
}

// discovery is a link that a visit came upon.
type discovery struct {
	key   linkKey
	url   string
	host  string
	kind  refKind
	depth int
	hops  int
	seed  bool // a seed redirected to it
	later int  // ms, by which it is due behind the others
}

// done commits all that a visit changes, in one transaction: the link with its
// next due time, the links that it showed, the pace of its host, the counters of
// its round, the ledger and the state of its site. It returns after the fsync,
// and says whether there is something to tell.
func (c *Crawler) done(l *lease, res *result) (news bool, err error) {
	tidy(res)
	var rec siteRecord
	var hosts map[string]hostRecord
	err = c.memory.update(func(r records) error {
		rec, hosts = siteRecord{}, map[string]hostRecord{}
		return write(r, l, res, &rec, hosts)
	})
	if err != nil {
		return false, fmt.Errorf("done with a link of %s: %w", l.place.Name, err)
	}
	return len(rec.Untold) > 0, c.leave(l, res, rec, hosts)
}

// tidy sorts the found links by key, which lets the store write neighbours
// together, and leaves each once: as a page where it stands as a page too.
func tidy(res *result) {
	slices.SortFunc(res.found, func(a, b discovery) int {
		return cmp.Or(bytes.Compare(a.key[:], b.key[:]), cmp.Compare(kindByte(a.kind), kindByte(b.kind)), a.depth-b.depth)
	})
	res.found = slices.CompactFunc(res.found, func(a, b discovery) bool { return a.key == b.key })
}

// write is the transaction of done.
func write(r records, l *lease, res *result, rec *siteRecord, hosts map[string]hostRecord) error {
	var known bool
	var err error
	if *rec, known, err = r.site(l.place.Name); err != nil {
		return err
	}
	if !known {
		return corrupt(bucketSites, []byte(l.place.Name))
	}
	rec.Round.merge(&l.round)
	if err := enter(r, rec.ID, res); err != nil {
		return err
	}
	if res.outcome.Cause.Class() != ClassOurs {
		if err := writeHost(r, l, res, hosts); err != nil {
			return err
		}
		if err := writeLink(r, l, res, rec); err != nil {
			return err
		}
		if err := wake(r, l, res, rec.ID); err != nil {
			return err
		}
		for i := range res.found {
			if err := writeFound(r, l, &res.found[i], rec, hosts, res.at); err != nil {
				return err
			}
		}
		if res.link.kind == kindPage && res.link.content != contentPicture && res.link.content != contentContainer {
			rec.Round.Pages++
		}
		if err := rec.see(r, l, res); err != nil {
			return err
		}
	}
	rec.Round.Bytes += res.outcome.Bytes
	if err := closeRound(r, l, rec, res); err != nil {
		return err
	}
	if err := r.putNote(noteAlive, res.at); err != nil {
		return err
	}
	return r.putSite(rec)
}

// enter writes the ledger.
func enter(r records, site uint32, res *result) error {
	slot := slotOf(res.at)
	t, err := r.tally(site, slot)
	if err != nil {
		return err
	}
	if t.causes == nil {
		t.causes = map[Cause]int{}
	}
	t.causes[res.outcome.Cause]++
	t.pictures.add(res.pictures)
	t.containers.add(res.containers)
	t.members += res.members
	t.bytes += res.outcome.Bytes
	return r.putTally(site, slot, &t)
}

// writeHost keeps the pace of the host that was fetched from.
func writeHost(r records, l *lease, res *result, hosts map[string]hostRecord) error {
	h, known, err := r.host(l.hostName)
	if err != nil {
		return err
	}
	if !known {
		return corrupt(bucketHosts, []byte(l.hostName))
	}
	if res.fetched != 0 {
		h.Last = max(h.Last, res.fetched)
		h.Rest = max(h.Rest, res.rest)
		h.Retry = max(h.Retry, res.fetched+min(res.retryAfter, maxRetryAfter).Milliseconds())
		if res.retryAfter == 0 && h.Retry <= res.fetched {
			h.Retry = 0
		}
		h.Fails++
		if !hostDown(res.outcome) {
			h.Fails = 0
		}
		if h.Fails >= hostPatience {
			// No seed waits for longer than its interval: it is how we see that the host is back.
			wait := jitter(backoff(h.Fails-hostPatience+1, max(l.place.Interval, minInterval)))
			h.Retry = max(h.Retry, res.fetched+wait.Milliseconds())
		}
	}
	hosts[h.Name] = h
	return r.putHost(&h)
}

// writeLink reschedules the link that was visited.
func writeLink(r records, l *lease, res *result, rec *siteRecord) error {
	old, known, err := r.link(rec.ID, l.link.key)
	if err != nil {
		return err
	}
	if !known {
		return corrupt(bucketLinks, l.link.key[:])
	}
	now := res.link // but what others may have written since stays
	now.kind, now.depth, now.hops, now.seed, now.foundOn = old.kind, old.depth, old.hops, old.seed, old.foundOn
	p := replan(&now, res.outcome, res.changed, res.retryAfter, &l.place.SiteConfig, when(res.at))
	now.due, now.interval, now.tries, now.last = p.due, p.interval, p.tries, res.at
	if res.onward { // the rest of a container: due behind all that is due
		now.due, now.interval, now.tries = l.atOnce(res.at), old.interval, 0
	}
	if res.soon {
		now.due = res.at + retries()[0].Milliseconds()
	}
	if readable(res.outcome.Cause) && now.judgedBefore(l.options.sights()) {
		now.due = res.at // the sight has changed since, and its walk may have passed
	}
	rec.count(old.cause, -1)
	now.cause, now.why = res.outcome.Cause, res.outcome.Why
	rec.count(now.cause, 1)
	if now.lane = now.laneFor(l.place.Depth); now.lane == laneHeld {
		now.due = int64(now.depth)
	}
	if err := writeLines(r, &old, &now, res, rec); err != nil {
		return err
	}
	if err := r.putLink(&old, &now); err != nil {
		return err
	}
	if now.seed && old.target != now.target && old.target != (linkKey{}) {
		return demote(r, rec.ID, old.target, l.place.Depth)
	}
	return nil
}

// wake makes another link due.
func wake(r records, l *lease, res *result, site uint32) error {
	if res.wake == (linkKey{}) {
		return nil
	}
	old, known, err := r.link(site, res.wake)
	if err != nil || !known || old.lane == laneHeld {
		return err
	}
	now := old
	now.due = min(old.due, l.atOnce(res.at))
	return r.putLink(&old, &now)
}

// atOnce is a due time at which a link is visited again in the same round, also
// in that of Once.
func (l *lease) atOnce(now int64) int64 {
	if l.horizon != 0 {
		return min(now, l.horizon)
	}
	return now
}

// demote makes a link that a seed redirected to an ordinary one again: else a
// seed that leads elsewhere each day would make ever more of them.
func demote(r records, site uint32, key linkKey, depth int) error {
	old, known, err := r.link(site, key)
	if err != nil || !known || !old.seed || old.hops == 0 {
		return err
	}
	l := old
	l.seed = false
	l.lane = l.laneFor(depth)
	return r.putLink(&old, &l)
}

// writeFound adds a link, or learns that a known one stands nearer than it was
// thought to.
func writeFound(r records, l *lease, d *discovery, rec *siteRecord, hosts map[string]hostRecord, at int64) error {
	old, known, err := r.link(rec.ID, d.key)
	if err != nil {
		return err
	}
	if known {
		return nearer(r, l, d, rec, old, at)
	}
	h, known := hosts[d.host]
	if !known {
		if h, known, err = r.host(d.host); err != nil {
			return err
		}
		if !known {
			h = hostRecord{Name: d.host}
			if err := r.putHost(&h); err != nil {
				return err
			}
		}
		hosts[d.host] = h
	}
	n := link{site: rec.ID, key: d.key, host: h.ID, url: d.url, kind: d.kind, depth: d.depth, hops: d.hops,
		seed: d.seed, foundOn: l.link.key, due: at + int64(d.later)}
	if n.lane = n.laneFor(l.place.Depth); n.lane == laneHeld {
		n.due, n.cause = int64(n.depth), LimitDepth
	}
	rec.Links++
	rec.count(n.cause, 1)
	return r.putLink(nil, &n)
}

// nearer is writeFound of a known link.
func nearer(r records, l *lease, d *discovery, rec *siteRecord, old link, at int64) error {
	n := old
	held := old.lane == laneHeld
	switch {
	case d.kind == kindPage && d.depth > l.place.Depth:
		return nil // no use to anybody
	case held:
		n.kind, n.depth, n.foundOn = d.kind, d.depth, l.link.key
	case d.kind == kindPage && old.kind != kindPage:
		n.kind, n.depth = kindPage, d.depth
	case d.depth < old.depth:
		n.depth = d.depth
	}
	n.hops, n.seed = min(n.hops, d.hops), n.seed || d.seed
	n.lane = n.laneFor(l.place.Depth)
	if held {
		rec.count(n.cause, -1)
		n.cause, n.due = "", at
	}
	if old.cause == NotAPicture && old.kind != n.kind {
		n.due = at // it was asked for as a picture, and is a page
	}
	if n == old {
		return nil
	}
	return r.putLink(&old, &n)
}

// closeRound ends a round that has nothing left to do, or no budget to do it.
func closeRound(r records, l *lease, rec *siteRecord, res *result) error {
	now := res.at
	pages, others, err := dueAny(r, rec.ID, now)
	if err != nil {
		return err
	}
	over := rec.Round.over(&l.place.SiteConfig, now)
	switch {
	case isBudget(res.outcome.Cause): // it broke a container off
		rec.Round.end(string(res.outcome.Cause), now)
	case !pages && !others:
		rec.Round.end(endDone, now)
	case over != "":
		rec.Round.end(string(over), now)
	case !others && rec.Round.pagesUsed(&l.place.SiteConfig, 0):
		rec.Round.end(string(BudgetPages), now)
	}
	return nil
}

// dueAny says whether pages or other links of a site are due. What is under
// way counts: it is due until it is done.
func dueAny(r records, site uint32, now int64) (pages, others bool, err error) {
	err = r.queues(site, func(host uint32) error {
		for _, in := range dueLanes() {
			there := false
			err := r.queued(site, host, in, 0, func(due int64, _ linkKey) bool {
				there = due <= now
				return false
			})
			if err != nil {
				return err
			}
			pages, others = pages || there && in.pages(), others || there && !in.pages()
		}
		return nil
	})
	return pages, others, err
}

// leave gives the lease back and takes the committed state over into memory.
func (c *Crawler) leave(l *lease, res *result, rec siteRecord, hosts map[string]hostRecord) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(l)
	c.counts.add(res)
	for _, h := range hosts {
		// Others may have fetched since, and been here before us.
		if at := c.hosts[h.Name]; at != nil && h.Last >= at.Last {
			h.Rest, h.Retry = max(h.Rest, at.Rest), max(h.Retry, at.Retry)
			at.hostRecord = h
		}
	}
	now := ms(time.Now())
	c.settle(l.host, now)
	w := c.sites[l.place.Name]
	if w == nil {
		c.poke() // configured no more
		return nil
	}
	w.learn(rec)
	err := c.memory.view(func(r records) error {
		touched := slices.Collect(maps.Values(hosts))
		if len(touched) == 0 {
			touched = append(touched, l.host.hostRecord)
		}
		for _, h := range touched {
			if err := c.readHeads(r, c.queueOf(w, h)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.settleSite(w, now)
	c.poke()
	return nil
}
