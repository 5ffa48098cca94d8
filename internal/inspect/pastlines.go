package inspect

import (
	"context"
	"slices"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/seen"
)

// askLines asks sets for the manifests from where the mark is, as askAll does
// for pictures: their lines by what they state, the names in archives for
// selectors. A listing is a text, of which the names are a part: as that it was
// raised, and is read again when sets change.
func (p *Past) askLines(ctx context.Context, m *pastMark, sets []string) (done bool, err error) {
	if !p.room.o.Sets.HasManifests() && !p.room.o.Sets.HasSelectors() {
		return true, nil
	}
	for start := time.Now(); time.Since(start) < pastEvery; {
		p.report(m, sets)
		one, known, err := p.o.Seen.Manifest(m.Manifest)
		if err != nil || !known {
			return err == nil, err
		}
		raised, err := p.askManifest(ctx, sets, &one)
		if err != nil {
			return false, err
		}
		if m.Manifest++; raised {
			m.Raised++
		}
	}
	return false, nil
}

func (p *Past) askManifest(ctx context.Context, sets []string, one *seen.Manifest) (raised bool, err error) {
	if err := p.yield(ctx); err != nil {
		return false, err
	}
	all := func() []alert.Report {
		defer p.room.cores.Release(1)
		f := crawler.Found{Site: one.Site, URL: one.URL, Page: one.Page, At: one.First}
		at := place{found: f, container: one.Container, member: one.Member, format: one.Container}
		found := p.room.stated(at, one.Lines)
		if archive(one.Container) && (one.Member == "" || containerName(one.Member)) {
			found = append(found, p.room.names(at, one.Lines)...)
		}
		return found
	}()
	var reports []alert.Report
	for _, r := range all {
		if !slices.Contains(sets, r.Set) {
			continue
		}
		verdict, err := p.o.Alerts.Known(ctx, r.Site, r.Set, r.Kind, r.SHA256)
		if err != nil {
			return false, err
		}
		if verdict != "" {
			continue
		}
		r.Stage = StagePast
		if reports = append(reports, r); one.Last.After(one.First) {
			r.At = one.Last
			reports = append(reports, r)
		}
	}
	if len(reports) == 0 {
		return false, nil
	}
	return true, p.o.Alerts.Raise(ctx, reports)
}
