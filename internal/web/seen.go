package web

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

// Seen is what the API asks of the memory of what was looked at.
type Seen interface {
	Find(context.Context, seen.Query) ([]seen.Sighting, error)
	Totals() (seen.Totals, error)
}

// SeenStatus is the answer of `seen status`.
type SeenStatus struct {
	seen.Totals
	Past any `json:"past"` // inspect.Progress
}

// SeenQuery is what somebody asks for: an address, or a file by what is known
// of it. Digests and hashes are hex; what is not known is "".
type SeenQuery struct {
	URL    string   `json:"url,omitempty"`
	SHA256 string   `json:"sha256,omitempty"`
	SHA1   string   `json:"sha1,omitempty"`
	CRC32  string   `json:"crc32,omitempty"`
	Size   int64    `json:"size,omitempty"`
	Name   string   `json:"name,omitempty"`
	PDQ    []string `json:"pdq,omitempty"` // of the eight orientations
}

func (r Rooms) seenRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/seen", func(w http.ResponseWriter, q *http.Request) {
		totals, err := r.Seen.Totals()
		r.object(w, q, SeenStatus{totals, r.Past()}, err)
	})
	mux.HandleFunc("POST /v1/seen", func(w http.ResponseWriter, q *http.Request) {
		var body SeenQuery
		in := json.NewDecoder(http.MaxBytesReader(w, q.Body, 64<<10))
		in.DisallowUnknownFields()
		err := in.Decode(&body)
		query, err2 := body.query()
		if err = errors.Join(err, err2); err != nil {
			r.refuse(w, q, fmt.Errorf("%w: %w", errBadRequest, err))
			return
		}
		r.Log.Info("asked what was seen", "by", callerOf(q.Context()))
		found, err := r.Seen.Find(q.Context(), query)
		lines(r, w, q, all(found, err))
	})
}

func (s *SeenQuery) query() (q seen.Query, err error) {
	q = seen.Query{URL: s.URL, Size: s.Size, Name: s.Name}
	if sum, err := digest("sha256", s.SHA256, 32); err != nil {
		return q, err
	} else if sum != nil {
		q.SHA256 = (*[32]byte)(sum)
	}
	if q.SHA1, err = digest("sha1", s.SHA1, 20); err != nil {
		return q, err
	}
	if q.CRC32, err = checksum(s.CRC32); err != nil {
		return q, err
	}
	if len(s.PDQ) == 0 {
		return q, nil
	}
	if q.Turns = new([8]phash.PDQ); len(s.PDQ) != len(q.Turns) {
		return q, fmt.Errorf("pdq needs the hashes of eight orientations, not %d", len(s.PDQ))
	}
	for i, text := range s.PDQ {
		if q.Turns[i], err = phash.ParsePDQ(text); err != nil {
			return q, err
		}
	}
	return q, nil
}

// checksum reads a CRC-32 in hex; nil where there is none.
func checksum(text string) (*uint32, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		return nil, fmt.Errorf("crc32 %q: %w", text, err)
	}
	crc := uint32(n)
	return &crc, nil
}

// digest reads hex; nil where there is none.
func digest(name, text string, size int) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != size {
		return nil, fmt.Errorf("%s %q: needs %d hex digits", name, text, 2*size)
	}
	return sum, nil
}
