package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
)

// Real photographs, through the whole program: hashed where they lie, loaded,
// re-posted in other forms on a site, crawled. They are not part of the
// project: LEAKWATCH_CORPUS names their folder.

// photoAlbum is what the corpus serves here for.
type photoAlbum struct {
	root   string
	set    []string // the exposed data: one frame of each fixed camera, some of drives, scenes
	dense  []string // more frames of the same cameras, in a second set together with the first
	dull   []string // in the set too, but with too little detail for a hash
	turned []string // other files of the set's last picture, turned by EXIF or by hand
	kin    []string // other frames of the set's cameras, 2 s away at least
	others []string // of other cameras, drives and scenes
}

// photoSite serves files by number; made are built when they are asked for.
type photoSite struct {
	kind  []string // media types
	made  []func() []byte
	names []string // what a test calls them
}

func (g *photoSite) add(name, mediaType string, make func() []byte) {
	g.names, g.kind, g.made = append(g.names, name), append(g.kind, mediaType), append(g.made, make)
}

func (g *photoSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/")); err == nil {
		w.Header().Set("Content-Type", g.kind[i])
		w.Write(g.made[i]())
		return
	}
	w.Header().Set("Content-Type", "text/html")
	for i := range g.made {
		fmt.Fprintf(w, "<img src=/%d>\n", i)
	}
}

// plainForms are re-posts that must be found, hardForms such that ask for more
// than a hash of the whole picture.
func plainForms() []string {
	return []string{"jpeg-q30", "resize-50", "png", "gif", "tiff", "wm-small", "mirror", "rot-90", "rot-180", "rot-270", "gray", "brightness", "exif-orientation"}
}

func hardForms() []string { return []string{"resize-25", "watermark", "banner", "crop-5"} }

func TestPhotographs(t *testing.T) {
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder with photographs")
	}
	f := newFieldWorld(t)
	a := openAlbum(t, f, root)
	refs := loadAlbum(t, f, "dataset", a.set, a.dull)
	loadAlbum(t, f, "dense", slices.Concat(a.set, a.dense), nil)
	sites := serveAlbum(t, a)
	for name, g := range sites {
		f.site(name, g)
	}
	f.run(0, "run", "--once")

	checkCopies(t, f, sites["plain"], refs)
	checkTurned(t, f, sites["turned"], refs[a.set[len(a.set)-1]])
	checkDull(t, f, sites["dull"], len(a.dull), refs)
	for _, set := range []string{"dataset", "dense"} {
		for path := range f.findingsOf("others", set) {
			t.Errorf("%s was raised for %s, and is in no set", photoName(sites["others"], path, root), set)
		}
	}
	countFound(t, f, "dataset", "hard", sites["hard"], refs)
	countFound(t, f, "dense", "plain", sites["plain"], refs)
	// Issue 3 holds these down; here they are only counted.
	for set, n := range map[string]int{"dataset": len(a.set), "dense": len(a.set) + len(a.dense)} {
		cameras := map[string]int{}
		for path := range f.findingsOf("kin", set) {
			cameras[filepath.Dir(photoName(sites["kin"], path, root))]++
		}
		t.Logf("figure photographs_%s_same_camera_raised %d of %d other frames, %d entries: %v", set, len(f.findingsOf("kin", set)), len(a.kin), n, cameras)
		t.Logf("figure photographs_%s_unrelated_raised %d of %d against %d entries: shows a rate below 3/n = %.0e a pair, no more", set,
			len(f.findingsOf("others", set)), len(a.others), n, 3/float64(len(a.others)*n))
	}
	for _, name := range []string{"plain", "hard", "turned", "dull", "kin", "others"} {
		if state := f.state(name); state != "watching" {
			t.Errorf("site %s is %s", name, state)
		}
	}
}

// serveAlbum makes a site of each use.
func serveAlbum(t *testing.T, a photoAlbum) map[string]*photoSite {
	sites := map[string]*photoSite{"plain": {}, "hard": {}, "turned": {}, "dull": {}, "kin": {}, "others": {}}
	for _, path := range a.set {
		img := sync.OnceValue(func() image.Image { return photoImage(t, path) })
		sites["plain"].add(path+" as it is", "image/jpeg", func() []byte { return photoBytes(t, path) })
		for site, forms := range map[string][]string{"plain": plainForms(), "hard": hardForms()} {
			for _, form := range forms {
				sites[site].add(path+" "+form, "application/octet-stream", func() []byte {
					file, _ := editedPhoto(t, img(), form)
					return file
				})
			}
		}
	}
	for site, paths := range map[string][]string{"turned": a.turned, "dull": a.dull, "kin": a.kin, "others": a.others} {
		for _, path := range paths {
			sites[site].add(path, "image/jpeg", func() []byte { return photoBytes(t, path) })
		}
	}
	for _, path := range a.dull {
		sites["dull"].add(path+" jpeg-q30", "image/jpeg", func() []byte {
			file, _ := editedPhoto(t, photoImage(t, path), "jpeg-q30")
			return file
		})
	}
	return sites
}

// openAlbum sorts the corpus into its uses.
func openAlbum(t *testing.T, f *fieldWorld, root string) photoAlbum {
	t.Helper()
	a := photoAlbum{root: root}
	glob := func(pattern string) []string {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("the corpus has no %s (%v)", pattern, err)
		}
		return paths
	}
	overhead := glob("lanes/intel-overhead/*.jpg")
	scenes := glob("pdq-vectors/labelme-subset/*.jpg")
	quality := photoQualities(t, f, slices.Concat(scenes, overhead))
	sharp := func(path string) bool { return quality[path] >= 50 }
	for _, frames := range [][]string{glob("lanes/parkpow-toll/*.jpg"), glob("lanes/bgs-motorway/*.jpg"), glob("lanes/bgs-road/*.jpg"), overhead} {
		step := len(frames) / 4
		if _, above := quality[frames[0]]; above { // seen from above: mostly empty road
			a.dull = slices.DeleteFunc(slices.Clone(frames), sharp)[:4]
			frames = slices.DeleteFunc(frames, func(path string) bool { return quality[path] < 80 })
			step = len(frames) / 2
		}
		for i, path := range frames {
			switch near := i % step; {
			case i == 0:
				a.set = append(a.set, path)
			case near == 0:
				a.dense = append(a.dense, path)
			case near >= 8 && near <= step-8 && i%2 == 0:
				a.kin = append(a.kin, path)
			}
		}
	}
	day, night := glob("vehicles/dayride-001-*.jpg"), glob("vehicles/nightride3-001-*.jpg")
	a.set = append(a.set, day[0], day[9], night[0])
	for _, path := range slices.Concat(day, night) {
		if !slices.Contains(a.set, path) {
			a.kin = append(a.kin, path)
		}
	}
	// The names say the quality before it is cut at 100. That of q0122 is so
	// near the edge that its hash does not survive every edit.
	a.dull = append(a.dull, scenes[0], scenes[1])
	a.set = append(a.set, scenes[3], scenes[4])
	a.others = append(a.others, scenes[5:]...)
	a.others = slices.Concat(a.others, glob("lanes/bgs-junction/*.jpg"), glob("lanes/bgs-curve/*.jpg"), glob("vehicles/dayride-00[23]-*.jpg"), glob("plates/*.jpg"))
	// One chart, eight orientations; the others show the same chart and are left out.
	charts := glob("cameras/orientation-[1-8].jpg")
	a.turned = slices.Concat(charts[1:], glob("pdq-vectors/dih/bridge-*.jpg")[1:])
	a.set = append(a.set, glob("pdq-vectors/dih/bridge-1-original.jpg")[0], charts[0])
	return a
}

// photoLine is a line of `hash --json`, as far as it matters here.
type photoLine struct {
	Path, Ref string
	Quality   *int `json:"pdq_quality"`
}

func photoQualities(t *testing.T, f *fieldWorld, paths []string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, p := range fieldLines[photoLine](t, f.run(0, append([]string{"hash", "--json"}, paths...)...)) {
		all[p.Path] = *p.Quality
	}
	return all
}

// loadAlbum hashes a set where it lies and loads the list.
func loadAlbum(t *testing.T, f *fieldWorld, set string, sharp, dull []string) (refs map[string]string) {
	t.Helper()
	printed := f.run(0, append([]string{"hash", "--json"}, slices.Concat(sharp, dull)...)...)
	list := filepath.Join(f.dir, set+".jsonl")
	if err := os.WriteFile(list, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	out := f.run(0, "hashset", "load", set, list)
	want := fmt.Sprintf("%d entries, %d refs", len(sharp)+len(dull), len(sharp)+len(dull))
	if len(dull) > 0 {
		want += fmt.Sprintf(", %d judged on exact bytes only", len(dull))
	}
	if !strings.Contains(out, want) {
		t.Errorf("load says %q, want %q", out, want)
	}
	refs = map[string]string{}
	for _, p := range fieldLines[photoLine](t, printed) {
		refs[p.Path] = p.Ref
	}
	return refs
}

func photoBytes(t *testing.T, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return data
}

func photoImage(t *testing.T, path string) image.Image {
	img, _, err := image.Decode(bytes.NewReader(photoBytes(t, path)))
	if err != nil {
		t.Error(err)
		return image.NewGray(image.Rect(0, 0, 1, 1))
	}
	return img
}

// photoName is how a test calls what stands at a path, without the corpus's own.
func photoName(g *photoSite, path, root string) string {
	i, err := strconv.Atoi(strings.TrimPrefix(path, "/"))
	if err != nil {
		return path
	}
	name, _ := strings.CutPrefix(g.names[i], root)
	return name
}

// rightCopy says whether a finding is a copy of the picture that it was made of.
func rightCopy(one alert.Finding, name string, refs map[string]string) bool {
	path, _, _ := strings.Cut(name, " ")
	return one.Ref != nil && *one.Ref == refs[path] && (one.Verdict == "copy" || one.Verdict == "exact")
}

func checkCopies(t *testing.T, f *fieldWorld, g *photoSite, refs map[string]string) {
	t.Helper()
	for path, miss := range countFound(t, f, "dataset", "plain", g, refs) {
		t.Errorf("%s: %s", photoName(g, path, os.Getenv("LEAKWATCH_CORPUS")), miss)
	}
	for path, l := range f.links("plain") {
		if l.Cause == nil || *l.Cause != crawler.OK {
			t.Errorf("%s ended in %s (%s)", photoName(g, path, os.Getenv("LEAKWATCH_CORPUS")), causeText(l.Cause), cellText(l.Why))
		}
	}
}

// countFound counts what was found of each form, and returns what was not.
func countFound(t *testing.T, f *fieldWorld, set, site string, g *photoSite, refs map[string]string) (missed map[string]string) {
	t.Helper()
	missed = map[string]string{}
	found, all, good, far := f.findingsOf(site, set), map[string]int{}, map[string]int{}, map[string]int{}
	for i, name := range g.names {
		_, form, _ := strings.Cut(name, " ")
		path := "/" + strconv.Itoa(i)
		all[form]++
		one := found[path]
		if !rightCopy(one, name, refs) {
			missed[path] = fmt.Sprintf("found %s as %q, distance %s", cellText(one.Ref), one.Verdict, cellText(one.Distance))
			continue
		}
		good[form]++
		far[form] = max(far[form], *one.Distance)
	}
	for form, n := range all {
		t.Logf("figure photographs_%s_%s_found %d of %d, at most %d bits away", set, strings.ReplaceAll(form, " ", "_"), good[form], n, far[form])
	}
	return missed
}

// checkTurned looks at files that a camera or a person has turned: the first
// seven show the chart, the rest the bridge.
func checkTurned(t *testing.T, f *fieldWorld, g *photoSite, chart string) {
	t.Helper()
	found := f.findingsOf("turned", "dataset")
	for i, name := range g.names {
		one := found["/"+strconv.Itoa(i)]
		isChart := strings.Contains(name, "orientation-")
		if one.Ref == nil || (*one.Ref == chart) != isChart || one.Verdict != "copy" {
			t.Errorf("%s: found %s as %q", filepath.Base(name), cellText(one.Ref), one.Verdict)
		}
		if isChart && one.Orientation != nil && *one.Orientation != 1 {
			t.Errorf("%s: orientation %d, want 1: EXIF was not followed", filepath.Base(name), *one.Orientation)
		}
	}
}

// checkDull looks at pictures with too little detail: the same bytes are
// found, another form is not, and both say low_quality.
func checkDull(t *testing.T, f *fieldWorld, g *photoSite, same int, refs map[string]string) {
	t.Helper()
	found, links := f.findingsOf("dull", "dataset"), f.links("dull")
	for i, name := range g.names {
		path := "/" + strconv.Itoa(i)
		if one := found[path]; i < same && !(rightCopy(one, name, refs) && one.Verdict == "exact") || i >= same && one.Ref != nil {
			t.Errorf("%s: found %s as %q", filepath.Base(name), cellText(one.Ref), one.Verdict)
		}
		if c := links[path].Cause; c == nil || *c != crawler.LowQuality {
			t.Errorf("%s ended in %s, want low_quality", filepath.Base(name), causeText(c))
		}
	}
}
