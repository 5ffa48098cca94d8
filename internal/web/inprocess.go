package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// InProcess is a way to a handler without any connection: the CLI's when no
// daemon runs. Answers are streamed, a handler that aborts breaks the body off.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(q *http.Request) (*http.Response, error) {
	given := q.Context() // not ctx, which ends with the handler
	ctx, cancel := context.WithCancel(WithCaller(given, Myself()))
	q = q.Clone(ctx)
	if q.Body == nil {
		q.Body = http.NoBody
	}
	r, w := io.Pipe()
	out := &pipeWriter{header: http.Header{}, pipe: w, buffer: bufio.NewWriter(w), ready: make(chan int, 1)}
	go func() {
		defer cancel()
		defer q.Body.Close()
		defer func() {
			broken := recover()
			if broken != nil && broken != http.ErrAbortHandler { //nolint:errorlint // a sentinel panic value
				panic(broken)
			}
			out.WriteHeader(http.StatusOK)
			if broken != nil {
				w.CloseWithError(errors.New("broke off"))
				return
			}
			_ = out.buffer.Flush()
			w.Close()
		}()
		p.handler.ServeHTTP(out, q)
	}()
	select {
	case status := <-out.ready:
		return &http.Response{StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: out.header, Request: q, ProtoMajor: 1, ProtoMinor: 1,
			Body: &pipeBody{PipeReader: r, cancel: cancel}, ContentLength: -1}, nil
	case <-given.Done():
		r.CloseWithError(given.Err())
		return nil, given.Err()
	}
}

// pipeWriter gives a handler's answer to a reader in the same process.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	buffer *bufio.Writer
	ready  chan int
	begun  bool
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		w.ready <- status
	}
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.buffer.Write(b)
}

// pipeBody tells the handler when its reader has had enough.
type pipeBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *pipeBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
