package match

import "leakwatch/internal/kv"

// clear deletes rows, their detail and selectors in steps, so that no transaction grows
// with the set. The rows go last: a crash in between leaves the rest to sweep,
// which goes by them.
func (s *Sets) clear(ids ...uint64) error {
	for _, id := range ids {
		if err := s.clearRows(id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sets) clearRows(id uint64) error {
	if id == 0 {
		return nil
	}
	for _, bucket := range []string{selectorsBucket, detailsBucket, windowsBucket, rowsBucket} {
		for done := false; !done; {
			err := s.db.Update(func(tx *kv.Tx) (err error) {
				done, err = clearSome(tx.Bucket([]byte(bucket)), key(id))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// clearSome deletes some keys of the bucket of that name, and the bucket itself
// once it is empty.
func clearSome(parent *kv.Bucket, name []byte) (done bool, err error) {
	b := parent.Bucket(name)
	if b == nil {
		return true, nil
	}
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(keys) < sweepBlocks; k, _ = c.Next() {
		keys = append(keys, append([]byte(nil), k...))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return false, err
		}
	}
	if len(keys) < sweepBlocks {
		return true, parent.DeleteBucket(name)
	}
	return false, nil
}

// sweep clears the rows and selectors that no record names.
func (s *Sets) sweep(records []record) error {
	var named []uint64
	for _, r := range records {
		named = append(named, ids(append([]record{r}, r.Before...))...)
	}
	var stored []uint64
	err := s.db.View(func(tx *kv.Tx) error {
		for _, bucket := range []string{rowsBucket, selectorsBucket} {
			err := tx.Bucket([]byte(bucket)).ForEachBucket(func(k []byte) error {
				if len(k) == 8 {
					stored = append(stored, numberOf(k))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.clear(without(stored, named)...)
}
