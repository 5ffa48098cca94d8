package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"leakwatch/internal/phash"
)

// The bound for k seen is the mean of which so few come up in 5 % of all cases:
// published values of the Poisson distribution.
func TestPoissonUpper(t *testing.T) {
	for k, want := range map[int]float64{0: 2.996, 1: 4.744, 2: 6.296, 10: 16.96, 100: 118.1, 5000: 5117.7} {
		if got := poissonUpper(k); math.Abs(got-want) > want*2e-3 {
			t.Errorf("%d: got %.4g, want %.4g", k, got, want)
		}
	}
}

// A tail that falls by a decade in seven bits is read as such, and goes on so
// where nobody was seen.
func TestTail(t *testing.T) {
	var list []int
	for d := 50; d <= 120; d++ {
		n := int(math.Round(100_000*math.Pow(10, float64(d-92)/7))) - len(list)
		for range max(0, min(n, 100_000-len(list))) {
			list = append(list, d)
		}
	}
	tail := tailOf(list)
	if !tail.fitted || math.Abs(tail.slope-1./7) > .01 {
		t.Fatalf("got slope %v, want a decade in 7 bits", tail.slope)
	}
	if p := tail.share(45); p == nil || *p < 1e-7 || *p > 4e-7 {
		t.Errorf("share within 45: got %v, want about 2e-7", *p)
	}
	if d, shown := tail.farthest(63, 100_000, 1); d != 57 && d != 56 || !shown {
		t.Errorf("1 of 100,000: got %d, %v, want 57", d, shown)
	}
	few := tailOf([]int{90, 95, far})
	if few.fitted || few.share(45) != nil || *few.atMost(45) < .99 {
		t.Errorf("three strangers: got %+v", few.share(45))
	}
	if d, shown := few.farthest(45, 100_000, 1); d != 45 || shown {
		t.Errorf("three strangers: got %d, %v: want the limit, not shown", d, shown)
	}
	if d, _ := tailOf([]int{3, 40, 40, far}).farthest(45, 100, 1); d != 2 {
		t.Errorf("strangers at 3: got %d, want 2", d)
	}
}

// calibrateProbes are n strangers and edits of some of them, the edits some bits
// off in all orientations.
func calibrateProbes(r *rand.Rand, n int) (all []Probe) {
	for i := range n {
		turns := picture(r)
		parts := []Part{{Window: phash.Whole(), Turns: turns, Quality: 90}}
		sum := fmt.Sprintf("%064x", i+1)
		all = append(all, Probe{Path: fmt.Sprint("b", i), SHA256: sum, Parts: parts})
		if i%10 == 0 {
			for form, bits := range map[string]int{"near": 10, "middle": 40, "far": 60} {
				original := flipBits(r, turns[0], bits)
				all = append(all, Probe{Path: fmt.Sprint("b", i), SHA256: sum, Form: form, Parts: parts, Original: &Original{PDQ: original}})
			}
		}
	}
	return all
}

// probesOf sends probes as the command line does.
func probesOf(t *testing.T, all []Probe) func(func(Probe, error) bool) {
	t.Helper()
	var b bytes.Buffer
	for _, p := range all {
		if err := json.NewEncoder(&b).Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	return ReadProbes(&b)
}

func TestCalibrate(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 1))
	path := filepath.Join(t.TempDir(), "hashes.db")
	db := openStore(t, path)
	s, err := Open(db, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	turns := picture(r)
	all := append(numbered(r, 300), Entry{Ref: "A", PDQ: &turns[0], Quality: 90})
	load(t, s, "set", all)
	probes := calibrateProbes(r, 200)
	near := turns // a stranger 30 bits from an entry, in every orientation
	for o := range near {
		for k := range 30 {
			near[o][k] ^= 1
		}
	}
	probes = append(probes, Probe{Path: "near.jpg", SHA256: fmt.Sprintf("%064x", 999), Parts: []Part{{Window: phash.Whole(), Turns: near, Quality: 90}}},
		Probe{Path: "same.jpg", SHA256: all[0].SHA256}, Probe{Path: "flat.jpg", SHA256: fmt.Sprintf("%064x", 998)})
	o := CalibrateOptions{Rate: 1000, Budget: 3}
	c, err := s.Calibrate(t.Context(), "set", probesOf(t, probes), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Calibrate(t.Context(), "set", probesOf(t, probes), o)
	if got, want := asJSON(t, again), asJSON(t, c); err != nil || got != want {
		t.Errorf("the same pictures give another result:\n%s\n%s", got, want)
	}
	if b := c.Background; b.Pictures != 201 || b.InSet != 1 || b.NotJudged != 1 || b.Verdicts[Copy] != 1 || b.Nearest[0].Path != "near.jpg" || b.Nearest[0].Ref != "A" || b.Nearest[0].Distance != 30 {
		t.Errorf("got background %+v", b)
	}
	if c.Recommended == nil || c.Recommended.CopyDistance != 29 || c.CalibratedAt != nil {
		t.Errorf("recommended %+v at %v, want copies up to 29: the budget does not bear the one at 30", c.Recommended, c.CalibratedAt)
	}
	row := c.Verdicts[1]
	if row.By != byWhole || row.Seen != 1 || row.Recall["near"] != 1 || row.Recall["middle"] != 1 || row.Recall["far"] != 0 || row.Edited != 20 {
		t.Errorf("got row %+v", row)
	}
	if c.Itself.Sampled != 301 || c.Itself.Least == nil || *c.Itself.Least < 70 || len(c.Itself.Within) == 0 {
		t.Errorf("got %+v", c.Itself)
	}

	found := func() bool {
		return len(ownFinds(s, near, [32]byte{})) > 0 && strings.HasPrefix(ownFinds(s, near, [32]byte{})[0], Copy)
	}
	if !found() {
		t.Fatal("the stranger is no copy before: nothing is proved")
	}
	sight := s.Sight()
	o.Apply = true
	if c, err = s.Calibrate(t.Context(), "set", probesOf(t, probes), o); err != nil || c.CalibratedAt == nil {
		t.Fatalf("got %v, %v", c.CalibratedAt, err)
	}
	if found() || s.Sight() == sight {
		t.Errorf("the stored thresholds are not in force")
	}
	load(t, s, "set", all)
	db.Close()
	if s, err = Open(openStore(t, path), DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	set, err := s.Show("set")
	if err != nil || found() || set.Thresholds.CopyDistance != 29 || set.CalibratedAt == nil || set.Cameras != nil {
		t.Errorf("after a load and a start: %+v, %v", set.Detail, err)
	}
	s.Configure(Options{MaxDistance: 20, CopyDistance: 45, WindowDistance: 39, MinLead: 10, PHashMaxDistance: 4, MinQuality: 50})
	if set, err = s.Show("set"); err != nil || set.Thresholds.CopyDistance != 20 {
		t.Errorf("max_distance does not cap the stored thresholds: %+v, %v", set.Thresholds, err)
	}
	s.Configure(DefaultOptions())
	if set, err = s.Uncalibrate("set"); err != nil || set.Thresholds.CopyDistance != 45 || set.CalibratedAt != nil || !found() {
		t.Errorf("reset: %+v, %v", set.Detail, err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A list of pHashes gets a table of its own, and a word of warning.
func TestCalibrateForeignList(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 2))
	s := openSets(t, DefaultOptions())
	var all []Entry
	for i := range 200 {
		all = append(all, Entry{Ref: fmt.Sprint(i), PHash: ptr(phash.PHash(r.Uint64()))})
	}
	load(t, s, "foreign", all)
	probes := calibrateProbes(r, 100)
	for i := range probes {
		probes[i].PHash = make([]phash.PHash, 8)
		for o := range probes[i].PHash {
			probes[i].PHash[o] = phash.PHash(r.Uint64())
		}
	}
	copy(probes[0].PHash, []phash.PHash{*all[7].PHash ^ 0b11})
	c, err := s.Calibrate(t.Context(), "foreign", probesOf(t, probes), CalibrateOptions{Rate: 1e5, Budget: 1})
	if err != nil || len(c.Curve) != 11 || c.Curve[1].Seen != 0 || c.Curve[2].Seen != 1 || c.Curve[2].PerDay == nil || *c.Curve[2].PerDay < 1000 {
		t.Errorf("got curve %+v, %v", c.Curve, err)
	}
	if c.Recommended == nil || c.Recommended.PHashMaxDistance > 1 || !strings.Contains(strings.Join(c.Notes, "\n"), "pHash alone") {
		t.Errorf("got %+v, %q", c.Recommended, c.Notes)
	}
}

func TestCalibrateWithoutPictures(t *testing.T) {
	s := openSets(t, DefaultOptions())
	load(t, s, "set", numbered(rand.New(rand.NewPCG(71, 3)), 30))
	c, err := s.Calibrate(t.Context(), "set", probesOf(t, nil), CalibrateOptions{Rate: 1e5, Budget: 1})
	if err != nil || c.Recommended != nil || c.Verdicts[1].PerDay != nil || c.Itself.Sampled != 30 || len(c.Notes) == 0 {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := s.Calibrate(t.Context(), "set", probesOf(t, nil), CalibrateOptions{Rate: 1e5, Budget: 1, Apply: true}); !errors.Is(err, ErrNothingToGoBy) {
		t.Errorf("applied: got %v", err)
	}
	if _, err := s.Calibrate(t.Context(), "nope", probesOf(t, nil), CalibrateOptions{}); !errors.Is(err, ErrNoSet) {
		t.Errorf("no set: got %v", err)
	}
	var rows *RowErrors
	if _, err := s.Calibrate(t.Context(), "set", ReadProbes(strings.NewReader("{}\n")), CalibrateOptions{}); !errors.As(err, &rows) {
		t.Errorf("a bad line: got %v", err)
	}
}

// The cameras of a set are counted by their hashes.
func TestCountCameras(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 4))
	s := openSets(t, DefaultOptions())
	all := numbered(r, 20)
	for range 3 { // three cameras of five, one of them with nothing to tell its pictures apart
		lane := randomPDQ(r)
		for range 5 {
			all = append(all, Entry{PDQ: ptr(flipBits(r, lane, 30)), Quality: 90})
		}
	}
	pair := randomPDQ(r)
	all = append(all, Entry{PDQ: &pair, Quality: 90}, Entry{PDQ: ptr(flipBits(r, pair, 50)), Quality: 90})
	load(t, s, "set", all)
	c, err := s.Calibrate(t.Context(), "set", probesOf(t, nil), CalibrateOptions{Rate: 1, Budget: 1})
	if err != nil || c.Cameras == nil || *c.Cameras != 3 || *c.WithoutBackground != 2 {
		t.Errorf("got %+v cameras, %+v without background, %v", toldLead(c.Cameras), toldLead(c.WithoutBackground), err)
	}
}

// FuzzReadProbes: no panic, and what is taken can be asked for.
func FuzzReadProbes(f *testing.F) {
	f.Add([]byte(`{"sha256":"` + strings.Repeat("ab", 32) + `","parts":[{"Window":[0,0,1,1],"Quality":90}],"phash":[]}` + "\n\n{}"))
	f.Add([]byte(`{"sha256":"` + strings.Repeat("ab", 32) + `","form":"x","original":{"pdq":"` + strings.Repeat("0f", 32) + `","windows":[null]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for p, err := range ReadProbes(bytes.NewReader(text)) {
			if err != nil {
				break
			}
			if q := p.query(); len(q.Parts) > maxParts || q.HasPHash != (len(p.PHash) == 8) {
				t.Errorf("took %+v", p)
			}
		}
	})
}
