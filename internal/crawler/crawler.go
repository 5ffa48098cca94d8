package crawler

import (
	"context"
	"time"

	"leakwatch/internal/kv"
)

// Crawler watches the configured sites.
type Crawler struct{}

// Open takes over what the stores remember. Nothing is visited before
// Configure names sites and Run or Once is called.
func Open(crawl, state *kv.DB, o Options) (*Crawler, error) { panic("not yet") }

// Configure says which sites are watched and with which limits, also while Run
// runs. A site that is gone is visited no more; its links stay.
func (c *Crawler) Configure(sites []SiteConfig, o Options) error { panic("not yet") }

// Run watches until ctx is done, and then lets visits under way drain.
func (c *Crawler) Run(ctx context.Context) error { panic("not yet") }

// Once makes one round of each site that is due, with the links found on the
// way, and waits for no retry.
func (c *Crawler) Once(ctx context.Context) (Summary, error) { panic("not yet") }

// Stats is a snapshot for metrics.
type Stats struct {
	Sites    int
	Blind    int
	Paused   bool // the whole crawl waits for Tor
	Due      int
	Visiting int
	Visits   map[Cause]int // since the start of this process
	Pictures int
	Bytes    int64
}

// Stats returns a snapshot for metrics.
func (c *Crawler) Stats() Stats { panic("not yet") }

// Progress is when the scheduler was last alive, idle and paused included.
func (c *Crawler) Progress() time.Time { panic("not yet") }
