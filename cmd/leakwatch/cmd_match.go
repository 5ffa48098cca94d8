package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

func (c *cli) matchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "match PATH...",
		Short: "Compare files with the loaded hash sets",
		Long: "Compare files, and what is in archives and documents, with the loaded hash sets. The files are read here and\n" +
			"sent to the daemon, which cannot see your paths. Exit code 10 when something was found.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return c.withClient(cmd.Context(), func(ctx context.Context, client *web.Client) error {
				return c.match(ctx, client, paths)
			})
		},
	}
}

func (c *cli) match(ctx context.Context, client *web.Client, paths []string) error {
	compare, err := c.comparing(ctx, client)
	if err != nil {
		return err
	}
	found, failed := false, 0
	answers := inOrder(ctx, pieces(ctx, files(paths), compare), compare.lines)
	for answer, err := range answers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			c.unreadable(err)
			continue
		}
		for _, line := range answer {
			found = found || line.Verdict != match.Weak && line.Verdict != "none"
			if err := c.printMatch(line); err != nil {
				return err
			}
		}
	}
	switch {
	case found && failed > 0:
		return fail(exitFound, number(failed, "path")+" could not be read", errSilent)
	case found:
		return fail(exitFound, "", errSilent)
	case failed > 0:
		return fail(exitFailure, "", fmt.Errorf("%s could not be read", number(failed, "path")))
	}
	return nil
}

// comparing asks what the sets hold. Where nothing of ours was loaded it says so,
// to keep "none" from being read as "not one of ours".
func (c *cli) comparing(ctx context.Context, client *web.Client) (*comparing, error) {
	compare, n := &comparing{client: client}, 0
	for set, err := range decoded[match.Set](client.Lines(ctx, http.MethodGet, "/v1/hashsets", nil, nil)) {
		if err != nil {
			return nil, err
		}
		n++
		compare.stated = compare.stated || set.Entries+set.ManifestEntries+set.Selectors > 0
	}
	if n == 0 {
		fmt.Fprintln(c.stderr, "note: no hash set is loaded, so nothing can be found: see `leakwatch hashset load --help`")
	}
	return compare, nil
}

func (c *cli) printMatch(l inspect.Line) error {
	if c.json {
		return c.jsonLine(l)
	}
	text := fmt.Sprintf("%-6s %s", l.Verdict, printable(l.Path))
	if l.Member != nil {
		text += "!" + printable(*l.Member)
	}
	switch {
	case l.Ref == nil && l.Set != nil:
		text += fmt.Sprintf("  set %s v%d  %s", *l.Set, *l.SetVersion, printable(statesText(l.Agree, l.Of, l.Count, l.Samples)))
	case l.Set != nil:
		text += fmt.Sprintf("  set %s v%d  ref %s  %s distance %s  lead %s  orientation %d",
			*l.Set, *l.SetVersion, printable(*l.Ref), *l.Algorithm, cellText(l.Distance), cellText(l.Lead), *l.Orientation)
		text += whereText(l)
	}
	if l.Cause != nil {
		text += "  (" + *l.Cause
		if l.Why != nil {
			text += ": " + printable(*l.Why)
		}
		text += ")"
	}
	_, err := fmt.Fprintln(c.stdout, text)
	return err
}

// whereText says in which part and frame of the picture a hit lies, and why it is
// one; of equal bytes there is nothing to say.
func whereText(l inspect.Line) (text string) {
	if *l.Frame > 0 {
		text += fmt.Sprintf("  frame %d", *l.Frame+1)
	}
	if w := windowText(l.Window); w != "whole" {
		text += "  window " + w
	}
	if w := windowText(l.EntryWindow); w != "whole" {
		text += "  of entry " + w
	}
	if rule, ok := l.Explain["rule"].(string); ok && l.Verdict != match.Exact {
		text += "  because " + printable(rule)
	}
	return text
}
