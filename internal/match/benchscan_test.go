package match

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

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

// BenchmarkScan holds the scan against the plain loop over the same rows, by
// turns in one process: for one hash, and for the eight turns of a picture.
func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name    string
		rows    int
		cameras bool
		radius  int
		turns   int
	}{
		{"1M_r31_one", 1_000_000, false, 31, 1},
		{"1M_r31_turns", 1_000_000, false, 31, 8},
		{"1M_r63_one", 1_000_000, false, 63, 1},
		{"1M_r63_turns", 1_000_000, false, 63, 8},
		{"4M_r63_turns", 3_900_000, false, 63, 8},
		{"1M_cameras_r31_one", 1_000_000, true, 31, 1},
		{"1M_cameras_r31_turns", 1_000_000, true, 31, 8},
		{"1M_cameras_r63_one", 1_000_000, true, 63, 1},
		{"1M_cameras_r63_turns", 1_000_000, true, 63, 8},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(2, 2))
			all := drawnRows(r, c.rows, c.cameras)
			var seg segment
			for _, h := range all {
				seg.pdq.add(h)
			}
			seg.pdq.end()
			var scanned, looped time.Duration
			n := 0
			for b.Loop() {
				turns := picture(r)
				if c.turns == 1 {
					turns = same(turns[0])
				}
				s, l := scanAndLoop(b, &seg, all, turns, c.radius)
				scanned, looped = scanned+s, looped+l
				n++
			}
			b.ReportMetric(float64(scanned.Microseconds())/float64(n), "us/scan")
			b.ReportMetric(float64(looped.Microseconds())/float64(n), "us/loop")
			fmt.Printf("ratio search_%s_vs_loop %.2f\n", c.name, float64(looped)/float64(scanned))
		})
	}
}

// scanAndLoop searches by both and holds the answers against each other.
func scanAndLoop(b *testing.B, seg *segment, all [][4]uint64, turns [8]phash.PDQ, radius int) (scanned, looped time.Duration) {
	start := time.Now()
	batch := newBatch(turns)
	row, d, turn := seg.pdq.nearest(batch, radius, func(int) bool { return true })
	scanned = time.Since(start)
	var words [8][4]uint64
	for o := range words {
		words[o] = batch.turns[o]
	}
	row2, d2, turn2 := 0, 0, 0
	start = time.Now()
	if len(batch.distinct) == 1 {
		row2, d2 = plainOne(all, &words[0], radius)
	} else {
		row2, d2, turn2 = plain(all, &words, radius)
	}
	looped = time.Since(start)
	if row != row2 || row >= 0 && (d != d2 || turn != turn2) {
		b.Fatalf("got row %d at %d turn %d, the loop finds %d at %d turn %d", row, d, turn, row2, d2, turn2)
	}
	return scanned, looped
}
