package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func (c *cli) runCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch the configured sites: the daemon",
		Long: "Watch the configured sites for ever, resuming after any stop. SIGTERM drains within 30 s and a second one quits;\n" +
			"SIGHUP reads the config again and keeps the old one on a mistake. With --once: one round of every site that is\n" +
			"due, then the end; exit code 75 when Tor is down.",
		Args: none(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context(), once, warnIdle, nil) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "visit what is due once, wait for its alerts, end")
	return cmd
}

// step is something that a caller of run does with the house.
type step func(context.Context, *house) error

// run is the whole life of the daemon. ready is called when it serves, ended
// when the crawl has ended and the house still stands; both may be nil.
func (c *cli) run(ctx context.Context, once bool, ready, ended step) error {
	cfg, err := c.loadStrict()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(parseLevel(cfg.Log.Level))
	log := newLogger(c.stderr, c.logForm(cfg), level)
	slog.SetDefault(log) // net/http prints what hostile servers send to the default log
	hup := make(chan os.Signal, 1)
	if !once {
		// From before the stores open until after the drain: a reload that comes
		// too early waits, one that comes too late is no reason to die.
		signal.Notify(hup, syscall.SIGHUP)
		defer signal.Stop(hup)
	}
	h, err := openHouse(cfg, log)
	if err != nil {
		return err
	}
	err = h.openChannels()
	switch {
	case err != nil:
	case once:
		err = h.once(ctx, ready)
	default:
		err = c.serve(ctx, h, level, hup, ready)
	}
	if err == nil && ended != nil {
		err = ended(context.WithoutCancel(ctx), h)
	}
	return errors.Join(err, h.close())
}

// warnIdle says what a fresh installation lacks: without it nothing is found,
// and all seems well.
func warnIdle(_ context.Context, h *house) error {
	sets, err := h.sets.List()
	if err == nil && len(sets) == 0 {
		h.log.Warn("no hash set is loaded, so nothing can be found: see leakwatch hashset load --help")
	}
	if len(h.config().Sites) == 0 { // a reload may be under way
		h.log.Warn("no site is configured, so nothing is visited: see [[site]] in leakwatch config example")
	}
	return err
}

func (c *cli) logForm(cfg Config) logForm {
	stream, ok := c.stderr.(*os.File)
	if !ok {
		return logPlain
	}
	return logFormOf(cfg.Log.Format, stream, os.Getenv("JOURNAL_STREAM"))
}

// once visits one round of each due site and tries each notice once. Dead
// sites are no failure; a dead Tor is.
func (h *house) once(ctx context.Context, ready step) error {
	if ready != nil {
		if err := ready(ctx, h); err != nil {
			return err
		}
	}
	sum, err := h.crawler.Once(ctx)
	if err != nil {
		return err
	}
	if err := h.past.Ask(ctx); err != nil {
		return err
	}
	if err := h.notify.TryOnce(ctx); err != nil {
		return err
	}
	h.log.Info("round ended", "visits", sum.Visits, "pictures", sum.Pictures)
	if sum.TorDown {
		return fail(exitTryAgain, "is tor running, and does [tor] socks name its SOCKS port?",
			fmt.Errorf("tor does not answer at %s: nothing was sent", h.cfg.Tor.Socks))
	}
	return ctx.Err()
}

// drainTime is what a stop may take before we give up waiting. systemd's
// TimeoutStopSec is longer.
const drainTime = 29 * time.Second

// serve runs everything that is long-lived, until ctx is done or one part
// fails.
func (c *cli) serve(ctx context.Context, h *house, level *slog.LevelVar, hup <-chan os.Signal, ready step) error {
	sd := newNotifier(h.log)
	every, err := watchdogInterval()
	if err != nil {
		return fail(exitFailure, "", err)
	}
	listeners, err := h.listen()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error { return h.crawler.Run(ctx) })
	group.Go(func() error { return h.past.Run(ctx) })
	group.Go(func() error { return h.notify.Run(ctx) })
	group.Go(func() error { return sd.Watchdog(ctx, every, h.alive) })
	group.Go(func() error { return c.reloads(ctx, hup, h, level, sd) })
	group.Go(func() error { return h.statuses(ctx, sd) })
	group.Go(func() error { return h.watchRoom(ctx) })
	if ready != nil {
		group.Go(func() error { return ready(ctx, h) })
	}
	sd.Ready(h.status())
	group.Go(func() error {
		<-ctx.Done()
		sd.Stopping()
		h.log.Info("stopping: visits under way are finished or put back")
		return nil
	})
	return drained(ctx, group)
}

// drained waits for the group, but after ctx is done only for so long.
func drained(ctx context.Context, group *errgroup.Group) error {
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(drainTime):
		// Links under way stay due: what is lost is a fetch, not an alert. The
		// stores are not closed, for somebody may still be writing.
		fmt.Fprintln(os.Stderr, "leakwatch: the drain took too long: quitting;", context.Cause(ctx))
		os.Exit(exitFailure)
		return nil
	}
}
