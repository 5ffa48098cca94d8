package match

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"

	"leakwatch/internal/kv"
)

// What belongs to the name of a set and not to one of its versions, so that a
// later load finds it:
//
//	marks/NAME/REF     => Mark as JSON: an entry that is judged otherwise
//	settings/NAME      => settings as JSON
//	negatives/NAME/ID  => Negative as JSON
//
// A drop takes marks and settings away. Negatives are what reviews say of found
// pictures: they stay with the reviews.
const (
	marksBucket     = "marks"
	settingsBucket  = "settings"
	negativesBucket = "negatives"
)

// The kinds of a Mark.
const (
	Disabled    = "disabled"    // by somebody: not judged at all
	Quarantined = "quarantined" // by itself, for it floods: judged on exact bytes only
)

// Mark says that the entries of a ref are judged otherwise than the rest.
type Mark struct {
	Ref      string    `json:"ref"`
	State    string    `json:"state"` // Disabled or Quarantined
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Pictures int       `json:"pictures"` // that it raised within a day; 0 where somebody disabled it
}

// settings are what was chosen for a set.
type settings struct {
	Thresholds   *Thresholds `json:"thresholds,omitempty"`
	CalibratedAt *time.Time  `json:"calibrated_at,omitempty"`
	Measured     *measured   `json:"measured,omitempty"`
	// Widened counts what let the set see more again: an entry that is judged
	// as before, a picture of which a review has changed.
	Widened uint64 `json:"widened,omitempty"`
}

// own is all of this for one name. It never changes.
type own struct {
	settings
	marks     map[string]Mark // by ref
	negatives []Negative      // by ID

	horizon string // what lets the set see less is not in it
	token   string // changes with everything
}

// seal makes the tokens.
func (o *own) seal() *own {
	h := sha256.New()
	if o.Widened > 0 {
		fmt.Fprintln(h, o.Widened)
	}
	if o.Thresholds != nil {
		fmt.Fprintln(h, *o.Thresholds)
	}
	o.horizon = hex.EncodeToString(h.Sum(nil)[:8])
	for _, ref := range slices.Sorted(maps.Keys(o.marks)) {
		fmt.Fprintf(h, "%q %s\n", ref, o.marks[ref].State)
	}
	for i := range o.negatives {
		fmt.Fprintln(h, o.negatives[i].ID)
	}
	o.token = hex.EncodeToString(h.Sum(nil)[:8])
	return o
}

// changed is a copy of o, which may be nil, that fn has changed.
func (o *own) changed(fn func(*own)) *own {
	next := &own{marks: map[string]Mark{}}
	if o != nil {
		next.settings, next.negatives = o.settings, slices.Clone(o.negatives)
		maps.Copy(next.marks, o.marks)
	}
	fn(next)
	return next.seal()
}

// tokens are those of Horizon and Sight; h knows what both depend on.
func (v *view) tokens(h hash.Hash) (horizon, sight string) {
	nothing := (&own{}).seal().horizon
	for _, name := range slices.Sorted(maps.Keys(v.own)) {
		if at := v.own[name].horizon; at != nothing {
			fmt.Fprintln(h, name, at)
		}
	}
	horizon = hex.EncodeToString(h.Sum(nil)[:8])
	for _, name := range slices.Sorted(maps.Keys(v.own)) {
		fmt.Fprintln(h, v.own[name].token)
	}
	return horizon, hex.EncodeToString(h.Sum(nil)[:8])
}

// owns reads what belongs to each name, and makes the buckets of a new store.
func (s *Sets) owns() (map[string]*own, error) {
	all := map[string]*own{}
	of := func(name []byte) *own {
		if all[string(name)] == nil {
			all[string(name)] = &own{marks: map[string]Mark{}}
		}
		return all[string(name)]
	}
	err := s.db.Update(func(tx *kv.Tx) error {
		for _, name := range []string{marksBucket, settingsBucket, negativesBucket} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		err := tx.Bucket([]byte(settingsBucket)).ForEach(func(name, v []byte) error {
			return read(v, &of(name).settings)
		})
		if err != nil {
			return err
		}
		err = eachIn(tx, marksBucket, func(name, ref, v []byte) error {
			var m Mark
			err := read(v, &m)
			of(name).marks[string(ref)] = m
			return err
		})
		if err != nil {
			return err
		}
		return eachIn(tx, negativesBucket, func(name, _, v []byte) error {
			var n Negative
			err := read(v, &n)
			of(name).negatives = append(of(name).negatives, n)
			return err
		})
	})
	for _, o := range all {
		o.seal()
	}
	return all, err
}

// eachIn visits all keys of all buckets in a bucket, in their order.
func eachIn(tx *kv.Tx, bucket string, visit func(name, key, v []byte) error) error {
	parent := tx.Bucket([]byte(bucket))
	return parent.ForEachBucket(func(name []byte) error {
		return parent.Bucket(name).ForEach(func(k, v []byte) error { return visit(name, k, v) })
	})
}

func read(v []byte, into any) error {
	if err := json.NewDecoder(bytes.NewReader(v)).Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// put writes v as JSON, nil takes the key away.
func put(b *kv.Bucket, key string, v any) error {
	if v == nil {
		return b.Delete([]byte(key))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), raw)
}

// forgetOwn takes marks and settings of a name away.
func forgetOwn(tx *kv.Tx, name string) error {
	if b := tx.Bucket([]byte(marksBucket)); b.Bucket([]byte(name)) != nil {
		if err := b.DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(settingsBucket)).Delete([]byte(name))
}
