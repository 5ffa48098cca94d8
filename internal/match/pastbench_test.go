//go:build linux

package match

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// BenchmarkPastBatch holds SearchMany, as the past is asked in batches, against
// a loop over the entries for each picture in its eight turns, on one core. The
// whole of it, with a store and on all cores, is BenchmarkPast of inspect.
func BenchmarkPastBatch(b *testing.B) {
	for _, cameras := range []bool{false, true} {
		for _, batch := range []int{8, 64} {
			b.Run(fmt.Sprintf("cameras=%v/%d", cameras, batch), func(b *testing.B) { pastBatch(b, cameras, batch) })
		}
	}
}

func pastBatch(b *testing.B, cameras bool, batch int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := rand.New(rand.NewPCG(2, 2))
	flat := drawnRows(r, benchRows, cameras)
	seg := &segment{}
	for _, h := range flat {
		seg.pdq.add(h)
		seg.qual = append(seg.qual, UnknownQuality)
	}
	seg.pdq.end()
	o := DefaultOptions()
	var ours, loop time.Duration
	n, loops := 0, 0
	for b.Loop() {
		looks := make([]*look, batch)
		var queries [][8]phash.PDQ
		for i := range looks {
			queries = append(queries, picture(r))
			looks[i] = &look{Query: &Query{Parts: []Part{{Turns: queries[i], Quality: 90}}}}
		}
		start := cpuTime(b)
		for _, l := range looks {
			l.batches = append(l.batches, newBatch(l.Parts[0].Turns))
		}
		got := seg.anyNear(o, looks)
		ours += cpuTime(b) - start
		n += batch
		start = cpuTime(b)
		for i := 0; i < batch; i += 8 {
			var words [8][4]uint64
			for t := range queries[i] {
				words[t] = classOf(queries[i][t])
			}
			row, _, _ := plain(flat, &words, o.MaxDistance)
			if got[i] != (row >= 0) {
				b.Fatal("the loop finds otherwise")
			}
			loops++
		}
		loop += cpuTime(b) - start
	}
	if slices.Contains([]int{n, loops}, 0) {
		return
	}
	each, one := ours/time.Duration(n), loop/time.Duration(loops)
	b.ReportMetric(float64(each.Microseconds()), "us/picture")
	b.ReportMetric(float64(one.Microseconds()), "us/loop")
	fmt.Printf("ratio past_batch_%d_cameras_%v_vs_loop %.2f\n", batch, cameras, float64(one)/float64(each))
}
