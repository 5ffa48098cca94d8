package match

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// detailedEntries are n entries of which one in three brings windows, and one
// in four a thumbprint and keypoints as well.
func detailedEntries(n int) []Entry {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	all := make([]Entry, n)
	for i := range all {
		p := randomPDQ(r)
		e := Entry{PDQ: &p, Quality: 80}
		if i%3 == 0 {
			e.Windows = make([]*phash.PDQ, len(phash.EntryWindows()))
			for k := range e.Windows {
				if w := randomPDQ(r); k%5 != 4 {
					e.Windows[k] = &w
				}
			}
		}
		if i%4 == 0 {
			var t phash.Thumb
			for k := range t {
				t[k] = uint8(r.Uint32())
			}
			e.Thumb, e.Width, e.Height = &t, 640, 480
			fresh := phash.Points{Width: 640, Height: 480}
			for range r.IntN(50) {
				fresh.List = append(fresh.List, phash.Point{X: r.Float32(), Y: r.Float32() / 2, Scale: 1, Angle: r.Float32(), Descriptor: [4]uint64{r.Uint64()}})
			}
			points, err := phash.ParsePoints(fresh.AppendBinary(nil)) // rounded
			if err != nil {
				panic(err)
			}
			e.Points = &points
		}
		all[i] = e
	}
	return all
}

// What entries bring beside their hashes comes back from the store, from an
// export and a load of it, and is gone with the set.
func TestDetail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hashes.db")
	open := func() (*kv.DB, *Sets) {
		db, err := kv.Open(path, kv.Options{Schema: Schema, Migrate: Migrations()})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(db, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		return db, s
	}
	all := detailedEntries(2*blockRows + 100)
	db, s := open()
	if _, err := s.Load(t.Context(), "set", entries(all), "test", nil, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteJSON(&out, s.Entries("set")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), "again", ReadRows(&out, "f", Auto), "test", nil, nil); err != nil {
		t.Fatal(err)
	}
	db.Close()

	db, s = open()
	defer db.Close()
	for _, name := range []string{"set", "again"} {
		show, err := s.Show(name)
		if err != nil || show.DetailKind != Keypoints {
			t.Errorf("%s: got detail %q, %v", name, show.DetailKind, err)
		}
		i := 0
		for e, err := range s.Entries(name) {
			if err != nil {
				t.Fatal(err)
			}
			want := &all[i]
			if !reflect.DeepEqual(e.Windows, want.Windows) || !reflect.DeepEqual(e.Thumb, want.Thumb) || !reflect.DeepEqual(e.Points, want.Points) ||
				e.Width != want.Width || e.Height != want.Height {
				t.Fatalf("%s: entry %d came back other than it was loaded", name, i)
			}
			i++
		}
		seg := s.now.Load().find(name)
		d, err := s.detailOf(seg.record.ID, 4)
		if err != nil || d.Thumb == nil || *d.Thumb != *all[4].Thumb {
			t.Errorf("%s: the detail of entry 4: %v", name, err)
		}
		if d, err := s.detailOf(seg.record.ID, 5); err != nil || d.Thumb != nil {
			t.Errorf("%s: entry 5 has a detail, %v", name, err)
		}
		if err := s.Drop(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	err := db.View(func(tx *kv.Tx) error {
		for _, name := range []string{rowsBucket, windowsBucket, detailsBucket} {
			if k, _ := tx.Bucket([]byte(name)).Cursor().First(); k != nil {
				t.Errorf("%s holds %x after the drop", name, k)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Detail that was changed on the disk is damage, never another detail.
func TestDetailDamaged(t *testing.T) {
	e := detailedEntries(1)[0]
	v := appendDetail(nil, &e)
	var d detailed
	d.add(&e, 0, 0)
	d.endBlock(0)
	windows := d.blocks[0].value
	for i := range v {
		bad := slices.Clone(v)
		bad[i] ^= 0x40
		if err := takeDetail(bad, &Entry{}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of a detail: got %v", i, err)
		}
	}
	for i := range windows {
		bad := slices.Clone(windows)
		bad[i] ^= 0x40
		if err := eachWindow(bad, func(int, []*phash.PDQ) {}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of windows: got %v", i, err)
		}
	}
}

// A store of the schema before opens, and its sets have no detail.
func TestDetailMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hashes.db")
	db, err := kv.Open(path, kv.Options{Schema: 1})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	db, err = kv.Open(path, kv.Options{Schema: Schema, Migrate: Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Open(db, DefaultOptions()); err != nil {
		t.Error(err)
	}
}

// FuzzDetail: stored bytes of any kind give an error or a detail, no panic.
func FuzzDetail(f *testing.F) {
	e := detailedEntries(1)[0]
	f.Add(appendDetail(nil, &e)[4:])
	f.Add(appendWindows(nil, 3, e.Windows))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := make([]byte, 4, 4+len(b))
		v = append(v, b...)
		sum := checksum(v[4:])
		v[0], v[1], v[2], v[3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
		var got Entry
		if err := takeDetail(v, &got); err == nil && got.Points != nil {
			if again := appendDetail(nil, &got); len(again) != len(v) {
				t.Fatalf("a detail of %d bytes is written with %d", len(v), len(again))
			}
		}
		_ = eachWindow(v, func(i int, windows []*phash.PDQ) {
			if len(windows) > maxWindows {
				t.Fatalf("%d windows", len(windows))
			}
		})
	})
}
