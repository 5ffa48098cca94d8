package alert

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/oklog/ulid/v2"

	"leakwatch/internal/kv"
)

const (
	pageSize     = 256  // records that one transaction reads for a list
	showFindings = 1000 // findings that Show gives
)

// Filter says which alerts List gives. What is empty does not matter.
type Filter struct {
	Site, Set, State, Verdict string
	After                     string // an id, or the Cursor of the last alert of the page before
	Limit                     int    // 0: all
}

func (f Filter) matches(r *record) bool {
	return (f.Site == "" || f.Site == r.Site) && (f.Set == "" || f.Set == r.Set) &&
		(f.State == "" || f.State == r.State) && (f.Verdict == "" || f.Verdict == r.verdict())
}

// index returns the index that serves f best, the start of its keys, and
// whether it serves f alone.
func (f Filter) index() (name string, start []byte, alone bool) {
	asked := 0
	for _, s := range []string{f.Site, f.Set, f.State, f.Verdict} {
		if s != "" {
			asked++
		}
	}
	alone = asked <= 1 && f.Verdict == ""
	switch {
	case f.Site != "":
		return "sites", prefix(f.Site), alone
	case f.Set != "":
		return "sets", prefix(f.Set), alone
	case f.State != "":
		return "states", prefix(f.State), alone
	}
	return "seen", nil, alone
}

// Cursor is where the next page of a list begins: behind this alert, wherever
// it has moved since.
func (a Alert) Cursor() string {
	return hex.EncodeToString(age(a.LastSeen.UnixNano())) + a.ID
}

// List gives the alerts, the last seen first. Which ones, and in what order, is
// settled at the start, so that a list is whole although alerts move while it
// is read; what they hold is read page by page. No transaction is open while
// the consumer works.
func (a *Alerts) List(ctx context.Context, f Filter) iter.Seq2[Alert, error] {
	return func(yield func(Alert, error) bool) {
		given := 0
		for r, err := range a.records(ctx, f) {
			if err != nil {
				yield(Alert{}, err)
				return
			}
			if !yield(r.alert(), nil) {
				return
			}
			if given++; given == f.Limit {
				return
			}
		}
	}
}

// records is List before its limit.
func (a *Alerts) records(ctx context.Context, f Filter) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		ids, err := a.ids(f)
		if err != nil {
			yield(nil, fmt.Errorf("list alerts: %w", err))
			return
		}
		for page := range slices.Chunk(ids, pageSize) {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			records, err := a.read(page)
			if err != nil {
				yield(nil, fmt.Errorf("list alerts: %w", err))
				return
			}
			for _, r := range records {
				if f.matches(r) && !yield(r, nil) {
					return
				}
			}
		}
	}
}

// ids lists the alerts that f may mean.
func (a *Alerts) ids(f Filter) (ids []string, err error) {
	if err := oneOf("state", f.State, States()); err != nil {
		return nil, err
	}
	if err := oneOf("verdict", f.Verdict, Verdicts()); err != nil {
		return nil, err
	}
	err = a.db.View(func(tx *kv.Tx) error {
		name, start, alone := f.index()
		limit := 0
		if alone {
			limit = f.Limit
		}
		from := start
		if f.After != "" {
			after, err := behind(tx, f.After)
			if err != nil {
				return err
			}
			from = join(start, after)
		}
		for _, key := range keysFrom(bucket(tx, name), start, from, limit) {
			ids = append(ids, string(key[len(key)-idLen:]))
		}
		return nil
	})
	return ids, err
}

// behind turns what Filter.After says into the end of the first key that may
// follow.
func behind(tx *kv.Tx, after string) ([]byte, error) {
	if len(after) == idLen {
		var r record
		ok, err := getJSON(bucket(tx, "alerts"), []byte(after), &r)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("alert %q: %w", after, ErrNoAlert)
		}
		after = r.alert().Cursor()
	}
	if len(after) != 16+idLen {
		return nil, &InvalidError{Field: "after", Value: after, Why: "is neither an id nor the cursor of an alert"}
	}
	old, err := hex.DecodeString(after[:16])
	if err != nil {
		return nil, &InvalidError{Field: "after", Value: after, Why: "is neither an id nor the cursor of an alert"}
	}
	return join(old, []byte(after[16:]), []byte{0}), nil
}

// read returns the records of ids.
func (a *Alerts) read(ids []string) (records []*record, err error) {
	err = a.db.View(func(tx *kv.Tx) error {
		b := bucket(tx, "alerts")
		for _, id := range ids {
			r := new(record)
			if ok, err := getJSON(b, []byte(id), r); err != nil {
				return err
			} else if ok {
				records = append(records, r)
			}
		}
		return nil
	})
	return records, err
}

// Show gives an alert with its reviews and its findings, the strongest first
// and at most 1,000; Findings gives all.
func (a *Alerts) Show(ctx context.Context, id string) (Detail, error) {
	if err := ctx.Err(); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := a.db.View(func(tx *kv.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		if d, err = detail(tx, r); err != nil {
			return err
		}
		for _, key := range keys(bucket(tx, "ranks"), []byte(r.ID), showFindings) {
			f, err := readFinding(tx, join(key[:idLen], key[len(key)-findingLen:]))
			if err != nil {
				return err
			}
			d.Findings = append(d.Findings, f)
		}
		return nil
	})
	if err != nil {
		return Detail{}, fmt.Errorf("show alert %q: %w", id, err)
	}
	return d, nil
}

// Findings gives all findings of an alert in the order of their ids, which no
// later sighting changes.
func (a *Alerts) Findings(ctx context.Context, id string) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		from := []byte(id)
		for {
			page, next, err := a.findingsFrom(ctx, id, from)
			if err != nil {
				yield(Finding{}, fmt.Errorf("findings of alert %q: %w", id, err))
				return
			}
			for _, f := range page {
				if !yield(f, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			from = next
		}
	}
}

// findingsFrom reads a page of findings; next is nil behind the last one.
func (a *Alerts) findingsFrom(ctx context.Context, id string, from []byte) (page []Finding, next []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	err = a.db.View(func(tx *kv.Tx) error {
		if _, err := find(tx, id); err != nil {
			return err
		}
		found := keysFrom(bucket(tx, "findings"), []byte(id), from, pageSize)
		for _, key := range found {
			f, err := readFinding(tx, key)
			if err != nil {
				return err
			}
			page = append(page, f)
		}
		if len(found) == pageSize {
			next = append(found[pageSize-1], 0)
		}
		return nil
	})
	return page, next, err
}

// find returns the record of id or ErrNoAlert.
func find(tx *kv.Tx, id string) (*record, error) {
	if _, err := ulid.ParseStrict(id); err != nil {
		return nil, ErrNoAlert
	}
	r := new(record)
	ok, err := getJSON(bucket(tx, "alerts"), []byte(id), r)
	if err == nil && !ok {
		err = ErrNoAlert
	}
	return r, err
}

// detail is an alert with its reviews, still without findings.
func detail(tx *kv.Tx, r *record) (Detail, error) {
	d := Detail{Alert: r.alert(), Findings: []Finding{}, FindingsTotal: r.Findings, Reviews: []Reviewed{}}
	c := bucket(tx, "reviews").Cursor()
	for k, v := c.Seek([]byte(r.ID)); hasPrefix(k, []byte(r.ID)); k, v = c.Next() {
		var one Reviewed
		if err := json.Unmarshal(v, &one); err != nil {
			return d, fmt.Errorf("read review: %w", err)
		}
		d.Reviews = append(d.Reviews, one)
	}
	return d, nil
}

// readFinding returns the finding at key with its decision and sightings.
func readFinding(tx *kv.Tx, key []byte) (Finding, error) {
	var f found
	if _, err := getJSON(bucket(tx, "findings"), key, &f); err != nil {
		return Finding{}, err
	}
	sightings := []Sighting{}
	start := join(key, []byte("a"))
	c := bucket(tx, "sightings").Cursor()
	for k, v := c.Seek(start); hasPrefix(k, start); k, v = c.Next() {
		var p place
		if err := json.Unmarshal(v, &p); err != nil {
			return Finding{}, fmt.Errorf("read sighting: %w", err)
		}
		sightings = append(sightings, Sighting{URL: p.URL, Page: text(p.Page), Container: text(p.Container), Member: text(p.Member), FirstSeen: at(p.First), LastSeen: at(p.Last)})
	}
	slices.SortStableFunc(sightings, func(a, b Sighting) int { return a.FirstSeen.Compare(b.FirstSeen) })
	return f.finding(key[idLen:], string(bucket(tx, "decisions").Get(key)), sightings), nil
}

// Tally counts the alerts of each state, and the open ones of each site.
type Tally struct {
	States map[string]int
	Sites  map[string]int
}

// Tally counts by walking an index, not the records.
func (a *Alerts) Tally(ctx context.Context) (Tally, error) {
	t := Tally{States: map[string]int{}, Sites: map[string]int{}}
	if err := ctx.Err(); err != nil {
		return t, err
	}
	err := a.db.View(func(tx *kv.Tx) error {
		c := bucket(tx, "states").Cursor()
		for _, state := range States() {
			t.States[state] = 0
			start := prefix(state)
			for k, site := c.Seek(start); hasPrefix(k, start); k, site = c.Next() {
				t.States[state]++
				if state != StateClosed {
					t.Sites[string(site)]++
				}
			}
		}
		return nil
	})
	return t, err
}
