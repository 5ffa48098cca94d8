package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/demo"
)

// Every hostile container at once, and ordinary sites beside them: each is named
// with its cause or found whole, what stands in it is found all the same, the
// round is bounded in time and memory, and the neighbours lose no visit.
func TestHostileContainers(t *testing.T) {
	s := newStand(t, "[container]\nmax_members = 20000\n")
	set := demo.Set(12, 3)
	all := demo.HostileContainers(set)
	s.expose("travellers", set)
	s.site("hostile", "http://"+s.world.Handle("hostile", demo.HostileSite(all))+"/", "archives = \"all\"\n")
	s.onceAmongNeighbours(len(all), "hostile containers")
	coverage := s.coverage()
	for i := range neighbours {
		if c := coverage[fmt.Sprint("neighbour-", i)]; c.Visited != 10 || c.Content != 10 {
			t.Errorf("neighbour %d: %d visits with %d contents, want 10: %v", i, c.Visited, c.Content, c.Causes)
		}
	}
	told := s.sayingsOf("hostile")
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) { told.holds(t, set, c) })
	}
	s.onlyReads(t)
}

// expose hashes a data set where it lies, and loads it.
func (s *stand) expose(set string, photos []demo.Photo) {
	s.t.Helper()
	dir := filepath.Join(s.dir, set)
	if err := writePhotos(dir, photos); err != nil {
		s.t.Fatal(err)
	}
	if out, err := s.command(s.t.Context(), "hashset", "load", set, dir).CombinedOutput(); err != nil {
		s.t.Fatalf("hashset load: %v\n%s", err, out)
	}
}

// onlyReads: whatever the containers asked for, nothing but GET and HEAD went
// out, and to the sites alone; nothing was written but the state.
func (s *stand) onlyReads(t *testing.T) {
	if v := s.world.Violations(); len(v) > 0 {
		t.Errorf("asked the proxy for what may not be asked: %q", v)
	}
	for _, r := range s.world.Requests() {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			t.Errorf("%s %s", r.Method, r.Path)
		}
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains([]string{"config.toml", "state", "travellers"}, f.Name()) {
			t.Errorf("%s was written", f.Name())
		}
	}
}

// containerSayings are what was told of a site's files, by the path of each.
type containerSayings struct {
	refs   map[string]map[string]bool   // path -> refs of pictures found
	causes map[string]map[string]string // path -> cause -> why
}

func (s *stand) sayingsOf(site string) containerSayings {
	s.t.Helper()
	c := containerSayings{map[string]map[string]bool{}, map[string]map[string]string{}}
	for _, d := range ask[struct{ Findings []toldFinding }](s, "alert", "export", "--site", site) {
		for _, one := range d.Findings {
			for _, at := range one.Sightings {
				put(c.refs, short(at.URL), cellOf(one.Ref), one.Kind == demo.HiddenPicture)
			}
		}
	}
	for _, u := range ask[struct{ Site, URL, Cause, Why string }](s, "coverage", "--unopened") {
		if u.Site == site {
			put(c.causes, short(u.URL), u.Cause, u.Why)
		}
	}
	for _, l := range s.links(site) {
		if l.Cause != nil {
			put(c.causes, short(l.URL), string(*l.Cause), cellText(l.Why))
		}
	}
	return c
}

func put[V any](m map[string]map[string]V, path, key string, v V) {
	if m[path] == nil {
		m[path] = map[string]V{}
	}
	m[path][key] = v
}

// holds holds what was told of one container against what must be.
func (c containerSayings) holds(t *testing.T, set []demo.Photo, h demo.Hostile) {
	refs, causes := c.refs["/"+h.Name], c.causes["/"+h.Name]
	may, all := map[string]bool{}, len(h.May) > 0
	for i, e := range slices.Concat(h.Found, h.May) {
		ref := refOf(set[e])
		may[ref] = true
		all = all && refs[ref]
		if i < len(h.Found) && !refs[ref] {
			t.Errorf("entry %d was not found, found %v; causes %v", e, refs, causes)
		}
	}
	for ref := range refs {
		if ref != "" && !may[ref] {
			t.Errorf("%s was found and is not there", ref)
		}
	}
	if len(h.Causes) > 0 && !all && !slices.ContainsFunc(h.Causes, func(cause string) bool { _, is := causes[cause]; return is }) {
		t.Errorf("causes %v, want one of %v", causes, h.Causes)
	}
	for cause, why := range causes {
		if strings.HasPrefix(cause, "worker_") || cause == "stopped" || cause == "limit_time" {
			t.Errorf("ended in %s: %s", cause, why)
		}
	}
}
