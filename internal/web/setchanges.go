package web

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"leakwatch/internal/match"
)

// changeRoutes are those that change what a loaded set says, or compare it.
func (r Rooms) changeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/hashsets/{name}/marks", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, all(r.Sets.Marks(q.PathValue("name"))))
	})
	mux.HandleFunc("POST /v1/hashsets/{name}/marks", r.mark)
	mux.HandleFunc("POST /v1/hashsets/{name}/rollback", func(w http.ResponseWriter, q *http.Request) {
		set, err := r.Sets.Rollback(q.Context(), q.PathValue("name"), callerOf(q.Context()))
		if err == nil {
			r.Log.Info("hash set rolled back", "set", set.Name, "version", set.Version, "by", callerOf(q.Context()))
		}
		r.object(w, q, set, err)
	})
	mux.HandleFunc("GET /v1/hashsets/{name}/diff", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, r.Sets.DiffVersions(q.Context(), q.PathValue("name")))
	})
	mux.HandleFunc("POST /v1/hashsets/{name}/diff", func(w http.ResponseWriter, q *http.Request) {
		rows := match.ReadRows(q.Body, pathOf(q), match.Auto)
		lines(r, w, q, r.Sets.Diff(q.Context(), q.PathValue("name"), rows))
	})
	mux.HandleFunc("POST /v1/hashsets/{name}/calibration", r.calibrate)
	mux.HandleFunc("DELETE /v1/hashsets/{name}/calibration", func(w http.ResponseWriter, q *http.Request) {
		set, err := r.Sets.Uncalibrate(q.PathValue("name"))
		if err == nil {
			r.Log.Info("thresholds of a hash set taken away", "set", set.Name, "by", callerOf(q.Context()))
		}
		r.object(w, q, set, err)
	})
}

// pathOf is the name by which bad rows of a body are reported: the caller's.
func pathOf(q *http.Request) string {
	if path := q.URL.Query().Get("path"); path != "" {
		return path
	}
	return "-"
}

// MarkRequest is the body of a change of marks.
type MarkRequest struct {
	Refs []string `json:"refs"`
	Undo bool     `json:"undo"` // judge them again
}

func (r Rooms) mark(w http.ResponseWriter, q *http.Request) {
	var body MarkRequest
	in := json.NewDecoder(http.MaxBytesReader(w, q.Body, 4<<20))
	in.DisallowUnknownFields()
	if err := in.Decode(&body); err != nil {
		r.refuse(w, q, fmt.Errorf("%w: %w", errBadRequest, err))
		return
	}
	if len(body.Refs) == 0 {
		r.refuse(w, q, fmt.Errorf("%w: no ref is given", errBadRequest))
		return
	}
	name, by := q.PathValue("name"), callerOf(q.Context())
	var set match.Set
	var err error
	if body.Undo {
		set, err = r.Sets.Enable(q.Context(), name, body.Refs)
	} else {
		set, err = r.Sets.Disable(q.Context(), name, body.Refs, by)
	}
	if err == nil {
		r.Log.Info("entries of a hash set changed", "set", name, "refs", len(body.Refs), "undo", body.Undo, "by", by)
	}
	r.object(w, q, set, err)
}

// calibrate measures a set with the pictures whose fingerprints the body holds.
func (r Rooms) calibrate(w http.ResponseWriter, q *http.Request) {
	v := q.URL.Query()
	rate, err := strconv.ParseFloat(v.Get("rate"), 64)
	budget, err2 := strconv.ParseFloat(v.Get("budget"), 64)
	if err != nil || err2 != nil || !(rate > 0 && rate <= math.MaxInt64) || !(budget > 0 && budget <= math.MaxInt64) {
		r.refuse(w, q, fmt.Errorf("%w: rate and budget are numbers above zero", errBadRequest))
		return
	}
	o := match.CalibrateOptions{Rate: rate, Budget: budget, Apply: v.Get("apply") == "true"}
	found, err := r.Sets.Calibrate(q.Context(), q.PathValue("name"), match.ReadProbes(q.Body), o)
	if err == nil && o.Apply {
		r.Log.Info("hash set calibrated", "set", found.Name, "copy_distance", found.Recommended.CopyDistance, "by", callerOf(q.Context()))
	}
	r.object(w, q, found, err)
}
