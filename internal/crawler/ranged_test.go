package crawler_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"leakwatch/internal/tor"
)

// file is a file at a URL, on a server that counts what it sends and can
// misbehave.
type file struct {
	at   io.ReaderAt
	size int64

	mu       sync.Mutex
	etag     func() string
	ranges   bool // it takes them
	unsized  bool // it does not say how long the whole is
	gone     int  // the status of all answers; 0: the file is there
	fault    func(from, to int64) string
	asked    []string // Range headers
	ifRange  []string
	sent     int64 // bytes of bodies that were read
	requests int
}

// Faults of a file.
const (
	dies   = "dies"   // half of the body, then the connection breaks
	refuse = "refuse" // 416
	ignore = "ignore" // 200 and the whole
	shift  = "shift"  // the right head, and the bytes of another place
	anew   = "anew"   // the right head, and the bytes of the beginning
	moves  = "moves"  // another place than asked for, and it says so
	grows  = "grows"  // another size each time
	busy   = "busy"   // 503
	early  = "early"  // a few bytes, then the connection breaks
	drips  = "drips"  // a few bytes, and it says so
)

const overlapped = 64 // bytes that are asked for twice

func newFile(at io.ReaderAt, size int64) *file {
	return &file{at: at, size: size, ranges: true, etag: func() string { return `"one"` }}
}

// put puts a file at a URL.
func (w *world) put(url string, f *file) *file {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving[url] = f.serve
	return f
}

func (f *file) counts() (sent int64, requests int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent, f.requests
}

func (f *file) serve(q *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	f.asked = append(f.asked, q.Header.Get("Range"))
	f.ifRange = append(f.ifRange, q.Header.Get("If-Range"))
	etag := f.etag()
	var from, to int64
	_, err := fmt.Sscanf(q.Header.Get("Range"), "bytes=%d-%d", &from, &to)
	ranged := err == nil && f.ranges && (q.Header.Get("If-Range") == "" || q.Header.Get("If-Range") == etag)
	fault := ""
	if ranged && f.fault != nil {
		fault = f.fault(from, to)
	}
	switch {
	case f.gone != 0:
		return reply(f.gone, "", ""), nil
	case etag != "" && q.Header.Get("If-None-Match") == etag:
		return reply(304, "", "", "ETag", etag), nil
	case fault == refuse:
		return reply(416, "", ""), nil
	case fault == busy:
		return reply(503, "", "", "Retry-After", "600"), nil
	case !ranged || fault == ignore:
		return f.answer(q, 200, 0, f.size, ""), nil
	}
	to = min(to+1, f.size)
	if fault == drips {
		to = min(to, from+overlapped+7)
	}
	place := fmt.Sprintf("bytes %d-%d/%d", from, to-1, f.size)
	p := f.answer(q, 206, from, to-from, fault)
	switch fault {
	case moves:
		place = fmt.Sprintf("bytes %d-%d/%d", from+1, to, f.size)
	case grows:
		place = fmt.Sprintf("bytes %d-%d/%d", from, to-1, f.size+int64(f.requests))
	}
	p.Header.Set("Content-Range", place)
	return p, nil
}

func (f *file) answer(q *http.Request, status int, from, n int64, fault string) *http.Response {
	p := reply(status, "application/octet-stream", "")
	if f.ranges {
		p.Header.Set("Accept-Ranges", "bytes")
	}
	if etag := f.etag(); etag != "" {
		p.Header.Set("ETag", etag)
	}
	if p.ContentLength = n; f.unsized && status == 200 {
		p.ContentLength = -1
	}
	b := &served{f: f, q: q, left: -1}
	switch fault {
	case anew:
		b.Reader = io.NewSectionReader(f.at, 0, n)
	case shift:
		b.Reader = io.NewSectionReader(f.at, max(from-7, 0), n)
	default:
		b.Reader = io.NewSectionReader(f.at, from, n)
	}
	switch fault {
	case dies:
		b.left = n/2 + 1
	case early:
		b.left = min(n, 1000)
	}
	p.Body = b
	return p
}

// served is a body on its way.
type served struct {
	io.Reader
	f    *file
	q    *http.Request
	left int64 // until it dies; below 0: it does not
}

func (b *served) Read(p []byte) (int, error) {
	if err := b.q.Context().Err(); err != nil {
		return 0, err
	}
	switch {
	case b.left == 0:
		return 0, &tor.Error{Code: "connection_lost", Err: errors.New("reset")}
	case b.left > 0:
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.Reader.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	b.f.mu.Lock()
	b.f.sent += int64(n)
	b.f.mu.Unlock()
	return n, err
}

func (b *served) Close() error { return nil }

// sparse is a large file of few bytes: pieces at their places in rising order,
// and between them bytes that are drawn from the place.
type sparse struct {
	size   int64
	pieces []piece
}

type piece struct {
	from int64
	body []byte
}

func (s *sparse) add(body []byte) {
	s.pieces = append(s.pieces, piece{s.size, body})
	s.size += int64(len(body))
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.size-off))
	for i := range n {
		at := off + int64(i)
		p[i] = byte(at>>9) ^ byte(at*31)
	}
	k, _ := slices.BinarySearchFunc(s.pieces, off, func(b piece, off int64) int { return cmp.Compare(b.from+int64(len(b.body)), off) })
	for ; k < len(s.pieces) && s.pieces[k].from < off+int64(n); k++ {
		b := s.pieces[k]
		copy(p[max(b.from-off, 0):n], b.body[max(off-b.from, 0):])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// largeZip is a zip of members of so many drawn bytes each, stored, without
// holding them. Their checksums are wrong.
func largeZip(members int, each int64) *sparse {
	s := &sparse{}
	var directory bytes.Buffer
	for i := range members {
		name := fmt.Sprintf("%06d.pic", i)
		zipCentral(&directory, name, each, s.size)
		s.add(zipLocal(name, each))
		s.size += each
	}
	zipEnd(&directory, members, s.size)
	s.add(directory.Bytes())
	return s
}
