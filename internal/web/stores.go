package web

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"
)

func (r Rooms) storeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/version", func(w http.ResponseWriter, q *http.Request) {
		r.object(w, q, map[string]string{"version": r.Version}, nil)
	})
	mux.HandleFunc("GET /v1/backup", r.backup)
}

// backup streams a tar with a consistent copy of each store. A tar header
// needs the size first, and no transaction may wait for a slow reader: each copy
// goes through an unlinked file beside the stores.
func (r Rooms) backup(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "application/x-tar")
	out := tar.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(r.Snapshots)) {
		if err := addSnapshot(out, r.Scratch, name, r.Snapshots[name]); err != nil {
			r.Log.Error("backup broke off", "store", name, "err", err)
			panic(http.ErrAbortHandler)
		}
	}
	if err := out.Close(); err != nil {
		r.Log.Error("backup broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	r.Log.Info("stores backed up", "by", callerOf(q.Context()))
}

func addSnapshot(out *tar.Writer, scratch, name string, snapshot func(io.Writer) error) error {
	file, err := os.CreateTemp(scratch, "backup-*")
	if err != nil {
		return err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	if err := snapshot(file); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: time.Now()}); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
