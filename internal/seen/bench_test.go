package seen_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

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
