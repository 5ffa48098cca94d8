package inspect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path"
	"slices"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/picture"
)

const (
	maxText = 64 << 20 // bytes of one text that are read

	// embeddedTotal is what all archives that are written in texts may unpack in
	// one look: each of them is too small for a ratio to be held against it.
	embeddedTotal = 256 << 20
)

// inspectText looks for selectors in a page or a paste, takes what it lists for
// a manifest, and looks at the pictures that are written in it.
func (r *Room) inspectText(ctx context.Context, f crawler.Found) (crawler.Inspection, error) {
	o := r.opening(ctx, f, "")
	err := o.text(container.Member{}, f.Body, f.SHA256)
	if err == nil {
		err = o.keep()
	}
	if err != nil {
		return crawler.Inspection{}, err
	}
	o.out.Members += o.members
	return o.finish(), ctx.Err()
}

// memberText reads a member that is a text.
func (o *opening) memberText(m container.Member, body io.Reader) error {
	data, longer, err := o.slurp(body, maxText)
	if o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	if cause, why := container.CauseOf(err); cause != "" {
		o.unopened(m, cause, why)
	}
	if longer {
		o.unopened(m, string(crawler.LimitBytes), "a text of more than 64 MiB: only its beginning was read")
	}
	return o.text(m, data, sha256.Sum256(data))
}

// text does all that is done with a text, be it a page or the member m.
func (o *opening) text(m container.Member, data []byte, sum [32]byte) error {
	p := place{found: o.found, container: o.format, member: m.Name, same: o.found.URL + "!" + m.Name, sum: hex.EncodeToString(sum[:])}
	lines, err := o.listings(p, data)
	if err != nil {
		return err
	}
	if o.room.o.Sets.HasSelectors() {
		words, err := io.ReadAll(io.LimitReader(container.Text(bytes.NewReader(data)), maxText))
		if err != nil {
			return err
		}
		words = append(append(words, '\n'), namesOf(lines)...)
		if err := o.raise(o.room.named(p, words)); err != nil {
			return err
		}
	}
	return container.Inline(data, func(e container.Embedded) error {
		return o.embedded(m, e)
	})
}

// listings takes a text that lists files, or links to torrents, for a manifest.
func (o *opening) listings(p place, data []byte) (lines []container.Line, err error) {
	if !o.room.o.Sets.HasManifests() && !o.room.o.Sets.HasSelectors() && o.memory() == nil {
		return nil, nil
	}
	mediaType, page := o.found.MediaType, o.found.URL
	if p.member != "" {
		mediaType, page = "", ""
	}
	lines, format := container.Listing(data, mediaType, page)
	magnets := container.Magnets(data)
	for _, found := range []struct {
		format string
		lines  []container.Line
	}{{format, lines}, {"magnet", magnets}} {
		if len(found.lines) == 0 {
			continue
		}
		o.out.Containers.Listed++
		o.out.Members += len(found.lines)
		l := p
		l.same, l.format = "", found.format
		if l.container == "" {
			l.container = found.format
		}
		if o.memory() != nil {
			o.notings = append(o.notings, noting{p.member, found.format, found.lines})
		}
		if err := o.raise(o.room.stated(l, found.lines)); err != nil {
			return nil, err
		}
	}
	return append(lines, magnets...), nil
}

// embedded takes one picture or archive that is written in the text m.
func (o *opening) embedded(m container.Member, e container.Embedded) error {
	name := e.Name
	if m.Name != "" {
		name = m.Name + "!" + e.Name
	}
	of := container.Member{Name: name, Index: m.Index, Size: int64(len(e.Body))}
	if picture.Sniff(e.Body) != "" {
		if m.Name == "" && slices.Contains(o.found.Inline, sha256.Sum256(e.Body)) {
			return nil
		}
		o.members++
		return o.judge(of, e.Body)
	}
	if o.nested >= max(o.rules.containers.Depth, 1) || o.embeddedBytes >= embeddedTotal {
		o.unopened(of, string(crawler.LimitNesting), "archives in texts in archives")
		return nil
	}
	text := o.body
	o.body, o.nested = nil, o.nested+1
	defer func() { o.body, o.nested = text, o.nested-1 }()
	options := container.Options{Limits: o.rules.containers}
	options.Limits.Total = embeddedTotal - o.embeddedBytes
	src := container.Source{Name: e.Name, At: bytes.NewReader(e.Body), Size: int64(len(e.Body))}
	report, err := o.room.walk(o.ctx, src, options, func(inner container.Member, body io.Reader) error {
		inner.Name, inner.Index = name+"!"+inner.Name, m.Index
		return o.visit(inner, body)
	})
	o.embeddedBytes += report.Bytes
	if err != nil {
		return err
	}
	of.Format, of.Cause, of.Why = report.Format, report.Cause, report.Why
	return o.inner(of)
}

// pictureText is what people must hear of the words that a picture carries
// beside its pixels, and of more, its name.
func (r *Room) pictureText(p place, data []byte, more string) []alert.Report {
	if !r.o.Sets.HasSelectors() {
		return nil
	}
	words := picture.Words(data)
	if more != "" {
		words = append(append(words, '\n'), more...)
	}
	if len(words) == 0 {
		return nil
	}
	return r.named(p, words)
}

// inWords is pictureText of a picture that stands on its own.
func (r *Room) inWords(f crawler.Found, seen Seen) []alert.Report {
	name := ""
	if u, err := url.Parse(f.URL); err == nil {
		name = path.Base(u.Path)
	}
	return r.pictureText(place{found: f, format: seen.format(), sum: seen.SHA256}, f.Body, name)
}
