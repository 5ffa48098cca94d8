package alert_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"leakwatch/internal/alert"
)

func TestExportHasAllFindings(t *testing.T) {
	r := open(t)
	var reports []alert.Report
	for i := range 2300 {
		reports = append(reports, report("big", "s", fmt.Sprint(i)))
	}
	r.raise(reports...)
	r.raise(report("small", "s", "0"))
	r.review(r.list(alert.Filter{Site: "big"})[0].ID, alert.Review{Note: "large"})
	ids := map[string]bool{}
	parts := 0
	for _, d := range all(t, r.Export(context.Background(), alert.Filter{})) {
		parts++
		if len(d.Findings) > 1000 {
			t.Errorf("a part has %d findings, want at most 1000", len(d.Findings))
		}
		if d.Site == "big" && (d.FindingsTotal != 2300 || len(d.Reviews) != 1) {
			t.Errorf("a part says %d findings and %d reviews, want 2300 and 1", d.FindingsTotal, len(d.Reviews))
		}
		for _, f := range d.Findings {
			ids[d.ID+f.ID] = true
		}
	}
	if parts != 4 || len(ids) != 2301 {
		t.Errorf("got %d findings in %d parts, want 2301 in 4", len(ids), parts)
	}
	if d := r.one(alert.Filter{Site: "big"}); len(d.Findings) != 1000 || d.FindingsTotal != 2300 {
		t.Errorf("show gives %d of %d, want 1000 of 2300", len(d.Findings), d.FindingsTotal)
	}
}

func TestCSVIsSafeInASpreadsheet(t *testing.T) {
	r := open(t)
	for i, url := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", " =1", "\u00a0=1", `a "quoted", cell`} {
		r.raise(with(report("a", "=set", fmt.Sprint(i)), func(r *alert.Report) {
			r.URL, r.Page, r.Ref = url, url, "1234567890123e45"
			r.Window, r.Frame = &[4]float64{0, 0, .5, 1}, 3
		}))
	}
	var out bytes.Buffer
	if err := alert.WriteCSV(&out, r.Export(context.Background(), alert.Filter{})); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 14 || strings.Count(out.String(), "\r\n") != 14 {
		t.Errorf("got %d rows and %d line ends, want 14 each", len(rows), strings.Count(out.String(), "\r\n"))
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if strings.IndexFunc(strings.TrimLeft(cell, " \u00a0"), func(r rune) bool { return strings.ContainsRune("=+-@\t\r＝＋－＠", r) }) == 0 {
				t.Errorf("cell %q is a formula", cell)
			}
		}
		if got := row[column["ref"]]; got != "'1234567890123e45" {
			t.Errorf("ref is %q, want it guarded: a spreadsheet takes it for a number", got)
		}
		if got := row[column["window"]] + ", frame " + row[column["frame"]] + ": " + row[column["rule"]]; got != "0 0 0.5 1, frame 3: distance 12 <= 45" {
			t.Errorf("got %q, want the window, the frame and why", got)
		}
		if got := row[column["distance"]]; got != "12" {
			t.Errorf("distance is %q, want the number 12", got)
		}
	}
}

func TestCSVPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	var seq iter.Seq2[alert.Detail, error] = func(yield func(alert.Detail, error) bool) { yield(alert.Detail{}, broken) }
	if err := alert.WriteCSV(new(bytes.Buffer), seq); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the source", err)
	}
}

func FuzzCrawledText(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b]0;x\x07", "\u202e", "\xff\xfe", "=1", "a,\"b\"\r\n"} {
		f.Add(s)
	}
	r := open(f)
	f.Fuzz(func(t *testing.T, s string) {
		r.t = t
		site := sum(s)
		r.raise(with(report(site, "s", "x"), func(r *alert.Report) { r.URL, r.Page = s, s }))
		got := r.one(alert.Filter{Site: site}).Findings[0].URL
		for _, c := range got {
			if c < 0x20 || c >= 0x7f && c < 0xa0 || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
				t.Errorf("%q is stored as %q", s, got)
			}
		}
		var out bytes.Buffer
		if err := alert.WriteCSV(&out, r.Export(context.Background(), alert.Filter{Site: site})); err != nil {
			t.Fatal(err)
		}
		if rows, err := csv.NewReader(&out).ReadAll(); err != nil || len(rows) != 2 {
			t.Errorf("%q: %d rows, %v; want 2", s, len(rows), err)
		}
	})
}
