package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The shapes of section 2 of the contract, as they stand there. Keys may be
// added; these are always there.
const (
	shapeHash    = `{"path","member","ref","sha256","sha1","crc32","size","format","width","height","frames","pdq","pdq_quality","phash","cause"}`
	shapeMatch   = `{"path","member","verdict","set","set_version","ref","distance","lead","algorithm","orientation","window","entry_window","stage","cause"}`
	shapeAlert   = `{"id","site","set","state","verdict","findings","refs","first_seen","last_seen","assignee","previous"}`
	shapeDetail  = `{"id","site","set","state","verdict","findings","refs","first_seen","last_seen","assignee","previous","findings_total","reviews"}`
	shapeReview  = `{"at","by","finding","decision","note"}`
	shapeFinding = `{"id","kind","verdict","ref","set_version","distance","lead","algorithm","orientation","window","entry_window","stage","sha256","format","width","height","url","page","container","member","seen","sightings","decision","agree","of","count","samples","explain"}`
	shapeExplain = `{"residual","ratio","visible","camera","camera_entries","rule"}`
	shapeSet     = `{"name","version","state","entries","refs","detail","exact_only","duplicates","look_alikes","disabled","quarantined","selectors","manifest_entries","loaded_at","loaded_by","source_sha256"}`
	shapeSetMore = `{"thresholds","calibrated_at","rows","memory_bytes","cameras","without_background","not_distinctive"}`
	shapeSite    = `{"name","kind","origin","state","cause","since","last_content","next_due","links","due","alerts"}`
	shapeSiteAll = `{"seeds","mirrors","scope","robots","login","misses","round","causes","oldest_due","tags"}`
	shapeRound   = `{"started","ended","pages","bytes","end"}`
	shapeLink    = `{"url","depth","state","cause","why","last","next_due","tries","found_on"}`
	shapeCover   = `{"site","from","to","due","visited","waiting","content","causes","pictures","containers","members","bytes","longest_blind_s"}`
	shapePicture = `{"inspected","known","exact_only","not_hashable"}`
	shapeShut    = `{"site","url","container","member","size","cause","why","seen"}`
	shapeBoxes   = `{"opened","listed","sampled","not_opened"}`
	shapeMistake = `{"key","line","column","problem","hint"}`
	shapeVersion = `{"version","commit","go","os","arch"}`
	shapeDeep    = `{"windows","keypoints","thumbprint"}` // added by hash --detail
)

// Shapes beside those of the contract.
const (
	shapeMark      = `{"ref","state","at","by","pictures"}`
	shapeChange    = `{"change","ref","sha256","was_ref","fields"}`
	shapeCalibrate = `{"name","version","entries","detail","look_alikes","cameras","without_background","not_distinctive","itself","background","rate_per_day","budget_per_day","verdicts","curve","recommended","notes","calibrated_at"}`
	shapeVerdict   = `{"verdict","by","threshold","seen","of","per_day","at_most_per_day","recall","recall_mean","edited"}`
	shapeCurve     = `{"by","threshold","seen","per_day","at_most_per_day","recall_mean"}`
)

// kinds says what a value may be: text, number, time, bool, list, object,
// window; with a question mark it may be null.
var kinds = map[string]string{
	"path": "text", "member": "text?", "ref": "text?", "sha256": "text", "sha1": "text", "crc32": "text", "size": "number",
	"format": "text?", "width": "number?", "height": "number?", "frames": "number?", "pdq": "text?", "pdq_quality": "number?",
	"phash": "text?", "cause": "text?", "verdict": "text", "set": "text?", "set_version": "number?", "distance": "number?",
	"lead": "number?", "algorithm": "text?", "orientation": "number?", "window": "window?", "entry_window": "window?", "stage": "text?",
	"id": "text", "site": "text", "state": "text", "findings": "number", "refs": "number", "first_seen": "time", "last_seen": "time",
	"assignee": "text?", "previous": "text?", "findings_total": "number", "reviews": "list", "at": "time", "by": "text",
	"finding": "text?", "decision": "text?", "note": "text?", "kind": "text", "url": "text", "page": "text?", "container": "text?",
	"seen": "time", "sightings": "list", "agree": "number?", "of": "number?", "count": "number?", "samples": "list", "explain": "object",
	"residual": "number?", "ratio": "number?", "visible": "number?", "camera": "text?", "camera_entries": "number?", "rule": "text?",
	"name": "text", "version": "number", "entries": "number", "detail": "text", "exact_only": "number", "duplicates": "number",
	"look_alikes": "number?", "disabled": "number", "quarantined": "number", "selectors": "number", "manifest_entries": "number",
	"loaded_at": "time", "loaded_by": "text", "source_sha256": "text?", "thresholds": "object", "calibrated_at": "time?", "rows": "number",
	"memory_bytes": "number", "cameras": "number?", "without_background": "number?", "not_distinctive": "number?", "origin": "text",
	"since": "time?", "last_content": "time?", "next_due": "time?", "links": "number", "due": "number", "alerts": "number", "seeds": "list",
	"mirrors": "list", "scope": "text", "robots": "text", "login": "text?", "misses": "number", "round": "object", "causes": "object",
	"oldest_due": "time?", "tags": "list", "started": "time?", "ended": "time?", "pages": "number", "bytes": "number", "end": "text?", "depth": "number",
	"why": "text?", "last": "time?", "tries": "number", "found_on": "text?", "from": "time", "to": "time", "visited": "number",
	"waiting": "number", "content": "number", "pictures": "object", "containers": "object", "members": "number", "longest_blind_s": "number",
	"inspected": "number", "known": "number", "not_hashable": "number", "opened": "number", "listed": "number", "sampled": "number",
	"not_opened": "number", "key": "text?", "line": "number", "column": "number", "problem": "text", "hint": "text?",
	"windows": "list?", "keypoints": "text?", "thumbprint": "text?", "change": "text", "was_ref": "text?", "fields": "list",
	"itself": "object", "background": "object", "rate_per_day": "number", "budget_per_day": "number", "verdicts": "list", "curve": "list",
	"recommended": "object?", "notes": "list", "threshold": "number?", "per_day": "number?", "at_most_per_day": "number?", "recall": "object",
	"recall_mean": "number?", "edited": "number", "commit": "text", "go": "text", "os": "text", "arch": "text",
}

// wrongIn says what of a value does not fit a shape. Entries like findings=list
// in place of kinds hold for this shape only.
func wrongIn(v any, shape string, instead ...string) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%v is no object", v)}
	}
	var wrong []string
	for _, key := range strings.Split(strings.Trim(shape, "{}"), ",") {
		key = strings.Trim(key, `"`)
		kind := kinds[key]
		for _, other := range instead {
			if name, its, _ := strings.Cut(other, "="); name == key {
				kind = its
			}
		}
		value, there := object[key]
		if !there {
			wrong = append(wrong, key+" is missing")
		} else if !isKind(value, kind) {
			wrong = append(wrong, fmt.Sprintf("%s is %v, not %s", key, value, kind))
		}
	}
	return wrong
}

func isKind(v any, kind string) bool {
	bare, mayBeNull := strings.CutSuffix(kind, "?")
	if v == nil {
		return mayBeNull
	}
	switch bare {
	case "text":
		text, ok := v.(string)
		return ok && text != ""
	case "number":
		_, ok := v.(float64)
		return ok
	case "list":
		_, ok := v.([]any)
		return ok
	case "object":
		_, ok := v.(map[string]any)
		return ok
	case "window":
		list, ok := v.([]any)
		return ok && len(list) == 4
	case "time":
		text, ok := v.(string)
		_, err := time.Parse(time.RFC3339, text)
		return ok && err == nil && strings.HasSuffix(text, "Z")
	}
	return false
}

// station is a folder in front of the shared world, with or without a daemon.
type station struct {
	t   *testing.T
	dir string
}

// newStation loads a set, visits all sites once and, when asked, leaves a
// daemon running.
func newStation(t *testing.T, refs string) *station {
	t.Helper()
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	s := &station{t, t.TempDir()}
	t.Chdir(s.dir)
	if err := w.settle(s.dir); err != nil {
		t.Fatal(err)
	}
	digests := "ref,sha1\nA-1,35661875ef69a25047e1ac84545733c7e89de1a2\n"
	if err := errors.Join(os.WriteFile("refs.csv", []byte(refs), 0o600), os.WriteFile("digests.csv", []byte(digests), 0o600)); err != nil {
		t.Fatal(err)
	}
	s.good("hashset", "load", "travellers", "refs.csv")
	return s
}

// daemon runs the daemon until the test ends.
func (s *station) daemon() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- execute(ctx, []string{"--config", "leakwatch.toml", "run"}, nil, &log, &log)
	}()
	s.t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			s.t.Errorf("the daemon ended with %d: %s", code, log.String())
		}
	})
	up := func() bool { _, err := os.Stat(filepath.Join(s.dir, "state", "leakwatch.sock")); return err == nil }
	if !eventuallyIn(time.Minute, up) {
		s.t.Fatal("the daemon is not up after a minute")
	}
}

// run is one call of the program in the station's folder.
func (s *station) run(args ...string) (stdout, stderr string, code int) {
	var out, log bytes.Buffer
	code = execute(context.Background(), append([]string{"--config", "leakwatch.toml"}, args...), strings.NewReader(""), &out, &log)
	return out.String(), log.String(), code
}

func (s *station) good(args ...string) string {
	s.t.Helper()
	out, log, code := s.run(args...)
	if code != 0 && code != exitFound {
		s.t.Fatalf("leakwatch %q: exit code %d: %s", args, code, log)
	}
	return out
}

// lines are the objects that a command prints with --json.
func (s *station) lines(args ...string) []any {
	s.t.Helper()
	out, _, _ := s.run(append(args, "--json")...)
	var all []any
	for in := json.NewDecoder(strings.NewReader(out)); in.More(); {
		var v any
		if err := in.Decode(&v); err != nil {
			s.t.Fatalf("leakwatch %q: %v", args, err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		s.t.Fatalf("leakwatch %q --json prints nothing", args)
	}
	return all
}

// fits wants each line to have the shape and gives the lines back.
func (s *station) fits(args []string, shape string, instead ...string) []any {
	s.t.Helper()
	all := s.lines(args...)
	for _, v := range all {
		for _, wrong := range wrongIn(v, shape, instead...) {
			s.t.Errorf("leakwatch %s: %s", strings.Join(args, " "), wrong)
		}
	}
	return all
}

// inner wants the value at a path of each line to have the shape; a list's
// elements have it, each.
func (s *station) inner(all []any, path, shape string, instead ...string) {
	s.t.Helper()
	found := 0
	for _, v := range all {
		v, _ := valueAt(v, path)
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			found++
			for _, wrong := range wrongIn(v, shape, instead...) {
				s.t.Errorf("%s: %s", path, wrong)
			}
		}
	}
	if found == 0 {
		s.t.Errorf("%s: nothing there to look at", path)
	}
}

// TestShapes holds what the commands print against the contract, for sites and
// files of every kind: seen, not yet seen, dead, broken.
func TestShapes(t *testing.T) {
	for _, mode := range []string{"inprocess", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			s := newStation(t, sampleRefs(t))
			s.shapesOfSites() // never visited: nothing is known yet
			s.good("run", "--once")
			if mode == "daemon" {
				s.daemon()
			}
			s.shapesOfSites()
			s.fits([]string{"coverage", "--unopened"}, shapeShut)
			s.shapesOfSets()
			s.shapesOfAlerts()
			s.shapesOfFiles()
		})
	}
}

func (s *station) shapesOfSites() {
	s.fits([]string{"site", "list"}, shapeSite)
	for _, name := range []string{"forum", "quiet", "dead"} {
		all := s.fits([]string{"site", "show", name}, shapeSite)
		s.fits([]string{"site", "show", name}, shapeSiteAll)
		s.inner(all, "round", shapeRound)
		s.fits([]string{"site", "show", name, "--links"}, shapeLink)
	}
	all := s.fits([]string{"coverage"}, shapeCover)
	s.inner(all, "pictures", shapePicture)
	s.inner(all, "containers", shapeBoxes)
}

func (s *station) shapesOfSets() {
	s.good("hashset", "load", "digests", "digests.csv")
	s.fits([]string{"hashset", "list"}, shapeSet)
	for _, name := range []string{"travellers", "digests"} {
		s.fits([]string{"hashset", "show", name}, shapeSet)
		s.fits([]string{"hashset", "show", name}, shapeSetMore)
	}
	s.fits([]string{"hashset", "load", "digests", "digests.csv"}, shapeSet)
	s.fits([]string{"hashset", "rollback", "digests"}, shapeSet)
	s.fits([]string{"hashset", "disable", "digests", "A-1"}, shapeSet)
	s.fits([]string{"hashset", "disable", "digests"}, shapeMark, "pictures=number")
	s.fits([]string{"hashset", "disable", "digests", "A-1", "--undo"}, shapeSet)
	s.fits([]string{"hashset", "diff", "travellers", "dataset"}, shapeChange, "ref=text", "sha256=text?")
	for _, args := range [][]string{{}, {"--background", "found"}} {
		all := s.fits(append([]string{"hashset", "calibrate", "travellers"}, args...), shapeCalibrate)
		s.inner(all, "verdicts", shapeVerdict, "seen=number")
		s.inner(all, "curve", shapeCurve, "seen=number")
	}
}

func (s *station) shapesOfAlerts() {
	all := s.fits([]string{"alert", "list"}, shapeAlert)
	id, _ := valueAt(all[0], "id")
	show := []string{"alert", "show", id.(string)}
	s.inner(s.fits(show, shapeDetail, "findings=list"), "findings", shapeFinding)
	s.fits([]string{"alert", "review", id.(string), "--note", "seen"}, shapeDetail, "findings=list")
	all = s.fits([]string{"alert", "review", id.(string), "--decision", "confirmed"}, shapeDetail, "findings=list")
	s.inner(all, "reviews", shapeReview)
	s.inner(all, "findings.0.explain", shapeExplain)
	s.inner(s.fits([]string{"alert", "export"}, shapeDetail, "findings=list"), "findings", shapeFinding)
}

func (s *station) shapesOfFiles() {
	s.fits([]string{"hash", "found", "digests.csv", "dataset"}, shapeHash, "ref=text")
	s.fits([]string{"hash", "found", "digests.csv", "dataset", "--detail", "keypoints"}, shapeHash, "ref=text")
	s.fits([]string{"hash", "found", "digests.csv", "dataset", "--detail", "keypoints"}, shapeDeep)
	s.fits([]string{"match", "found", "digests.csv", "dataset"}, shapeMatch)
	s.fits([]string{"--config", "digests.csv", "config", "check"}, shapeMistake)
	s.fits([]string{"version"}, shapeVersion, "version=text")
}

// TestShapesControl: a shape that is not kept is seen.
func TestShapesControl(t *testing.T) {
	good := map[string]any{"url": "x", "depth": 1.0, "state": "due", "cause": nil, "why": nil, "last": nil,
		"next_due": "2026-01-02T03:04:05Z", "tries": 0.0, "found_on": nil}
	if wrong := wrongIn(any(good), shapeLink); len(wrong) > 0 {
		t.Fatalf("a good line: %q", wrong)
	}
	for key, bad := range map[string]any{"url": nil, "depth": "1", "next_due": "2026-01-02T03:04:05+01:00", "cause": 1.0, "state": ""} {
		line := maps.Clone(good)
		line[key] = bad
		if wrong := wrongIn(any(line), shapeLink); len(wrong) != 1 {
			t.Errorf("%s = %v: %q, want one complaint", key, bad, wrong)
		}
		delete(line, key)
		if wrong := wrongIn(any(line), shapeLink); len(wrong) != 1 {
			t.Errorf("without %s: %q, want one complaint", key, wrong)
		}
	}
	if isKind(nil, "list") || isKind(nil, "object") {
		t.Error("a list or an object may be null")
	}
}
