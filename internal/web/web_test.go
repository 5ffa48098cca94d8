package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/kv"
	"leakwatch/internal/match"
	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is the API over real rooms, reached both over a Unix socket and
// in-process. The crawler is a fake.
type rig struct {
	t      *testing.T
	rooms  web.Rooms
	alerts *alert.Alerts
	sets   *match.Sets
	log    *locked
	socket string
	ways   map[string]*web.Client
}

func newRig(t *testing.T, change ...func(*web.Rooms)) *rig {
	t.Helper()
	r := &rig{t: t, log: &locked{}, socket: filepath.Join(t.TempDir(), "s")}
	var err error
	if r.alerts, err = alert.Open(open(t, "state.db"), alert.Options{}); err != nil {
		t.Fatal(err)
	}
	if r.sets, err = match.Open(open(t, "hashes.db"), match.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	r.rooms = web.Rooms{
		Alerts: r.alerts, Sets: r.sets, Sites: fakeSites{}, Scratch: t.TempDir(), MaxLook: func() int64 { return 1 << 20 }, Version: "v1",
		Look: func(_ context.Context, path, member string, data []byte) ([]any, error) {
			return []any{map[string]any{"path": path, "member": member, "bytes": len(data)}}, nil
		},
		Stated: func(path, member string, stated []container.Line) []any {
			return []any{map[string]any{"path": path, "member": member, "lines": stated}}
		},
		Coverage: func(_ context.Context, from, to time.Time) ([]any, error) {
			return []any{map[string]any{"from": from, "to": to}}, nil
		},
		Unopened: func(context.Context, time.Time, time.Time) iter.Seq2[crawler.NotOpened, error] {
			return func(yield func(crawler.NotOpened, error) bool) { yield(crawler.NotOpened{Site: "board"}, nil) }
		},
		Snapshots: map[string]func(io.Writer) error{},
		Log:       slog.New(slog.NewTextHandler(r.log, nil)),
	}
	for _, fn := range change {
		fn(&r.rooms)
	}
	api := web.API(r.rooms)
	r.ways = map[string]*web.Client{"socket": unixWay(t, r.serve(api)), "in-process": web.NewClient(web.InProcess(api))}
	return r
}

// serve serves the API on a socket as the daemon does.
func (r *rig) serve(api http.Handler) (path string) {
	l, err := net.Listen("unix", r.socket)
	if err != nil {
		r.t.Fatal(err)
	}
	s := &http.Server{Handler: api, ConnContext: web.ConnContext, ErrorLog: slog.NewLogLogger(r.rooms.Log.Handler(), slog.LevelError)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	r.t.Cleanup(func() {
		s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			r.t.Error(err)
		}
	})
	return r.socket
}

func open(t *testing.T, name string) *kv.DB {
	t.Helper()
	db, err := kv.Open(filepath.Join(t.TempDir(), name), kv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// each runs a test over every way to the API.
func (r *rig) each(do func(t *testing.T, c *web.Client)) {
	r.t.Helper()
	for name, c := range r.ways {
		r.t.Run(name, func(t *testing.T) { do(t, c) })
	}
}

// raise opens n alerts, each of a set of its own.
func (r *rig) raise(n int) (ids []string) {
	r.t.Helper()
	var reports []alert.Report
	for i := range n {
		reports = append(reports, alert.Report{
			Site: "board", Set: fmt.Sprintf("set-%04d", i), SetVersion: 1, Kind: "picture", Verdict: "copy", Ref: "=1+1", Algorithm: "pdq",
			Orientation: 1, SHA256: strings.Repeat("ab", 32), URL: "http://board/" + fmt.Sprint(i), Page: "http://board/",
		})
	}
	if err := r.alerts.Raise(r.t.Context(), reports); err != nil {
		r.t.Fatal(err)
	}
	for a, err := range r.alerts.List(r.t.Context(), alert.Filter{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, a.ID)
	}
	return ids
}

// locked is a buffer for a log.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fakeSites knows one site with an odd name.
type fakeSites struct{}

const oddName = "my board/2 %41"

func (fakeSites) know(name string) error {
	if name != oddName {
		return fmt.Errorf("%s: %w", name, crawler.ErrNoSite)
	}
	return nil
}

func (fakeSites) Sites(context.Context) ([]crawler.Site, error) {
	return []crawler.Site{{Name: oddName}}, nil
}

func (f fakeSites) Site(_ context.Context, name string) (crawler.Detail, error) {
	return crawler.Detail{Site: crawler.Site{Name: name}}, f.know(name)
}

func (f fakeSites) Links(_ context.Context, name string) iter.Seq2[crawler.Link, error] {
	return func(yield func(crawler.Link, error) bool) {
		yield(crawler.Link{URL: "http://board/"}, f.know(name))
	}
}

func (f fakeSites) Pause(_ context.Context, name string) error  { return f.know(name) }
func (f fakeSites) Resume(_ context.Context, name string) error { return f.know(name) }
func (f fakeSites) Visit(_ context.Context, name string) error  { return f.know(name) }

// lines reads a list to its end.
func lines(t *testing.T, c *web.Client, path string) (all []json.RawMessage, err error) {
	t.Helper()
	for line, err := range c.Lines(t.Context(), http.MethodGet, path, nil, nil) {
		if err != nil {
			return all, err
		}
		if !json.Valid(line) {
			t.Errorf("%s gives the line %q", path, line)
		}
		all = append(all, bytes.Clone(line))
	}
	return all, nil
}

// unixWay is a client of a socket.
func unixWay(t *testing.T, path string) *web.Client {
	t.Helper()
	way := tor.Unix(path)
	t.Cleanup(way.(*http.Transport).CloseIdleConnections)
	return web.NewClient(way)
}
