package main

import (
	"context"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
)

// tell joins the crawler's events with the outbox of the alerts: two rooms of
// one floor that must not know each other.
type tell struct{ alerts *alert.Alerts }

func (t tell) Tell(ctx context.Context, e crawler.Event) error {
	return t.alerts.Tell(ctx, alert.Event{Kind: e.Kind, Site: e.Site, Cause: string(e.Cause), Text: e.Text, At: e.At})
}

// sitesWithAlerts adds the count of open alerts to the crawler's view of a site.
type sitesWithAlerts struct {
	*crawler.Crawler
	alerts *alert.Alerts
}

func (s sitesWithAlerts) Sites(ctx context.Context) ([]crawler.Site, error) {
	sites, err := s.Crawler.Sites(ctx)
	if err != nil {
		return nil, err
	}
	tally, err := s.alerts.Tally(ctx)
	for i := range sites {
		sites[i].Alerts = tally.Sites[sites[i].Name]
	}
	return sites, err
}

func (s sitesWithAlerts) Site(ctx context.Context, name string) (crawler.Detail, error) {
	d, err := s.Crawler.Site(ctx, name)
	if err != nil {
		return d, err
	}
	tally, err := s.alerts.Tally(ctx)
	d.Alerts = tally.Sites[name]
	return d, err
}
