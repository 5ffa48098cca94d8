package inspect_test

import (
	"encoding/binary"
	"image"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
)

// No more pictures are decoded at once than there are cores for it, however
// many are shown at once.
func TestDecodesAreBounded(t *testing.T) {
	photo := demo.Set(1, 21)[0]
	file, _, err := demo.Edit(large(photo.Image(), 960, 720), "png")
	if err != nil {
		t.Fatal(err)
	}
	for _, cores := range []int{1, 2} {
		r := newRig(t, func(o *inspect.Options) { o.Cores = cores })
		if most := mostDecodes(r, file, 8); most < 1 || most > cores {
			t.Errorf("%d decodes at once, want 1 to %d", most, cores)
		}
	}
	// The count itself can see more than two.
	r := newRig(t, func(o *inspect.Options) { o.Cores = 8 })
	if most := mostDecodes(r, file, 8); most <= 2 {
		t.Errorf("with 8 cores %d decodes at once: the test sees nothing", most)
	}
}

// mostDecodes shows n different pictures at once and returns how many of them
// were in a decode at the same moment, at most.
func mostDecodes(r *rig, file []byte, n int) (most int) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if _, err := r.room.Inspect(r.t.Context(), foundAt("/a.png", numbered(file, i))); err != nil {
				r.t.Error(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	dump := make([]byte, 256<<10)
	for {
		select {
		case <-ended:
			return most
		default:
		}
		now := 0
		for one := range strings.SplitSeq(string(dump[:runtime.Stack(dump, true)]), "\n\n") {
			if strings.Contains(one, "picture.(*Decoder).Decode") {
				now++
			}
		}
		most = max(most, now)
	}
}

// numbered is the same picture with another digest: what follows the end of a
// file is no part of the picture.
func numbered(file []byte, i int) []byte {
	return binary.BigEndian.AppendUint64(slices.Clip(file), uint64(i))
}

// large is a picture blown up.
func large(img image.Image, w, h int) image.Image {
	from, to := img.Bounds(), image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			to.Set(x, y, img.At(from.Min.X+x*from.Dx()/w, from.Min.Y+y*from.Dy()/h))
		}
	}
	return to
}
