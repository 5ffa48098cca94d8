// Package kv answers: where do our own bytes lie, and are they whole?
//
// It opens, checks, migrates and copies the stores; what stands in their
// buckets belongs to the room that owns the file.
package kv

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

type (
	// Tx is one transaction. What it gives out is valid until it ends: copy it.
	Tx = bbolt.Tx
	// Bucket is a sorted collection of keys.
	Bucket = bbolt.Bucket
	// Cursor walks a bucket in key order.
	Cursor = bbolt.Cursor
)

// Options say how a store is opened.
type Options struct {
	Schema    uint64            // newest schema that the caller knows
	Migrate   []func(*Tx) error // Migrate[i] leads from schema i+1 to i+2
	SmallFile bool              // stays under 200 MB: the free list is not written
	MaxSize   int64             // bytes; 0 means no limit
}

// DB is one open store.
type DB struct {
	bolt *bbolt.DB
	path string
}

// Open opens or creates the store at path.
func Open(path string, o Options) (*DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:        time.Second,
		FreelistType:   bbolt.FreelistMapType,
		NoFreelistSync: o.SmallFile,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &DB{bolt: bolt, path: path}, nil
}

// View runs fn on a consistent snapshot. fn must not wait for the network.
func (d *DB) View(fn func(*Tx) error) error { return d.bolt.View(fn) }

// Update runs fn in a transaction of its own and returns after its fsync.
func (d *DB) Update(fn func(*Tx) error) error { return d.bolt.Update(fn) }

// Batch runs fn in a transaction shared with other callers and returns after
// its fsync. fn may run twice: it must be repeatable.
func (d *DB) Batch(fn func(*Tx) error) error { return d.bolt.Batch(fn) }

// Close waits for open transactions and releases the lock.
func (d *DB) Close() error { return d.bolt.Close() }
