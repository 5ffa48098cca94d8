package picture

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// held decodes data and returns what was allocated beside what was reckoned.
func held(t *testing.T, data []byte) (allocated, reckoned int64) {
	t.Helper()
	d := NewDecoder(Limits{})
	var p plan
	if err := d.read(context.Background(), Sniff(data), data, &p); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := d.Decode(context.Background(), data); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc), p.memory
}

// The budget of memory rests on a reckoning from the headers: what a decode
// allocates may pass it only by the plane that is returned and small change.
func TestMemoryIsReckoned(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates what the program does not")
	}
	const change = 5 << 20
	rect := image.Rect(0, 0, 2000, 1500)
	rgba, gray, deep, ycc := image.NewNRGBA(rect), image.NewGray(rect), image.NewNRGBA64(rect), image.NewYCbCr(rect, image.YCbCrSubsampleRatio420)
	for i := range rgba.Pix {
		rgba.Pix[i] = uint8(i * i >> 9)
		deep.Pix[i] = uint8(i * i >> 9)
	}
	paletted := image.NewPaletted(rect, color.Palette{color.Black, color.White})
	pngOf := func(m image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	tiffOf := func(m image.Image, c tiff.CompressionType) []byte {
		var b bytes.Buffer
		if err := tiff.Encode(&b, m, &tiff.Options{Compression: c}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var j, w bytes.Buffer
	if jpeg.Encode(&j, ycc, nil) != nil || bmp.Encode(&w, rgba) != nil {
		t.Fatal("encode")
	}
	var frames bytes.Buffer
	if gif.EncodeAll(&frames, &gif.GIF{Image: []*image.Paletted{paletted, paletted, paletted, paletted}, Delay: make([]int, 4)}) != nil {
		t.Fatal("encode")
	}
	for name, data := range map[string][]byte{
		"png rgba": pngOf(rgba), "png grey": pngOf(gray), "png 16": pngOf(deep), "png palette": pngOf(paletted),
		"tiff deflate": tiffOf(rgba, tiff.Deflate), "tiff 16": tiffOf(deep, tiff.Deflate), "tiff": tiffOf(rgba, tiff.Uncompressed), "tiff grey": tiffOf(gray, tiff.Deflate),
		"jpeg": j.Bytes(), "bmp": w.Bytes(), "gif of frames": frames.Bytes(),
	} {
		if got, want := held(t, data); got > want+change {
			t.Errorf("%s: %d KiB, reckoned %d", name, got>>10, want>>10)
		} else {
			t.Logf("%s: %d KiB, reckoned %d", name, got>>10, want>>10)
		}
	}
	root := os.Getenv("LEAKWATCH_CORPUS")
	if root == "" {
		t.Skip("LEAKWATCH_CORPUS names no folder: only drawn pictures were reckoned")
	}
	for _, pattern := range []string{"cameras/*", "pdq-vectors/*/*.*g", "pdq-vectors/modes/*"} {
		paths, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := held(t, data); got > want+change {
				t.Errorf("%s: %d KiB, reckoned %d", filepath.Base(path), got>>10, want>>10)
			}
		}
	}
}
