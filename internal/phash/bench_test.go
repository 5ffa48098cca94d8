package phash_test

import (
	"image"
	"testing"

	"leakwatch/internal/phash"
)

func BenchmarkOf(b *testing.B) {
	luma := drawn(1, 1024, 768)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := phash.Of(luma, image.Point{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTurns(b *testing.B) {
	luma := drawn(1, 1024, 768)
	b.ReportAllocs()
	for b.Loop() {
		phash.Turns(luma)
	}
}

func BenchmarkOfTurned(b *testing.B) {
	luma := drawn(1, 1024, 768)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := phash.OfTurned(luma, image.Point{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A plane as a JPEG of two megapixels gives at 1/8.
func BenchmarkOfTurnedSmall(b *testing.B) {
	luma := drawn(1, 200, 150)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := phash.OfTurned(luma, image.Pt(1600, 1200)); err != nil {
			b.Fatal(err)
		}
	}
}
