package picture_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"syscall"
	"testing"
	"time"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// processor returns the CPU time of this process so far: on a shared machine,
// ratios of it say more than those of time.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkJPEG holds the way of this house, decode to luma and both hashes in
// all orientations, against the naive one, image/jpeg and then goimagehash,
// turn by turn in one run.
func BenchmarkJPEG(b *testing.B) {
	data := jpegOf(b, drawn(3, 1600, 1200))
	d := picture.NewDecoder(picture.Limits{})
	var decoding, hashing, naive time.Duration
	n := 0
	for ; b.Loop(); n++ {
		t0 := processor(b)
		p, err := d.Decode(context.Background(), data)
		if err != nil {
			b.Fatal(err)
		}
		t1 := processor(b)
		if _, _, err := phash.OfTurned(p.Luma, image.Pt(p.Width, p.Height)); err != nil {
			b.Fatal(err)
		}
		t2 := processor(b)
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := goimagehash.PerceptionHash(m); err != nil {
			b.Fatal(err)
		}
		decoding, hashing, naive = decoding+t1-t0, hashing+t2-t1, naive+processor(b)-t2
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(n) }
	b.ReportMetric(ms(decoding), "decode-ms")
	b.ReportMetric(ms(hashing), "hash-ms")
	b.ReportMetric(ms(naive), "naive-ms")
	fmt.Printf("\nratio hash-jpeg-1.9mp %.2f\n", float64(naive)/float64(decoding+hashing))
}

func BenchmarkPNG(b *testing.B) {
	data := pngOf(b, drawn(3, 1600, 1200))
	for b.Loop() {
		if _, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data); err != nil {
			b.Fatal(err)
		}
	}
}
