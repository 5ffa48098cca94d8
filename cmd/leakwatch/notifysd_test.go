package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// listen stands for systemd: it returns what arrives on NOTIFY_SOCKET.
func listen(t *testing.T, name string) (next func() string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestNotifySockets(t *testing.T) {
	for _, row := range []struct{ name, socket string }{
		{"path", filepath.Join(t.TempDir(), "notify")},
		{"abstract", fmt.Sprintf("@leakwatch-test-%d", os.Getpid())},
	} {
		t.Run(row.name, func(t *testing.T) {
			next := listen(t, row.socket)
			n := newNotifier(quiet())
			n.Ready("watching 3 sites")
			n.Status("tor\nis=down\x1b")
			n.Reload(func() string { return "config.toml:3:1: unknown key" })
			n.Stopping()
			for i, want := range []string{
				`^READY=1\nSTATUS=watching 3 sites$`,
				`^STATUS=tor\\nis=down\\x1b$`,
				`^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]{4,}$`,
				`^READY=1\nSTATUS=config.toml:3:1: unknown key$`,
				`^STOPPING=1\nSTATUS=stopping$`,
			} {
				if got := next(); !regexp.MustCompile(want).MatchString(got) {
					t.Errorf("message %d: got %q, want %s", i, got, want)
				}
			}
			if os.Getenv("NOTIFY_SOCKET") != row.socket {
				t.Error("NOTIFY_SOCKET was unset")
			}
		})
	}
}

// A reload that panics must not leave systemd waiting.
func TestReloadEndsReady(t *testing.T) {
	var sent []string
	n := &notifier{log: quiet(), send: func(state string) error {
		first, _, _ := strings.Cut(state, "\n")
		sent = append(sent, first)
		return nil
	}}
	func() {
		defer func() { _ = recover() }()
		n.Reload(func() string { panic("broken") })
	}()
	if want := []string{"RELOADING=1", "READY=1"}; !slices.Equal(sent, want) {
		t.Errorf("got %v, want %v", sent, want)
	}
}

// The clock is the one that systemd compares with.
func TestMonotonicMicros(t *testing.T) {
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	var since float64
	if _, err := fmt.Sscan(string(uptime), &since); err != nil {
		t.Fatal(err)
	}
	// uptime counts suspended time too, so it is never behind by much
	if got := float64(monotonicMicros()) / 1e6; got <= 0 || got > since+5 {
		t.Errorf("got %.0f s, want up to %.0f s", got, since)
	}
}

func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fed atomic.Int32
		var alive atomic.Bool
		alive.Store(true)
		n := &notifier{log: quiet(), send: func(state string) error {
			if state == "WATCHDOG=1" {
				fed.Add(1)
			}
			return errors.New("nobody listens") // no reason to stop
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- n.Watchdog(ctx, 30*time.Second, alive.Load) }()

		time.Sleep(61 * time.Second)
		if got := fed.Load(); got != 5 {
			t.Errorf("alive for 61 s: fed %d times, want 5", got)
		}
		alive.Store(false)
		time.Sleep(time.Hour)
		if got := fed.Load(); got != 5 {
			t.Errorf("stuck: fed %d times, want still 5", got)
		}
		alive.Store(true)
		time.Sleep(15 * time.Second)
		if got := fed.Load(); got != 6 {
			t.Errorf("alive again: fed %d times, want 6", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

func TestWatchdogInterval(t *testing.T) {
	for _, row := range []struct {
		usec, pid string
		want      time.Duration
		fails     bool
	}{
		{"", "", 0, false},
		{"30000000", "", 30 * time.Second, false},
		{"30000000", fmt.Sprint(os.Getpid()), 30 * time.Second, false},
		{"30000000", "1", 0, false}, // meant for another process
		{"soon", "", 0, true},
	} {
		t.Setenv("WATCHDOG_USEC", row.usec)
		t.Setenv("WATCHDOG_PID", row.pid)
		got, err := watchdogInterval()
		if got != row.want || (err != nil) != row.fails {
			t.Errorf("WATCHDOG_USEC %q PID %q: got %v, %v, want %v", row.usec, row.pid, got, err, row.want)
		}
	}
}

// Outside systemd nothing is sent and nothing is logged.
func TestNotifyWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	var out strings.Builder
	n := newNotifier(slog.New(slog.NewTextHandler(io.Writer(&out), nil)))
	n.Ready("here")
	n.Stopping()
	if out.Len() > 0 {
		t.Errorf("logged %q", out.String())
	}
}
