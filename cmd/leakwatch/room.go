package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"leakwatch/internal/alert"
)

// Each store may grow to [state] max_size. People are told at nearlyFull of
// it, once, and again only after it has fallen below roomAgain.
const (
	nearlyFull = 0.80
	roomAgain  = 0.70
)

// watchRoom tells people while there is time to make room.
func (h *house) watchRoom(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	told := map[string]bool{}
	for {
		for _, name := range slices.Sorted(maps.Keys(h.stores)) {
			if err := h.tellRoom(ctx, name, told); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (h *house) tellRoom(ctx context.Context, name string, told map[string]bool) error {
	size, limit := h.stores[name].Size(), int64(h.config().State.MaxSize)
	switch share := float64(size) / float64(limit); {
	case share < roomAgain:
		delete(told, name)
		return nil
	case share < nearlyFull || told[name]:
		return nil
	}
	told[name] = true
	text := fmt.Sprintf("the store %s has %d of %d MiB that [state] max_size allows: raise it, or make room", name, size>>20, limit>>20)
	h.log.Warn("store nearly full", "store", name, "bytes", size)
	return h.alerts.Tell(ctx, alert.Event{Kind: alert.StoreNearlyFull, Text: text, At: time.Now()})
}
