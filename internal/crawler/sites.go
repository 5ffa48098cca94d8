package crawler

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrNoSite means that no site of that name is configured.
var ErrNoSite = errors.New("no such site")

// Site is one line of the list of sites.
type Site struct {
	Name        string     `json:"name"`
	Kind        string     `json:"kind"`
	Origin      string     `json:"origin"`
	State       string     `json:"state"` // new watching blind paused
	Cause       *Cause     `json:"cause"`
	Since       *time.Time `json:"since"`
	LastContent *time.Time `json:"last_content"`
	NextDue     *time.Time `json:"next_due"`
	Links       int        `json:"links"`
	Due         int        `json:"due"`
	Alerts      int        `json:"alerts"` // filled by the caller
}

// Detail is all that is known of one site.
type Detail struct {
	Site
	Seeds     []string      `json:"seeds"`
	Mirrors   []string      `json:"mirrors"`
	Scope     string        `json:"scope"`
	Robots    string        `json:"robots"`
	Login     *string       `json:"login"`
	Misses    int           `json:"misses"`
	Round     RoundDetail   `json:"round"`
	Causes    map[Cause]int `json:"causes"`
	OldestDue *time.Time    `json:"oldest_due"`
}

// RoundDetail is the current round of a site, or its last one.
type RoundDetail struct {
	Started *time.Time `json:"started"`
	Ended   *time.Time `json:"ended"`
	Pages   int        `json:"pages"`
	Bytes   int64      `json:"bytes"`
	End     *Cause     `json:"end"` // done, stopped, a tor_ or a budget_ cause
}

// Link is one line of the list of a site's links.
type Link struct {
	URL     string     `json:"url"`
	Depth   int        `json:"depth"`
	State   string     `json:"state"` // due waiting visiting held
	Cause   *Cause     `json:"cause"`
	Why     *string    `json:"why"`
	Last    *time.Time `json:"last"`
	NextDue *time.Time `json:"next_due"`
	Tries   int        `json:"tries"`
	FoundOn *string    `json:"found_on"`
}

// Sites lists the configured sites by name.
func (c *Crawler) Sites(ctx context.Context) ([]Site, error) { panic("not yet") }

// Site shows one configured site.
func (c *Crawler) Site(ctx context.Context, name string) (Detail, error) { panic("not yet") }

// Links lists the links of a site. It reads on in pieces: no snapshot is held
// while the caller works.
func (c *Crawler) Links(ctx context.Context, name string) iter.Seq2[Link, error] { panic("not yet") }

// Pause stops visits of a site until Resume, over restarts too.
func (c *Crawler) Pause(ctx context.Context, name string) error { panic("not yet") }

// Resume lets a paused site be visited again.
func (c *Crawler) Resume(ctx context.Context, name string) error { panic("not yet") }

// Visit makes the seeds of a site due now, as the start of a new round.
func (c *Crawler) Visit(ctx context.Context, name string) error { panic("not yet") }
