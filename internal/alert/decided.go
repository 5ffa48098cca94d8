package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"leakwatch/internal/kv"
)

// Decided is a finding of which somebody has decided, with what tells the found
// picture from others.
type Decided struct {
	Alert, Finding string // ids
	Set            string
	Decision       string
	SHA256, PDQ    string // of the found bytes; of the window, "" where it is not known
	Window         *[4]float64
	Frame          int
}

const decidedPage = 1000

// Decided gives out the findings with a decision: of one alert or, where id is
// "", of all. Nothing of the store is held while the consumer works.
func (a *Alerts) Decided(ctx context.Context, id, decision string) iter.Seq2[Decided, error] {
	return func(yield func(Decided, error) bool) {
		start := []byte(id)
		for from := start; from != nil; {
			page, next, err := a.decidedPage(start, from, decision)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(Decided{}, fmt.Errorf("read decisions: %w", err))
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
			from = next
		}
	}
}

// decidedPage reads some keys that begin with start; next is where to go on.
func (a *Alerts) decidedPage(start, from []byte, decision string) (page []Decided, next []byte, err error) {
	err = a.db.View(func(tx *kv.Tx) error {
		findings, alerts, sets := bucket(tx, "findings"), bucket(tx, "alerts"), map[string]string{}
		c := bucket(tx, "decisions").Cursor()
		n := 0
		for k, v := c.Seek(from); hasPrefix(k, start); k, v = c.Next() {
			if n++; n > decidedPage {
				next = bytes.Clone(k)
				return nil
			}
			if string(v) != decision || len(k) != idLen+findingLen {
				continue
			}
			id := string(k[:idLen])
			if _, known := sets[id]; !known {
				var of record
				if _, err := getJSON(alerts, k[:idLen], &of); err != nil {
					return err
				}
				sets[id] = of.Set
			}
			var f found
			if _, err := getJSON(findings, k, &f); err != nil {
				return err
			}
			page = append(page, Decided{
				Alert: id, Finding: fmt.Sprintf("%x", k[idLen:]), Set: sets[id], Decision: decision,
				SHA256: f.SHA256, PDQ: f.PDQ, Window: f.Window, Frame: f.Frame,
			})
		}
		return nil
	})
	return page, next, err
}

// Remark adds a note to the history of the newest alert of a site and a set,
// and tells text to those who hear of that alert. by is who says it.
func (a *Alerts) Remark(ctx context.Context, site, set, by, note, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := Review{By: by, Note: note}
	if err := r.check(); err != nil {
		return fmt.Errorf("remark: %w", err)
	}
	told := false
	err := a.db.Batch(func(tx *kv.Tx) error {
		id := bucket(tx, "matters").Get(matterKey(site, set))
		if id == nil {
			return ErrNoAlert
		}
		of, err := find(tx, string(id))
		if err != nil {
			return err
		}
		if err := addReview(tx, of.ID, &r); err != nil {
			return err
		}
		told, err = send(tx, Notice{
			Kind: kindAlert, At: time.Now().UTC(), Site: of.Site, Set: of.Set, Alert: of.ID, Previous: of.Previous,
			Verdict: of.verdict(), Findings: of.Findings, Refs: of.Refs, Reason: "growth", Text: clean(text),
		}, func(Channel) bool { return true })
		return err
	})
	if err != nil {
		return fmt.Errorf("remark on the alert of %s and %s: %w", site, set, err)
	}
	if told {
		a.rouse()
	}
	return nil
}
