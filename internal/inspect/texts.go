package inspect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path"
	"unicode/utf8"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
)

// maxText is how much of one text is searched for selectors.
const maxText = 64 << 20

// inspectText looks for selectors in a page or a paste, takes what it lists for
// a manifest, and looks at the pictures that are written in it.
func (r *Room) inspectText(ctx context.Context, f crawler.Found) (crawler.Inspection, error) {
	sum := hex.EncodeToString(f.SHA256[:])
	if f.Unchanged {
		err := r.o.Alerts.SeenAgain(ctx, f.Site, sum, f.URL, f.At)
		return crawler.Inspection{Cause: crawler.Unchanged, Known: true}, err
	}
	o := r.opening(ctx, f, "")
	if err := o.listing(); err != nil {
		return crawler.Inspection{}, err
	}
	if r.o.Sets.HasSelectors() {
		p := place{found: f, same: f.URL, sum: sum}
		if err := o.raise(r.named(p, f.Body)); err != nil {
			return crawler.Inspection{}, err
		}
	}
	if err := o.keep(); err != nil {
		return crawler.Inspection{}, err
	}
	return o.finish(), ctx.Err()
}

// listing takes a page that lists files for a manifest.
func (o *opening) listing() error {
	f := o.found
	if !o.room.o.Sets.HasManifests() && o.room.o.Memory == nil {
		return nil
	}
	lines, format := container.Listing(f.Body, f.MediaType, f.URL)
	if format == "" {
		return nil
	}
	o.out.Containers.Listed++
	o.out.Members += len(lines)
	o.rememberLines("", format, lines)
	return o.raise(o.room.stated(place{found: f, container: format, format: format}, lines))
}

// memberText looks for selectors in a member that is a text.
func (o *opening) memberText(m container.Member, body io.Reader) error {
	data, longer, err := o.slurp(body, maxText)
	if o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	if cause, why := causeOf(err); cause != "" {
		o.unopened(m, cause, why)
	}
	if longer {
		o.unopened(m, string(crawler.LimitBytes), "a text of more than 64 MiB: only its beginning was searched")
	}
	sum := sha256.Sum256(data)
	p := place{found: o.found, container: o.format, member: m.Name, same: o.found.URL + "!" + m.Name, sum: hex.EncodeToString(sum[:])}
	return o.raise(o.room.named(p, data))
}

// pictureText looks for selectors in what a picture carries in words beside its
// pixels: its EXIF and comments.
func (o *opening) pictureText(m container.Member, seen Seen, data []byte) []alert.Report {
	if !o.room.o.Sets.HasSelectors() {
		return nil
	}
	p := place{found: o.found, container: o.format, member: m.Name, format: seen.format(), sum: seen.SHA256}
	return o.room.named(p, wordsOf(data))
}

// inWords is pictureText of a picture that stands alone, its file name included.
func (r *Room) inWords(f crawler.Found, seen Seen) []alert.Report {
	if !r.o.Sets.HasSelectors() {
		return nil
	}
	words := wordsOf(f.Body)
	if u, err := url.Parse(f.URL); err == nil {
		words = append(append(words, '\n'), path.Base(u.Path)...)
	}
	return r.named(place{found: f, format: seen.format(), sum: seen.SHA256}, words)
}

func wordsOf(data []byte) []byte { return nil }

// textual reports whether a member that begins so is a text.
func textual(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && len(head) >= utf8.UTFMax {
			return false
		}
		head = head[n:]
	}
	return true
}
