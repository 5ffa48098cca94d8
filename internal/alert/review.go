package alert

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"leakwatch/internal/kv"
)

const (
	maxNote     = 10_000 // bytes
	maxDecisive = 5_000  // findings that one transaction decides on
)

// Review is what somebody says of an alert. What is empty is left as it is.
type Review struct {
	Finding  string  // id; empty: Decision is about every finding that is there now
	Decision string  // one of Decisions
	State    string  // one of States
	Assignee *string // "" takes it from everybody
	Note     string
	By       string // who says it
}

// Reviewed is one line of an alert's history. Lines are only ever added.
type Reviewed struct {
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Finding  *string   `json:"finding"`
	Decision *string   `json:"decision"`
	State    *string   `json:"state"`
	Assignee *string   `json:"assignee"`
	Note     *string   `json:"note"`
}

func (r *Review) check() error {
	switch {
	case r.By == "":
		return &InvalidError{Field: "by", Why: "somebody must say it"}
	case r.State == "" && r.Decision == "" && r.Assignee == nil && r.Note == "":
		return &InvalidError{Field: "review", Why: "needs a state, a decision, an assignee or a note"}
	case len(r.Note) > maxNote:
		return &InvalidError{Field: "note", Value: clean(r.Note[:40]) + "...", Why: fmt.Sprintf("is longer than %d bytes", maxNote)}
	case r.Assignee != nil && len(*r.Assignee) > maxName:
		return &InvalidError{Field: "assignee", Value: clean((*r.Assignee)[:40]) + "...", Why: fmt.Sprintf("is longer than %d bytes", maxName)}
	case r.Finding != "" && r.Decision == "":
		return &InvalidError{Field: "decision", Allowed: Decisions()}
	}
	if err := oneOf("state", r.State, States()); err != nil {
		return err
	}
	return oneOf("decision", r.Decision, Decisions())
}

// Review adds a line to the history of an alert and carries out what it says.
// Saying the same twice in a row adds nothing. A closed alert is opened again
// only while no later one has taken its place.
func (a *Alerts) Review(ctx context.Context, id string, r Review) (Detail, error) {
	if err := ctx.Err(); err != nil {
		return Detail{}, err
	}
	err := r.check()
	if err == nil && r.Decision != "" && r.Finding == "" {
		err = a.decideAll(ctx, id, &r)
	}
	if err == nil {
		err = a.db.Batch(func(tx *kv.Tx) error { return review(tx, id, &r) })
	}
	if err != nil {
		return Detail{}, fmt.Errorf("review alert %q: %w", id, err)
	}
	return a.Show(ctx, id)
}

func review(tx *kv.Tx, id string, r *Review) error {
	if _, err := find(tx, id); err != nil {
		return err
	}
	m := openMatters(tx)
	c, err := m.load(id)
	if err != nil {
		return err
	}
	if err := r.mayOpen(tx, &c.record); err != nil {
		return err
	}
	if r.State != "" {
		c.State = r.State
	}
	if r.Assignee != nil {
		c.Assignee = clean(*r.Assignee)
	}
	if r.Finding != "" {
		if err := decide(tx, id, r.Finding, r.Decision); err != nil {
			return err
		}
	}
	if err := addReview(tx, id, r); err != nil {
		return err
	}
	return m.save()
}

// mayOpen refuses to open an alert that a later one follows.
func (r *Review) mayOpen(tx *kv.Tx, of *record) error {
	if r.State == "" || r.State == StateClosed {
		return nil
	}
	if newest := string(bucket(tx, "matters").Get(matterKey(of.Site, of.Set))); newest != of.ID {
		return fmt.Errorf("%w: %s", ErrFollowed, newest)
	}
	return nil
}

func decide(tx *kv.Tx, id, finding, decision string) error {
	raw, err := hex.DecodeString(finding)
	if err != nil || len(raw) != findingLen {
		return fmt.Errorf("finding %q: %w", finding, ErrNoFinding)
	}
	key := join([]byte(id), raw)
	if bucket(tx, "findings").Get(key) == nil {
		return fmt.Errorf("finding %q: %w", finding, ErrNoFinding)
	}
	return bucket(tx, "decisions").Put(key, []byte(decision))
}

// decideAll sets the decision of every finding. It takes several transactions
// for a large alert: killed on the way, some are decided, the history does not
// say so yet, and saying it again completes it.
func (a *Alerts) decideAll(ctx context.Context, id string, r *Review) error {
	from := []byte(id)
	for from != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		var next []byte
		err := a.db.Update(func(tx *kv.Tx) error {
			of, err := find(tx, id)
			if err != nil {
				return err
			}
			if err := r.mayOpen(tx, of); err != nil {
				return err
			}
			found := keysFrom(bucket(tx, "findings"), []byte(id), from, maxDecisive)
			for _, key := range found {
				if err := bucket(tx, "decisions").Put(key, []byte(r.Decision)); err != nil {
					return err
				}
			}
			next = nil
			if len(found) == maxDecisive {
				next = append(found[maxDecisive-1], 0)
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// addReview appends r to the history, unless its last line says just that.
func addReview(tx *kv.Tx, id string, r *Review) error {
	line := Reviewed{
		At: time.Now().UTC(), By: clean(r.By), Finding: text(r.Finding), Decision: text(r.Decision),
		State: text(r.State), Note: text(cleanNote(r.Note)),
	}
	if r.Assignee != nil {
		who := clean(*r.Assignee)
		line.Assignee = &who
	}
	b := bucket(tx, "reviews")
	number := uint64(1)
	if last := lastKey(b, []byte(id)); last != nil {
		number = binary.BigEndian.Uint64(last[idLen:]) + 1
		var before Reviewed
		if _, err := getJSON(b, last, &before); err != nil {
			return err
		}
		if before.says(line) {
			return nil
		}
	}
	return putJSON(b, join([]byte(id), binary.BigEndian.AppendUint64(nil, number)), line)
}

// says reports whether two lines differ in nothing but their time.
func (l Reviewed) says(other Reviewed) bool {
	same := func(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
	return l.By == other.By && same(l.Finding, other.Finding) && same(l.Decision, other.Decision) &&
		same(l.State, other.State) && same(l.Assignee, other.Assignee) && same(l.Note, other.Note)
}

// lastKey returns the last key that begins with start, or nil. What follows
// start in a key is never all 0xff.
func lastKey(b *kv.Bucket, start []byte) []byte {
	c := b.Cursor()
	end := join(start, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	k, _ := c.Seek(end)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if !hasPrefix(k, start) {
		return nil
	}
	return join(k)
}
