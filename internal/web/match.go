package web

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"leakwatch/internal/container"
)

// look compares the body, one file or a member of one, with the loaded sets.
func (r Rooms) look(w http.ResponseWriter, q *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, q.Body, r.MaxLook()+1))
	var tooLong *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLong) {
		r.refuse(w, q, fmt.Errorf("%w: %v", errBadRequest, err))
		return
	}
	v := q.URL.Query()
	found, err := r.Look(q.Context(), v.Get("path"), v.Get("member"), data)
	lines(r, w, q, all(found, err))
}

// StatedLine is what a container states of one member, on the wire: a line of
// JSON each. What is not stated is left out.
type StatedLine struct {
	Name   string `json:"name"`
	Size   *int64 `json:"size,omitempty"`
	CRC32  string `json:"crc32,omitempty"`
	SHA1   string `json:"sha1,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// StatedOf is a line for the wire.
func StatedOf(l container.Line) StatedLine {
	s := StatedLine{Name: l.Name, SHA1: hex.EncodeToString(l.SHA1), SHA256: hex.EncodeToString(l.SHA256)}
	if l.Size >= 0 {
		s.Size = &l.Size
	}
	if l.CRC32 != nil {
		s.CRC32 = fmt.Sprintf("%08x", *l.CRC32)
	}
	return s
}

// line reads what StatedOf wrote.
func (s StatedLine) line() (container.Line, error) {
	l := container.Line{Name: s.Name, Size: -1}
	if s.Size != nil {
		l.Size = *s.Size
	}
	var errs [3]error
	l.CRC32, errs[0] = checksum(s.CRC32)
	l.SHA1, errs[1] = digest("sha1", s.SHA1, 20)
	l.SHA256, errs[2] = digest("sha256", s.SHA256, 32)
	return l, errors.Join(errs[:]...)
}

// stated compares the body, what a container states, with the loaded sets.
func (r Rooms) stated(w http.ResponseWriter, q *http.Request) {
	var list []container.Line
	in := json.NewDecoder(q.Body)
	for len(list) < container.MaxLines {
		var s StatedLine
		err := in.Decode(&s)
		if errors.Is(err, io.EOF) {
			break
		}
		var l container.Line
		if err == nil {
			l, err = s.line()
		}
		if err != nil {
			r.refuse(w, q, fmt.Errorf("%w: line %d: %v", errBadRequest, len(list)+1, err))
			return
		}
		list = append(list, l)
	}
	v := q.URL.Query()
	lines(r, w, q, all(r.Stated(v.Get("path"), v.Get("member"), list), nil))
}
