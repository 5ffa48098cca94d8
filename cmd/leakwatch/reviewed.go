package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"leakwatch/internal/alert"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
)

// reviewed joins what people say of findings with the sets that found them. No
// transaction spans the two rooms: the review is on the disk first, and what
// follows from it can be worked out of the reviews again, as every start does.
type reviewed struct {
	*alert.Alerts
	sets *match.Sets
	log  *slog.Logger
}

const falsePositive = "false_positive"

// Review has a picture that is called a false positive raise no more, nor its
// near copies; another decision undoes it.
func (r reviewed) Review(ctx context.Context, id string, said alert.Review) (alert.Detail, error) {
	d, err := r.Alerts.Review(ctx, id, said)
	if err != nil || said.Decision == "" {
		return d, err
	}
	if err := r.takeOver(ctx, d.ID); err != nil {
		return d, fmt.Errorf("the review is kept, but takes effect at the next start: %w", err)
	}
	return d, nil
}

// takeOver gives the sets the false positives of one alert or, where id is "",
// of all.
func (r reviewed) takeOver(ctx context.Context, id string) error {
	return r.sets.Negate(ctx, id, negatives(r.Decided(ctx, id, falsePositive)))
}

func negatives(all iter.Seq2[alert.Decided, error]) iter.Seq2[match.Negative, error] {
	return func(yield func(match.Negative, error) bool) {
		for d, err := range all {
			n := match.Negative{ID: d.Alert + "/" + d.Finding, Set: d.Set, SHA256: d.SHA256, Window: phash.Whole(), Frame: d.Frame}
			if d.Window != nil {
				n.Window = *d.Window
			}
			if p, bad := phash.ParsePDQ(d.PDQ); bad == nil {
				n.PDQ = &p
			}
			if !yield(n, err) || err != nil {
				return
			}
		}
	}
}

// Raise also counts what each entry raises: one that floods is put into
// quarantine.
func (r reviewed) Raise(ctx context.Context, reports []alert.Report) error {
	if err := r.Alerts.Raise(ctx, reports); err != nil {
		return err
	}
	for i := range reports {
		if reports[i].Verdict != match.Copy {
			continue
		}
		if err := r.count(ctx, &reports[i]); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.log.Error("an entry that floods stays as it is", "set", reports[i].Set, "err", err)
		}
	}
	return nil
}

func (r reviewed) count(ctx context.Context, found *alert.Report) error {
	sum, err := hex.DecodeString(found.SHA256)
	if err != nil || len(sum) != 32 {
		return err
	}
	flooded, err := r.sets.Raised(ctx, found.Set, found.Ref, [32]byte(sum), found.At)
	if err != nil || !flooded {
		return err
	}
	r.log.Warn("an entry floods: from now on it is judged on exact bytes only", "set", found.Set, "ref", found.Ref)
	note := fmt.Sprintf("ref %s raised more than %d different pictures within a day: it is judged on exact bytes only until `leakwatch hashset disable %s %s --undo`",
		found.Ref, match.FloodPictures, found.Set, found.Ref)
	text := fmt.Sprintf("site %s: an entry of set %s raised more than %d different pictures within a day and is judged on exact bytes only from now on",
		found.Site, found.Set, match.FloodPictures)
	err = r.Remark(ctx, found.Site, found.Set, "leakwatch", note, text)
	if errors.Is(err, alert.ErrNoAlert) {
		return nil
	}
	return err
}
