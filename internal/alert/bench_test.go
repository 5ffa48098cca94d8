package alert_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leakwatch/internal/alert"
)

// Callers in parallel share fsyncs.
func BenchmarkRaise(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			r := open(b)
			r.listen("desk")
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						one := report(fmt.Sprint("site", n%50), "s", fmt.Sprint(n))
						if err := r.Raise(context.Background(), []alert.Report{one}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// large fills a room with 100,000 alerts and 1,000,000 findings; with -short a
// tenth of both. Every 100th alert holds 901 findings,
// the others one.
func large(b *testing.B) (r *room, alerts int) {
	r, alerts = open(b), 100_000
	if testing.Short() {
		alerts /= 10
	}
	var reports []alert.Report
	flush := func(above int) {
		if len(reports) > above {
			r.raise(reports...)
			reports = reports[:0]
		}
	}
	for i := range alerts {
		findings := 1
		if i%100 == 0 {
			findings = 901 // 10 in the mean
		}
		for n := range findings {
			reports = append(reports, with(report(fmt.Sprint("site", i%1000), fmt.Sprint("set", i/1000), fmt.Sprint(i, " ", n)), func(r *alert.Report) {
				r.At = day().Add(time.Duration(i) * time.Second)
			}))
		}
		flush(5000)
	}
	flush(0)
	return r, alerts
}

func BenchmarkLarge(b *testing.B) {
	start := time.Now()
	r, alerts := large(b)
	b.Logf("%d alerts with 10 findings in the mean: filled in %v, %d MB", alerts, time.Since(start).Round(time.Second), r.db.Size()>>20)
	label := fmt.Sprintf("alerts=%d", alerts)
	page := func(f alert.Filter) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if got := r.list(f); len(got) == 0 {
					b.Fatalf("%+v: nothing", f)
				}
			}
		}
	}
	middle := r.list(alert.Filter{Limit: alerts / 2})
	b.Run(label+"/first page", page(alert.Filter{Limit: 50}))
	b.Run(label+"/middle page", page(alert.Filter{Limit: 50, After: middle[len(middle)-1].Cursor()}))
	b.Run(label+"/page of a site", page(alert.Filter{Limit: 50, Site: "site7"}))
	b.Run(label+"/page of a state", page(alert.Filter{Limit: 50, State: "new"}))
	b.Run(label+"/site and state", page(alert.Filter{Limit: 50, Site: "site7", State: "new"}))
	b.Run(label+"/page of a verdict", page(alert.Filter{Limit: 50, Verdict: "copy"}))
	b.Run(label+"/all", page(alert.Filter{}))
	b.Run(label+"/show 901 findings", func(b *testing.B) {
		id := r.list(alert.Filter{Site: "site0", Limit: 1})[0].ID
		for b.Loop() {
			if d := r.show(id); len(d.Findings) != 901 {
				b.Fatalf("got %d findings", len(d.Findings))
			}
		}
	})
	b.Run(label+"/tally", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Tally(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	var n atomic.Int64
	b.Run(label+"/raise", func(b *testing.B) {
		for b.Loop() {
			r.raise(report(fmt.Sprint("site", n.Add(1)%1000), "set0", fmt.Sprint("more ", n.Load())))
		}
	})
	b.Run(label+"/seen again", func(b *testing.B) {
		for b.Loop() {
			i := n.Add(1) % 1000
			err := r.SeenAgain(context.Background(), fmt.Sprint("site", i), sum(fmt.Sprint(i, " ", 0)), "http://again", day().Add(time.Duration(n.Load())*time.Hour))
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(label+"/reopen", func(b *testing.B) {
		for b.Loop() {
			r.reenter()
		}
	})
}
