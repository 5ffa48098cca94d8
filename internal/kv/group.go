package kv

import (
	"fmt"
	"time"
)

const (
	// maxGroup bounds the transaction that callers of Batch share.
	maxGroup = 1000
	// maxGather bounds how long a commit waits for callers that are on their
	// way: a quarter of what the last one took, so that a quick disk waits for
	// nobody. A lone writer is never kept waiting.
	maxGather = 2 * time.Millisecond
)

// call is one caller of Batch.
type call struct {
	fn   func(*Tx) error
	done chan error
	solo chan struct{} // closed: fn failed in company, run it alone
}

// Batch runs fn in a transaction shared with other callers and returns after
// its fsync. fn may run twice: it must be repeatable. While one group commits,
// the next one gathers, so that the fsyncs per second bound the latency and not
// the number of callers. An fn that fails spoils no other: it is run again
// alone.
func (d *DB) Batch(fn func(*Tx) error) error {
	c := &call{fn: fn, done: make(chan error, 1), solo: make(chan struct{})}
	d.mu.Lock()
	d.queue = append(d.queue, c)
	lead := !d.leading
	d.leading = true
	d.mu.Unlock()
	if lead && d.lead() {
		go func() { // the caller has its commit: somebody else leads the next ones
			for d.lead() {
			}
		}()
	}
	select {
	case err := <-c.done:
		return err
	case <-c.solo:
		return d.Update(fn)
	}
}

// lead commits the group that waits and reports whether another one does. Its
// caller leads until it says no.
func (d *DB) lead() bool {
	d.await()
	d.mu.Lock()
	n := min(len(d.queue), maxGroup)
	group := d.queue[:n:n]
	d.queue = d.queue[n:]
	d.mu.Unlock()

	start := time.Now()
	d.commit(group)
	took := time.Since(start)

	d.mu.Lock()
	defer d.mu.Unlock()
	d.last, d.patience = n, min(took/4, maxGather)
	d.leading = len(d.queue) > 0
	if !d.leading {
		d.last = 0
	}
	return d.leading
}

// await gives those whom the last commit served a moment to come back.
func (d *DB) await() {
	const step = maxGather / 8
	d.mu.Lock()
	end := time.Now().Add(d.patience - step)
	for d.last > 1 && len(d.queue) < d.last && time.Now().Before(end) {
		d.mu.Unlock()
		time.Sleep(step)
		d.mu.Lock()
	}
	d.mu.Unlock()
}

// commit runs a group in one transaction, leaving out those who fail.
func (d *DB) commit(group []*call) {
	for len(group) > 0 {
		bad := -1
		err := d.Update(func(tx *Tx) error {
			for i, c := range group {
				if err := safely(c.fn, tx); err != nil {
					bad = i
					return err
				}
			}
			return nil
		})
		if bad < 0 {
			for _, c := range group {
				c.done <- err
			}
			return
		}
		close(group[bad].solo)
		group = append(group[:bad:bad], group[bad+1:]...)
	}
}

// safely turns a panic into an error: the caller's own goroutine meets it again
// when fn is run alone.
func safely(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return fn(tx)
}
