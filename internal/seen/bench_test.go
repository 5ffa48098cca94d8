package seen_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/seen"
)

// BenchmarkFilled fills a store as a crawl of years would, and says what
// it takes. LEAKWATCH_SEEN_ROWS makes it smaller; the figures say of how many.
func BenchmarkFilled(b *testing.B) {
	rows := 10_000_000
	if text := os.Getenv("LEAKWATCH_SEEN_ROWS"); text != "" {
		if _, err := fmt.Sscan(text, &rows); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		filled(b, rows)
	}
}

func filled(b *testing.B, rows int) {
	before := heap()
	r := newRig(b)
	start := time.Now()
	fill(r, rows)
	took := time.Since(start)
	bytes := r.db.Size()
	r.again()
	start = time.Now()
	if _, known, err := r.Picture(drawn(rand.New(rand.NewPCG(1, 1)), rows-1).SHA256); err != nil || !known {
		b.Fatal(known, err)
	}
	ready := time.Since(start)
	held := heap() - before
	b.ReportMetric(float64(bytes)/float64(rows), "B/picture")
	fmt.Printf("figure seen_%d_bytes_per_picture %.1f\n", rows, float64(bytes)/float64(rows))
	fmt.Printf("figure seen_%d_file_mib %d\n", rows, bytes>>20)
	fmt.Printf("figure seen_%d_memory_mib %d\n", rows, held>>20)
	fmt.Printf("figure seen_%d_first_question_ms %d\n", rows, ready.Milliseconds())
	fmt.Printf("figure seen_%d_us_per_note %.1f\n", rows, float64(took.Microseconds())/float64(rows))
	runtime.KeepAlive(r)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fill notes pictures, 200 at a time, as the slices of an archive come.
func fill(r *rig, rows int) {
	random := rand.New(rand.NewPCG(3, 3))
	for n := 0; n < rows; {
		var some [200]seen.Picture
		i := 0
		for ; i < len(some) && n < rows; i, n = i+1, n+1 {
			some[i] = drawn(random, n)
		}
		r.note(some[:i]...)
	}
}

// BenchmarkManifest notes what the directory of a zip of 100,000 pictures
// states, and then the same once more.
func BenchmarkManifest(b *testing.B) {
	const lines = 100_000
	random := rand.New(rand.NewPCG(3, 3))
	stated := make([]container.Line, lines)
	for i := range stated {
		crc := random.Uint32()
		stated[i] = container.Line{Name: fmt.Sprintf("dump/2019-05/lane-%02d/IMG_%s_%06d.jpg", i/9000, time.Unix(1_557_000_000+int64(i)*7, 0).UTC().Format("20060102_150405"), i),
			Size: 80_000 + random.Int64N(90_000), CRC32: &crc}
	}
	for b.Loop() {
		r := newRig(b)
		before := r.db.Size()
		var took [2]time.Duration
		for i := range took {
			start := time.Now()
			if err := r.NoteManifest(b.Context(), seen.Place{Site: "s", URL: "http://x.onion/dump.zip", Container: "zip"}, at(i), stated); err != nil {
				b.Fatal(err)
			}
			took[i] = time.Since(start)
		}
		fmt.Printf("figure seen_manifest_bytes_per_line %.1f\n", float64(r.db.Size()-before)/lines)
		fmt.Printf("figure seen_manifest_100000_ms %d\n", took[0].Milliseconds())
		fmt.Printf("figure seen_manifest_again_ms %d\n", took[1].Milliseconds())
		start := time.Now()
		sum := uint32(5)
		if _, err := r.Find(b.Context(), seen.Query{CRC32: &sum, Size: 99, Name: "x"}); err != nil {
			b.Fatal(err)
		}
		fmt.Printf("figure seen_find_in_100000_lines_ms %d\n", time.Since(start).Milliseconds())
	}
}
