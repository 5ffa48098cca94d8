package match

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// Schema is the schema of hashes.db that this room knows.
const Schema = 3

// Migrations lead older stores to Schema, one step each.
func Migrations() []func(*kv.Tx) error {
	return []func(*kv.Tx) error{
		func(*kv.Tx) error { return nil }, // to 2: detail beside the rows, of which older sets have none
		func(*kv.Tx) error { return nil }, // to 3: selectors beside the rows, of which older sets have none
	}
}

// The buckets of hashes.db:
//
//	sets/NAME       => the record as JSON: its facts, and where its rows lie
//	versions/NAME   => the last version given, 8 bytes big endian; it outlives
//	                   a drop, so that no version of a name means two things
//	rows/ID/BLOCK   => 1,024 rows, see row.go; ID and BLOCK are 8 bytes big endian
//	windows/ID/BLOCK, details/ID/ENTRY
//	                => what some entries bring beside: see detail.go
//	selectors/ID/BLOCK
//	                => see selectorstore.go
//
// A version is written under an ID that no record names. One small transaction
// then turns the record to it, so a crash before that leaves the old version
// and a bucket that nobody names, which sweep clears.
const (
	setsBucket     = "sets"
	versionsBucket = "versions"
	rowsBucket     = "rows"
)

const (
	fillPercent = 0.95 // keys only grow
	sweepBlocks = 256  // blocks that one transaction deletes at most
)

// record is what the store knows of a set.
type record struct {
	Set  Set    `json:"set"`
	ID   uint64 `json:"id"`   // of the bucket of its rows; 0: it has none
	Rows int    `json:"rows"` // stored, manifest rows too

	Selectors *selectorRecord `json:"selectors,omitempty"` // nil: none

	Before []record `json:"before,omitempty"` // the versions that it replaced, the newest first
}

// keptVersions is how many replaced versions of a set stay on the disk, to go
// back to and to compare with.
const keptVersions = 2

// numberOf reads what key wrote.
func numberOf(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// records reads all records, by name, and makes the buckets of a new store.
func (s *Sets) records() ([]record, error) {
	var all []record
	err := s.db.Update(func(tx *kv.Tx) error {
		for _, name := range []string{versionsBucket, rowsBucket, windowsBucket, detailsBucket, selectorsBucket} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		sets, err := tx.CreateBucketIfNotExists([]byte(setsBucket))
		if err != nil {
			return err
		}
		return sets.ForEach(func(name, v []byte) error {
			var r record
			if err := json.Unmarshal(v, &r); err != nil || r.Set.Name != string(name) {
				return fmt.Errorf("record of set %s: %w", name, ErrDamaged)
			}
			all = append(all, r)
			return nil
		})
	})
	return all, err
}

// newRows makes an empty bucket for rows and returns its ID.
func (s *Sets) newRows() (id uint64, err error) {
	err = s.db.Update(func(tx *kv.Tx) error {
		rows := tx.Bucket([]byte(rowsBucket))
		if id, err = rows.NextSequence(); err != nil {
			return err
		}
		_, err = rows.CreateBucket(key(id))
		return err
	})
	return id, err
}

// putBlocks appends blocks, the first of them as number first.
func (s *Sets) putBlocks(id, first uint64, blocks [][]byte) error {
	return s.db.Update(func(tx *kv.Tx) error {
		b := tx.Bucket([]byte(rowsBucket)).Bucket(key(id))
		if b == nil {
			return fmt.Errorf("rows %d: %w", id, ErrDamaged)
		}
		b.FillPercent = fillPercent
		for i, v := range blocks {
			if err := b.Put(key(first+uint64(i)), v); err != nil {
				return err
			}
		}
		return nil
	})
}

// flip makes r the current version of its set, gives it its number, and
// returns the IDs that nobody names any more. The version that it
// replaces is kept beside it, and those before up to keptVersions. A crash
// before its commit leaves the old version, after it the new one.
func (s *Sets) flip(r *record) (gone []uint64, err error) {
	err = s.db.Update(func(tx *kv.Tx) error {
		name := []byte(r.Set.Name)
		versions, sets := tx.Bucket([]byte(versionsBucket)), tx.Bucket([]byte(setsBucket))
		version := uint64(1)
		if v := versions.Get(name); len(v) == 8 {
			version = binary.BigEndian.Uint64(v) + 1
		}
		r.Set.Version = int(version)
		old, err := versionsOf(sets.Get(name))
		if err != nil {
			return err
		}
		before := slices.DeleteFunc(slices.Clone(old), r.same)
		r.Before = before[:min(len(before), keptVersions)]
		gone = without(ids(old), ids(append([]record{*r}, r.Before...)))
		if err := versions.Put(name, key(version)); err != nil {
			return err
		}
		return put(sets, r.Set.Name, r)
	})
	return gone, err
}

// versionsOf are the versions of a set that are on the disk, the current one
// first.
func versionsOf(v []byte) ([]record, error) {
	if v == nil {
		return nil, nil
	}
	var r record
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, fmt.Errorf("record of a set: %w", ErrDamaged)
	}
	before := r.Before
	r.Before = nil
	return append([]record{r}, before...), nil
}

// same reports whether two versions hold the same.
func (r *record) same(other record) bool {
	return r.ID == other.ID && r.selectorsID() == other.selectorsID()
}

func (r *record) selectorsID() uint64 {
	if r.Selectors == nil {
		return 0
	}
	return r.Selectors.ID
}

// ids are those of the rows and selectors of versions; 0 is of none.
func ids(of []record) (all []uint64) {
	for i := range of {
		all = append(all, of[i].ID, of[i].selectorsID())
	}
	return all
}

// without is all but what is named.
func without(all, named []uint64) []uint64 {
	return slices.DeleteFunc(all, func(id uint64) bool { return slices.Contains(named, id) })
}

// forgetRecord takes all that is known of name away, but for its rows, whose
// IDs it returns.
func (s *Sets) forgetRecord(name string) (old []uint64, err error) {
	err = s.db.Update(func(tx *kv.Tx) error {
		sets := tx.Bucket([]byte(setsBucket))
		versions, err := versionsOf(sets.Get([]byte(name)))
		if err != nil {
			return err
		}
		old = ids(versions)
		return errors.Join(sets.Delete([]byte(name)), forgetOwn(tx, name))
	})
	return old, err
}

// errGone is returned for rows that were cleared in the meantime.
var errGone = errors.New("the rows were replaced")

// viewBlock gives fn one block; what it gives out is valid until fn returns.
func (s *Sets) viewBlock(id, number uint64, fn func(packed) error) error {
	return s.db.View(func(tx *kv.Tx) error {
		b := tx.Bucket([]byte(rowsBucket)).Bucket(key(id))
		if b == nil {
			return errGone
		}
		v := b.Get(key(number))
		if v == nil {
			return errGone // or damaged: the caller knows whether it should be there
		}
		p, err := unpack(v)
		if err != nil {
			return err
		}
		return fn(p)
	})
}

// entry reads entry i of the rows of id.
func (s *Sets) entry(id uint64, i uint32) (e Entry, err error) {
	err = s.viewBlock(id, uint64(i)/blockRows, func(p packed) error {
		if int(i)%blockRows >= p.len() {
			return ErrDamaged
		}
		r, err := p.row(int(i) % blockRows)
		if err == nil {
			e = r.entry()
		}
		return err
	})
	return e, err
}

// build reads the rows of r into memory; the marks of o, which may be nil, hold.
func (s *Sets) build(r record, o *own) (*segment, error) {
	selectors, err := s.readSelectors(r)
	if err != nil {
		return nil, err
	}
	b := newBuilder(r.Rows, o)
	b.seg.selectors = selectors
	err = s.db.View(func(tx *kv.Tx) error {
		rows := tx.Bucket([]byte(rowsBucket)).Bucket(key(r.ID))
		if rows == nil && r.ID == 0 {
			return nil
		}
		if rows == nil {
			return fmt.Errorf("rows %d are missing: %w", r.ID, ErrDamaged)
		}
		windows := optional{tx.Bucket([]byte(windowsBucket)).Bucket(key(r.ID))}
		number := uint64(0)
		c := rows.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			p, err := unpack(v)
			if err != nil {
				return err
			}
			if len(k) != 8 || binary.BigEndian.Uint64(k) != number {
				return fmt.Errorf("block %d is missing: %w", number, ErrDamaged)
			}
			from := b.entries
			for i := range p.len() {
				row, err := p.row(i)
				if err != nil {
					return err
				}
				b.add(&row)
			}
			if err := b.addBlock(windows.get(k), from, p.len()); err != nil {
				return err
			}
			number++
		}
		return nil
	})
	if err == nil && b.entries != r.Rows {
		err = fmt.Errorf("%d rows of %d: %w", b.entries, r.Rows, ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	return b.segment(r), nil
}

// optional is a bucket that may not be there.
type optional struct{ *kv.Bucket }

func (o optional) get(k []byte) []byte {
	if o.Bucket == nil {
		return nil
	}
	return o.Get(k)
}

// addBlock takes the stored windows of a block of n entries, the first of them
// as number from; v may be nil.
func (b *builder) addBlock(v []byte, from, n int) error {
	if v == nil {
		return nil
	}
	outside := false
	err := eachWindow(v, func(i int, windows []*phash.PDQ) {
		if i >= n {
			outside = true
			return
		}
		b.addWindows(windows, uint32(from+i))
	})
	if err == nil && outside {
		err = fmt.Errorf("windows of no entry: %w", ErrDamaged)
	}
	return err
}
