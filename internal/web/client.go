package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Client speaks to an API, over a socket or in-process.
type Client struct {
	http *http.Client
}

// NewClient returns a client over the given way to the API. It has no time
// limit of its own: a load may take long. The context has the say.
func NewClient(way http.RoundTripper) *Client {
	return &Client{http: &http.Client{Transport: way}}
}

// RefusedError is the API's answer when it did not do what was asked.
type RefusedError struct {
	Status int
	Problem
}

func (e *RefusedError) Error() string { return e.Problem.Error }

// Do sends a request and returns the body of a good answer, which the caller
// closes. path stands as in a URL: names in it are escaped. A Problem becomes a
// *RefusedError.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body io.Reader) (io.ReadCloser, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://leakwatch"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(q)
	if err != nil {
		return nil, fmt.Errorf("ask the daemon: %w", err)
	}
	if answer.StatusCode < 300 {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	refused := &RefusedError{Status: answer.StatusCode}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&refused.Problem); err != nil {
		refused.Problem = Problem{Error: "the daemon answered " + answer.Status}
	}
	return nil, refused
}

// Object asks for one object and decodes it into out.
func (c *Client) Object(ctx context.Context, method, path string, query url.Values, body io.Reader, out any) error {
	answer, err := c.Do(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	return json.NewDecoder(answer).Decode(out)
}

// Lines asks for a list and gives it out line by line.
func (c *Client) Lines(ctx context.Context, method, path string, query url.Values, body io.Reader) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		answer, err := c.Do(ctx, method, path, query, body)
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.Close()
		in := bufio.NewReader(answer)
		for {
			line, err := in.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return
			}
			if err != nil { // what came of a line is no line
				yield(nil, fmt.Errorf("the list broke off: %w", err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// Alive reports whether an API answers within a second.
func (c *Client) Alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var v map[string]string
	return c.Object(ctx, http.MethodGet, "/v1/version", nil, nil, &v)
}
