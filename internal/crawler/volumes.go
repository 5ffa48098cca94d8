package crawler

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"leakwatch/internal/container"
)

// The volumes of a split archive are links of their own, side by side in one
// folder. The first of them is the archive: its visit reads them all as one. The
// others end as it did, and ask for nothing.

const (
	volumeAhead = 64 << 10 // first bytes of a further volume: they tell its size
	volumesHeld = 64 << 20 // bytes of volumes that are fetched whole, since ranges are not taken
	folderLinks = 20_000   // links of a folder that are looked through for volumes
)

// volumeSet is the volumes of the archive that a link belongs to.
type volumeSet struct {
	name  string
	parts []*link // in their order; nil: missing before others
	names []string
}

// first is the volume whose visit reads all.
func (s *volumeSet) first() *link {
	return s.parts[slices.IndexFunc(s.parts, func(l *link) bool { return l != nil })]
}

// mayBeVolume looks at the end of a name only.
func mayBeVolume(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".zip") || strings.HasSuffix(name, ".rar") || volumeExt(name[strings.LastIndexByte(name, '.')+1:])
}

// volumes finds what the link is a volume of among the known links of its
// folder; nil: of nothing.
func (v *visiting) volumes() (*volumeSet, error) {
	if v.link.kind != kindContainer || !mayBeVolume(lastSegment(v.url)) {
		return nil, nil
	}
	folder := v.link.key
	clear(folder[4:])
	names, known := []string{}, map[string]*link{}
	err := v.c.memory.view(func(r records) error {
		left := folderLinks
		return r.links(v.link.site, folder, func(l link) bool {
			if left--; left < 0 || !bytes.Equal(l.key[:4], folder[:4]) {
				return false
			}
			if u, err := l.parsed(); err == nil && l.kind == kindContainer && mayBeVolume(lastSegment(u)) && bareURL(u) != "" {
				name := bareURL(u)
				if known[name] == nil {
					names = append(names, name)
				}
				if known[name] == nil || l.key == v.link.key {
					known[name] = &l
				}
			}
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	me := bareURL(v.url)
	for _, set := range container.Volumes(names) {
		if !slices.Contains(set.Parts, me) || len(set.Parts) < 2 {
			continue
		}
		s := &volumeSet{name: set.Name[strings.LastIndexByte(set.Name, '/')+1:]}
		for n, name := range set.Parts {
			s.parts = append(s.parts, known[name])
			if name = name[strings.LastIndexByte(name, '/')+1:]; name == "" {
				name = fmt.Sprintf("%d of %s", n+1, s.name)
			}
			s.names = append(s.names, name)
		}
		return s, nil
	}
	return nil, nil
}

// bareURL is a URL without its query, by which volumes are known.
func bareURL(u *url.URL) string {
	return u.Scheme + "://" + u.Host + u.Path
}

// firstVolumesFirst makes further volumes due a moment after those before them.
func firstVolumesFirst(found []discovery) {
	var names []string
	at := map[string]int{}
	for i, d := range found {
		if d.kind == kindContainer {
			if u, err := url.Parse(d.url); err == nil {
				name := bareURL(u)
				names, at[name] = append(names, name), i
			}
		}
	}
	for _, set := range container.Volumes(names) {
		for n, name := range set.Parts {
			if name != "" {
				found[at[name]].later = n
			}
		}
	}
}

// visitVolumes is the visit of one volume.
func (v *visiting) visitVolumes(ctx context.Context, set *volumeSet) error {
	first := set.first()
	if first.key == v.link.key {
		return v.openVolumes(ctx, set)
	}
	n := slices.IndexFunc(set.parts, func(l *link) bool { return l != nil && l.key == v.link.key })
	known := v.link.due - int64(n)                       // since when, at its first visit
	v.res.redirected, v.res.keeping = true, replaceLines // no content of its own
	switch class := first.cause.Class(); {
	case first.last == 0 || v.link.last == 0 && first.last < known:
		v.res.soon, v.res.wake = true, first.key
		v.end(Split, "a volume of %s, of which the first is still to be visited", set.name)
	case class == ClassSeen, class == ClassContainer, class == ClassPicture, class == ClassLimit:
		v.end(first.cause, "a volume of %s, read with %s", set.name, first.url)
	default:
		v.end(Split, "a volume of %s: %s ended in %s", set.name, first.url, first.cause)
	}
	return nil
}

// openVolumes reads all volumes as one archive.
func (v *visiting) openVolumes(ctx context.Context, set *volumeSet) error {
	if err := v.c.large.Acquire(ctx, largeHeld+volumesHeld); err != nil {
		return nil
	}
	defer v.c.large.Release(largeHeld + volumesHeld)
	g := &gathering{ranges: &ranges{v: v, ctx: ctx}, mark: sha256.New()}
	var parts []container.Part
	for n, l := range set.parts {
		part, failed, err := g.part(l, set.names[n])
		switch {
		case err != nil:
			return err
		case failed:
			return nil
		}
		parts = append(parts, part)
	}
	if g.head != nil {
		v.res.outcome.Status = 200 // whatever the last one gave
	}
	var mark [32]byte
	g.mark.Sum(mark[:0])
	if mark == v.link.digest && v.mayStand() {
		return v.stands(ctx)
	}
	v.res.changed = mark != v.link.digest
	v.remember(answer{})
	src := container.Join(set.name, parts)
	format := v.options.Holds(g.head, set.name)
	err := v.open(ctx, cmp.Or(format, "split"), Found{SHA256: mark, Container: &src, Slices: sliceable(format)}, func() *refusal { return g.fail })
	if err != nil || g.fail == nil {
		return err
	}
	return v.blame(ctx)
}

// gathering is the volumes of one archive on their way.
type gathering struct {
	*ranges
	mark interface {
		io.Writer
		Sum([]byte) []byte
	}
	head []byte // first bytes of the first one that is there
	held int64  // bytes of those that are in memory
}

// part asks for the first bytes of a volume, or for all of it where no ranges
// are taken. One that is gone is missing; any other failure ends the visit.
func (g *gathering) part(l *link, name string) (p container.Part, failed bool, err error) {
	p.Name = name
	fmt.Fprintln(g.mark, name)
	if l == nil {
		return p, false, nil
	}
	v := g.v
	u, err := l.parsed()
	if err != nil {
		return p, false, err
	}
	if cause, why := v.refused(u, kindContainer); cause != "" {
		v.end(cause, "volume %s: %s", name, why)
		return p, true, nil
	}
	if why := v.overBudget(0); why != nil {
		v.res.onward = true
		return p, true, g.failed(name, why)
	}
	if v.await(g.ctx) != nil {
		return p, true, nil
	}
	q := request{url: u, referer: v.request().referer, to: volumeAhead}
	limits := v.rangeLimits()
	limits.holds = func([]byte, string) string { return "volume" }
	a := fetch(g.ctx, v.place.transport, q, limits)
	v.fetched(a)
	if a.status == 416 || a.cause == RangeLies { // all of it, then
		if v.await(g.ctx) != nil {
			return p, true, nil
		}
		q.to = 0
		a = fetch(g.ctx, v.place.transport, q, limits)
		v.fetched(a)
	}
	switch {
	case a.cause == HTTP404, a.cause == HTTP410, a.cause == "" && a.mediaType == "text/html":
		v.end(OK, "")
		return p, false, nil
	case a.size > 0 && len(a.body) > 0 && (a.cause == "" || again(a.cause)): // the rest can be asked for
	case a.cause != "", a.status/100 != 2:
		if a.cause == "" {
			a.cause, a.why = BrokenHTTP, fmt.Sprintf("status %d", a.status)
		}
		return p, true, g.failed(name, &refusal{a.cause, a.why})
	}
	p.At, p.Size = g.take(q, a, name)
	if file, ok := p.At.(*ranged); ok {
		var why *refusal
		if a.body, why = file.beginning(markBytes); why != nil {
			return p, true, g.failed(name, why)
		}
	}
	g.mark.Write(binary.BigEndian.AppendUint64([]byte(a.etag+"\n"+a.lastModified+"\n"), uint64(p.Size)))
	g.mark.Write(a.body[:min(len(a.body), markBytes)])
	if g.head == nil {
		g.head = bytes.Clone(a.body[:min(len(a.body), sniffed)])
	}
	return p, false, nil
}

// failed ends the visit with what went wrong with a volume.
func (g *gathering) failed(name string, why *refusal) error {
	g.v.end(why.Cause, "volume %s: %s", name, why.Why)
	return g.v.blame(g.ctx)
}

// take makes a volume of an answer.
func (g *gathering) take(q request, a answer, name string) (io.ReaderAt, int64) {
	switch size := int64(len(a.body)); {
	case a.size > 0:
		return g.newRanged(q, a), a.size
	case a.large:
		return shutAt{&refusal{RangeIgnored, "volume " + name + " is large, and not read by ranges"}}, max(a.length, size)
	case g.held+size > volumesHeld:
		return shutAt{&refusal{LimitMemory, fmt.Sprintf("volume %s: more than %d bytes of volumes that are not read by ranges", name, volumesHeld)}}, size
	default:
		g.held += size
		return bytes.NewReader(a.body), size
	}
}

// shutAt is a volume that cannot be read.
type shutAt struct{ *refusal }

// ReadAt says why.
func (s shutAt) ReadAt([]byte, int64) (int, error) { return 0, broken{s.refusal} }
