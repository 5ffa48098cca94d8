package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/demo"
)

// leaky is a world whose sites never stop posting copies of the data set.
type leaky struct {
	world   *demo.World
	notices string   // file of the other channel
	onion   string   // of the last site that was added
	copies  [][]byte // re-posted forms of the data set
	strange []byte

	mu    sync.Mutex
	seeds int               // how often a seed was asked for
	posts map[string]string // webhook-id => body
	doubt []string          // what the receiver saw and must not
	many  int               // deliveries
}

const leakyHook = "hooks.example.org"

func newLeaky(t *testing.T, home string) *leaky {
	t.Helper()
	l := &leaky{world: lifeWorld(t), posts: map[string]string{}, notices: filepath.Join(home, "notices.jsonl")}
	l.copies = lifeDataSet(t, filepath.Join(home, "dataset"), 6)
	stranger, _, err := demo.Edit(demo.Stranger(0, 7).Image(), "resize-50")
	if err != nil {
		t.Fatal(err)
	}
	l.strange = stranger
	l.world.Proxy().Handle(leakyHook, http.HandlerFunc(l.hook))
	return l
}

// lifePhotos are drawn once for all tests.
var lifePhotos = sync.OnceValue(func() []demo.Photo { return demo.Set(6, 7) })

// lifeDataSet writes a data set to a folder and returns a small re-posted copy
// of each of its pictures.
func lifeDataSet(t *testing.T, folder string, n int) (copies [][]byte) {
	t.Helper()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range lifePhotos()[:n] {
		if err := os.WriteFile(filepath.Join(folder, p.Name), p.JPEG, 0o600); err != nil {
			t.Fatal(err)
		}
		file, _, err := demo.Edit(p.Image(), "resize-50")
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, file)
	}
	return copies
}

// unique is the same picture as other bytes: a comment stands in the JPEG.
func unique(file []byte, comment string) []byte {
	out := append([]byte{}, file[:2]...)
	n := len(comment) + 2
	out = append(out, 0xFF, 0xFE, byte(n>>8), byte(n))
	out = append(out, comment...)
	return append(out, file[2:]...)
}

// site adds a site whose chain of pages has so many links; 0: it never ends.
// Its seed is another page each time: it shows new pictures and begins a new
// chain.
func (l *leaky) site(name string, chain int) (onion string) {
	l.onion = l.world.Handle(name, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		time.Sleep(10 * time.Millisecond) // Tor is slower still
		var number, page int
		switch {
		case q.URL.Path == "/":
			l.mu.Lock()
			l.seeds++
			number = l.seeds
			l.mu.Unlock()
			l.page(w, number, 0, chain)
		case scan(q.URL.Path, "/p/%d/%d", &number, &page):
			l.page(w, number, page, chain)
		case strings.HasPrefix(q.URL.Path, "/new/"):
			w.Write(l.fresh(name, q.URL.Path))
		case strings.HasPrefix(q.URL.Path, "/old/"):
			w.Write(l.pick(q.URL.Path)) // the same bytes as elsewhere
		case strings.HasPrefix(q.URL.Path, "/other/"):
			w.Write(unique(l.strange, name+q.URL.Path))
		default:
			http.NotFound(w, q)
		}
	}))
	return l.onion
}

func scan(path, format string, into ...any) bool {
	n, err := fmt.Sscanf(path, format, into...)
	return err == nil && n == len(into)
}

func (l *leaky) pick(path string) []byte {
	h := fnv.New32a()
	io.WriteString(h, path)
	return l.copies[int(h.Sum32())%len(l.copies)]
}

// fresh is a copy whose bytes stand nowhere else.
func (l *leaky) fresh(site, path string) []byte { return unique(l.pick(path), site+path) }

func (l *leaky) page(w http.ResponseWriter, number, page, chain int) {
	w.Header().Set("Content-Type", "text/html")
	for _, kind := range []string{"new", "old", "other"} {
		fmt.Fprintf(w, `<img src="/%s/%d-%d.jpg">`, kind, number, page)
	}
	if chain == 0 || page < chain {
		fmt.Fprintf(w, `<a href="/p/%d/%d">older</a>`, number, page+1)
	}
}

// hook is the receiver of the webhook: the witness of what was told. It takes
// its time, so that a kill strikes between sent and delivered.
func (l *leaky) hook(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // cut off by a kill
	}
	id := q.Header.Get("Webhook-Id")
	l.mu.Lock()
	l.many++
	if before, known := l.posts[id]; known && before != string(body) {
		l.doubt = append(l.doubt, fmt.Sprintf("webhook-id %s came with two bodies:\n%s\n%s", id, before, body))
	}
	l.posts[id] = string(body)
	l.mu.Unlock()
	time.Sleep(50 * time.Millisecond)
	w.WriteHeader(http.StatusNoContent)
}

// told are the notices that came by the webhook, each once.
func (l *leaky) told(t *testing.T) []crashNotice {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.doubt {
		t.Error(d)
	}
	var all []crashNotice
	for id, body := range l.posts {
		var n crashNotice
		if err := json.Unmarshal([]byte(body), &n); err != nil || n.ID != id {
			t.Errorf("webhook-id %s: %v in %s", id, err, body)
		}
		all = append(all, n)
	}
	return all
}

// config watches three sites and tells by two channels.
func (l *leaky) config(home string) string {
	secret := filepath.Join(home, "secret")
	return fmt.Sprintf("[log]\nlevel = \"warn\"\n[notify.file]\npath = %q\n[notify.hook]\nkind = \"webhook\"\nurl = \"http://%s/x\"\nsecret_file = %q\n",
		l.notices, leakyHook, secret) +
		lifeSite("long", l.site("long", 0), "parallel = 2\ndepth = 100000") +
		lifeSite("again", l.site("again", 2), "parallel = 2\ninterval = \"1s\"") +
		lifeSite("closed", l.site("closed", 0), "parallel = 2\ndepth = 100000")
}
