package phash

import (
	"image"
	"math"
	"slices"
	"testing"
)

// The published steps, followed one by one on a whole plane of floats, as a
// check on the folded and mirrored way in which the room works.

// boxPass is one pass of the published filter over n values: at both ends the
// window is only as wide as the values that there are.
func boxPass(in []float32, out []float32, n, stride, window int) {
	half := (window + 2) / 2
	var sum float32
	left, right, to, width := 0, 0, 0, 0
	grow := func() { sum += in[right*stride]; right++; width++ }
	shrink := func() { sum -= in[left*stride]; left++; width-- }
	write := func() { out[to*stride] = sum / float32(width); to++ }
	for range half - 1 {
		grow()
	}
	for range window - half + 1 {
		grow()
		write()
	}
	for range n - window {
		grow()
		shrink()
		write()
	}
	for range half - 1 {
		shrink()
		write()
	}
}

func stepByStep(g *image.Gray) *samples {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	a := make([]float32, w*h)
	for y := range h {
		for x := range w {
			a[y*w+x] = float32(g.Pix[y*g.Stride+x])
		}
	}
	b := make([]float32, w*h)
	for range 2 {
		for y := range h {
			boxPass(a[y*w:], b[y*w:], w, 1, (w+127)/128)
		}
		for x := range w {
			boxPass(b[x:], a[x:], h, w, (h+127)/128)
		}
	}
	var out samples
	for i := range out {
		for j := range out[i] {
			y, x := int((float64(i)+.5)*float64(h)/side), int((float64(j)+.5)*float64(w)/side)
			out[i][j] = a[y*w+x]
		}
	}
	return &out
}

func hashOf(s *samples) PDQ {
	c := s.dct(cosinesOf())
	return c.hash(c.median())
}

func hills(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	seed := uint32(w*31 + h)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			v := 128 + 50*math.Sin(11*fx+4*fy*fy) + 40*math.Cos(17*fy-3*fx*fx) + float64(seed>>28)
			g.Pix[y*w+x] = uint8(v)
		}
	}
	return g
}

func TestFollowsThePublishedSteps(t *testing.T) {
	for _, size := range [][2]int{{512, 512}, {512, 384}, {256, 256}, {300, 511}, {129, 128}, {64, 64}, {63, 65}, {34, 42}, {94, 24}, {47, 512}} {
		g := hills(size[0], size[1])
		got := sample(g, pdqSpans(size[0], size[0], false), pdqSpans(size[1], size[1], false))
		want := stepByStep(g)
		for i := range got {
			for j := range got[i] {
				if d := math.Abs(float64(got[i][j] - want[i][j])); d > .001 {
					t.Fatalf("%v: sample %d,%d is %v, want %v", size, i, j, got[i][j], want[i][j])
				}
			}
		}
		if d := hashOf(got).Distance(hashOf(want)); d > 0 {
			t.Errorf("%v: %d bits off the hash of the published steps", size, d)
		}
		if got.quality() != want.quality() {
			t.Errorf("%v: quality %d, want %d", size, got.quality(), want.quality())
		}
	}
}

// A larger plane is averaged to 512 first: folding that into the same spans
// gives what averaging and then filtering gives.
func TestFoldsTheReduction(t *testing.T) {
	w, h := 1024, 640
	g := hills(w, h)
	small := image.NewGray(image.Rect(0, 0, w/2, h/2))
	for y := range h / 2 {
		for x := range w / 2 {
			i := 2*y*w + 2*x
			small.Pix[y*w/2+x] = uint8((int(g.Pix[i]) + int(g.Pix[i+1]) + int(g.Pix[i+w]) + int(g.Pix[i+w+1]) + 2) / 4)
		}
	}
	a, _ := Of(g, image.Point{})
	b, _ := Of(small, image.Point{})
	if d := a.PDQ.Distance(b.PDQ); d > 2 {
		t.Errorf("a plane and its average are %d bits apart, want 2 at most", d)
	}
}

// Each span weighs 1, and together they are monotone: sample relies on it.
func TestSpans(t *testing.T) {
	for _, n := range []int{16, 17, 63, 64, 65, 128, 333, 512, 700, 1024, 4000} {
		m, _ := reduced(n, n)
		for name, spans := range map[string][]span{"pdq": pdqSpans(n, m, false), "coarse": pdqSpans(n, m, true), "even": evenSpans(n), "back": gridOf(n, pdqSpans(n, m, false)).back} {
			for i, s := range spans {
				var sum float32
				for _, w := range s.weights {
					sum += w
				}
				if math.Abs(float64(sum)-1) > 1e-4 {
					t.Errorf("%s %d: span %d weighs %v", name, n, i, sum)
				}
				end := s.from + len(s.weights)
				if s.from < 0 || end > n || i > 0 && (s.from < spans[i-1].from || end < spans[i-1].from+len(spans[i-1].weights)) {
					t.Errorf("%s %d: span %d is %d..%d", name, n, i, s.from, end)
				}
			}
		}
	}
}

func TestMirrorNegatesOddFrequencies(t *testing.T) {
	s := stepByStep(hills(64, 64))
	c := s.dct(cosinesOf())
	for i := range s {
		slices.Reverse(s[i][:])
	}
	m := s.dct(cosinesOf())
	for i := range c {
		for j := range c[i] {
			want := c[i][j]
			if j%2 == 0 { // index 0 is frequency 1
				want = -want
			}
			if math.Abs(float64(m[i][j]-want)) > .01 {
				t.Fatalf("coefficient %d,%d of the mirror is %v, want %v", i, j, m[i][j], want)
			}
		}
	}
}

func TestMedianIsTheLowerOne(t *testing.T) {
	var c coefficients
	for k := range order * order {
		c[k/order][k%order] = float32(k)
	}
	p := c.hash(c.median()) // 0..127 lie at or below the 128th value
	want := PDQ(slices.Concat(slices.Repeat([]byte{0xff}, 16), make([]byte, 16)))
	if p != want {
		t.Errorf("got %s, want %s", p, want)
	}
}
