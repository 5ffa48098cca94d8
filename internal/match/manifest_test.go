package match

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// file is one of a data set, or of a stranger.
type file struct {
	name string
	size int64
	body string // what its digests are made of
}

// asEntry is the file as `hash --json` tells it, as far as asked.
func (f file) asEntry(digests bool) Entry {
	e := Entry{Path: f.name, Size: f.size, Quality: UnknownQuality}
	if digests {
		sha, old := sha256.Sum256([]byte(f.body)), sha1.Sum([]byte(f.body))
		e.SHA256, e.SHA1 = hex.EncodeToString(sha[:]), hex.EncodeToString(old[:])
		e.CRC32 = fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(f.body)))
	}
	return e
}

// asLine is the file as a manifest states it: "n" name, "s" size, "c" CRC-32,
// "1" SHA-1, "2" SHA-256.
func (f file) asLine(states string) container.Line {
	l := container.Line{Size: -1}
	for _, what := range states {
		switch what {
		case 'n':
			l.Name = f.name
		case 's':
			l.Size = f.size
		case 'c':
			sum := crc32.ChecksumIEEE([]byte(f.body))
			l.CRC32 = &sum
		case '1':
			sum := sha1.Sum([]byte(f.body))
			l.SHA1 = sum[:]
		case '2':
			sum := sha256.Sum256([]byte(f.body))
			l.SHA256 = sum[:]
		}
	}
	return l
}

// shotBy draws n files as a camera names them: by counting, with sizes about a
// mean, and a folder for each thousand.
func shotBy(r *rand.Rand, n int, mean float64) []file {
	all := make([]file, n)
	for i := range all {
		all[i] = file{fmt.Sprintf("%dCANON/IMG_%04d.JPG", 100+i/1000, i%10000), sizeAbout(r, mean), fmt.Sprint(r.Uint64())}
	}
	return all
}

// lanes draws n files as a lane camera names them: plate and time.
func lanes(r *rand.Rand, n int) []file {
	all := make([]file, n)
	for i := range all {
		at := r.IntN(42 * 86400)
		name := fmt.Sprintf("lane%d/%c%c%c%04d_201905%02d%06d.jpg", r.IntN(9), 'A'+r.IntN(26), 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(10000), 1+at/86400, at%86400)
		all[i] = file{name, sizeAbout(r, 45_000), fmt.Sprint(r.Uint64())}
	}
	return all
}

// phone draws n files that are named by the second in six weeks.
func phone(r *rand.Rand, n int, mean float64) []file {
	all := make([]file, n)
	for i := range all {
		at := r.IntN(42 * 86400)
		day, s := at/86400, at%86400
		all[i] = file{fmt.Sprintf("DCIM/2019%02d%02d_%02d%02d%02d.jpg", 5+day/31, 1+day%31, s/3600, s/60%60, s%60), sizeAbout(r, mean), fmt.Sprint(r.Uint64())}
	}
	return all
}

func sizeAbout(r *rand.Rand, mean float64) int64 {
	return int64(mean * math.Exp(r.NormFloat64()*0.25))
}

func fixed(all []file, size int64) []file {
	out := append([]file(nil), all...)
	for i := range out {
		out[i].size = size
	}
	return out
}

func linesOf(all []file, states string) []container.Line {
	lines := make([]container.Line, len(all))
	for i, f := range all {
		lines[i] = f.asLine(states)
	}
	return lines
}

// setOf loads files as a set.
func setOf(t testing.TB, all []file, digests bool) *Sets {
	t.Helper()
	s := openSets(t, DefaultOptions())
	rows := make([]Entry, len(all))
	for i, f := range all {
		rows[i] = f.asEntry(digests)
	}
	load(t, s, "exposed", rows)
	return s
}

func TestManifest(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	ours := lanes(r, 2000)
	shots := shotBy(r, 3000, 2.5e6)
	raw := fixed(shotBy(r, 3000, 1), 308_278)
	clutter := []file{{"Thumbs.db", 6144, "thumbs"}, {"readme.txt", 0, ""}, {"desktop.ini", 282, "ini"}, {"a/readme.txt", 1200, "read me"}, {"empty.jpg", 0, ""}, {"dot.gif", 43, "gif"}, {"jquery.js", 88_145, "jq"}}
	clutterTwice := append(append([]file{}, clutter...), clutter...)
	moved := make([]file, len(ours))
	for i, f := range ours {
		moved[i] = file{`D:\leak\` + strings.ToUpper(f.name[strings.LastIndexByte(f.name, '/')+1:]), f.size, f.body}
	}
	for _, c := range []struct {
		name    string
		set     []file
		digests bool
		lines   []container.Line
		want    string // "agree/of", "" for no alert
	}{
		{"names and sizes", ours, false, linesOf(ours, "ns"), "2000/2000"},
		{"names and sizes, moved", ours, false, linesOf(moved, "ns"), "2000/2000"},
		{"most of them", ours, true, linesOf(append(append([]file{}, ours[:1900]...), lanes(r, 100)...), "ns"), "1900/2000"},
		{"a few among many", ours, false, linesOf(append(append([]file{}, ours[:5]...), shotBy(r, 50_000, 2e6)...), "ns"), "5/50005"},
		{"two are too few by name and size", ours, false, linesOf(ours[:2], "ns"), ""},
		{"names alone", ours, false, linesOf(ours, "n"), "2000/2000"},
		{"nineteen names", ours, false, linesOf(ours[:19], "n"), ""},
		{"names alone among others", ours, false, linesOf(append(append([]file{}, ours[:500]...), shotBy(r, 1000, 1)...), "n"), ""},
		{"one digest", ours, true, linesOf(append(append([]file{}, ours[7]), shotBy(r, 1000, 2e6)...), "n2"), "1/1001"},
		{"one old digest", ours, true, linesOf(ours[7:8], "1"), "1/1"},
		{"one CRC and size", ours, true, linesOf(ours[7:8], "nsc"), "1/1"},
		{"a CRC without a size", ours, true, linesOf(ours[7:8], "c"), ""},
		{"CRCs of the set without them", ours, false, linesOf(ours, "sc"), ""},
		{"other sizes", ours, true, linesOf(fixed(ours, 4711), "ns"), ""},
		{"the same twice", ours[:10], false, linesOf(append(append([]file{}, ours[:10]...), ours[:10]...), "ns"), "10/20"},
		{"folders", ours[:10], false, append(linesOf(ours[:10], "ns"), container.Line{Name: "lane1/", Size: -1}), "10/10"},
		{"nothing", ours, true, nil, ""},

		{"the camera's own", shots, false, linesOf(shots, "ns"), "3000/3000"},
		{"names of any camera", shots, true, linesOf(shotBy(r, 10_000, 2.5e6), "nsc12"), ""},
		{"names of any camera alone", shots, true, linesOf(shots, "n"), ""},
		{"raw frames of one size", raw, false, linesOf(fixed(shotBy(r, 3000, 1), 308_278), "ns"), ""},
		{"raw frames by CRC", raw, true, linesOf(raw[:20], "nsc"), "20/20"},
		{"raw frames of others, with CRC", raw, true, linesOf(fixed(shotBy(r, 100_000, 1), 308_278), "nsc"), ""},
		{"lane names with one size", fixed(ours, 308_278), false, linesOf(fixed(ours, 308_278), "n"), "2000/2000"},

		{"clutter by name and size", append(clutter, ours...), true, linesOf(clutterTwice, "ns"), ""},
		{"clutter by CRC", clutter, true, linesOf([]file{clutter[1], clutter[2], clutter[4], clutter[5]}, "nsc"), ""},
		{"clutter by digest", clutter, true, linesOf([]file{clutter[1], clutter[2], clutter[4], clutter[5]}, "nsc12"), ""},
		{"empty files by digest alone", clutter, true, linesOf([]file{clutter[1], clutter[4]}, "12"), ""},
	} {
		s := setOf(t, c.set, c.digests)
		if !s.HasManifests() {
			t.Errorf("%s: no set has manifests", c.name)
		}
		got, rule := "", ""
		for _, h := range s.Manifest(c.lines) {
			got += fmt.Sprintf("%d/%d", h.Agree, h.Of)
			rule = h.Rule
		}
		if got != c.want {
			t.Errorf("%s: got %q (%s), want %q", c.name, got, rule, c.want)
		}
	}
}

// Strangers' manifests raise nothing, however their files are called. The set
// is the hardest: named by counting and by the clock.
func TestManifestsOfStrangers(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	n, manifests := 20_000, 400
	if testing.Short() {
		manifests = 60
	}
	s := setOf(t, append(append(shotBy(r, n, 2.5e6), phone(r, n, 2.5e6)...), lanes(r, n)...), true)
	raised := 0
	for i := range manifests {
		size := 1 << r.IntN(15)
		mean := []float64{45_000, 2.5e6, 8_000}[i%3]
		var files []file
		switch i % 4 {
		case 0:
			files = shotBy(r, size, mean)
		case 1:
			files = phone(r, size, mean)
		case 2:
			files = lanes(r, size)
		default:
			files = append(shotBy(r, size, mean), phone(r, size, mean)...)
		}
		if hits := s.Manifest(linesOf(files, []string{"ns", "nsc", "n", "nsc12"}[i/4%4])); len(hits) > 0 {
			raised++
			t.Errorf("manifest %d of %d lines: %+v", i, len(files), hits)
		}
	}
	t.Logf("%d of %d manifests of strangers raise an alert; with 95 %% certainty less than %.1g of them do", raised, manifests, 3/float64(manifests))
}

// Entries that are disabled agree with nothing, those in quarantine by digest.
func TestManifestOfMarked(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	ours := lanes(r, 30)
	s := setOf(t, ours, true)
	var refs []string
	for e, err := range s.Entries("exposed") {
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, e.Ref)
	}
	if _, err := s.Disable(t.Context(), "exposed", refs[:20], "tester"); err != nil {
		t.Fatal(err)
	}
	if hits := s.Manifest(linesOf(ours, "nsc")); len(hits) != 1 || hits[0].Agree != 10 || hits[0].Count != 10 {
		t.Errorf("with 20 of 30 disabled: %+v", hits)
	}
	if _, err := s.Disable(t.Context(), "exposed", refs[20:], "tester"); err != nil {
		t.Fatal(err)
	}
	if hits := s.Manifest(linesOf(ours, "nsc12")); len(hits) != 0 || s.HasManifests() {
		t.Errorf("with all disabled: %+v", hits)
	}
}

// A manifest set of CSV rows that have no picture is loaded, told and matched.
func TestManifestRows(t *testing.T) {
	s := openSets(t, DefaultOptions())
	var csv strings.Builder
	csv.WriteString("path,size,crc32,sha1,sha256\n")
	ours := lanes(rand.New(rand.NewPCG(4, 6)), 100)
	for i, f := range ours {
		e := f.asEntry(true)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&csv, "%s,%d,,,\n", e.Path, e.Size)
		case 1:
			fmt.Fprintf(&csv, "%s,%d,%s,,\n", e.Path, e.Size, e.CRC32)
		case 2:
			fmt.Fprintf(&csv, "%s,%d,,%s,\n", e.Path, e.Size, e.SHA1)
		default:
			fmt.Fprintf(&csv, ",,,,%s\n", e.SHA256)
		}
	}
	set, err := loadText(s, "listed", "list.csv", csv.String())
	if err != nil || set.ManifestEntries != 75 || set.Entries != 25 {
		t.Fatalf("got %+v, %v", set, err)
	}
	for states, want := range map[string]int{"ns": 75, "s1": 25, "sc": 25, "2": 25, "ns12": 100, "nsc12": 100} {
		hits := s.Manifest(linesOf(ours, states))
		if len(hits) != 1 || hits[0].Agree != want || hits[0].Of != 100 || hits[0].Count != 100 || hits[0].SetVersion != 1 {
			t.Errorf("%s: got %+v, want %d", states, hits, want)
		}
	}
}

// FuzzManifest: no panic, and nothing agrees oftener than there are lines or
// entries.
func FuzzManifest(f *testing.F) {
	ours := lanes(rand.New(rand.NewPCG(4, 7)), 50)
	s := setOf(f, ours, true)
	f.Add("a/b.jpg\n"+ours[0].name, int64(45_000), []byte("12345678901234567890123456789012"))
	f.Fuzz(func(t *testing.T, names string, size int64, sum []byte) {
		var lines []container.Line
		for i, name := range strings.Split(names, "\n") {
			crc := uint32(size)
			lines = append(lines, container.Line{Name: name, Size: size + int64(i%7), CRC32: &crc, SHA1: sum, SHA256: sum})
		}
		for _, h := range s.Manifest(append(lines, linesOf(ours[:10], "nsc12")...)) {
			if h.Agree < 1 || h.Agree > h.Of || h.Agree > h.Count || h.Rule == "" {
				t.Fatalf("got %+v", h)
			}
		}
	})
}
