package crawler_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/txtar"

	"leakwatch/internal/crawler"
	"leakwatch/internal/tor"
)

// onion is the address of the site that most worlds hold.
const onion = "examplexexamplexexamplexexamplexexamplexexamplexexampl.onion"

// asked is one request that reached the world.
type asked struct {
	url     string
	host    string
	at      time.Time
	until   time.Time
	etag    string
	referer string
}

// world is a small internet. Its pages are files of a txtar archive, named
// HOST/PATH; those that end in .pic are pictures.
type world struct {
	mu      sync.Mutex
	pages   map[string]string
	answers map[string]func(n int) (*http.Response, error) // of URLs with a will of their own
	serving map[string]func(*http.Request) (*http.Response, error)
	asked   []asked
	took    time.Duration // what an answer takes
	torDown bool
	failing bool  // Tor answers, and fails to connect
	ports   []int // that the site asked for last may use
}

func newWorld(pages string) *world {
	w := &world{pages: map[string]string{}, answers: map[string]func(int) (*http.Response, error){},
		serving: map[string]func(*http.Request) (*http.Response, error){}}
	for _, f := range txtar.Parse([]byte(pages)).Files {
		w.pages["http://"+strings.ReplaceAll(f.Name, "ONION", onion)] = strings.ReplaceAll(string(f.Data), "ONION", onion)
	}
	return w
}

// at is the URL of a path of the onion.
func at(path string) string { return "http://" + onion + path }

func (w *world) set(url, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[url] = body
}

func (w *world) answer(url string, fn func(n int) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[url] = fn
}

// tor switches our own Tor off and on.
func (w *world) tor(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.torDown = down
}

func (w *world) up(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.torDown {
		return &tor.Error{Code: "tor_down", Err: errors.New("connection refused")}
	}
	return nil
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	a := asked{url: r.URL.String(), host: r.URL.Hostname(), at: time.Now(), etag: r.Header.Get("If-None-Match"), referer: r.Header.Get("Referer")}
	i := len(w.asked)
	n := 0
	for _, before := range w.asked {
		if before.url == a.url {
			n++
		}
	}
	w.asked = append(w.asked, a)
	serve := w.serving[a.url]
	fn, body, known, down, failing, took := w.answers[a.url], w.pages[a.url], false, w.torDown, w.failing, w.took
	_, known = w.pages[a.url]
	w.mu.Unlock()
	select {
	case <-time.After(took):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	defer func() {
		w.mu.Lock()
		w.asked[i].until = time.Now()
		w.mu.Unlock()
	}()
	switch {
	case down:
		return nil, &tor.Error{Code: "tor_down", Err: errors.New("connection refused")}
	case failing:
		return nil, &tor.Error{Code: "tor_failed", Err: errors.New("general SOCKS server failure")}
	case serve != nil:
		return serve(r)
	case fn != nil:
		return fn(n)
	case !known:
		return reply(404, "", ""), nil
	case strings.HasSuffix(r.URL.Path, ".pic"):
		etag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))
		if a.etag == etag {
			return reply(304, "", ""), nil
		}
		p := reply(200, "image/png", "PIC "+body)
		p.Header.Set("ETag", etag)
		return p, nil
	}
	return reply(200, "text/html", body), nil
}

func reply(status int, mediaType, body string, headers ...string) *http.Response {
	p := &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	if mediaType != "" {
		p.Header.Set("Content-Type", mediaType)
	}
	for i := 0; i < len(headers); i += 2 {
		p.Header.Set(headers[i], headers[i+1])
	}
	return p
}

func always(status int, headers ...string) func(int) (*http.Response, error) {
	return func(int) (*http.Response, error) { return reply(status, "", "", headers...), nil }
}

func fails(code string) func(int) (*http.Response, error) {
	return func(int) (*http.Response, error) {
		return nil, &tor.Error{Code: code, Host: onion, Err: errors.New(code)}
	}
}

// times returns how often a URL was asked for.
func (w *world) times(url string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, a := range w.asked {
		if a.url == url {
			n++
		}
	}
	return n
}

func (w *world) all() []asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]asked(nil), w.asked...)
}

// eye is an Inspector that notes what it is shown: texts apart.
type eye struct {
	mu    sync.Mutex
	found []crawler.Found
	texts []crawler.Found
	gives func(crawler.Found) (crawler.Inspection, error)
	reads func(crawler.Found) (crawler.Inspection, error) // of texts
	opens func(crawler.Found) (crawler.Inspection, error) // of containers; the eye is not locked
}

func (e *eye) Inspect(_ context.Context, f crawler.Found) (crawler.Inspection, error) {
	e.mu.Lock()
	if f.Kind == crawler.KindContainer && !f.Unchanged && e.opens != nil {
		e.found = append(e.found, f)
		e.mu.Unlock()
		return e.opens(f)
	}
	defer e.mu.Unlock()
	switch {
	case f.Unchanged != (f.Body == nil && f.Container == nil):
		return crawler.Inspection{}, fmt.Errorf("found %s: unchanged %v with a body of %d bytes", f.URL, f.Unchanged, len(f.Body))
	case f.Kind == crawler.KindText:
		e.texts = append(e.texts, f)
		if e.reads != nil {
			return e.reads(f)
		}
		return crawler.Inspection{}, nil
	case f.Kind == crawler.KindContainer && f.Body != nil:
		return crawler.Inspection{}, fmt.Errorf("found container %s: it has a body", f.URL)
	}
	if f.Kind == crawler.KindPicture && !f.Unchanged && f.SHA256 != sha256.Sum256(f.Body) {
		return crawler.Inspection{}, fmt.Errorf("found %s: the digest is not that of the body", f.URL)
	}
	e.found = append(e.found, f)
	if e.gives != nil {
		return e.gives(f)
	}
	return crawler.Inspection{Cause: crawler.OK}, nil
}

// looks returns how often a URL was decoded, and how often it was only seen again.
func (e *eye) looks(url string) (decoded, again int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.found {
		switch {
		case f.URL != url:
		case f.Unchanged:
			again++
		default:
			decoded++
		}
	}
	return decoded, again
}

// ear is a Teller that notes what it is told.
type ear struct {
	mu     sync.Mutex
	events []crawler.Event
}

func (e *ear) Tell(_ context.Context, v crawler.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, v)
	return nil
}

func (e *ear) kinds() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []string
	for _, v := range e.events {
		kinds = append(kinds, v.Kind)
	}
	return strings.Join(kinds, " ")
}
