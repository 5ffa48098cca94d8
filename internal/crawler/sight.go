package crawler

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Whether a site can be seen. It is blind after some misses in a row, and seen
// again with the first content.

const (
	stateNew      = "new"
	stateWatching = "watching"
	stateBlind    = "blind"
	statePaused   = "paused"

	missesBlind = 3

	noteAlive   = "alive"         // when we last worked
	aliveEvery  = 2 * time.Minute // at least
	aliveGap    = 5 * time.Minute // longer than this nobody looked
	causePaused = "paused"        // of a span
)

// see lets a visit change the state of its site.
func (s *siteRecord) see(r records, l *lease, res *result) error {
	switch {
	case sees(res.outcome) && !res.redirected:
		return s.seen(r, res.at)
	case miss(res.outcome, l.link.seed):
		return s.missed(r, l, res)
	}
	return nil // a refused or dead link says nothing about sight
}

func (s *siteRecord) seen(r records, at int64) error {
	wasBlind := s.State == stateBlind
	if wasBlind {
		if err := r.putSpan(s.ID, span{from: s.MissSince, to: at, cause: string(s.Cause)}); err != nil {
			return err
		}
		s.Untold = append(s.Untold, Event{Kind: TellSiteSeenAgain, Site: s.Name, Cause: s.Cause, At: when(at), Since: when(s.MissSince),
			Text: fmt.Sprintf("content again, after %s without", (time.Duration(at-s.MissSince) * time.Millisecond).Round(time.Second))})
	}
	if s.State != stateWatching {
		s.State, s.Cause, s.Since = stateWatching, "", at
	}
	s.Content, s.Misses, s.MissSince = at, 0, 0
	return nil
}

func (s *siteRecord) missed(r records, l *lease, res *result) error {
	if s.Misses++; s.Misses == 1 {
		s.MissSince = res.at
	}
	if s.Misses < missesBlind || s.State == stateBlind {
		return nil
	}
	s.State, s.Cause, s.Since = stateBlind, res.outcome.Cause, res.at
	why := res.outcome.Why
	if !strings.HasPrefix(why, string(s.Cause)) { // an error of tor says it itself
		why = string(s.Cause) + " " + why
	}
	s.Untold = append(s.Untold, Event{Kind: TellSiteBlind, Site: s.Name, Cause: s.Cause, At: when(res.at), Since: when(s.MissSince),
		Text: fmt.Sprintf("no content since %s: %s", when(s.MissSince).Format(time.RFC3339), strings.TrimSpace(why))})
	return r.putSpan(s.ID, span{from: s.MissSince, cause: string(s.Cause)})
}

// tell passes on what people were not told yet of a site, in order. A crash
// between telling and noting it tells again.
func (c *Crawler) tell(ctx context.Context, name string) error {
	c.telling.take()
	defer c.telling.give()
	o := c.limits()
	var events []Event
	err := c.memory.view(func(r records) error {
		rec, _, err := r.site(name)
		events = rec.Untold
		return err
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		o.Log.Info("site changed", "event", e.Kind, "site", e.Site, "err", e.Text)
		if err := o.Teller.Tell(ctx, e); err != nil {
			return fmt.Errorf("tell %s of %s: %w", e.Kind, e.Site, err)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return c.change(name, func(_ records, s *siteRecord) error {
		s.Untold = s.Untold[min(len(events), len(s.Untold)):]
		return nil
	})
}

// change lets fn change what is remembered of a site, in a transaction.
func (c *Crawler) change(name string, fn func(records, *siteRecord) error) error {
	var rec siteRecord
	known := false
	err := c.memory.update(func(r records) error {
		var err error
		if rec, known, err = r.site(name); err != nil || !known {
			return err
		}
		if err := fn(r, &rec); err != nil {
			return err
		}
		return r.putSite(&rec)
	})
	if err != nil {
		return fmt.Errorf("change site %s: %w", name, err)
	}
	if !known {
		return fmt.Errorf("%s: %w", name, ErrNoSite)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.sites[name]; w != nil {
		w.learn(rec)
		c.settleSite(w, ms(time.Now()))
	}
	c.poke()
	return nil
}

// endRound ends the round of a site that runs.
func (c *Crawler) endRound(w *watch, why string) error {
	c.mu.Lock()
	name, opened := w.Name, w.rec.Round
	c.mu.Unlock()
	if !opened.running() {
		return nil
	}
	return c.change(name, func(_ records, s *siteRecord) error {
		s.Round.merge(&opened)
		s.Round.end(why, ms(time.Now()))
		return nil
	})
}

// endRounds ends the rounds of all sites.
func (c *Crawler) endRounds(why string) error {
	c.mu.Lock()
	var all []*watch
	for _, w := range c.sites {
		all = append(all, w)
	}
	c.mu.Unlock()
	for _, w := range all {
		if err := c.endRound(w, why); err != nil {
			return err
		}
	}
	return nil
}
