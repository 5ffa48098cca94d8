package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // an identity that other tools' lists carry, never a proof
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
	"leakwatch/internal/seen"
	"leakwatch/internal/web"
)

func (c *cli) seenCommand() *cobra.Command {
	return group("seen", "Say what was ever seen, where and when",
		&cobra.Command{
			Use:   "find FILE|SHA256|URL",
			Short: "Say whether a file, a digest or an address was ever seen, where and when",
			Long: "Say whether a file, a digest or an address was ever seen, where and when: as a picture that was looked at, as a\n" +
				"copy of one in any orientation, or as a line of an archive or a listing. An address may be that of a picture, of a\n" +
				"page with pictures, of an archive or of a listing, and may be written as hxxp://...[.]onion/. A file is read here;\n" +
				"only its digests and hashes, its name and its size are sent.",
			Args: args(cobra.ExactArgs(1)),
			RunE: c.client(c.seenFind),
		},
		&cobra.Command{
			Use:   "status",
			Short: "Say how much is remembered, and how far the past is asked of new hash sets",
			Args:  none(),
			RunE: c.client(func(ctx context.Context, client *web.Client, _ []string) error {
				return c.object(ctx, client, http.MethodGet, "/v1/seen")
			}),
		})
}

func (c *cli) seenFind(ctx context.Context, client *web.Client, a []string) error {
	q, err := seenQuery(ctx, a[0])
	if err != nil {
		return err
	}
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	list := client.Lines(ctx, http.MethodPost, "/v1/seen", nil, bytes.NewReader(body))
	if c.json {
		return c.passOn(list)
	}
	t, n := c.table("KIND", "BY", "SITE", "URL", "PAGE", "CONTAINER", "MEMBER", "FIRST SEEN", "LAST SEEN"), 0
	for s, err := range decoded[seen.Sighting](list) {
		if err != nil {
			return err
		}
		n++
		by := s.By
		if s.Distance != nil {
			by += fmt.Sprintf(" %d", *s.Distance)
		}
		t.row(s.Kind, by, s.Site, defanged(s.URL), defanged(cellText(s.Page)), s.Container, s.Member, s.FirstSeen, s.LastSeen)
	}
	if n == 0 {
		fmt.Fprintln(c.stderr, "never seen")
		return nil
	}
	return t.flush()
}

// seenQuery reads what is asked for. A file goes before an address or digest of
// the same name.
func seenQuery(ctx context.Context, arg string) (web.SeenQuery, error) {
	if q, err := fileQuery(ctx, arg); !errors.Is(err, os.ErrNotExist) {
		return q, err
	}
	if sum, err := hex.DecodeString(arg); err == nil && len(sum) == sha256.Size {
		return web.SeenQuery{SHA256: strings.ToLower(arg)}, nil
	}
	if u := fanged(arg); strings.Contains(u, "://") {
		return web.SeenQuery{URL: u}, nil
	}
	return web.SeenQuery{}, fail(exitUsage, "give a file, 64 hex digits, or a whole address with its http://", fmt.Errorf("%s: there is no such file, and it is no SHA-256 and no address", arg))
}

// fanged undoes defanged.
func fanged(u string) string {
	if rest, ok := strings.CutPrefix(u, "hxxp"); ok {
		u = "http" + rest
	}
	return strings.Replace(u, "[.]", ".", -1)
}

// maxAsked is how large a file is looked at as a picture.
const maxAsked = 64 << 20

func fileQuery(ctx context.Context, path string) (q web.SeenQuery, err error) {
	file, err := os.Open(path)
	if err != nil {
		return q, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return q, fail(exitUsage, "name the files in it", fmt.Errorf("%s is a folder", path))
	}
	long, short, crc := sha256.New(), sha1.New(), crc32.NewIEEE() //nolint:gosec // see the import
	var head bytes.Buffer
	all := io.MultiWriter(long, short, crc)
	n, err := io.Copy(all, io.TeeReader(io.LimitReader(file, maxAsked), &head))
	if err != nil {
		return q, fmt.Errorf("read %s: %w", path, err)
	}
	more, err := io.Copy(all, file)
	if err != nil {
		return q, fmt.Errorf("read %s: %w", path, err)
	}
	q = web.SeenQuery{SHA256: hex.EncodeToString(long.Sum(nil)), SHA1: hex.EncodeToString(short.Sum(nil)), CRC32: fmt.Sprintf("%08x", crc.Sum32()), Size: n + more, Name: filepath.Base(path)}
	if more > 0 || picture.Sniff(head.Bytes()[:min(512, head.Len())]) == "" {
		return q, nil
	}
	_, asked, err := inspect.Ask(ctx, head.Bytes(), picture.NewDecoder(picture.DefaultLimits()))
	if err != nil || len(asked.Parts) == 0 || asked.Parts[0].Frame > 0 {
		return q, err
	}
	for _, turn := range asked.Parts[0].Turns {
		q.PDQ = append(q.PDQ, turn.String())
	}
	return q, nil
}
