package kv_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leakwatch/internal/kv"
)

// Writers in parallel share fsyncs: the time of one write falls as they grow in
// number, and a lone one pays no more than Update does.
func BenchmarkCommit(b *testing.B) {
	for _, kind := range []string{"update", "batch"} {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", kind, writers), func(b *testing.B) {
				db, err := kv.Open(filepath.Join(b.TempDir(), "some.db"), kv.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				write := db.Batch
				if kind == "update" {
					write = db.Update
				}
				value := strings.Repeat("v", 300)
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ResetTimer()
				for range writers {
					wg.Go(func() {
						for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
							if err := write(func(tx *kv.Tx) error { return put(tx, fmt.Sprintf("%08d", n), value) }); err != nil {
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
}
