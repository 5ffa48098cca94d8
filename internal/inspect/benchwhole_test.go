package inspect_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

const (
	wholeEntries = 300_000
	oldWindows   = 13 // of EntryWindows, as a first draft had them
)

// BenchmarkInspection holds the whole inspection of a picture of two megapixels
// that is in no set - all that Look does, against 300,000 entries with windows -
// against the naive way: image/jpeg, goimagehash, and a loop over 300,000
// pHashes. Both take turns, picture by picture.
//
// The entries are synthetic: random hashes, or about the backgrounds of 200
// fixed cameras, each with 13 windows or with all. The pictures are drawn, with
// noise as of a camera; where LEAKWATCH_CORPUS names a folder, its photographs
// of that size make a run of their own.
func BenchmarkInspection(b *testing.B) {
	drawn := drawnFiles(b, 6)
	photographs := photographsOf(b, 1_500_000, 2_600_000)
	for _, of := range []struct {
		name    string
		windows int
		cameras bool
	}{{"_13_windows", oldWindows, false}, {"", len(phash.EntryWindows()), false}, {"_cameras", len(phash.EntryWindows()), true}} {
		b.Run(fmt.Sprintf("entries%s", cmp.Or(of.name, "_26_windows")), func(b *testing.B) {
			sets := wholeSets(b, of.windows, of.cameras)
			b.Run("drawn", func(b *testing.B) {
				compareWhole(b, sets, "inspection_2mp_300k"+of.name, drawn)
			})
			b.Run("photographs", func(b *testing.B) {
				if len(photographs) == 0 {
					b.Skip("LEAKWATCH_CORPUS names no folder with photographs of this size: only drawn pictures were compared")
				}
				compareWhole(b, sets, "inspection_2mp_300k"+of.name+"_photographs", photographs)
			})
		})
	}
}

// compareWhole prints the ratio of the two ways, and where the time of ours goes.
func compareWhole(b *testing.B, sets *match.Sets, name string, files [][]byte) {
	room, err := inspect.New(inspect.Options{Sets: sets, Cores: 1,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: match.DefaultOptions().MinQuality}})
	if err != nil {
		b.Fatal(err)
	}
	phashes := make([]uint64, wholeEntries)
	for i := range phashes {
		phashes[i] = uint64(i+1) * 0x9e3779b97f4a7c15
	}
	ours, naive := make([][]time.Duration, len(files)), make([][]time.Duration, len(files))
	for n := 0; b.Loop(); n++ {
		for i, file := range files {
			start := cpuTime(b)
			naively(b, file, phashes)
			middle := cpuTime(b)
			seen, err := room.Look(b.Context(), numbered(file, n)) // as new bytes: what it knows it does not decode
			ours[i] = append(ours[i], cpuTime(b)-middle)
			naive[i] = append(naive[i], middle-start)
			if err != nil || seen.PDQ == nil {
				b.Fatalf("%+v, %v", seen, err)
			}
			if slices.ContainsFunc(seen.Hits, func(h match.Hit) bool { return h.Verdict != match.Weak }) {
				b.Fatalf("a picture of no set raises %+v", seen.Hits)
			}
		}
	}
	// The median of each picture: others share this machine.
	sum := func(all [][]time.Duration) (t time.Duration) {
		for _, each := range all {
			slices.Sort(each)
			t += each[len(each)/2]
		}
		return t
	}
	worst := 1e9
	for i := range files {
		sum(ours[i : i+1])
		sum(naive[i : i+1])
		worst = min(worst, float64(naive[i][len(naive[i])/2])/float64(ours[i][len(ours[i])/2]))
	}
	o, n := sum(ours), sum(naive)
	ms := func(t time.Duration) float64 { return t.Seconds() * 1e3 / float64(len(files)) }
	fmt.Printf("\n%s: %d pictures, %.2f ms each, naive %.2f ms\n", name, len(files), ms(o), ms(n))
	fmt.Printf("ratio %s_vs_naive %.2f\n", name, float64(n)/float64(o))
	fmt.Printf("ratio %s_worst_picture_vs_naive %.2f\n", name, worst)
	stagesOf(b, sets, name, files)
}

// naively does what anyone would write first.
func naively(b *testing.B, file []byte, phashes []uint64) {
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	h, err := goimagehash.PerceptionHash(m)
	if err != nil {
		b.Fatal(err)
	}
	best, at := 65, 0
	for i, p := range phashes {
		if d := bits.OnesCount64(p ^ h.GetHash()); d < best {
			best, at = d, i
		}
	}
	if at < 0 {
		b.Fatal("never")
	}
}

// stagesOf prints what the stages of an inspection take, each by itself.
func stagesOf(b *testing.B, sets *match.Sets, name string, files [][]byte) {
	const times = 5
	d := picture.NewDecoder(picture.DefaultLimits())
	var decode, hash, regions, search time.Duration
	parts := 0
	for _, file := range files {
		lap := cpuTime(b)
		next := func(stage *time.Duration) {
			now := cpuTime(b)
			*stage, lap = *stage+now-lap, now
		}
		var pic picture.Picture
		for range times {
			pic, _ = d.DecodeSmall(b.Context(), file)
		}
		next(&decode)
		var turns [8]phash.PDQ
		for range times {
			_, turns, _ = phash.OfTurned(pic.Luma, image.Pt(pic.Width, pic.Height))
		}
		next(&hash)
		for range times {
			if len(picture.Regions(phash.HalvedTo(pic.Luma, 680))) > 0 {
				parts++
			}
		}
		next(&regions)
		for range times {
			sets.Search(match.Query{Parts: []match.Part{{Window: phash.Whole(), Turns: turns, Quality: 100}}})
		}
		next(&search)
	}
	n := float64(times * len(files))
	for _, stage := range []struct {
		name string
		took time.Duration
	}{{"decode", decode}, {"hash", hash}, {"regions", regions}, {"search_one_part", search}} {
		fmt.Printf("figure %s_%s_ms %.2f\n", name, stage.name, stage.took.Seconds()*1e3/n)
	}
	fmt.Printf("figure %s_with_regions %.2f of the pictures\n", name, float64(parts)/n)
}

// wholeSets are the sets with one of 300,000 entries in it.
func wholeSets(b *testing.B, windows int, cameras bool) *match.Sets {
	sets, err := match.Open(open(b, "hashes.db"), match.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if _, err := sets.Load(b.Context(), "bench", wholeRows(windows, cameras), "bench", func() string { return "" }, func(int) {}); err != nil {
		b.Fatal(err)
	}
	set, err := sets.Show("bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d entries with %d windows: loaded in %.0f s, %d MB of index", wholeEntries, windows, time.Since(start).Seconds(), set.MemoryBytes>>20)
	return sets
}

// wholeRows draws entries whose hashes and windows are random, or those of a
// fixed camera with 20 to 60 bits changed in each.
func wholeRows(windows int, cameras bool) func(func(match.Entry, error) bool) {
	const hashes = 27 // of one picture: the whole and its windows
	r := rand.New(rand.NewPCG(6, 6))
	random := func() (p phash.PDQ) {
		for i := 0; i < len(p); i += 8 {
			for k, v := 0, r.Uint64(); k < 8; k++ {
				p[i+k] = byte(v >> (8 * k))
			}
		}
		return p
	}
	var centres [200][hashes]phash.PDQ
	for i := range centres {
		for k := range centres[i] {
			centres[i][k] = random()
		}
	}
	return func(yield func(match.Entry, error) bool) {
		for range wholeEntries {
			camera := r.IntN(len(centres))
			draw := func(k int) *phash.PDQ {
				p := random()
				if cameras {
					p = centres[camera][k]
					for range 20 + r.IntN(40) {
						bit := r.IntN(256)
						p[bit/8] ^= 1 << (bit % 8)
					}
				}
				return &p
			}
			sum := random() // as random as any digest
			e := match.Entry{SHA256: hex.EncodeToString(sum[:]), Size: 90_000, PDQ: draw(0), Quality: 100, Windows: make([]*phash.PDQ, hashes-1)}
			for k := range windows {
				e.Windows[k] = draw(k + 1)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// drawnFiles are drawn pictures of 1.9 megapixels with the noise of a sensor.
func drawnFiles(b *testing.B, n int) (files [][]byte) {
	for i, p := range demo.Set(n, 77) {
		m := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
		from := large(p.Image(), 1600, 1200).(*image.RGBA)
		r := rand.New(rand.NewPCG(uint64(i), 7))
		for k, v := range from.Pix {
			if m.Pix[k] = v; k%4 != 3 {
				m.Pix[k] = uint8(min(max(float64(v)+4*r.NormFloat64(), 0), 255))
			}
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}); err != nil {
			b.Fatal(err)
		}
		files = append(files, out.Bytes())
	}
	return files
}

// photographsOf are the JPEGs of the corpus between two numbers of pixels.
func photographsOf(b *testing.B, least, most int) (files [][]byte) {
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		return nil
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(strings.ToLower(filepath.Ext(path)), ".jp") {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(file))
		if n := c.Width * c.Height; err == nil && n >= least && n <= most {
			if _, err := jpeg.Decode(bytes.NewReader(file)); err == nil {
				files = append(files, file)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return files
}
