package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

// calibrating says how `hashset calibrate` measures.
type calibrating struct {
	background, pictures string // folders
	budget, rate         string // N/day
	apply, reset         bool
}

func (c *cli) hashsetCalibrateCommand() *cobra.Command {
	how := calibrating{budget: "1/day", rate: "100000/day"}
	cmd := &cobra.Command{
		Use:   "calibrate NAME",
		Short: "Measure what the thresholds of a set find, and what false alerts they cost",
		Long: "Measure a set against itself, against pictures that are in no set, and against edits of these, and print for each\n" +
			"way to a verdict: threshold, false alerts to expect in a day, and the share of edited pictures that is found.\n" +
			"The pictures are read here; their fingerprints alone are sent. --apply stores the thresholds that keep the budget\n" +
			"with the set: from then on its search goes by them, never beyond [match] max_distance. The same pictures give the\n" +
			"same figures. Give many: n pictures without a false alert cannot show less than 3/n of them.",
		Example: "  leakwatch hashset calibrate travellers --background /srv/photos\n" +
			"  leakwatch hashset calibrate travellers --background /srv/photos --budget 1/week --rate 500000/day --apply",
		Args: args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.StringVar(&how.background, "background", "", "folder of pictures that are in no set, as a crawl would find them")
	f.StringVar(&how.pictures, "pictures", "", "folder of pictures to edit, at most 50 of it; without it those of --background")
	f.StringVar(&how.budget, "budget", how.budget, "false alerts that are bearable: N/hour, N/day or N/week")
	f.StringVar(&how.rate, "rate", how.rate, "pictures that are looked at: N/hour, N/day or N/week")
	f.BoolVar(&how.apply, "apply", false, "store the thresholds that are recommended with the set")
	f.BoolVar(&how.reset, "reset", false, "put the set back under the thresholds of the config")
	cmd.MarkFlagsMutuallyExclusive("apply", "reset")
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		query, err := how.query()
		if err != nil {
			return usage(cmd, err)
		}
		if how.apply && how.background == "" {
			return usage(cmd, errors.New("--apply needs --background: without strangers there is nothing to choose by"))
		}
		return c.client(func(ctx context.Context, client *web.Client, a []string) error {
			return c.hashsetCalibrate(ctx, client, a[0], how, query)
		})(cmd, a)
	}
	return cmd
}

func (h *calibrating) query() (url.Values, error) {
	budget, err := perDay(h.budget)
	if err != nil {
		return nil, fmt.Errorf("--budget %w", err)
	}
	rate, err := perDay(h.rate)
	if err != nil {
		return nil, fmt.Errorf("--rate %w", err)
	}
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return url.Values{"budget": {text(budget)}, "rate": {text(rate)}, "apply": {strconv.FormatBool(h.apply)}}, nil
}

// perDay reads N/day, N/hour or N/week; a bare number is a day's.
func perDay(s string) (float64, error) {
	count, unit, named := strings.Cut(s, "/")
	days := map[string]float64{"hour": 1. / 24, "day": 1, "week": 7}[unit]
	if !named {
		days = 1
	}
	n, err := strconv.ParseFloat(count, 64)
	if err != nil || days == 0 || !(n > 0) || n > 1e12 {
		return 0, fmt.Errorf("is a number above zero and /hour, /day or /week, as in 1/day, not %q", s)
	}
	return n / days, nil
}

func (c *cli) hashsetCalibrate(ctx context.Context, client *web.Client, name string, how calibrating, query url.Values) error {
	path := "/v1/hashsets/" + url.PathEscape(name)
	if how.reset {
		return c.object(ctx, client, http.MethodDelete, path+"/calibration")
	}
	var set match.Set
	if err := client.Object(ctx, http.MethodGet, path, nil, nil, &set); err != nil {
		return err // before the pictures are read
	}
	body, done := c.probes(ctx, how)
	defer done()
	var found match.Calibration
	if err := client.Object(ctx, http.MethodPost, path+"/calibration", query, body, &found); err != nil {
		return c.refusedRows(err)
	}
	if c.json {
		return c.jsonLine(found)
	}
	return c.printCalibration(&found)
}

func (c *cli) printCalibration(m *match.Calibration) error {
	out := c.stdout
	fmt.Fprintf(out, "%s: version %d, %d entries, detail %s\n", m.Name, m.Version, m.Entries, m.DetailKind)
	fmt.Fprintf(out, "cameras %s, entries without background %s, not distinctive %s, look-alikes %s\n",
		cellText(m.Cameras), cellText(m.WithoutBackground), cellText(m.NotDistinctive), cellText(m.LookAlikes))
	i := m.Itself
	fmt.Fprintf(out, "against itself: nearest other ref of %d entries: least %s, 1 %% %s, 10 %% %s, half %s bits", i.Sampled, cellText(i.Least), cellText(i.P01), cellText(i.P10), cellText(i.Median))
	for _, w := range i.Within {
		fmt.Fprintf(out, "; within %d: %.4g %%", w.Distance, 100*w.Share)
	}
	b := m.Background
	fmt.Fprintf(out, "\nbackground: %d pictures judged, %d are in the set, %d could not be judged; now copy %d, kin %d, weak %d, none %d\n",
		b.Pictures, b.InSet, b.NotJudged, b.Verdicts["copy"], b.Verdicts["kin"], b.Verdicts["weak"], b.Verdicts["none"])
	for _, n := range b.Nearest {
		fmt.Fprintf(out, "  nearest: %s to %s, %s %d\n", printable(n.Path), printable(n.Ref), n.By, n.Distance)
	}
	fmt.Fprintf(out, "\nat %.6g pictures a day; budget %.6g false alerts a day\n\n", m.RatePerDay, m.BudgetPerDay)
	if err := errors.Join(c.printVerdicts(m), c.printRecall(m), c.printCurve(m)); err != nil {
		return err
	}
	if r := m.Recommended; r != nil {
		fmt.Fprintf(out, "\nrecommended: copy_distance %d, window_distance %d, phash_max_distance %d", r.CopyDistance, r.WindowDistance, r.PHashMaxDistance)
		if m.CalibratedAt != nil {
			fmt.Fprint(out, " (stored with the set)")
		}
		fmt.Fprintln(out)
	}
	for _, n := range m.Notes {
		fmt.Fprintln(out, "note:", n)
	}
	return nil
}

func (c *cli) printVerdicts(m *match.Calibration) error {
	t := c.table("VERDICT", "BY", "THRESHOLD", "SEEN", "OF", "FALSE A DAY", "AT MOST", "RECALL")
	for _, v := range m.Verdicts {
		t.row(v.Verdict, v.By, v.Threshold, v.Seen, v.Of, v.PerDay, v.AtMost, v.Mean)
	}
	return t.flush()
}

// printRecall prints the share of edited pictures that each way finds.
func (c *cli) printRecall(m *match.Calibration) error {
	edited := 0
	head := []string{"FORM"}
	for _, v := range m.Verdicts {
		head, edited = append(head, v.Verdict+" "+v.By), max(edited, v.Edited)
	}
	if edited == 0 {
		return nil
	}
	fmt.Fprintf(c.stdout, "\nshare found of %s, each in every form (a miss in none of them would still leave up to %.2g)\n\n", number(edited, "picture"), min(1, 3/float64(edited)))
	t := c.table(head...)
	for _, form := range slices.Sorted(maps.Keys(m.Verdicts[0].Recall)) {
		cells := []any{form}
		for _, v := range m.Verdicts {
			cells = append(cells, v.Recall[form])
		}
		t.row(cells...)
	}
	return t.flush()
}

func (c *cli) printCurve(m *match.Calibration) error {
	if m.Background.Pictures == 0 && m.Verdicts[0].Edited == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout)
	t := c.table("BY", "THRESHOLD", "SEEN", "FALSE A DAY", "AT MOST", "RECALL")
	for _, r := range m.Curve {
		t.row(r.By, r.Threshold, r.Seen, r.PerDay, r.AtMost, r.Mean)
	}
	return t.flush()
}

// probes reads the pictures and gives their fingerprints out as lines.
func (c *cli) probes(ctx context.Context, how calibrating) (io.Reader, func()) {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	bar := c.progress("measured", 0)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.CloseWithError(c.writeProbes(ctx, how, w, bar))
	}()
	return r, func() {
		cancel()
		r.Close()
		<-finished
		bar.done()
	}
}
