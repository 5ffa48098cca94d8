package alert_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/kv"
)

// stated is the report of a manifest of which so many lines agree.
func stated(site, set, manifest string, agree, of int) alert.Report {
	return alert.Report{
		Site: site, Set: set, SetVersion: 3, Kind: alert.KindManifest, Verdict: "manifest", Agree: &agree, Of: &of,
		SHA256: sum(manifest), Container: "zip", Format: "zip", URL: "http://" + site + ".onion/" + manifest + ".zip", At: day(),
		Explain: map[string]any{"rule": "enough of it"},
	}
}

// named is the report of a text that names so many selectors.
func named(site, set, text string, count int) alert.Report {
	return alert.Report{
		Site: site, Set: set, SetVersion: 3, Kind: alert.KindSelector, Verdict: "selector", Count: &count,
		Samples: []string{"AB•••23", "CD•••45"}, SHA256: sum(text), URL: "http://" + site + ".onion/" + text, At: day(),
	}
}

func TestManifestsAndTextsAreFindings(t *testing.T) {
	r := open(t)
	r.raise(named("a", "s", "paste", 1000), stated("a", "s", "dump", 97312, 100000), with(report("a", "s", "one"), func(r *alert.Report) {
		r.Container, r.Member = "zip", "photos.zip!lane/0001.jpg"
	}))
	d := r.one(alert.Filter{})
	if d.Verdict != "copy" || d.FindingsTotal != 3 || d.Refs != 1 {
		t.Fatalf("got %s of %d findings and %d refs, want copy, 3, 1: a manifest names no ref", d.Verdict, d.FindingsTotal, d.Refs)
	}
	picture, manifest, selector := d.Findings[0], d.Findings[1], d.Findings[2]
	if picture.Kind != "picture" || *picture.Container != "zip" || *picture.Member != "photos.zip!lane/0001.jpg" || picture.Agree != nil ||
		*picture.Sightings[0].Member != "photos.zip!lane/0001.jpg" || len(picture.Samples) != 0 {
		t.Errorf("picture %+v does not say in what it lay", picture)
	}
	if picture.Frame == nil || *picture.Frame != 0 || manifest.Frame != nil || selector.Frame != nil {
		t.Errorf("frames %v, %v, %v; want 0 of the picture alone", picture.Frame, manifest.Frame, selector.Frame)
	}
	if manifest.Kind != "manifest" || *manifest.Agree != 97312 || *manifest.Of != 100000 || manifest.Distance != nil || manifest.Ref != nil || manifest.Count != nil {
		t.Errorf("manifest %+v, want 97312 of 100000", manifest)
	}
	if selector.Kind != "selector" || *selector.Count != 1000 || !slices.Equal(selector.Samples, []string{"AB•••23", "CD•••45"}) || selector.Of != nil {
		t.Errorf("selector %+v, want 1000 with two samples", selector)
	}
}

// Of two reports of one manifest the larger stands; a report says itself what
// makes it the same as another.
func TestTheLargerManifestStands(t *testing.T) {
	r := open(t)
	same := func(r *alert.Report) { r.Same = "http://a.onion/dump.tar" }
	for _, n := range []int{200, 4000, 300} {
		r.raise(with(stated("a", "s", fmt.Sprint("part", n), n, n+1), same))
	}
	d := r.one(alert.Filter{})
	if d.FindingsTotal != 1 || *d.Findings[0].Agree != 4000 || *d.Findings[0].Of != 4001 || d.Findings[0].SHA256 != sum("part4000") {
		t.Fatalf("got %d findings, %+v; want one of 4000", d.FindingsTotal, d.Findings)
	}
	r.raise(with(stated("a", "s", "more", 4000, 4500), same), with(stated("a", "s", "less", 4000, 4100), same))
	if f := r.one(alert.Filter{}).Findings[0]; *f.Of != 4500 {
		t.Errorf("of equals the one of %d lines stands, want the longer", *f.Of)
	}
	r.raise(with(stated("a", "s", "x", 5, 5), func(r *alert.Report) { r.Same = "elsewhere" }), named("a", "s", "x", 3), named("a", "s", "y", 70_000), named("a", "s", "z", 80_000))
	var order []int
	for _, f := range r.one(alert.Filter{}).Findings {
		n := f.Agree
		if n == nil {
			n = f.Count
		}
		order = append(order, *n)
	}
	if want := []int{4000, 5, 80_000, 70_000, 3}; !slices.Equal(order, want) {
		t.Errorf("in the order %v, want %v: manifests first, the larger first", order, want)
	}
}

// A copy on its own is told; a manifest of a hundred thousand in the same alert
// is news again, and so is one that grows tenfold.
func TestLargeManifestsAreTold(t *testing.T) {
	r := open(t)
	r.listen("desk")
	r.raise(report("a", "s", "one"))
	r.raise(stated("a", "s", "small", 3, 3))
	r.raise(stated("a", "s", "dump", 97312, 100000))
	r.raise(stated("a", "s", "dump", 97312, 100000))
	r.raise(named("b", "s", "paste", 1))
	r.raise(named("b", "s", "paste2", 12))
	var got []string
	for _, n := range r.drain("desk") {
		got = append(got, fmt.Sprint(n.Reason, " ", n.Agree, " ", n.Of, " ", n.Count, " ", n.Text))
	}
	want := []string{
		"new 0 0 0 site a: set s is found (copy)",
		"growth 97312 100000 0 site a: the alert of set s has grown to 3 findings (copy, 97312 of 100000 names and sizes agree)",
		"new 0 0 1 site b: set s is found (selector, 1 selector)",
		"growth 0 0 12 site b: the alert of set s has grown to 2 findings (selector, 12 selectors)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// One picture under two names of a container is one finding that stands in two
// places, and an unchanged container moves its alerts.
func TestMembersArePlaces(t *testing.T) {
	r := open(t)
	for _, member := range []string{"a.jpg", "b.jpg", "a.jpg"} {
		r.raise(with(report("a", "s", "one"), func(r *alert.Report) { r.Container, r.Member, r.URL = "zip", member, "http://a.onion/x.zip" }))
	}
	if d := r.one(alert.Filter{}); d.FindingsTotal != 1 || d.Findings[0].Places != 2 {
		t.Errorf("got %+v, want one finding in two places", d.Findings)
	}
	later := day().Add(time.Hour)
	if err := r.SeenAgain(t.Context(), "a", sum("the zip"), "http://a.onion/x.zip", later); err != nil {
		t.Fatal(err)
	}
	if err := r.SeenAgain(t.Context(), "a", sum("the zip"), "http://a.onion/y.zip", later.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	d := r.one(alert.Filter{})
	if !d.LastSeen.Equal(later) {
		t.Errorf("last seen %s, want %s", d.LastSeen, later)
	}
	r.review(d.ID, alert.Review{State: alert.StateClosed})
	r.raise(with(report("a", "s", "two"), func(r *alert.Report) { r.At = later }))
	if err := r.SeenAgain(t.Context(), "a", sum("the zip"), "http://a.onion/x.zip", later.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := r.show(d.ID); !d.LastSeen.Equal(later) {
		t.Errorf("a closed and followed alert was seen again at %s", d.LastSeen)
	}
}

// A text that changed around its selectors is the same finding, known by the
// bytes of both versions.
func TestAChangedTextIsKnownByBoth(t *testing.T) {
	r := open(t)
	same := func(r *alert.Report) { r.Same, r.URL = "the same selectors", "http://a.onion/t" }
	r.raise(with(named("a", "s", "monday", 3), same))
	r.raise(with(named("a", "s", "tuesday", 3), same))
	for i, text := range []string{"monday", "tuesday", "wednesday"} {
		if err := r.SeenAgain(t.Context(), "a", sum(text), "http://a.onion/t", day().Add(time.Duration(i+1)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	d := r.one(alert.Filter{})
	if d.FindingsTotal != 1 || d.Findings[0].Places != 1 || !d.LastSeen.Equal(day().Add(2*time.Hour)) {
		t.Errorf("got %+v, last seen %s; want one finding, seen on tuesday", d.Findings, d.LastSeen)
	}
}

// What was called a false positive opens no alert again, as long as it is the
// same text; more selectors in it are another matter.
func TestADismissedTextStaysDismissed(t *testing.T) {
	r := open(t)
	r.raise(named("a", "s", "novel", 1))
	d := r.one(alert.Filter{})
	r.review(d.ID, alert.Review{Finding: d.Findings[0].ID, Decision: "false_positive"})
	r.raise(named("a", "s", "novel", 1))
	r.review(d.ID, alert.Review{State: alert.StateClosed})
	r.raise(named("a", "s", "novel", 1))
	if n := len(r.list(alert.Filter{})); n != 1 {
		t.Errorf("%d alerts after a dismissed text came again, want 1", n)
	}
	r.raise(named("a", "s", "paste", 4), named("a", "s", "novel", 1))
	alerts := r.list(alert.Filter{State: alert.StateNew})
	if len(alerts) != 1 || alerts[0].Findings != 1 {
		t.Errorf("got %+v, want a new alert of the paste alone", alerts)
	}
}

// The words in a picture do not make its copy known, nor do the names of a
// manifest what it states: each is asked for as what it is.
func TestKnownIsOfOneKind(t *testing.T) {
	r := open(t)
	r.raise(named("a", "s", "x", 1), named("b", "s", "x", 1), report("b", "s", "x"))
	for _, want := range []struct{ site, kind, verdict string }{
		{"a", alert.KindSelector, "selector"}, {"a", alert.KindPicture, ""}, {"a", alert.KindManifest, ""},
		{"b", alert.KindSelector, "selector"}, {"b", alert.KindPicture, "copy"}, {"c", alert.KindPicture, ""},
	} {
		if got, err := r.Known(t.Context(), want.site, "s", want.kind, sum("x")); got != want.verdict || err != nil {
			t.Errorf("site %s, %s: %q, %v; want %q", want.site, want.kind, got, err, want.verdict)
		}
	}
}

func TestKindsAndSamplesAreChecked(t *testing.T) {
	r := open(t)
	var invalid *alert.InvalidError
	if err := r.Raise(t.Context(), []alert.Report{with(named("a", "s", "x", 1), func(r *alert.Report) { r.Kind = "rumour" })}); !errors.As(err, &invalid) || invalid.Field != "kind" {
		t.Errorf("an unknown kind gives %v, want invalid kind", err)
	}
	r.raise(with(named("a", "s", "x", 9), func(r *alert.Report) {
		r.Samples = slices.Repeat([]string{"\x1b[2J" + strings.Repeat("é", 100)}, 9)
	}))
	f := r.one(alert.Filter{}).Findings[0]
	if len(f.Samples) != 5 || len(f.Samples[0]) > 64 || strings.ContainsRune(f.Samples[0], 0x1b) || !strings.HasSuffix(f.Samples[0], "é") {
		t.Errorf("samples %q, want five short ones that show what they hide", f.Samples)
	}
}

func TestCSVSaysWhatAManifestStates(t *testing.T) {
	r := open(t)
	r.raise(stated("a", "s", "dump", 97312, 100000), named("a", "s", "paste", 7), with(report("a", "s", "x"), func(r *alert.Report) { r.Container, r.Member = "7z", "=x!y.jpg" }))
	var out bytes.Buffer
	if err := alert.WriteCSV(&out, r.Export(context.Background(), alert.Filter{})); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	got := map[string]string{}
	for _, row := range rows[1:] {
		got[column(row, "kind")] = strings.Join([]string{column(row, "container"), column(row, "member"), column(row, "agree"), column(row, "of"), column(row, "count"), column(row, "samples")}, ",")
	}
	want := map[string]string{"manifest": "zip,,97312,100000,,", "selector": ",,,,7,AB•••23 CD•••45", "picture": "7z,'=x!y.jpg,,,,"}
	for kind := range want {
		if got[kind] != want[kind] {
			t.Errorf("%s: %q, want %q", kind, got[kind], want[kind])
		}
	}
}

// A store of the schema before opens, and takes the new kinds in.
func TestOldStoresTakeManifests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := kv.Open(path, kv.Options{Schema: 1})
	if err != nil {
		t.Fatal(err)
	}
	old, err := alert.Open(db, alert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Raise(t.Context(), []alert.Report{report("a", "s", "one")}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = kv.Open(path, kv.Options{Schema: alert.Schema, Migrate: alert.Migrations()}); err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, path: path, db: db}
	t.Cleanup(func() { r.db.Close() })
	if r.Alerts, err = alert.Open(db, alert.Options{}); err != nil {
		t.Fatal(err)
	}
	r.raise(stated("a", "s", "dump", 10, 12))
	if d := r.one(alert.Filter{}); d.FindingsTotal != 2 {
		t.Errorf("got %d findings, want the old and the new", d.FindingsTotal)
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Open(path, kv.Options{Schema: 1}); !errors.Is(err, kv.ErrNewerSchema) {
		t.Errorf("the version before opens it: %v, want a refusal", err)
	}
}
