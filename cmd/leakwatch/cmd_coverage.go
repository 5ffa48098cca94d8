package main

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/web"
)

func (c *cli) coverageCommand() *cobra.Command {
	var from, to string
	var unopened bool
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Say what was looked at, and what could not be, site by site",
		Long: "Say what was looked at, and what could not be, site by site, from the stored outcomes. Without bounds: the last\n" +
			"24 hours. Outcomes are kept in slots of ten minutes; the times printed are those really summed.\n\n" +
			"With --unopened, a line for each picture, container or member that was not looked at, or not wholly, and that still stands\n" +
			"so: without bounds all that is kept, which is the newest 50,000 lines of a site.",
		Args: none(),
	}
	cmd.Flags().StringVar(&from, "from", "", "RFC 3339 time, as in 2019-06-12T00:00:00Z")
	cmd.Flags().StringVar(&to, "to", "", "RFC 3339 time; not included")
	cmd.Flags().BoolVar(&unopened, "unopened", false, "list what was not looked at, or not wholly")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, _ []string) error {
		query := url.Values{}
		if from != "" {
			query.Set("from", from)
		}
		if to != "" {
			query.Set("to", to)
		}
		if unopened {
			return c.unopened(client.Lines(ctx, http.MethodGet, "/v1/unopened", query, nil))
		}
		list := client.Lines(ctx, http.MethodGet, "/v1/coverage", query, nil)
		if c.json {
			return c.passOn(list)
		}
		t := c.table("SITE", "DUE", "VISITED", "WAITING", "CONTENT", "PICTURES", "KNOWN", "EXACT ONLY", "NOT HASHABLE", "CONTAINERS", "NOT OPENED", "MEMBERS", "BYTES", "LONGEST BLIND (s)")
		for v, err := range decoded[assure.Coverage](list) {
			if err != nil {
				return err
			}
			t.row(v.Site, v.Due, v.Visited, v.Waiting, v.Content, v.Pictures.Inspected, v.Pictures.Known, v.Pictures.ExactOnly, v.Pictures.NotHashable,
				v.Containers.Opened+v.Containers.Listed+v.Containers.Sampled, v.Containers.NotOpened, v.Members, v.Bytes, v.LongestBlind)
		}
		return t.flush()
	})
	return cmd
}

// unopened prints what was not looked at.
func (c *cli) unopened(list iter.Seq2[json.RawMessage, error]) error {
	if c.json {
		return c.passOn(list)
	}
	t := c.table("SITE", "URL", "CONTAINER", "MEMBER", "SIZE", "CAUSE", "WHY", "SEEN")
	for v, err := range decoded[crawler.NotOpened](list) {
		if err != nil {
			return err
		}
		t.row(v.Site, v.URL, v.Container, v.Member, v.Size, v.Cause, v.Why, v.Seen)
	}
	return t.flush()
}
