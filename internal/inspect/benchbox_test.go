package inspect_test

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

// BenchmarkZipOfPictures is a deflated zip of 200 JPEGs of 1.9 megapixels, worked
// through with its names and words, against the same files read from the disk
// and inspected one by one. Each side has a room of its own: no digest is known.
// Rounds alternate, for a machine has moods.
func BenchmarkZipOfPictures(b *testing.B) {
	const pictures, rounds = 200, 3
	photos := demo.Set(40, 31)
	dir := b.TempDir()
	var files []file
	for i := range pictures {
		data, _, err := demo.Edit(large(photos[i%len(photos)].Image(), 1600, 1200), "watermark")
		if err != nil {
			b.Fatal(err)
		}
		data = numbered(data, i)
		name := fmt.Sprintf("%04d.jpg", i)
		files = append(files, file{name, data})
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	box := filepath.Join(dir, "box.zip")
	if err := os.WriteFile(box, deflated(b, files...), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var zipped, loose time.Duration
		for range rounds {
			loose += spentOn(b, func(room *inspect.Room) { inspectLoose(b, room, dir, files) })
			zipped += spentOn(b, func(room *inspect.Room) { inspectZip(b, room, box, pictures) })
		}
		fmt.Printf("ratio zip_of_2MP_jpegs_vs_files %.3f\n", float64(zipped)/float64(loose))
		fmt.Printf("figure zip_of_2MP_jpegs_ms_per_picture %.1f\n", zipped.Seconds()*1e3/pictures/rounds)
	}
}

// spentOn is the processor time of fn with a new room, which knows one picture.
func spentOn(b *testing.B, fn func(*inspect.Room)) time.Duration {
	b.Helper()
	sets, err := match.Open(open(b, "hashes.db"), match.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	room, err := inspect.New(inspect.Options{Sets: sets, Alerts: failing{errDisk}, Cores: 1,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: 50}})
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	start := cpuTime(b)
	fn(room)
	return cpuTime(b) - start
}

func inspectLoose(b *testing.B, room *inspect.Room, dir string, files []file) {
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			b.Fatal(err)
		}
		got, err := room.Inspect(b.Context(), crawler.Found{Site: "s", URL: "http://s/" + f.name, Body: data, SHA256: sha256.Sum256(data), At: at()})
		if err != nil || got.Known || got.Cause != crawler.OK {
			b.Fatalf("%+v, %v", got, err)
		}
	}
}

func inspectZip(b *testing.B, room *inspect.Room, box string, pictures int) {
	f, err := os.Open(box)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	got, err := room.Inspect(b.Context(), crawler.Found{Site: "s", URL: "http://s/box.zip", At: at(), Kind: crawler.KindContainer, Archives: "all",
		Container: &container.Source{Name: "box.zip", At: f, Size: info.Size()}})
	if err != nil || got.Pictures.Inspected != pictures || got.Cause != crawler.OK {
		b.Fatalf("%+v, %v", got, err)
	}
}

// A zip of a hundred thousand pictures is worked through in little memory, its
// manifest, its words and its findings included.
func TestAHundredThousandMembersFitIntoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const members, ceiling = 100_000, 256 << 20
	r := newRig(t, knows([]string{"000001.jpg", "000002.jpg"}, []string{"AB123"}))
	path := filepath.Join(t.TempDir(), "box.zip")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := zip.NewWriter(out)
	tiny := smallFile(t, 1)
	for i := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("lane/%06d.jpg", i), Method: zip.Store})
		if err == nil {
			_, err = f.Write(tiny)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := out.Stat()
	if err != nil {
		t.Fatal(err)
	}
	before := heldNow()
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				most.Store(max(most.Load(), inUse()))
			}
		}
	}()
	f := boxAt("box.zip", nil, "all")
	f.Container, f.Slices = &container.Source{Name: "box.zip", At: out, Size: info.Size()}, false
	got := r.inspects(f)
	close(stop)
	<-done
	if got.Members != members || got.Verdict != "manifest" {
		t.Errorf("%+v, want %d members and a manifest", got, members)
	}
	used := most.Load() - min(before, most.Load())
	t.Logf("%d MiB at most for %d members", used>>20, members)
	if used > ceiling {
		t.Errorf("%d MiB in use, want at most %d", used>>20, ceiling>>20)
	}
}

// heldNow is what is in use once all that can be freed is.
func heldNow() uint64 {
	debug.FreeOSMemory()
	return inUse()
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
