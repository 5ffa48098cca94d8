package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/inspect"
	"leakwatch/internal/web"
)

// A raised limit holds for `match` too from a reload on: a file that was cut at
// the old one would be judged by a part of its bytes, and not be found.
func TestReloadRaisesWhatMatchReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	limit := func(size string) {
		t.Helper()
		text := fmt.Sprintf("[state]\ndir = %q\n[web]\nlisten = \"\"\n[picture]\nmax_bytes = %q\n", filepath.Join(filepath.Dir(path), "state"), size)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	limit("4KiB")
	c := &cli{configPath: path}
	cfg, err := c.loadStrict()
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHouse(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.openChannels(); err != nil {
		t.Fatal(err)
	}
	client := web.NewClient(web.InProcess(h.api()))
	limit("1MiB")
	c.reload(h, new(slog.LevelVar))

	noise := image.NewGray(image.Rect(0, 0, 128, 128))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rand.N(256))
	}
	var file bytes.Buffer
	if err := png.Encode(&file, noise); err != nil {
		t.Fatal(err)
	}
	for line, err := range decoded[inspect.Line](client.Lines(t.Context(), http.MethodPost, "/v1/match", url.Values{"path": {"a.png"}}, &file)) {
		if err != nil {
			t.Fatal(err)
		}
		if line.Cause != nil {
			t.Errorf("a picture of 16 KiB ends in %s, want it whole", *line.Cause)
		}
	}
}
