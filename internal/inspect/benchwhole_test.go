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

// compareWhole lets both ways take turns, and tells the median of each picture.
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
	medians := func(all [][]time.Duration) (out []time.Duration) { // others share this machine
		for _, each := range all {
			slices.Sort(each)
			out = append(out, each[len(each)/2])
		}
		return out
	}
	tell(b, sets, name, files, medians(ours), medians(naive))
}

// tell prints the ratio over all pictures, over those that are a plain
// photograph to the first look, over the rest, and of the worst of all.
func tell(b *testing.B, sets *match.Sets, name string, files [][]byte, ours, naive []time.Duration) {
	d := picture.NewDecoder(picture.DefaultLimits())
	ratio := func(label string, with func(i int) bool) {
		var o, n time.Duration
		count := 0
		for i := range files {
			if with(i) {
				o, n, count = o+ours[i], n+naive[i], count+1
			}
		}
		if count > 0 {
			ms := func(t time.Duration) float64 { return t.Seconds() * 1e3 / float64(count) }
			fmt.Printf("\n%s%s: %d pictures, %.2f ms each, naive %.2f ms\n", name, label, count, ms(o), ms(n))
			fmt.Printf("ratio %s%s_vs_naive %.2f\n", name, label, float64(n)/float64(o))
		}
	}
	plain := make([]bool, len(files))
	worst := 0
	for i, file := range files {
		pic, err := d.DecodeSmall(b.Context(), file)
		plain[i] = err == nil && len(picture.Regions(phash.HalvedTo(pic.Luma, 680))) == 0
		if float64(naive[i])/float64(ours[i]) < float64(naive[worst])/float64(ours[worst]) {
			worst = i
		}
	}
	ratio("", func(int) bool { return true })
	ratio("_plain", func(i int) bool { return plain[i] })
	ratio("_regions", func(i int) bool { return !plain[i] })
	ratio("_worst", func(i int) bool { return i == worst })
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

// stagesOf prints what the stages of an inspection take, each by itself. From
// the sharp decode on they are those of the pictures in which a first look sees
// regions.
func stagesOf(b *testing.B, sets *match.Sets, name string, files [][]byte) {
	const times = 5
	d := picture.NewDecoder(picture.DefaultLimits())
	took, of, parts := map[string]time.Duration{}, map[string]int{}, 0
	stage := func(what string, do func()) {
		start := cpuTime(b)
		for range times {
			do()
		}
		took[what], of[what] = took[what]+cpuTime(b)-start, of[what]+times
	}
	for _, file := range files {
		var pic, sharp picture.Picture
		var regions []image.Rectangle
		whole := match.Part{Window: phash.Whole(), Quality: 100}
		stage("decode", func() { pic, _ = d.DecodeSmall(b.Context(), file) })
		stage("hash", func() { _, whole.Turns, _ = phash.OfTurned(pic.Luma, image.Pt(pic.Width, pic.Height)) })
		stage("regions", func() { regions = picture.Regions(phash.HalvedTo(pic.Luma, 680)) })
		q := match.Query{Parts: []match.Part{whole}}
		stage("search_one_part", func() { sets.Search(q) })
		if len(regions) == 0 {
			continue
		}
		stage("sharp_decode", func() { sharp, _ = d.Decode(b.Context(), file) })
		stage("sharp_regions", func() { regions = picture.Regions(sharp.Luma) })
		stage("sharp_hashes", func() {
			q.Parts = []match.Part{whole}
			for _, r := range regions {
				w := phash.WindowOf(r, sharp.Luma.Rect.Dx(), sharp.Luma.Rect.Dy())
				if turns, quality, ok := phash.TurnsOf(sharp.Luma, r); ok && (w[2]-w[0])*(w[3]-w[1]) <= .98 {
					q.Parts = append(q.Parts, match.Part{Window: w, Turns: turns, Quality: quality})
				}
			}
		})
		stage("search_all_parts", func() { sets.Search(q) })
		parts += len(q.Parts)
	}
	for _, what := range []string{"decode", "hash", "regions", "search_one_part", "sharp_decode", "sharp_regions", "sharp_hashes", "search_all_parts"} {
		if n := of[what]; n > 0 {
			fmt.Printf("figure %s_%s_ms %.2f\n", name, what, took[what].Seconds()*1e3/float64(n))
		}
	}
	if n := of["sharp_decode"]; n > 0 {
		fmt.Printf("figure %s_parts %.1f with regions, the whole included\n", name, float64(parts*times)/float64(n))
	}
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
