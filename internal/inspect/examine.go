package inspect

import (
	"context"
	"crypto/sha256"
	"slices"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

// Examine compares one file's bytes with the sets and tells nobody but the
// caller: what Inspect would tell of them as a picture or as a text. Member is
// what the file is called in the container at path, "" for the file at path.
func (r *Room) Examine(ctx context.Context, path, member string, data []byte) ([]Line, error) {
	seen, err := r.Look(ctx, data)
	if err != nil {
		return nil, err
	}
	lines := seen.Lines(path)
	for i := range lines {
		lines[i].Member = textOf(member)
	}
	more, err := r.inside(ctx, path, member, seen, data)
	if err != nil || len(more) == 0 {
		return lines, err
	}
	if lines[0].Verdict == none && (more[0].Verdict != none || seen.cause() == string(crawler.NotAPicture)) {
		lines = nil // more says it
	}
	lines = append(lines, more...)
	slices.SortStableFunc(lines, func(a, b Line) int { return rank(a.Verdict) - rank(b.Verdict) })
	return lines, nil
}

// inside is what a picture says beside its pixels, or all that a text says and
// what of it could not be looked at. One that is longer than a picture may be was
// cut off on its way, or may have been, and keeps that cause.
func (r *Room) inside(ctx context.Context, path, member string, seen Seen, data []byte) ([]Line, error) {
	head := data[:min(len(data), sniffed)]
	if picture.Sniff(head) != "" {
		return linesOf(path, seen.Print, r.pictureText(place{member: member, sum: seen.SHA256}, data, "")), nil
	}
	if !container.IsText(head) {
		return nil, nil
	}
	o := r.opening(ctx, crawler.Found{}, "text")
	o.quiet = true
	if err := o.text(container.Member{Name: member}, data, sha256.Sum256(data)); err != nil {
		return nil, err
	}
	of := seen.Print
	if of.cause() == string(crawler.NotAPicture) {
		of = Print{}
	}
	lines := linesOf(path, of, o.reports)
	for _, u := range o.finish().Unopened {
		lines = append(lines, Empty(path, u.Member, string(u.Cause), u.Why))
	}
	return lines, nil
}

// Stated compares what a container states with the sets: a line for each of
// which enough is stated, or whose selectors are among the names.
func (r *Room) Stated(path, member string, stated []container.Line) []Line {
	p := place{member: member}
	return linesOf(path, Print{}, append(r.stated(p, stated), r.names(p, stated)...))
}

// linesOf are reports as `match` prints them, of what has the cause of a print.
func linesOf(path string, of Print, reports []alert.Report) (out []Line) {
	for _, f := range reports {
		l := Line{
			Path: path, Member: textOf(f.Member), Verdict: f.Verdict, Set: &f.Set, SetVersion: &f.SetVersion, Cause: of.Cause, Why: textOf(of.why),
			Agree: f.Agree, Of: f.Of, Count: f.Count, Samples: append([]string{}, f.Samples...), Explain: f.Explain,
		}
		if f.Kind == alert.KindPicture || f.Kind == "" {
			l.Ref, l.Distance, l.Lead, l.Algorithm, l.Orientation = &f.Ref, f.Distance, f.Lead, &f.Algorithm, &f.Orientation
			l.Window, l.EntryWindow, l.Frame, l.Stage = f.Window, f.EntryWindow, &f.Frame, &f.Stage
		}
		out = append(out, l)
	}
	return out
}

func textOf(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// none is the verdict of a line of what is like no entry.
const none = "none"

// Empty is the line of what is like no entry, or could not be looked at for a
// cause.
func Empty(path, member, cause, why string) Line {
	return Line{Path: path, Member: textOf(member), Verdict: none, Cause: textOf(cause), Why: textOf(why), Samples: []string{}, Explain: explain(match.Explain{})}
}
