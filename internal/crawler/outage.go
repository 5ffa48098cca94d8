package crawler

import (
	"context"
	"fmt"
	"time"
)

// What happens when our own Tor fails: no site is blamed, every link stays
// due, the whole crawl waits, people are told once, and it goes on by itself.

const (
	firstProbe  = 2 * time.Second
	lastProbe   = 30 * time.Second
	probeLimit  = 10 * time.Second
	torPatience = 3 // general SOCKS failures in a row, while Tor answers, before the crawl waits
)

// outage is what is known of our own Tor. Guarded by Crawler.mu.
type outage struct {
	paused   bool
	cause    Cause
	since    int64         // ms; 0: none is known
	said     bool          // it stands in the log of this process
	failures int           // general SOCKS failures in a row
	wait     time.Duration // before a probe: grows until a visit succeeds
	probeAt  int64         // ms, of the next probe
}

// recallOutage finds out whether people were told of an outage that lasts.
func (c *Crawler) recallOutage(r records) error {
	return r.spans(0, func(s span) error {
		if s.to == 0 {
			c.outage.since, c.outage.cause = s.from, Cause(s.cause)
		}
		return nil
	})
}

// torFails is called after a visit that failed by our own fault.
func (c *Crawler) torFails(ctx context.Context, l *lease, o Outcome) error {
	up := o.Cause != TorDown && c.torUp(ctx) == nil
	c.mu.Lock()
	c.outage.failures++
	if up && c.outage.failures < torPatience {
		// Tor is there and could not connect, which may be about this one host.
		l.host.refusals++
		rest := min(firstProbe<<min(l.host.refusals, 10), lastProbe)
		l.host.Rest = max(l.host.Rest, ms(time.Now().Add(rest)))
		c.settle(l.host, ms(time.Now()))
		c.mu.Unlock()
		return nil
	}
	c.mu.Unlock()
	return c.wait(ctx, o.Cause, o.Why)
}

// wait pauses the crawl until a probe succeeds.
func (c *Crawler) wait(ctx context.Context, cause Cause, why string) error {
	c.mu.Lock()
	o := &c.outage
	if o.paused {
		c.mu.Unlock()
		return nil
	}
	o.paused = true
	o.delay()
	told, said, now := o.since != 0, o.said, time.Now()
	o.said = true
	if !told {
		o.since, o.cause = ms(now), cause
	}
	c.mu.Unlock()
	if !said {
		c.limits().Log.Warn("tor does not carry us: the crawl waits", "err", why)
	}
	c.poke()
	if err := c.endRounds(string(cause)); err != nil || told {
		return err
	}
	err := c.limits().Teller.Tell(ctx, Event{Kind: TellTorDown, Cause: cause, At: now, Since: now,
		Text: fmt.Sprintf("our own Tor does not carry us (%s): the crawl waits and goes on by itself, no site is blamed", why)})
	if err != nil {
		return fmt.Errorf("tell that tor is down: %w", err)
	}
	return c.memory.update(func(r records) error { return r.putSpan(0, span{from: ms(now), cause: string(cause)}) })
}

// sitOut probes, when it is time to, whether the crawl may go on. It returns
// how long to wait.
func (c *Crawler) sitOut(ctx context.Context) time.Duration {
	c.mu.Lock()
	wait := time.Until(when(c.outage.probeAt))
	c.mu.Unlock()
	if wait > 0 {
		return wait
	}
	up := c.torUp(ctx) == nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if up {
		c.outage.paused, c.outage.failures = false, 0
		return 0
	}
	c.outage.delay()
	return c.outage.wait
}

// delay puts the next probe off.
func (o *outage) delay() {
	o.wait = min(max(2*o.wait, firstProbe), lastProbe)
	o.probeAt = ms(time.Now().Add(o.wait))
}

func (c *Crawler) torUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	return c.limits().TorUp(ctx)
}

// torWorks is called after a visit on which Tor carried us, whatever it found.
func (c *Crawler) torWorks(ctx context.Context, h *host) error {
	c.mu.Lock()
	o := c.outage
	h.refusals = 0
	if !o.paused {
		c.outage = outage{}
	}
	c.mu.Unlock()
	if o.since == 0 || o.paused {
		return nil
	}
	now := time.Now()
	c.limits().Log.Info("tor carries us again")
	err := c.limits().Teller.Tell(ctx, Event{Kind: TellTorBack, Cause: o.cause, At: now, Since: when(o.since),
		Text: "our own Tor carries us again, after " + now.Sub(when(o.since)).Round(time.Second).String()})
	if err != nil {
		return fmt.Errorf("tell that tor is back: %w", err)
	}
	return c.memory.update(func(r records) error {
		return r.putSpan(0, span{from: o.since, to: ms(now), cause: string(o.cause)})
	})
}
