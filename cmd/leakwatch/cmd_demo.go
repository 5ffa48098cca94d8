package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"leakwatch/internal/alert"
	"leakwatch/internal/demo"
	"leakwatch/internal/match"
	"leakwatch/internal/web"
)

func (c *cli) demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole loop on loopback: sites, SOCKS proxy, data set, crawl, alerts",
		Long: "See the whole loop on loopback. It draws a data set of lane camera and plate pictures, serves fake onion sites\n" +
			"behind a SOCKS proxy of its own, hides altered copies among other pictures, loads the hash set and runs the\n" +
			"daemon against that world. Nothing needs to be installed, nothing leaves this machine, nothing is left behind.",
		Args: none(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context(), once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "one round, then the alerts and the end")
	return cmd
}

// demoPhotos is the size of the synthetic data set.
const demoPhotos = 200

// demo is `run` with another config: it only makes the world, and loads the
// data set as an admin would.
func (c *cli) demo(ctx context.Context, once bool) (err error) {
	dir, err := os.MkdirTemp("", "leakwatch-demo-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(c.stderr, "demo: drawing a data set and a small dark web ...")
	world, err := demo.Start(demo.Options{Photos: demoPhotos})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	dataSet := filepath.Join(dir, "dataset")
	if err := writePhotos(dataSet, world.DataSet()); err != nil {
		return err
	}
	c.configPath = filepath.Join(dir, "config.toml")
	if err := os.WriteFile(c.configPath, []byte(demoConfig(dir, world)), 0o600); err != nil {
		return err
	}
	found := 0
	err = c.run(ctx, once, func(ctx context.Context, h *house) error {
		client := web.NewClient(web.InProcess(h.api()))
		fmt.Fprintf(c.stderr, "demo: loading the hash set of %d pictures\n", demoPhotos)
		quiet := *c
		quiet.stdout, quiet.json = c.stderr, false
		if err := quiet.hashsetLoad(ctx, client, "demo", dataSet, loading{level: match.Keypoints}); err != nil {
			return err
		}
		if once {
			return nil
		}
		fmt.Fprintf(c.stderr, "demo: ask it from another terminal: leakwatch --config %s alert list\n", c.configPath)
		return c.follow(ctx, client)
	}, func(ctx context.Context, h *house) error {
		var err error
		found, err = c.demoResult(ctx, web.NewClient(web.InProcess(h.api())), world)
		return err
	})
	if err == nil && once && found == 0 {
		return fail(exitFailure, "", errors.New("demo: nothing was found"))
	}
	return err
}

func writePhotos(dir string, photos []demo.Photo) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, p := range photos {
		if err := os.WriteFile(filepath.Join(dir, p.Name), p.JPEG, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// demoConfig is what an admin would write for this world. Its sites are on
// loopback and ours: no pause between fetches.
func demoConfig(dir string, world *demo.World) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[state]\ndir = %q\n[log]\nlevel = \"warn\"\n[tor]\nsocks = %q\n[web]\nlisten = \"127.0.0.1:0\"\n[notify.file]\npath = %q\n",
		filepath.Join(dir, "state"), world.Socks(), filepath.Join(dir, "notices.jsonl"))
	for _, s := range world.Sites() {
		fmt.Fprintf(&b, "[[site]]\nname = %q\nseeds = [%s]\ninterval = \"30s\"\ndelay = \"0s\"\nparallel = 2\n", s.Name, quoted(s.Seeds))
	}
	return b.String()
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(out, ", ")
}

// follow prints alerts as they come and grow.
func (c *cli) follow(ctx context.Context, client *web.Client) error {
	told := map[string]int{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for a, err := range decoded[alert.Alert](client.Lines(ctx, "GET", "/v1/alerts", nil, nil)) {
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			if told[a.ID] == a.Findings {
				continue
			}
			told[a.ID] = a.Findings
			if err := c.printDemoAlert(a); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (c *cli) printDemoAlert(a alert.Alert) error {
	if c.json {
		return c.jsonLine(a)
	}
	_, err := fmt.Fprintf(c.stdout, "ALERT %s  %-6s site %-8s set %-6s %3d findings of %3d refs  (%s)\n",
		a.ID, a.Verdict, a.Site, a.Set, a.Findings, a.Refs, cellText(a.LastSeen))
	return err
}

// demoResult prints the alerts at the end and holds them against what was
// planted. It returns how many planted copies were found.
func (c *cli) demoResult(ctx context.Context, client *web.Client, world *demo.World) (int, error) {
	list := func() lineSeq { return client.Lines(ctx, "GET", "/v1/alerts", nil, nil) }
	if c.json {
		if err := c.passOn(list()); err != nil {
			return 0, err
		}
	} else if err := c.alertTable(list()); err != nil {
		return 0, err
	}
	refs := map[string]bool{} // site and ref of every finding
	for d, err := range decoded[alert.Detail](client.Lines(ctx, "GET", "/v1/export/alerts", nil, nil)) {
		if err != nil {
			return 0, err
		}
		for _, f := range d.Findings {
			refs[d.Site+" "+*f.Ref] = true
		}
	}
	found, entries := 0, world.DataSet()
	for _, p := range world.Planted() {
		sum := sha256.Sum256(entries[p.Entry].JPEG)
		if refs[p.Site+" "+hex.EncodeToString(sum[:])[:16]] {
			found++
		}
	}
	_, err := fmt.Fprintf(c.stderr, "demo: %d of %d planted copies found, among %d pictures of strangers and %d findings in all\n",
		found, len(world.Planted()), len(world.Strangers()), len(refs))
	return found, err
}
