package kv_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/kv"
)

func TestGoneOrEmptiedIsMissing(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"gone":    os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t, kv.Options{})
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			_, err := kv.Open(path, kv.Options{})
			if !errors.Is(err, kv.ErrMissing) || !strings.Contains(err.Error(), path) {
				t.Errorf("open: got %v, want ErrMissing naming %s", err, path)
			}
			if err := kv.Check(path); !errors.Is(err, kv.ErrMissing) {
				t.Errorf("check: got %v, want ErrMissing", err)
			}
			if info, err := os.Stat(path); err == nil && info.Size() != 0 {
				t.Errorf("a new store of %d bytes stands there", info.Size())
			}
		})
	}
}

func TestMark(t *testing.T) {
	t.Run("an empty file that nobody made a store of", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "some.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, path, kv.Options{})
	})
	t.Run("killed between store and mark: the next open writes it", func(t *testing.T) {
		path := filled(t, kv.Options{})
		if err := os.Remove(path + ".mark"); err != nil {
			t.Fatal(err)
		}
		open(t, path, kv.Options{})
		if _, err := os.Stat(path + ".mark"); err != nil {
			t.Errorf("no mark after open: %v", err)
		}
	})
	t.Run("unreadable mark of a whole store", func(t *testing.T) {
		path := filled(t, kv.Options{})
		if err := os.WriteFile(path+".mark", []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, path, kv.Options{}).Close()
		open(t, path, kv.Options{})
	})
	t.Run("another store in its place", func(t *testing.T) {
		path, other := filled(t, kv.Options{}), filled(t, kv.Options{})
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Open(path, kv.Options{}); !errors.Is(err, kv.ErrDamaged) {
			t.Errorf("got %v, want ErrDamaged", err)
		}
	})
	t.Run("leftovers of a killed creation go", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "some.db")
		if err := os.WriteFile(path+".new-1", []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, path, kv.Options{})
		if _, err := os.Stat(path + ".new-1"); err == nil {
			t.Error("the leftover is still there")
		}
	})
}
