package match

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// openStore opens hashes.db at path; Close it to open it again.
func openStore(t testing.TB, path string) *kv.DB {
	t.Helper()
	db, err := kv.Open(path, kv.Options{Schema: Schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openSets(t testing.TB, o Options) *Sets {
	t.Helper()
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// entries gives out a slice as rows.
func entries(all []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func load(t testing.TB, s *Sets, name string, all []Entry) Set {
	t.Helper()
	set, err := s.Load(context.Background(), name, entries(all), "tester", nil, nil)
	if err != nil {
		t.Fatalf("load %s: %v", name, err)
	}
	return set
}

func loadText(s *Sets, name, path, text string) (Set, error) {
	return s.Load(context.Background(), name, ReadRows(strings.NewReader(text), path, Auto), "tester", nil, nil)
}

func collect(t testing.TB, rows iter.Seq2[Entry, error]) []Entry {
	t.Helper()
	var all []Entry
	for e, err := range rows {
		if err != nil {
			t.Fatalf("rows: %v", err)
		}
		all = append(all, e)
	}
	return all
}

func randomPDQ(r *rand.Rand) (p phash.PDQ) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func flipBits(r *rand.Rand, p phash.PDQ, n int) phash.PDQ {
	for _, bit := range r.Perm(256)[:n] {
		p[bit/8] ^= 1 << (bit % 8)
	}
	return p
}

// picture makes the eight turns of a drawn block of coefficients, each cut at
// its own median as PDQ does.
func picture(r *rand.Rand) (turns [8]phash.PDQ) {
	var c [256]float64
	for i := range c {
		c[i] = r.NormFloat64() / float64(1+i/16+i%16)
	}
	for o := range turns {
		turns[o] = turnOf(c, o)
	}
	return turns
}

func turnOf(c [256]float64, o int) (p phash.PDQ) {
	across := []bool{false, true, true, false, false, false, true, true}[o]
	down := []bool{false, false, true, true, false, true, true, false}[o]
	var turned [256]float64
	for i := range 16 {
		for j := range 16 {
			v := c[16*i+j]
			if o >= 4 {
				v = c[16*j+i]
			}
			if across && j%2 == 0 {
				v = -v
			}
			if down && i%2 == 0 {
				v = -v
			}
			turned[16*i+j] = v
		}
	}
	sorted := slices.Sorted(slices.Values(turned[:]))
	for k, v := range turned {
		if v > sorted[127] {
			p[31-k/8] |= 1 << (k % 8)
		}
	}
	return p
}

func sumOf(r *rand.Rand) (sum [32]byte) {
	for i := range sum {
		sum[i] = byte(r.Uint32())
	}
	return sum
}

func same(p phash.PDQ) (turns [8]phash.PDQ) {
	for i := range turns {
		turns[i] = p
	}
	return turns
}

// car draws a set of four rows: one with SHA-256 and PDQ, an unlike one, one
// of poor quality, and a manifest row.
func car(r *rand.Rand) (turns [8]phash.PDQ, sum [32]byte, all []Entry) {
	turns, sum = picture(r), sumOf(r)
	return turns, sum, []Entry{
		{SHA256: hex.EncodeToString(sum[:]), PDQ: &turns[0], Quality: 100, Size: 7, Path: "a.jpg"},
		{Ref: "far", PDQ: ptr(randomPDQ(r)), Quality: 100},
		{Ref: "poor", PDQ: ptr(randomPDQ(r)), Quality: 30},
		{Ref: "listed", Path: "dir/b.jpg", Size: 10},
	}
}

func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := openSets(t, DefaultOptions())
	if sets, err := s.List(); err != nil || sets == nil || len(sets) != 0 {
		t.Fatalf("List of a new store: got %v, %v, want an empty list", sets, err)
	}
	turns, sum, all := car(r)
	set := load(t, s, "cars", all)
	if set.Version != 1 || set.Entries != 3 || set.Refs != 4 || set.ExactOnly != 1 || set.ManifestEntries != 1 || set.Duplicates != 0 || set.Detail != nil {
		t.Errorf("Load: got %+v", set)
	}
	for o := range turns {
		// The found picture was turned: its turn o lies on the entry.
		q := Query{Parts: []Part{{Turns: same(randomPDQ(r)), Quality: 90}}}
		q.Parts[0].Turns[o] = flipBits(r, turns[0], 12)
		hits := s.Search(q)
		if len(hits) != 1 || hits[0].Ref != hex.EncodeToString(sum[:8]) || *hits[0].Distance != 12 || hits[0].Orientation != o+1 ||
			hits[0].Verdict != Copy || hits[0].Algorithm != PDQ || hits[0].Set != "cars" || hits[0].SetVersion != 1 || hits[0].Lead == nil {
			t.Errorf("turn %d: got %+v, want a copy at 12", o+1, hits)
		}
		q.Parts[0].Quality = 49
		if hits := s.Search(q); len(hits) != 0 {
			t.Errorf("quality 49: got %+v, want no hit", hits)
		}
	}
	if hits := s.Search(Query{Parts: []Part{{Turns: same(*all[2].PDQ), Quality: 90}}}); len(hits) != 0 {
		t.Errorf("the entry of poor quality: got %+v, want no hit", hits)
	}
	for _, hits := range [][]Hit{s.Search(Query{SHA256: sum}), s.Exact(sum)} {
		if len(hits) != 1 || hits[0].Verdict != Exact || hits[0].Algorithm != SHA256 || *hits[0].Distance != 0 || hits[0].Orientation != 1 {
			t.Errorf("equal bytes: got %+v, want exact", hits)
		}
	}
	near := sum
	near[31] ^= 1 // the first 8 bytes agree
	if hits := s.Exact(near); len(hits) != 0 {
		t.Errorf("a SHA-256 that differs in its last bit: got %+v", hits)
	}
}

// Versions grow, a drop in between included; Sight moves with each change and
// with nothing else.
func TestReplaceRestartDrop(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	_, sum, all := car(r)
	empty := s.Sight()
	load(t, s, "cars", all)
	loaded := s.Sight()
	if loaded == empty {
		t.Error("Sight did not change with a load")
	}
	if _, err := loadText(s, "cars", "bad.csv", "ref,pdq\nx,123\n"); err == nil || !strings.Contains(err.Error(), "bad.csv:2: pdq has 3 hex digits, not 64") {
		t.Errorf("bad load: got %v", err)
	}
	if s.Sight() != loaded {
		t.Error("Sight changed with a refused load")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, path)
	if s, err = Open(db, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if s.Sight() != loaded || len(s.Exact(sum)) != 1 {
		t.Errorf("after a restart: Sight %s, want %s; hits %+v", s.Sight(), loaded, s.Exact(sum))
	}
	if got := collect(t, s.Entries("cars")); len(got) != 4 || got[1].Ref != "far" || *got[1].PDQ != *all[1].PDQ || got[3].Path != "dir/b.jpg" || got[3].Size != 10 {
		t.Errorf("Entries: got %+v", got)
	}
	if set := load(t, s, "cars", all[1:]); set.Version != 2 || len(s.Exact(sum)) != 0 {
		t.Errorf("replaced: got version %d, want 2; hits %+v", set.Version, s.Exact(sum))
	}
	if err := s.Drop(t.Context(), "cars"); err != nil || s.Sight() != empty {
		t.Errorf("drop: %v, Sight %s, want %s", err, s.Sight(), empty)
	}
	if err := s.Drop(t.Context(), "cars"); !errors.Is(err, ErrNoSet) {
		t.Errorf("second drop: got %v, want ErrNoSet", err)
	}
	if _, err := s.Show("cars"); !errors.Is(err, ErrNoSet) {
		t.Errorf("Show: got %v, want ErrNoSet", err)
	}
	if n := storedRows(t, db); n != 0 {
		t.Errorf("after the drop %d row buckets are left", n)
	}
	if set := load(t, s, "cars", all); set.Version != 3 || s.Sight() == loaded {
		t.Errorf("loaded after a drop: got version %d, want 3; Sight %s, before %s", set.Version, s.Sight(), loaded)
	}
}

// Each set answers for itself, the strongest first; entries with the same ref
// are one picture and do not take its lead away.
func TestHitsOfManySets(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	s := openSets(t, DefaultOptions())
	turns, sum := picture(r), sumOf(r)
	near, nearer := flipBits(r, turns[0], 40), flipBits(r, turns[0], 38)
	load(t, s, "a-weak", []Entry{{Ref: "x", PDQ: &near, Quality: 100}, {Ref: "y", PDQ: &nearer, Quality: 100}})
	load(t, s, "b-copy", []Entry{{Ref: "x", PDQ: &near, Quality: 100}, {Ref: "x", PDQ: &nearer, Quality: 100}})
	load(t, s, "c-exact", []Entry{{Ref: "z", SHA256: hex.EncodeToString(sum[:])}})
	load(t, s, "d-none", []Entry{{Ref: "n", PDQ: ptr(randomPDQ(r)), Quality: 100}})
	var got []string
	for _, h := range s.Search(Query{SHA256: sum, Parts: []Part{{Turns: turns, Quality: 100}}}) {
		got = append(got, fmt.Sprintf("%s %s %s %d", h.Set, h.Verdict, h.Ref, *h.Distance))
	}
	if want := []string{"c-exact exact z 0", "b-copy copy x 38", "a-weak weak y 38"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func ptr[T any](v T) *T { return &v }

// storedRows counts the buckets of rows.
func storedRows(t *testing.T, db *kv.DB) (n int) {
	t.Helper()
	err := db.View(func(tx *kv.Tx) error {
		return tx.Bucket([]byte(rowsBucket)).ForEachBucket(func([]byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The field's lists: byte order mark, CR LF, semicolons, an empty last column,
// refs that formula guards have spoilt.
func TestFieldLists(t *testing.T) {
	refs := []string{"=1+1", "-5", "'=x", "a,b", " lead", "1e5"}
	hashes := []string{"6b86b273ff34fce1", "d4735e3a265e16ee", "4e07408562bedb8b", "4B227777D4DD1FC6", "ef2d127de37b942b", "1234567890123e45"}
	list := func(sep, tail string, more ...string) string {
		var b strings.Builder
		b.WriteString("\uFEFFref" + sep + "phash" + tail + "\r\n")
		for i := range refs {
			fmt.Fprintf(&b, "%q%s%s%s\r\n", refs[i], sep, hashes[i], tail)
		}
		for _, line := range more {
			b.WriteString(line + "\r\n")
		}
		return b.String()
	}
	s := openSets(t, DefaultOptions())
	for _, text := range []string{list(",", ""), list(";", ";"), list("\t", ""), "sep=;\r\n" + list(";", "")[3:], list(",", "", ",", "")} {
		set, err := loadText(s, "field", "clean.csv", text)
		if err != nil || set.Entries != 6 || set.Refs != 6 || set.Notes != nil {
			t.Fatalf("%.40q: got %d entries, %v, want 6", text, set.Entries, err)
		}
		var csv, jsonl bytes.Buffer
		if err := writeCSV(&csv, s.Entries("field")); err != nil {
			t.Fatal(err)
		}
		if err := WriteJSON(&jsonl, s.Entries("field")); err != nil {
			t.Fatal(err)
		}
		for _, export := range []string{csv.String(), jsonl.String()} {
			got := collect(t, ReadRows(strings.NewReader(export), "again", Auto))
			for i, e := range got {
				if e.Ref != refs[i] || e.PHash.String() != strings.ToLower(hashes[i]) {
					t.Errorf("exported and read again: got %q %v, want %q %s", e.Ref, e.PHash, refs[i], hashes[i])
				}
			}
			if len(got) != 6 {
				t.Errorf("exported and read again: got %d rows, want 6", len(got))
			}
		}
	}
	before := s.Sight()
	_, err := loadText(s, "field", "dirty.csv", list(",", "",
		`"short",e7f6c011776e8db`, `"excel",1.23457E+57`, `"dup",6b86b273ff34fce1`, `"long",7902699be42c8a8e0`))
	want := `dirty.csv:8: phash has 15 hex digits, not 16
dirty.csv:9: phash is "1.23457E+57": a spreadsheet turned this hash into a number; export the column as text
dirty.csv:10: a double: the picture of line 2 again
dirty.csv:11: phash has 17 hex digits, not 16`
	var report *RowErrors
	if !errors.As(err, &report) || err.Error() != want || report.Bad != 3 || report.Notes != 1 {
		t.Errorf("dirty list: got\n%v\nwant\n%s", err, want)
	}
	if set, err := s.Show("field"); err != nil || set.Entries != 6 || s.Sight() != before {
		t.Errorf("the old version does not stand: %+v, %v", set, err)
	}
}
