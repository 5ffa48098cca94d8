package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/web"
)

// breaking is a room of alerts whose store fails after so many lines.
type breaking struct {
	*alert.Alerts
	after int
}

func (b breaking) List(ctx context.Context, f alert.Filter) iter.Seq2[alert.Alert, error] {
	return func(yield func(alert.Alert, error) bool) {
		n := 0
		for a, err := range b.Alerts.List(ctx, f) {
			if n == b.after {
				yield(alert.Alert{}, errors.New("disk gone"))
				return
			}
			if n++; !yield(a, err) {
				return
			}
		}
	}
}

// A list that breaks off is an error for its reader, however much of it came,
// and never a shorter list.
func TestBrokenListIsNoShortList(t *testing.T) {
	for _, after := range []int{0, 1, 20, 300} {
		r := newRig(t)
		r.raise(310)
		r.rooms.Alerts = breaking{r.alerts, after}
		api := web.API(r.rooms)
		r.socket += "2"
		socket := unixWay(t, r.serve(api))
		for name, c := range map[string]*web.Client{"socket": socket, "in-process": web.NewClient(web.InProcess(api))} {
			all, err := lines(t, c, "/v1/alerts")
			if err == nil || len(all) > after {
				t.Errorf("%s, broken after %d: %d lines and %v, want an error", name, after, len(all), err)
			}
			var refused *web.RefusedError
			if told := errors.As(err, &refused); told != (after == 0) {
				t.Errorf("%s, broken after %d: %v, want a Problem only where nothing was sent yet", name, after, err)
			}
		}
	}
}

// A connection that dies in the middle of a line gives no half line.
func TestCutLine(t *testing.T) {
	cut := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "{\"a\":1}\n{\"a\":")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	r := newRig(t)
	r.socket += "2"
	all, err := lines(t, unixWay(t, r.serve(cut)), "/v1/alerts")
	if len(all) != 1 || err == nil {
		t.Errorf("%d lines and %v, want one and an error", len(all), err)
	}
}

// Who reads a list slowly, or not at all, holds up neither writers nor readers.
func TestSlowReader(t *testing.T) {
	r := newRig(t)
	ids := r.raise(3000) // more than any buffer between us holds
	r.each(func(t *testing.T, c *web.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		body, err := c.Do(ctx, http.MethodGet, "/v1/alerts", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		in := bufio.NewReader(body)
		if _, err := in.ReadBytes('\n'); err != nil {
			t.Fatal(err)
		}
		// The reader sleeps now. Others write, and read whole lists.
		start := time.Now()
		for range 5 {
			review := strings.NewReader(`{"note":"still here, ` + time.Now().String() + `"}`)
			if err := c.Object(ctx, http.MethodPost, "/v1/alerts/"+ids[7]+"/review", nil, review, &alert.Detail{}); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := lines(t, c, "/v1/alerts"); err != nil || len(all) != len(ids) {
			t.Errorf("another reader got %d alerts, %v, want %d", len(all), err, len(ids))
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("others took %s beside a slow reader", took)
		}
		// It wakes, and its list is whole.
		n := 1
		for {
			line, err := in.ReadBytes('\n')
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || !json.Valid(line) {
				t.Fatalf("line %d: %q, %v", n, line, err)
			}
			n++
		}
		if n != len(ids) {
			t.Errorf("the slow reader got %d alerts, want %d", n, len(ids))
		}
	})
}

// A reader that goes away ends the handler, and leaves nothing running: the
// leak check at the end of all tests sees to that.
func TestReaderGoesAway(t *testing.T) {
	r := newRig(t)
	r.raise(3000)
	r.each(func(t *testing.T, c *web.Client) {
		for line, err := range c.Lines(t.Context(), http.MethodGet, "/v1/alerts", nil, nil) {
			if err != nil || len(line) == 0 {
				t.Fatalf("%q, %v", line, err)
			}
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Do(ctx, http.MethodGet, "/v1/alerts", nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("asked with a dead context: %v", err)
		}
	})
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed chan struct{}
}

func (c closing) Close() error {
	close(c.closed)
	return nil
}

// What is sent is closed when the answer is there, also when it was not read.
func TestBodyIsClosed(t *testing.T) {
	newRig(t).each(func(t *testing.T, c *web.Client) {
		body := closing{strings.NewReader("{}"), make(chan struct{})}
		answer, err := c.Do(t.Context(), http.MethodPost, "/v1/nowhere", nil, body)
		if err == nil {
			answer.Close()
		}
		select {
		case <-body.closed:
		case <-time.After(10 * time.Second):
			t.Error("the body of a request is still open")
		}
	})
}

func TestAlive(t *testing.T) {
	r := newRig(t)
	r.each(func(t *testing.T, c *web.Client) {
		if err := c.Alive(t.Context()); err != nil {
			t.Errorf("alive: %v", err)
		}
	})
	if err := unixWay(t, r.socket+"-nobody").Alive(t.Context()); err == nil {
		t.Error("nobody is alive")
	}
}
