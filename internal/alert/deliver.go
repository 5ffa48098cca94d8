package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/oklog/ulid/v2"

	"leakwatch/internal/kv"
)

// Pending is a notice that a channel has still to deliver.
type Pending struct {
	Notice Notice
	Tries  int       // how often it was tried
	Due    time.Time // not to be tried before; zero: never tried
}

// Pending returns the notice that channel should deliver now. Notices of one
// alert come in order: a later one waits for the earlier. Those never tried go
// first, so that one that always fails holds up no other. When nothing is due,
// ok is false and Due says when to ask again, zero if not before Wake.
func (a *Alerts) Pending(ctx context.Context, channel string) (p Pending, ok bool, err error) {
	now := time.Now()
	p, ok, err = a.pending(ctx, channel, "", func(best, r *pendingRecord) bool {
		return best == nil || r.Next.Before(best.Next)
	})
	if ok && p.Due.After(now) {
		p, ok = Pending{Due: p.Due}, false
	}
	return p, ok, err
}

// PendingAfter returns the first notice behind the id after, in the order in
// which they were made, be it due or not.
func (a *Alerts) PendingAfter(ctx context.Context, channel, after string) (Pending, bool, error) {
	return a.pending(ctx, channel, after, func(best, _ *pendingRecord) bool { return best == nil })
}

// pending returns the notice that better prefers among the first ones of each
// lane.
func (a *Alerts) pending(ctx context.Context, channel, after string, better func(best, r *pendingRecord) bool) (p Pending, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return p, false, err
	}
	err = a.db.View(func(tx *kv.Tx) error {
		start := prefix(channel)
		lanes := map[string]bool{}
		var best *pendingRecord
		var id string
		c := bucket(tx, "pending").Cursor()
		for k, v := c.Seek(join(start, []byte(after))); hasPrefix(k, start); k, v = c.Next() {
			r := new(pendingRecord)
			if err := json.Unmarshal(v, r); err != nil {
				return fmt.Errorf("read pending notice %q: %w", k, err)
			}
			if string(k[len(start):]) == after || r.Lane != "" && lanes[r.Lane] {
				continue
			}
			lanes[r.Lane] = true
			if better(best, r) {
				best, id = r, string(k[len(start):])
			}
			if best.Next.IsZero() {
				break // nothing is better than the first one that was never tried
			}
		}
		if best == nil {
			return nil
		}
		p, ok = Pending{Tries: best.Tries, Due: best.Next}, true
		_, err := getJSON(bucket(tx, "notices"), []byte(id), &p.Notice)
		return err
	})
	if err != nil {
		return p, false, fmt.Errorf("next notice of %s: %w", channel, err)
	}
	return p, ok, nil
}

// Delivered notes that channel has delivered a notice. Killed before it, the
// notice is delivered again under the same id.
func (a *Alerts) Delivered(ctx context.Context, channel, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := a.db.Batch(func(tx *kv.Tx) error {
		key := join(prefix(channel), []byte(id))
		if bucket(tx, "pending").Get(key) == nil {
			return nil
		}
		if err := bucket(tx, "pending").Delete(key); err != nil {
			return err
		}
		if err := forgive(tx, channel); err != nil {
			return err
		}
		return bucket(tx, "delivered").Put(join([]byte(id), []byte(channel)), []byte(time.Now().UTC().Format(time.RFC3339)))
	})
	if err != nil {
		return fmt.Errorf("note delivery of notice %s by %s: %w", id, channel, err)
	}
	return nil
}

// forgive begins a new count of dead letters.
func forgive(tx *kv.Tx, channel string) error {
	var r channelRecord
	ok, err := getJSON(bucket(tx, "channels"), []byte(channel), &r)
	if err != nil || !ok || r.Dead == 0 {
		return err
	}
	r.Dead = 0
	return putJSON(bucket(tx, "channels"), []byte(channel), r)
}

// Failed notes that channel could not deliver a notice, and when to try again.
// Three days after the first try it becomes a dead letter: kept, counted, and
// told by the other channels.
func (a *Alerts) Failed(ctx context.Context, channel, id string, next time.Time, why string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	dead, told := false, false
	err := a.db.Batch(func(tx *kv.Tx) (err error) {
		dead, told = false, false
		key := join(prefix(channel), []byte(id))
		var r pendingRecord
		if ok, err := getJSON(bucket(tx, "pending"), key, &r); err != nil || !ok {
			return err
		}
		if r.Tries++; r.First.IsZero() {
			r.First = now.UTC()
		}
		r.Next, r.Err = next.UTC(), clean(why)
		if now.Sub(r.First) < patience {
			return putJSON(bucket(tx, "pending"), key, r)
		}
		dead = true
		told, err = bury(tx, channel, id, &r)
		return err
	})
	if err != nil {
		return fmt.Errorf("note failure of notice %s by %s: %w", id, channel, err)
	}
	if dead {
		a.log.Error("notice could not be delivered and is a dead letter", "channel", channel, "notice", id, "err", why)
	}
	if told {
		a.rouse()
	}
	return nil
}

// bury makes a pending notice a dead letter. The other channels are told of a
// channel's first one since its last delivery, and of each tenfold.
func bury(tx *kv.Tx, channel, id string, r *pendingRecord) (told bool, err error) {
	if err := bucket(tx, "pending").Delete(join(prefix(channel), []byte(id))); err != nil {
		return false, err
	}
	if err := putJSON(bucket(tx, "dead"), join([]byte(id), []byte(channel)), r); err != nil {
		return false, err
	}
	var n Notice
	if _, err := getJSON(bucket(tx, "notices"), []byte(id), &n); err != nil {
		return false, err
	}
	var c channelRecord
	if ok, err := getJSON(bucket(tx, "channels"), []byte(channel), &c); err != nil || !ok {
		return false, err
	}
	c.Dead++
	if err := putJSON(bucket(tx, "channels"), []byte(channel), c); err != nil {
		return false, err
	}
	tenfold := c.Dead == int(math.Pow10(magnitude(c.Dead)-1))
	if n.Kind == "dead_letter" || !tenfold { // two dead channels must not tell each other for ever
		return false, nil
	}
	e := Event{Kind: "dead_letter", At: time.Now(), Text: fmt.Sprintf("channel %s has not delivered %d notices within 3 days", channel, c.Dead)}
	return send(tx, e.notice(), func(other Channel) bool { return other.Name != channel })
}

// Prune forgets notices that are 30 days old and done with. Dead letters stay;
// what is pending for a channel that left the config goes.
func (a *Alerts) Prune(ctx context.Context) error {
	limit := time.Now().Add(-retention)
	from := []byte{}
	for from != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		var next []byte
		err := a.db.Update(func(tx *kv.Tx) (err error) {
			next, err = prunePage(tx, from, limit)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune notices: %w", err)
		}
		from = next
	}
	return nil
}

// prunePage looks at some notices; next is nil when all older than limit are
// looked at.
func prunePage(tx *kv.Tx, from []byte, limit time.Time) (next []byte, err error) {
	channels, err := channelRecords(tx)
	if err != nil {
		return nil, err
	}
	notices := bucket(tx, "notices")
	ids := keysFrom(notices, nil, from, pageSize)
	for _, id := range ids {
		if !madeAt(string(id)).Before(limit) {
			return nil, nil
		}
		keep := len(keys(bucket(tx, "dead"), id, 1)) > 0
		for name, c := range channels {
			key := join(prefix(name), id)
			switch pending := bucket(tx, "pending").Get(key) != nil; {
			case pending && c.On:
				keep = true
			case pending:
				if err := bucket(tx, "pending").Delete(key); err != nil {
					return nil, err
				}
			}
		}
		if keep {
			continue
		}
		for _, key := range keys(bucket(tx, "delivered"), id, 0) {
			if err := bucket(tx, "delivered").Delete(key); err != nil {
				return nil, err
			}
		}
		if err := notices.Delete(id); err != nil {
			return nil, err
		}
	}
	if len(ids) < pageSize {
		return nil, nil
	}
	return append(ids[len(ids)-1], 0), nil
}

// madeAt is the time in an id.
func madeAt(id string) time.Time {
	u, err := ulid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	return u.Timestamp().UTC()
}
