package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// A list that was broken off is not a list: whoever reads it would load a hash
// set with holes, and it would say "not seen" for ever.
func TestInOrderSaysThatItBrokeOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	paths := func(yield func(string, error) bool) {
		if !yield("a", nil) {
			return
		}
		cancel() // in the middle of a slow folder, while nobody else works
		time.Sleep(50 * time.Millisecond)
		for yield("b", nil) {
		}
	}
	var last error
	for _, err := range inOrder(ctx, paths, func(context.Context, string) (string, error) { return "", nil }) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the last thing given is %v, want the error of the context", last)
	}
}

// Who wants no more leaves no work behind.
func TestInOrderWaitsForItsWork(t *testing.T) {
	var running atomic.Int32
	paths := func(yield func(string, error) bool) {
		for range 100 {
			if !yield("a", nil) {
				return
			}
		}
	}
	work := func(ctx context.Context, _ string) (string, error) {
		running.Add(1)
		defer running.Add(-1)
		time.Sleep(10 * time.Millisecond)
		return "", ctx.Err()
	}
	for range inOrder(t.Context(), paths, work) {
		break
	}
	if n := running.Load(); n > 0 {
		t.Errorf("%d still at work", n)
	}
}
