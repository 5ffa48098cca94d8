package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// light is the hour and the weather of one picture.
type light struct {
	gain, warm float64 // brightness; above 0 redder, below 0 bluer
	night      bool
	fog, rain  float64
	shadow     bool
	indoors    bool
}

func newLight(r *rand.Rand, indoors bool) light {
	l := light{gain: between(r, .8, 1.2), warm: between(r, -.08, .12), shadow: r.IntN(2) == 0}
	switch r.IntN(6) {
	case 0:
		l.night, l.gain, l.warm, l.shadow = true, between(r, .32, .5), -.12, false
	case 1: // low sun
		l.gain, l.warm, l.shadow = between(r, .6, .9), .25, true
	case 2:
		l.fog, l.shadow = between(r, .35, .75), false
	case 3:
		l.rain, l.gain, l.shadow = between(r, .4, 1), between(r, .6, .85), false
	}
	if l.indoors = indoors; indoors {
		l.fog, l.rain, l.shadow = 0, 0, false
	}
	return l
}

// drawLane draws picture i: one vehicle before one of the cameras.
func drawLane(cams []*camera, i int, seed uint64) *canvas {
	r := source(seed, placeLane, i)
	c := cams[i%len(cams)]
	on := c.back.copy()
	l := newLight(r, c.style == "car park")
	for i := range c.lanes { // the other lanes
		if x := c.left + (float64(i)+.5)*laneMetres; i != c.lane && r.IntN(3) > 0 {
			for z := between(r, 26, 40); z > 7; z -= between(r, 9, 22) {
				newVehicle(r, x+between(r, -.4, .4), z).draw(c, on)
			}
		}
	}
	if r.IntN(3) == 0 { // the next one waits
		newVehicle(r, c.lead()+between(r, -.3, .3), between(r, c.gate+6, c.gate+14)).draw(c, on)
	}
	open := r.IntN(2) == 0
	c.arm(on, open)
	near := c.focal * c.up / (laneHeight*between(r, .8, 1.08) - c.hy)
	v := newVehicle(r, c.lead()+between(r, -.75, .75), near*between(r, .92, 1.3))
	v.lights = v.lights || l.night || l.fog > 0
	if v.l > 8 {
		v.z *= 1.25
	}
	if l.shadow {
		l.cast(r, c, on)
	}
	v.draw(c, on)
	l.apply(r, c, on)
	if v.shine(c, on, .75); l.night {
		v.shine(c, on, .75)
	}
	c.stamp(r, on)
	on.grain(r, 5)
	return on
}

// arm draws the gate's arm and its light.
func (c *camera) arm(on *canvas, open bool) {
	x := c.lead() + c.side*2.5
	foot := p3{x, 1.05, c.gate}
	tip := p3{x - c.side*4.2, 1.05, c.gate}
	ink, y := rgb(0xff4630), 2.9
	if open {
		tip = p3{x - c.side*.7, 5, c.gate}
		ink, y = rgb(0x50f070), 2.45
	}
	width := c.focal / c.gate * .13
	for i := range 8 {
		t, u := float64(i)/8, float64(i+1)/8
		stripe := rgb(0xf4f0e6)
		if i%2 == 0 {
			stripe = rgb(0xd02c20)
		}
		at := func(t float64) xy {
			return c.at(foot[0]+(tip[0]-foot[0])*t, foot[1]+(tip[1]-foot[1])*t, c.gate)
		}
		on.line(stripe, width, at(t), at(u))
	}
	p := c.at(x-c.side*.3, y, c.gate+.3)
	on.ellipse(ink, p.x, p.y, width*.8, width*.8)
	on.glow(thin(ink, .5), p.x, p.y, width*3)
}

// cast lays shadows of what stands outside the picture over the lane.
func (l light) cast(r *rand.Rand, c *camera, on *canvas) {
	ink := thin(rgb(0x0c1020), between(r, .3, .55))
	lean := between(r, -6, 6)
	for range 1 + r.IntN(3) {
		x, z, w := between(r, -9, 6), between(r, 2.5, 9), between(r, .6, 4)
		c.quad(on, ink, p3{x, 0, z}, p3{x + w, 0, z}, p3{x + w + lean, 0, z + 9}, p3{x + lean, 0, z + 9})
	}
	if r.IntN(2) == 0 { // a roof
		z := between(r, 2, 7)
		c.quad(on, ink, p3{-20, 0, z}, p3{20, 0, z + lean*.3}, p3{20, 0, z + lean*.3 + between(r, 2, 7)}, p3{-20, 0, z + between(r, 2, 7)})
	}
}

// apply turns the drawn day into hour and weather.
func (l light) apply(r *rand.Rand, c *camera, on *canvas) {
	if l.fog > 0 {
		for y := range laneHeight {
			depth := 1 - max(0, float64(y)-max(c.hy, 0))/(laneHeight-max(c.hy, 0))
			on.vertical(y, y+1, thin(rgb(0xc4c8ca), l.fog*depth*depth), thin(rgb(0xc4c8ca), 0))
		}
	}
	l.expose(r, on)
	if l.indoors { // tubes fail, doors open
		on.shade(newField(r, 4, 3), 0, laneHeight, between(r, 20, 60))
	}
	if l.night {
		for range 2 + r.IntN(3) { // lamps somewhere
			x, y := between(r, 0, laneWidth), between(r, 0, laneHeight*.8)
			on.glow(thin(rgb(0xffd890), between(r, .2, .5)), x, y, between(r, 60, 160))
		}
		p := c.at(c.lead()+c.side*2.5, 1.6, c.gate-4)
		on.glow(thin(rgb(0xfff0c0), .8), p.x, p.y, c.focal/c.gate*2.2)
	}
	if l.rain > 0 {
		slant := between(r, -9, 9)
		for range int(260 * l.rain) {
			x, y := between(r, 0, laneWidth), between(r, 0, laneHeight)
			n := between(r, 8, 26)
			on.line(thin(rgb(0xdce4ea), .3), 1.1, xy{x, y}, xy{x + slant*n/20, y + n})
		}
		for range int(16 * l.rain) { // drops on the glass
			x, y, d := between(r, 0, laneWidth), between(r, 0, laneHeight), between(r, 5, 18)
			on.ellipse(thin(rgb(0xe4ecf0), .35), x, y, d, d*.9)
			on.ellipse(thin(rgb(0x303a40), .25), x+d*.2, y+d*.25, d*.6, d*.5)
		}
	}
}

// expose sets brightness and colour, unevenly as the sun and clouds do.
func (l light) expose(r *rand.Rand, on *canvas) {
	f := newField(r, 4, 3)
	tilt, turn := between(r, 0, .45), between(r, 0, 2*math.Pi)
	cx, cy := math.Cos(turn), math.Sin(turn)
	uneven := between(r, .15, .45)
	warm := [3]float64{1 + l.warm, 1, 1 - l.warm}
	const cell = 8
	for y0 := 0; y0 < laneHeight; y0 += cell {
		for x0 := 0; x0 < laneWidth; x0 += cell {
			u, v := float64(x0)/laneWidth, float64(y0)/laneHeight
			g := l.gain * (1 + uneven*f.at(u, v) + tilt*((u-.5)*cx+(v-.5)*cy)*2)
			var k [3]int
			for ch := range k {
				k[ch] = int(256 * g * warm[ch])
			}
			for y := y0; y < y0+cell; y++ {
				row := on.Pix[y*on.Stride+4*x0 : y*on.Stride+4*(x0+cell)]
				for i := 0; i+3 < len(row); i += 4 {
					row[i] = clip(int(row[i]) * k[0] >> 8)
					row[i+1] = clip(int(row[i+1]) * k[1] >> 8)
					row[i+2] = clip(int(row[i+2]) * k[2] >> 8)
				}
			}
		}
	}
}

// stamp writes the strip with camera, lane and time.
func (c *camera) stamp(r *rand.Rand, on *canvas) {
	at := time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(90*24*3600)) * time.Second)
	y := 0.0
	if c.index%2 == 1 {
		y = laneHeight - 22
	}
	on.rect(thin(rgb(0x000000), .8), 0, y, laneWidth, y+22)
	on.text(rgb(0xf4f4e8), fmt.Sprintf("%s   %s", c.label(), at.Format("2006-01-02 15:04:05")), 8, y+2, 17)
}
