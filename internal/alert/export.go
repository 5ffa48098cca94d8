package alert

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leakwatch/internal/kv"
)

// exportFindings bounds the findings of one Detail that Export gives.
const exportFindings = 1000

// Export gives alerts with all their findings, in the order of List. An alert
// with more than 1,000 findings comes in several parts that differ in nothing
// but their findings. No transaction is open while the consumer works.
func (a *Alerts) Export(ctx context.Context, f Filter) iter.Seq2[Detail, error] {
	return func(yield func(Detail, error) bool) {
		for head, err := range a.List(ctx, f) {
			if err != nil {
				yield(Detail{}, err)
				return
			}
			if !a.exportOne(ctx, head.ID, yield) {
				return
			}
		}
	}
}

// exportOne yields the parts of one alert; false: no more.
func (a *Alerts) exportOne(ctx context.Context, id string, yield func(Detail, error) bool) bool {
	var part Detail
	err := a.db.View(func(tx *kv.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		part, err = detail(tx, r)
		return err
	})
	if err != nil {
		return yield(Detail{}, fmt.Errorf("export alert %q: %w", id, err)) && false
	}
	parts := 0
	for f, err := range a.Findings(ctx, id) {
		if err != nil {
			return yield(Detail{}, err) && false
		}
		part.Findings = append(part.Findings, f)
		if len(part.Findings) == exportFindings {
			if !yield(part, nil) {
				return false
			}
			part.Findings = []Finding{}
			parts++
		}
	}
	if len(part.Findings) == 0 && parts > 0 {
		return true
	}
	return yield(part, nil)
}

// csvHeader names the columns of WriteCSV: first the alert, then one finding.
func csvHeader() []string {
	return []string{"alert", "site", "set", "state", "alert_verdict", "assignee", "previous", "first_seen", "last_seen",
		"finding", "kind", "verdict", "ref", "set_version", "distance", "lead", "algorithm", "orientation",
		"window", "entry_window", "frame", "stage", "rule", "sha256", "format",
		"width", "height", "url", "page", "seen", "sightings", "decision",
		"container", "member", "agree", "of", "count", "samples"}
}

// WriteCSV writes a line per finding, as RFC 4180 has it. A cell that a
// spreadsheet would take for a formula, or an identifier that it would take
// for a number, begins with an apostrophe.
func WriteCSV(w io.Writer, details iter.Seq2[Detail, error]) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvHeader()); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for d, err := range details {
		if err != nil {
			return err
		}
		head := []string{word(&d.ID), word(&d.Site), word(&d.Set), word(&d.State), word(&d.Verdict), word(d.Assignee), word(d.Previous),
			d.FirstSeen.Format(time.RFC3339), d.LastSeen.Format(time.RFC3339)}
		for _, f := range d.Findings {
			if err := out.Write(append(head[:len(head):len(head)], f.cells()...)); err != nil {
				return fmt.Errorf("write csv: %w", err)
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (f *Finding) cells() []string {
	rule, _ := f.Explain["rule"].(string)
	samples := strings.Join(f.Samples, " ")
	return []string{word(&f.ID), word(&f.Kind), word(&f.Verdict), word(f.Ref), digits(f.SetVersion), digits(f.Distance), digits(f.Lead),
		word(f.Algorithm), digits(f.Orientation), corners(f.Window), corners(f.EntryWindow), digits(f.Frame), word(f.Stage), word(&rule), word(&f.SHA256), word(f.Format), digits(f.Width), digits(f.Height),
		word(&f.URL), word(f.Page), f.Seen.Format(time.RFC3339), digits(&f.Places), word(f.Decision),
		word(f.Container), word(f.Member), digits(f.Agree), digits(f.Of), digits(f.Count), word(&samples)}
}

// corners of a window, with blanks between them.
func corners(w *[4]float64) string {
	if w == nil {
		return ""
	}
	return strings.Trim(fmt.Sprint(*w), "[]")
}

func digits(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// word guards a cell of text.
func word(s *string) string {
	if s == nil || *s == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(*s, " \u00a0"))
	if _, err := strconv.ParseFloat(*s, 64); err == nil || strings.ContainsRune("=+-@\t\r\n|＝＋－＠", first) {
		return "'" + *s
	}
	return *s
}
