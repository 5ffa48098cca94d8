package picture

import (
	"bytes"
	"context"
	"errors"
	"runtime/metrics"
	"testing"
	"time"
)

// FuzzLuma holds the luma decoder to the full one: it gives a plane of the
// promised size within the memory that was reckoned, or leaves the file alone;
// what it calls whole the full decoder takes too, and what it calls cut off the
// full one does not call whole.
func FuzzLuma(f *testing.F) {
	for i, set := range []func(*coder){
		func(c *coder) {},
		func(c *coder) { c.standard = true },
		func(c *coder) { c.standard, c.restart = true, 2 },
		func(c *coder) { c.separate = true },
		func(c *coder) { c.progressive = true },
		func(c *coder) { c.progressive, c.noEnd = true, true },
		func(c *coder) { c.wideTables = true },
	} {
		c := coded(40, 30, 1+i%2, 1+i/2%2, 80, soft(40, 30), i == 3)
		set(c)
		f.Add(c.file())
	}
	shared := &tables{}
	f.Fuzz(func(t *testing.T, data []byte) { sameOutcome(t, data, shared) })
}

// Files of all kinds with a few bytes changed, most of them in the codes.
func TestLumaOfDamagedFiles(t *testing.T) {
	seed := uint64(1)
	next := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed>>33) % n
	}
	shared := &tables{}
	for n := range 60 {
		c := coded(72, 50, 1+n%2, 1+n/2%2, 80, soft(72, 50), n%7 == 3)
		switch n % 5 {
		case 0:
			c.progressive = true
		case 1:
			c.separate = true
		case 2:
			c.restart = 1 + n%4
		case 3:
			c.standard, c.restart = true, n%3
		}
		data := c.file()
		for range 25 {
			changed := bytes.Clone(data)
			for range 1 + next(3) {
				changed[2+next(len(data)-2)] = byte(next(256))
			}
			if next(4) == 0 {
				changed = changed[:next(len(changed))]
			}
			if sameOutcome(t, changed, shared); t.Failed() {
				t.Fatalf("file %d: %x", n, changed)
			}
		}
	}
}

func sameOutcome(t *testing.T, data []byte, shared *tables) {
	t.Helper()
	if Sniff(data) != "jpeg" || len(data) > 1<<16 {
		return
	}
	p := plan{asked: asked{tables: shared}}
	if readJPEG(data, &p) != nil || p.width > 2000 || p.height > 2000 || p.memory > 16<<20 || p.width < 1 {
		return
	}
	file := walked(t, data)
	if !file.hasLuma() {
		return
	}
	g := &guard{ctx: context.Background(), until: time.Now().Add(time.Minute)}
	full, fullErr := walked(t, data).decode(g)
	for _, side := range []int{1, 2, 4, 8} {
		l := &lumaJPEG{jpegFile: file, side: side, tables: shared}
		before := allocatedSoFar()
		s, err := l.decode(g)
		if n := int64(allocatedSoFar() - before); n > l.memory()+1<<20 {
			t.Errorf("at %d/8: %d KiB allocated, %d reckoned", side, n>>10, l.memory()>>10)
		}
		if err != nil {
			if !errors.Is(err, errNotHere) {
				t.Errorf("at %d/8: %v", side, err)
			}
			continue
		}
		for y := range s.height {
			if s.seen != nil && !s.seen(y) {
				continue
			}
			if n := len(s.line(y, nil)); n != s.width {
				t.Errorf("at %d/8: line %d has %d of %d pixels", side, y, n, s.width)
			}
		}
		switch {
		case s.why == "" && fullErr != nil:
			t.Errorf("at %d/8: whole here, refused in full: %v", side, fullErr)
		case s.why == "" && full.why != "" && len(file.scans) == 1:
			t.Errorf("at %d/8: whole here, and in full %q", side, full.why)
		case s.why != "" && fullErr == nil && full.why == "":
			t.Errorf("at %d/8: %q here, and whole in full", side, s.why)
		}
	}
}

func allocatedSoFar() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
