package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/assure"
	"leakwatch/internal/demo"
)

// A site in the shape of the leak that the program exists for: every thing that
// is hidden there is told, whatever it hides in, and nothing else is.
func TestLeakShapedSite(t *testing.T) {
	f := newFieldWorld(t)
	leak, err := demo.NewLeak(f.world, demo.LeakOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.findsLeak(t, leak, leak.Site.Seeds[0])
	if got := f.world.Violations(); len(got) > 0 {
		t.Errorf("violations %q", got)
	}
}

// findsLeak is an admin who loads what was lost, watches the site, and reads
// what one round told.
func (f *fieldWorld) findsLeak(t *testing.T, leak *demo.Leak, seed string) {
	t.Helper()
	f.expose("travellers", leak.Set)
	f.loadSelectors("plates", leak.Selectors)
	f.watch(leak.Site.Name, seed, `archives = "all"`)
	begin := time.Now()
	f.run(0, "run", "--once")
	t.Logf("the round took %v", time.Since(begin).Round(time.Millisecond))
	s := f.told(leak)
	for _, kind := range []string{demo.HiddenPicture, demo.HiddenManifest, demo.HiddenSelector, demo.HiddenUnopened} {
		t.Run(kind, func(t *testing.T) { s.check(t, kind) })
	}
	c := fieldLines[assure.Coverage](t, f.run(0, "coverage", "--json"))[0]
	opened := c.Containers.Opened + c.Containers.Sampled
	if opened < leak.Archives-6 || c.Containers.NotOpened < 3 || c.Members < len(leak.Hidden) || c.Waiting != 0 {
		t.Errorf("coverage counts %+v, %d members, %d waiting", c.Containers, c.Members, c.Waiting)
	}
}

// expose writes a data set with its folders, hashes it where it lies and loads
// what `hash --json` says.
func (f *fieldWorld) expose(set string, photos []demo.Photo) {
	f.t.Helper()
	dir := filepath.Join(f.dir, set)
	for _, p := range photos {
		path := filepath.Join(dir, p.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			f.t.Fatal(err)
		}
		if err := os.WriteFile(path, p.JPEG, 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	f.loadText(set, f.run(0, "hash", "--json", "--detail", "keypoints", dir))
}

// loadText loads what a command printed.
func (f *fieldWorld) loadText(set, text string) {
	f.t.Helper()
	list := filepath.Join(f.dir, set+".jsonl")
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.run(0, "hashset", "load", set, list)
}

func (f *fieldWorld) loadSelectors(set string, selectors []string) {
	f.t.Helper()
	list := filepath.Join(f.dir, set+".txt")
	if err := os.WriteFile(list, []byte(strings.Join(selectors, "\n")+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.run(0, "hashset", "load", set, "--selectors", list)
}

// saying is one thing that the program told: a finding at one of its places, or
// a line of what was not looked at.
type saying struct {
	url, member string
	finding     toldFinding
	cause, why  string
	matched     bool
}

// toldFinding is a finding as a script reads it.
type toldFinding struct {
	Kind, Verdict    string
	Ref, Stage       *string
	Agree, Of, Count *int
	Samples          []string
	Sightings        []struct {
		URL    string
		Member *string
	}
}

// sayings holds what was told against what is hidden.
type sayings struct {
	leak *demo.Leak
	refs []string // of the entries
	by   map[string][]*saying
}

// told reads all that was told of a leak.
func (f *fieldWorld) told(leak *demo.Leak) *sayings {
	f.t.Helper()
	s := &sayings{leak: leak, by: map[string][]*saying{}}
	for _, p := range leak.Set {
		s.refs = append(s.refs, refOf(p))
	}
	for _, d := range fieldLines[struct{ Findings []toldFinding }](f.t, f.run(0, "alert", "export", "--site", leak.Site.Name)) {
		for _, one := range d.Findings {
			for _, at := range one.Sightings {
				s.by[one.Kind] = append(s.by[one.Kind], &saying{url: at.URL, member: cellOf(at.Member), finding: one})
			}
		}
	}
	for _, u := range fieldLines[struct {
		URL, Member, Cause, Why *string
	}](f.t, f.run(0, "coverage", "--unopened", "--json")) {
		s.by[demo.HiddenUnopened] = append(s.by[demo.HiddenUnopened], &saying{url: cellOf(u.URL), member: cellOf(u.Member), cause: cellOf(u.Cause), why: cellOf(u.Why)})
	}
	return s
}

func refOf(p demo.Photo) string {
	sum := sha256.Sum256(p.JPEG)
	return hex.EncodeToString(sum[:])[:16]
}

func cellOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// check holds one kind against what is hidden of it, both ways.
func (s *sayings) check(t *testing.T, kind string) {
	var missed []string
	for _, h := range s.leak.Hidden {
		if h.Kind == kind && !s.find(h) && !h.Maybe {
			missed = append(missed, tellHidden(h))
		}
	}
	report(t, "was not told", missed)
	var wrong []string
	for _, one := range s.by[kind] {
		if !one.matched && !s.harmless(kind, one) {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s %s %s agree %v of %v, count %v %q: %s %s", short(one.url), one.member, one.finding.Verdict, cellOf(one.finding.Ref), cellOf(one.finding.Stage),
				countText(one.finding.Agree), countText(one.finding.Of), countText(one.finding.Count), one.finding.Samples, one.cause, one.why))
		}
	}
	report(t, "was told and is not there", wrong)
}

// report is one error for many lines.
func report(t *testing.T, what string, lines []string) {
	t.Helper()
	slices.Sort(lines)
	if n := len(lines); n > 0 {
		t.Errorf("%d times a thing %s:\n%s", n, what, strings.Join(lines[:min(n, 40)], "\n"))
	}
}

func countText(n *int) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func tellHidden(h demo.Hidden) string {
	switch h.Kind {
	case demo.HiddenPicture:
		return fmt.Sprintf("%s %s: entry %d as %s", short(h.URL), h.Member, h.Entry, h.Form)
	case demo.HiddenManifest:
		return fmt.Sprintf("%s %s: %d of %d lines", short(h.URL), h.Member, h.Agree, h.Of)
	case demo.HiddenSelector:
		return fmt.Sprintf("%s %s: %d selectors", short(h.URL), h.Member, len(h.Selectors))
	}
	return fmt.Sprintf("%s %s: %v", short(h.URL), h.Member, h.Causes)
}

func short(url string) string { return url[strings.Index(url, ".onion")+len(".onion"):] }

// find looks for what must be said of h, and marks it.
func (s *sayings) find(h demo.Hidden) bool {
	if h.Kind == demo.HiddenSelector {
		return s.findSelectors(h)
	}
	found := false
	for _, one := range s.by[h.Kind] {
		if sameFile(one.url, h.URL) && sameMember(h.Member, one.member) && s.says(one, h) {
			one.matched, found = true, true
		}
	}
	if !found && h.Kind == demo.HiddenPicture && len(h.Causes) > 0 { // it may be named instead
		found = s.find(demo.Hidden{Kind: demo.HiddenUnopened, URL: h.URL, Member: h.Member, Causes: h.Causes})
	}
	return found
}

func (s *sayings) says(one *saying, h demo.Hidden) bool {
	f := one.finding
	switch h.Kind {
	case demo.HiddenPicture:
		return cellOf(f.Ref) == s.refs[h.Entry] && (f.Verdict == "copy" || f.Verdict == "exact") && (f.Verdict == "exact" || h.Form != demo.Exact)
	case demo.HiddenManifest:
		return f.Verdict == "manifest" && f.Agree != nil && *f.Agree == h.Agree && f.Of != nil && *f.Of == h.Of
	}
	return slices.Contains(h.Causes, one.cause)
}

// findSelectors counts: the texts of one file may be told one by one. A name of
// a member is a text of its container.
func (s *sayings) findSelectors(h demo.Hidden) bool {
	for _, member := range []string{h.Member, ""} {
		sum := 0
		for _, one := range s.by[h.Kind] {
			if f := one.finding; sameFile(one.url, h.URL) && sameMember(member, one.member) && f.Count != nil {
				sum += *f.Count
				one.matched = true
			}
		}
		if sum == len(h.Selectors) {
			return true
		}
	}
	return false
}

// harmless is what is said with right although nothing was hidden: a container
// is named with the cause of what is in it, a picture of a stranger with why it
// could not be judged; and the half of a copy, in an archive of which a volume
// is missing, is a partial picture that shows its camera yet.
func (s *sayings) harmless(kind string, one *saying) bool {
	half := slices.ContainsFunc(s.leak.Hidden, func(h demo.Hidden) bool {
		return sameFile(one.url, h.URL) && h.Kind == demo.HiddenUnopened && slices.Contains(h.Causes, "split")
	})
	switch kind {
	case demo.HiddenPicture:
		return half && one.finding.Verdict == "kin"
	case demo.HiddenUnopened:
		return slices.Contains([]string{"low_quality", "flat", "too_small"}, one.cause) || half && slices.Contains([]string{"split", "partial"}, one.cause) ||
			slices.ContainsFunc(s.leak.Hidden, func(h demo.Hidden) bool {
				return sameFile(one.url, h.URL) && slices.Contains(h.Causes, one.cause) && (one.member == "" || strings.HasPrefix(h.Member, one.member))
			})
	}
	return false
}

// sameFile tells whether two URLs are of one file, or of volumes of one. The
// site may stand behind another host.
func sameFile(a, b string) bool {
	a, b = short(a), short(b)
	return a == b || volumeOf(a) != "" && volumeOf(a) == volumeOf(b)
}

// volumeOf is what the names of all volumes of an archive begin with, or "".
func volumeOf(url string) string {
	if at := strings.LastIndex(url, ".part"); at > 0 && strings.HasSuffix(url, ".rar") {
		return url[:at]
	}
	if at := len(url) - 4; at > 0 && url[at] == '.' && strings.Trim(url[at+1:], "0123456789") == "" {
		return url[:at]
	}
	return ""
}

// sameMember tells whether a member is the one that is meant: "*" stands for
// names that the format does not give.
func sameMember(meant, member string) bool {
	if before, ok := strings.CutSuffix(meant, "*"); ok {
		return strings.HasPrefix(member, before) || member+"!" == before
	}
	return meant == member
}

// The test above must be able to fail: without what was told, all that is
// hidden is missed.
func TestLeakShapeIsHeldAgainstWhatIsHidden(t *testing.T) {
	h := demo.Hidden{Kind: demo.HiddenPicture, URL: "http://x.onion/a.zip.001", Member: "b.zip!*", Entry: 0, Form: "gray"}
	ref, other := "r", "s"
	s := &sayings{leak: &demo.Leak{Hidden: []demo.Hidden{h}}, refs: []string{ref}, by: map[string][]*saying{}}
	if s.find(h) {
		t.Error("nothing was told, and it was found")
	}
	rows := map[string]struct {
		url, member, verdict string
		ref                  *string
		want                 bool
	}{
		"as told":        {"http://x.onion/a.zip.001", "b.zip!c.jpg", "copy", &ref, true},
		"another volume": {"http://x.onion/a.zip.002", "b.zip!c.jpg", "copy", &ref, true},
		"another file":   {"http://x.onion/b.zip.001", "b.zip!c.jpg", "copy", &ref, false},
		"another member": {"http://x.onion/a.zip.001", "c.jpg", "copy", &ref, false},
		"another entry":  {"http://x.onion/a.zip.001", "b.zip!c.jpg", "copy", &other, false},
		"a weak verdict": {"http://x.onion/a.zip.001", "b.zip!c.jpg", "kin", &ref, false},
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		s.by[demo.HiddenPicture] = []*saying{{url: r.url, member: r.member, finding: toldFinding{Verdict: r.verdict, Ref: r.ref}}}
		if got := s.find(h); got != r.want {
			t.Errorf("%s: found %t, want %t", name, got, r.want)
		}
	}
}
