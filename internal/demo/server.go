package demo

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is one request that a site has seen.
type Request struct {
	Host   string // the name that was connected to
	Path   string // with query
	Method string
	User   string // of SOCKS
	Status int
	At     time.Time
	Header http.Header
}

func newServer(p *Proxy) *http.Server {
	return &http.Server{
		Handler:     http.HandlerFunc(p.serve),
		ConnContext: withStream,
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				p.serving.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.serving.Done()
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // faults are planted on purpose
	}
}

// serve leads a request to the handler of its stream and notes it.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	s := r.Context().Value(streamOf{}).(*stream)
	host := strings.ToLower(strings.TrimSuffix(r.Host, ":80"))
	if host != s.to.Name && host != fmt.Sprintf("%s:%d", s.to.Name, s.to.Port) {
		p.violation("asked %s for the host %s", s.to.Name, host)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.violation("%s %s%s", r.Method, s.to.Name, r.URL.RequestURI())
	}
	p.mu.Lock()
	at := len(p.requests)
	p.requests = append(p.requests, Request{s.to.Name, r.URL.RequestURI(), r.Method, s.to.User, http.StatusOK, time.Now(), r.Header.Clone()})
	p.mu.Unlock()
	s.h.ServeHTTP(&statusWriter{w, func(status int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.requests[at].Status = status
	}}, r)
}

// Requests lists all requests in the order in which they came.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// statusWriter tells which status was written.
type statusWriter struct {
	http.ResponseWriter
	tell func(status int)
}

// WriteHeader tells and writes.
func (w *statusWriter) WriteHeader(status int) {
	w.tell(status)
	w.ResponseWriter.WriteHeader(status)
}

// Flush sends what is written, for handlers that trickle.
func (w *statusWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// inbox is the listener that hands streams to the HTTP server.
type inbox struct {
	streams chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newInbox() *inbox { return &inbox{make(chan net.Conn), make(chan struct{}), sync.Once{}} }

func (in *inbox) put(s *stream) bool {
	select {
	case in.streams <- s:
		return true
	case <-in.closed:
		return false
	}
}

// Accept waits for the next stream.
func (in *inbox) Accept() (net.Conn, error) {
	select {
	case s := <-in.streams:
		return s, nil
	case <-in.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (in *inbox) Close() error {
	in.once.Do(func() { close(in.closed) })
	return nil
}

// Addr is never used to reach it.
func (in *inbox) Addr() net.Addr { return &net.UnixAddr{Name: "demo", Net: "unix"} }

// streamOf is the key under which a request knows its stream.
type streamOf struct{}

func withStream(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, streamOf{}, c)
}
