package main

import (
	"fmt"
	"strings"
	"time"
)

// goal is a row of the table of quality: forms, taken together, and
// the share that must be raised as a copy of the right entry.
type goal struct {
	figure string   // its name in a figure line
	what   string   // in words
	groups []string // of forms; none: all of the table
	hash   float64  // per cent asked of hashes and windows alone, 0: nothing
	full   float64  // of the last stage
}

func goals() []goal {
	return []goal{
		{"mean", "mean over the 65 forms", nil, 93, 98.5},
		{"codec", "codecs", []string{"codec"}, 0, 100},
		{"size", "sizes of a quarter and more", []string{"size"}, 0, 100},
		{"tone", "tone", []string{"tone"}, 0, 100},
		{"filter", "filters", []string{"filter"}, 0, 100},
		{"mirror", "mirror and quarter turns", []string{"mirror, quarter turn"}, 0, 100},
		{"squeeze", "squeeze", []string{"squeeze"}, 0, 100},
		{"border", "border", []string{"border"}, 0, 97},
		{"letterbox", "letterbox", []string{"letterbox"}, 0, 97},
		{"browser", "browser frame", []string{"browser"}, 0, 97},
		{"page", "page", []string{"page"}, 0, 97},
		{"sheet", "sheets with gaps", []string{"sheet", "3x3 sheet"}, 0, 97},
		{"sheet_3x3", "3x3 sheet", []string{"3x3 sheet"}, 0, 97},
		{"resize_12", "12 % size", []string{"12 % size"}, 0, 93},
		{"crop_half", "crop to half", []string{"half"}, 0, 92},
		{"crop_quarter", "crop to a quarter", []string{"quarter"}, 0, 70},
		{"random_crop", "crops at random places and shapes, down to half", []string{"random crop"}, 0, 95},
	}
}

// over adds the rows of groups of forms.
func (r *result) over(groups []string) row {
	sum := row{stages: make([]recall, len(r.stages))}
	for _, f := range append(tableForms(), heldOutForms()...) {
		from := r.forms[f.name]
		if from == nil || len(groups) == 0 || !has(groups, f.group) {
			continue
		}
		for i := range sum.stages {
			sum.stages[i].copies.plus(from.stages[i].copies)
			sum.stages[i].candidates.plus(from.stages[i].candidates)
		}
	}
	if len(groups) == 0 {
		return r.all
	}
	return sum
}

func (r *rate) plus(other rate) { r.hit, r.n = r.hit+other.hit, r.n+other.n }

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// resolved is the rate that events in n pairs show: where there were none, the
// rate that they leave open, at 95 %.
func resolved(events, n int) string {
	switch {
	case n == 0:
		return "nothing"
	case events > 0:
		return fmt.Sprintf("%.1e seen", float64(events)/float64(n))
	}
	return fmt.Sprintf("< %.1e", 3/float64(n))
}

// text is what a person reads: the page's tables, as they are.
func (m *measurement) text() string {
	var b strings.Builder
	m.writeTables(&b)
	return b.String()
}

// writeTables are the tables in Markdown.
func (m *measurement) writeTables(b *strings.Builder) {
	m.writeAlbums(b)
	m.writeForms(b, "The 65 forms", tableForms(), true)
	m.writeForms(b, "Forms that no threshold has seen", heldOutForms(), false)
	m.writeKinds(b)
	m.writeStrangers(b)
	m.writeKin(b)
	m.writeSets(b)
	m.writeGoals(b)
}

func (m *measurement) writeAlbums(b *strings.Builder) {
	fmt.Fprintf(b, "%d originals, %d files looked at.\n\n", m.originals, m.looks)
	fmt.Fprintln(b, "| pictures | scenes | judged | in the set | same camera, not in the set | too little detail | not read | scenes joined |")
	fmt.Fprintln(b, "|---|---|---|---|---|---|---|---|")
	for _, t := range m.trials {
		a := t.album
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", a.name, len(a.scenes), len(a.photos), len(a.with(entry)), len(a.with(kin)), a.dull, a.unread, a.joined)
	}
	fmt.Fprintln(b)
}

// writeForms prints copies / candidates of each form and stage, in per cent.
func (m *measurement) writeForms(b *strings.Builder, title string, forms []form, mean bool) {
	fmt.Fprintf(b, "### %s\n\nPer cent raised as `copy` of the right entry / named at all.\n\n", title)
	fmt.Fprint(b, "| form | group | how it is made | n | pHash <= 10 | PDQ <= 31 |")
	for _, s := range m.stages {
		fmt.Fprintf(b, " %s |", s.name)
	}
	fmt.Fprintf(b, "\n|---|---|---|---|---|---|%s\n", strings.Repeat("---|", len(m.stages)))
	for _, f := range forms {
		if r := m.forms[f.name]; r != nil {
			fmt.Fprintf(b, "| %s | %s | %s |%s\n", f.name, f.group, f.how, r.cells())
		}
	}
	if mean && m.all.pdq31.n > 0 {
		fmt.Fprintf(b, "| **mean** | | |%s\n", m.all.cells())
	}
	fmt.Fprintln(b)
}

func (r *row) cells() string {
	var b strings.Builder
	fmt.Fprintf(&b, " %d | %s | %s |", r.pdq31.n, percent(r.phash10), percent(r.pdq31))
	for _, s := range r.stages {
		fmt.Fprintf(&b, " %s / %s |", percent(s.copies), percent(s.candidates))
	}
	return b.String()
}

// percent has a decimal where n carries one.
func percent(r rate) string {
	switch {
	case r.n == 0:
		return "-"
	case r.n < 500:
		return fmt.Sprintf("%.0f", r.percent())
	}
	return fmt.Sprintf("%.1f", r.percent())
}

func (m *measurement) writeKinds(b *strings.Builder) {
	fmt.Fprint(b, "### The 65 forms by kind of picture\n\n| kind | n | pHash <= 10 | PDQ <= 31 |")
	for _, s := range m.stages {
		fmt.Fprintf(b, " %s |", s.name)
	}
	fmt.Fprintf(b, "\n|---|---|---|---|%s\n", strings.Repeat("---|", len(m.stages)))
	for _, kind := range []string{"vehicles", "fixed cameras", "made-up lanes", "plates", "ordinary", enlarged} {
		if r := m.kinds[kind]; r != nil {
			fmt.Fprintf(b, "| %s |%s\n", kind, r.cells())
		}
	}
	fmt.Fprintln(b)
}

func (m *measurement) writeStrangers(b *strings.Builder) {
	fmt.Fprint(b, "### False alerts on unrelated pictures\n\nEntries of another scene that were raised as `copy`. A picture counts once, in however many forms it was shown; n pairs without an\nevent show a rate below 3/n, and the pairs of one scene are not independent.\n\n")
	fmt.Fprintln(b, "| stage | pictures | raised a copy | files | raised a copy | called kin | pairs | rate (95 %) | icons, logos, flags, flat, gradients | raised anything |")
	fmt.Fprintln(b, "|---|---|---|---|---|---|---|---|---|---|")
	for i, s := range m.strange {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d | %s | %d | %d |\n", m.stages[i].name,
			s.pictures.n, s.pictures.hit, s.looks.n, s.looks.hit, s.kin, s.pairs, resolved(s.pictures.hit, s.pairs), s.blanks.n, s.blanks.hit)
	}
	fmt.Fprintf(b, "\nPlain limits on the whole picture, %d of these pairs: pHash <= 10 raises %d, PDQ <= 31 raises %d.\n\n", m.plain.pairs, m.plain.phash10, m.plain.pdq31)
}

func (m *measurement) writeKin(b *strings.Builder) {
	fmt.Fprint(b, "### Other pictures of the same camera\n\nRaised as `copy` of an entry that they are not: pictures in any of six forms, then files, then pairs of picture and entry. The last column is\nre-posts of an entry that raised another entry of its camera, besides or instead.\n\n")
	fmt.Fprintln(b, "| stage | camera | entries | pictures | files | pairs | called kin | re-posts that raised another |")
	fmt.Fprintln(b, "|---|---|---|---|---|---|---|---|")
	for i, s := range m.stages {
		for _, r := range append(m.kin[i], m.kinSum(i, true), m.kinSum(i, false)) {
			fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %d | %s |\n", s.name, r.camera, r.entries, of(r.pictures), of(r.looks), of(r.pairs), r.named, of(r.wrong))
		}
	}
	fmt.Fprintln(b)
}

// kinSum adds the fixed cameras, or the other scenes of like pictures.
func (m *measurement) kinSum(stage int, fixed bool) *kinRow {
	sum := &kinRow{camera: "**all others**"}
	if fixed {
		sum.camera = "**all fixed cameras**"
	}
	for _, r := range m.kin[stage] {
		if r.fixed != fixed {
			continue
		}
		sum.entries, sum.named = sum.entries+r.entries, sum.named+r.named
		sum.pictures.plus(r.pictures)
		sum.looks.plus(r.looks)
		sum.pairs.plus(r.pairs)
		sum.wrong.plus(r.wrong)
	}
	return sum
}

func of(r rate) string { return fmt.Sprintf("%d of %d", r.hit, r.n) }

func (m *measurement) writeSets(b *strings.Builder) {
	fmt.Fprintln(b, "### The sets\n\n| stage | set of | detail | entries | rows | bytes an entry in memory | cameras | without background | not distinctive |")
	fmt.Fprintln(b, "|---|---|---|---|---|---|---|---|---|")
	for i, s := range m.stages {
		for _, t := range m.trials {
			set := t.sets[i]
			fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | %s | %s | %s |\n", s.name, t.album.name, set.DetailKind, set.Entries, set.Rows,
				set.MemoryBytes/int64(max(set.Entries, 1)), known(set.Cameras), known(set.WithoutBackground), known(set.NotDistinctive))
		}
	}
	fmt.Fprintln(b)
	for i, s := range m.stages {
		fmt.Fprintf(b, "- %s: %s; %.0f ms a file on the clock, two files at once\n", s.name, s.what, m.took[i].Seconds()*1000/float64(max(m.looks, 1)))
	}
	fmt.Fprintln(b)
}

func known(n *int) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

// writeGoals holds the last stage, and what stands on hashes alone, against
// what is asked.
func (m *measurement) writeGoals(b *strings.Builder) {
	fmt.Fprint(b, "### Goals\n\n| what | asked |")
	for _, s := range m.stages {
		fmt.Fprintf(b, " %s |", s.name)
	}
	fmt.Fprintf(b, " n |\n|---|---|%s---|\n", strings.Repeat("---|", len(m.stages)))
	for _, g := range goals() {
		r := m.over(g.groups)
		if len(r.stages) == 0 || r.stages[0].copies.n == 0 {
			continue
		}
		asked := fmt.Sprintf("%g", g.full)
		if g.hash > 0 {
			asked += fmt.Sprintf(" (hashes and windows: %g)", g.hash)
		}
		fmt.Fprintf(b, "| %s | %s |", g.what, asked)
		for _, s := range r.stages {
			fmt.Fprintf(b, " %.1f / %.1f |", s.copies.percent(), s.candidates.percent())
		}
		fmt.Fprintf(b, " %d |\n", r.stages[0].copies.n)
	}
	m.writeRow(b, "the right entry stands first", "98", func(i int) string { return fmt.Sprintf("%.1f (%s)", m.first[i].percent(), of(m.first[i])) })
	m.writeRow(b, "unrelated pictures that raise a copy", "0", func(i int) string { return of(m.strange[i].pictures) })
	m.writeRow(b, "icons, logos, flags, flat, gradients that raise anything", "0", func(i int) string { return of(m.strange[i].blanks) })
	m.writeRow(b, "other vehicles before the same fixed camera: pairs that raise a copy", "0.5 %", func(i int) string { return fmt.Sprintf("%.2f %%", m.kinSum(i, true).pairs.percent()) })
	fmt.Fprintln(b)
}

func (m *measurement) writeRow(b *strings.Builder, what, asked string, cell func(stage int) string) {
	fmt.Fprintf(b, "| %s | %s |", what, asked)
	for i := range m.stages {
		fmt.Fprintf(b, " %s |", cell(i))
	}
	fmt.Fprintln(b, " |")
}

// figures are lines that a script can hold against the goals.
func (m *measurement) figures() string {
	var b strings.Builder
	line := func(stage, name string, value float64, unit string) {
		fmt.Fprintf(&b, "figure detection_%s_%s_%s %.2f %s\n", m.trials[0].album.name, stage, name, value, unit)
	}
	for i, s := range m.stages {
		for _, g := range goals() {
			if r := m.over(g.groups); r.stages[i].copies.n > 0 {
				line(s.name, g.figure+"_copy", r.stages[i].copies.percent(), fmt.Sprintf("%% of %d", r.stages[i].copies.n))
				line(s.name, g.figure+"_candidate", r.stages[i].candidates.percent(), "%")
			}
		}
		sum, str := m.kinSum(i, true), m.strange[i]
		line(s.name, "right_entry_first", m.first[i].percent(), fmt.Sprintf("%% of %d", m.first[i].n))
		line(s.name, "unrelated_raised_copy", float64(str.pictures.hit), fmt.Sprintf("of %d pictures, %d pairs: %s a pair", str.pictures.n, str.pairs, resolved(str.pictures.hit, str.pairs)))
		line(s.name, "plain_raised", float64(str.blanks.hit), fmt.Sprintf("of %d", str.blanks.n))
		line(s.name, "same_camera_pairs_raised", sum.pairs.percent(), fmt.Sprintf("%% of %d pairs", sum.pairs.n))
		line(s.name, "same_camera_files_raised", sum.looks.percent(), fmt.Sprintf("%% of %d files", sum.looks.n))
		line(s.name, "other_like_pairs_raised", m.kinSum(i, false).pairs.percent(), fmt.Sprintf("%% of %d pairs", m.kinSum(i, false).pairs.n))
		line(s.name, "look_ms", m.took[i].Seconds()*1000/float64(max(m.looks, 1)), "ms a file")
	}
	fmt.Fprintf(&b, "figure detection_seconds %.0f\n", m.spent.Round(time.Second).Seconds())
	return b.String()
}
