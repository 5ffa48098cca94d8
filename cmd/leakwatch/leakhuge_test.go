package main

import (
	"slices"
	"testing"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// A server of ranges holds an archive of 20 GB; its directory and a few members
// suffice for an alert. From one that ignores ranges, or lies, what comes first
// is looked at, and what was not is named.
func TestHugeArchive(t *testing.T) {
	f := newFieldWorld(t)
	set := demo.Set(8, 3)
	f.expose("travellers", set)
	var pictures [][]byte
	for i := range set {
		file, _ := editedPhoto(t, set[i].Image(), "jpeg-q30")
		pictures = append(pictures, file, demo.Stranger(i, 3).JPEG, demo.Stranger(i+8, 3).JPEG)
	}
	huge := demo.NewHugeZip(65_000, 320_000, pictures, func(i int) int { return i * 7 % len(pictures) })
	files := map[string]*demo.Ranged{}
	for name, fault := range map[string]demo.RangeFault{
		"honest": demo.NoRangeFault, "ignores": demo.IgnoreRanges, "refuses": demo.RefuseRanges, "another-size": demo.OtherSize, "another-place": demo.OtherPlace,
		"other-bytes": demo.OtherBytes, "other-version": demo.OtherVersion, "dies": demo.DieHalfway,
	} {
		files[name] = demo.NewRanged("application/zip", huge, huge.Size())
		files[name].Fault(fault)
		onion := f.world.Handle(name, demo.Web{"/": scriptPage("dump", `<a href="/dump.zip">all of it</a>`), "/dump.zip": {Handler: files[name]}})
		f.watch(name, "http://"+onion+"/", `max_bytes = "64MiB"`)
	}
	f.tables.WriteString("[container]\nsample_members = 20\n")
	f.run(0, "run", "--once")
	refs := map[string]int{}
	for name := range files {
		for _, one := range f.findings(name) {
			if one.Verdict != "copy" {
				t.Errorf("%s: a finding %q of %s", name, one.Verdict, cellText(one.Ref))
			}
			refs[name]++
		}
	}
	const limit = 20_000_000
	honest := files["honest"]
	t.Logf("of %d bytes %d were read, %d of them the directory, in %d requests", honest.Size(), honest.Sent(), huge.Directory(), len(honest.Asked()))
	if refs["honest"] == 0 || honest.Sent() > limit || honest.Sent() > honest.Size()/50 {
		t.Errorf("%d findings after %d bytes, want one after fewer than %d", refs["honest"], honest.Sent(), limit)
	}
	for name, want := range map[string][]crawler.Cause{
		"ignores": {crawler.RangeIgnored, crawler.BudgetBytes, crawler.Sampled}, "refuses": {crawler.RangeIgnored, crawler.BudgetBytes, crawler.Sampled},
		"another-size": {crawler.RangeLies}, "another-place": {crawler.RangeLies}, "other-bytes": {crawler.RangeLies, crawler.RangeIgnored},
		"other-version": {crawler.RangeLies, crawler.RangeIgnored, crawler.Partial}, "dies": {crawler.ConnectionLost, crawler.Partial, crawler.RangeLies},
	} {
		t.Run(name, func(t *testing.T) {
			if files[name].Sent() > 256<<20 {
				t.Errorf("%d bytes were sent", files[name].Sent())
			}
			f.namesOneOf(t, name, want)
		})
	}
}

// namesOneOf tells whether a site's archive is named with one of some causes:
// its link, or a line of what was not looked at.
func (f *fieldWorld) namesOneOf(t *testing.T, site string, want []crawler.Cause) {
	t.Helper()
	told := map[crawler.Cause]string{}
	for _, u := range fieldLines[struct {
		Site, Why string
		Cause     crawler.Cause
	}](t, f.run(0, "coverage", "--unopened", "--json")) {
		if u.Site == site {
			told[u.Cause] = u.Why
		}
	}
	for path, l := range f.links(site) {
		if path == "/dump.zip" && l.Cause != nil {
			told[*l.Cause] = cellText(l.Why)
		}
	}
	if !slices.ContainsFunc(want, func(c crawler.Cause) bool { _, is := told[c]; return is }) {
		t.Errorf("named %v, want one of %v", told, want)
	}
}
