package crawler

import (
	"encoding/binary"
	"path/filepath"
	"testing"
	"time"

	"leakwatch/internal/kv"
)

// v1Link packs a link as schema 1 did.
func v1Link(l link) []byte {
	l.next, l.lines = 0, 0
	b := l.encode()
	if b[0] != 1 {
		panic("version 1 is not written")
	}
	return b
}

// v1Tally packs a slot of the ledger as schema 1 did.
func v1Tally(inspected, bytes int, cause Cause, n int) []byte {
	b := []byte{1}
	for _, v := range []int{inspected, 0, 0, 0, bytes, 1} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	b = kv.AppendText(b, string(cause))
	return binary.AppendUvarint(b, uint64(n))
}

// A store of schema 1 is led to 2 with all that it remembers, and a version
// that knows only schema 1 refuses it from then on.
func TestMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crawl.db")
	db, err := kv.Open(path, kv.Options{Schema: 1})
	if err != nil {
		t.Fatal(err)
	}
	old := fullLink()
	old.site = 1
	err = db.Update(func(tx *kv.Tx) error {
		for name, pairs := range map[string][2][]byte{
			bucketLinks:  {linkRecordKey(1, old.key), v1Link(old)},
			bucketLedger: {idKey(1, slotOf(ms(time.Now()))), v1Tally(7, 900, OK, 3)},
		} {
			b, err := tx.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return err
			}
			if err := b.Put(pairs[0], pairs[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if db, err = kv.Open(path, kv.Options{Schema: Schema, Migrate: Migrations()}); err != nil {
		t.Fatal(err)
	}
	m, err := openMemory(db)
	if err != nil {
		t.Fatal(err)
	}
	err = m.view(func(r records) error {
		got, known, err := r.link(1, old.key)
		want := old
		want.next, want.lines = 0, 0
		if got != want || !known {
			t.Errorf("link is %+v, %v\nwant %+v", got, known, want)
		}
		n, err2 := r.tally(1, slotOf(ms(time.Now())))
		if n.pictures.Inspected != 7 || n.bytes != 900 || n.causes[OK] != 3 || n.containers != (Containers{}) {
			t.Errorf("tally is %+v, %v", n, err2)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Open(path, kv.Options{Schema: 1}); err == nil {
		t.Error("a version that knows schema 1 opens it")
	}
}
