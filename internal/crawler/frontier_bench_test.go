package crawler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
)

const benchPage = 50 // links of one page

// benchFrontier is a frontier with many hosts and no pacing.
func benchFrontier(b *testing.B, dir string, hosts int) (c *Crawler, end func()) {
	b.Helper()
	var dbs []*kv.DB
	open := func(name string) *kv.DB {
		db, err := kv.Open(filepath.Join(dir, name), kv.Options{})
		if err != nil {
			b.Fatal(err)
		}
		dbs = append(dbs, db)
		return db
	}
	o := Options{
		Transport: func(tor.Site) http.RoundTripper { return nil },
		Inspector: nobody{}, Teller: nobody{},
	}
	c, err := Open(open("crawl.db"), open("state.db"), o)
	if err != nil {
		b.Fatal(err)
	}
	var sites []SiteConfig
	for i := range hosts {
		sites = append(sites, SiteConfig{Name: fmt.Sprint("site", i), Seeds: []string{"http://" + benchHost(i) + "/"}, Scope: "host",
			Interval: time.Hour, MaxInterval: 7 * 24 * time.Hour, Depth: 1 << 30})
	}
	if err := c.Configure(sites, o); err != nil {
		b.Fatal(err)
	}
	return c, func() {
		for _, db := range dbs {
			if err := db.Close(); err != nil {
				b.Error(err)
			}
		}
	}
}

func benchHost(i int) string {
	return fmt.Sprintf("%032dabcdefghijklmnopqrstuvwx.onion", i)
}

type nobody struct{}

func (nobody) Inspect(context.Context, Found) (Inspection, error) { return Inspection{}, nil }
func (nobody) Tell(context.Context, Event) error                  { return nil }

// benchVisits makes n visits, each of which finds found new links; scatter
// puts every link into a folder of its own, which is the worst case.
func benchVisits(b *testing.B, c *Crawler, n, found int, scatter bool) {
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), uint64(time.Now().UnixNano())))
			for left.Add(-1) >= 0 {
				c.mu.Lock()
				l, _, _, err := c.take(ms(time.Now()))
				c.mu.Unlock()
				if err != nil {
					b.Error(err)
					return
				}
				if l == nil { // all hosts are leased
					left.Add(1)
					time.Sleep(100 * time.Microsecond)
					continue
				}
				res := &result{link: l.link, outcome: Outcome{Cause: OK, Bytes: 20_000}, fetched: ms(time.Now()), at: ms(time.Now())}
				res.link.content, res.link.digest[0] = contentPage, 1
				thread := random.Uint64()
				for i := range found {
					if scatter {
						thread = random.Uint64()
					}
					d := discovery{url: fmt.Sprintf("http://%s/uploads/%d/2026/%d.jpg", l.host.Name, thread, random.Uint64()), host: l.host.Name, kind: kindPage, depth: l.link.depth + 1}
					if i%2 == 0 {
						d.kind = kindPicture
					}
					d.key = keyOf(d.url)
					res.found = append(res.found, d)
				}
				if _, err := c.done(l, res); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkFrontierAdd adds links in batches of a page, each durable when Done
// returns. LEAKWATCH_BENCH_LINKS sets how many.
func BenchmarkFrontierAdd(b *testing.B) {
	links := 100_000
	if n, err := strconv.Atoi(os.Getenv("LEAKWATCH_BENCH_LINKS")); err == nil {
		links = n
	}
	for _, scatter := range []bool{false, true} {
		name := map[bool]string{false: "folders", true: "scattered"}[scatter]
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				dir := b.TempDir()
				c, end := benchFrontier(b, dir, 64)
				b.StartTimer()
				begin := time.Now()
				benchVisits(b, c, links/benchPage, benchPage, scatter)
				perSecond := float64(links) / time.Since(begin).Seconds()
				b.StopTimer()
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				end()
				begin = time.Now()
				_, end = benchFrontier(b, dir, 64)
				opened := time.Since(begin)
				end()
				info, err := os.Stat(filepath.Join(dir, "crawl.db"))
				if err != nil {
					b.Fatal(err)
				}
				size := float64(info.Size()) / float64(links)
				b.ReportMetric(perSecond, "links/s")
				b.ReportMetric(size, "B/link")
				for figure, value := range map[string]float64{"links_per_s": perSecond, "bytes_per_link": size,
					"heap_mb": float64(memory.HeapSys) / 1e6, "open_ms": float64(opened.Milliseconds()), "links": float64(links)} {
					fmt.Printf("figure frontier_%s_%s %.0f\n", figure, name, value)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkNextDone takes links and is done with them: 64 workers, 64 hosts.
func BenchmarkNextDone(b *testing.B) {
	c, end := benchFrontier(b, b.TempDir(), 64)
	defer end()
	benchVisits(b, c, 2000, benchPage, false)
	b.ResetTimer()
	begin := time.Now()
	benchVisits(b, c, b.N, 0, false)
	perSecond := float64(b.N) / time.Since(begin).Seconds()
	b.ReportMetric(perSecond, "visits/s")
	fmt.Printf("\nfigure frontier_visits_per_s %.0f\n", perSecond)
}
