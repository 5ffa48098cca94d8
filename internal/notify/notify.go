// Package notify answers: who is told, by which channel, and what when the
// channel does not answer?
//
// It empties the outbox. Every channel has a goroutine of its own, so that one
// that hangs delays no other, and nothing here stands in the way of raising.
// A notice is delivered at least once and always under the same id.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leakwatch/internal/alert"
)

const (
	minBackoff    = 10 * time.Second
	maxBackoff    = time.Hour
	maxRetryAfter = 24 * time.Hour
	sendTimeout   = 30 * time.Second
	pruneEvery    = time.Hour
)

// Outbox is what the memory of alerts must offer. *alert.Alerts does.
type Outbox interface {
	// SetChannels says who is told from now on.
	SetChannels(channels []alert.Channel) error
	// Wake returns a channel that is closed when there are new notices.
	Wake() <-chan struct{}
	// Pending returns the notice that channel should deliver now, or when to ask again.
	Pending(ctx context.Context, channel string) (alert.Pending, bool, error)
	// PendingAfter walks all pending notices of channel in their order.
	PendingAfter(ctx context.Context, channel, after string) (alert.Pending, bool, error)
	// Delivered and Failed note how a delivery ended.
	Delivered(ctx context.Context, channel, id string) error
	Failed(ctx context.Context, channel, id string, next time.Time, why string) error
	// Prune forgets old notices that are done with.
	Prune(ctx context.Context) error
}

// Sender is one kind of channel. Send is given 30 s.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Channel is one way to people: its filter and how it sends.
type Channel struct {
	alert.Channel
	Sender Sender
}

// RetryError is a refusal that says when to come back.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

func (e *RetryError) Unwrap() error { return e.Err }

// Options are the outside of the room.
type Options struct {
	Alerts   Outbox
	Channels []Channel
	Log      *slog.Logger // nil: silent
}

// Notify delivers the notices of an outbox.
type Notify struct {
	alerts Outbox
	log    *slog.Logger

	mu       sync.Mutex
	channels []Channel     // guarded by mu
	changed  chan struct{} // guarded by mu; closed by Configure
}

// New tells the outbox which channels there are. Notices made before are not
// for a channel that is new.
func New(o Options) (*Notify, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &Notify{alerts: o.Alerts, log: o.Log, changed: make(chan struct{})}
	return n, n.Configure(o.Channels)
}

// Configure replaces the channels, also while Run runs. What is being sent at
// that moment may be sent twice.
func (n *Notify) Configure(channels []Channel) error {
	filters := make([]alert.Channel, len(channels))
	for i, c := range channels {
		if c.Sender == nil {
			return fmt.Errorf("configure channel %s: it has no way to send", c.Name)
		}
		filters[i] = c.Channel
	}
	if err := n.alerts.SetChannels(filters); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.channels = append([]Channel(nil), channels...)
	close(n.changed)
	n.changed = make(chan struct{})
	return nil
}

// Run delivers until ctx is done. It ends with an error only when the outbox
// has one.
func (n *Notify) Run(ctx context.Context) error {
	for {
		n.mu.Lock()
		channels, changed := n.channels, n.changed
		n.mu.Unlock()
		if err := n.serveAll(ctx, channels, changed); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// serveAll runs the channels until ctx is done or they have changed.
func (n *Notify) serveAll(ctx context.Context, channels []Channel, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range channels {
		group.Go(func() error { return n.serve(ctx, c) })
	}
	group.Go(func() error { return n.prune(ctx) })
	group.Go(func() error {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
		return nil
	})
	err := group.Wait()
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil // told to stop; what a channel fails of is noted, not returned
	}
	return fmt.Errorf("notify: %w", err)
}

// serve is the life of one channel.
func (n *Notify) serve(ctx context.Context, c Channel) error {
	failures := 0 // in a row, of whatever notice
	for {
		wake := n.alerts.Wake()
		p, ok, err := n.alerts.Pending(ctx, c.Name)
		if err != nil {
			return err
		}
		if !ok {
			if err := wait(ctx, wake, p.Due); err != nil {
				return err
			}
			continue
		}
		failed, rest, err := n.try(ctx, c, p, failures)
		if err != nil {
			return err
		}
		if !failed {
			failures = 0
			continue
		}
		failures++
		// The channel rests, not only the notice: a receiver that is down is not
		// tried once for every notice that waits.
		if err := wait(ctx, nil, time.Now().Add(rest)); err != nil {
			return err
		}
	}
}

// wait returns at wake, at due unless it is zero, or with ctx's error.
func wait(ctx context.Context, wake <-chan struct{}, due time.Time) error {
	var at <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		at = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-at:
	}
	return nil
}

// try sends one notice once and notes how it ended. failures is how many the
// channel had in a row before; rest is how long it should rest after this one.
// The error is the outbox's, or that of ctx.
func (n *Notify) try(ctx context.Context, c Channel, p alert.Pending, failures int) (failed bool, rest time.Duration, err error) {
	m, err := NewMessage(p.Notice)
	if err != nil {
		return false, 0, err
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	// A crash between the next two steps sends the notice again, under the same
	// id; being told to stop between them does not.
	if err = c.Sender.Send(sending, m); err == nil {
		return false, 0, n.alerts.Delivered(context.WithoutCancel(ctx), c.Name, m.ID)
	}
	if ctx.Err() != nil {
		return true, 0, ctx.Err() // we were told to stop: no fault of the channel
	}
	n.log.Warn("notice not delivered", "channel", c.Name, "notice", m.ID, "tries", p.Tries+1, "err", err)
	own, rest := backoff(p.Tries), backoff(failures)
	var retry *RetryError
	if errors.As(err, &retry) {
		asked := min(retry.After, maxRetryAfter)
		own, rest = max(own, asked), max(rest, asked)
	}
	return true, rest, n.alerts.Failed(ctx, c.Name, m.ID, time.Now().Add(own), err.Error())
}

// backoff doubles from 10 s to an hour, a quarter more or less at random, so
// that channels of one receiver do not come in step.
func backoff(tries int) time.Duration {
	d := maxBackoff
	if tries < 9 { // 10 s << 9 is above an hour
		d = min(minBackoff<<max(tries, 0), maxBackoff)
	}
	return min(max(d-d/4+rand.N(d/2), minBackoff), maxBackoff)
}

// TryOnce tries each pending notice of each channel once, due or not, and
// waits for no retry. Behind one that fails, later ones of the same alert are
// not tried: they come in order.
func (n *Notify) TryOnce(ctx context.Context) error {
	n.mu.Lock()
	channels := n.channels
	n.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range channels {
		group.Go(func() error { return n.tryAll(ctx, c) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

func (n *Notify) tryAll(ctx context.Context, c Channel) error {
	after := ""
	waits := map[string]bool{} // alerts whose earlier notice failed
	for {
		p, ok, err := n.alerts.PendingAfter(ctx, c.Name, after)
		if err != nil || !ok {
			return err
		}
		after = p.Notice.ID
		if p.Notice.Alert != "" && waits[p.Notice.Alert] {
			continue
		}
		failed, _, err := n.try(ctx, c, p, 0)
		if err != nil {
			return err
		}
		waits[p.Notice.Alert] = failed
	}
}

// prune keeps the outbox small.
func (n *Notify) prune(ctx context.Context) error {
	for {
		if err := n.alerts.Prune(ctx); err != nil {
			return err
		}
		if err := wait(ctx, nil, time.Now().Add(pruneEvery)); err != nil {
			return err
		}
	}
}
