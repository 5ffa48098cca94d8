package picture_test

import (
	"bytes"
	"context"
	"image/jpeg"
	"testing"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// BenchmarkJPEG holds the way of this house, decode to luma and both hashes in
// all orientations, against the naive one: image/jpeg, then goimagehash.
func BenchmarkJPEG(b *testing.B) {
	data := jpegOf(b, drawn(3, 1600, 1200))
	d := picture.NewDecoder(picture.Limits{})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Decode(context.Background(), data); err != nil {
				b.Fatal(err)
			}
		}
	})
	ours := func() {
		p, err := d.Decode(context.Background(), data)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := phash.OfTurned(p.Luma); err != nil {
			b.Fatal(err)
		}
	}
	naive := func() {
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := goimagehash.PerceptionHash(m); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			ours()
		}
	})
	b.Run("naive", func(b *testing.B) {
		for b.Loop() {
			naive()
		}
	})
}

func BenchmarkPNG(b *testing.B) {
	data := pngOf(b, drawn(3, 1600, 1200))
	for b.Loop() {
		if _, err := picture.Decode(context.Background(), data, picture.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
