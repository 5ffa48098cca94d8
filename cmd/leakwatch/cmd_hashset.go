package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"leakwatch/internal/container"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
	"leakwatch/internal/web"
)

func (c *cli) hashsetCommand() *cobra.Command {
	return group("hashset", "Load and keep the hash sets of exposed data",
		c.hashsetLoadCommand(),
		&cobra.Command{Use: "list", Short: "List the sets", Args: none(), RunE: c.client(c.hashsetList)},
		&cobra.Command{Use: "show NAME", Short: "Show one set", Args: args(cobra.ExactArgs(1)), RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
			return c.object(ctx, client, http.MethodGet, "/v1/hashsets/"+url.PathEscape(a[0]))
		})},
		&cobra.Command{Use: "drop NAME", Short: "Drop a set; its alerts stay", Args: args(cobra.ExactArgs(1)), RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
			return c.object(ctx, client, http.MethodDelete, "/v1/hashsets/"+url.PathEscape(a[0]))
		})},
		&cobra.Command{
			Use:   "export NAME",
			Short: "Print the entries of a set in a form that `hashset load` reads",
			Long:  "Print the entries of a set as JSON Lines. Hashes can be turned back into rough pictures: treat the output like the leak itself.",
			Args:  args(cobra.ExactArgs(1)),
			RunE: c.client(func(ctx context.Context, client *web.Client, a []string) error {
				return c.passOn(client.Lines(ctx, http.MethodGet, "/v1/hashsets/"+url.PathEscape(a[0])+"/entries", nil, nil))
			}),
		},
		c.hashsetDisableCommand(),
		c.hashsetRollbackCommand(),
		c.hashsetDiffCommand(),
		c.hashsetCalibrateCommand(),
	)
}

// loading says how `hashset load` reads what it is given.
type loading struct {
	level string // of detail, where pictures are hashed

	refsFile string // gives refs, or ""
	refs     *refs  // read from it

	selectors string // a list of them in place of pictures, or ""
	keyed     bool   // it is kept as HMACs
}

func (c *cli) hashsetLoadCommand() *cobra.Command {
	how := loading{level: match.Hashes}
	cmd := &cobra.Command{
		Use:   "load NAME {PATH | --selectors FILE}",
		Short: "Load or replace a set from a folder, `hash --json` output, CSV or a PDQ list",
		Long: "Load or replace a set from a folder of pictures, the output of `hash --json`, a CSV file with a header, or a\n" +
			"PDQ list (64 hex digits a line, or hash,quality,name). `-` is stdin. All or nothing: one bad row refuses the\n" +
			"load, every bad row is named, and the old version stays. Pictures of a folder are hashed here and never sent.\n" +
			"--selectors loads what is looked for in text, and leaves the pictures of the set as they are: plates, case\n" +
			"numbers, file names, keywords, one a line, with a kind before it or none (plate:ABC-1234). They are found in\n" +
			"any case and over spaces, dashes and dots; letters and digits that look alike are one.",
		Example: "  leakwatch hashset load travellers dataset.jsonl\n  leakwatch hashset load travellers /mnt/dataset\n" +
			"  ssh datahost leakwatch hash --json /mnt/dataset | leakwatch hashset load travellers -",
		Args: args(cobra.RangeArgs(1, 2)),
	}
	cmd.RunE = c.client(func(ctx context.Context, client *web.Client, a []string) error {
		switch {
		case how.selectors != "" && (len(a) > 1 || how.refsFile != "" || cmd.Flags().Changed("detail")):
			return usage(cmd, errors.New("--selectors goes without PATH, --refs and --detail: load pictures and selectors one after the other"))
		case how.selectors != "":
			return c.selectorsLoad(ctx, client, a[0], how)
		case how.keyed:
			return usage(cmd, errors.New("--keyed goes with --selectors"))
		case len(a) == 1:
			return usage(cmd, errors.New("PATH or --selectors is missing"))
		}
		return c.hashsetLoad(ctx, client, a[0], a[1], how)
	})
	detailFlag(cmd, &how.level)
	cmd.Flags().StringVar(&how.refsFile, "refs", "", "CSV file with a header of sha256,ref or path,ref: the refs to give to pictures")
	cmd.Flags().StringVar(&how.selectors, "selectors", "", "list of selectors in place of PATH: one a line, with a kind before it or none (plate:ABC-1234); `-` is stdin")
	cmd.Flags().BoolVar(&how.keyed, "keyed", false, "keep the selectors as HMACs: no plate stands in the store")
	return cmd
}

// notes prints what a load has a word about.
func (c *cli) notes(notes []string) {
	for _, note := range notes {
		fmt.Fprintln(c.stderr, "note:", printable(note))
	}
}

func (c *cli) hashsetList(ctx context.Context, client *web.Client, _ []string) error {
	list := client.Lines(ctx, http.MethodGet, "/v1/hashsets", nil, nil)
	if c.json {
		return c.passOn(list)
	}
	t := c.table("NAME", "VERSION", "ENTRIES", "REFS", "EXACT ONLY", "DUPLICATES", "MANIFEST", "SELECTORS", "LOADED", "BY")
	for s, err := range decoded[match.Set](list) {
		if err != nil {
			return err
		}
		t.row(s.Name, s.Version, s.Entries, s.Refs, s.ExactOnly, s.Duplicates, s.ManifestEntries, s.Selectors, s.LoadedAt, s.LoadedBy)
	}
	return t.flush()
}

func (c *cli) hashsetLoad(ctx context.Context, client *web.Client, name, path string, how loading) error {
	if how.refsFile != "" {
		var err error
		if how.refs, err = readRefs(how.refsFile); err != nil {
			return err
		}
	}
	body, done, err := c.rows(ctx, path, how)
	if err != nil {
		return err
	}
	defer done()
	var set web.Loaded
	err = client.Object(ctx, http.MethodPut, "/v1/hashsets/"+url.PathEscape(name), url.Values{"path": {path}}, body, &set)
	if err != nil {
		return c.refusedRows(err)
	}
	if c.json {
		return c.jsonLine(set)
	}
	fmt.Fprintf(c.stdout, "%s: version %d, %d entries, %s", set.Name, set.Version, set.Entries, number(set.Refs, "ref"))
	if set.ExactOnly > 0 {
		fmt.Fprintf(c.stdout, ", %d judged on exact bytes only", set.ExactOnly)
	}
	if set.Duplicates > 0 {
		fmt.Fprintf(c.stdout, ", %s", number(set.Duplicates, "duplicate"))
	}
	if set.ManifestEntries > 0 {
		fmt.Fprintf(c.stdout, ", %d of a manifest", set.ManifestEntries)
	}
	fmt.Fprintln(c.stdout)
	c.notes(set.Notes)
	if how.refs != nil {
		if n, first := how.refs.unused(); n > 0 {
			fmt.Fprintf(c.stderr, "note: %s:%d: %s of refs named no picture that was loaded\n", printable(how.refsFile), first, number(n, "row"))
		}
	}
	return nil
}

// refusedRows prints every bad row of a refused list.
func (c *cli) refusedRows(err error) error {
	var refused *web.RefusedError
	if !errors.As(err, &refused) || len(refused.Rows) == 0 {
		return err
	}
	for _, row := range refused.Rows {
		fmt.Fprintln(c.stderr, printable(row))
	}
	return err
}

// rows is the list to send: the file itself or, for a folder or a picture,
// what `hash --json` says of it.
func (c *cli) rows(ctx context.Context, path string, how loading) (body io.Reader, done func(), err error) {
	if path == "-" {
		body, end, err := c.counted(c.stdin, 0)
		if how.refs != nil && err == nil {
			body, end = c.rewritten(path, how, body, end)
		}
		return body, end, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fail(exitFailure, "", err)
	}
	if info.IsDir() {
		return c.hashedRows(ctx, path, how)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fail(exitFailure, "", err)
	}
	in := bufio.NewReaderSize(file, 64<<10)
	head, _ := in.Peek(512)
	if picture.Sniff(head) != "" || !container.IsText(head) && container.Sniff(head, filepath.Base(path)) != "" {
		file.Close()
		return c.hashedRows(ctx, path, how)
	}
	body, end, err := c.counted(in, info.Size())
	if how.refs != nil && err == nil {
		body, end = c.rewritten(path, how, body, end)
	}
	return body, func() { end(); file.Close() }, err
}

// rewritten is a list with the refs of an admin in it.
func (c *cli) rewritten(path string, how loading, body io.Reader, end func()) (io.Reader, func()) {
	r, w := io.Pipe()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.CloseWithError(how.refs.rewrite(path, body, w))
	}()
	return r, func() {
		r.Close()
		<-finished
		end()
	}
}

func (c *cli) counted(r io.Reader, total int64) (io.Reader, func(), error) {
	bar := c.progress("loading", total)
	var n int64
	return readerFunc(func(p []byte) (int, error) {
		k, err := r.Read(p)
		n += int64(k)
		bar.at(n)
		return k, err
	}), bar.done, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// hashedRows hashes the pictures at path and gives them out as lines. Files
// that are no pictures are left out and counted; a path that cannot be read
// breaks the load off, since a set with holes would say "not seen" for ever.
func (c *cli) hashedRows(ctx context.Context, path string, how loading) (io.Reader, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	bar := c.progress("hashed", 0)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.CloseWithError(c.writeHashes(ctx, path, how, w, bar))
	}()
	return r, func() {
		cancel()
		r.Close()
		<-finished
		bar.done()
	}, nil
}

// leftOut reports whether a print makes no entry, and says of a container what
// of it is missing in the set.
func (c *cli) leftOut(p inspect.Print, strangers *int) bool {
	strange := p.Cause != nil && *p.Cause == "not_a_picture"
	switch {
	case p.IsContainer() && !strange:
		fmt.Fprintf(c.stderr, "note: not all of %s is in the set%s\n", whereIn(p), because(p))
	case p.SHA256 == "":
		fmt.Fprintf(c.stderr, "note: of %s the set has name and size alone%s\n", whereIn(p), because(p))
		return false
	case strange && !p.IsContainer():
		*strangers++
	}
	return p.IsContainer() || strange
}

func (c *cli) writeHashes(ctx context.Context, path string, how loading, w io.Writer, bar *progress) error {
	out := json.NewEncoder(w)
	var n int64
	strangers := 0
	for p, err := range fingerprints(ctx, []string{path}, how.level) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if c.leftOut(p, &strangers) {
			continue
		}
		if how.refs != nil {
			if ref := how.refs.of(filepath.ToSlash(path), p.Path, memberOf(p), p.SHA256); ref != "" {
				p.Ref = ref
			}
		}
		if err := out.Encode(p); err != nil {
			return err
		}
		n++
		bar.at(n)
	}
	if strangers > 0 {
		fmt.Fprintf(c.stderr, "note: left out, for they are no pictures: %s\n", number(strangers, "file"))
	}
	return nil
}
