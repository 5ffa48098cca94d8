package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"leakwatch/internal/alert"
)

func (r Rooms) alertRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/alerts", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, r.Alerts.List(q.Context(), filterOf(q)))
	})
	mux.HandleFunc("GET /v1/alerts/{id}", func(w http.ResponseWriter, q *http.Request) {
		v, err := r.Alerts.Show(q.Context(), q.PathValue("id"))
		r.object(w, q, v, err)
	})
	mux.HandleFunc("POST /v1/alerts/{id}/review", r.review)
	mux.HandleFunc("GET /v1/export/alerts", r.export)
}

func filterOf(q *http.Request) alert.Filter {
	v := q.URL.Query()
	return alert.Filter{Site: v.Get("site"), Set: v.Get("set"), State: v.Get("state"), Verdict: v.Get("verdict")}
}

// ReviewRequest is the body of a review; an empty field changes nothing.
type ReviewRequest struct {
	Finding  string  `json:"finding"`
	Decision string  `json:"decision"`
	State    string  `json:"state"`
	Note     string  `json:"note"`
	Assignee *string `json:"assignee"` // "" takes it from everybody
}

func (r Rooms) review(w http.ResponseWriter, q *http.Request) {
	var body ReviewRequest
	in := json.NewDecoder(http.MaxBytesReader(w, q.Body, 64<<10))
	in.DisallowUnknownFields()
	if err := in.Decode(&body); err != nil {
		r.refuse(w, q, fmt.Errorf("%w: %w", errBadRequest, err))
		return
	}
	v, err := r.Alerts.Review(q.Context(), q.PathValue("id"), alert.Review{
		Finding: body.Finding, Decision: body.Decision, State: body.State,
		Note: body.Note, Assignee: body.Assignee, By: callerOf(q.Context()),
	})
	r.object(w, q, v, err)
}

// export streams alerts with their findings, as JSON Lines or as CSV with one
// row per finding and cells that no spreadsheet takes for a formula.
func (r Rooms) export(w http.ResponseWriter, q *http.Request) {
	all := r.Alerts.Export(q.Context(), filterOf(q))
	if q.URL.Query().Get("format") != "csv" {
		lines(r, w, q, all)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	if err := alert.WriteCSV(w, all); err != nil {
		r.Log.Error("export broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
}
