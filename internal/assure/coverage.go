// Package assure answers: what was looked at, and what could not be?
package assure

import (
	"context"
	"iter"
	"time"

	"leakwatch/internal/crawler"
)

// Ledgers gives the stored outcomes of a site, summed over a time.
type Ledgers interface {
	Sites(context.Context) ([]crawler.Site, error)
	Ledger(ctx context.Context, site string, from, to time.Time) (crawler.Ledger, error)
}

// Unopened lists what was not looked at on a site between two times, oldest
// first.
type Unopened interface {
	Sites(context.Context) ([]crawler.Site, error)
	Unopened(ctx context.Context, site string, from, to time.Time) iter.Seq2[crawler.NotOpened, error]
}

// UnopenedOf lists each picture, container and member that was not looked at, or
// not wholly, site by site.
func UnopenedOf(ctx context.Context, rooms Unopened, from, to time.Time) iter.Seq2[crawler.NotOpened, error] {
	return func(yield func(crawler.NotOpened, error) bool) {
		sites, err := rooms.Sites(ctx)
		if err != nil {
			yield(crawler.NotOpened{}, err)
			return
		}
		for _, site := range sites {
			for line, err := range rooms.Unopened(ctx, site.Name, from, to) {
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

// Coverage is what was looked at on one site between two times. The times are
// those really summed: the ledger's slots, which may reach a little farther
// than was asked for.
type Coverage struct {
	Site         string                `json:"site"`
	From         time.Time             `json:"from"`
	To           time.Time             `json:"to"`
	Due          int                   `json:"due"` // visited + waiting
	Visited      int                   `json:"visited"`
	Waiting      int                   `json:"waiting"`
	Content      int                   `json:"content"` // ok and unchanged
	Causes       map[crawler.Cause]int `json:"causes"`
	Pictures     crawler.Pictures      `json:"pictures"`
	Containers   crawler.Containers    `json:"containers"`
	Members      int                   `json:"members"`
	Bytes        int64                 `json:"bytes"`
	LongestBlind int64                 `json:"longest_blind_s"`
}

// Of returns the coverage of every site.
func Of(ctx context.Context, rooms Ledgers, from, to time.Time) ([]Coverage, error) {
	sites, err := rooms.Sites(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Coverage, 0, len(sites))
	for _, site := range sites {
		l, err := rooms.Ledger(ctx, site.Name, from, to)
		if err != nil {
			return nil, err
		}
		out = append(out, of(site.Name, l))
	}
	return out, nil
}

func of(site string, l crawler.Ledger) Coverage {
	return Coverage{
		Site: site, From: l.From, To: l.To, Due: l.Due, Visited: l.Visited, Waiting: l.Waiting, Content: l.Content,
		Causes: l.Causes, Pictures: l.Pictures, Containers: l.Containers, Members: l.Members, Bytes: l.Bytes, LongestBlind: int64(l.LongestBlind / time.Second),
	}
}
