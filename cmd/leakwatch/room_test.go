package main

import (
	"context"
	"log/slog"
	"testing"

	"leakwatch/internal/alert"
)

// A store that nears its limit is told once, and again only after there was
// room in between.
func TestStoreNearlyFullIsToldOnce(t *testing.T) {
	cfg := defaultConfig()
	cfg.State.Dir = t.TempDir()
	h, err := openHouse(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.alerts.SetChannels([]alert.Channel{{Name: "ops"}}); err != nil {
		t.Fatal(err)
	}
	size := h.stores["crawl.db"].Size()
	told := map[string]bool{}
	for _, step := range []struct {
		limit int64
		want  int // notices so far
	}{{10 * size, 0}, {size * 9 / 8, 1}, {size * 9 / 8, 1}, {10 * size, 1}, {size * 9 / 8, 2}} {
		h.cfg.State.MaxSize = Size(step.limit)
		if err := h.tellRoom(t.Context(), "crawl.db", told); err != nil {
			t.Fatal(err)
		}
		if got := pendingOf(t, h, "ops"); got != step.want {
			t.Errorf("limit %d of %d used: %d notices, want %d", step.limit, size, got, step.want)
		}
	}
}

func pendingOf(t *testing.T, h *house, channel string) int {
	t.Helper()
	backlogs, err := h.alerts.Backlogs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range backlogs {
		if b.Channel == channel {
			return b.Pending
		}
	}
	return 0
}

// What the config takes for max_size can be opened: a store is mapped at that
// length, and there are three of them.
func TestLargestStoresOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector leaves no room for maps of this length")
	}
	state, _ := schema()[1].find("max_size")
	cfg := defaultConfig()
	cfg.State = StateConfig{Dir: t.TempDir(), MaxSize: tib}
	good := func(size Size) bool {
		fine := true
		state.check(size, func(int, string, string) { fine = false })
		return fine
	}
	for good(2 * cfg.State.MaxSize) {
		cfg.State.MaxSize *= 2
	}
	h, err := openHouse(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("max_size = %q passes the check: %v", cfg.State.MaxSize, err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
}
