package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leakwatch/internal/kv"
)

const (
	patience  = 3 * 24 * time.Hour  // from the first try on; then a notice is a dead letter
	retention = 30 * 24 * time.Hour // of notices that are done with
)

// Channel says which notices one way to people gets. An empty list means all.
// Sets and verdicts say nothing of notices that are about no set.
type Channel struct {
	Name     string   `json:"name"`
	Sets     []string `json:"sets,omitempty"`
	Sites    []string `json:"sites,omitempty"`
	Verdicts []string `json:"verdicts,omitempty"`
	Events   []string `json:"events,omitempty"`
}

func (c *Channel) wants(n *Notice) bool {
	in := func(list []string, value string) bool {
		return len(list) == 0 || value == "" || slices.Contains(list, value)
	}
	return in(c.Events, n.Kind) && in(c.Sites, n.Site) && in(c.Sets, n.Set) && in(c.Verdicts, n.Verdict)
}

func (c *Channel) check() error {
	if c.Name == "" || len(c.Name) > maxName || strings.ContainsRune(c.Name, 0) {
		return &InvalidError{Field: "channel", Value: c.Name, Why: fmt.Sprintf("needs a name of 1 to %d bytes", maxName)}
	}
	for _, v := range c.Verdicts {
		if !slices.Contains(Verdicts(), v) {
			return &InvalidError{Field: "verdicts", Value: v, Allowed: Verdicts()}
		}
	}
	for _, e := range c.Events {
		if !slices.Contains(Events(), e) {
			return &InvalidError{Field: "events", Value: e, Allowed: Events()}
		}
	}
	return nil
}

// channelRecord is a channel as stored. One that left the config keeps its
// pending notices for the time that it may come back.
type channelRecord struct {
	Channel
	On   bool `json:"on"`
	Dead int  `json:"dead,omitempty"` // dead letters since the last delivery
}

// pendingRecord is a notice on its way to one channel.
type pendingRecord struct {
	Lane  string    `json:"lane,omitempty"`
	Tries int       `json:"tries,omitempty"`
	First time.Time `json:"first,omitzero"` // of the first try
	Next  time.Time `json:"next,omitzero"`  // not to be tried before
	Err   string    `json:"err,omitempty"`  // of the last try
}

// SetChannels says who is told from now on. A new channel begins with the
// notices made after this; what was pending for one that is still there stays
// pending, whatever its filter says now.
func (a *Alerts) SetChannels(channels []Channel) error {
	names := map[string]bool{}
	for _, c := range channels {
		if err := c.check(); err != nil {
			return fmt.Errorf("set channels: %w", err)
		}
		if names[c.Name] {
			return fmt.Errorf("set channels: %w", &InvalidError{Field: "channel", Value: c.Name, Why: "is there twice"})
		}
		names[c.Name] = true
	}
	err := a.db.Update(func(tx *kv.Tx) error {
		known, err := channelRecords(tx)
		if err != nil {
			return err
		}
		b := bucket(tx, "channels")
		for name, r := range known {
			if r.On && !names[name] {
				r.On = false
				if err := putJSON(b, []byte(name), r); err != nil {
					return err
				}
			}
		}
		for _, c := range channels {
			if err := putJSON(b, []byte(c.Name), channelRecord{Channel: c, On: true, Dead: known[c.Name].Dead}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set channels: %w", err)
	}
	a.rouse()
	return nil
}

func channelRecords(tx *kv.Tx) (map[string]channelRecord, error) {
	all := map[string]channelRecord{}
	err := bucket(tx, "channels").ForEach(func(name, value []byte) error {
		var r channelRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read channel %q: %w", name, err)
		}
		all[string(name)] = r
		return nil
	})
	return all, err
}

// send writes n and makes it pending for every channel that wants it and that
// to accepts. A notice that nobody wants is not written.
func send(tx *kv.Tx, n Notice, to func(Channel) bool) (bool, error) {
	channels, err := channelRecords(tx)
	if err != nil {
		return false, err
	}
	for name, c := range channels {
		if !c.On || !c.wants(&n) || !to(c.Channel) {
			continue
		}
		if n.ID == "" {
			if n.ID, err = nextID(bucket(tx, "notices"), time.Now()); err != nil {
				return false, err
			}
			if err := putJSON(bucket(tx, "notices"), []byte(n.ID), &n); err != nil {
				return false, err
			}
		}
		if err := putJSON(bucket(tx, "pending"), join(prefix(name), []byte(n.ID)), pendingRecord{Lane: n.lane()}); err != nil {
			return false, err
		}
	}
	return n.ID != "", nil
}

// Wake returns a channel that is closed when there are new notices. Take it
// before asking Pending, so that none falls between.
func (a *Alerts) Wake() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wake
}

// rouse wakes all who wait for notices.
func (a *Alerts) rouse() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.wake)
	a.wake = make(chan struct{})
}

// Backlog is how far behind one channel is.
type Backlog struct {
	Channel string    `json:"channel"`
	On      bool      `json:"on"` // it is in the config
	Pending int       `json:"pending"`
	Dead    int       `json:"dead"`   // dead letters, kept
	Oldest  time.Time `json:"oldest"` // when the oldest pending notice was made; zero: none
}

// Backlogs tells of every channel, by name.
func (a *Alerts) Backlogs(ctx context.Context) ([]Backlog, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := []Backlog{}
	err := a.db.View(func(tx *kv.Tx) error {
		channels, err := channelRecords(tx)
		if err != nil {
			return err
		}
		dead := map[string]int{}
		c := bucket(tx, "dead").Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			dead[string(k[idLen:])]++
		}
		for name, r := range channels {
			b := Backlog{Channel: name, On: r.On, Dead: dead[name]}
			start := prefix(name)
			c := bucket(tx, "pending").Cursor()
			for k, _ := c.Seek(start); hasPrefix(k, start); k, _ = c.Next() {
				if b.Pending++; b.Pending == 1 {
					b.Oldest = madeAt(string(k[len(start):]))
				}
			}
			all = append(all, b)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Backlog) int { return strings.Compare(a.Channel, b.Channel) })
	return all, err
}
