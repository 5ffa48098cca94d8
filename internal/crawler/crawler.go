package crawler

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
)

// Crawler watches the configured sites.
type Crawler struct {
	memory memory
	pauses pauses
	wake   chan struct{}       // something changed that the scheduler may wait for
	beat   atomic.Int64        // when the scheduler was last alive, ms
	large  *semaphore.Weighted // memory of large bodies

	working sync.Mutex // held by Run or Once: one at a time; guards judged and walk
	judged  uint64     // the sight that no link needs another look for
	walk    *resight   // under way, to make it so
	telling turn       // events of a site are told in their order
	setting turn       // one change of what is visited at a time

	mu      sync.Mutex // guards what follows
	options *Options   // never changed, only replaced
	sites   map[string]*watch
	hosts   map[string]*host
	ready   hostQueue
	leased  map[linkID]bool
	horizon int64     // of Once: what was visited before waits when it is due later; 0: Run
	noted   time.Time // when it was last noted that we are alive
	outage  outage
	counts  counts
}

// place is a configured site, ready for visits. It never changes: Configure
// makes a new one.
type place struct {
	SiteConfig
	seeds     []*url.URL
	scope     Scope
	tor       tor.Site
	transport http.RoundTripper
}

// watch is a site at work.
type watch struct {
	*place
	rec    siteRecord // as last committed, with the round that visits under way have opened
	paused int64      // ms, since when; 0: it is not
	queues map[string]*queue
	ahead  int // pages under way
}

// linkID finds a link among those of all sites.
type linkID struct {
	site uint32
	key  linkKey
}

// Open takes over what the stores remember. Nothing is visited before
// Configure names sites and Run or Once is called.
func Open(crawl, state *kv.DB, o Options) (*Crawler, error) {
	m, err := openMemory(crawl)
	if err != nil {
		return nil, fmt.Errorf("open crawl store: %w", err)
	}
	p, err := openPauses(state)
	if err != nil {
		return nil, fmt.Errorf("open pauses: %w", err)
	}
	c := &Crawler{
		memory: m, pauses: p, wake: make(chan struct{}, 1), large: newLargeBodies(), telling: make(turn, 1), setting: make(turn, 1),
		sites: map[string]*watch{}, hosts: map[string]*host{}, leased: map[linkID]bool{},
		options: withDefaults(o), noted: time.Now(), counts: counts{visits: map[Cause]int{}},
	}
	c.beat.Store(ms(time.Now()))
	err = c.memory.view(func(r records) error {
		if err := c.recallOutage(r); err != nil {
			return err
		}
		return r.hosts(func(h hostRecord) error {
			c.hosts[h.Name] = &host{hostRecord: h, index: noIndex}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read crawl store: %w", err)
	}
	return c, nil
}

// withDefaults fills what o leaves open.
func withDefaults(o Options) *Options {
	d := DefaultOptions()
	fill(&o.Workers, d.Workers)
	fill(&o.FetchTimeout, d.FetchTimeout)
	fill(&o.IdleTimeout, d.IdleTimeout)
	fill(&o.MinRate, d.MinRate)
	fill(&o.MaxRedirects, d.MaxRedirects)
	fill(&o.MaxURL, d.MaxURL)
	fill(&o.MaxPage, d.MaxPage)
	fill(&o.MaxPicture, d.MaxPicture)
	fill(&o.MaxContainer, d.MaxContainer)
	fill(&o.MaxLinks, d.MaxLinks)
	fill(&o.MaxListing, d.MaxListing)
	fill(&o.MaxEntries, d.MaxEntries)
	fill(&o.MaxRatio, d.MaxRatio)
	fill(&o.MaxInline, d.MaxInline)
	fill(&o.Drain, d.Drain)
	if o.TorUp == nil {
		o.TorUp = func(context.Context) error { return nil }
	}
	if o.Check == nil {
		o.Check = func(*url.URL, tor.Site) error { return nil }
	}
	if o.Sniff == nil {
		o.Sniff = func([]byte) string { return "" }
	}
	if o.Sight == nil {
		o.Sight = func() string { return "" }
	}
	if o.Holds == nil {
		o.Holds = container.Sniff
	}
	if o.TextSight == nil {
		o.TextSight = func() string { return "" }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &o
}

func fill[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// turn is held by one at a time, also while it waits for the store.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// poke lets the scheduler look again.
func (c *Crawler) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// limits returns the options as they are now.
func (c *Crawler) limits() *Options {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.options
}
