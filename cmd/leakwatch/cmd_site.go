package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/crawler"
	"leakwatch/internal/web"
)

func (c *cli) siteCommand() *cobra.Command {
	return group("site", "List, show, visit, pause and resume sites",
		&cobra.Command{Use: "list", Short: "List the sites", Args: none(), RunE: c.client(c.siteList)},
		c.siteShow(),
		&cobra.Command{Use: "visit NAME", Short: "Make a site due now, and return", Args: args(cobra.ExactArgs(1)), RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
			return c.siteAct(ctx, client, "visit", a)
		})},
		c.sitePause("pause", "Stop visiting a site until it is resumed, restarts included"),
		c.sitePause("resume", "Visit a paused site again"),
	)
}

func (c *cli) siteList(ctx context.Context, client *web.Client, _ []string) error {
	list := client.Lines(ctx, http.MethodGet, "/v1/sites", nil, nil)
	if c.json {
		return c.passOn(list)
	}
	t := c.table("NAME", "STATE", "CAUSE", "SINCE", "LAST CONTENT", "NEXT DUE", "LINKS", "DUE", "ALERTS")
	for s, err := range decoded[crawler.Site](list) {
		if err != nil {
			return err
		}
		t.row(s.Name, s.State, s.Cause, s.Since, s.LastContent, s.NextDue, s.Links, s.Due, s.Alerts)
	}
	return t.flush()
}

func (c *cli) siteShow() *cobra.Command {
	var links bool
	cmd := &cobra.Command{Use: "show NAME", Short: "Show one site, or its links with --links", Args: args(cobra.ExactArgs(1))}
	cmd.Flags().BoolVar(&links, "links", false, "list every link: state, cause, when next")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		path := "/v1/sites/" + url.PathEscape(a[0])
		if !links {
			return c.object(ctx, client, http.MethodGet, path)
		}
		list := client.Lines(ctx, http.MethodGet, path+"/links", nil, nil)
		if c.json {
			return c.passOn(list)
		}
		t := c.table("URL", "DEPTH", "STATE", "CAUSE", "WHY", "LAST", "NEXT DUE", "TRIES", "FOUND ON")
		for l, err := range decoded[crawler.Link](list) {
			if err != nil {
				return err
			}
			t.row(defanged(l.URL), l.Depth, l.State, l.Cause, l.Why, l.Last, l.NextDue, l.Tries, defanged(cellText(l.FoundOn)))
		}
		return t.flush()
	})
	return cmd
}

func (c *cli) sitePause(verb, short string) *cobra.Command {
	var all bool
	cmd := &cobra.Command{Use: verb + " [NAME]", Short: short, Args: args(cobra.MaximumNArgs(1))}
	cmd.Flags().BoolVar(&all, "all", false, "all sites")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		if all == (len(a) == 1) {
			return usage(cmd, errors.New("give one NAME, or --all"))
		}
		if all {
			for s, err := range decoded[crawler.Site](client.Lines(ctx, http.MethodGet, "/v1/sites", nil, nil)) {
				if err != nil {
					return err
				}
				a = append(a, s.Name)
			}
		}
		return c.siteAct(ctx, client, verb, a)
	})
	return cmd
}

// siteAct does one thing to sites and prints each as it is afterwards.
func (c *cli) siteAct(ctx context.Context, client *web.Client, verb string, names []string) error {
	for _, name := range names {
		var s crawler.Detail
		if err := client.Object(ctx, http.MethodPost, "/v1/sites/"+url.PathEscape(name)+"/"+verb, nil, nil, &s); err != nil {
			return err
		}
		if c.json {
			if err := c.jsonLine(s); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.stdout, "%s: %s, next due %s\n", s.Name, s.State, cellText(s.NextDue))
	}
	return nil
}

// defanged makes an address that no terminal turns into a link.
func defanged(u string) string {
	if rest, ok := strings.CutPrefix(u, "http"); ok {
		return "hxxp" + strings.Replace(rest, ".onion", "[.]onion", 1)
	}
	return u
}
