package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// ownFinds returns the refs that a picture finds, strongest first.
func ownFinds(s *Sets, turns [8]phash.PDQ, sum [32]byte) (found []string) {
	q := Query{SHA256: sum, Parts: []Part{{Window: phash.Whole(), Turns: turns, Quality: 100}}}
	for _, h := range s.Search(q) {
		found = append(found, h.Verdict+" "+h.Ref)
	}
	return found
}

// A disabled entry is not found by anything, one that shares its hash takes its
// place; a start, a reload and a later load keep it so, and enabling it undoes
// it all.
func TestDisable(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 1))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	turns, sum := picture(r), sumOf(r)
	p := turns[0]
	all := append(numbered(r, 20),
		Entry{Ref: "A", PDQ: &p, Quality: 90, SHA256: fmt.Sprintf("%x", sum), Windows: []*phash.PDQ{&p}},
		Entry{Ref: "A", PDQ: ptr(flipBits(r, p, 4)), Quality: 90},
		Entry{Ref: "B", PDQ: &p, Quality: 90})
	load(t, s, "set", all)
	want := func(when string, found ...string) {
		t.Helper()
		if got := ownFinds(s, turns, sum); !slices.Equal(got, found) {
			t.Errorf("%s: got %q, want %q", when, got, found)
		}
	}
	want("loaded", "exact A")
	sight, horizon := s.Sight(), s.Horizon()
	set, err := s.Disable(t.Context(), "set", []string{"A"}, "ann")
	if err != nil || set.Disabled != 2 || set.Entries != 23 {
		t.Errorf("disable: got %+v, %v, want 2 of 23 disabled", set, err)
	}
	want("disabled", "copy B")
	if s.Sight() == sight || s.Horizon() != horizon {
		t.Error("a disabled entry changes what is cached, and makes nothing due again")
	}
	load(t, s, "set", all)
	want("loaded again", "copy B")
	db.Close()
	if s, err = Open(openStore(t, path), DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	want("started again", "copy B")
	marks, err := s.Marks("set")
	if err != nil || len(marks) != 1 || marks[0].Ref != "A" || marks[0].State != Disabled || marks[0].By != "ann" || marks[0].At.IsZero() {
		t.Errorf("marks: got %+v, %v", marks, err)
	}

	horizon = s.Horizon()
	if set, err = s.Enable(t.Context(), "set", []string{"A"}); err != nil || set.Disabled != 0 {
		t.Errorf("enable: got %+v, %v", set, err)
	}
	want("enabled", "exact A")
	if s.Horizon() == horizon {
		t.Error("an entry that is judged again makes nothing due again")
	}
	if _, err := s.Disable(t.Context(), "set", []string{"B", "C"}, "ann"); !errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), `"C"`) {
		t.Errorf("a ref that is not there: got %v", err)
	}
	if _, err := s.Enable(t.Context(), "set", []string{"B"}); !errors.Is(err, ErrNoRef) {
		t.Errorf("a ref that was not disabled: got %v", err)
	}
	if _, err := s.Disable(t.Context(), "other", []string{"B"}, "ann"); !errors.Is(err, ErrNoSet) {
		t.Errorf("a set that is not there: got %v", err)
	}
	if _, err := s.Disable(t.Context(), "set", []string{"A", "B"}, "ann"); err != nil {
		t.Error(err)
	}
	want("both disabled")
	if err := s.Drop(t.Context(), "set"); err != nil {
		t.Fatal(err)
	}
	load(t, s, "set", all)
	want("dropped and loaded", "exact A")
}

// What is disabled while a load of the set goes on stays so after it.
func TestDisableWhileLoading(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 2))
	s := openSets(t, DefaultOptions())
	turns := picture(r)
	all := append(numbered(r, 5), Entry{Ref: "A", PDQ: &turns[0], Quality: 90})
	load(t, s, "set", all)
	rows := then(all, nil, func() {
		if _, err := s.Disable(t.Context(), "set", []string{"A"}, "ann"); err != nil {
			t.Error(err)
		}
	})
	set, err := s.Load(t.Context(), "set", rows, "tester", nil, nil)
	if err != nil || set.Disabled != 1 || len(ownFinds(s, turns, [32]byte{})) != 0 {
		t.Errorf("got %+v, %v: want the entry still disabled", set, err)
	}
}

// An entry that floods is judged on equal bytes alone, until it is released.
func TestQuarantine(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 3))
	s := openSets(t, DefaultOptions())
	turns, sum := picture(r), sumOf(r)
	load(t, s, "set", append(numbered(r, 5), Entry{Ref: "A", PDQ: &turns[0], Quality: 90, SHA256: fmt.Sprintf("%x", sum)}))
	at := time.Unix(1e9, 0)
	raise := func(n int, at time.Time) (flooded int) {
		for i := range n {
			over, err := s.Raised(t.Context(), "set", "A", [32]byte{byte(i), byte(i >> 8)}, at)
			if err != nil {
				t.Fatal(err)
			}
			if over {
				flooded++
			}
		}
		return flooded
	}
	for range 3 { // the same pictures again, and later ones
		if raise(FloodPictures, at) != 0 {
			t.Fatal("a flood of no more pictures than are allowed")
		}
	}
	if at = at.Add(floodTime + time.Second); raise(FloodPictures, at) != 0 {
		t.Fatal("pictures of two days make a flood")
	}
	if n := raise(FloodPictures+1, at); n != 1 {
		t.Fatalf("flooded %d times, want once", n)
	}
	if raise(3*FloodPictures, at) != 0 {
		t.Error("an entry in quarantine floods again")
	}
	if got := ownFinds(s, turns, [32]byte{}); len(got) != 0 {
		t.Errorf("in quarantine: got %q", got)
	}
	if got := ownFinds(s, turns, sum); !slices.Equal(got, []string{"exact A"}) {
		t.Errorf("equal bytes in quarantine: got %q", got)
	}
	if set, err := s.Show("set"); err != nil || set.Quarantined != 1 || set.Disabled != 0 {
		t.Errorf("got %+v, %v", set, err)
	}
	if _, err := s.Enable(t.Context(), "set", []string{"A"}); err != nil {
		t.Fatal(err)
	}
	if got := ownFinds(s, turns, [32]byte{}); !slices.Equal(got, []string{"copy A"}) {
		t.Errorf("released: got %q", got)
	}
}

// A quiet entry is forgotten before a loud one where there are too many.
func TestFloodsAreBounded(t *testing.T) {
	var f floods
	at := time.Unix(1e9, 0)
	for i := range 50 {
		f.add("set", "loud", [32]byte{byte(i)}, at)
	}
	for i := range 3 * maxFloods {
		f.add("set", fmt.Sprint(i), [32]byte{}, at)
	}
	if n, _ := f.add("set", "loud", [32]byte{99}, at); n != 51 || len(f.of) > maxFloods {
		t.Errorf("%d entries, %d pictures of the loud one", len(f.of), n)
	}
}

// ownNegatives makes a list of negatives.
func ownNegatives(all ...Negative) func(func(Negative, error) bool) {
	return func(yield func(Negative, error) bool) {
		for _, n := range all {
			if !yield(n, nil) {
				return
			}
		}
	}
}

// What a review calls a false positive is weak, and so are its near copies in
// any orientation; a true copy of the entry is not.
func TestNegatives(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 4))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	entry, sum := picture(r), sumOf(r)
	load(t, s, "set", append(numbered(r, 5), Entry{Ref: "A", PDQ: &entry[0], Quality: 90, SHA256: fmt.Sprintf("%x", sum)}))
	load(t, s, "other", []Entry{{Ref: "B", PDQ: &entry[0], Quality: 90}})
	turned := func(bits int) (turns [8]phash.PDQ) { // the same bits changed in each
		for o := range turns {
			turns[o] = entry[o]
			for k := range bits {
				turns[o][k%32] ^= 1 << (k / 32)
			}
		}
		return turns
	}
	false40 := turned(40)
	near := false40
	for o := range near {
		near[o][31] ^= 0x80
	}
	if got := ownFinds(s, false40, [32]byte{1}); !slices.Equal(got, []string{"copy B", "copy A"}) && !slices.Equal(got, []string{"copy A", "copy B"}) {
		t.Fatalf("before: got %q", got)
	}
	n := Negative{ID: "01A/f1", Set: "set", SHA256: strings.Repeat("0", 62) + "01", Window: phash.Whole(), PDQ: &false40[0]}
	sight, horizon := s.Sight(), s.Horizon()
	if err := s.Negate(context.Background(), "01A/", ownNegatives(n)); err != nil {
		t.Fatal(err)
	}
	if s.Sight() == sight || s.Horizon() != horizon {
		t.Error("a false positive changes what is cached, and makes nothing due again")
	}
	mirrored := near
	mirrored[0], mirrored[1] = mirrored[1], mirrored[0]
	check := func(when string) {
		t.Helper()
		for name, tt := range map[string]struct {
			turns [8]phash.PDQ
			sum   [32]byte
			want  []string
		}{
			"the same picture": {false40, [32]byte{1}, []string{"copy B", "weak A"}},
			"a copy of it":     {near, [32]byte{2}, []string{"copy B", "weak A"}},
			"its mirror image": {mirrored, [32]byte{3}, []string{"copy B", "weak A"}},
			"equal bytes":      {false40, sum, []string{"exact A", "copy B"}},
			"a true copy":      {turned(6), [32]byte{4}, []string{"copy A", "copy B"}},
		} {
			got := ownFinds(s, tt.turns, tt.sum)
			slices.Sort(got)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s, %s: got %q, want %q", when, name, got, tt.want)
			}
		}
	}
	check("said")
	if s.Suppressed() != 3 {
		t.Errorf("%d hits were held back, want 3", s.Suppressed())
	}
	db.Close()
	if s, err = Open(openStore(t, path), DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	check("started again")
	if err := s.Negate(context.Background(), "", ownNegatives(n)); err != nil {
		t.Fatal(err)
	}
	check("said again")
	if err := s.Negate(context.Background(), "01B/", ownNegatives()); err != nil {
		t.Fatal(err)
	}
	check("after another alert's review")
	horizon = s.Horizon()
	if err := s.Negate(context.Background(), "01A/", ownNegatives()); err != nil {
		t.Fatal(err)
	}
	if got := ownFinds(s, near, [32]byte{2}); slices.Contains(got, "weak A") || s.Horizon() == horizon {
		t.Errorf("taken back: got %q, horizon moved: %v", got, s.Horizon() != horizon)
	}
}

// The version before becomes the next one, and two of those before are kept.
func TestRollback(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 5))
	s := openSets(t, DefaultOptions())
	if _, err := s.Rollback(t.Context(), "set", "ann"); !errors.Is(err, ErrNoSet) {
		t.Errorf("without a set: got %v", err)
	}
	versions := [][]Entry{numbered(r, 3), numbered(r, 4), numbered(r, 5), numbered(r, 6)}
	load(t, s, "set", versions[0])
	if _, err := s.Rollback(t.Context(), "set", "ann"); !errors.Is(err, ErrNoVersion) {
		t.Errorf("of the first version: got %v", err)
	}
	for _, v := range versions[1:] {
		load(t, s, "set", v)
	}
	for i, want := range []int{5, 6, 5} {
		set, err := s.Rollback(t.Context(), "set", "ann")
		if err != nil || set.Entries != want || set.Version != 5+i || set.LoadedBy != "ann" || len(collect(t, s.Entries("set"))) != want {
			t.Errorf("rollback %d: got %+v, %v, want %d entries in version %d", i, set, err, want, 5+i)
		}
		if n := len(versionsKept(t, s)); n != keptVersions {
			t.Errorf("%d versions are kept, want %d", n, keptVersions)
		}
	}
	if e := versions[2][0]; len(ownFinds(s, same(*e.PDQ), [32]byte{})) != 1 {
		t.Error("what was rolled back to is not searched")
	}
}

func versionsKept(t *testing.T, s *Sets) []int {
	t.Helper()
	set, err := s.Show("set")
	if err != nil {
		t.Fatal(err)
	}
	return set.Detail.KeptVersions
}

func TestDiff(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 6))
	s := openSets(t, DefaultOptions())
	all := numbered(r, 3)
	all[0].SHA256, all[0].Ref = strings.Repeat("ab", 32), "one"
	load(t, s, "set", all)
	changes := func(seq func(func(Change, error) bool)) (out []string) {
		for c, err := range seq {
			if err != nil {
				return append(out, err.Error())
			}
			was := ""
			if c.WasRef != nil {
				was = " was " + *c.WasRef
			}
			out = append(out, fmt.Sprintf("%s %s%s %v", c.Change, c.Ref, was, c.Fields))
		}
		return out
	}
	if got := changes(s.DiffVersions(t.Context(), "set")); len(got) != 1 || !strings.Contains(got[0], ErrNoVersion.Error()) {
		t.Errorf("of the first version: got %q", got)
	}
	next := slices.Clone(all)
	next[0].Ref, next[0].Quality = "uno", 51
	next = append(next[:2], Entry{Ref: "new", PDQ: ptr(randomPDQ(r)), Quality: 90}, next[1])
	want := []string{"changed uno was one [ref quality]", "removed " + DefaultRef(all[2]) + " []", "added new []", "added " + DefaultRef(all[1]) + " []"}
	if got := changes(s.Diff(t.Context(), "set", entries(next))); !slices.Equal(got, want) {
		t.Errorf("to a list: got %q, want %q", got, want)
	}
	load(t, s, "set", next)
	if got := changes(s.DiffVersions(t.Context(), "set")); !slices.Equal(got, want) {
		t.Errorf("of versions: got %q, want %q", got, want)
	}
	bad := ReadRows(strings.NewReader("ref,sha256\nx,12\n"), "f.csv", Auto)
	if got := changes(s.Diff(t.Context(), "set", bad)); len(got) != 1 || !strings.HasPrefix(got[0], "f.csv:2: ") {
		t.Errorf("to a bad list: got %q", got)
	}
}

// lookAlikes counts what a plain loop counts.
func TestLookAlikes(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 7))
	for round := range 20 {
		var all []Entry
		for i := range 60 {
			p := randomPDQ(r)
			if i > 0 && r.IntN(2) == 0 {
				p = flipBits(r, *all[r.IntN(i)].PDQ, r.IntN(40))
			}
			all = append(all, Entry{Ref: fmt.Sprint(r.IntN(50)), PDQ: &p, Quality: r.IntN(101)})
		}
		want := 0
		for i, a := range all {
			first := slices.IndexFunc(all, func(e Entry) bool { return *e.PDQ == *a.PDQ && e.Quality == a.Quality }) == i
			alike := slices.ContainsFunc(all, func(b Entry) bool {
				return b.Ref != a.Ref && b.Quality >= windowQuality && a.PDQ.Distance(*b.PDQ) <= lookAlikeRadius
			})
			if first && a.Quality >= windowQuality && alike {
				want++
			}
		}
		set := load(t, openSets(t, DefaultOptions()), "set", all)
		if set.LookAlikes == nil || *set.LookAlikes != want {
			t.Errorf("round %d: got %v, want %d", round, toldLead(set.LookAlikes), want)
		}
	}
}
