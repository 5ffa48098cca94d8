package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/corona10/goimagehash"

	"leakwatch/internal/phash"
)

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSmallJPEG holds the way of this house, from the bytes of a JPEG to
// PDQ in eight orientations and pHash, against two others: image/jpeg and then
// goimagehash, as anyone would write it; and libvips, where it is installed,
// which only shrinks to 64x64 and hashes nothing.
//
// The pictures are drawn, with detail and noise as of a camera, and where
// LEAKWATCH_CORPUS names a folder, photographs there come after them: those that
// are baseline and not CMYK.
// Ours and the naive way take turns in one process; libvips shrinks all copies
// in one process of its own, with one thread, of which the start is taken off.
func BenchmarkSmallJPEG(b *testing.B) {
	drawn := func(name string, w, h int, progressive bool) {
		b.Run(name, func(b *testing.B) {
			m := photo(uint32(w), w, h)
			data := lumaEncoded(b, m, 92)
			if progressive {
				c := coded(w, h, 2, 2, 85, func(x, y int) float64 { return float64(m.Y[y*m.YStride+x]) }, false)
				c.progressive = true
				data = c.file()
			}
			comparedWays(b, name, [][]byte{data})
		})
	}
	drawn("jpeg_12mp_baseline", 4000, 3000, false)
	drawn("jpeg_2mp_baseline", 1600, 1200, false)
	drawn("jpeg_640x480_baseline", 640, 480, false)
	drawn("jpeg_12mp_progressive", 4000, 3000, true)
	drawn("jpeg_2mp_progressive", 1600, 1200, true)
	b.Run("corpus", func(b *testing.B) {
		root := os.Getenv("LEAKWATCH_CORPUS")
		if root == "" {
			b.Skip("LEAKWATCH_CORPUS names no folder: only drawn pictures were compared")
		}
		for name, size := range map[string][2]int{"jpeg_12mp_photographs": {8e6, 20e6}, "jpeg_2mp_photographs": {1e6, 25e5}, "jpeg_640x480_photographs": {3e5, 32e4}} {
			var files [][]byte
			for _, pattern := range []string{"cameras/*.jpg", "pdq-vectors/*/*.jpg"} {
				paths, _ := filepath.Glob(filepath.Join(root, pattern))
				for _, path := range paths {
					data, err := os.ReadFile(path)
					if err != nil {
						b.Fatal(err)
					}
					c, err := jpeg.DecodeConfig(bytes.NewReader(data))
					if n := c.Width * c.Height; err == nil && n >= size[0] && n <= size[1] {
						if f := walked(b, data); f.progressive || !f.hasLuma() {
							continue // CMYK is not for the luma decoder
						}
						files = append(files, data)
					}
				}
			}
			b.Run(name, func(b *testing.B) { comparedWays(b, name, files) })
		}
	})
}

func comparedWays(b *testing.B, name string, files [][]byte) {
	d := NewDecoder(Limits{})
	pixels, size := 0, 0
	// Each way does its round of all files, again and again in turn; the
	// fastest round of each counts, since others share this machine.
	var ours, naive []time.Duration
	round := func(way func(data []byte) error) time.Duration {
		start := cpuTime(b)
		for _, data := range files {
			if err := way(data); err != nil {
				b.Fatal(err)
			}
		}
		return cpuTime(b) - start
	}
	for b.Loop() {
		naive = append(naive, round(func(data []byte) error {
			m, err := jpeg.Decode(bytes.NewReader(data))
			if err == nil {
				_, err = goimagehash.PerceptionHash(m)
			}
			return err
		}))
		const times = 10
		ours = append(ours, round(func(data []byte) error {
			for range times {
				p, err := d.DecodeSmall(context.Background(), data)
				if err != nil {
					return err
				}
				if _, _, err = phash.OfTurned(p.Luma, image.Pt(p.Width, p.Height)); err != nil {
					return err
				}
			}
			return nil
		})/times)
	}
	for _, data := range files {
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		pixels, size = pixels+c.Width*c.Height, size+len(data)
	}
	slices.Sort(naive)
	slices.Sort(ours)
	n := time.Duration(len(files))
	middle := len(ours) / 2
	fmt.Printf("\n%s: %d files, %.1f MP and %d KB in the mean; %.2f ms, naive %.2f ms\n", name, n,
		float64(pixels)/float64(n)/1e6, size/int(n)/1000, (ours[middle]/n).Seconds()*1000, (naive[middle]/n).Seconds()*1000)
	fmt.Printf("ratio %s_vs_naive %.2f\n", name, float64(naive[middle])/float64(ours[middle]))
	if vips := shrunkByVips(b, files); vips > 0 {
		fmt.Printf("ratio %s_vs_vips %.2f\n", name, float64(vips)/float64(ours[middle]))
	}
}

// shrunkByVips returns the CPU time that libvips takes for all files, or 0.
func shrunkByVips(b *testing.B, files [][]byte) time.Duration {
	b.Helper()
	program, err := exec.LookPath("vipsthumbnail")
	if err != nil {
		b.Log("vipsthumbnail is not installed: nothing to compare with it")
		return 0
	}
	dir := b.TempDir()
	run := func(times int) time.Duration {
		args := []string{"--size", "64x64!", "-o", filepath.Join(dir, "%s.v")}
		for i := range times {
			for j, data := range files {
				path := filepath.Join(dir, fmt.Sprintf("%d-%d.jpg", i, j))
				if err := os.WriteFile(path, data, 0o600); err != nil {
					b.Fatal(err)
				}
				args = append(args, path)
			}
		}
		c := exec.Command(program, args...)
		c.Env = append(os.Environ(), "VIPS_CONCURRENCY=1")
		if out, err := c.CombinedOutput(); err != nil {
			b.Logf("vipsthumbnail: %v %s", err, strings.TrimSpace(string(out)))
			return 0
		}
		return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	// Twelve times and twice: what lies between is ten times, without the start.
	var all []time.Duration
	for range 3 {
		all = append(all, (run(12)-run(2))/10)
	}
	slices.Sort(all)
	return all[1]
}
