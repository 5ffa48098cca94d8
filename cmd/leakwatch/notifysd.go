package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notifier tells systemd how we are. Without $NOTIFY_SOCKET it says nothing.
// The environment is never unset: the watchdog would go unfed after a reload.
type notifier struct {
	log  *slog.Logger
	send func(state string) error
}

func newNotifier(log *slog.Logger) *notifier {
	return &notifier{log: log, send: func(state string) error {
		_, err := daemon.SdNotify(false, state)
		return err
	}}
}

// tell sends assignments. A manager that does not listen is no reason to stop.
func (n *notifier) tell(assignments ...string) {
	if err := n.send(strings.Join(assignments, "\n")); err != nil {
		n.log.Warn("tell systemd", "err", err)
	}
}

// Ready ends the start: READY=1, with a status line.
func (n *notifier) Ready(status string) { n.tell(daemon.SdNotifyReady, statusLine(status)) }

// Status says in a line what is going on, as systemctl status shows it.
func (n *notifier) Status(status string) { n.tell(statusLine(status)) }

// Stopping begins the drain.
func (n *notifier) Stopping() { n.tell(daemon.SdNotifyStopping, statusLine("stopping")) }

// Reload brackets a reload: RELOADING=1 with the clock that notify-reload
// units ask for, then READY=1 whatever came of it, or systemd would wait until
// it kills us. work returns the new status line.
func (n *notifier) Reload(work func() (status string)) {
	n.tell(daemon.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", monotonicMicros()))
	status := "reload broke off"
	defer func() { n.Ready(status) }()
	status = work()
}

// monotonicMicros reads CLOCK_MONOTONIC, which Go's time package does not show.
func monotonicMicros() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic("unreachable: clock_gettime: " + err.Error())
	}
	return now.Nano() / 1000
}

// statusLine keeps a status to one line: a line break would begin another
// assignment.
func statusLine(status string) string { return "STATUS=" + printable(status) }

// watchdogInterval returns how often systemd wants to hear of us, 0 if never.
func watchdogInterval() (time.Duration, error) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0, fmt.Errorf("read WATCHDOG_USEC: %w", err)
	}
	return every, nil
}

// Watchdog feeds the watchdog at half its interval while alive says that work
// moves on, until ctx is done. A stuck daemon goes unfed and is restarted.
func (n *notifier) Watchdog(ctx context.Context, every time.Duration, alive func() bool) error {
	if every <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	hungry := false
	for {
		if alive() {
			n.tell(daemon.SdNotifyWatchdog)
			hungry = false
		} else if !hungry {
			n.log.Error("no progress: the watchdog goes unfed")
			hungry = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
