package seen

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"leakwatch/internal/kv"
)

// Cursor is a place in the order in which pictures were first seen; 0 is the
// beginning. It outlives a restart.
type Cursor uint32

// Pictures returns up to n pictures from a cursor on, and where to go on: at the
// end, where it began.
func (s *Seen) Pictures(from Cursor, n int) (out []Picture, next Cursor, err error) {
	next = from
	err = s.db.View(func(tx *kv.Tx) error {
		c := bucket(tx, "pictures").Cursor()
		for k, v := c.Seek(key32(uint32(from))); len(k) == 4 && len(out) < n; k, v = c.Next() {
			r, err := decodeRecord(v)
			if err != nil {
				return err
			}
			p, err := s.picture(tx, &r)
			if err != nil {
				return err
			}
			out, next = append(out, p), Cursor(binary.BigEndian.Uint32(k)+1)
		}
		return nil
	})
	if err != nil {
		return nil, from, fmt.Errorf("read what was seen: %w", err)
	}
	return out, next, nil
}

// Stays returns all places of a picture that are kept, the first one first.
func (s *Seen) Stays(sha256 [32]byte) (out []Stay, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		if err := s.catchUp(tx); err != nil {
			return err
		}
		row, r, known, err := s.find(tx, sha256)
		if err != nil || !known {
			return err
		}
		out, err = s.allStays(tx, row, &r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read where it was seen: %w", err)
	}
	return out, nil
}

func (s *Seen) allStays(tx *kv.Tx, row uint32, r *record) ([]Stay, error) {
	first, err := s.told(tx, &r.place)
	if err != nil {
		return nil, err
	}
	more, err := s.stays(tx, row)
	return append([]Stay{{first, when(r.first), when(r.last)}}, more...), err
}

// Mark reads what was kept under a name, such as how far somebody came; false
// where nothing was.
func (s *Seen) Mark(name string, into any) (known bool, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		value := bucket(tx, "marks").Get([]byte(name))
		if value == nil {
			return nil
		}
		known = true
		if err := json.Unmarshal(value, into); err != nil {
			return fmt.Errorf("%w: mark %s: %w", ErrDamaged, name, err)
		}
		return nil
	})
	return known, err
}

// PutMark keeps a value under a name. Durable when it returns.
func (s *Seen) PutMark(name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep mark %s: %w", name, err)
	}
	err = s.db.Batch(func(tx *kv.Tx) error { return bucket(tx, "marks").Put([]byte(name), raw) })
	if err != nil {
		return fmt.Errorf("keep mark %s: %w", name, err)
	}
	return nil
}
