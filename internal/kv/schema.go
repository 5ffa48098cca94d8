package kv

// The store's own bucket, beside those of the rooms:
//
//	kv: schema => uint64, big endian
//	kv: id     => 32 hex digits, made at random when the store was made

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

var (
	bucketKV  = []byte("kv")
	keySchema = []byte("schema")
	keyID     = []byte("id")
)

// found writes what a new store holds.
func found(tx *Tx, id string, schema uint64) error {
	b, err := tx.CreateBucketIfNotExists(bucketKV)
	if err != nil {
		return err
	}
	if err := b.Put(keyID, []byte(id)); err != nil {
		return err
	}
	return putSchema(b, schema)
}

func putSchema(b *Bucket, schema uint64) error {
	return b.Put(keySchema, binary.BigEndian.AppendUint64(nil, schema))
}

// identity reads what found wrote.
func identity(tx *Tx) (id string, schema uint64, err error) {
	b := tx.Bucket(bucketKV)
	if b == nil || len(b.Get(keyID)) == 0 || len(b.Get(keySchema)) != 8 {
		return "", 0, fmt.Errorf("%w: it holds no store of leakwatch", ErrDamaged)
	}
	return string(b.Get(keyID)), binary.BigEndian.Uint64(b.Get(keySchema)), nil
}

// migrate leads the store from schema to the caller's, all steps in one
// transaction. Killed on the way, the old schema stands.
func migrate(bolt *bbolt.DB, schema uint64, o Options) error {
	switch {
	case schema == o.Schema:
		return nil
	case schema > o.Schema:
		return fmt.Errorf("%w: its schema is %d, this version knows %d", ErrNewerSchema, schema, o.Schema)
	case schema == 0 || uint64(len(o.Migrate)) < o.Schema-1:
		return fmt.Errorf("no way from schema %d to %d", schema, o.Schema)
	}
	return bolt.Update(func(tx *Tx) error {
		for step := schema; step < o.Schema; step++ {
			if err := o.Migrate[step-1](tx); err != nil {
				return fmt.Errorf("migrate from schema %d to %d: %w", step, step+1, err)
			}
		}
		return putSchema(tx.Bucket(bucketKV), o.Schema)
	})
}
