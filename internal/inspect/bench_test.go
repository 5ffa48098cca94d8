package inspect_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

// BenchmarkInspect is one picture of 1.9 megapixels against a set of 300: bytes
// to luma, fingerprints in eight orientations, search. A stranger raises
// nothing; a copy adds the alert's commit, with its fsync.
func BenchmarkInspect(b *testing.B) {
	photos := demo.Set(301, 31)
	sets, err := match.Open(open(b, "hashes.db"), match.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	rows := func(yield func(match.Entry, error) bool) {
		for _, p := range photos[:300] {
			if !yield(entryOf(b, p.JPEG), nil) {
				return
			}
		}
	}
	if _, err := sets.Load(b.Context(), "dataset", rows, "bench", func() string { return "" }, func(int) {}); err != nil {
		b.Fatal(err)
	}
	for name, photo := range map[string]demo.Photo{"stranger": photos[300], "copy": photos[0]} {
		b.Run(name, func(b *testing.B) { benchmarkInspect(b, sets, photo, name == "copy") })
	}
}

func benchmarkInspect(b *testing.B, sets *match.Sets, photo demo.Photo, found bool) {
	alerts, err := alert.Open(open(b, "state.db"), alert.Options{})
	if err != nil {
		b.Fatal(err)
	}
	room, err := inspect.New(inspect.Options{Sets: sets, Alerts: alerts, Cores: 1,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: 50}})
	if err != nil {
		b.Fatal(err)
	}
	file, _, err := demo.Edit(large(photo.Image(), 1600, 1200), "watermark") // as JPEG, quality 85
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	i, start := 0, cpuTime(b)
	for b.Loop() {
		got, err := room.Inspect(b.Context(), foundAt("/a.jpg", numbered(file, i)))
		if err != nil || got.Known || got.Cause != crawler.OK || (got.Verdict == "copy") != found {
			b.Fatalf("%+v, %v", got, err)
		}
		i++
	}
	if !found {
		spent := cpuTime(b) - start // not the clock: the machine may be busy
		fmt.Printf("figure inspect_1.9MP_300_entries %.1f ms of processor time a picture\n", spent.Seconds()*1e3/float64(i))
	}
}

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
