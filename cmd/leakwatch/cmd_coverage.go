package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"leakwatch/internal/assure"
	"leakwatch/internal/web"
)

func (c *cli) coverageCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Say what was looked at, and what could not be, site by site",
		Long: "Say what was looked at, and what could not be, site by site, from the stored outcomes. Without bounds: the last\n" +
			"24 hours. Outcomes are kept in slots of ten minutes; the times printed are those really summed.",
		Args: none(),
	}
	cmd.Flags().StringVar(&from, "from", "", "RFC 3339 time, as in 2019-06-12T00:00:00Z")
	cmd.Flags().StringVar(&to, "to", "", "RFC 3339 time; not included")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, _ []string) error {
		query := url.Values{}
		if from != "" {
			query.Set("from", from)
		}
		if to != "" {
			query.Set("to", to)
		}
		list := client.Lines(ctx, http.MethodGet, "/v1/coverage", query, nil)
		if c.json {
			return c.passOn(list)
		}
		t := c.table("SITE", "DUE", "VISITED", "WAITING", "CONTENT", "PICTURES", "KNOWN", "EXACT ONLY", "NOT HASHABLE", "BYTES", "LONGEST BLIND (s)")
		for v, err := range decoded[assure.Coverage](list) {
			if err != nil {
				return err
			}
			t.row(v.Site, v.Due, v.Visited, v.Waiting, v.Content, v.Pictures.Inspected, v.Pictures.Known, v.Pictures.ExactOnly, v.Pictures.NotHashable, v.Bytes, v.LongestBlind)
		}
		return t.flush()
	})
	return cmd
}
