// Package web answers: what may a person or a script ask of the daemon, and
// how is it spelled on the wire?
//
// One handler serves the daemon's Unix socket and, when no daemon runs, the
// very same commands in-process. A second, smaller handler serves metrics and
// health on the desk's address.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
)

// Alerts is what the API asks of the room of alerts.
type Alerts interface {
	List(context.Context, alert.Filter) iter.Seq2[alert.Alert, error]
	Show(ctx context.Context, id string) (alert.Detail, error)
	Review(ctx context.Context, id string, r alert.Review) (alert.Detail, error)
	Export(context.Context, alert.Filter) iter.Seq2[alert.Detail, error]
}

// Sets is what the API asks of the room of hash sets.
type Sets interface {
	Load(ctx context.Context, name string, rows iter.Seq2[match.Entry, error], by string,
		source func() string, progress func(int)) (match.Set, error)
	LoadSelectors(ctx context.Context, name string, rows iter.Seq2[match.Selector, error], keyed bool, by string, source func() string) (match.Set, error)
	List() ([]match.Set, error)
	Show(name string) (match.Set, error)
	Drop(ctx context.Context, name string) error
	Entries(name string) iter.Seq2[match.Entry, error]
	Marks(name string) ([]match.Mark, error)
	Disable(ctx context.Context, name string, refs []string, by string) (match.Set, error)
	Enable(ctx context.Context, name string, refs []string) (match.Set, error)
	Rollback(ctx context.Context, name, by string) (match.Set, error)
	Calibrate(ctx context.Context, name string, probes iter.Seq2[match.Probe, error], o match.CalibrateOptions) (match.Calibration, error)
	Uncalibrate(name string) (match.Set, error)
	DiffVersions(ctx context.Context, name string) iter.Seq2[match.Change, error]
	Diff(ctx context.Context, name string, rows iter.Seq2[match.Entry, error]) iter.Seq2[match.Change, error]
}

// Sites is what the API asks of the crawler.
type Sites interface {
	Sites(context.Context) ([]crawler.Site, error)
	Site(ctx context.Context, name string) (crawler.Detail, error)
	Links(ctx context.Context, site string) iter.Seq2[crawler.Link, error]
	Pause(ctx context.Context, site string) error
	Resume(ctx context.Context, site string) error
	Visit(ctx context.Context, site string) error
}

// Rooms are what the API opens the doors of.
type Rooms struct {
	Alerts Alerts
	Sets   Sets
	Sites  Sites
	// Look compares one file, or a member of one, with the loaded sets and returns
	// the lines of `match --json`.
	Look func(ctx context.Context, path, member string, data []byte) ([]any, error)
	// Stated does so with what a container states.
	Stated func(path, member string, lines []container.Line) []any
	// Coverage returns the lines of `coverage --json`.
	Coverage func(ctx context.Context, from, to time.Time) ([]any, error)
	// Unopened returns the lines of `coverage --unopened --json`.
	Unopened func(ctx context.Context, from, to time.Time) iter.Seq2[crawler.NotOpened, error]
	// Seen is the memory of what was looked at, Past how far it is asked.
	Seen Seen
	Past func() any
	// Snapshots write a consistent copy of a store, by its file name.
	Snapshots map[string]func(io.Writer) error
	Scratch   string       // folder for copies on their way out
	MaxLook   func() int64 // bytes of one file for Look
	Version   string
	Log       *slog.Logger
}

// API returns the handler of every action. It trusts its caller as an admin:
// serve it on a socket that only admins may open.
func API(r Rooms) http.Handler {
	mux := http.NewServeMux()
	r.alertRoutes(mux)
	r.setRoutes(mux)
	r.changeRoutes(mux)
	r.siteRoutes(mux)
	r.storeRoutes(mux)
	r.seenRoutes(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h, route := mux.Handler(q)
		if route == "" {
			unrouted(w, q, h)
			return
		}
		mux.ServeHTTP(w, q)
	})
}

// unrouted refuses what no route takes, with the status that the mux gives it.
func unrouted(w http.ResponseWriter, q *http.Request, h http.Handler) {
	only := statusOnly{w.Header(), new(int)}
	h.ServeHTTP(only, q)
	writeProblem(w, *only.status, Problem{Error: fmt.Sprintf("%s %s: %s", q.Method, q.URL.Path, http.StatusText(*only.status))})
}

// statusOnly drops a body.
type statusOnly struct {
	header http.Header
	status *int
}

func (s statusOnly) Header() http.Header         { return s.header }
func (s statusOnly) WriteHeader(status int)      { *s.status = status }
func (s statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// Problem is the body of every refusal.
type Problem struct {
	Error string   `json:"error"`
	Hint  string   `json:"hint,omitempty"`
	Rows  []string `json:"rows,omitempty"` // PATH:LINE: reason, of a refused list
}

// refuse maps an error of a room to a status and a Problem.
func (r Rooms) refuse(w http.ResponseWriter, q *http.Request, err error) {
	status, p := http.StatusInternalServerError, Problem{Error: err.Error()}
	var rows *match.RowErrors
	var invalid *alert.InvalidError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &rows):
		status = http.StatusUnprocessableEntity
		p = Problem{Error: summary(rows), Rows: rowLines(rows), Hint: "nothing was loaded; mend the rows and load again"}
	case errors.Is(err, alert.ErrNoAlert):
		status, p.Hint = http.StatusNotFound, "`leakwatch alert list` shows the alerts"
	case errors.Is(err, match.ErrNoSet):
		status, p.Hint = http.StatusNotFound, "`leakwatch hashset list` shows the sets"
	case errors.Is(err, crawler.ErrNoSite):
		status, p.Hint = http.StatusNotFound, "`leakwatch site list` shows the sites"
	case errors.Is(err, alert.ErrNoFinding):
		status, p.Hint = http.StatusNotFound, "`leakwatch alert show ID` shows the findings"
	case errors.Is(err, alert.ErrFollowed):
		status, p.Hint = http.StatusConflict, "review that one: it holds what was found since"
	case errors.Is(err, match.ErrNoRef):
		status, p.Hint = http.StatusNotFound, "`leakwatch hashset export NAME` shows the refs, `leakwatch hashset disable NAME` those that are disabled"
	case errors.Is(err, match.ErrNoVersion):
		status, p.Hint = http.StatusConflict, "the last two replaced versions are kept from the second load on"
	case errors.Is(err, match.ErrNothingToGoBy):
		status, p.Hint = http.StatusUnprocessableEntity, "--background DIR takes a folder of pictures that are in no set"
	case errors.Is(err, match.ErrNoRows):
		status, p.Hint = http.StatusUnprocessableEntity, "nothing was loaded; to remove a set: `leakwatch hashset drop NAME`"
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.As(err, &invalid), errors.Is(err, match.ErrBadName), errors.Is(err, errBadRequest):
		status = http.StatusBadRequest
	case errors.Is(err, match.ErrBusy):
		status, p.Hint = http.StatusServiceUnavailable, "try again when the other load has ended"
	case errors.Is(err, context.Canceled):
		panic(http.ErrAbortHandler) // nobody listens any more; an empty answer would pass for an empty list
	default:
		r.Log.Error("request failed", "method", q.Method, "path", q.URL.Path, "err", err)
	}
	writeProblem(w, status, p)
}

var errBadRequest = errors.New("bad request")

func writeProblem(w http.ResponseWriter, status int, p Problem) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone: nobody to tell
}

// object answers with one JSON object.
func (r Rooms) object(w http.ResponseWriter, q *http.Request, v any, err error) {
	if err != nil {
		r.refuse(w, q, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// lines answers with JSON Lines as they come. An error before the first line
// is a Problem; a later one aborts the connection, so that nobody takes a part
// for the whole.
func lines[T any](r Rooms, w http.ResponseWriter, q *http.Request, seq iter.Seq2[T, error]) {
	out := json.NewEncoder(w)
	started := false
	for v, err := range seq {
		if err != nil && !started {
			r.refuse(w, q, err)
			return
		}
		if err != nil {
			r.Log.Error("list broke off", "path", q.URL.Path, "err", err)
			panic(http.ErrAbortHandler)
		}
		if !started {
			w.Header().Set("Content-Type", "application/jsonl")
			started = true
		}
		if out.Encode(v) != nil {
			return // the reader has gone
		}
	}
	if !started {
		w.Header().Set("Content-Type", "application/jsonl")
	}
}

// all is a list as a sequence.
func all[T any](list []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}
