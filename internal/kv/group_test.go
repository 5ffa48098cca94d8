package kv_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"leakwatch/internal/kv"
)

func TestBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	db := open(t, path, kv.Options{})
	const writers, each = 32, 20
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := db.Batch(func(tx *kv.Tx) error {
					if err := put(tx, fmt.Sprintf("%d/%d", w, i), "v"); err != nil {
						return err
					}
					if i%5 == 4 {
						return refused
					}
					return nil
				})
				if want := i%5 == 4; errors.Is(err, refused) != want || !want && err != nil {
					t.Errorf("writer %d, %d: got %v", w, i, err)
				}
			}
		})
	}
	wg.Wait()
	for w := range writers {
		for i := range each {
			want := "v"
			if i%5 == 4 {
				want = ""
			}
			if got := get(t, db, fmt.Sprintf("%d/%d", w, i)); got != want {
				t.Fatalf("writer %d, %d: got %q, want %q", w, i, got, want)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Batch(func(tx *kv.Tx) error { return nil }); err == nil {
		t.Error("a batch on a closed store had no error")
	}
}

func TestBatchPanicMeetsItsCaller(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "some.db"), kv.Options{})
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
		if err := db.Batch(func(tx *kv.Tx) error { return put(tx, "k", "v") }); err != nil {
			t.Errorf("after a panic: %v", err)
		}
	}()
	_ = db.Batch(func(tx *kv.Tx) error { panic("at the caller's own goroutine") })
}
