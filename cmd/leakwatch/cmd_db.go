package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

// stores are the files of the state folder, by worth.
func stores() []string { return []string{"state.db", "hashes.db", "crawl.db", "seen.db"} }

func (c *cli) dbCommand() *cobra.Command {
	return group("db", "Check and back up the stores",
		&cobra.Command{
			Use:   "check",
			Short: "Check the structure of every store; exit code 74 when one is damaged",
			Long: "Check the structure of every store in a child process, since a damaged file can kill its reader. While the\n" +
				"daemon runs, a consistent copy is checked.",
			Args: none(),
			RunE: func(cmd *cobra.Command, _ []string) error { return c.dbCheck(cmd.Context()) },
		},
		&cobra.Command{
			Use:   "backup PATH",
			Short: "Write a tar with a consistent copy of every store; `-` is stdout",
			Long: "Write a tar with a consistent copy of every store; `-` is stdout. It holds the hash sets: keep it like the leak\n" +
				"itself. To restore, stop the daemon and unpack the tar into an empty state folder.",
			Args: args(cobra.ExactArgs(1)),
			RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error { return c.dbBackup(ctx, client, a[0]) }),
		},
		&cobra.Command{Use: "check-file PATH", Hidden: true, Args: args(cobra.ExactArgs(1)), RunE: func(_ *cobra.Command, a []string) error {
			return storeError(kv.Check(a[0]))
		}},
	)
}

// checked is a line of `db check --json`.
type checked struct {
	Store   string  `json:"store"`
	OK      bool    `json:"ok"`
	Problem *string `json:"problem"`
}

func (c *cli) dbCheck(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	dir := cfg.State.Dir
	client := web.NewClient(tor.Unix(socketPath(cfg)))
	if client.Alive(ctx) == nil {
		dir, err = os.MkdirTemp("", "leakwatch-check-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := unpackBackup(ctx, client, dir); err != nil {
			return err
		}
	} else if err := mayOwn(dir); err != nil {
		return err
	}
	if neverMade(dir) {
		return fail(exitFailure, "the first `leakwatch run` makes them", fmt.Errorf("no store was ever made in %s", dir))
	}
	return c.dbCheckIn(ctx, dir)
}

// neverMade reports that dir holds neither a store nor the mark of one.
func neverMade(dir string) bool {
	found, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	return err == nil && len(found) == 0
}

func (c *cli) dbCheckIn(ctx context.Context, dir string) error {
	damaged := 0
	for _, store := range stores() {
		line := checked{Store: store, OK: true}
		err := checkFile(ctx, filepath.Join(dir, store))
		if errors.Is(err, kv.ErrLocked) {
			return storeError(err)
		}
		if err != nil {
			text := err.Error()
			line.OK, line.Problem = false, &text
			damaged++
		}
		if err := c.printChecked(line); err != nil {
			return err
		}
	}
	if damaged > 0 {
		return fail(exitDamaged, "stop the daemon and put back the last backup; do not delete the files", fmt.Errorf("damaged or missing: %s", number(damaged, "store")))
	}
	return nil
}

func (c *cli) printChecked(line checked) error {
	if c.json {
		return c.jsonLine(line)
	}
	text := "ok"
	if line.Problem != nil {
		text = printable(*line.Problem)
	}
	_, err := fmt.Fprintf(c.stdout, "%-10s %s\n", line.Store, text)
	return err
}

// checkFile checks one file in a child of ours.
func checkFile(ctx context.Context, path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "db", "check-file", path)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == exitTryAgain {
			return fmt.Errorf("%s: %w", path, kv.ErrLocked)
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "leakwatch: "), "\n")
		if !exit.Exited() || text == "" {
			text = "the file killed its reader: " + exit.String()
		}
		return errors.New(text)
	}
	return err
}

func unpackBackup(ctx context.Context, client *web.Client, dir string) error {
	body, err := client.Do(ctx, http.MethodGet, "/v1/backup", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	in := tar.NewReader(body)
	for {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the backup broke off: %w", err)
		}
		file, err := os.OpenFile(filepath.Join(dir, filepath.Base(head.Name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, in)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
}

// dbBackup writes beside the target and renames, so that a broken-off backup
// never stands where a good one is expected.
func (c *cli) dbBackup(ctx context.Context, client *web.Client, path string) error {
	if path == "-" {
		_, err := copyBackup(ctx, client, c.stdout)
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".leakwatch-backup-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already when renamed
	n, err := copyBackup(ctx, client, file)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	if c.json {
		return c.jsonLine(map[string]any{"path": path, "bytes": n})
	}
	_, err = fmt.Fprintf(c.stdout, "%s: %d bytes\n", printable(path), n)
	return err
}

func copyBackup(ctx context.Context, client *web.Client, w io.Writer) (int64, error) {
	body, err := client.Do(ctx, http.MethodGet, "/v1/backup", nil, nil)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	return io.Copy(w, body)
}
