package kv_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/kv"
)

// harm writes what fn makes of data to a fresh path, with the mark of old.
func harm(t *testing.T, old string, data []byte, fn func([]byte) []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(old))
	mark, err := os.ReadFile(old + ".mark")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{path: fn(bytes.Clone(data)), path + ".mark": mark} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestCutAtEveryPageIsRefused(t *testing.T) {
	for _, small := range []bool{false, true} {
		t.Run(fmt.Sprintf("small=%v", small), func(t *testing.T) {
			path := filled(t, kv.Options{SmallFile: small})
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var cuts []string
			for size := 0; size < len(data); size += os.Getpagesize() / 2 {
				cuts = append(cuts, harm(t, path, data, func(d []byte) []byte { return d[:size] }))
			}
			refused, whole := 0, false // a cut above the high-water mark takes nothing away
			for i, got := range inChild(t, small, cuts...) {
				switch {
				case i == 0 && strings.HasPrefix(got, "missing: "), i > 0 && !whole && strings.HasPrefix(got, "damaged: "):
					refused++
				case got == "opened" && i > len(cuts)/3:
					whole = true
				default:
					t.Errorf("cut at %d of %d bytes: got %s", i*os.Getpagesize()/2, len(data), got)
				}
			}
			t.Logf("%d of %d cuts were refused", refused, len(cuts))
		})
	}
}

func TestZerosAndRubbishAreRefused(t *testing.T) {
	path := filled(t, kv.Options{})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, fn := range map[string]func([]byte) []byte{
		"zeros":    func(d []byte) []byte { clear(d); return d },
		"one byte": func(d []byte) []byte { return d[:1] },
		"text":     func(d []byte) []byte { return bytes.Repeat([]byte("no store\n"), 9000) },
		"rubbish": func(d []byte) []byte {
			for i := range d {
				d[i] = byte(rnd.Uint32())
			}
			return d
		},
		"rubbish behind the metas": func(d []byte) []byte {
			for i := 2 * os.Getpagesize(); i < len(d); i++ {
				d[i] = byte(rnd.Uint32())
			}
			return d
		},
		"zeros behind the metas": func(d []byte) []byte { clear(d[2*os.Getpagesize():]); return d },
	} {
		if got := inChild(t, false, harm(t, path, data, fn))[0]; !strings.HasPrefix(got, "damaged: ") {
			t.Errorf("%s: got %s, want damaged", name, got)
		}
	}
}

func TestEveryByteOfBothMetasCounts(t *testing.T) {
	path := filled(t, kv.Options{})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := range 2 {
		for at := range 16 + 64 {
			if at >= 10 && at < 16 {
				continue // count and overflow of the header: meta pages have none
			}
			flipped := harm(t, path, data, func(d []byte) []byte { d[page*os.Getpagesize()+at] ^= 0x10; return d })
			if db, err := kv.Open(flipped, kv.Options{}); err == nil {
				db.Close()
				t.Errorf("byte %d of meta page %d was changed, and the store opened", at, page)
			} else if !strings.Contains(err.Error(), "damaged") {
				t.Errorf("byte %d of meta page %d: %v", at, page, err)
			}
		}
	}
}

// An older meta page put back would silently take a commit away.
func TestStaleMetaIsRefused(t *testing.T) {
	path := filled(t, kv.Options{})
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, path, kv.Options{})
	for i := range 4 {
		if err := db.Update(func(tx *kv.Tx) error { return put(tx, "later", fmt.Sprint(i)) }); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for i := range 2 {
		stale := harm(t, path, data, func(d []byte) []byte { copy(d[i*page:(i+1)*page], old[i*page:]); return d })
		if got := inChild(t, false, stale)[0]; !strings.HasPrefix(got, "damaged: ") {
			t.Errorf("old meta page %d: got %s, want damaged", i, got)
		}
	}
}

// Damage inside the tree of a small file would kill bbolt's own scan.
func TestDamagedPagesNeverKill(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector checks pointers and ends bbolt on a damaged page, where the program reads on")
	}
	path := filled(t, kv.Options{SmallFile: true})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	rnd := rand.New(rand.NewPCG(3, 4))
	var flips []string
	for range 200 {
		flips = append(flips, harm(t, path, data, func(d []byte) []byte {
			at := (2 + rnd.IntN(len(d)/page-2)) * page
			d[at+rnd.IntN(64)] ^= byte(1 + rnd.IntN(255))
			return d
		}))
	}
	refused := 0
	for i, got := range inChild(t, true, flips...) {
		switch {
		case strings.HasPrefix(got, "damaged: "):
			refused++
		case got != "opened":
			t.Errorf("flip %d: got %s, want opened or damaged", i, got)
		}
	}
	t.Logf("%d of 200 flips were refused, the rest stood in free pages or values", refused)
	if refused == 0 {
		t.Error("no flip was refused")
	}
}

func FuzzPrecheck(f *testing.F) {
	path := filepath.Join(f.TempDir(), "some.db")
	db, err := kv.Open(path, kv.Options{SmallFile: true})
	if err != nil {
		f.Fatal(err)
	}
	if err := db.Update(func(tx *kv.Tx) error { return put(tx, "k", "v") }); err != nil {
		f.Fatal(err)
	}
	db.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(8), byte(1), uint32(len(data)))
	f.Add(uint32(4*os.Getpagesize()+9), byte(7), uint32(len(data)))
	f.Fuzz(func(t *testing.T, at uint32, with byte, size uint32) {
		harmed := bytes.Clone(data[:min(int(size), len(data))])
		if len(harmed) > 0 {
			harmed[int(at)%len(harmed)] ^= with
		}
		path := filepath.Join(t.TempDir(), "some.db")
		if err := os.WriteFile(path, harmed, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := kv.Open(path, kv.Options{SmallFile: true})
		if err != nil {
			return
		}
		defer db.Close()
		if err := readAll(db); err != nil {
			t.Error(err)
		}
	})
}
