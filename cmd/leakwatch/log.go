package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// logForm is how a line of the log looks.
type logForm int

const (
	logPlain    logForm = iota // time=... level=... msg=...: a file, a pipe
	logJournal                 // <6>msg=...: the journal keeps time and priority
	logTerminal                // 15:04:05 INFO msg=...
	logJSON
)

// logFormOf chooses the form for a stream. journal is $JOURNAL_STREAM, the
// device and inode of the pipe to the journal: a stream that was redirected
// since does not fit it.
func logFormOf(format string, stream *os.File, journal string) logForm {
	switch {
	case format == "json":
		return logJSON
	case isJournal(stream, journal):
		return logJournal
	case format == "auto" && term.IsTerminal(int(stream.Fd())):
		return logTerminal
	}
	return logPlain
}

func isJournal(stream *os.File, journal string) bool {
	info, err := stream.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && journal == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// newLogger returns a logger whose level follows the variable, so that a
// reload can change it. Whatever strangers wrote into a value, an event is one
// line and holds no control character.
func newLogger(w io.Writer, form logForm, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if form == logJSON {
		return slog.New(slog.NewJSONHandler(&escaper{w: w}, options))
	}
	if form == logPlain {
		return slog.New(slog.NewTextHandler(w, options))
	}
	options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{} // said by the prefix
		}
		return a
	}
	shared := &prefixed{w: w, form: form}
	return slog.New(&prefixHandler{shared, slog.NewTextHandler(&shared.line, options)})
}

// parseLevel turns [log] level into slog's; the config has checked the word.
func parseLevel(word string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(word)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// prefixHandler puts priority or time before the line of a text handler.
type prefixHandler struct {
	*prefixed
	inner slog.Handler // writes to prefixed.line
}

// prefixed is shared by a handler and those derived from it.
type prefixed struct {
	mu   sync.Mutex // guards line and the order of writes
	w    io.Writer
	form logForm
	line bytes.Buffer
}

func (h *prefixHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

func (h *prefixHandler) Handle(ctx context.Context, record slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	if h.form == logJournal {
		fmt.Fprintf(&h.line, "<%d>", priority(record.Level))
	} else {
		fmt.Fprintf(&h.line, "%s %-5s ", record.Time.Format(time.TimeOnly), record.Level)
	}
	if err := h.inner.Handle(ctx, record); err != nil {
		return err
	}
	_, err := h.w.Write(h.line.Bytes())
	return err
}

func (h *prefixHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &prefixHandler{h.prefixed, h.inner.WithAttrs(attrs)}
}

func (h *prefixHandler) WithGroup(name string) slog.Handler {
	return &prefixHandler{h.prefixed, h.inner.WithGroup(name)}
}

// priority is syslog's number for a level.
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}

// escaper writes \u in place of what JSON allows in a text and a terminal
// obeys: C1 controls, marks of writing direction.
type escaper struct{ w io.Writer }

func (e *escaper) Write(line []byte) (int, error) {
	text := strings.TrimSuffix(string(line), "\n")
	if safe := jsonPrintable(text); safe != text {
		_, err := io.WriteString(e.w, safe+"\n")
		return len(line), err
	}
	return e.w.Write(line)
}

func jsonPrintable(text string) string {
	return escapeRunes(text, func(r rune) string {
		if r > 0xFFFF {
			r -= 0x10000
			return fmt.Sprintf(`\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		}
		return fmt.Sprintf(`\u%04x`, r)
	})
}

// printable writes control characters, marks of writing direction and bytes
// that are no UTF-8 as escapes, so that no text of a stranger moves a cursor.
func printable(text string) string {
	return escapeRunes(text, func(r rune) string {
		quoted := strconv.QuoteRune(r)
		return quoted[1 : len(quoted)-1]
	})
}

// escapeRunes replaces each rune that does not print.
func escapeRunes(text string, escape func(rune) string) string {
	clean := utf8.ValidString(text)
	for _, r := range text {
		clean = clean && strconv.IsPrint(r)
	}
	if clean {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(escape(r))
		}
	}
	return b.String()
}
