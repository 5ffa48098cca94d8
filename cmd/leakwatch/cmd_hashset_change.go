package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

func (c *cli) hashsetDisableCommand() *cobra.Command {
	undo := false
	cmd := &cobra.Command{
		Use:   "disable NAME [REF...]",
		Short: "Take entries out of the judging at once; without REF: list those that are out",
		Long: "Take the entries of a ref out of the judging. It acts at once and holds for later loads of the set. An entry that\n" +
			"raised too many pictures is in quarantine: judged on exact bytes only. --undo has both judged as before.\n" +
			"Without REF the refs that are disabled or in quarantine are listed.",
		Example: "  leakwatch hashset disable travellers 3f2a7c0b11d4e9a8\n  leakwatch hashset disable travellers 3f2a7c0b11d4e9a8 --undo",
		Args:    args(cobra.MinimumNArgs(1)),
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "judge the entries as before")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		path := "/v1/hashsets/" + url.PathEscape(a[0]) + "/marks"
		switch {
		case len(a) == 1 && undo:
			return usage(cmd, errors.New("--undo needs a ref"))
		case len(a) == 1:
			return c.hashsetMarks(client.Lines(ctx, http.MethodGet, path, nil, nil))
		}
		body, err := json.Marshal(web.MarkRequest{Refs: a[1:], Undo: undo})
		if err != nil {
			return err
		}
		var set match.Set
		if err := client.Object(ctx, http.MethodPost, path, nil, bytes.NewReader(body), &set); err != nil {
			return err
		}
		if c.json {
			return c.jsonLine(set)
		}
		_, err = fmt.Fprintf(c.stdout, "%s: %d of %d entries disabled, %d in quarantine\n", set.Name, set.Disabled, set.Entries+set.ManifestEntries, set.Quarantined)
		return err
	})
	return cmd
}

func (c *cli) hashsetMarks(list lineSeq) error {
	if c.json {
		return c.passOn(list)
	}
	t := c.table("REF", "STATE", "SINCE", "BY", "PICTURES")
	for m, err := range decoded[match.Mark](list) {
		if err != nil {
			return err
		}
		t.row(m.Ref, m.State, m.At, m.By, m.Pictures)
	}
	return t.flush()
}

func (c *cli) hashsetRollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback NAME",
		Short: "Make the version before the next one",
		Long: "Make the version before the current one the next version of a set. The last two replaced versions are kept, so\n" +
			"that a bad load can be taken back; rolling back twice is where it began.",
		Args: args(cobra.ExactArgs(1)),
		RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
			var set match.Set
			if err := client.Object(ctx, http.MethodPost, "/v1/hashsets/"+url.PathEscape(a[0])+"/rollback", nil, nil, &set); err != nil {
				return err
			}
			if c.json {
				return c.jsonLine(set)
			}
			_, err := fmt.Fprintf(c.stdout, "%s: version %d, %d entries, %s\n", set.Name, set.Version, set.Entries, number(set.Refs, "ref"))
			return err
		}),
	}
}

func (c *cli) hashsetDiffCommand() *cobra.Command {
	how := loading{level: match.Hashes}
	cmd := &cobra.Command{
		Use:   "diff NAME [PATH]",
		Short: "Compare a set with its version before, or with a list that is not loaded",
		Long: "Say which entries differ: + added, - removed, ~ changed, from the version before to the current one or, with PATH,\n" +
			"from the current one to what a load of PATH would bring. PATH is what `hashset load` takes. Entries are the same\n" +
			"when they have the same SHA-256 or, without one, the same hash.",
		Example: "  leakwatch hashset diff travellers dataset.jsonl",
		Args:    args(cobra.RangeArgs(1, 2)),
	}
	detailFlag(cmd, &how.level)
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		path := "/v1/hashsets/" + url.PathEscape(a[0]) + "/diff"
		if len(a) == 1 {
			return c.printDiff(client.Lines(ctx, http.MethodGet, path, nil, nil))
		}
		if !cmd.Flags().Changed("detail") { // a folder is read as deeply as the set was
			var set match.Set
			if err := client.Object(ctx, http.MethodGet, "/v1/hashsets/"+url.PathEscape(a[0]), nil, nil, &set); err != nil {
				return err
			}
			how.level = set.DetailKind
		}
		body, done, err := c.rows(ctx, a[1], how)
		if err != nil {
			return err
		}
		defer done()
		return c.refusedRows(c.printDiff(client.Lines(ctx, http.MethodPost, path, url.Values{"path": {a[1]}}, body)))
	})
	return cmd
}

func (c *cli) printDiff(list lineSeq) error {
	if c.json {
		return c.passOn(list)
	}
	counts := map[string]int{}
	signs := map[string]string{match.Added: "+", match.Removed: "-", match.Changed: "~"}
	for d, err := range decoded[match.Change](list) {
		if err != nil {
			return err
		}
		counts[d.Change]++
		line := signs[d.Change] + " " + printable(d.Ref)
		if d.WasRef != nil {
			line += " (was " + printable(*d.WasRef) + ")"
		}
		if len(d.Fields) > 0 {
			line += "  " + strings.Join(d.Fields, " ")
		}
		fmt.Fprintln(c.stdout, line)
	}
	_, err := fmt.Fprintf(c.stdout, "%d added, %d removed, %d changed\n", counts[match.Added], counts[match.Removed], counts[match.Changed])
	return err
}
