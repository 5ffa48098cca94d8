package crawler

import (
	"maps"
	"time"
)

// Stats is a snapshot for metrics.
type Stats struct {
	Sites    int
	Blind    int
	Paused   bool // the whole crawl waits for Tor
	Links    int
	Due      int // links due now
	Visiting int
	Visits   map[Cause]int // since this process began
	Pictures int
	Bytes    int64
}

// counts are what this process did. Guarded by Crawler.mu. They serve metrics
// only: coverage is computed from stored outcomes.
type counts struct {
	visits   map[Cause]int
	pictures int
	bytes    int64
}

func (n *counts) add(res *result) {
	n.visits[res.outcome.Cause]++
	n.pictures += res.pictures.sum()
	n.bytes += res.outcome.Bytes
}

func (n *counts) total() Summary {
	s := Summary{Pictures: n.pictures}
	for _, v := range n.visits {
		s.Visits += v
	}
	return s
}

func (n *counts) since(before Summary) Summary {
	s := n.total()
	s.Visits -= before.Visits
	s.Pictures -= before.Pictures
	return s
}

// Stats returns a snapshot for metrics. Counting what is due walks over it.
func (c *Crawler) Stats() (Stats, error) {
	c.mu.Lock()
	s := Stats{
		Sites: len(c.sites), Paused: c.outage.paused, Visiting: len(c.leased),
		Visits: maps.Clone(c.counts.visits), Pictures: c.counts.pictures, Bytes: c.counts.bytes,
	}
	var ids []uint32
	for _, w := range c.sites {
		ids = append(ids, w.rec.ID)
		s.Links += w.rec.Links
		if w.rec.State == stateBlind {
			s.Blind++
		}
	}
	c.mu.Unlock()
	now := ms(time.Now())
	err := c.memory.view(func(r records) error {
		for _, id := range ids {
			n, err := dueNow(r, id, now)
			if err != nil {
				return err
			}
			s.Due += n
		}
		return nil
	})
	return s, err
}
