package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
)

func (c *cli) hashCommand() *cobra.Command {
	level := match.Hashes
	cmd := &cobra.Command{
		Use:   "hash PATH...",
		Short: "Print the fingerprints of files and folders",
		Long: "Print the fingerprints of files and folders, and of what is in archives and documents. It needs no config and no\n" +
			"daemon, so that a data set can be hashed where it lies: copy the output of `hash --json` to the watching host\n" +
			"and load it there.",
		Example: "  leakwatch hash --json /mnt/dataset > dataset.jsonl",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return c.hash(cmd.Context(), paths, level)
		},
	}
	detailFlag(cmd, &level)
	return cmd
}

// detailFlag lets a command that fingerprints pictures be told how deeply.
func detailFlag(cmd *cobra.Command, level *string) {
	cmd.Flags().StringVar(level, "detail", *level, "hashes, windows (finds crops) or keypoints (tells altered copies from other pictures\n"+
		"of the same camera); each shows more of a picture to whoever gets hold of the list")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if err := inspect.CheckLevel(*level); err != nil {
			return fail(exitUsage, "", err)
		}
		return nil
	}
	if err := cmd.RegisterFlagCompletionFunc("detail", cobra.FixedCompletions(inspect.Levels(), cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag stands above
	}
}

func (c *cli) hash(ctx context.Context, paths []string, level string) error {
	failed := 0
	bar := c.progress("hashed", 0)
	defer bar.done()
	var n int64
	for p, err := range fingerprints(ctx, paths, level) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			c.unreadable(err)
			continue
		}
		if err := c.printHash(p); err != nil {
			return err
		}
		n++
		bar.at(n)
	}
	if failed > 0 {
		return fail(exitFailure, "", fmt.Errorf("%s could not be read", number(failed, "path")))
	}
	return nil
}

func (c *cli) printHash(p inspect.Print) error {
	if c.json {
		return c.jsonLine(p)
	}
	var pdq *string
	if p.PDQ != nil {
		text := p.PDQ.String()
		pdq = &text
	}
	_, err := fmt.Fprintf(c.stdout, "%s  %s  %3s  %s%s\n", cellText(p.Ref), cellText(pdq), cellText(p.Quality), whereIn(p), because(p))
	return err
}

// whereIn is the path of a file, and behind it its name in a container.
func whereIn(p inspect.Print) string {
	if p.Member == nil {
		return printable(p.Path)
	}
	return printable(p.Path) + "!" + printable(*p.Member)
}

// memberOf is the name in a container, "" of a file on its own.
func memberOf(p inspect.Print) string {
	if p.Member == nil {
		return ""
	}
	return *p.Member
}

func because(p inspect.Print) string {
	if p.Cause == nil {
		return ""
	}
	return fmt.Sprintf("  (%s: %s)", *p.Cause, printable(p.Why()))
}
