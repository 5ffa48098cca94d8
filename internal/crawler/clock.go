package crawler

import (
	"fmt"
	"time"
)

// What becomes of due times when the clock turns out to have been wrong: no
// link waits until the year 2100 because a visit took place in it.

// clockJump is a difference between what passed and what the clock says that
// passed from which due times are looked through again.
const clockJump = 10 * time.Minute

// jumped says whether the clock was set since last.
func jumped(last, now time.Time) bool {
	passed, says := now.Sub(last), now.Round(0).Sub(last.Round(0))
	return (passed - says).Abs() > clockJump
}

// latest is the latest time for which a visit of now makes a link due.
func (s *SiteConfig) latest(in lane, now int64) int64 {
	wait := max(s.Interval, minInterval) // seeds are never due later; a host that asked us to wait is left alone anyway
	if in != laneSeed {
		wait = max(s.MaxInterval, wait, maxRetryAfter)
		wait += wait / 10
	}
	return now + wait.Milliseconds() + time.Minute.Milliseconds()
}

// setClock makes due at once what can only be due later by a wrong clock, and
// lets hosts and rounds forget the future.
func (c *Crawler) setClock() error {
	now := ms(time.Now())
	for _, w := range c.watched() {
		for more := true; more; {
			err := c.memory.update(func(r records) error {
				var err error
				more, err = bringForward(r, w.place, now)
				return err
			})
			if err != nil {
				return fmt.Errorf("bring links of %s forward: %w", w.Name, err)
			}
		}
	}
	err := c.memory.update(func(r records) error {
		var hosts []hostRecord
		if err := r.hosts(func(h hostRecord) error { hosts = append(hosts, h); return nil }); err != nil {
			return err
		}
		for _, h := range hosts {
			if h.sober(now) {
				continue
			}
			h.Rest, h.Retry = min(h.Rest, now), min(h.Retry, now)
			if err := r.putHost(&h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("let hosts forget the future: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.hosts {
		if !h.sober(now) {
			h.Rest, h.Retry = min(h.Rest, now), min(h.Retry, now)
		}
	}
	return c.lineUp()
}

// sober says that h rests no longer than it may.
func (h *hostRecord) sober(now int64) bool {
	return h.Rest <= now+2*maxPause.Milliseconds() && h.Retry <= now+maxRetryAfter.Milliseconds()*11/10
}

// bringForward makes some links of a site due that lie beyond what can be, and
// says whether there may be more of them.
func bringForward(r records, p *place, now int64) (bool, error) {
	rec, _, err := r.site(p.Name)
	if err != nil {
		return false, err
	}
	if rec.Round.Started > now {
		rec.Round.Started, rec.Round.Opened = now, min(rec.Round.Opened, now)
		if err := r.putSite(&rec); err != nil {
			return false, err
		}
	}
	var keys []linkKey
	err = r.queues(rec.ID, func(host uint32) error {
		for _, in := range dueLanes() {
			err := r.queued(rec.ID, host, in, p.latest(in, now), func(_ int64, k linkKey) bool {
				keys = append(keys, k)
				return len(keys) < heldAtOnce
			})
			if err != nil || len(keys) >= heldAtOnce {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for _, k := range keys {
		old, known, err := r.link(rec.ID, k)
		if err != nil {
			return false, err
		}
		if !known {
			return false, corrupt(bucketDue, k[:])
		}
		l := old
		l.due = now
		if err := r.putLink(&old, &l); err != nil {
			return false, err
		}
	}
	return len(keys) >= heldAtOnce, nil
}
