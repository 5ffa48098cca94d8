package main

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/assure"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/inspect"
	"leakwatch/internal/kv"
	"leakwatch/internal/match"
	"leakwatch/internal/notify"
	"leakwatch/internal/seen"
	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

// house holds every room, put together.
type house struct {
	mu      sync.Mutex // guards cfg, which a reload swaps
	cfg     Config
	log     *slog.Logger
	stores  map[string]*kv.DB
	tor     *tor.Tor
	sets    *match.Sets
	alerts  *alert.Alerts
	seen    *seen.Seen
	inspect *inspect.Room
	past    *inspect.Past
	crawler *crawler.Crawler
	notify  *notify.Notify // nil until openChannels
}

// openHouse opens the stores and puts the rooms together. Nothing runs yet.
func openHouse(cfg Config, log *slog.Logger) (*house, error) {
	h := &house{cfg: cfg, log: log, stores: map[string]*kv.DB{}}
	if err := h.open(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) open() error {
	if err := h.openStores(); err != nil {
		return err
	}
	var err error
	if h.tor, err = tor.New(torOptions(h.cfg, h.log)); err != nil {
		return fail(exitConfig, "set [tor] socks to Tor's SOCKS address: nothing is sent without it", err)
	}
	if h.sets, err = match.Open(h.stores["hashes.db"], matchOptions(h.cfg, h.log)); err != nil {
		return storeError(err)
	}
	if h.alerts, err = alert.Open(h.stores["state.db"], alert.Options{Log: h.log}); err != nil {
		return storeError(err)
	}
	if err := h.reviewed().takeOver(context.Background(), ""); err != nil {
		return storeError(err)
	}
	if h.seen, err = seen.Open(h.stores["seen.db"], seen.Options{}); err != nil {
		return storeError(err)
	}
	h.inspect, err = inspect.New(inspect.Options{
		Sets: h.sets, Alerts: h.reviewed(), Memory: h.seen, Rules: inspectRules(h.cfg), Cores: runtime.GOMAXPROCS(0),
	})
	if err != nil {
		return err
	}
	h.past = inspect.NewPast(h.inspect, inspect.PastOptions{Sets: h.sets, Alerts: h.reviewed(), Seen: h.seen, Log: h.log})
	if h.crawler, err = crawler.Open(h.stores["crawl.db"], h.stores["state.db"], h.crawlerOptions(h.cfg)); err != nil {
		return storeError(err)
	}
	return storeError(h.crawler.Configure(siteConfigs(h.cfg), h.crawlerOptions(h.cfg)))
}

// openChannels makes the ways to people. Only a daemon needs them: a command in
// its place must not need their secrets, which systemd hands to the daemon.
func (h *house) openChannels() error {
	channels, err := h.channels(h.cfg)
	if err != nil {
		return err
	}
	h.notify, err = notify.New(notify.Options{Alerts: h.alerts, Channels: channels, Log: h.log})
	return err
}

func (h *house) config() Config {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cfg
}

func (h *house) setConfig(cfg Config) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cfg = cfg
}

func (h *house) openStores() error {
	dir := h.cfg.State.Dir
	if err := ownedByMe(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(exitFailure, "", err)
	}
	for _, name := range stores() {
		o := kv.Options{Schema: 1, MaxSize: int64(h.cfg.State.MaxSize)}
		switch name {
		case "hashes.db":
			o.Schema, o.Migrate = match.Schema, match.Migrations()
		case "state.db":
			o.Schema, o.Migrate = alert.Schema, alert.Migrations()
		case "crawl.db":
			o.Schema, o.Migrate = crawler.Schema, crawler.Migrations()
		}
		db, err := kv.Open(filepath.Join(dir, name), o)
		if err != nil {
			return storeError(err)
		}
		h.stores[name] = db
	}
	return nil
}

// storeError gives the troubles of a store their exit codes and hints.
func storeError(err error) error {
	switch {
	case errors.Is(err, kv.ErrLocked):
		return fail(exitTryAgain, "another leakwatch holds the store: is the daemon starting or stopping?", err)
	case errors.Is(err, kv.ErrNewerSchema):
		return fail(exitDamaged, "the store was written by a newer leakwatch: install that one again", err)
	case errors.Is(err, kv.ErrMissing), errors.Is(err, kv.ErrDamaged), errors.Is(err, match.ErrDamaged), errors.Is(err, seen.ErrDamaged):
		return fail(exitDamaged, "stop the daemon and put back the last backup; do not delete the files", err)
	}
	return err
}

// close closes what was opened; it is safe on a house half built.
func (h *house) close() error {
	var errs []error
	if h.tor != nil {
		h.tor.Close()
	}
	for _, db := range h.stores {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// api is the handler of every action, for the socket or in-process.
func (h *house) api() http.Handler {
	snapshots := map[string]func(io.Writer) error{}
	for name, db := range h.stores {
		snapshots[name] = func(w io.Writer) error {
			_, err := db.WriteTo(w)
			return err
		}
	}
	return web.API(web.Rooms{
		Alerts: h.reviewed(), Sets: h.sets, Sites: sitesWithAlerts{h.crawler, h.alerts}, Look: h.look, Stated: h.stated,
		Coverage: h.coverage, Unopened: h.unopened,
		Seen: h.seen, Past: func() any { return h.past.Progress() },
		Snapshots: snapshots, Scratch: h.config().State.Dir, Version: versionText(), Log: h.log,
		MaxLook: func() int64 { return int64(h.config().Picture.MaxBytes) },
	})
}

func (h *house) reviewed() reviewed { return reviewed{h.alerts, h.sets, h.log} }

func (h *house) look(ctx context.Context, path, member string, data []byte) ([]any, error) {
	lines, err := h.inspect.Examine(ctx, path, member, data)
	return anys(lines), err
}

func (h *house) stated(path, member string, lines []container.Line) []any {
	return anys(h.inspect.Stated(path, member, lines))
}

func (h *house) coverage(ctx context.Context, from, to time.Time) ([]any, error) {
	found, err := assure.Of(ctx, h.crawler, from, to)
	return anys(found), err
}

func (h *house) unopened(ctx context.Context, from, to time.Time) iter.Seq2[crawler.NotOpened, error] {
	return assure.UnopenedOf(ctx, h.crawler, from, to)
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
