package kv

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// mark is the file PATH.mark. It says that a store was made at PATH, so that
// an emptied or lost file is never taken for a first start.
type mark struct {
	ID   string    `json:"id"`   // the same id stands inside the store
	Made time.Time `json:"made"` // when the mark was written
}

func markPath(path string) string { return path + ".mark" }

// readMark returns nil when there is none. A mark that cannot be read still
// says that there was a store: it has no ID.
func readMark(path string) (*mark, error) {
	data, err := os.ReadFile(markPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read mark of store: %w", err)
	}
	m := new(mark)
	if json.Unmarshal(data, m) != nil {
		return new(mark), nil
	}
	return m, nil
}

// expects refuses another store than the one that the mark was made for.
func (m *mark) expects(path, id string) error {
	if m.ID == id {
		return nil
	}
	return fmt.Errorf("%s: %w: this is store %s, and %s expects store %s", path, ErrDamaged, id, markPath(path), m.ID)
}

// writeMark is durable when it returns.
func writeMark(path, id string) error {
	data, err := json.Marshal(mark{ID: id, Made: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("write mark of store: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".mark-*")
	if err != nil {
		return fmt.Errorf("write mark of store: %w", err)
	}
	_, err = temp.Write(append(data, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), markPath(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write mark of store: %w", err), os.Remove(temp.Name()))
	}
	return syncDir(path)
}

// create makes a new store aside and puts it in place whole. Killed before the
// link, there is no store and no mark; killed after it, there is a whole store
// whose mark the next Open writes. When two create at once, the first one wins
// and the other opens that store.
func create(path string, o Options) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := temp.Close(); err != nil {
		return err
	}
	bolt, err := bbolt.Open(temp.Name(), 0o600, &bbolt.Options{Timeout: lockTimeout, NoFreelistSync: o.SmallFile, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = bolt.Update(func(tx *Tx) error { return found(tx, newID(), o.Schema) })
	if err := errors.Join(err, bolt.Close()); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	err = os.Link(temp.Name(), path)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) { // a file system without hard links
		err = os.Rename(temp.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) { // else another one was first
		return err
	}
	leftovers, err := filepath.Glob(path + ".new-*") // of creations that were killed
	if err != nil {
		return nil //nolint:nilerr // a path that is no pattern has no leftovers that we find
	}
	for _, name := range leftovers {
		if name != temp.Name() {
			os.Remove(name)
		}
	}
	return syncDir(path)
}

func newID() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// syncDir makes the names in the folder of path durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
