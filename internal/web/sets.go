package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"leakwatch/internal/match"
)

func (r Rooms) setRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/hashsets", func(w http.ResponseWriter, q *http.Request) {
		lines(r, w, q, all(r.Sets.List()))
	})
	mux.HandleFunc("GET /v1/hashsets/{name}", func(w http.ResponseWriter, q *http.Request) {
		v, err := r.Sets.Show(q.PathValue("name"))
		r.object(w, q, v, err)
	})
	mux.HandleFunc("GET /v1/hashsets/{name}/entries", r.entries)
	mux.HandleFunc("PUT /v1/hashsets/{name}", r.load)
	mux.HandleFunc("DELETE /v1/hashsets/{name}", func(w http.ResponseWriter, q *http.Request) {
		name := q.PathValue("name")
		err := r.Sets.Drop(q.Context(), name)
		if err == nil {
			r.Log.Info("hash set dropped", "set", name, "by", callerOf(q.Context()))
		}
		r.object(w, q, map[string]string{"dropped": name}, err)
	})
	mux.HandleFunc("POST /v1/match", r.look)
	mux.HandleFunc("POST /v1/match/stated", r.stated)
}

// entries exports a set in a form that load reads.
func (r Rooms) entries(w http.ResponseWriter, q *http.Request) {
	name := q.PathValue("name")
	if _, err := r.Sets.Show(name); err != nil {
		r.refuse(w, q, err)
		return
	}
	r.Log.Info("hash set exported", "set", name, "by", callerOf(q.Context()))
	w.Header().Set("Content-Type", "application/jsonl")
	if err := match.WriteJSON(w, r.Sets.Entries(name)); err != nil {
		r.Log.Error("export broke off", "set", name, "err", err)
		panic(http.ErrAbortHandler)
	}
}

// Loaded is a set as it was loaded, with a word about rows that were taken
// nevertheless.
type Loaded struct {
	match.Set
	Notes []string `json:"notes"`
}

// The values of the query "selectors" of a load; without it entries are loaded.
const (
	PlainSelectors = "plain" // the body is a list of selectors, kept as it is
	KeyedSelectors = "keyed" // kept as HMACs
)

// load reads rows as they arrive and changes nothing unless all of them are
// good. The name that bad rows are reported under is the caller's path.
func (r Rooms) load(w http.ResponseWriter, q *http.Request) {
	digest := sha256.New()
	body := io.TeeReader(q.Body, digest)
	source := func() string { return hex.EncodeToString(digest.Sum(nil)) }
	name, by := q.PathValue("name"), callerOf(q.Context())
	var set match.Set
	var err error
	switch how := q.URL.Query().Get("selectors"); how {
	case "":
		set, err = r.Sets.Load(q.Context(), name, match.ReadRows(body, pathOf(q), match.Auto), by, source, func(int) {})
	case PlainSelectors, KeyedSelectors:
		set, err = r.Sets.LoadSelectors(q.Context(), name, match.ReadSelectors(body, pathOf(q)), how == KeyedSelectors, by, source)
	default:
		err = fmt.Errorf("%w: selectors are %s or %s, not %q", errBadRequest, PlainSelectors, KeyedSelectors, how)
	}
	if err == nil {
		r.Log.Info("hash set loaded", "set", set.Name, "version", set.Version, "entries", set.Entries, "selectors", set.Selectors, "by", by)
	}
	r.object(w, q, Loaded{set, rowLines(set.Notes)}, err)
}

// rowLines are the rows of a report as `PATH:LINE: reason`.
func rowLines(report *match.RowErrors) []string {
	lines := []string{}
	if report == nil {
		return lines
	}
	for _, row := range report.Rows {
		lines = append(lines, row.Error())
	}
	if told := report.Bad + report.Notes - len(report.Rows); told > 0 {
		lines = append(lines, fmt.Sprintf("... and %d more", told))
	}
	return lines
}

func summary(report *match.RowErrors) string {
	if report.Bad == 1 {
		return "1 bad row"
	}
	return fmt.Sprintf("%d bad rows", report.Bad)
}
