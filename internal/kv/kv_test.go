package kv_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/kv"
)

// openEnv makes the test binary open the stores that it names, one a line, and
// end: an open that kills its process then kills no test.
const openEnv = "KV_TEST_OPEN"

func TestMain(m *testing.M) {
	if paths := os.Getenv(openEnv); paths != "" {
		for path := range strings.Lines(paths) {
			fmt.Println(openInChild(strings.TrimSpace(path)))
		}
		os.Exit(0)
	}
	if path := os.Getenv(failEnv); path != "" {
		os.Exit(failInChild(path))
	}
	os.Exit(m.Run())
}

// openInChild opens and reads one store and says in a line what came of it.
func openInChild(path string) string {
	db, err := kv.Open(path, kv.Options{SmallFile: os.Getenv("KV_TEST_SMALL") != ""})
	if err == nil {
		err = readAll(db)
		db.Close()
	}
	said := strings.ReplaceAll(fmt.Sprint(err), "\n", " ")
	switch {
	case err == nil:
		return "opened"
	case errors.Is(err, kv.ErrDamaged):
		return "damaged: " + said
	case errors.Is(err, kv.ErrMissing):
		return "missing: " + said
	}
	return "error: " + said
}

func readAll(db *kv.DB) error {
	return db.View(func(tx *kv.Tx) error {
		b := tx.Bucket([]byte("b"))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error { return nil })
	})
}

// inChild opens each path in a process that may die, and returns a line for
// each: opened, damaged, missing, error or died.
func inChild(t *testing.T, small bool, paths ...string) []string {
	t.Helper()
	var lines []string
	for len(lines) < len(paths) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), openEnv+"="+strings.Join(paths[len(lines):], "\n"))
		if small {
			cmd.Env = append(cmd.Env, "KV_TEST_SMALL=1")
		}
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		for line := range strings.Lines(string(out)) {
			lines = append(lines, strings.TrimSpace(line))
		}
		if err != nil {
			lines = append(lines, fmt.Sprintf("died: %v: %.300s", err, said.String()))
		}
	}
	return lines
}

func open(t *testing.T, path string, o kv.Options) *kv.DB {
	t.Helper()
	db, err := kv.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func put(tx *kv.Tx, key, value string) error {
	b, err := tx.CreateBucketIfNotExists([]byte("b"))
	if err != nil {
		return err
	}
	return b.Put([]byte(key), []byte(value))
}

func get(t *testing.T, db *kv.DB, key string) (value string) {
	t.Helper()
	err := db.View(func(tx *kv.Tx) error {
		if b := tx.Bucket([]byte("b")); b != nil {
			value = string(b.Get([]byte(key)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// filled makes a store of some dozen pages and closes it.
func filled(t *testing.T, o kv.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.db")
	db := open(t, path, o)
	for round := range 4 {
		err := db.Update(func(tx *kv.Tx) error {
			for i := range 300 {
				if err := put(tx, fmt.Sprintf("key %d %d", i%7, round*300+i), strings.Repeat("v", 100)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestValuesOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	db := open(t, path, kv.Options{})
	if err := db.Update(func(tx *kv.Tx) error { return put(tx, "k", "v") }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path, kv.Options{})
	if got := get(t, again, "k"); got != "v" {
		t.Errorf("after reopening got %q, want %q", got, "v")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 1 {
		t.Errorf("beside the store stand %v, want only the mark", left)
	}
}

func TestSecondOpenerIsToldWhichFileIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	open(t, path, kv.Options{})
	start := time.Now()
	_, err := kv.Open(path, kv.Options{})
	if !errors.Is(err, kv.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrLocked naming %s", err, path)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v, want about 1 s", took)
	}
	if err := kv.Check(path); !errors.Is(err, kv.ErrLocked) {
		t.Errorf("check of an open store: got %v, want ErrLocked", err)
	}
}

func TestTwoFirstOpenersMakeOneStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			db, err := kv.Open(path, kv.Options{})
			if errors.Is(err, kv.ErrLocked) {
				return
			}
			if err != nil {
				t.Errorf("opener %d: %v", i, err)
				return
			}
			if err := db.Update(func(tx *kv.Tx) error { return put(tx, fmt.Sprint(i), "here") }); err != nil {
				t.Error(err)
			}
			db.Close()
		})
	}
	wg.Wait()
	open(t, path, kv.Options{})
}

func TestSchema(t *testing.T) {
	var ran []int
	step := func(n int, err error) func(*kv.Tx) error {
		return func(tx *kv.Tx) error {
			ran = append(ran, n)
			return errors.Join(err, put(tx, fmt.Sprint("step ", n), "done"))
		}
	}
	path := filepath.Join(t.TempDir(), "some.db")
	open(t, path, kv.Options{Schema: 1}).Close()

	broken := errors.New("broken")
	_, err := kv.Open(path, kv.Options{Schema: 3, Migrate: []func(*kv.Tx) error{step(1, nil), step(2, broken)}})
	if !errors.Is(err, broken) {
		t.Errorf("failing migration: got %v, want its error", err)
	}
	db := open(t, path, kv.Options{Schema: 1})
	if got := get(t, db, "step 1"); got != "" {
		t.Errorf("a failing migration left step 1 %q behind", got)
	}
	db.Close()

	ran = nil
	db = open(t, path, kv.Options{Schema: 3, Migrate: []func(*kv.Tx) error{step(1, nil), step(2, nil)}})
	if fmt.Sprint(ran) != "[1 2]" || get(t, db, "step 2") != "done" {
		t.Errorf("ran %v and step 2 is %q, want [1 2] and done", ran, get(t, db, "step 2"))
	}
	db.Close()

	if _, err := kv.Open(path, kv.Options{Schema: 2, Migrate: []func(*kv.Tx) error{step(1, nil)}}); !errors.Is(err, kv.ErrNewerSchema) {
		t.Errorf("newer schema: got %v, want ErrNewerSchema", err)
	}
	if _, err := kv.Open(path, kv.Options{Schema: 5}); err == nil {
		t.Error("a schema without a way to it was opened")
	}
}

func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	const limit = 256 << 10
	db := open(t, path, kv.Options{MaxSize: limit})
	var err error
	stored := 0
	for ; err == nil && stored < 1000; stored++ {
		err = db.Update(func(tx *kv.Tx) error { return put(tx, fmt.Sprint(stored), strings.Repeat("v", 4000)) })
	}
	if !errors.Is(err, kv.ErrFull) {
		t.Fatalf("after %d writes got %v, want ErrFull", stored, err)
	}
	if size := db.Size(); size > limit {
		t.Errorf("size %d is above the limit %d", size, limit)
	}
	if err := db.Update(func(tx *kv.Tx) error { return tx.Bucket([]byte("b")).Delete([]byte("0")) }); err != nil {
		t.Errorf("making room: %v", err)
	}
	if err := db.Update(func(tx *kv.Tx) error { return put(tx, "new", "small") }); err != nil {
		t.Errorf("writing after room was made: %v", err)
	}
}
