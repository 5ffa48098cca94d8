package alert

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"time"

	"leakwatch/internal/kv"
)

// matters is the work of one transaction on alerts: each is read once and
// written once, with its indexes and its notice.
type matters struct {
	tx       *kv.Tx
	findings *kv.Bucket
	changes  map[string]*change // by id
	order    []*change
	told     bool // a notice was written
}

// change is an alert under work. before is nil when it is new.
type change struct {
	record
	before *record
	stated found // the largest manifest or text that was raised now, zero if none
}

// see widens the time in which the alert was seen.
func (c *change) see(first, last int64) {
	c.First, c.Last = min(c.First, first), max(c.Last, last)
}

func openMatters(tx *kv.Tx) *matters {
	return &matters{tx: tx, findings: bucket(tx, "findings"), changes: map[string]*change{}}
}

func matterKey(site, set string) []byte { return join(prefix(site), []byte(set)) }

// of returns the open alert of a site and a set, a new one if there is none.
func (m *matters) of(site, set string, when time.Time) (*change, error) {
	key := matterKey(site, set)
	previous := string(bucket(m.tx, "matters").Get(key))
	if previous != "" {
		c, err := m.load(previous)
		if err != nil || c.State != StateClosed {
			return c, err
		}
	}
	id, err := nextID(bucket(m.tx, "alerts"), time.Now())
	if err != nil {
		return nil, err
	}
	c := &change{record: record{
		ID: id, Site: site, Set: set, State: StateNew, Previous: previous,
		First: when.UnixNano(), Last: when.UnixNano(), Verdicts: map[string]int{},
	}}
	m.changes[id] = c
	m.order = append(m.order, c)
	// The next new id looks for the last one, and the next report for this matter.
	if err := putJSON(bucket(m.tx, "alerts"), []byte(id), &c.record); err != nil {
		return nil, err
	}
	return c, bucket(m.tx, "matters").Put(key, []byte(id))
}

// load returns the alert of an id for changing it.
func (m *matters) load(id string) (*change, error) {
	if c, ok := m.changes[id]; ok {
		return c, nil
	}
	c := new(change)
	ok, err := getJSON(bucket(m.tx, "alerts"), []byte(id), &c.record)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("alert %q: %w", id, ErrNoAlert)
	}
	before := c.record
	before.Verdicts = maps.Clone(c.Verdicts)
	c.before = &before
	m.changes[id] = c
	m.order = append(m.order, c)
	return c, nil
}

// save writes what was changed.
func (m *matters) save() error {
	for _, c := range m.order {
		if c.before != nil && reflect.DeepEqual(c.record, *c.before) {
			continue
		}
		if err := putJSON(bucket(m.tx, "alerts"), []byte(c.ID), &c.record); err != nil {
			return err
		}
		if err := m.reindex(c); err != nil {
			return err
		}
		if err := m.tell(c); err != nil {
			return err
		}
	}
	return nil
}

// entry is one line of an index of alerts.
type entry struct {
	bucket     string
	key, value []byte
}

func (r *record) entries() []entry {
	tail := join(age(r.Last), []byte(r.ID))
	return []entry{
		{"seen", tail, nil},
		{"states", join(prefix(r.State), tail), []byte(r.Site)},
		{"sites", join(prefix(r.Site), tail), []byte(r.State)},
		{"sets", join(prefix(r.Set), tail), []byte(r.State)},
	}
}

// reindex moves the lines that changed.
func (m *matters) reindex(c *change) error {
	var old []entry
	if c.before != nil {
		old = c.before.entries()
	}
	for i, e := range c.entries() {
		b := bucket(m.tx, e.bucket)
		if old != nil {
			if bytes.Equal(old[i].key, e.key) && bytes.Equal(old[i].value, e.value) {
				continue
			}
			if err := b.Delete(old[i].key); err != nil {
				return err
			}
		}
		if err := b.Put(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}

func hasPrefix(key, start []byte) bool { return key != nil && bytes.HasPrefix(key, start) }

// keys copies the keys of b that begin with start, at most limit if it is not 0.
func keys(b *kv.Bucket, start []byte, limit int) [][]byte {
	return keysFrom(b, start, start, limit)
}

// keysFrom is keys from the key from on.
func keysFrom(b *kv.Bucket, start, from []byte, limit int) [][]byte {
	var all [][]byte
	c := b.Cursor()
	for k, _ := c.Seek(from); hasPrefix(k, start) && (limit == 0 || len(all) < limit); k, _ = c.Next() {
		all = append(all, bytes.Clone(k))
	}
	return all
}
