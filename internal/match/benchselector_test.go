package match

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// prose is n bytes of text as pages have it: words, numbers, dates, names.
func prose(r *rand.Rand, n int) string {
	words := strings.Fields("the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part Camera LANE border crossing Traffic plate vehicle")
	var b strings.Builder
	for b.Len() < n {
		switch r.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "%d ", r.IntN(100000))
		case 1:
			fmt.Fprintf(&b, "2019-0%d-%02d %02d:%02d, ", 1+r.IntN(9), 1+r.IntN(28), r.IntN(24), r.IntN(60))
		case 2:
			fmt.Fprintf(&b, "IMG_%04d.JPG\n", r.IntN(10000))
		default:
			b.WriteString(words[r.IntN(len(words))])
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// BenchmarkText looks for 100,000 selectors in texts, on one core.
func BenchmarkText(b *testing.B) {
	const n = 100_000
	r := rand.New(rand.NewPCG(4, 2))
	plates := drawnPlates(r, 2*n)
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("%s %s", drawnWord(r), drawnWord(r))
	}
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("%d", 1_000_000+r.IntN(90_000_000))
	}
	cyrillic := strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' {
			return 'а' + c - 'a'
		}
		return c
	}, prose(r, 4<<20))
	mixed := append(append(append([]string{}, plates[:n/2]...), words[:n/4]...), numbers[:n/4]...)
	for _, c := range []struct {
		name string
		list []string
		text string
	}{
		{"prose", plates[:n], prose(r, 4<<20)},
		{"paste", plates[:n], drawnPaste(r, 50_000, plates[:1000], plates[n:])},
		{"prose_mixed", mixed, prose(r, 4<<20)},
		{"paste_mixed", mixed, drawnPaste(r, 50_000, nil, plates[n:])},
		{"prose_cyrillic", mixed, cyrillic},
		{"plates_only", plates[:n], strings.Join(plates[n:], "\n")},
		{"hex", mixed, hexText(r, 4<<20)},
		{"hostile", mixed, hostileText(r, 1<<20)},
	} {
		for _, keyed := range []bool{false, true} {
			name := c.name
			if keyed {
				name += "_keyed"
			}
			b.Run(name, func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				s := openSets(b, DefaultOptions())
				before := heap()
				set := loadSelectors(b, s, "bench", strings.Join(c.list, "\n"), keyed)
				held := heap() - before
				b.SetBytes(int64(len(c.text)))
				start := cpuTime(b)
				for b.Loop() {
					s.Text([]byte(c.text))
				}
				seconds := (cpuTime(b) - start).Seconds() / float64(b.N)
				b.ReportMetric(float64(set.Selectors), "selectors")
				fmt.Printf("figure selectors_%s_mb_per_s %.1f\n", name, float64(len(c.text))/1e6/seconds)
				fmt.Printf("figure selectors_%s_mb_held %.1f\n", name, float64(held)/1e6)
			})
		}
	}
}

func drawnWord(r *rand.Rand) string {
	b := make([]byte, 4+r.IntN(7))
	for i := range b {
		b[i] = 'a' + byte(r.IntN(26))
	}
	return string(b)
}

// hexText is what digests and identifiers look like.
func hexText(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%08x-%04x-%04x %016x\n", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.Uint64())
	}
	return b.String()
}

// hostileText joins to as many plates as a text can: a letter or a digit a word.
func hostileText(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "AB12 ABCDEFGHJKLMNPQ"[r.IntN(20)]
		if i%2 == 1 {
			b[i] = "- ."[r.IntN(3)]
		}
	}
	return string(b)
}

// heap is what is held, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkManifest holds manifests against 300,000 entries: one of 100,000
// lines, and many of strangers.
func BenchmarkManifest(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := rand.New(rand.NewPCG(4, 8))
	before := heap()
	ours := append(shotBy(r, benchRows/3, 2.5e6), phone(r, benchRows/3, 2.5e6)...)
	ours = append(ours, lanes(r, benchRows/3)...)
	s := setOf(b, ours, true)
	set, err := s.Show("exposed")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d MB held", (heap()-before)/1e6)
	fmt.Printf("figure manifest_bytes_per_entry %.1f\n", float64(set.MemoryBytes)/benchRows)
	lines := linesOf(ours[len(ours)-100_000:], "nsc")
	start := cpuTime(b)
	for b.Loop() {
		if hits := s.Manifest(lines); len(hits) != 1 || hits[0].Agree != 100_000 {
			b.Fatalf("got %+v", hits)
		}
	}
	fmt.Printf("figure manifest_100k_lines_ms %.0f\n", (cpuTime(b)-start).Seconds()*1e3/float64(b.N))

	const strangers = 5000
	raised := 0
	for i := range strangers {
		size := 1 << r.IntN(12)
		files := append(shotBy(r, size, 2.5e6), phone(r, size, 2.5e6)...)
		if i%2 == 0 {
			files = lanes(r, size)
		}
		raised += len(s.Manifest(linesOf(files, []string{"ns", "nsc", "n"}[i%3])))
	}
	fmt.Printf("figure manifest_false_alerts_of_5000 %d\n", raised)
}
