package crawler

import (
	"context"
	"time"
)

// Pictures counts the pictures that visits came upon, each in one of its ways.
type Pictures struct {
	Inspected   int `json:"inspected"`
	Known       int `json:"known"`        // the same bytes as before: nothing to decode
	ExactOnly   int `json:"exact_only"`   // judged on exact bytes only
	NotHashable int `json:"not_hashable"` // could not be judged
}

// Ledger is what was looked at in a span of time. Due = Visited + Waiting, and
// Visited is the sum of Causes.
type Ledger struct {
	Site         string        `json:"site"`
	From         time.Time     `json:"from"` // on a whole slot of ten minutes
	To           time.Time     `json:"to"`
	Due          int           `json:"due"`
	Visited      int           `json:"visited"`
	Waiting      int           `json:"waiting"` // due now and not yet visited
	Content      int           `json:"content"`
	Causes       map[Cause]int `json:"causes"`
	Pictures     Pictures      `json:"pictures"`
	Bytes        int64         `json:"bytes"`
	LongestBlind time.Duration `json:"-"`
}

// Ledger adds up the stored outcomes of a site.
func (c *Crawler) Ledger(ctx context.Context, site string, from, to time.Time) (Ledger, error) {
	panic("not yet")
}
