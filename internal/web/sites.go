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
}

// coverage answers for [from, to); without bounds, for the last day.
func (r Rooms) coverage(w http.ResponseWriter, q *http.Request) {
	to := time.Now()
	from := to.Add(-24 * time.Hour)
	for key, at := range map[string]*time.Time{"from": &from, "to": &to} {
		if text := q.URL.Query().Get(key); text != "" {
			parsed, err := time.Parse(time.RFC3339, text)
			if err != nil {
				r.refuse(w, q, fmt.Errorf("%w: %s is no RFC 3339 time: %q", errBadRequest, key, text))
				return
			}
			*at = parsed
		}
	}
	if !from.Before(to) {
		r.refuse(w, q, fmt.Errorf("%w: from is not before to", errBadRequest))
		return
	}
	found, err := r.Coverage(q.Context(), from, to)
	lines(r, w, q, all(found, err))
}
