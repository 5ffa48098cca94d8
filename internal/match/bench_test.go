package match

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// benchRows is the size of the data set that leakwatch was made for.
const benchRows = 300_000

// drawn makes n entries as a data set has them: pictures of fixed cameras
// about their background, or all unlike each other.
func drawn(r *rand.Rand, n int, cameras bool) []Entry {
	var centres []phash.PDQ
	for range 200 {
		centres = append(centres, picture(r)[0])
	}
	all := make([]Entry, n)
	for i := range all {
		p := randomPDQ(r)
		if cameras {
			p = flipBits(r, centres[r.IntN(len(centres))], 20+r.IntN(40))
		}
		sum := sumOf(r)
		all[i] = Entry{SHA256: hex.EncodeToString(sum[:]), Size: 90_000, PDQ: &p, Quality: 100}
	}
	return all
}

// BenchmarkLoad300k loads what `hash --json` printed for 300,000 pictures.
func BenchmarkLoad300k(b *testing.B) {
	var list bytes.Buffer
	if err := WriteJSON(&list, entries(drawn(rand.New(rand.NewPCG(1, 1)), benchRows, true))); err != nil {
		b.Fatal(err)
	}
	s := openSets(b, DefaultOptions())
	for b.Loop() {
		_, err := s.Load(context.Background(), "bench", ReadRows(bytes.NewReader(list.Bytes()), "-", Auto), "bench", nil, nil)
		if err != nil {
			b.Fatal(err)
		}
	}
	fmt.Printf("figure load_300k_seconds %.2f\n", b.Elapsed().Seconds()/float64(b.N))
	set, err := s.Show("bench")
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("figure index_bytes_per_entry %.1f\n", float64(set.MemoryBytes)/benchRows)
}

// BenchmarkOpen300k opens the store again, warm.
func BenchmarkOpen300k(b *testing.B) {
	s := openSets(b, DefaultOptions())
	load(b, s, "bench", drawn(rand.New(rand.NewPCG(1, 1)), benchRows, true))
	for b.Loop() {
		if _, err := Open(s.db, DefaultOptions()); err != nil {
			b.Fatal(err)
		}
	}
	fmt.Printf("figure open_300k_seconds %.3f\n", b.Elapsed().Seconds()/float64(b.N))
}

// BenchmarkOpen1M opens the store of a million entries again, warm.
func BenchmarkOpen1M(b *testing.B) {
	s := openSets(b, DefaultOptions())
	load(b, s, "bench", drawn(rand.New(rand.NewPCG(1, 1)), 1_000_000, false))
	for b.Loop() {
		if _, err := Open(s.db, DefaultOptions()); err != nil {
			b.Fatal(err)
		}
	}
	fmt.Printf("figure open_1M_seconds %.3f\n", b.Elapsed().Seconds()/float64(b.N))
}

// plain is the loop that a first draft would have: hashes as four words in a
// row, each turn against each.
func plain(rows [][4]uint64, turns *[8][4]uint64, radius int) (row, distance, turn int) {
	row, distance = -1, radius+1
	for i := range rows {
		w := &rows[i]
		for o := range turns {
			t := &turns[o]
			d := bits.OnesCount64(w[0]^t[0]) + bits.OnesCount64(w[1]^t[1]) + bits.OnesCount64(w[2]^t[2]) + bits.OnesCount64(w[3]^t[3])
			if d < distance {
				row, distance, turn = i, d, o
			}
		}
	}
	return row, distance, turn
}

// BenchmarkSearch300k holds the scan with 8 turns at r = 63 against the plain
// loop, both on the same rows, by turns in one process.
func BenchmarkSearch300k(b *testing.B) {
	for _, kind := range []struct {
		name, figure string
		cameras      bool
	}{{"unlike", "search_300k_r63_vs_loop", false}, {"cameras", "search_300k_r63_cameras_vs_loop", true}} {
		b.Run(kind.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(2, 2))
			all := drawn(r, benchRows, kind.cameras)
			seg := segmentOf(b, all)
			rows := make([][4]uint64, len(all))
			for i, e := range all {
				rows[i] = classOf([32]byte(*e.PDQ))
			}
			always := func(int) bool { return true }
			var scan, loop time.Duration
			n := 0
			for b.Loop() {
				turns := picture(r)
				batch := newBatch(turns)
				start := time.Now()
				row, d, turn := seg.pdq.nearest(batch, 63, always)
				middle := time.Now()
				words := [8][4]uint64{}
				for o := range batch.turns {
					words[o] = batch.turns[o]
				}
				row2, d2, turn2 := plain(rows, &words, 63)
				loop += time.Since(middle)
				scan += middle.Sub(start)
				if row != row2 || row >= 0 && (d != d2 || turn != turn2) {
					b.Fatalf("got row %d at %d turn %d, the loop finds %d at %d turn %d", row, d, turn, row2, d2, turn2)
				}
				n++
			}
			b.ReportMetric(float64(scan.Microseconds())/float64(n), "us/scan")
			b.ReportMetric(float64(loop.Microseconds())/float64(n), "us/loop")
			fmt.Printf("figure scan_300k_r63_%s_ms %.2f\n", kind.name, scan.Seconds()*1000/float64(n))
			fmt.Printf("ratio %s %.2f\n", kind.figure, float64(loop)/float64(scan))
		})
	}
}

// BenchmarkHit300k finds a stored picture: scan, lead and the ref from the store.
func BenchmarkHit300k(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 3))
	all := drawn(r, benchRows, true)
	var found [100][8]phash.PDQ
	for i := range found {
		found[i] = picture(r)
		all[r.IntN(len(all))].PDQ = &found[i][r.IntN(8)]
	}
	s := openSets(b, DefaultOptions())
	load(b, s, "bench", all)
	for i := 0; b.Loop(); i++ {
		q := Query{Parts: []Part{{Turns: found[i%len(found)], Quality: 100}}}
		if hits := s.Search(q); len(hits) != 1 || hits[0].Verdict != Copy {
			b.Fatalf("got %+v, want a copy", hits)
		}
	}
	fmt.Printf("figure hit_300k_ms %.2f\n", b.Elapsed().Seconds()*1000/float64(b.N))
}
