package inspect_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
	"leakwatch/internal/seen"
)

const (
	pastPictures = 1_000_000
	pastPlanted  = 1000 // pictures that are copies of entries
	// pastLooped is how many pictures share one run of the loop, which takes some
	// 5 ms: all of them would be hours. It is prime, so that every kind is among them. The loop's time is that of one picture.
	pastLooped = 499
)

// BenchmarkPast asks a store of a million pictures, a quarter of them small ones
// that are hashed enlarged as well, for a new set of 300,000: from the store to
// the alerts, on all cores, while a visit looks at a picture twenty times a
// second. Against it a loop over the entries for each picture and each of its
// eight turns. Times are those of the processors, and wall time beside.
func BenchmarkPast(b *testing.B) {
	store, err := seen.Open(open(b, "seen.db"), seen.Options{})
	if err != nil {
		b.Fatal(err)
	}
	sets := wholeSets(b, 0, false)
	entries := entriesOf(b, sets)
	pictures := pastDrawn(b, store, entries)
	for b.Loop() {
		alerts, err := alert.Open(open(b, "state.db"), alert.Options{})
		if err != nil {
			b.Fatal(err)
		}
		room, err := inspect.New(inspect.Options{Sets: sets, Alerts: alerts, Cores: 2,
			Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: match.DefaultOptions().MinQuality}})
		if err != nil {
			b.Fatal(err)
		}
		alone := visits(b, room, time.NewTimer(10*time.Second).C)
		past := inspect.NewPast(room, inspect.PastOptions{Sets: sets, Alerts: alerts, Seen: store})
		start, wall := usedCPU(b), time.Now()
		done := make(chan time.Time)
		go func() {
			if err := past.Ask(context.Background()); err != nil {
				b.Error(err)
			}
			close(done)
		}()
		beside := visits(b, room, done)
		ours, took := usedCPU(b)-start, time.Since(wall)
		if found := past.Progress().Raised; found != pastPlanted {
			b.Errorf("%d pictures were found, %d were planted", found, pastPlanted)
		}
		one, found := loopOver(b, pictures, entries)
		loop := one * pastPictures
		b.ReportMetric(took.Seconds(), "s")
		fmt.Printf("ratio past_1M_by_300k_vs_loop %.1f found %d of the sample's\n", float64(loop)/float64(ours), found)
		fmt.Printf("figure past_1M_by_300k_wall_s %.0f\nfigure past_1M_by_300k_cpu_s %.0f\n", took.Seconds(), ours.Seconds())
		fmt.Printf("figure past_loop_ms_per_picture %.2f of %d pictures\n", one.Seconds()*1e3, len(pictures)/pastLooped)
		fmt.Printf("figure past_visit_ms_alone %.1f\nfigure past_visit_ms_beside %.1f\n", alone.Seconds()*1e3, beside.Seconds()*1e3)
	}
}

// visits looks at a fresh picture twenty times a second until end, and returns
// the median of what one took.
func visits(b *testing.B, room *inspect.Room, end <-chan time.Time) time.Duration {
	file := demo.Stranger(3, 9).JPEG
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var took []time.Duration
	for n := 0; ; n++ {
		select {
		case <-end:
			slices.Sort(took)
			return took[len(took)/2]
		case <-tick.C:
		}
		fresh := binary.BigEndian.AppendUint64(slices.Clone(file), uint64(n)) // behind the end of the JPEG
		start := time.Now()
		if _, err := room.Inspect(b.Context(), crawler.Found{Site: "visited", URL: "http://v/", Body: fresh, SHA256: sha256.Sum256(fresh), At: start}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
}

func usedCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func entriesOf(b *testing.B, sets *match.Sets) (out []phash.PDQ) {
	for e, err := range sets.Entries("bench") {
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, *e.PDQ)
	}
	return out
}

// pastDrawn fills the store, and returns what it holds.
func pastDrawn(b *testing.B, store *seen.Seen, entries []phash.PDQ) (all []seen.Picture) {
	r := rand.New(rand.NewPCG(8, 8))
	random := func() (p phash.PDQ) {
		for i := 0; i < len(p); i += 8 {
			binary.BigEndian.PutUint64(p[i:], r.Uint64())
		}
		return p
	}
	turned := func(upright phash.PDQ) *[8]phash.PDQ {
		turns := phash.Derived(upright)
		for o := 1; o < 4; o++ {
			for range r.IntN(13) {
				bit := r.IntN(256)
				turns[o][bit/8] ^= 1 << (bit % 8)
			}
		}
		phash.Transpose(&turns)
		return &turns
	}
	for n := range pastPictures {
		h := random()
		if n%(pastPictures/pastPlanted) == 0 {
			h = entries[r.IntN(len(entries))]
			for _, bit := range r.Perm(256)[:r.IntN(30)] {
				h[bit/8] ^= 1 << (bit % 8)
			}
		}
		p := seen.Picture{SHA256: [32]byte(random()), PDQ: &h, Turns: turned(h), Quality: 90, Width: 800, Height: 600, Cause: "ok", Nothing: true, First: at(), Last: at(),
			Place: seen.Place{Site: "board", URL: fmt.Sprintf("http://board.onion/%d.jpg", n), Page: fmt.Sprintf("http://board.onion/t/%d", n/12)}}
		if n%4 == 0 {
			small := random()
			p.Windows = []seen.Window{{Window: phash.Whole(), PDQ: small, Turns: turned(small), Quality: 90}}
		}
		if all = append(all, p); len(all)%500 == 0 {
			if err := store.Note(b.Context(), all[len(all)-500:]...); err != nil {
				b.Fatal(err)
			}
		}
	}
	return all
}

// loopOver is what one would write first, over some of the pictures: the time
// of one, and how many it found.
func loopOver(b *testing.B, pictures []seen.Picture, entries []phash.PDQ) (one time.Duration, found int) {
	words := func(p phash.PDQ) (w [4]uint64) {
		for i := range w {
			w[i] = binary.BigEndian.Uint64(p[8*i:])
		}
		return w
	}
	flat := make([][4]uint64, len(entries))
	for i := range entries {
		flat[i] = words(entries[i])
	}
	start, n := usedCPU(b), 0
	for i := 0; i < len(pictures); i += pastLooped {
		p := &pictures[i]
		parts := []*[8]phash.PDQ{p.Turns}
		if len(p.Windows) > 0 {
			parts = append(parts, p.Windows[0].Turns)
		}
		least := 257
		for _, turns := range parts {
			for _, t := range turns {
				w := words(t)
				for k := range flat {
					e := &flat[k]
					least = min(least, bits.OnesCount64(w[0]^e[0])+bits.OnesCount64(w[1]^e[1])+bits.OnesCount64(w[2]^e[2])+bits.OnesCount64(w[3]^e[3]))
				}
			}
		}
		if n++; least <= match.DefaultOptions().CopyDistance {
			found++
		}
	}
	return (usedCPU(b) - start) / time.Duration(n), found
}
