package inspect

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/seen"
)

// How far one look into a large container goes before the visit is done with
// and its lease turns over, and how its alerts are raised: the first at once,
// the others together.
const (
	sliceMembers = 200
	sliceTime    = 60 * time.Second
	raiseEvery   = 64 // reports
	maxUnopened  = 1000
)

// opening is one look into a container.
type opening struct {
	room   *Room
	rules  *rules
	ctx    context.Context // of the look, which it does not outlive
	found  crawler.Found
	format string // of the outermost container; "" for a text with members

	out       crawler.Inspection
	strongest int // of what was raised, by alert.Verdicts
	reports   []alert.Report
	raised    bool
	untold    int // unopened members beyond maxUnopened

	stated  bool                        // the outermost container's lines are known from its directory
	lines   map[string][]container.Line // of containers under way, by their prefix of names
	members int                         // leaves of this walk
	looked  int                         // bodies looked at
	bytes   int64                       // of them
	began   time.Time
	body    []byte // the buffer of one member after the other

	noted   []seen.Picture // that are to be remembered
	notings []noting       // and manifests
	quiet   bool           // nobody is told, and nothing remembered: what was found stays in reports

	nested        int   // archives in texts that are under way
	embeddedBytes int64 // that came out of such
}

func (r *Room) opening(ctx context.Context, f crawler.Found, format string) *opening {
	return &opening{
		room: r, rules: r.rules.Load(), ctx: ctx, found: f, format: format,
		strongest: len(alert.Verdicts()), lines: map[string][]container.Line{}, began: time.Now(),
	}
}

// inspectContainer looks into an archive or a document as far as its site wants:
// at what it states, at some of its members, or at all of them, slice by slice.
func (r *Room) inspectContainer(ctx context.Context, f crawler.Found) (crawler.Inspection, error) {
	o := r.opening(ctx, f, formatOf(f.Container))
	var err error
	switch {
	case f.Archives == "list":
		err = o.list()
	case f.Archives == "all":
		err = o.all()
	default:
		err = o.sample()
	}
	if err == nil {
		err = o.keep()
	}
	if err != nil {
		return crawler.Inspection{}, err
	}
	return o.finish(), nil
}

// formatOf is the format of a container by its first bytes; "" where those can
// be read only once.
func formatOf(src *container.Source) string {
	if src.At == nil {
		return ""
	}
	head := make([]byte, sniffed)
	n, _ := src.At.ReadAt(head, 0) // what cannot be read ends the walk with its cause
	return container.Sniff(head[:n], src.Name)
}

// list reads what the container states, if it can be had without the bodies.
func (o *opening) list() error {
	if !container.Directory(o.format) {
		o.skip("names alone cannot be had of this format: they stand between the bodies")
		return nil
	}
	members, report, err := o.directory()
	if err == nil && !o.stated {
		err = o.manifest("", report.Format, false) // as far as it could be read
	}
	if err != nil || !o.stated && o.refused(report) {
		return err
	}
	o.out.Containers.Listed++
	o.out.Members = len(members)
	if report.Cause != "" {
		o.out.Cause, o.out.Why = crawler.Cause(report.Cause), report.Why
		o.whole(report.Cause, report.Why)
		return nil
	}
	o.skip(fmt.Sprintf("archives = \"list\": of %d members names and sizes alone", len(members)))
	return nil
}

// skip says that setting, not the container, kept members from being looked at.
func (o *opening) skip(why string) {
	o.out.Cause, o.out.Why = crawler.Sampled, why
	o.whole(string(crawler.Sampled), why)
}

// whole notes that the outermost container was not looked at wholly.
func (o *opening) whole(cause, why string) {
	o.unopened(container.Member{Format: o.format, Size: o.found.Container.Size}, cause, why)
}

// refused takes over why a container could not be opened, or not to its end.
func (o *opening) refused(report container.Report) bool {
	if o.format == "" {
		o.format = report.Format
	}
	if report.Cause == "" {
		return false
	}
	o.out.Cause, o.out.Why = crawler.Cause(report.Cause), report.Why
	o.out.Containers.NotOpened++
	o.whole(report.Cause, report.Why)
	return true
}

// directory reads names and sizes, and raises what they tell. Of one that cannot
// be read to its end nothing is raised yet: a walk may find more. That a volume
// is missing takes nothing from a directory.
func (o *opening) directory() (members []container.Member, report container.Report, err error) {
	report, err = o.walk(container.Options{List: true}, func(m container.Member, _ io.Reader) error {
		if m.Dir {
			return nil
		}
		if m.Cause != "" {
			o.unopened(m, m.Cause, m.Why)
		}
		o.state("", m)
		members = append(members, m)
		return nil
	})
	if err != nil || report.Cause != "" && report.Cause != string(crawler.Split) {
		return nil, report, err
	}
	o.stated = true
	return members, report, o.manifest("", report.Format, true)
}

// all walks through everything, a slice at a time where the caller can go on.
func (o *opening) all() error {
	if o.found.From == 0 && container.Directory(o.format) {
		if _, _, err := o.directory(); err != nil {
			return err
		}
		o.startOver()
	}
	o.resume()
	report, err := o.walk(container.Options{From: o.found.From}, func(m container.Member, body io.Reader) error {
		if err := o.visit(m, body); err != nil {
			return err
		}
		if o.found.Slices && (o.members >= sliceMembers || time.Since(o.began) >= sliceTime) {
			return container.Enough
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.out.Members = o.members
	return o.end(report)
}

// startOver forgets what a walk settles: it says again what is wrong with the
// container, and a broken directory keeps it from nothing that can be read.
func (o *opening) startOver() {
	o.out.Unopened, o.untold = nil, 0
	if !o.stated {
		delete(o.lines, "")
	}
}

// end settles a walk through all or some members.
func (o *opening) end(report container.Report) error {
	if o.format == "" {
		o.format = report.Format
	}
	if !o.stated {
		if err := o.manifest("", report.Format, false); err != nil {
			return err
		}
	}
	if report.Next != 0 && o.found.Slices {
		o.suspend()
		o.out.Next = report.Next
		return nil
	}
	if !o.refused(report) && o.out.Cause == "" {
		o.out.Containers.Opened++
	}
	return nil
}

// walk is one walk under the rules in force.
func (o *opening) walk(options container.Options, visit container.Visit) (container.Report, error) {
	options.Limits = o.rules.containers
	src := *o.found.Container
	report, err := o.room.walk(o.ctx, src, options, visit)
	if err == nil {
		err = o.ctx.Err() // cut short, it saw less
	}
	return report, err
}

// raise tells people: the first finding at once, for the walk may last.
func (o *opening) raise(reports []alert.Report) error {
	for i := range reports {
		if at := rank(reports[i].Verdict); at < o.strongest {
			o.strongest, o.out.Verdict = at, reports[i].Verdict
		}
	}
	o.reports = append(o.reports, reports...)
	if len(o.reports) == 0 || o.raised && len(o.reports) < raiseEvery {
		return nil
	}
	return o.flush()
}

// rank is the place of a verdict among all, the strongest first.
func rank(verdict string) int {
	if at := slices.Index(alert.Verdicts(), verdict); at >= 0 {
		return at
	}
	return len(alert.Verdicts())
}

func (o *opening) flush() error {
	if len(o.reports) == 0 || o.quiet {
		return nil
	}
	if err := o.room.o.Alerts.Raise(o.ctx, o.reports); err != nil {
		return err
	}
	o.raised, o.reports = true, o.reports[:0]
	return nil
}

// unopened notes a member that was not looked at, or not wholly.
func (o *opening) unopened(m container.Member, cause, why string) {
	if len(o.out.Unopened) >= maxUnopened {
		o.untold++
		return
	}
	o.out.Unopened = append(o.out.Unopened, crawler.Unopened{
		Container: o.format, Member: m.Name, Size: m.Size, Cause: crawler.Cause(cause), Why: why,
	})
}

// finish is what the crawler is told.
func (o *opening) finish() crawler.Inspection {
	for i := range o.out.Unopened {
		o.out.Unopened[i].Container = o.format
	}
	if o.untold > 0 {
		last := &o.out.Unopened[len(o.out.Unopened)-1]
		last.Why = strings.TrimPrefix(fmt.Sprintf("%s; and %d more members", last.Why, o.untold), "; ")
	}
	if o.out.Cause == "" {
		o.out.Cause = crawler.OK
	}
	return o.out
}
