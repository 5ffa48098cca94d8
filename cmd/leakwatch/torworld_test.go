package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leakwatch/internal/demo"
)

// onionWorld is what stands behind the onions of TestRealTor: two sites with
// re-posted copies of a drawn data set among strangers.
type onionWorld struct {
	dataSet string // folder
	sites   []*onionSite
}

// onionPlant is what a finding must say.
type onionPlant struct {
	ref, verdict string
	orientation  int
}

// onionForms says which entry is hidden in which form; in the order in which
// the pictures stand on the pages.
func onionForms() map[string][]struct {
	entry int
	form  string
} {
	type row = struct {
		entry int
		form  string
	}
	return map[string][]row{
		"forum": {{0, demo.Exact}, {3, "jpeg-q30"}, {6, "mirror"}, {10, "resize-50"}, {16, "gray"}, {21, "wm-small"}},
		"board": {{5, "watermark"}, {8, "png"}, {11, "mirror"}, {13, "exif-orientation"}, {18, "rot-180"}, {26, demo.Exact}},
	}
}

// orientations are those of the turned forms: as EXIF counts, and as the
// found picture must be turned to look like its entry.
func onionOrientation(form string) int {
	switch form {
	case "mirror":
		return 2
	case "rot-180":
		return 3
	}
	return 1 // also exif-orientation, whose tag turns it back
}

func newOnionWorld(t *testing.T) *onionWorld {
	t.Helper()
	const seed = 19
	set := demo.Set(30, seed)
	w := &onionWorld{dataSet: filepath.Join(t.TempDir(), "dataset")}
	if err := writePhotos(w.dataSet, set); err != nil {
		t.Fatal(err)
	}
	stranger := 0
	for _, name := range []string{"forum", "board"} {
		s := &onionSite{name: name, web: demo.Web{}, asked: map[string]int{}, plants: map[string]onionPlant{}}
		for i, row := range onionForms()[name] {
			file, mediaType := set[row.entry].JPEG, "image/jpeg"
			if row.form != demo.Exact {
				var err error
				if file, mediaType, err = demo.Edit(set[row.entry].Image(), row.form); err != nil {
					t.Fatal(err)
				}
			}
			sum := sha256.Sum256(set[row.entry].JPEG)
			plant := onionPlant{ref: hex.EncodeToString(sum[:])[:16], verdict: "copy", orientation: onionOrientation(row.form)}
			if row.form == demo.Exact {
				plant.verdict = "exact"
			}
			path := fmt.Sprintf("/files/%d.img", 2*i)
			s.plants[path] = plant
			s.web[path] = demo.Resource{MediaType: mediaType, Body: file}
			s.web[fmt.Sprintf("/files/%d.img", 2*i+1)] = demo.Resource{MediaType: "image/jpeg", Body: demo.Stranger(stranger, seed).JPEG}
			stranger++
		}
		s.write(2 * len(s.plants))
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		s.address = server.Listener.Addr().String()
		w.sites = append(w.sites, s)
	}
	return w
}

func (w *onionWorld) addresses() []string {
	var all []string
	for _, s := range w.sites {
		all = append(all, s.address)
	}
	return all
}

// open tells the sites their addresses, which are known only now.
func (w *onionWorld) open(onions []string) {
	for i, s := range w.sites {
		s.onion = onions[i]
		plants := map[string]onionPlant{}
		for path, p := range s.plants {
			plants["http://"+s.onion+path] = p
		}
		s.plants = plants
	}
}

func (w *onionWorld) planted() int {
	n := 0
	for _, s := range w.sites {
		n += len(s.plants)
	}
	return n
}

func (w *onionWorld) config(dir, socks, notices string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[state]\ndir = %q\n[log]\nlevel = \"debug\"\n[tor]\nsocks = %q\nconnect_timeout = \"30s\"\n[web]\nlisten = \"127.0.0.1:0\"\n[notify.file]\npath = %q\n",
		filepath.Join(dir, "state"), socks, notices)
	for _, s := range w.sites {
		fmt.Fprintf(&b, "[[site]]\nname = %q\nseeds = [\"http://%s/\"]\ninterval = \"2s\"\nmax_interval = \"8s\"\ndelay = \"0s\"\n", s.name, s.onion)
	}
	return b.String()
}

// onionSite is one site: it counts who asks for what, and may hold an answer
// back.
type onionSite struct {
	name, address, onion string
	web                  demo.Web
	plants               map[string]onionPlant // by path, from open on by URL

	mu    sync.Mutex
	asked map[string]int // by path
	held  *heldAnswer
}

// write makes pages of so many pictures: four to a thread.
func (s *onionSite) write(pictures int) {
	page := func(path, body string) {
		s.web[path] = demo.Resource{MediaType: "text/html", Body: []byte("<!DOCTYPE html><title>" + s.name + "</title>" + body)}
	}
	index := ""
	for i := 0; i < pictures; i += 4 {
		thread, body := fmt.Sprintf("/thread/%d", i/4), ""
		for k := i; k < min(i+4, pictures); k++ {
			if k%3 == 0 {
				body += fmt.Sprintf(`<div style="background: url(/files/%d.img)"></div>`, k)
			} else {
				body += fmt.Sprintf(`<p>post %d <img src="/files/%d.img"></p>`, k, k)
			}
		}
		page(thread, body)
		index += fmt.Sprintf(`<a href="%s">thread</a> `, thread)
	}
	page("/", index)
}

func (s *onionSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	held := s.held
	s.mu.Unlock()
	if held != nil && r.URL.Path == held.path && held.breaks(w, s.web[r.URL.Path].Body) {
		panic(http.ErrAbortHandler)
	}
	s.web.ServeHTTP(w, r)
}

// urls are all URLs of the site.
func (s *onionSite) urls() []string {
	var all []string
	for path := range s.web {
		all = append(all, "http://"+s.onion+path)
	}
	slices.Sort(all)
	return all
}

// unasked are the paths that nobody asked for.
func (s *onionSite) unasked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for path := range s.web {
		if s.asked[path] == 0 {
			paths = append(paths, path)
		}
	}
	return paths
}

// heldAnswer is an answer that stops in the middle until it is released, and
// then breaks off. Asked for again, it comes whole.
type heldAnswer struct {
	path  string
	asked atomic.Int32
	came  chan struct{} // closed when it is asked for
	gone  chan struct{} // closed by release
}

// hold makes the site stop in the middle of one of its copies.
func (s *onionSite) hold() *heldAnswer {
	h := &heldAnswer{path: "/files/6.img", came: make(chan struct{}), gone: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = h
	return h
}

func (h *heldAnswer) breaks(w http.ResponseWriter, file []byte) bool {
	if h.asked.Add(1) > 1 {
		return false
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Write(file[:len(file)/2])
	w.(http.Flusher).Flush()
	close(h.came)
	<-h.gone
	return true
}

func (h *heldAnswer) reached() bool { return isClosed(h.came) }
func (h *heldAnswer) release()      { close(h.gone) }
func (h *heldAnswer) again() bool   { return h.asked.Load() > 1 }

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
