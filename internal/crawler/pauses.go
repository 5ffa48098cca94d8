package crawler

import (
	"encoding/binary"
	"time"

	"leakwatch/internal/kv"
)

// The bucket in state.db, since a pause is a person's decision and outlives
// crawl.db.
//
//	crawler_pauses  site name => version(1) since(8), ms
const bucketPauses = "crawler_pauses"

type pauses struct{ db *kv.DB }

func openPauses(db *kv.DB) (pauses, error) {
	return pauses{db}, db.Update(func(tx *kv.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(bucketPauses))
		return err
	})
}

// all returns since when sites are paused, ms.
func (p pauses) all() (map[string]int64, error) {
	all := map[string]int64{}
	return all, p.db.View(func(tx *kv.Tx) error {
		return tx.Bucket([]byte(bucketPauses)).ForEach(func(k, v []byte) error {
			if len(v) != 9 || v[0] != recordVersion {
				return corrupt(bucketPauses, k)
			}
			all[string(k)] = int64(binary.BigEndian.Uint64(v[1:]))
			return nil
		})
	})
}

// set notes that a site is paused; since is kept when it was already.
func (p pauses) set(site string, since time.Time) error {
	return p.db.Batch(func(tx *kv.Tx) error {
		b := tx.Bucket([]byte(bucketPauses))
		if b.Get([]byte(site)) != nil {
			return nil
		}
		return b.Put([]byte(site), binary.BigEndian.AppendUint64([]byte{recordVersion}, uint64(ms(since))))
	})
}

func (p pauses) clear(site string) error {
	return p.db.Batch(func(tx *kv.Tx) error { return tx.Bucket([]byte(bucketPauses)).Delete([]byte(site)) })
}
