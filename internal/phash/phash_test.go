package phash_test

import (
	"errors"
	"image"
	"strings"
	"testing"

	"leakwatch/internal/phash"
)

// drawn returns a picture with detail at all sizes: soft hills, hard boxes and
// a little noise, the same on every machine, since only integers make it.
func drawn(seed uint32, w, h int) *image.Gray {
	next := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	g := image.NewGray(image.Rect(0, 0, w, h))
	a, b := next(160), next(160)
	for y := range h {
		for x := range w {
			g.Pix[y*g.Stride+x] = uint8(40 + (a*x/w+b*y/h)/2)
		}
	}
	for range 60 {
		x0, y0, bw, bh, v := next(w), next(h), 1+next(w/3), 1+next(h/3), next(256)
		round := next(2) == 0
		for y := y0; y < min(h, y0+bh); y++ {
			for x := x0; x < min(w, x0+bw); x++ {
				dx, dy := 2*(x-x0)*bh-bw*bh, 2*(y-y0)*bw-bw*bh
				if !round || dx*dx+dy*dy < bw*bw*bh*bh {
					g.Pix[y*g.Stride+x] = uint8(v)
				}
			}
		}
	}
	for i := range g.Pix {
		g.Pix[i] = uint8(min(255, max(0, int(g.Pix[i])+next(9)-4)))
	}
	return g
}

func even(v uint8, w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = v
	}
	return g
}

// turned shows a plane as a viewer who applies EXIF orientation o.
func turned(g *image.Gray, o int) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	from := [9]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, h - 1 - x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return w - 1 - y, x },
	}[o]
	if o >= 5 {
		w, h = h, w
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	w, h = g.Rect.Dx(), g.Rect.Dy()
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sx, sy := from(x, y)
			out.Pix[y*out.Stride+x] = g.Pix[sy*g.Stride+sx]
		}
	}
	return out
}

// Hashes of drawn 512x512 planes, frozen from code that gives the published
// hash of a real 512x512 picture bit by bit (TestPublishedHashes) and, for
// these planes, what the published steps give when followed one by one
// (TestFollowsThePublishedSteps).
func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		seed       uint32
		pdq, phash string
		quality    int
	}{
		{1, "bde018fe08f87679c57055c519f615fc431ee4395a63bdf859f8e91e820c8a03", "e0609c3c1f0fc3de", 100},
		{2, "bb43d16378b4453f9749eebb63a5e1c295535e3a6f0c866c6a92b9cc04535229", "8e4be599349b982e", 100},
		{3, "5dca6bcc104cb787f1b6254b5279ca134e57803b9689fa4709dbf6cbb8a50334", "889656696d7348ee", 100},
	} {
		p, err := phash.Of(drawn(tc.seed, 512, 512), image.Point{})
		if err != nil {
			t.Fatal(err)
		}
		if p.PDQ.String() != tc.pdq || p.PHash.String() != tc.phash || p.Quality != tc.quality || !p.HasPHash {
			t.Errorf("picture %d:\n got %s %s %d\nwant %s %s %d", tc.seed, p.PDQ, p.PHash, p.Quality, tc.pdq, tc.phash, tc.quality)
		}
	}
}

func TestRefusals(t *testing.T) {
	thin := drawn(1, 400, 300)
	for _, tc := range []struct {
		name  string
		luma  *image.Gray
		cause string
	}{
		{"nil", nil, "too_small"},
		{"empty", image.NewGray(image.Rectangle{}), "too_small"},
		{"15 lines", thin.SubImage(image.Rect(0, 0, 400, 15)).(*image.Gray), "too_small"},
		{"white", even(255, 300, 200), "flat"},
		{"black", even(0, 300, 200), "flat"},
		{"grey", even(128, 64, 64), "flat"},
		{"one grey value apart", nearlyEven(), "flat"},
	} {
		_, err := phash.Of(tc.luma, image.Point{})
		var r *phash.Refusal
		if !errors.As(err, &r) || r.Cause != tc.cause || r.Why == "" {
			t.Errorf("%s: got %v, want cause %s", tc.name, err, tc.cause)
		}
		if _, turns, err := phash.OfTurned(tc.luma, image.Point{}); err == nil || turns != [8]phash.PDQ{} {
			t.Errorf("%s: turned, got %v", tc.name, err)
		}
		if phash.Turns(tc.luma) != [8]phash.PDQ{} {
			t.Errorf("%s: turns of a refused plane are not zero", tc.name)
		}
	}
	if _, err := phash.Of(thin.SubImage(image.Rect(0, 0, 400, 16)).(*image.Gray), image.Point{}); err != nil {
		t.Errorf("16 lines: %v", err)
	}
}

// nearlyEven is blank paper after JPEG: one grey value of noise.
func nearlyEven() *image.Gray {
	g := even(250, 200, 200)
	for i := range g.Pix {
		g.Pix[i] += uint8(i * 7 % 11 % 2)
	}
	return g
}

// goimagehash itself hashes the wrong pixels of a plane whose origin is not
// zero, and gives an empty one the hash of the picture before.
func TestOriginDoesNotMatter(t *testing.T) {
	big := drawn(4, 900, 700)
	part := big.SubImage(image.Rect(211, 97, 211+300, 97+240)).(*image.Gray)
	fresh := image.NewGray(image.Rect(0, 0, 300, 240))
	for y := range 240 {
		copy(fresh.Pix[y*fresh.Stride:], part.Pix[y*part.Stride:][:300])
	}
	a, turnsA, errA := phash.OfTurned(part, image.Point{})
	b, turnsB, errB := phash.OfTurned(fresh, image.Point{})
	if errA != nil || errB != nil || a != b || turnsA != turnsB {
		t.Errorf("a part of a plane: got %v (%v), its copy %v (%v)", a, errA, b, errB)
	}
}

// A plate of 94x24 pixels is hashed, and gets no pHash: a side below 32.
func TestSmallPictures(t *testing.T) {
	for _, tc := range []struct {
		w, h  int
		phash bool
	}{{94, 24, false}, {16, 16, false}, {32, 31, false}, {32, 32, true}, {63, 64, true}, {1024, 32, true}} {
		p, err := phash.Of(drawn(5, tc.w, tc.h), image.Point{})
		if err != nil || p.HasPHash != tc.phash || p.PDQ == (phash.PDQ{}) {
			t.Errorf("%dx%d: got %+v, %v, want HasPHash %v", tc.w, tc.h, p, err, tc.phash)
		}
	}
}

// A picture that only one axis changes along has half of its coefficients at
// zero or near it: whatever the hash, it must not change from call to call.
func TestStripesAreStable(t *testing.T) {
	g := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range g.Pix {
		g.Pix[i] = uint8(i % 200 / 25 * 30)
	}
	a, err := phash.Of(g, image.Point{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if b, _ := phash.Of(g, image.Point{}); a != b {
			t.Fatalf("got %v, then %v", a, b)
		}
	}
}

func TestTurnsAreHashesOfTurnedPlanes(t *testing.T) {
	for _, size := range [][2]int{{512, 512}, {640, 480}, {333, 517}, {94, 24}, {1024, 600}, {64, 64}} {
		g := drawn(uint32(size[0]), size[0], size[1])
		p, turns, err := phash.OfTurned(g, image.Point{})
		if err != nil {
			t.Fatal(err)
		}
		if alone, _ := phash.Of(g, image.Point{}); alone != p {
			t.Errorf("%v: Of gives %v, OfTurned %v", size, alone, p)
		}
		if phash.Turns(g) != turns {
			t.Errorf("%v: Turns and OfTurned differ", size)
		}
		for o := 1; o <= 8; o++ {
			q, err := phash.Of(turned(g, o), image.Point{})
			if err != nil {
				t.Fatal(err)
			}
			if d := q.PDQ.Distance(turns[o-1]); d > 0 {
				t.Errorf("%v, orientation %d: %d bits off the hash of the turned plane", size, o, d)
			}
		}
		for i := range turns {
			for j := range i {
				if d := turns[i].Distance(turns[j]); d < 60 {
					t.Errorf("%v: orientations %d and %d are only %d bits apart", size, i+1, j+1, d)
				}
			}
		}
	}
}

// averaged is a plane as a decoder gives it that decodes at 1/scale.
func averaged(g *image.Gray, scale int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, g.Rect.Dx()/scale, g.Rect.Dy()/scale))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum := 0
			for i := range scale * scale {
				sum += int(g.Pix[(scale*y+i/scale)*g.Stride+scale*x+i%scale])
			}
			out.Pix[y*out.Stride+x] = uint8((sum + scale*scale/2) / (scale * scale))
		}
	}
	return out
}

// A plane that was reduced gives the hash of its picture, in all orientations,
// where it is told how large that is; and only then.
func TestReducedPlanes(t *testing.T) {
	trap := 0
	for seed, size := range [][2]int{{1600, 1200}, {1200, 1600}, {3200, 2400}, {1920, 1080}} {
		g := drawn(uint32(seed+1), size[0], size[1])
		native := image.Pt(size[0], size[1])
		want, turns, err := phash.OfTurned(g, image.Point{})
		if err != nil {
			t.Fatal(err)
		}
		for _, scale := range []int{2, 4, 8} {
			small := averaged(g, scale)
			p, eight, err := phash.OfTurned(small, native)
			if err != nil {
				t.Fatal(err)
			}
			most := 10
			if min(size[0], size[1])/scale >= 240 {
				most = 6
			}
			for o := range eight {
				if d := eight[o].Distance(turns[o]); d > most {
					t.Errorf("%v at 1/%d, orientation %d: %d bits off, %d at most", size, scale, o+1, d, most)
				}
			}
			if d := p.PHash.Distance(want.PHash); d > 4 || p.PDQ != eight[0] {
				t.Errorf("%v at 1/%d: pHash is %d bits off", size, scale, d)
			}
			if alone, _ := phash.Of(small, native); alone != p {
				t.Errorf("%v at 1/%d: Of and OfTurned differ", size, scale)
			}
			own, _ := phash.Of(small, image.Point{})
			trap += own.PDQ.Distance(want.PDQ) - p.PDQ.Distance(want.PDQ)
		}
	}
	if trap < 50 {
		t.Errorf("a plane's own grid is as good as that of its picture: %d bits in sum", trap)
	}
	// A size that the plane does not fit into is not believed.
	g := drawn(1, 300, 200)
	a, _ := phash.Of(g, image.Pt(100, 100))
	if b, _ := phash.Of(g, image.Point{}); a != b {
		t.Error("a picture smaller than its plane")
	}
}

func TestParseIsStrict(t *testing.T) {
	good := strings.Repeat("0f", 32)
	for _, s := range []string{"", good[1:], good + "0", good[:63] + "g", "p:" + good[2:], good[:62] + " 1", "+" + good[1:]} {
		if p, err := phash.ParsePDQ(s); err == nil || p != (phash.PDQ{}) {
			t.Errorf("ParsePDQ(%q) = %v, %v", s, p, err)
		}
	}
	for _, s := range []string{"", "p:ffff", "123456789abcdef", "123456789abcdef01", "+123456789abcdef", "0x3456789abcdef0", "123456789abcde_0", " 23456789abcdef0"} {
		if p, err := phash.ParsePHash(s); err == nil || p != 0 {
			t.Errorf("ParsePHash(%q) = %v, %v", s, p, err)
		}
	}
	upper, err := phash.ParsePDQ(strings.ToUpper(good))
	if err != nil || upper.String() != good {
		t.Errorf("upper case: got %v, %v", upper, err)
	}
}

// The words of a published hash are printed with the last coefficient first.
func TestDistance(t *testing.T) {
	a, _ := phash.ParsePDQ("f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22")
	b, _ := phash.ParsePDQ("d8f8f0cce0f4a84f0e370a22028f67f0b36e2ed596623e1d33e6b39c4e9c9b22")
	if got := a.Distance(b); got != 4 {
		t.Errorf("got %d bits, want 4", got)
	}
	if got := phash.PHash(0xff00).Distance(0x0f01); got != 5 {
		t.Errorf("got %d bits, want 5", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22")
	f.Add("8000000000000000")
	f.Add("p:ffff")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := phash.ParsePDQ(s); err == nil && p.String() != strings.ToLower(s) {
			t.Errorf("ParsePDQ(%q) = %s", s, p)
		}
		if p, err := phash.ParsePHash(s); err == nil && p.String() != strings.ToLower(s) {
			t.Errorf("ParsePHash(%q) = %s", s, p)
		}
		var p phash.PDQ
		if err := p.UnmarshalText([]byte(s)); err == nil {
			if back, _ := p.MarshalText(); string(back) != strings.ToLower(s) {
				t.Errorf("%q came back as %s", s, back)
			}
		}
	})
}

func FuzzOf(f *testing.F) {
	f.Add(uint32(1), uint16(64), uint16(64))
	f.Add(uint32(2), uint16(1024), uint16(16))
	f.Fuzz(func(t *testing.T, seed uint32, w, h uint16) {
		g := drawn(seed, int(w%1100)+3, int(h%1100)+3)
		p, turns, err := phash.OfTurned(g, image.Pt(int(seed>>4&0xfff), int(seed>>16)))
		var r *phash.Refusal
		if err != nil && !errors.As(err, &r) {
			t.Fatalf("an error that is no refusal: %v", err)
		}
		if err == nil && (turns[0] != p.PDQ || p.Quality < 0 || p.Quality > 100) {
			t.Fatalf("got %+v, first turn %s", p, turns[0])
		}
	})
}

func TestPHashTurnsAreHashesOfTurnedPlanes(t *testing.T) {
	for _, size := range [][2]int{{512, 512}, {640, 480}, {333, 517}} {
		g := drawn(uint32(size[0]), size[0], size[1])
		turns, ok := phash.PHashTurns(g)
		if !ok {
			t.Fatalf("%v: no pHash", size)
		}
		for o := 1; o <= 8; o++ {
			p, err := phash.Of(turned(g, o), image.Point{})
			if err != nil {
				t.Fatal(err)
			}
			if d := p.PHash.Distance(turns[o-1]); d > 2 {
				t.Errorf("%v, orientation %d: %d bits off the hash of the turned plane, at most 2 wanted", size, o, d)
			}
		}
	}
	if _, ok := phash.PHashTurns(drawn(1, 16, 16)); ok {
		t.Error("a side of 16 pixels gave a pHash")
	}
}
