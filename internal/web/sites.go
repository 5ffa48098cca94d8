package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

func (r Rooms) siteRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/sites", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, all(r.Sites.Sites(q.Context())))
	})
	mux.HandleFunc("GET /v1/sites/{name}", func(w http.ResponseWriter, q *http.Request) {
		v, err := r.Sites.Site(q.Context(), q.PathValue("name"))
		r.object(w, q, v, err)
	})
	mux.HandleFunc("GET /v1/sites/{name}/links", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, r.Sites.Links(q.Context(), q.PathValue("name")))
	})
	for verb, act := range map[string]func(ctx context.Context, site string) error{
		"pause": r.Sites.Pause, "resume": r.Sites.Resume, "visit": r.Sites.Visit,
	} {
		mux.HandleFunc("POST /v1/sites/{name}/"+verb, func(w http.ResponseWriter, q *http.Request) {
			name := q.PathValue("name")
			if err := act(q.Context(), name); err != nil {
				r.refuse(w, q, err)
				return
			}
			r.Log.Info("site "+verb, "site", name, "by", callerOf(q.Context()))
			v, err := r.Sites.Site(q.Context(), name)
			r.object(w, q, v, err)
		})
	}
	mux.HandleFunc("GET /v1/coverage", r.coverage)
	mux.HandleFunc("GET /v1/unopened", r.unopened)
}

// coverage answers for [from, to); without bounds, for the last day.
func (r Rooms) coverage(w http.ResponseWriter, q *http.Request) {
	from, to, err := span(q, 24*time.Hour)
	if err != nil {
		r.refuse(w, q, err)
		return
	}
	found, err := r.Coverage(q.Context(), from, to)
	lines(r, w, q, all(found, err))
}

// unopened answers for [from, to); without bounds, for all that is kept.
func (r Rooms) unopened(w http.ResponseWriter, q *http.Request) {
	from, to, err := span(q, 0)
	if err != nil {
		r.refuse(w, q, err)
		return
	}
	lines(r, w, q, r.Unopened(q.Context(), from, to))
}

// span reads from and to. Without them it is so much until now; 0: all the
// past.
func span(q *http.Request, usual time.Duration) (from, to time.Time, err error) {
	if to = time.Now(); usual != 0 {
		from = to.Add(-usual)
	}
	for key, at := range map[string]*time.Time{"from": &from, "to": &to} {
		text := q.URL.Query().Get(key)
		if text == "" {
			continue
		}
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return from, to, fmt.Errorf("%w: %s is no RFC 3339 time: %q", errBadRequest, key, text)
		}
	}
	if !from.Before(to) {
		err = fmt.Errorf("%w: from is not before to", errBadRequest)
	}
	return from, to, err
}
