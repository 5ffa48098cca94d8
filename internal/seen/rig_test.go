package seen_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

// rig is the room on a file of its own, which can be closed and opened again.
type rig struct {
	*seen.Seen
	t    testing.TB
	path string
	db   *kv.DB
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "seen.db")}
	r.open()
	t.Cleanup(r.close)
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.db, err = kv.Open(r.path, kv.Options{}); err != nil {
		r.t.Fatal(err)
	}
	if r.Seen, err = seen.Open(r.db, seen.Options{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) close() {
	if err := r.db.Close(); err != nil {
		r.t.Error(err)
	}
}

// again is a restart.
func (r *rig) again() {
	r.t.Helper()
	r.close()
	r.open()
}

func (r *rig) note(pictures ...seen.Picture) {
	r.t.Helper()
	if err := r.Note(r.t.Context(), pictures...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) picture(sha [32]byte) seen.Picture {
	r.t.Helper()
	p, known, err := r.Picture(sha)
	if err != nil || !known {
		r.t.Fatalf("picture %x: known %v, %v", sha[:4], known, err)
	}
	return p
}

func at(minutes int) time.Time {
	return time.Date(2026, 5, 4, 3, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// drawn is picture n as a crawl meets it: on a page with a dozen others, each
// fourth small, each twentieth a sheet of nine. Hashes are random, and their turns
// as far off as those of photographs.
func drawn(r *rand.Rand, n int) seen.Picture {
	var p seen.Picture
	p.SHA256 = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	upright := randomHash(r)
	p.PDQ, p.Turns = &upright, randomTurns(r, upright)
	p.Quality = 50 + r.IntN(51)
	h := r.Uint64()
	p.PHash = &h
	p.Width, p.Height = 200+r.IntN(3000), 200+r.IntN(3000)
	if n%4 == 0 {
		p.Windows = append(p.Windows, window(r, phash.Whole()))
	}
	if n%20 == 0 {
		for i := range 9 {
			x, y := float64(i%3)/4, float64(i/3)/4
			p.Windows = append(p.Windows, window(r, phash.Window{x, y, x + .25, y + .25}))
		}
	}
	p.Cause, p.Sight, p.Nothing = "ok", 77, true
	p.First = at(n / 100)
	p.Last = p.First
	host := fmt.Sprintf("http://%056x.onion", n/40_000)
	p.Place = seen.Place{Site: fmt.Sprintf("forum-%d", n/40_000),
		URL:  fmt.Sprintf("%s/data/attachments/%d/%d-%032x.jpg", host, n/1000, n, r.Uint64()),
		Page: fmt.Sprintf("%s/threads/the-title-of-a-thread.%d/page-%d", host, n/120, n/12%10)}
	return p
}

func window(r *rand.Rand, w phash.Window) seen.Window {
	h := randomHash(r)
	turns := phash.Derived(h)
	if w == phash.Whole() {
		turns = *randomTurns(r, h)
	}
	return seen.Window{Window: w, PDQ: h, Turns: &turns, Quality: 50 + r.IntN(51)}
}

func randomHash(r *rand.Rand) (p phash.PDQ) {
	for i := 0; i < len(p); i += 8 {
		binary.BigEndian.PutUint64(p[i:], r.Uint64())
	}
	return p
}

func randomTurns(r *rand.Rand, upright phash.PDQ) *[8]phash.PDQ {
	turns := phash.Derived(upright)
	for o := 1; o < 4; o++ {
		for range r.IntN(13) { // 5.9 bits in the mean
			bit := r.IntN(256)
			turns[o][bit/8] ^= 1 << (bit % 8)
		}
	}
	phash.Transpose(&turns)
	return &turns
}
