package demo

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"
)

// Resource is one thing that a site serves.
type Resource struct {
	MediaType string
	Body      []byte
	Status    int    // 200 when 0
	Location  string // makes it a redirect (302 when Status is 0)

	Handler http.Handler // answers itself, as Ranged does; the rest is not looked at
}

// Web is a site: what it serves under which path with query. It answers GET
// and HEAD with ETag and Last-Modified, and 304 when nothing changed.
type Web map[string]Resource

// changed is when everything in the world was last changed.
func changed() time.Time { return time.Date(2019, 6, 12, 8, 30, 0, 0, time.UTC) }

func (w Web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(out, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	res, ok := w[r.URL.RequestURI()]
	switch {
	case !ok:
		http.Error(out, "nothing here", http.StatusNotFound)
	case res.Handler != nil:
		res.Handler.ServeHTTP(out, r)
	case res.Location != "":
		out.Header().Set("Location", res.Location)
		out.WriteHeader(max(res.Status, http.StatusFound))
	case res.Status != 0:
		out.Header().Set("Content-Type", res.MediaType)
		out.WriteHeader(res.Status)
		out.Write(res.Body)
	default:
		out.Header().Set("Content-Type", res.MediaType)
		out.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(res.Body))[:18]+`"`)
		http.ServeContent(out, r, "", changed(), bytes.NewReader(res.Body))
	}
}

// page puts a page at a path.
func (w Web) page(path, title, head, body string) {
	w[path] = Resource{MediaType: "text/html; charset=utf-8", Body: []byte("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
		title + "</title>" + head + "</head>\n<body>\n" + body + "\n</body></html>\n")}
}
