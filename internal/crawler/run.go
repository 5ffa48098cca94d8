package crawler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// tick is how often the scheduler shows that it is alive, at least.
const tick = 5 * time.Second

var errWorking = errors.New("the crawler is at work already")

// Run watches until ctx is done, and then lets visits under way drain. What
// the web sends is never an error: Run fails only when our own memory does.
func (c *Crawler) Run(ctx context.Context) error {
	if !c.working.TryLock() {
		return errWorking
	}
	defer c.working.Unlock()
	if err := c.wakeUp(); err != nil {
		return err
	}
	_, err := c.work(ctx, 0)
	return err
}

// Once makes one round of each site that is due, with the links found on the
// way, and waits for no retry.
func (c *Crawler) Once(ctx context.Context) (Summary, error) {
	if !c.working.TryLock() {
		return Summary{}, errWorking
	}
	defer c.working.Unlock()
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = c.resightSome(); err != nil {
			return Summary{}, err
		}
	}
	return c.work(ctx, ms(time.Now()))
}

// work visits links; with a horizon, only until nothing is left to do.
func (c *Crawler) work(ctx context.Context, horizon int64) (Summary, error) {
	if err := c.setClock(); err != nil {
		return Summary{}, err
	}
	c.mu.Lock()
	c.horizon, c.outage.paused, c.outage.failures = horizon, false, 0
	before := c.counts.total()
	names := make([]string, 0, len(c.sites))
	for name := range c.sites {
		names = append(names, name)
	}
	for _, h := range c.hosts {
		c.settle(h, ms(time.Now()))
	}
	workers := c.options.Workers
	c.mu.Unlock()
	for _, name := range names {
		if err := c.tell(ctx, name); err != nil {
			return Summary{}, err
		}
	}
	if err := c.torUp(ctx); err != nil && ctx.Err() == nil {
		if err := c.wait(ctx, TorDown, err.Error()); err != nil {
			return Summary{}, err
		}
	}
	err := c.crew(ctx, workers)
	if err == nil {
		err = c.endRounds(string(Stopped))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts.since(before)
	s.TorDown = horizon != 0 && c.outage.paused
	return s, err
}

// crew runs the scheduler and the workers.
func (c *Crawler) crew(ctx context.Context, workers int) error {
	g, ctx := errgroup.WithContext(ctx)
	ctx, finish := context.WithCancel(ctx)
	defer finish()
	// Visits under way outlive ctx by the time to drain.
	visits, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	idle, leases := make(chan struct{}), make(chan *lease)
	g.Go(func() error {
		defer close(leases)
		defer finish()
		return c.schedule(ctx, idle, leases)
	})
	for range workers {
		g.Go(func() error {
			for {
				select {
				case idle <- struct{}{}:
				case <-ctx.Done():
					return nil
				}
				l, more := <-leases
				if !more {
					return nil
				}
				if err := c.takeAllTheWay(visits, l); err != nil {
					return err
				}
			}
		})
	}
	var drain sync.WaitGroup
	ended := make(chan struct{})
	drain.Go(func() { c.drain(ctx, ended, stop) })
	err := g.Wait()
	close(ended)
	drain.Wait()
	return err
}

// drain stops the visits that are still under way a while after ctx is done.
func (c *Crawler) drain(ctx context.Context, ended <-chan struct{}, stop func()) {
	<-ctx.Done() // at the latest when the scheduler ends
	timer := time.NewTimer(c.limits().Drain)
	defer timer.Stop()
	select {
	case <-timer.C:
		stop()
	case <-ended:
	}
}

// schedule hands leases to idle workers until ctx is done or, with a horizon,
// nothing is left.
func (c *Crawler) schedule(ctx context.Context, idle <-chan struct{}, leases chan<- *lease) error {
	free := 0
	for ctx.Err() == nil {
		if err := c.alive(); err != nil {
			return err
		}
		wait := tick
		if more, err := c.resightSome(); err != nil {
			return err
		} else if more {
			wait = 0
		}
		if free > 0 {
			l, again, err := c.next(ctx)
			switch {
			case errors.Is(err, errFinished):
				return nil
			case err != nil:
				return err
			case l != nil:
				free--
				leases <- l
				continue
			}
			wait = min(wait, again)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-idle:
			free++
		case <-c.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// errFinished: nothing is left of a single round.
var errFinished = errors.New("finished")

// next returns a lease, or how long to wait before asking again.
func (c *Crawler) next(ctx context.Context) (*lease, time.Duration, error) {
	for {
		c.mu.Lock()
		paused, once, busy := c.outage.paused, c.horizon != 0, len(c.leased)
		c.mu.Unlock()
		if paused {
			if once {
				return nil, tick, finishedUnless(busy)
			}
			return nil, c.sitOut(ctx), nil
		}
		c.mu.Lock()
		now := time.Now()
		l, spent, again, err := c.take(ms(now))
		busy = len(c.leased)
		c.mu.Unlock()
		switch {
		case err != nil:
			return nil, 0, err
		case l != nil:
			return l, 0, nil
		case spent != nil:
			if err := c.spend(spent); err != nil {
				return nil, 0, err
			}
		case again == never && once:
			return nil, tick, finishedUnless(busy)
		case again == never:
			return nil, tick, nil
		default:
			return nil, max(when(again).Sub(now), time.Millisecond), nil
		}
	}
}

func finishedUnless(busy int) error {
	if busy > 0 {
		return nil
	}
	return errFinished
}

// spend ends a round whose budget is used.
func (c *Crawler) spend(w *watch) error {
	c.mu.Lock()
	why := w.rec.Round.over(&w.SiteConfig, ms(time.Now()))
	c.mu.Unlock()
	if why == "" {
		why = BudgetPages
	}
	return c.endRound(w, string(why))
}

// takeAllTheWay is the life of one link in the hands of one worker.
func (c *Crawler) takeAllTheWay(ctx context.Context, l *lease) error {
	res, err := c.visit(ctx, l)
	if err != nil {
		return err
	}
	o := res.outcome
	l.options.Log.Debug("visited", "site", l.place.Name, "url", l.link.url, "cause", o.Cause, "why", o.Why, "took", o.Took)
	news, err := c.done(l, res)
	if err != nil {
		return err
	}
	after := context.WithoutCancel(ctx) // what was seen is told, also on the way out
	switch {
	case o.Cause == Stopped:
		return nil
	case o.Cause.Class() == ClassOurs:
		return c.torFails(after, l, o)
	case res.fetched != 0 && o.Cause != TimeoutConnect:
		if err := c.torWorks(after, l.host); err != nil {
			return err
		}
	}
	if news {
		return c.tell(after, l.place.Name)
	}
	return nil
}

// alive shows the watchdog that the scheduler works and notes it now and then,
// so that a time without us can be told later.
func (c *Crawler) alive() error {
	now := time.Now()
	c.beat.Store(ms(now))
	c.mu.Lock()
	last, run := c.noted, c.horizon == 0
	jump := jumped(last, now)
	due := run && now.Sub(last) >= aliveEvery || jump
	if due {
		c.noted = now
	}
	c.mu.Unlock()
	if jump {
		if err := c.setClock(); err != nil {
			return err
		}
	}
	if !due {
		return nil
	}
	if err := c.memory.update(func(r records) error { return r.putNote(noteAlive, ms(now)) }); err != nil {
		return fmt.Errorf("note that we are alive: %w", err)
	}
	return nil
}

// wakeUp writes down for how long nobody looked.
func (c *Crawler) wakeUp() error {
	now := ms(time.Now())
	err := c.memory.update(func(r records) error {
		last, err := r.note(noteAlive)
		if err != nil {
			return err
		}
		if last != 0 && now-last > aliveGap.Milliseconds() {
			if err := r.putSpan(0, span{from: last, to: now, cause: string(Stopped)}); err != nil {
				return err
			}
		}
		return r.putNote(noteAlive, now)
	})
	if err != nil {
		return fmt.Errorf("wake up: %w", err)
	}
	return nil
}

// Progress is when the scheduler was last alive, idle and paused included.
func (c *Crawler) Progress() time.Time { return when(c.beat.Load()) }
