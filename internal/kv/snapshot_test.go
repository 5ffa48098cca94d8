package kv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/kv"
)

func TestWriteToIsAWholeStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	db := open(t, path, kv.Options{})
	for i := range 3 { // an odd and an even commit
		if err := db.Update(func(tx *kv.Tx) error { return put(tx, fmt.Sprint(i), "v") }); err != nil {
			t.Fatal(err)
		}
		var copied bytes.Buffer
		n, err := db.WriteTo(&copied)
		if err != nil || n != int64(copied.Len()) {
			t.Fatalf("got %d bytes, %v; want %d", n, err, copied.Len())
		}
		other := filepath.Join(t.TempDir(), "other.db")
		if err := os.WriteFile(other, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 3 { // the first commits after a copy are special
			again := open(t, other, kv.Options{})
			if got := get(t, again, fmt.Sprint(i)); got != "v" {
				t.Errorf("copy %d holds %q, want v", i, got)
			}
			if err := again.Update(func(tx *kv.Tx) error { return put(tx, "more", "v") }); err != nil {
				t.Error(err)
			}
			again.Close()
		}
		if err := kv.Check(other); err != nil {
			t.Errorf("check of copy %d: %v", i, err)
		}
	}
	if left, _ := filepath.Glob(path + ".copy-*"); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

func TestCheckFindsAWrongPage(t *testing.T) {
	path := filled(t, kv.Options{})
	if err := kv.Check(path); err != nil {
		t.Fatalf("a whole store: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := os.Getpagesize() * 4; at < len(data); at += os.Getpagesize() {
		if binary.NativeEndian.Uint16(data[at+8:]) == 0x02 && binary.NativeEndian.Uint16(data[at+10:]) > 20 { // a leaf
			harmed := bytes.Clone(data)
			copy(harmed[at+16+16*5:], harmed[at+16+16*9:at+16+16*10]) // element 5 is now a second 9
			if err := os.WriteFile(path, harmed, 0o600); err != nil {
				t.Fatal(err)
			}
			if errors.Is(kv.Check(path), kv.ErrDamaged) {
				found++
			}
		}
	}
	if found == 0 {
		t.Error("keys out of order were found on no page")
	}
}

func TestADamagedMetaIsNamed(t *testing.T) {
	path := filled(t, kv.Options{})
	data, _ := os.ReadFile(path)
	data[16+60]++ // the checksum of meta page 0
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := kv.Open(path, kv.Options{})
	if !errors.Is(err, kv.ErrDamaged) || !strings.Contains(err.Error(), "holds commit ") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrDamaged naming the file and the commit that is left", err)
	}
}

// What Open refuses as another store, Check does not call whole.
func TestCheckKnowsTheStore(t *testing.T) {
	path, other := filled(t, kv.Options{}), filled(t, kv.Options{})
	data, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := kv.Check(path); !errors.Is(err, kv.ErrDamaged) {
		t.Errorf("another store in its place: got %v, want ErrDamaged", err)
	}
	if err := os.Remove(path + ".mark"); err != nil {
		t.Fatal(err)
	}
	if err := kv.Check(path); err != nil {
		t.Errorf("without a mark, as unpacked from a backup: %v", err)
	}
}
