package web_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

// The same question gets the same answer over the socket and in-process.
func TestBothWaysAnswerAlike(t *testing.T) {
	r := newRig(t, func(rooms *web.Rooms) {
		rooms.Snapshots["state.db"] = func(w io.Writer) error { _, err := io.WriteString(w, "the store"); return err }
	})
	id := r.raise(3)[0]
	list := "ref,pdq\n=1+1," + strings.Repeat("0f", 32) + "\n"
	if err := r.ways["socket"].Object(t.Context(), http.MethodPut, "/v1/hashsets/one", url.Values{"path": {"a.csv"}}, strings.NewReader(list), &web.Loaded{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/v1/version", "/v1/alerts", "/v1/alerts/" + id, "/v1/export/alerts", "/v1/hashsets", "/v1/hashsets/one", "/v1/hashsets/one/entries",
		"/v1/sites", "/v1/sites/" + url.PathEscape(oddName), "/v1/sites/" + url.PathEscape(oddName) + "/links", "/v1/backup", "/v1/nowhere", "/v1/alerts/none",
	} {
		answers := map[string]string{}
		for name, c := range r.ways {
			body, err := c.Do(t.Context(), http.MethodGet, path, nil, nil)
			if err != nil {
				answers[name] = err.Error()
				continue
			}
			data, err := io.ReadAll(body)
			body.Close()
			if err != nil || len(data) == 0 {
				t.Errorf("%s over %s: %d bytes, %v", path, name, len(data), err)
			}
			if path == "/v1/backup" {
				data = tarred(t, data) // its header has the time
			}
			answers[name] = string(data)
		}
		if answers["socket"] != answers["in-process"] {
			t.Errorf("%s gives %q over the socket, %q in-process", path, answers["socket"], answers["in-process"])
		}
	}
}

func tarred(t *testing.T, data []byte) (out []byte) {
	t.Helper()
	in := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, h.Name+": "...), file...)
	}
}

// Names reach their room as they were given, whatever is in them.
func TestOddNames(t *testing.T) {
	newRig(t).each(func(t *testing.T, c *web.Client) {
		for _, verb := range []string{"pause", "resume", "visit"} {
			var d struct{ Name string }
			err := c.Object(t.Context(), http.MethodPost, "/v1/sites/"+url.PathEscape(oddName)+"/"+verb, nil, nil, &d)
			if err != nil || d.Name != oddName {
				t.Errorf("%s gives %q, %v, want %q", verb, d.Name, err, oddName)
			}
		}
	})
}

// Each refusal is a Problem with the status that tells whose fault it is.
func TestRefusals(t *testing.T) {
	r := newRig(t)
	id := r.raise(1)[0]
	long := strings.Repeat("x", 10<<20)
	tests := []struct {
		method, path, query, body string
		status                    int
		says                      string
	}{
		{"GET", "/v1/nowhere", "", "", 404, "/v1/nowhere"},
		{"GET", "/", "", "", 404, "/"},
		{"PATCH", "/v1/alerts", "", "", 405, "PATCH"},
		{"GET", "/v1/alerts/none", "", "", 404, "none"},
		{"GET", "/v1/alerts", "state=odd", "", 400, "odd"},
		{"GET", "/v1/hashsets/none", "", "", 404, "none"},
		{"GET", "/v1/hashsets/none/entries", "", "", 404, "none"},
		{"DELETE", "/v1/hashsets/none", "", "", 404, "none"},
		{"GET", "/v1/sites/none", "", "", 404, "none"},
		{"GET", "/v1/sites/none/links", "", "", 404, "none"},
		{"POST", "/v1/sites/none/pause", "", "", 404, "none"},
		{"GET", "/v1/coverage", "from=yesterday", "", 400, "yesterday"},
		{"GET", "/v1/coverage", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "", 400, "before"},
		{"GET", "/v1/unopened", "to=tomorrow", "", 400, "tomorrow"},
		{"PUT", "/v1/hashsets/one", "", "", 422, "no rows"},
		{"PUT", "/v1/hashsets/..Bad", "", "ref,sha1\n", 400, "name"},
		{"PUT", "/v1/hashsets/one", "path=a.csv", "ref,pdq\nx,short\n", 422, "1 bad row"},
		{"POST", "/v1/alerts/none/review", "", `{"state":"closed"}`, 404, "none"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{"state":"gone"}`, 400, "gone"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{}`, 400, "needs"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{"finding":"00","decision":"confirmed"}`, 404, "finding"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{"states":"closed"}`, 400, "states"},
		{"POST", "/v1/alerts/" + id + "/review", "", `nonsense`, 400, "bad request"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{"note":"` + long + `"}`, 413, "too large"},
		{"POST", "/v1/alerts/" + id + "/review", "", `{"note":"` + long[:20_000] + `"}`, 400, "note"},
	}
	r.each(func(t *testing.T, c *web.Client) {
		for _, test := range tests {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			body, err := c.Do(t.Context(), test.method, test.path, query, strings.NewReader(test.body))
			if err == nil {
				body.Close()
			}
			var refused *web.RefusedError
			if !errors.As(err, &refused) || refused.Status != test.status || !strings.Contains(refused.Problem.Error, test.says) {
				t.Errorf("%s %s %.40s: %v (%+v), want %d that says %q", test.method, test.path, test.body, err, refused, test.status, test.says)
			}
		}
	})
	if log := r.log.String(); strings.Contains(log, "request failed") {
		t.Errorf("a caller's mistake stands in the log as our failure: %s", log)
	}
}

// A refused list names each bad row; the set of before stays.
func TestRefusedRows(t *testing.T) {
	newRig(t).each(func(t *testing.T, c *web.Client) {
		put := func(list string) (s web.Loaded, err error) {
			return s, c.Object(t.Context(), http.MethodPut, "/v1/hashsets/one", url.Values{"path": {"a.csv"}}, strings.NewReader(list), &s)
		}
		good := "ref,pdq\nx," + strings.Repeat("0f", 32) + "\n"
		if s, err := put(good); err != nil || s.Entries != 1 {
			t.Fatalf("load: %+v, %v", s, err)
		}
		_, err := put(good + "y,short\nz,\n")
		var refused *web.RefusedError
		if !errors.As(err, &refused) || len(refused.Rows) != 2 || !strings.HasPrefix(refused.Rows[0], "a.csv:3: ") || refused.Hint == "" {
			t.Errorf("refused with %+v, want rows of a.csv:3 and :4", refused)
		}
		var set match.Set
		if err := c.Object(t.Context(), http.MethodGet, "/v1/hashsets/one", nil, nil, &set); err != nil || set.Entries != 1 {
			t.Errorf("the set of before is %+v, %v", set, err)
		}
	})
}

// Who says a review is the kernel's word, not the caller's.
func TestReviewsNameTheirCaller(t *testing.T) {
	r := newRig(t)
	id := r.raise(1)[0]
	r.each(func(t *testing.T, c *web.Client) {
		var d alert.Detail
		body := strings.NewReader(`{"note":"` + t.Name() + `"}`)
		if err := c.Object(t.Context(), http.MethodPost, "/v1/alerts/"+id+"/review", nil, body, &d); err != nil {
			t.Fatal(err)
		}
		if last := d.Reviews[len(d.Reviews)-1]; last.By != web.Myself() || last.By == "unknown" || *last.Note != t.Name() {
			t.Errorf("review %+v, want it by %s", last, web.Myself())
		}
		err := c.Object(t.Context(), http.MethodPost, "/v1/alerts/"+id+"/review", nil, strings.NewReader(`{"by":"boss","state":"closed"}`), &d)
		if err == nil {
			t.Error("a caller may say who it is")
		}
	})
	if who := web.UserName(4_000_000_000); who != "uid 4000000000" {
		t.Errorf("a user without a name is %q", who)
	}
}

// A file above the limit on pictures is cut, not refused: the inspection gives
// the cause.
func TestLookIsBounded(t *testing.T) {
	r := newRig(t)
	r.each(func(t *testing.T, c *web.Client) {
		for _, size := range []int{0, 1000, 1 << 20, 20 << 20} {
			var got struct{ Bytes int }
			for line, err := range c.Lines(t.Context(), http.MethodPost, "/v1/match", nil, bytes.NewReader(make([]byte, size))) {
				if err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if err := json.Unmarshal(line, &got); err != nil {
					t.Fatal(err)
				}
			}
			if want := min(size, 1<<20+1); got.Bytes != want {
				t.Errorf("of %d bytes %d were looked at, want %d", size, got.Bytes, want)
			}
		}
	})
}

// Every answer of the API says that it is nobody else's, and what it is.
func TestHeaders(t *testing.T) {
	r := newRig(t)
	id := r.raise(1)[0]
	for path, kind := range map[string]string{
		"/v1/version": "application/json", "/v1/alerts": "application/jsonl", "/v1/alerts/" + id: "application/json", "/v1/hashsets": "application/jsonl",
		"/v1/nowhere": "application/json", "/v1/alerts/none": "application/json", "/v1/export/alerts?format=csv": "text/csv; charset=utf-8",
	} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://leakwatch"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := web.InProcess(web.API(r.rooms)).RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		h := answer.Header
		if err != nil || h.Get("Content-Type") != kind || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v, header %v, want %s, no-store, nosniff", path, err, h, kind)
		}
		if strings.HasPrefix(kind, "text/csv") && !slices.Contains(strings.Split(string(body), ","), "'=1+1") {
			t.Errorf("a spreadsheet would take a ref for a formula: %s", body)
		}
	}
}

// A closed alert that a later one follows stays closed.
func TestFollowedAlertIsAConflict(t *testing.T) {
	r := newRig(t)
	c := r.ways["in-process"]
	first := r.raise(1)[0]
	review := func(body string) error {
		return c.Object(t.Context(), http.MethodPost, "/v1/alerts/"+first+"/review", nil, strings.NewReader(body), &alert.Detail{})
	}
	if err := review(`{"state":"closed"}`); err != nil {
		t.Fatal(err)
	}
	r.raise(1)
	var refused *web.RefusedError
	if err := review(`{"state":"new"}`); !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Errorf("opening a followed alert again: %v, want a conflict", err)
	}
}
