package match

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/kv"
)

// Selectors and pictures of a set are loaded apart and numbered together.
func TestSelectorsOfASet(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 9))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	want := func(when string, version, entries, selectors int, text string, hits int) {
		t.Helper()
		set, err := s.Show("set")
		if err != nil || set.Version != version || set.Entries != entries || set.Selectors != selectors {
			t.Fatalf("%s: got %+v, %v, want version %d of %d entries and %d selectors", when, set, err, version, entries, selectors)
		}
		if got := len(collect(t, s.Entries("set"))); got != entries {
			t.Fatalf("%s: %d entries are given out, want %d", when, got, entries)
		}
		if got := s.Text([]byte(text)); len(got) != hits || hits > 0 && (got[0].SetVersion != version || got[0].Set != "set") {
			t.Fatalf("%s: %q gives %+v, want %d hits", when, text, got, hits)
		}
	}
	if s.HasSelectors() || s.Text([]byte("ABC1234")) != nil {
		t.Error("there are selectors before any load")
	}
	sights := map[string]bool{s.Sight(): true, s.Horizon(): true}
	load(t, s, "set", numbered(r, 5))
	loadSelectors(t, s, "set", "ABC1234\nplate:XYZ-9876", true)
	want("selectors to pictures", 2, 5, 2, "abc1234", 1)
	sights[s.Sight()], sights[s.Horizon()] = true, true
	load(t, s, "set", numbered(r, 7))
	want("pictures to selectors", 3, 7, 2, "xyz 9876\n", 1)
	loadSelectors(t, s, "set", "plate:KKK1111\n", false)
	want("other selectors", 4, 7, 1, "xyz9876", 0)
	want("other selectors", 4, 7, 1, "kkk1111", 1)
	sights[s.Sight()], sights[s.Horizon()] = true, true
	if len(sights) != 3 {
		t.Errorf("Sight and Horizon do not change with each load: %v", sights)
	}
	if _, err := s.Rollback(context.Background(), "set", "ann"); err != nil {
		t.Fatal(err)
	}
	want("rolled back", 5, 7, 2, "abc1234", 1)
	if _, err := s.Disable(context.Background(), "set", []string{collect(t, s.Entries("set"))[0].Ref}, "ann"); err != nil {
		t.Fatal(err)
	}
	want("an entry disabled", 5, 7, 2, "abc1234", 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, path)
	if s, err = Open(db, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	want("after a restart", 5, 7, 2, "abc1234", 1)
	if set, _ := s.Show("set"); set.Detail.SelectorsKeyed == nil || !*set.Detail.SelectorsKeyed || set.Detail.ByManifest != 6 {
		t.Errorf("got %+v", set.Detail)
	}
	if err := s.Drop(context.Background(), "set"); err != nil || s.HasSelectors() {
		t.Errorf("drop: %v", err)
	}
	if n := storedIn(t, db, rowsBucket) + storedIn(t, db, selectorsBucket); n != 0 {
		t.Errorf("after the drop %d buckets are left", n)
	}
}

// A set of selectors alone is a set like any other.
func TestSelectorsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 10))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	set := loadSelectors(t, s, "plates", "ABC1234", false)
	if set.Version != 1 || set.Entries != 0 || set.Selectors != 1 || set.LoadedBy != "tester" {
		t.Errorf("got %+v", set)
	}
	_, sum, _ := car(r)
	if hits := s.Exact(sum); len(hits) != 0 || len(collect(t, s.Entries("plates"))) != 0 || s.HasManifests() {
		t.Errorf("pictures in a set without any: %+v", hits)
	}
	turns, _, _ := car(r)
	if found := ownFinds(s, turns, sum); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	if _, err := s.Calibrate(t.Context(), "plates", func(func(Probe, error) bool) {}, CalibrateOptions{Rate: 1, Budget: 1}); err != nil && !errors.Is(err, ErrNothingToGoBy) {
		t.Errorf("calibrate: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, path)
	if s, err = Open(db, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if len(s.Text([]byte("ABC1234"))) != 1 {
		t.Error("lost over a restart")
	}
	if set := load(t, s, "plates", numbered(r, 3)); set.Entries != 3 || set.Selectors != 1 || set.Version != 2 {
		t.Errorf("got %+v", set)
	}
	if set, err := s.Rollback(t.Context(), "plates", "ann"); err != nil || set.Entries != 0 || set.Selectors != 1 {
		t.Errorf("got %+v, %v", set, err)
	}
}

// A load that dies before its flip, or is refused, leaves nothing behind.
func TestSelectorsCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	loadSelectors(t, s, "set", "ABC1234", true)
	if _, err := s.putSelectors(t.Context(), [][]byte{{1, 2, 3}}); err != nil { // dies after it
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.LoadSelectors(ctx, "set", ReadSelectors(strings.NewReader("XYZ1234"), "-"), true, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled load: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, path)
	if s, err = Open(db, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if n := storedIn(t, db, selectorsBucket); n != 1 {
		t.Errorf("%d buckets of selectors, want 1", n)
	}
	if len(s.Text([]byte("ABC1234 XYZ1234"))) != 1 {
		t.Error("the set before is lost")
	}
	for range keptVersions + 3 {
		loadSelectors(t, s, "set", "XYZ1234", true)
	}
	if n := storedIn(t, db, selectorsBucket); n != keptVersions+1 {
		t.Errorf("%d buckets of selectors, want %d", n, keptVersions+1)
	}
}

// Of a keyed set no selector stands in the file.
func TestKeyedIsNotPlain(t *testing.T) {
	plates := drawnPlates(rand.New(rand.NewPCG(4, 11)), 2000)
	for _, keyed := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "hashes.db")
		db := openStore(t, path)
		s, err := Open(db, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		loadSelectors(t, s, "set", strings.Join(plates, "\n"), keyed)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file = bytes.ToUpper(file)
		stand := 0
		for _, p := range plates {
			if bytes.Contains(file, []byte(p)) {
				stand++
			}
		}
		if keyed != (stand == 0) {
			t.Errorf("keyed %v: %d of %d selectors stand in the file", keyed, stand, len(plates))
		}
	}
}

func TestDamagedSelectors(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		db := openStore(t, filepath.Join(t.TempDir(), "hashes.db"))
		s, err := Open(db, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		loadSelectors(t, s, "set", "ABC1234\nXYZ1234", keyed)
		err = db.Update(func(tx *kv.Tx) error {
			b := tx.Bucket([]byte(selectorsBucket))
			id, _ := b.Cursor().First()
			v := append([]byte(nil), b.Bucket(id).Get(key(0))...)
			v[len(v)-1] ^= 1
			return b.Bucket(id).Put(key(0), v)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(db, DefaultOptions()); !errors.Is(err, ErrDamaged) {
			t.Errorf("keyed %v: got %v, want ErrDamaged", keyed, err)
		}
	}
}

// FuzzStoredSelectors: bytes of any kind give an error or selectors, no panic.
func FuzzStoredSelectors(f *testing.F) {
	f.Add(appendPlain(nil, 0, "ABC1234"), false)
	f.Add(appendKeyed(nil, 0, []keyed{{n: 7, shape: 9}}), true)
	letters := newGlyphs()
	f.Fuzz(func(t *testing.T, v []byte, keyed bool) {
		b := newSelectorBuilder(letters, &selectorRecord{Keyed: keyed, Key: newKey(), Kinds: []string{"", "plate"}})
		if err := b.addBlock(v); err != nil {
			return
		}
		b.index.end()
		s := scan{set: b.index, page: b.page, tagger: b.tagger}
		s.begin()
		s.run([]byte("ABC1234 abc-1234 1 2 3 4 5 6 7 8 9"))
	})
}

// storedIn counts the buckets in a bucket.
func storedIn(t *testing.T, db *kv.DB, bucket string) (n int) {
	t.Helper()
	err := db.View(func(tx *kv.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEachBucket(func([]byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
