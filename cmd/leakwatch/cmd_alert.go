package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/alert"
	"leakwatch/internal/web"
)

func (c *cli) alertCommand() *cobra.Command {
	return group("alert", "List, show, review and export alerts",
		c.alertList(), c.alertShow(), c.alertReview(), c.alertExport())
}

func filterFlags(cmd *cobra.Command) func() url.Values {
	values := map[string]*string{}
	for name, allowed := range map[string][]string{"site": nil, "set": nil, "state": alert.States(), "verdict": alert.Verdicts()} {
		help := "only alerts of this " + name
		if allowed != nil {
			help += ": " + strings.Join(allowed, ", ")
		}
		values[name] = cmd.Flags().String(name, "", help)
	}
	return func() url.Values {
		out := url.Values{}
		for name, v := range values {
			if *v != "" {
				out.Set(name, *v)
			}
		}
		return out
	}
}

func (c *cli) alertList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List alerts, newest first", Args: none()}
	filter := filterFlags(cmd)
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, _ []string) error {
		list := client.Lines(ctx, http.MethodGet, "/v1/alerts", filter(), nil)
		if c.json {
			return c.passOn(list)
		}
		return c.alertTable(list)
	})
	return cmd
}

func (c *cli) alertTable(list lineSeq) error {
	t := c.table("ID", "STATE", "VERDICT", "SITE", "SET", "FINDINGS", "REFS", "FIRST SEEN", "LAST SEEN", "ASSIGNEE")
	for a, err := range decoded[alert.Alert](list) {
		if err != nil {
			return err
		}
		t.row(a.ID, a.State, a.Verdict, a.Site, a.Set, a.Findings, a.Refs, a.FirstSeen, a.LastSeen, a.Assignee)
	}
	return t.flush()
}

func (c *cli) alertShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show one alert with its findings", Args: args(cobra.ExactArgs(1)),
		RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
			var d alert.Detail
			if err := client.Object(ctx, http.MethodGet, "/v1/alerts/"+url.PathEscape(a[0]), nil, nil, &d); err != nil {
				return err
			}
			return c.printAlert(d)
		})}
}

func (c *cli) printAlert(d alert.Detail) error {
	if c.json {
		return c.jsonLine(d)
	}
	fmt.Fprintf(c.stdout, "alert     %s\nsite      %s\nset       %s\nstate     %s\nverdict   %s\nseen      %s to %s\nfindings  %d, of %d refs\nassignee  %s\nfollows   %s\n\n",
		d.ID, printable(d.Site), d.Set, d.State, d.Verdict, cellText(d.FirstSeen), cellText(d.LastSeen), d.FindingsTotal, d.Refs, cellText(d.Assignee), cellText(d.Previous))
	t := c.table("FINDING", "VERDICT", "REF", "DISTANCE", "LEAD", "ORIENTATION", "DECISION", "SEEN", "WHERE")
	for _, f := range d.Findings {
		t.row(f.ID, f.Verdict, f.Ref, f.Distance, f.Lead, f.Orientation, f.Decision, f.Seen, defanged(f.URL))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := errors.Join(c.whyTable(d.Findings), c.insideTable(d.Findings)); err != nil {
		return err
	}
	if more := d.FindingsTotal - len(d.Findings); more > 0 {
		fmt.Fprintf(c.stdout, "... and %d more: `leakwatch alert export` gives all\n", more)
	}
	for i, r := range d.Reviews {
		if i == 0 {
			fmt.Fprintln(c.stdout)
		}
		fmt.Fprintf(c.stdout, "%s %s: %s\n", cellText(r.At), printable(r.By), printable(saidIn(r)))
	}
	return nil
}

// whyTable says of each finding where in the picture it lies, how far the
// search went, and why the verdict is what it is.
func (c *cli) whyTable(findings []alert.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout)
	t := c.table("FINDING", "VERSION", "FRAME", "WINDOW", "OF ENTRY", "STAGE", "WHY")
	for _, f := range findings {
		frame := "-"
		if f.Frame != nil {
			frame = cellText(*f.Frame + 1)
		}
		t.row(f.ID, f.SetVersion, frame, windowText(f.Window), windowText(f.EntryWindow), f.Stage, f.Explain["rule"])
	}
	return t.flush()
}

// insideTable says of findings that are no picture on its own what they state,
// and in what they lay.
func (c *cli) insideTable(findings []alert.Finding) error {
	findings = slices.DeleteFunc(slices.Clone(findings), func(f alert.Finding) bool {
		return f.Kind == alert.KindPicture && f.Container == nil
	})
	if len(findings) == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout)
	t := c.table("FINDING", "KIND", "STATES", "CONTAINER", "MEMBER")
	for _, f := range findings {
		t.row(f.ID, f.Kind, statesText(f.Agree, f.Of, f.Count, f.Samples), f.Container, f.Member)
	}
	return t.flush()
}

// statesText is how much of a set a manifest or a text names; "" of a picture.
func statesText(agree, of, count *int, samples []string) string {
	switch {
	case agree != nil:
		return fmt.Sprintf("%d of %s names and sizes", *agree, cellText(of))
	case count != nil:
		return strings.TrimSuffix(number(*count, "selector")+": "+strings.Join(samples, " "), ": ")
	}
	return ""
}

// windowText is a part of a picture in per cent of its sides.
func windowText(w *[4]float64) string {
	switch {
	case w == nil:
		return "-"
	case *w == [4]float64{0, 0, 1, 1}:
		return "whole"
	}
	return fmt.Sprintf("%.0f,%.0f to %.0f,%.0f %%", 100*w[0], 100*w[1], 100*w[2], 100*w[3])
}

// saidIn is a line of an alert's history as people read it.
func saidIn(r alert.Reviewed) string {
	var said []string
	if r.State != nil {
		said = append(said, "state "+*r.State)
	}
	if r.Assignee != nil {
		said = append(said, "assignee "+cellText(r.Assignee))
	}
	if r.Decision != nil {
		of := "every finding"
		if r.Finding != nil {
			of = *r.Finding
		}
		said = append(said, "decision "+*r.Decision+" on "+of)
	}
	if r.Note != nil {
		said = append(said, *r.Note)
	}
	return strings.Join(said, "; ")
}

func (c *cli) alertReview() *cobra.Command {
	var r web.ReviewRequest
	cmd := &cobra.Command{Use: "review ID", Short: "Set the state of an alert, or the decision on a finding", Args: args(cobra.ExactArgs(1)),
		Example: "  leakwatch alert review 01J... --state in_review --note \"looks like ours\"\n" +
			"  leakwatch alert review 01J... --finding 3f2a... --decision confirmed"}
	f := cmd.Flags()
	f.StringVar(&r.Finding, "finding", "", "the finding that the decision is about; without it: all of the alert")
	f.StringVar(&r.Decision, "decision", "", strings.Join(alert.Decisions(), ", "))
	f.StringVar(&r.State, "state", "", strings.Join(alert.States(), ", "))
	f.StringVar(&r.Note, "note", "", "why")
	assignee := f.String("assignee", "", "who looks after the alert; empty: nobody")
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		if f.Changed("assignee") {
			r.Assignee = assignee
		}
		if r == (web.ReviewRequest{}) {
			return usage(cmd, errors.New("nothing to set: give --state, --decision, --note or --assignee"))
		}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		var d alert.Detail
		if err := client.Object(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(a[0])+"/review", nil, bytes.NewReader(body), &d); err != nil {
			return err
		}
		return c.printAlert(d)
	})
	return cmd
}

func (c *cli) alertExport() *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "export", Short: "Print alerts with their findings as JSON Lines or CSV", Args: none()}
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl, or csv with a row per finding")
	filter := filterFlags(cmd)
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, _ []string) error {
		if format != "jsonl" && format != "csv" {
			return usage(cmd, fmt.Errorf("--format is jsonl or csv, not %q", format))
		}
		query := filter()
		if format == "jsonl" {
			return c.passOn(client.Lines(ctx, http.MethodGet, "/v1/export/alerts", query, nil))
		}
		query.Set("format", format)
		body, err := client.Do(ctx, http.MethodGet, "/v1/export/alerts", query, nil)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(c.stdout, body)
		return err
	})
	return cmd
}
