package match

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leakwatch/internal/kv"
)

func numbered(r *rand.Rand, n int) []Entry {
	all := make([]Entry, n)
	for i := range all {
		sum := sumOf(r)
		all[i] = Entry{SHA256: hex.EncodeToString(sum[:]), PDQ: ptr(randomPDQ(r)), Quality: 100}
	}
	return all
}

// then gives the entries and after them err, or runs it when it is a function.
func then(all []Entry, err error, do func()) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
		if do != nil {
			do()
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// Whatever ends a load half-way, chunks already written included, the version
// before stands and no rows are left.
func TestLoadIsAllOrNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	db := openStore(t, filepath.Join(t.TempDir(), "hashes.db"))
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	old := numbered(r, 3)
	load(t, s, "set", old)
	sight := s.Sight()
	many := numbered(r, chunkBlocks*blockRows+5) // one chunk and a bit
	cut := errors.New("the pipe broke")
	stopped, cancel := context.WithCancel(t.Context())
	for _, tt := range []struct {
		name string
		rows iter.Seq2[Entry, error]
		want error
	}{
		{"source fails", then(many, cut, nil), cut},
		{"bad row at the end", then(many, &RowError{Path: "x", Line: 9, Reason: "bad"}, nil), nil},
		{"stopped", then(many, nil, cancel), context.Canceled},
		{"no rows", entries(nil), ErrNoRows},
	} {
		ctx := t.Context()
		if tt.want == context.Canceled {
			ctx = stopped
		}
		_, err := s.Load(ctx, "set", tt.rows, "tester", nil, nil)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if got := collect(t, s.Entries("set")); len(got) != 3 || s.Sight() != sight {
			t.Errorf("%s: the old version does not stand: %d entries", tt.name, len(got))
		}
		if n := storedRows(t, db); n != 1 {
			t.Errorf("%s: %d row buckets are stored, want 1", tt.name, n)
		}
	}
	s.maxRows = 100
	if _, err := s.Load(t.Context(), "set", entries(many), "tester", nil, nil); err == nil || !strings.Contains(err.Error(), "more than 100 rows") {
		t.Errorf("too many rows: got %v", err)
	}
	for _, name := range []string{"", "A", "a b", "-a", "../a", strings.Repeat("a", 65)} {
		if _, err := s.Load(t.Context(), name, entries(old), "tester", nil, nil); !errors.Is(err, ErrBadName) {
			t.Errorf("name %q: got %v, want ErrBadName", name, err)
		}
	}
}

// A crash before the flip, and one after it before the old rows are cleared,
// both leave one version and rows that the next Open clears.
func TestCrash(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, "set", numbered(r, 3))

	l := newLoader(s, "set", nil) // dies after its rows are written
	if err := l.read(t.Context(), entries(numbered(r, 3000))); err != nil {
		t.Fatal(err)
	}
	reopen := func(want, before, after int) {
		t.Helper()
		if n := storedRows(t, db); n != before {
			t.Errorf("at the crash %d row buckets are stored, want %d", n, before)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = openStore(t, path)
		if s, err = Open(db, DefaultOptions()); err != nil {
			t.Fatal(err)
		}
		if got := collect(t, s.Entries("set")); len(got) != want {
			t.Errorf("after the crash: got %d entries, want %d", len(got), want)
		}
		if n := storedRows(t, db); n != after {
			t.Errorf("after Open %d row buckets are stored, want %d", n, after)
		}
	}
	reopen(3, 2, 1)
	for range keptVersions {
		load(t, s, "set", numbered(r, 4))
	}

	l = newLoader(s, "set", nil) // dies after the flip
	if err := l.read(t.Context(), entries(numbered(r, 3000))); err != nil {
		t.Fatal(err)
	}
	rec := l.record("set", "tester")
	if _, err := s.flip(&rec); err != nil {
		t.Fatal(err)
	}
	reopen(3000, keptVersions+2, keptVersions+1)
	if set, err := s.Show("set"); err != nil || set.Version != keptVersions+2 {
		t.Errorf("after the crash: got version %d, %v, want %d", set.Version, err, keptVersions+2)
	}
}

// A flipped bit in the stored rows is told, not searched.
func TestDamagedRows(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "hashes.db"))
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, "set", numbered(rand.New(rand.NewPCG(25, 26)), 10))
	err = db.Update(func(tx *kv.Tx) error {
		rows := tx.Bucket([]byte(rowsBucket))
		id, _ := rows.Cursor().First()
		b := rows.Bucket(id)
		v := append([]byte(nil), b.Get(key(0))...)
		v[100] ^= 1
		return b.Put(key(0), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(db, DefaultOptions()); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open of damaged rows: got %v, want ErrDamaged", err)
	}
}

func TestReportIsBounded(t *testing.T) {
	s := openSets(t, DefaultOptions())
	text := "ref,pdq\n" + strings.Repeat("x,12\n", 250) + strings.Repeat("a,"+strings.Repeat("0f", 32)+"\n", 250)
	_, err := loadText(s, "set", "-", text)
	var report *RowErrors
	if !errors.As(err, &report) || report.Bad != 250 || report.Notes != 249 || len(report.Rows) != 2*maxReport {
		t.Fatalf("got %+v", report)
	}
	if text := err.Error(); !strings.HasPrefix(text, "-:2: ") || !strings.HasSuffix(text, "\nand 150 more bad rows\nand 149 more notes") {
		t.Errorf("got %s", text)
	}
}

// A bare list of SHA-256 digests looks like a PDQ list, and would match nothing.
func TestDigestsAreNotPDQ(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	s := openSets(t, DefaultOptions())
	var digests, hashes strings.Builder
	for range 30 {
		sum := sumOf(r)
		fmt.Fprintf(&digests, "%x\n", sum)
		fmt.Fprintln(&hashes, picture(r)[0])
	}
	set, err := loadText(s, "set", "sums.txt", digests.String())
	if err != nil || set.Notes == nil || !strings.Contains(set.Notes.Error(), "is the list one of SHA-256?") {
		t.Errorf("digests: got notes %v, %v", set.Notes, err)
	}
	if set, err = loadText(s, "set", "pdq.txt", hashes.String()); err != nil || set.Notes != nil {
		t.Errorf("hashes: got notes %v, %v, want none", set.Notes, err)
	}
}

func TestProgressAndSource(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	s := openSets(t, DefaultOptions())
	var told []int
	set, err := s.Load(t.Context(), "set", entries(numbered(r, 2500)), "ann", func() string { return "cafe" }, func(n int) { told = append(told, n) })
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(told) != "[1000 2000 2500]" {
		t.Errorf("progress: got %v, want [1000 2000 2500]", told)
	}
	if set.LoadedBy != "ann" || set.SourceSHA256 == nil || *set.SourceSHA256 != "cafe" {
		t.Errorf("got %+v", set)
	}
}

func TestBusy(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	s := openSets(t, DefaultOptions())
	load(t, s, "set", numbered(r, 1))
	tried := false
	_, err := s.Load(t.Context(), "set", then(numbered(r, 2), nil, func() {
		tried = true
		if _, err := s.Load(t.Context(), "set", entries(numbered(r, 1)), "b", nil, nil); !errors.Is(err, ErrBusy) {
			t.Errorf("second load: got %v, want ErrBusy", err)
		}
		if err := s.Drop(t.Context(), "set"); !errors.Is(err, ErrBusy) {
			t.Errorf("drop meanwhile: got %v, want ErrBusy", err)
		}
		if _, err := s.Load(t.Context(), "other", entries(numbered(r, 1)), "b", nil, nil); err != nil {
			t.Errorf("another set meanwhile: %v", err)
		}
	}), "a", nil, nil)
	if err != nil || !tried {
		t.Errorf("first load: %v", err)
	}
}

// Searches go on while sets are loaded, replaced, dropped and configured; a
// set that always holds the picture always gives the hit, with its ref.
func TestSearchWhileLoading(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	s := openSets(t, DefaultOptions())
	all := numbered(r, 500)
	load(t, s, "steady", all)
	stop := make(chan struct{})
	var searches sync.WaitGroup
	for seed := range uint64(3) {
		searches.Go(func() {
			r := rand.New(rand.NewPCG(33, seed))
			for {
				select {
				case <-stop:
					return
				default:
				}
				i := r.IntN(len(all))
				hits := s.Search(Query{Parts: []Part{{Turns: same(*all[i].PDQ), Quality: 90}}})
				if len(hits) == 0 || hits[0].Ref != all[i].SHA256[:16] || hits[0].Verdict != Copy {
					t.Errorf("entry %d: got %+v", i, hits)
					return
				}
			}
		})
	}
	for i := range 20 {
		load(t, s, "steady", all)
		load(t, s, "moving", all[:i+1])
		o := DefaultOptions()
		o.MaxDistance = 50 + i
		s.Configure(o)
		if err := s.Drop(t.Context(), "moving"); err != nil {
			t.Error(err)
		}
		if _, err := s.List(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	searches.Wait()
}
