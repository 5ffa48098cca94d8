package crawler

import "maps"

// Stats is a snapshot for metrics.
type Stats struct {
	Sites    int
	Blind    int
	Paused   bool // the whole crawl waits for Tor
	Links    int
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

// Stats returns a snapshot for metrics. It reads no store: what is due is told
// by Sites.
func (c *Crawler) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{
		Sites: len(c.sites), Paused: c.outage.paused, Visiting: len(c.leased),
		Visits: maps.Clone(c.counts.visits), Pictures: c.counts.pictures, Bytes: c.counts.bytes,
	}
	for _, w := range c.sites {
		s.Links += w.rec.Links
		if w.rec.State == stateBlind {
			s.Blind++
		}
	}
	return s
}
