package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// nasty is what a hostile site could put into a title or URL.
const nasty = "a\x1b[2Jb\nMSG=c\rd\x00\u202ee\u009bf\u2028g\xff<3>h"

func TestLogLines(t *testing.T) {
	for _, row := range []struct {
		name  string
		form  logForm
		level slog.Level
		want  string // the line begins so
	}{
		{"journal error", logJournal, slog.LevelError, `<3>msg="visit done" `},
		{"journal warning", logJournal, slog.LevelWarn, `<4>msg="visit done" `},
		{"journal info", logJournal, slog.LevelInfo, `<6>msg="visit done" `},
		{"journal debug", logJournal, slog.LevelDebug, `<7>msg="visit done" `},
		{"plain", logPlain, slog.LevelInfo, `time=`},
		{"json", logJSON, slog.LevelInfo, `{"time":"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			log := newLogger(&out, row.form, slog.LevelDebug).With("site", "forum").WithGroup("page")
			log.Log(t.Context(), row.level, "visit done", "title", nasty, nasty, 1, "err", fmt.Errorf("read: %s", nasty))
			got := out.String()
			if !strings.HasPrefix(got, row.want) || !strings.Contains(got, "forum") {
				t.Errorf("got %q, want it to begin with %q", got, row.want)
			}
			if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
				t.Errorf("got %q, want one line", got)
			}
			line := strings.TrimSuffix(got, "\n")
			if safe := printable(line); safe != line {
				t.Errorf("not printable: %q", line)
			}
			if row.form == logJSON {
				var event map[string]any
				if err := json.Unmarshal([]byte(line), &event); err != nil {
					t.Fatalf("%v in %s", err, line)
				}
				want := strings.ReplaceAll(nasty, "\xff", "\ufffd")
				if got := event["page"].(map[string]any)["title"]; got != want {
					t.Errorf("got title %q, want %q", got, want)
				}
			}
		})
	}
}

func TestLogTerminal(t *testing.T) {
	var out bytes.Buffer
	newLogger(&out, logTerminal, slog.LevelInfo).Warn("tor is down", "tries", 3)
	if _, rest, _ := strings.Cut(out.String(), " "); rest != "WARN  msg=\"tor is down\" tries=3\n" {
		t.Errorf("got %q", out.String())
	}
}

// The level can change while loggers made before live on.
func TestLogLevelChanges(t *testing.T) {
	var out bytes.Buffer
	var level slog.LevelVar
	log := newLogger(&out, logJournal, &level).With("site", "forum")
	level.Set(parseLevel("error"))
	log.Info("one")
	level.Set(parseLevel("debug"))
	log.Debug("two")
	if got, want := out.String(), "<7>msg=two site=forum\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogWholeLines(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(&out, logJournal, slog.LevelInfo)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			mine := log.With("worker", i)
			for range 50 {
				mine.Info("visit done")
			}
		})
	}
	all.Wait()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 400 {
		t.Errorf("got %d lines, want 400", len(lines))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "<6>msg=\"visit done\" worker=") {
			t.Fatalf("got %q", line)
		}
	}
}

func TestLogFormOf(t *testing.T) {
	stream, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	info, err := stream.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	fits := fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
	for _, row := range []struct {
		format, journal string
		want            logForm
	}{
		{"auto", "", logPlain},
		{"auto", fits, logJournal},
		{"auto", fits + "1", logPlain}, // standard error was redirected
		{"text", fits, logJournal},
		{"text", "", logPlain},
		{"json", fits, logJSON},
		{"auto", "nonsense", logPlain},
	} {
		if got := logFormOf(row.format, stream, row.journal); got != row.want {
			t.Errorf("format %s, JOURNAL_STREAM %q: got %d, want %d", row.format, row.journal, got, row.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"naïve 漢字 🙂", "naïve 漢字 🙂"},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\nb\tc", `a\nb\tc`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"\u009b1m", `\u009b1m`},
		{"bad\xff", `bad` + "\ufffd"},
	} {
		if got := printable(row.text); got != row.want {
			t.Errorf("printable(%q): got %q, want %q", row.text, got, row.want)
		}
	}
}
