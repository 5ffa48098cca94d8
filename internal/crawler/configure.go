package crawler

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"leakwatch/internal/tor"
)

// heldAtOnce is how many held links one transaction sets free.
const heldAtOnce = 1000

// Configure says which sites are watched and with which limits, also while Run
// runs. A site that is gone is visited no more; its links stay. On an error
// nothing changes.
func (c *Crawler) Configure(sites []SiteConfig, o Options) error {
	c.setting.take()
	defer c.setting.give()
	options := withDefaults(o)
	if o.Transport == nil || o.Inspector == nil || o.Teller == nil {
		return errors.New("configure: a transport, an inspector and a teller are needed")
	}
	places := map[string]*place{}
	for _, s := range sites {
		p, err := newPlace(s, options)
		if err != nil {
			return err
		}
		places[s.Name] = p
	}
	var recs map[string]siteRecord
	err := c.memory.update(func(r records) error {
		recs = map[string]siteRecord{}
		for name, p := range places {
			rec, err := enrol(r, p, ms(time.Now()))
			if err != nil {
				return fmt.Errorf("site %s: %w", name, err)
			}
			recs[name] = rec
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	for name, p := range places {
		if err := c.setFree(name, p.Depth); err != nil {
			return fmt.Errorf("configure: free links of %s: %w", name, err)
		}
	}
	paused, err := c.pauses.all()
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	if err := c.swap(places, recs, paused, options); err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	c.poke()
	return nil
}

func newPlace(s SiteConfig, o *Options) (*place, error) {
	p := &place{SiteConfig: s, tor: tor.Site{Name: s.Name, Clearnet: s.Clearnet}}
	for _, raw := range s.Seeds {
		u, err := canonical(raw, nil, nil, o.DropParams)
		if err != nil {
			return nil, fmt.Errorf("site %s: seed %q: %w", s.Name, raw, err)
		}
		p.seeds = append(p.seeds, u)
		if port, err := strconv.Atoi(u.Port()); err == nil {
			p.tor.Ports = append(p.tor.Ports, port)
		}
	}
	p.scope = newScope(scopeConfig{Seeds: p.seeds, Kind: s.Scope, Include: s.Include, Exclude: s.Exclude, EmbedHosts: s.EmbedHosts})
	p.transport = o.Transport(p.tor)
	return p, nil
}

// enrol writes down a configured site and its seeds.
func enrol(r records, p *place, now int64) (siteRecord, error) {
	rec, known, err := r.site(p.Name)
	if err != nil {
		return rec, err
	}
	if !known {
		rec = siteRecord{Name: p.Name, Created: now, State: stateNew, Since: now, Causes: map[Cause]int{}}
		if err := r.putSite(&rec); err != nil { // it needs its id
			return rec, err
		}
	}
	var seeds []string
	for _, u := range p.seeds {
		seeds = append(seeds, u.String())
	}
	for _, old := range rec.Seeds {
		if !slices.Contains(seeds, old) {
			if err := setSeed(r, &rec, p, old, false, now); err != nil {
				return rec, err
			}
		}
	}
	for _, seed := range seeds {
		if err := setSeed(r, &rec, p, seed, true, now); err != nil {
			return rec, err
		}
	}
	rec.Seeds, rec.Depth = seeds, p.Depth
	return rec, r.putSite(&rec)
}

// setSeed makes a link a seed, or an ordinary link again.
func setSeed(r records, rec *siteRecord, p *place, raw string, seed bool, now int64) error {
	key := keyOf(raw)
	old, known, err := r.link(rec.ID, key)
	if err != nil || !known && !seed {
		return err
	}
	l := old
	if !known {
		u, err := url.Parse(raw)
		if err != nil {
			return err
		}
		h, err := hostRecordOf(r, u)
		if err != nil {
			return err
		}
		l = link{site: rec.ID, key: key, host: h.ID, url: raw, kind: kindPage, due: now}
		rec.Links++
	}
	l.seed = seed
	if seed {
		l.kind, l.depth, l.hops = kindPage, 0, 0
		if old.lane == laneHeld {
			rec.count(l.cause, -1)
			l.cause, l.due = "", now
		}
		l.due = min(l.due, now+max(p.Interval, minInterval).Milliseconds())
	}
	l.lane = l.laneFor(p.Depth)
	if !known {
		return r.putLink(nil, &l)
	}
	return r.putLink(&old, &l)
}

// hostRecordOf finds or makes the record of the host of u.
func hostRecordOf(r records, u *url.URL) (hostRecord, error) {
	name := hostOf(u)
	h, known, err := r.host(name)
	if err != nil || known {
		return h, err
	}
	h = hostRecord{Name: name}
	return h, r.putHost(&h)
}

// setFree makes links due that were held back by a smaller depth.
func (c *Crawler) setFree(name string, depth int) error {
	for more := true; more; {
		err := c.memory.update(func(r records) error {
			rec, _, err := r.site(name)
			if err != nil {
				return err
			}
			held, err := heldWithin(r, rec.ID, depth)
			if err != nil || len(held) == 0 {
				more = false
				return err
			}
			for _, old := range held {
				l := old
				rec.count(l.cause, -1)
				l.cause, l.why, l.due = "", "", ms(time.Now())
				l.lane = l.laneFor(depth)
				if err := r.putLink(&old, &l); err != nil {
					return err
				}
			}
			return r.putSite(&rec)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// heldWithin collects some links that are held but lie within depth.
func heldWithin(r records, site uint32, depth int) ([]link, error) {
	var keys []linkKey
	err := r.queues(site, func(host uint32) error {
		return r.queued(site, host, laneHeld, 0, func(at int64, k linkKey) bool {
			if at > int64(depth) || len(keys) >= heldAtOnce {
				return false
			}
			keys = append(keys, k)
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	held := make([]link, 0, len(keys))
	for _, k := range keys {
		l, known, err := r.link(site, k)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, corrupt(bucketDue, k[:])
		}
		held = append(held, l)
	}
	return held, nil
}

// swap puts the new sites to work.
func (c *Crawler) swap(places map[string]*place, recs map[string]siteRecord, paused map[string]int64, o *Options) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.options = o
	sites := map[string]*watch{}
	for name, p := range places {
		w := c.sites[name]
		if w == nil {
			w = &watch{rec: recs[name]}
		}
		w.place, w.paused = p, paused[name]
		w.queues = map[string]*queue{}
		w.learn(recs[name])
		sites[name] = w
	}
	c.sites = sites
	return c.lineUp()
}

// lineUp builds the queues of all sites from the store.
func (c *Crawler) lineUp() error {
	for _, h := range c.hosts {
		h.queues = nil
	}
	err := c.memory.view(func(r records) error {
		names := map[uint32]hostRecord{}
		if err := r.hosts(func(h hostRecord) error { names[h.ID] = h; return nil }); err != nil {
			return err
		}
		for _, w := range c.sites {
			w.queues = map[string]*queue{}
			err := r.queues(w.rec.ID, func(id uint32) error {
				h, known := names[id]
				if !known {
					return corrupt(bucketHosts, idKey(id))
				}
				return c.readHeads(r, c.queueOf(w, h))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	now := ms(time.Now())
	for _, h := range c.hosts {
		h.setPace()
		c.settle(h, now)
	}
	return nil
}

// queueOf finds or makes the queue of a site at a host.
func (c *Crawler) queueOf(w *watch, rec hostRecord) *queue {
	if q := w.queues[rec.Name]; q != nil {
		return q
	}
	h := c.hosts[rec.Name]
	if h == nil {
		h = &host{hostRecord: rec, index: noIndex}
		c.hosts[rec.Name] = h
	}
	q := &queue{site: w, host: h}
	w.queues[rec.Name] = q
	h.queues = append(h.queues, q)
	h.setPace()
	return q
}

// setPace takes the strictest pace of all sites at h.
func (h *host) setPace() {
	h.delay, h.parallel = 0, 0
	for _, q := range h.queues {
		h.delay = max(h.delay, q.site.Delay)
		if n := max(q.site.Parallel, 1); h.parallel == 0 || n < h.parallel {
			h.parallel = n
		}
	}
}

// learn takes over a record that was committed, unless a later one is known.
// A round that was opened since stays open.
func (w *watch) learn(rec siteRecord) {
	if rec.Rev < w.rec.Rev {
		return
	}
	opened := w.rec.Round
	w.rec = rec
	w.rec.Round.merge(&opened)
}

// count keeps the links by their latest cause.
func (s *siteRecord) count(c Cause, n int) {
	if c == "" {
		return
	}
	if s.Causes[c] += n; s.Causes[c] <= 0 {
		delete(s.Causes, c)
	}
}
