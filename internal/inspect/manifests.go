package inspect

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
)

// state takes one member into the manifest of the container with this prefix.
func (o *opening) state(prefix string, m container.Member) {
	if len(o.lines[prefix]) >= container.MaxLines {
		return
	}
	_, name := split(m.Name)
	o.lines[prefix] = append(o.lines[prefix], container.Line{Name: name, Size: m.Size, CRC32: m.CRC32, SHA1: m.SHA1, SHA256: m.SHA256})
}

// manifest raises what the lines of the container with this prefix tell, its
// names included. Whole says that they are all that there are: then the same
// lines are the same finding, wherever they stand; else the place is.
func (o *opening) manifest(prefix, format string, whole bool) error {
	lines := o.take(prefix)
	if len(lines) == 0 {
		return nil
	}
	if prefix == "" && !whole {
		o.lines[""] = lines // more may come
	}
	p := place{found: o.found, container: o.format, member: strings.TrimSuffix(prefix, "!"), format: format}
	if !whole {
		p.same = o.found.URL + "!" + prefix
	}
	o.rememberLines(p.member, format, lines)
	return o.raise(append(o.room.stated(p, lines), o.room.names(p, lines)...))
}

// take removes the lines of a container, and those of names that only look as
// if they lay in one inside of it.
func (o *opening) take(prefix string) []container.Line {
	lines := o.lines[prefix]
	delete(o.lines, prefix)
	if prefix == "" {
		return lines
	}
	for other, more := range o.lines {
		if strings.HasPrefix(other, prefix) {
			lines = append(lines, more...)
			delete(o.lines, other)
		}
	}
	return lines
}

// place is where a manifest or a text was found.
type place struct {
	found     crawler.Found
	container string // format of the outermost container, "" for none
	member    string
	format    string // of the manifest or the text itself
	same      string // what makes two reports one finding; "": their content
	sum       string // digest of the bytes, "" where it is not known
}

// report is what all reports from one place have in common.
func (p place) report(kind, set string, version int, rule string) alert.Report {
	f := p.found
	return alert.Report{
		Site: f.Site, Set: set, SetVersion: version, Kind: kind, Verdict: kind, SHA256: p.sum, Same: p.same, Format: p.format,
		URL: f.URL, Page: f.Page, Container: p.container, Member: p.member, At: f.At, Explain: explain(match.Explain{Rule: rule}),
	}
}

// stated is what people must hear of a manifest: its lines state entries.
func (r *Room) stated(p place, lines []container.Line) (out []alert.Report) {
	if !r.o.Sets.HasManifests() {
		return nil
	}
	for _, h := range r.o.Sets.Manifest(lines) {
		report := p.report(alert.KindManifest, h.Set, h.SetVersion, h.Rule)
		report.Agree, report.Of = &h.Agree, &h.Of
		out = append(out, report)
	}
	return digested(out, lines)
}

// names is what people must hear of the names of a manifest.
func (r *Room) names(p place, lines []container.Line) []alert.Report {
	if !r.o.Sets.HasSelectors() {
		return nil
	}
	return digested(r.named(p, namesOf(lines)), lines)
}

// digested gives reports of lines the digest of these. Most manifests have none.
func digested(reports []alert.Report, lines []container.Line) []alert.Report {
	if len(reports) == 0 {
		return nil
	}
	sum := digestOf(lines)
	for i := range reports {
		reports[i].SHA256 = sum
	}
	return reports
}

// named is what people must hear of a text.
func (r *Room) named(p place, text []byte) (out []alert.Report) {
	for _, h := range r.o.Sets.Text(text) {
		report := p.report(alert.KindSelector, h.Set, h.SetVersion, h.Rule)
		report.Count, report.Samples = &h.Count, h.Samples
		out = append(out, report)
	}
	return out
}

// namesOf is a text of all names.
func namesOf(lines []container.Line) []byte {
	var text []byte
	for _, l := range lines {
		text = append(append(text, l.Name...), '\n')
	}
	return text
}

// digestOf is the same for the same lines in any order: a listing that is sorted
// otherwise is no other one.
func digestOf(lines []container.Line) string {
	sums := make([][32]byte, len(lines))
	for i, l := range lines {
		row := binary.BigEndian.AppendUint64([]byte(l.Name+"\x00"), uint64(l.Size))
		if l.CRC32 != nil {
			row = binary.BigEndian.AppendUint32(row, *l.CRC32)
		}
		row = append(append(append(row, l.SHA1...), '/'), l.SHA256...)
		sums[i] = sha256.Sum256(row)
	}
	slices.SortFunc(sums, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	all := sha256.New()
	for _, s := range sums {
		all.Write(s[:])
	}
	return hex.EncodeToString(all.Sum(nil))
}

// partial keeps the lines of containers that are looked at in slices, from one
// slice to the next. After a restart only the rest is known: what an earlier
// slice raised stands.
type partial struct {
	mu    sync.Mutex
	kept  map[string]map[string][]container.Line // by place
	order []string                               // the oldest first
	lines int
}

// keep takes lines in, and forgets the oldest places beyond
// container.MaxLines.
func (p *partial) keep(place string, lines map[string][]container.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]map[string][]container.Line{}
	}
	p.forget(place) // a container that was begun anew
	p.kept[place], p.order = lines, append(p.order, place)
	p.lines += count(lines)
	for p.lines > container.MaxLines && len(p.order) > 0 {
		p.forget(p.order[0])
	}
}

// take gives out what was kept of a place.
func (p *partial) take(place string) map[string][]container.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := p.kept[place]
	p.forget(place)
	return lines
}

func (p *partial) forget(place string) {
	p.lines -= count(p.kept[place])
	delete(p.kept, place)
	p.order = slices.DeleteFunc(p.order, func(other string) bool { return other == place })
}

func count(lines map[string][]container.Line) (n int) {
	for _, l := range lines {
		n += len(l)
	}
	return n
}

// resume takes up the lines of the slices before, suspend leaves them to the
// next one.
func (o *opening) resume() {
	if o.found.From == 0 {
		return
	}
	o.stated = container.Directory(o.format)
	for prefix, lines := range o.room.partial.take(o.place()) {
		o.lines[prefix] = append(lines, o.lines[prefix]...)
	}
}

func (o *opening) suspend() {
	if o.stated {
		delete(o.lines, "")
	}
	if len(o.lines) > 0 {
		o.room.partial.keep(o.place(), o.lines)
	}
}

// place tells containers under way apart.
func (o *opening) place() string {
	return cmp.Or(o.found.Site, "-") + " " + o.found.URL + " " + hex.EncodeToString(o.found.SHA256[:])
}
