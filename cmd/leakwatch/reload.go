package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// reloads reads the config again at each SIGHUP.
func (c *cli) reloads(ctx context.Context, hup <-chan os.Signal, h *house, level *slog.LevelVar, sd *notifier) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			sd.Reload(func() string {
				c.reload(h, level)
				return h.status()
			})
		}
	}
}

// reload swaps the config for a good one. On any mistake, and where a room
// refuses, the old one stays in force and the log names the key.
func (c *cli) reload(h *house, level *slog.LevelVar) {
	fresh, problems := loadConfig(c.configPath, seedAllowed)
	if len(problems) > 0 {
		for _, p := range problems {
			h.log.Error("config not taken: the old one stays", "key", p.Key, "line", p.Line, "problem", p.Problem, "file", p.File)
		}
		return
	}
	channels, err := h.channels(fresh)
	if err != nil {
		h.log.Error("config not taken: the old one stays", "err", err)
		return
	}
	if keys := keepRestartKeys(h.config(), &fresh); len(keys) > 0 {
		h.log.Warn("these keys change at the next start only", "keys", strings.Join(keys, " "))
	}
	if err := h.crawler.Configure(siteConfigs(fresh), h.crawlerOptions(fresh)); err != nil {
		h.log.Error("config not taken: the old one stays", "err", err)
		return
	}
	h.sets.Configure(matchOptions(fresh, h.log))
	h.inspect.Configure(inspectRules(fresh))
	if err := h.notify.Configure(channels); err != nil {
		h.log.Error("channels not taken", "err", err)
	}
	level.Set(parseLevel(fresh.Log.Level))
	h.setConfig(fresh)
	h.log.Info("config taken", "sites", len(fresh.Sites), "channels", len(channels))
}

// statuses keeps the line that `systemctl status` shows.
func (h *house) statuses(ctx context.Context, sd *notifier) error {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			sd.Status(h.status())
		}
	}
}

// status says in a line how the watch goes.
func (h *house) status() string {
	s := h.crawler.Stats()
	due, err := h.due(context.Background())
	if err != nil {
		return "the store cannot be read: " + err.Error()
	}
	if s.Paused {
		return "paused: tor does not answer at " + h.config().Tor.Socks
	}
	visits := 0
	for _, n := range s.Visits {
		visits += n
	}
	return fmt.Sprintf("watching %d sites, %d blind; %d links due; %d visits", s.Sites, s.Blind, due, visits)
}
