package tor

import (
	"context"
	"sync"
)

// contactsMax bounds the memory of hosts that were met. When it is full all
// are forgotten: that costs a little waiting, nothing else.
const contactsMax = 100_000

// contacts lets few sites meet new hosts at once: each first contact builds
// circuits, 64 of them together cost 30 times the time of one and fail.
type contacts struct {
	turns chan struct{}

	mu    sync.Mutex
	known map[string]struct{} // guarded by mu
}

func newContacts(n int) *contacts {
	return &contacts{turns: make(chan struct{}, n), known: map[string]struct{}{}}
}

// enter waits for a turn, unless the host is known. release is called when the
// dial has ended.
func (c *contacts) enter(ctx context.Context, host string) (release func(), err error) {
	if c.knows(host) {
		return func() {}, nil
	}
	j := journeyOf(ctx)
	j.queued.Store(true)
	defer j.queued.Store(false)
	select {
	case c.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.knows(host) { // met while we waited
		<-c.turns
		return func() {}, nil
	}
	return func() { <-c.turns }, nil
}

func (c *contacts) knows(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.known[host]
	return ok
}

func (c *contacts) met(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= contactsMax {
		clear(c.known)
	}
	c.known[host] = struct{}{}
}

func (c *contacts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known)
}
