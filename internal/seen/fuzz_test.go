package seen

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/phash"
)

// What is read can be written again as it was, or is damaged.
func FuzzRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	var h phash.PDQ
	for i := range h {
		h[i] = byte(r.Uint32())
	}
	turns := phash.Derived(h)
	turns[1] = h // 128 bits off: stored whole
	phash.Transpose(&turns)
	one := record{last: 5, look: 7, nothing: true, sha: [32]byte{8}, width: 640, height: 480, pdq: &turns, quality: 90,
		windows: []Window{{Window: phash.Window{0, .25, 1, 1}, PDQ: h, Quality: 55}, {Window: phash.Whole(), PDQ: h, Turns: &turns, Quality: 55}}, place: place{1, 2, "/x.jpg", 3, 4, "a!b"}}
	f.Add(one.encode())
	f.Add((&record{}).encode())
	f.Fuzz(func(t *testing.T, value []byte) {
		skim(value)
		got, err := decodeRecord(value)
		if err != nil {
			return
		}
		again, err := decodeRecord(got.encode())
		if err != nil || !bytes.Equal(again.encode(), got.encode()) {
			t.Errorf("%x is read as %+v and then as %+v, %v", value, got, again, err)
		}
		sha, upright, quality, in := skim(got.encode())
		if sha != got.sha || got.pdq != nil && (upright != got.pdq[0] || quality != got.quality) || in.place() != got.place {
			t.Errorf("skimmed otherwise than decoded")
		}
	})
}

func FuzzLines(f *testing.F) {
	p, err := newPacker()
	if err != nil {
		f.Fatal(err)
	}
	crc := uint32(9)
	b, err := p.pack([]container.Line{{Name: "a", Size: -1}, {Name: "b", Size: 5, CRC32: &crc, SHA1: make([]byte, 20), SHA256: make([]byte, 32)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		lines, err := unpack(packed)
		if err != nil {
			return
		}
		p, err := newPacker()
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.pack(lines)
		if err != nil {
			t.Fatal(err)
		}
		again, err := unpack(b.packed)
		if err != nil || len(again) != len(lines) {
			t.Errorf("%d lines, and then %d, %v", len(lines), len(again), err)
		}
	})
}
