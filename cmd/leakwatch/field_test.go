package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// fieldWorld is the whole program on a world of a test's own: sites behind the
// demo's proxy, a hash set loaded as an admin loads it, commands as people
// give them.
type fieldWorld struct {
	t      testing.TB
	dir    string
	world  *demo.World
	socks  string          // another way out than the world's; "" for none
	tables strings.Builder // of the sites
}

func newFieldWorld(t testing.TB) *fieldWorld {
	t.Helper()
	w, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	return &fieldWorld{t: t, dir: t.TempDir(), world: w}
}

// site puts a handler on an onion of its own and watches it.
func (f *fieldWorld) site(name string, h http.Handler) (onion string) {
	onion = f.world.Handle(name, h)
	f.watch(name, "http://"+onion+"/")
	return onion
}

// watch adds a site to the config; more are further lines of its table.
func (f *fieldWorld) watch(name, seed string, more ...string) {
	fmt.Fprintf(&f.tables, "[[site]]\nname = %q\nseeds = [%q]\ndelay = \"0s\"\nparallel = 4\n%s\n", name, seed, strings.Join(more, "\n"))
}

// run gives one command and returns what it printed; another exit code than
// want ends the test.
func (f *fieldWorld) run(want int, args ...string) string {
	f.t.Helper()
	out, said, code := f.try(args...)
	if code != want {
		f.t.Fatalf("leakwatch %q: exit %d, want %d: %s", args, code, want, said)
	}
	return out
}

func (f *fieldWorld) try(args ...string) (stdout, stderr string, code int) {
	f.t.Helper()
	path := filepath.Join(f.dir, "config.toml")
	text := fmt.Sprintf("[state]\ndir = %q\n[log]\nlevel = \"warn\"\n[tor]\nsocks = %q\n[web]\nlisten = \"\"\n%s",
		filepath.Join(f.dir, "state"), cmp.Or(f.socks, f.world.Socks()), f.tables.String())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	var out, said bytes.Buffer
	code = execute(context.Background(), append([]string{"--config", path}, args...), strings.NewReader(""), &out, &said)
	return out.String(), said.String(), code
}

// load hashes files where they lie and loads what `hash --json` says. It
// returns the refs by file name.
func (f *fieldWorld) load(set string, files map[string][]byte) map[string]string {
	f.t.Helper()
	dir := f.folder(set, files)
	list := filepath.Join(f.dir, set+".jsonl")
	printed := f.run(0, "hash", "--json", dir)
	if err := os.WriteFile(list, []byte(printed), 0o600); err != nil {
		f.t.Fatal(err)
	}
	refs := map[string]string{}
	for _, p := range fieldLines[struct{ Path, Ref string }](f.t, printed) {
		refs[filepath.Base(p.Path)] = p.Ref
	}
	if f.run(0, "hashset", "load", set, list); len(refs) != len(files) {
		f.t.Fatalf("%d files were hashed, want %d", len(refs), len(files))
	}
	return refs
}

func (f *fieldWorld) folder(name string, files map[string][]byte) string {
	f.t.Helper()
	dir := filepath.Join(f.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		f.t.Fatal(err)
	}
	for file, data := range files {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	return dir
}

// findings are those of a site by what follows the host in their URLs; of a
// picture in the page itself that is "/#data".
func (f *fieldWorld) findings(site string) map[string]alert.Finding { return f.findingsOf(site, "") }

// findingsOf are the findings of a site and a set, or of any set.
func (f *fieldWorld) findingsOf(site, set string) map[string]alert.Finding {
	f.t.Helper()
	found := map[string]alert.Finding{}
	for _, d := range fieldLines[alert.Detail](f.t, f.run(0, "alert", "export", "--site", site, "--set", set)) {
		for _, one := range d.Findings {
			for _, s := range one.Sightings {
				found[fieldPath(s.URL)] = one
			}
		}
	}
	return found
}

// links are those of a site by what follows the host.
func (f *fieldWorld) links(site string) map[string]crawler.Link {
	f.t.Helper()
	links := map[string]crawler.Link{}
	for _, l := range fieldLines[crawler.Link](f.t, f.run(0, "site", "show", site, "--links", "--json")) {
		links[fieldPath(l.URL)] = l
	}
	return links
}

func (f *fieldWorld) state(site string) string {
	f.t.Helper()
	var d crawler.Detail
	if err := json.Unmarshal([]byte(f.run(0, "site", "show", site, "--json")), &d); err != nil {
		f.t.Fatal(err)
	}
	return d.State
}

func causeText(c *crawler.Cause) string {
	if c == nil {
		return "none"
	}
	return string(*c)
}

func fieldPath(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	path := rest[strings.IndexByte(rest, '/'):]
	path, inline, ok := strings.Cut(path, "#")
	if ok && strings.HasPrefix(inline, "data") {
		return path + "#data"
	}
	return path
}

func fieldLines[T any](t testing.TB, text string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

// editedPhoto is a picture in one of the demo's forms.
func editedPhoto(t testing.TB, img image.Image, form string) (data []byte, mediaType string) {
	t.Helper()
	data, mediaType, err := demo.Edit(img, form)
	if err != nil {
		t.Fatal(err)
	}
	return data, mediaType
}

// wireSite is a site that answers with the very bytes that a test wrote, and
// closes the connection.
type wireSite map[string][]byte

func (s wireSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := s[r.RequestURI]
	if !ok {
		http.NotFound(w, r)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	conn.Write(answer)
	conn.Close()
}

// wireAnswer is a whole answer on the wire.
func wireAnswer(mediaType string, body []byte, headers ...string) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n", mediaType, len(body))
	for _, h := range headers {
		head += h + "\r\n"
	}
	return append([]byte(head+"\r\n"), body...)
}

// wireHTML is a page on the wire.
func wireHTML(body string) []byte { return wireAnswer("text/html; charset=utf-8", []byte(body)) }
