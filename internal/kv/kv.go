// Package kv answers: where do our own bytes lie, and are they whole?
//
// It opens, checks, migrates and copies the stores; what stands in their
// buckets belongs to the room that owns the file. A store that is gone,
// emptied, cut or half overwritten is an error here, never a new store and
// never a dead process.
package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

type (
	// Tx is one transaction. What it gives out is valid until it ends: copy it.
	Tx = bbolt.Tx
	// Bucket is a sorted collection of keys.
	Bucket = bbolt.Bucket
	// Cursor walks a bucket in key order.
	Cursor = bbolt.Cursor
)

// Errors of opening.
var (
	// ErrLocked: another process holds the store. Ask it, or try again.
	ErrLocked = errors.New("the store is in use by another process")
	// ErrDamaged: the bytes are not those that were written.
	ErrDamaged = errors.New("the store is damaged")
	// ErrMissing: the mark beside the file says that a store was here.
	ErrMissing = errors.New("the store is gone")
	// ErrNewerSchema: a newer leakwatch wrote this store.
	ErrNewerSchema = errors.New("the store was written by a newer version")
)

// Errors of writing.
var (
	// ErrFull: the disk or the configured size is used up. Nothing was written;
	// it works again when there is room.
	ErrFull = errors.New("the store is full")
	// ErrFailed: a write or an fsync failed, and nobody knows what the disk
	// holds now. The handle takes no more writes: end, start again, re-read.
	ErrFailed = errors.New("writing the store failed")
)

// lockTimeout is how long Open waits for another process.
const lockTimeout = time.Second

// Options say how a store is opened.
type Options struct {
	Schema    uint64            // newest schema that the caller knows; 0 means 1
	Migrate   []func(*Tx) error // Migrate[i] leads from schema i+1 to i+2
	SmallFile bool              // stays under 200 MB: the free list is not written
	MaxSize   int64             // bytes; 0 means no limit
}

// DB is one open store.
type DB struct {
	bolt *bbolt.DB
	path string

	failed atomic.Pointer[error] // set by the first write whose fate is unknown

	mu       sync.Mutex    // guards all below
	queue    []*call       // callers of Batch that wait for a commit
	leading  bool          // somebody is working on the queue
	last     int           // how many the last group held, 0 after a pause
	patience time.Duration // how long the next group may gather
}

// Open opens the store at path, or makes it when there never was one. It waits
// a second for the lock.
func Open(path string, o Options) (*DB, error) {
	if o.Schema == 0 {
		o.Schema = 1
	}
	known, err := readMark(path)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open store: %w", err)
	case err == nil && info.Size() > 0:
	case known != nil && err != nil:
		return nil, fmt.Errorf("%s: %w: %s says that there was one", path, ErrMissing, markPath(path))
	case known != nil:
		return nil, fmt.Errorf("%s: %w: the file is empty, and %s says that it was not", path, ErrMissing, markPath(path))
	default:
		if err := create(path, o); err != nil {
			return nil, fmt.Errorf("make store %s: %w", path, err)
		}
	}
	bolt, err := openBolt(path, o, false)
	if err != nil {
		return nil, err
	}
	d := &DB{bolt: bolt, path: path}
	if err := d.settle(known, o); err != nil {
		return nil, errors.Join(err, bolt.Close())
	}
	return d, nil
}

// settle agrees with the mark and then brings the schema up to date: another
// store in the place of this one is not written to.
func (d *DB) settle(known *mark, o Options) error {
	var id string
	var schema uint64
	err := d.bolt.View(func(tx *Tx) (err error) {
		id, schema, err = identity(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	if known != nil && known.ID != "" {
		if err := known.expects(d.path, id); err != nil {
			return err
		}
	}
	if err := migrate(d.bolt, schema, o); err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	if known == nil || known.ID == "" {
		return writeMark(d.path, id)
	}
	return nil
}

// openBolt locks, prechecks and maps the file at path.
func openBolt(path string, o Options, readOnly bool) (bolt *bbolt.DB, err error) {
	var file *os.File
	// A damaged page can still make bbolt panic or touch memory beyond the
	// file: both become an error, and the lock is given back.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			bolt, err = nil, fmt.Errorf("%s: %w: %v", path, ErrDamaged, p)
		}
		if err != nil && file != nil {
			file.Close() // bbolt closed it unless it panicked: a second close does no harm
		}
	}()
	bolt, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockTimeout,
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  o.SmallFile,
		MaxSize:         int(o.MaxSize),
		InitialMmapSize: int(o.MaxSize), // address space only; a map that never moves makes no reader wait for a writer
		ReadOnly:        readOnly,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag&^os.O_CREATE, mode)
			if err != nil {
				return nil, err
			}
			if err := errors.Join(lock(f, readOnly), precheck(f)); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			file = f
			return f, nil
		},
	})
	switch {
	case err == nil, errors.Is(err, ErrLocked), errors.Is(err, ErrDamaged):
	case errors.Is(err, bolterrors.ErrTimeout):
		err = ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return bolt, nil
}

// lock takes the lock that bbolt takes, so that the precheck reads a file that
// nobody is writing. bbolt locks the same handle again, which changes nothing.
func lock(f *os.File, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for start := time.Now(); ; time.Sleep(25 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("lock: %w", err)
		case time.Since(start) >= lockTimeout:
			return ErrLocked
		}
	}
}

// View runs fn on a consistent snapshot. fn must not wait for the network, for
// a consumer, or for another transaction: old pages pile up behind it.
func (d *DB) View(fn func(*Tx) error) error { return d.bolt.View(fn) }

// Update runs fn in a transaction of its own and returns after its fsync.
func (d *DB) Update(fn func(*Tx) error) error {
	if err := d.failed.Load(); err != nil {
		return *err
	}
	willing := false
	err := d.bolt.Update(func(tx *Tx) error {
		willing = false
		err := fn(tx)
		willing = err == nil
		return err
	})
	return d.judge(err, willing)
}

// judge tells what an error of a commit means. willing: fn itself had none.
func (d *DB) judge(err error, willing bool) error {
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrMaxSizeReached):
		return fmt.Errorf("%s: %w: %w", d.path, ErrFull, err)
	case !willing, errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return err
	case errors.As(err, &path) && errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: %w: %w", d.path, ErrFull, err) // refused before anything became valid
	}
	err = fmt.Errorf("%s: %w: %w", d.path, ErrFailed, err)
	d.failed.CompareAndSwap(nil, &err)
	return err
}

// Close waits for open transactions and releases the lock.
func (d *DB) Close() error { return d.bolt.Close() }

// Size is the length of the file in bytes, free pages included.
func (d *DB) Size() int64 {
	info, err := os.Stat(d.path)
	if err != nil {
		return 0
	}
	return info.Size()
}
