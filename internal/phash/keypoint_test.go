package phash_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/bits"
	"reflect"
	"testing"
	"time"

	"leakwatch/internal/phash"
)

// Keypoints are stored: what made them yesterday must make them tomorrow. The
// plane is of the size on which they are looked for, and needs no resizing.
func TestPointsAreAFormat(t *testing.T) {
	sum := sha256.Sum256(phash.PointsOf(drawn(5, 480, 360), phash.Entry).AppendBinary(nil))
	const want = "579b0d77cc667e7a0ca242dea09718ee99e51a9a577d45493095bbb8748cc221"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPointsRoundTrip(t *testing.T) {
	for _, want := range []phash.Want{phash.Entry, phash.Found} {
		p := phash.PointsOf(drawn(7, 900, 410), want)
		b := p.AppendBinary([]byte("before"))
		if len(b) != 6+8+38*len(p.List) {
			t.Errorf("%d points took %d bytes", len(p.List), len(b)-6)
		}
		got, err := phash.ParsePoints(b[6:])
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("after a round trip: %v, %d points of %dx%d, want %d of %dx%d, all equal",
				err, len(got.List), got.Width, got.Height, len(p.List), p.Width, p.Height)
		}
	}
}

func TestPointsNumber(t *testing.T) {
	for _, c := range []struct {
		name         string
		luma         *image.Gray
		want         phash.Want
		width, least int
		most         int
	}{
		{"an entry", drawn(1, 1024, 768), phash.Entry, 480, 160, 160},
		{"a found picture", drawn(1, 1024, 768), phash.Found, 720, 450, 450},
		{"a small one is enlarged", drawn(1, 200, 150), phash.Found, 320, 200, 450},
		{"by no more than 2.5", drawn(1, 60, 50), phash.Found, 150, 10, 450},
		{"too narrow", drawn(1, 400, 20), phash.Found, 400, 0, 0},
		{"a dot", even(9, 1, 1), phash.Entry, 3, 0, 0},
		{"nothing", image.NewGray(image.Rect(0, 0, 0, 0)), phash.Entry, 0, 0, 0},
		{"flat", even(90, 640, 480), phash.Found, 640, 0, 0},
		{"a part", drawn(1, 1024, 768).SubImage(image.Rect(300, 200, 800, 600)).(*image.Gray), phash.Entry, 480, 50, 160},
	} {
		p := phash.PointsOf(c.luma, c.want)
		if n := len(p.List); n < c.least || n > c.most || p.Width != c.width {
			t.Errorf("%s: %d points of a width of %d, want %d to %d of %d", c.name, n, p.Width, c.least, c.most, c.width)
		}
		for _, q := range p.List {
			if q.X < 0 || q.Y < 0 || q.X > 1 || q.Y > 1 {
				t.Errorf("%s: a point at %f %f", c.name, q.X, q.Y)
			}
		}
	}
}

// An entry holds no corner twice: no point lies on another one.
func TestPointsOnce(t *testing.T) {
	p := phash.PointsOf(drawn(9, 480, 360), phash.Entry)
	for i, a := range p.List {
		for _, b := range p.List[:i] {
			if d := 480 * math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)); d < 2.9*float64(min(a.Scale, b.Scale)) {
				t.Errorf("two points are %.1f pixels apart, on levels of scale %.2f and %.2f", d, a.Scale, b.Scale)
			}
		}
	}
}

// The points of a mirrored picture are those that it has: nine of ten corners
// are chosen on both sides, and their descriptors are the same but for
// rounding.
func TestPointsMirrored(t *testing.T) {
	luma := drawn(3, 700, 500)
	p, mirror := phash.PointsOf(luma, phash.Found), phash.PointsOf(turned(luma, 2), phash.Found)
	same, bitsOff := 0, 0
	for _, a := range p.Mirrored().List {
		for _, b := range mirror.List {
			if math.Abs(float64(a.X-b.X)) < 1e-4 && math.Abs(float64(a.Y-b.Y)) < 1e-4 && a.Scale == b.Scale {
				same++
				for k := range a.Descriptor {
					bitsOff += bits.OnesCount64(a.Descriptor[k] ^ b.Descriptor[k])
				}
			}
		}
	}
	if same < len(p.List)*9/10 || bitsOff > same {
		t.Errorf("%d of %d corners in the same places, %d bits off in all; want 90 %%, one bit a corner", same, len(p.List), bitsOff)
	}
	if twice := p.Mirrored().Mirrored(); !reflect.DeepEqual(twice, p) {
		t.Error("mirrored twice, the points are others")
	}
}

func TestParsePointsRefuses(t *testing.T) {
	good := phash.PointsOf(drawn(2, 480, 300), phash.Entry).AppendBinary(nil)
	with := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"a cut head":        good[:7],
		"another version":   with(0, 2),
		"something unknown": with(1, 1),
		"too few bytes":     good[:len(good)-1],
		"too many bytes":    append(bytes.Clone(good), 0),
		"no width":          append(with(2, 0)[:3], append([]byte{0}, good[4:]...)...),
		"an unknown level":  with(8+4, 32),
		"too many points":   append([]byte{1, 0, 1, 0, 1, 0, 0xff, 0xff}, make([]byte, 0xffff*38)...),
	} {
		if _, err := phash.ParsePoints(b); !errors.Is(err, phash.ErrPoints) {
			t.Errorf("%s: got %v, want ErrPoints", name, err)
		}
	}
}

func FuzzParsePoints(f *testing.F) {
	f.Add(phash.PointsOf(drawn(2, 100, 80), phash.Entry).AppendBinary(nil))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := phash.ParsePoints(b)
		if err != nil {
			return
		}
		if again := p.AppendBinary(nil); !bytes.Equal(again, b) {
			t.Errorf("%d bytes were read and %d others written", len(b), len(again))
		}
	})
}

func TestThumbOf(t *testing.T) {
	ramp := image.NewGray(image.Rect(0, 0, 640, 100))
	for i := range ramp.Pix {
		ramp.Pix[i] = uint8(i % 640 / 10 * 3)
	}
	thumb := phash.ThumbOf(ramp)
	for i, v := range thumb {
		if want := i % phash.ThumbSide * 3; int(v) != want {
			t.Fatalf("cell %d: %d, want %d", i, v, want)
		}
	}
	for _, g := range []*image.Gray{even(77, 1, 1), even(77, 3, 500), even(77, 65, 63)} {
		if thumb := phash.ThumbOf(g); thumb != phash.Thumb(bytes.Repeat([]byte{77}, len(thumb))) {
			t.Errorf("%v: not even", g.Rect)
		}
	}
	if phash.ThumbOf(image.NewGray(image.Rect(0, 0, 0, 5))) != (phash.Thumb{}) {
		t.Error("of nothing: not black")
	}
}

// BenchmarkPoints holds keypoints against the decoding of the same picture by
// image/jpeg.
func BenchmarkPoints(b *testing.B) {
	luma := drawn(3, 1280, 720)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, luma, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	var spent [3]time.Duration
	steps := [3]func(){
		func() { phash.PointsOf(luma, phash.Entry) },
		func() { phash.PointsOf(luma, phash.Found) },
		func() { _, _ = jpeg.Decode(bytes.NewReader(file.Bytes())) },
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, step := range steps {
			start := time.Now()
			step()
			spent[i] += time.Since(start)
		}
	}
	fmt.Printf("ratio keypoints_entry_vs_grey_jpeg_decode %.2f\n", float64(spent[0])/float64(spent[2]))
	fmt.Printf("ratio keypoints_found_vs_grey_jpeg_decode %.2f\n", float64(spent[1])/float64(spent[2]))
}
