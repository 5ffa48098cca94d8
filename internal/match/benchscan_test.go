//go:build linux

package match

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"leakwatch/internal/phash"
)

// drawnRows makes n rows as data sets have them: pictures of 200 fixed cameras
// about their background, or all unlike each other.
func drawnRows(r *rand.Rand, n int, cameras bool) [][4]uint64 {
	var centres [200][4]uint64
	for i := range centres {
		centres[i] = classOf(picture(r)[0])
	}
	all := make([][4]uint64, n)
	for i := range all {
		all[i] = [4]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		if cameras {
			all[i] = centres[r.IntN(len(centres))]
			for range 20 + r.IntN(40) {
				bit := r.IntN(256)
				all[i][bit/64] ^= 1 << (bit % 64)
			}
		}
	}
	return all
}

// plainOne is the loop for one hash.
func plainOne(rows [][4]uint64, t *[4]uint64, radius int) (row, distance int) {
	row, distance = -1, radius+1
	for i := range rows {
		w := &rows[i]
		d := bits.OnesCount64(w[0]^t[0]) + bits.OnesCount64(w[1]^t[1]) + bits.OnesCount64(w[2]^t[2]) + bits.OnesCount64(w[3]^t[3])
		if d < distance {
			row, distance = i, d
		}
	}
	return row, distance
}

// BenchmarkScan holds scans against the plain loop over the same rows, in one
// process: for one hash, and for the eight turns of a picture. Each in its turn
// answers four queries, as a service does, and the time is that of the
// processor, not of the clock.
func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name    string
		rows    int
		cameras bool
		radius  int
		turns   int
		parts   bool // the four queries are parts of one picture
	}{
		{"1M_r31_one", 1_000_000, false, 31, 1, false},
		{"1M_r31_turns", 1_000_000, false, 31, 8, false},
		{"1M_r63_one", 1_000_000, false, 63, 1, false},
		{"1M_r63_turns", 1_000_000, false, 63, 8, false},
		{"4M_r63_turns", 13 * benchRows, false, 63, 8, false},
		{"4M_r63_4parts", 13 * benchRows, false, 63, 8, true},
		{"1M_cameras_r31_one", 1_000_000, true, 31, 1, false},
		{"1M_cameras_r31_turns", 1_000_000, true, 31, 8, false},
		{"1M_cameras_r63_one", 1_000_000, true, 63, 1, false},
		{"1M_cameras_r63_turns", 1_000_000, true, 63, 8, false},
		{"300k_lead_turns", benchRows, false, 256, 8, false},
		{"300k_cameras_lead_turns", benchRows, true, 256, 8, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			r := rand.New(rand.NewPCG(2, 2))
			flat := drawnRows(r, c.rows, c.cameras)
			var all rows
			for _, h := range flat {
				all.add(h)
			}
			all.end()
			var scanned, looped time.Duration
			n := 0
			for b.Loop() {
				var queries [4][8]phash.PDQ
				for i := range queries {
					if queries[i] = picture(r); c.turns == 1 {
						queries[i] = same(queries[i][0])
					}
				}
				s, l := scanAndLoop(b, &all, flat, queries[:], c.radius, c.parts)
				scanned, looped = scanned+s, looped+l
				n += len(queries)
			}
			b.ReportMetric(float64(scanned.Microseconds())/float64(n), "us/scan")
			b.ReportMetric(float64(looped.Microseconds())/float64(n), "us/loop")
			fmt.Printf("ratio search_%s_vs_loop %.2f\n", c.name, float64(looped)/float64(scanned))
		})
	}
}

// scanAndLoop searches by both and holds the answers against each other.
func scanAndLoop(b *testing.B, all *rows, flat [][4]uint64, queries [][8]phash.PDQ, radius int, parts bool) (scanned, looped time.Duration) {
	got, want := make([]neighbour, len(queries)), make([]neighbour, len(queries))
	start := cpuTime(b)
	if parts {
		scanParts(all, queries, radius, got)
	}
	for i, turns := range queries {
		if parts {
			break
		}
		n := &got[i]
		n.row, n.distance, n.turn = all.nearest(newBatch(turns), radius, func(int) bool { return true })
	}
	middle := cpuTime(b)
	for i, turns := range queries {
		n := &want[i]
		batch := newBatch(turns)
		var words [8][4]uint64
		for o := range words {
			words[o] = batch.turns[o]
		}
		if len(batch.distinct) == 1 {
			n.row, n.distance = plainOne(flat, &words[0], radius)
		} else {
			n.row, n.distance, n.turn = plain(flat, &words, radius)
		}
		if n.row < 0 {
			n.distance = 0
		}
	}
	looped = cpuTime(b) - middle
	if !slices.Equal(got, want) {
		b.Fatalf("got %v, the loop finds %v", got, want)
	}
	return middle - start, looped
}

// scanParts searches for all queries in one pass.
func scanParts(all *rows, queries [][8]phash.PDQ, radius int, got []neighbour) {
	batches := make([]*batch, len(queries))
	for i := range batches {
		batches[i] = newBatch(queries[i])
	}
	near := all.near(batches, radius, 1, func(int) (uint32, bool) { return 0, true })
	for i, n := range near {
		if got[i].row = -1; len(n) > 0 {
			got[i] = n[0]
		}
	}
}

// cpuTime is what this thread has used of the processor.
func cpuTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
