package inspect_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/alert"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

const references = 300_000

// BenchmarkInspectionAgainstNaive holds the whole inspection of a photograph of
// 1.9 megapixels that matches nothing, against 300,000 references with windows,
// against image/jpeg, goimagehash and a loop over 300,000 pHashes, turn by turn
// in one run, by processor time. The references are random hashes; the picture
// is drawn, and given the noise of a camera by its JPEG quality alone.
func BenchmarkInspectionAgainstNaive(b *testing.B) {
	for _, windows := range []int{12, 26} {
		b.Run(fmt.Sprint(windows, "windows"), func(b *testing.B) { benchmarkAgainstNaive(b, windows) })
	}
}

func benchmarkAgainstNaive(b *testing.B, windows int) {
	sets, err := match.Open(open(b, "hashes.db"), match.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	hash := func() *phash.PDQ {
		var p phash.PDQ
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return &p
	}
	rows := func(yield func(match.Entry, error) bool) {
		for range references {
			e := match.Entry{PDQ: hash(), Quality: 100, Windows: make([]*phash.PDQ, len(phash.EntryWindows()))}
			for i := range windows {
				e.Windows[i] = hash()
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	if _, err := sets.Load(b.Context(), "dataset", rows, "bench", nil, nil); err != nil {
		b.Fatal(err)
	}
	alerts, err := alert.Open(open(b, "state.db"), alert.Options{})
	if err != nil {
		b.Fatal(err)
	}
	room, err := inspect.New(inspect.Options{Sets: sets, Alerts: alerts, Cores: 1,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: 50}})
	if err != nil {
		b.Fatal(err)
	}
	var files [][]byte
	for _, p := range demo.Set(4, 31) {
		file, _, err := demo.Edit(large(p.Image(), 1600, 1200), "brightness")
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, file)
	}
	list := make([]uint64, references)
	for i := range list {
		list[i] = r.Uint64()
	}
	var ours, naive time.Duration
	i := 0
	for ; b.Loop(); i++ {
		file := numbered(files[i%len(files)], i)
		t0 := cpuTime(b)
		seen, err := room.Look(b.Context(), file)
		if err != nil || len(seen.Hits) > 0 && seen.Hits[0].Verdict != match.Weak {
			b.Fatalf("%+v, %v", seen.Hits, err)
		}
		t1 := cpuTime(b)
		naively(b, file, list)
		ours, naive = ours+t1-t0, naive+cpuTime(b)-t1
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 / float64(i) }
	fmt.Printf("\nfigure inspection_1.9MP_300k_%dwindows_ms %.1f against %.1f, of processor time, %d pictures\n", windows, ms(ours), ms(naive), i)
	fmt.Printf("ratio inspection_1.9MP_300k_%dwindows %.2f\n", windows, float64(naive)/float64(ours))
}

// naively is what one would write in an afternoon.
func naively(b *testing.B, file []byte, list []uint64) (near int) {
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	h, err := goimagehash.PerceptionHash(m)
	if err != nil {
		b.Fatal(err)
	}
	for _, other := range list {
		if bits.OnesCount64(h.GetHash()^other) <= 10 {
			near++
		}
	}
	return near
}
