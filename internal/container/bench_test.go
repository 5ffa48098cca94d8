package container_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// processor returns the CPU time of this process so far.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkZipOfPictures holds looking at pictures of 2 megapixels in a zip
// against looking at the same files, turn by turn: digest, decode, hashes.
func BenchmarkZipOfPictures(b *testing.B) {
	drawn, photographs := picturesOf2MP(b)
	b.Run("drawn", func(b *testing.B) { zipAgainstFiles(b, "zip-vs-files-cpu", drawn) })
	b.Run("photographs", func(b *testing.B) {
		if len(photographs) == 0 {
			b.Skip("LEAKWATCH_CORPUS names no folder with photographs of this size")
		}
		zipAgainstFiles(b, "zip-vs-files-cpu-photographs", photographs)
	})
}

func zipAgainstFiles(b *testing.B, name string, bodies [][]byte) {
	dir := b.TempDir()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	var paths []string
	total := 0
	for i, body := range bodies {
		path := filepath.Join(dir, fmt.Sprintf("%02d.jpg", i))
		w, err := z.Create(filepath.Base(path))
		if err == nil {
			_, err = w.Write(body)
		}
		if err == nil {
			err = os.WriteFile(path, body, 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
		paths = append(paths, path)
		total += len(body)
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	whole := filepath.Join(dir, "all.zip")
	if err := os.WriteFile(whole, packed.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	d := picture.NewDecoder(picture.Limits{})
	look := func(body []byte) {
		sha256.Sum256(body)
		p, err := d.Decode(context.Background(), body)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := phash.OfTurned(p.Luma, image.Pt(p.Width, p.Height)); err != nil {
			b.Fatal(err)
		}
	}
	var files, zipped time.Duration
	n := 0
	for ; b.Loop(); n++ {
		t0 := processor(b)
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			look(body)
		}
		t1 := processor(b)
		walkFile(b, whole, look)
		files, zipped = files+t1-t0, zipped+processor(b)-t1
	}
	b.SetBytes(int64(total))
	b.ReportMetric(files.Seconds()*1000/float64(n*len(paths)), "file-ms")
	b.ReportMetric(zipped.Seconds()*1000/float64(n*len(paths)), "member-ms")
	fmt.Printf("\nratio %s %.3f\n", name, float64(zipped)/float64(files))
}

func walkFile(b *testing.B, path string, look func([]byte)) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	var buffer bytes.Buffer
	report, err := container.Walk(context.Background(), container.Source{Name: path, At: f, Size: stat.Size()}, container.Options{},
		func(_ container.Member, body io.Reader) error {
			buffer.Reset()
			if _, err := buffer.ReadFrom(body); err != nil {
				return err
			}
			look(buffer.Bytes())
			return nil
		})
	if err != nil || report.Cause != "" {
		b.Fatal(report, err)
	}
}

// picturesOf2MP are the photographs of 1.5 to 2.6 megapixels in the folder that
// LEAKWATCH_CORPUS names, and drawn ones with the noise of a camera.
func picturesOf2MP(b *testing.B) (drawn, photographs [][]byte) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range demo.Set(8, 5) {
		m := image.NewRGBA(image.Rect(0, 0, 1632, 1224))
		draw.BiLinear.Scale(m, m.Bounds(), p.Image(), p.Image().Bounds(), draw.Src, nil)
		for i := range m.Pix {
			if i%4 < 3 {
				m.Pix[i] = uint8(min(max(int(m.Pix[i])+int(rnd.NormFloat64()*4), 0), 255))
			}
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}); err != nil {
			b.Fatal(err)
		}
		drawn = append(drawn, out.Bytes())
	}
	corpus := os.Getenv("LEAKWATCH_CORPUS")
	if corpus == "" {
		return drawn, nil
	}
	err := filepath.WalkDir(corpus, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(body)); err == nil && c.Width*c.Height > 1_500_000 && c.Width*c.Height < 2_600_000 {
			photographs = append(photographs, body)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return drawn, photographs
}

// BenchmarkUnpack is the speed of each way of packing, in unpacked bytes.
func BenchmarkUnpack(b *testing.B) {
	dir := b.TempDir()
	drawn, _ := picturesOf2MP(b)
	body := bytes.Join(drawn, nil)
	if err := os.WriteFile(filepath.Join(dir, "x.jpg"), body, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, c := range [][]string{
		{"zip", "zip", "-q", "out", "x.jpg"}, {"tar.gz", "tar", "czf", "out", "x.jpg"}, {"tar.bz2", "tar", "cjf", "out", "x.jpg"},
		{"tar.xz", "tar", "cJf", "out", "x.jpg"}, {"tar.zst", "tar", "--zstd", "-cf", "out", "x.jpg"},
		{"7z", "7zz", "a", "-bso0", "-t7z", "out", "x.jpg"}, {"7z-lzma", "7zz", "a", "-bso0", "-t7z", "-m0=LZMA", "out", "x.jpg"},
		{"deflate64", "7zz", "a", "-bso0", "-tzip", "-mm=Deflate64", "out", "x.jpg"},
	} {
		for _, old := range []string{"out", "out.zip", "out.7z"} {
			_ = os.Remove(filepath.Join(dir, old))
		}
		run(b, dir, c[1], c[2:]...)
		made, err := filepath.Glob(filepath.Join(dir, "out*"))
		if err != nil || len(made) != 1 {
			b.Fatal(made, err)
		}
		b.Run(c[0], func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				walkFile(b, made[0], func([]byte) {})
			}
		})
	}
}
