package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/tor"
)

// A site that is called as a channel might be keeps its circuits for itself.
func TestChannelSharesNoCircuits(t *testing.T) {
	cfg := defaultConfig()
	cfg.State.Dir = t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Notify = []ChannelConfig{{Name: "hook", Kind: "webhook", URL: "https://hooks.example.org/", SecretFile: secret}}
	h, err := openHouse(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	site := tor.Site{Name: "notify.hook"}
	before := h.tor.Transport(site)
	if err := h.openChannels(); err != nil {
		t.Fatal(err)
	}
	if h.tor.Transport(site) != before {
		t.Error("the channel took the site's way out")
	}
}
