package phash_test

import (
	"math/bits"
	"testing"

	"leakwatch/internal/phash"
)

func TestPointsMirrored(t *testing.T) {
	luma := drawn(3, 700, 500)
	plain, mirror := phash.PointsOf(luma, phash.Found), phash.PointsOf(turned(luma, 2), phash.Found)
	t.Log(len(plain.List), len(mirror.List))
	same, equal := 0, 0
	for _, p := range plain.Mirrored().List {
		for _, q := range mirror.List {
			if abs(p.X-q.X) < 1e-4 && abs(p.Y-q.Y) < 1e-4 && p.Scale == q.Scale {
				same++
				d := 0
				for k := range p.Descriptor {
					d += bits.OnesCount64(p.Descriptor[k] ^ q.Descriptor[k])
				}
				if d == 0 {
					equal++
				} else {
					t.Log(d, p.Angle, q.Angle, p.Scale)
				}
			}
		}
	}
	t.Log(same, equal)
}

func abs(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}

func BenchmarkPointsOf(b *testing.B) {
	luma := drawn(3, 1024, 768)
	for name, want := range map[string]phash.Want{"entry": phash.Entry, "found": phash.Found} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				phash.PointsOf(luma, want)
			}
		})
	}
}
