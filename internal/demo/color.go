package demo

import (
	"image/color"
	"math"
	"math/rand/v2"
)

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

// thin makes a colour see-through.
func thin(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(255 * min(max(alpha, 0), 1))
	return c
}

// mix goes from a (t = 0) to b (t = 1).
func mix(a, b color.NRGBA, t float64) color.NRGBA {
	t = min(max(t, 0), 1)
	m := func(p, q uint8) uint8 { return uint8(float64(p) + (float64(q)-float64(p))*t) }
	return color.NRGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), m(a.A, b.A)}
}

// dim darkens (t < 1) or brightens (t > 1).
func dim(c color.NRGBA, t float64) color.NRGBA {
	m := func(v uint8) uint8 { return clip(int(float64(v) * t)) }
	return color.NRGBA{m(c.R), m(c.G), m(c.B), c.A}
}

// hue is a colour of the wheel: h in turns, s and v from 0 to 1.
func hue(h, s, v float64) color.NRGBA {
	m := func(n float64) uint8 {
		k := math.Mod(n+6*h, 6)
		return clip(int(255 * (v - v*s*max(0, min(k, 4-k, 1)))))
	}
	return color.NRGBA{m(5), m(3), m(1), 255}
}

// between draws a number from a to b.
func between(r *rand.Rand, a, b float64) float64 { return a + (b-a)*r.Float64() }

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// source is a stream of numbers of its own for each place that draws.
func source(seed uint64, place, i int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(place)<<32|uint64(uint32(i))))
}

// The places that draw.
const (
	placeCamera = iota + 1
	placeLane
	placePlate
	placeStranger
	placeSite
	placeForm
	placeLeak
)
