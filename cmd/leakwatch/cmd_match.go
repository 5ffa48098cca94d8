package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

func (c *cli) matchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "match PATH...",
		Short: "Compare files with the loaded hash sets",
		Long: "Compare files with the loaded hash sets. The files are read here and sent to the daemon, which cannot see\n" +
			"your paths. Exit code 10 when something was found.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return c.withClient(cmd.Context(), func(ctx context.Context, client *web.Client) error {
				return c.match(ctx, client, paths)
			})
		},
	}
}

func (c *cli) match(ctx context.Context, client *web.Client, paths []string) error {
	if err := c.warnWithoutSets(ctx, client); err != nil {
		return err
	}
	found, failed := false, 0
	answers := inOrder(ctx, files(paths), func(ctx context.Context, path string) ([]json.RawMessage, error) {
		return matchOne(ctx, client, path)
	})
	for answer, err := range answers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			c.unreadable(err)
			continue
		}
		for _, raw := range answer {
			var line inspect.Line
			if err := json.Unmarshal(raw, &line); err != nil {
				return err
			}
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

// warnWithoutSets keeps "none" from being read as "not one of ours" where
// nothing of ours was loaded.
func (c *cli) warnWithoutSets(ctx context.Context, client *web.Client) error {
	for _, err := range client.Lines(ctx, http.MethodGet, "/v1/hashsets", nil, nil) {
		return err
	}
	fmt.Fprintln(c.stderr, "note: no hash set is loaded, so nothing can be found: see `leakwatch hashset load --help`")
	return nil
}

// maxMatchFile is the most of one file that is sent: a byte more than the config
// allows for a picture, so that the limit ends in its cause.
const maxMatchFile = 2<<30 + 1

func matchOne(ctx context.Context, client *web.Client, path string) ([]json.RawMessage, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxMatchFile))
	if err != nil {
		return nil, err
	}
	var out []json.RawMessage
	query := url.Values{"path": {filepath.ToSlash(path)}}
	for line, err := range client.Lines(ctx, http.MethodPost, "/v1/match", query, bytes.NewReader(data)) {
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

func (c *cli) printMatch(l inspect.Line) error {
	if c.json {
		return c.jsonLine(l)
	}
	text := fmt.Sprintf("%-6s %s", l.Verdict, printable(l.Path))
	if l.Set != nil {
		text += fmt.Sprintf("  set %s v%d  ref %s  %s distance %s  lead %s  orientation %d",
			*l.Set, *l.SetVersion, printable(*l.Ref), *l.Algorithm, cellText(l.Distance), cellText(l.Lead), *l.Orientation)
		text += whereText(l)
	}
	if l.Cause != nil {
		text += "  (" + *l.Cause + ")"
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
