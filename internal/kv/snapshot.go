package kv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteTo writes a consistent copy of the store. It is first made beside the
// store, so that a slow w never holds a transaction open: for that long it
// takes the same room on the disk again.
func (d *DB) WriteTo(w io.Writer) (int64, error) {
	temp, err := os.CreateTemp(filepath.Dir(d.path), filepath.Base(d.path)+".copy-*")
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", d.path, err)
	}
	defer temp.Close()
	if err := os.Remove(temp.Name()); err != nil { // it lives as long as the handle
		return 0, fmt.Errorf("copy %s: %w", d.path, err)
	}
	err = d.View(func(tx *Tx) error {
		_, err := tx.WriteTo(temp)
		return err
	})
	if err == nil {
		_, err = temp.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", d.path, err)
	}
	n, err := io.Copy(w, temp)
	if err != nil {
		return n, fmt.Errorf("copy %s: %w", d.path, err)
	}
	return n, nil
}

// maxComplaints bounds what Check tells of one file.
const maxComplaints = 20

// Check reads the whole store at path and says what is wrong with its
// structure, or that it is not the store that the mark expects; damage inside a
// value is not seen. It takes the lock. A damaged file may end the process in
// spite of the precheck: run it in a child.
func Check(path string) error {
	known, err := readMark(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if known != nil && (errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0) {
		return fmt.Errorf("%s: %w: %s says that there was one", path, ErrMissing, markPath(path))
	}
	if err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	bolt, err := openBolt(path, Options{}, true)
	if err != nil {
		return err
	}
	var complaints []error
	err = bolt.View(func(tx *Tx) error {
		for complaint := range tx.Check() {
			if len(complaints) < maxComplaints {
				complaints = append(complaints, complaint)
			}
		}
		if len(complaints) > 0 {
			return nil
		}
		id, _, err := identity(tx)
		if err == nil && known != nil && known.ID != "" {
			err = known.expects(path, id)
		}
		return err
	})
	if err := errors.Join(err, bolt.Close()); err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	if len(complaints) > 0 {
		return fmt.Errorf("%s: %w: %w", path, ErrDamaged, errors.Join(complaints...))
	}
	return nil
}
