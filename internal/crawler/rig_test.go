package crawler_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/crawler"
	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
)

// rig is a crawler in a world.
type rig struct {
	*crawler.Crawler
	t      testing.TB
	dir    string
	world  *world
	eye    *eye
	ear    *ear
	seeing sync.Mutex // guards sight while the crawler runs
	sight  string
	o      crawler.Options
	crawl  *kv.DB
	state  *kv.DB
	closed bool
}

// newRig opens a crawler on fresh stores. Sites are added by configure.
func newRig(t testing.TB, w *world) *rig {
	t.Helper()
	return newRigIn(t, w, t.TempDir())
}

func newRigIn(t testing.TB, w *world, dir string) *rig {
	t.Helper()
	r := &rig{t: t, dir: dir, world: w, eye: &eye{}, ear: &ear{}, sight: "1"}
	r.o = crawler.Options{
		Workers: 8, Transport: func(s tor.Site) http.RoundTripper { w.ports = s.Ports; return w }, TorUp: w.up, Check: checkURL,
		Sniff: sniff, Holds: holds, Inspector: r.eye, Sight: r.sees, Teller: r.ear,
	}
	r.open()
	t.Cleanup(r.close)
	return r
}

func sniff(b []byte) string {
	if bytes.HasPrefix(b, []byte("PIC ")) || bytes.HasPrefix(b, []byte("\x89PNG")) {
		return "png"
	}
	return ""
}

// holds stands for container.Sniff.
func holds(b []byte, name string) string {
	for _, f := range []struct{ magic, format string }{{"PK\x03\x04", "zip"}, {"7z\xbc\xaf", "7z"}, {"\x1f\x8b", "gzip"}, {"%PDF", "pdf"}} {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return f.format
		}
	}
	if strings.HasSuffix(name, ".tar") {
		return "tar"
	}
	return ""
}

// checkURL stands for tor.Check.
func checkURL(u *url.URL, s tor.Site) error {
	refuse := func(code string) error { return &tor.Error{Code: code, Host: u.Host, Err: errors.New("refused")} }
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("refused_scheme")
	case u.Hostname() == "localhost", u.Hostname() == "127.0.0.1":
		return refuse("refused_local")
	case u.Port() != "" && u.Port() != "80" && !slices.ContainsFunc(s.Ports, func(p int) bool { return strconv.Itoa(p) == u.Port() }):
		return refuse("refused_port")
	case u.User != nil:
		return refuse("refused_url")
	case !s.Clearnet && !strings.HasSuffix(u.Hostname(), ".onion"):
		return refuse("refused_clearnet")
	case len(u.Hostname()) < 20:
		return refuse("onion_bad_address")
	}
	return nil
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.crawl, err = kv.Open(filepath.Join(r.dir, "crawl.db"), kv.Options{}); err != nil {
		r.t.Fatal(err)
	}
	if r.state, err = kv.Open(filepath.Join(r.dir, "state.db"), kv.Options{}); err != nil {
		r.t.Fatal(err)
	}
	if r.Crawler, err = crawler.Open(r.crawl, r.state, r.o); err != nil {
		r.t.Fatal(err)
	}
	r.closed = false
}

func (r *rig) close() {
	if r.closed {
		return
	}
	r.closed = true
	for _, db := range []*kv.DB{r.crawl, r.state} {
		if err := db.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// reopen is a restart.
func (r *rig) reopen(sites ...crawler.SiteConfig) {
	r.t.Helper()
	r.close()
	r.open()
	r.configure(sites...)
}

func (r *rig) configure(sites ...crawler.SiteConfig) {
	r.t.Helper()
	if err := r.Configure(sites, r.o); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) once() crawler.Summary {
	r.t.Helper()
	s, err := r.Once(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// run runs the crawler for a while, as a daemon.
func (r *rig) run(d time.Duration) {
	r.t.Helper()
	stop := r.start()
	time.Sleep(d)
	stop()
}

// start runs the crawler until the returned function is called.
func (r *rig) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		r.t.Helper()
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

func (r *rig) site(name string) crawler.Detail {
	r.t.Helper()
	d, err := r.Site(r.t.Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// link returns the line of one link.
func (r *rig) link(url string) crawler.Link {
	r.t.Helper()
	for l, err := range r.Links(r.t.Context(), "board") {
		if err != nil {
			r.t.Fatal(err)
		}
		if l.URL == url {
			return l
		}
	}
	r.t.Fatalf("link %s is not known", url)
	return crawler.Link{}
}

func (r *rig) cause(url string) crawler.Cause {
	r.t.Helper()
	if c := r.link(url).Cause; c != nil {
		return *c
	}
	return ""
}

// ledger is the whole ledger of board.
func (r *rig) ledger() crawler.Ledger {
	r.t.Helper()
	l, err := r.Ledger(r.t.Context(), "board", time.Now().Add(-1000*time.Hour), time.Now().Add(time.Second))
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// board is the usual site, at the usual pace.
func board(change ...func(*crawler.SiteConfig)) crawler.SiteConfig {
	s := crawler.SiteConfig{
		Name: "board", Kind: "web", Origin: "config", Seeds: []string{at("/")}, Scope: "host",
		Interval: time.Hour, MaxInterval: 7 * 24 * time.Hour, Delay: 2 * time.Second, Parallel: 1, Depth: 5,
		MaxPages: 5000, MaxBytes: 2 << 30, MaxTime: 6 * time.Hour,
	}
	for _, fn := range change {
		fn(&s)
	}
	return s
}

func (r *rig) sees() string {
	r.seeing.Lock()
	defer r.seeing.Unlock()
	return r.sight
}

// see changes the sight while the crawler runs.
func (r *rig) see(sight string) {
	r.seeing.Lock()
	defer r.seeing.Unlock()
	r.sight = sight
}
