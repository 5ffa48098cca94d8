package inspect_test

import (
	"runtime"
	"testing"

	"leakwatch/internal/demo"
)

// What is remembered of a picture is small: 65,536 of them must fit, so neither
// its bytes nor its plane may hang on to a verdict.
func TestMemoryOfAPicture(t *testing.T) {
	photos := demo.Set(4, 31)
	r := newRig(t)
	r.load("dataset", photos[0].JPEG, photos[1].JPEG, photos[2].JPEG)
	for form, photo := range map[string]demo.Photo{"stranger": photos[3], "copy": photos[0]} {
		file, _, err := demo.Edit(large(photo.Image(), 640, 480), "jpeg-q30")
		if err != nil {
			t.Fatal(err)
		}
		look := func(from, to int) {
			for i := range to - from {
				if _, err := r.room.Look(t.Context(), numbered(file, from+i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		look(0, 4) // what is kept for all of them
		before := heap()
		const n = 32
		look(4, 4+n)
		if kept := (heap() - before) / n; kept > 16<<10 {
			t.Errorf("%s: %d bytes are kept of a picture with %d bytes", form, kept, len(file))
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
