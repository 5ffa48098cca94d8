package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

type lineSeq = iter.Seq2[json.RawMessage, error]

// client makes a command of one that needs the API.
func (c *cli) client(do func(ctx context.Context, client *web.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, a []string) error {
		return c.withClient(cmd.Context(), func(ctx context.Context, client *web.Client) error {
			return do(ctx, client, a)
		})
	}
}

// withClient reaches the running daemon over its socket or, when none runs,
// serves the very same handlers in this process.
func (c *cli) withClient(ctx context.Context, do func(context.Context, *web.Client) error) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	daemon := web.NewClient(tor.Unix(socketPath(cfg)))
	down := daemon.Alive(ctx)
	if down == nil {
		return c.explain(do(ctx, daemon))
	}
	if errors.Is(down, fs.ErrPermission) {
		return fail(exitFailure, "join the group leakwatch, or use sudo", fmt.Errorf("the socket %s may not be opened", socketPath(cfg)))
	}
	if err := mayOwn(cfg.State.Dir); err != nil {
		return err
	}
	h, err := openHouse(cfg, newLogger(c.stderr, logPlain, slog.LevelWarn))
	if err != nil {
		return err
	}
	err = do(ctx, web.NewClient(web.InProcess(h.api())))
	return c.explain(errors.Join(err, h.close()))
}

// explain gives the API's refusals their hints and exit codes.
func (c *cli) explain(err error) error {
	var refused *web.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	code := exitFailure
	switch refused.Status {
	case http.StatusServiceUnavailable:
		code = exitTryAgain
	case http.StatusBadRequest:
		code = exitUsage
	}
	return fail(code, refused.Hint, err)
}

// mayOwn refuses to work in-process where only the daemon makes the state
// folder, and for a user who does not own it.
func mayOwn(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir == defaultStateDir {
		return fail(exitFailure, "start the daemon first: systemctl start leakwatch", fmt.Errorf("no daemon runs and %s does not exist", dir))
	}
	return ownedByMe(dir)
}

// ownedByMe refuses a state folder of another user: files of two owners would
// lock the daemon out. One that does not exist yet is made by and for us.
func ownedByMe(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail(exitFailure, "", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(owner.Uid) != os.Getuid() {
		name := web.UserName(int(owner.Uid))
		return fail(exitFailure, fmt.Sprintf("start the daemon (systemctl start leakwatch), or become %s: sudo -u %s leakwatch ...", name, name),
			fmt.Errorf("no daemon answers and %s belongs to %s", dir, name))
	}
	return nil
}

const (
	defaultConfigPath = "/etc/leakwatch/config.toml"
	defaultStateDir   = "/var/lib/leakwatch"
	defaultSocket     = "/run/leakwatch/leakwatch.sock"
)

// socketPath is where the daemon listens for the command line.
func socketPath(cfg Config) string {
	if filepath.Clean(cfg.State.Dir) == defaultStateDir {
		return defaultSocket
	}
	return filepath.Join(cfg.State.Dir, "leakwatch.sock")
}

// load reads the config for a command. Only the default path may be missing:
// then the defaults reach the default socket.
func (c *cli) load() (Config, error) {
	if _, err := os.Stat(c.configPath); errors.Is(err, fs.ErrNotExist) && c.configPath == defaultConfigPath {
		return defaultConfig(), nil
	}
	return c.loadStrict()
}

// loadStrict reads the config and refuses it with every mistake at once.
func (c *cli) loadStrict() (Config, error) {
	cfg, problems := loadConfig(c.configPath, seedAllowed)
	if len(problems) == 0 {
		return cfg, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s has %s", c.configPath, number(len(problems), "mistake"))
	for _, p := range problems {
		fmt.Fprintf(&b, "\n  %s", p)
	}
	return Config{}, fail(exitConfig, "`leakwatch config check` lists them as JSON too", errors.New(b.String()))
}

// seedAllowed judges the addresses of a config as the way out will.
func seedAllowed(u *url.URL, clearnet bool) error {
	return tor.Check(u, tor.Site{Clearnet: clearnet, Ports: portsOf(u)})
}

// object asks for one object and prints it: as JSON, or a line per key.
func (c *cli) object(ctx context.Context, client *web.Client, method, path string) error {
	var raw json.RawMessage
	if err := client.Object(ctx, method, path, nil, nil, &raw); err != nil {
		return err
	}
	if c.json {
		return c.jsonLine(raw)
	}
	return c.printObject(raw)
}
