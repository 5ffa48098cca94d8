package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"math/rand/v2"
	"slices"
	"sync"

	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// photo is one picture.
type photo struct {
	name   string // below the folder; never printed
	kind   string // for the break-down
	scene  *scene
	frame  int // of a film, four a second
	role   role
	read   func() ([]byte, error)
	ref    string // as the fingerprint gives it: the beginning of the SHA-256
	upward int    // EXIF orientation as stored

	turns   [8]phash.PDQ
	inner   *[8]phash.PDQ // of what lies within flat bars; nil: there are none
	pdq     *phash.PDQ    // of an entry, as the fingerprint gives it
	phash   *phash.PHash  // the same; nil: none
	quality int
	long    int  // its own long side
	small   bool // it was enlarged
	thumb   [64 * 64]uint8
}

// scene is what pictures have in common that are not unrelated: a camera, a
// film, a place. A camera shows other vehicles before the same background.
type scene struct {
	name   string
	camera bool // other pictures of it are told apart, or that is counted
	fixed  bool // all before the same background
	film   bool // frames are a quarter of a second apart
	photos []*photo
}

// role says what a picture serves for.
type role int

const (
	left  role = iota // looked at as it is, against all other scenes
	entry             // in the hash set; originals are drawn from these
	kin               // a camera's picture that is not in the set
)

// album is the pictures that go with one hash set.
type album struct {
	name   string
	scenes []*scene
	photos []*photo
	byRef  map[string]*photo

	dull, unread, joined int // quality too low; no picture; scenes that share a picture
}

const (
	minQuality = 50
	twinBits   = 14 // nearer, in any orientation, and two files show the same picture
	alikeBits  = 63 // nearer, and pictures of one scene count as one
	nearFrames = 8  // two seconds of a film
	leastSide  = 64 // of the long side, below which nothing is posted again
)

// measured fills in what a picture looks like. It reports whether there is one.
func (p *photo) measured(ctx context.Context, d *picture.Decoder) (bool, error) {
	data, err := p.read()
	if err != nil {
		return false, err
	}
	pic, err := d.Decode(ctx, data)
	if err != nil {
		return false, ctx.Err()
	}
	p.upward = pic.Orientation
	switch p.long = max(pic.Width, pic.Height); {
	case p.long < leastSide:
		return false, nil
	case p.long < longSide:
		return p.grown(ctx, d)
	}
	print, turns, err := phash.OfTurned(pic.Luma, image.Point{})
	if err != nil {
		return false, nil // flat
	}
	sum := sha256.Sum256(data)
	p.ref = hex.EncodeToString(sum[:8])
	p.turns, p.quality, p.thumb = turns, print.Quality, thumbOf(pic.Luma)
	if inner := withinBars(pic.Luma); inner != pic.Luma {
		if print, turns, err := phash.OfTurned(inner, image.Point{}); err == nil && print.Quality >= minQuality {
			p.inner = &turns
		}
	}
	return true, nil
}

// grown puts a small picture's enlarged self in its place, as an entry too: a
// form then measures itself and not the enlargement, which by itself moves the
// PDQ hash of a picture of 256 pixels by up to 68 bits.
func (p *photo) grown(ctx context.Context, d *picture.Decoder) (bool, error) {
	img, err := p.original()
	if err != nil {
		return false, nil // no picture to Go's own decoders
	}
	file, err := asJPEG(95)(img)
	if err != nil {
		return false, err
	}
	long := p.long
	p.read, p.upward = func() ([]byte, error) { return file, nil }, 1
	ok, err := p.measured(ctx, d)
	p.small, p.long = long < longSide, long
	return ok, err
}

// withinBars cuts flat lines off all sides, up to a third of each.
func withinBars(luma *image.Gray) *image.Gray {
	r := luma.Rect
	flat := func(x, y, dx, dy, n int) bool {
		least, most := uint8(255), uint8(0)
		for ; n > 0; n, x, y = n-1, x+dx, y+dy {
			v := luma.Pix[y*luma.Stride+x]
			least, most = min(least, v), max(most, v)
		}
		return most-least < 12
	}
	w, h := r.Dx(), r.Dy()
	for r.Min.Y < h/3 && flat(0, r.Min.Y, 1, 0, w) {
		r.Min.Y++
	}
	for r.Max.Y > h-h/3 && flat(0, r.Max.Y-1, 1, 0, w) {
		r.Max.Y--
	}
	for r.Min.X < w/3 && flat(r.Min.X, r.Min.Y, 0, 1, r.Dy()) {
		r.Min.X++
	}
	for r.Max.X > w-w/3 && flat(r.Max.X-1, r.Min.Y, 0, 1, r.Dy()) {
		r.Max.X--
	}
	if r == luma.Rect {
		return luma
	}
	to := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		copy(to.Pix[y*to.Stride:], luma.Pix[(r.Min.Y+y)*luma.Stride+r.Min.X:][:r.Dx()])
	}
	return to
}

// thumbOf averages over 64x64 cells.
func thumbOf(luma *image.Gray) (t [64 * 64]uint8) {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	for i := range t {
		x0, x1 := i%64*w/64, max((i%64+1)*w/64, i%64*w/64+1)
		y0, y1 := i/64*h/64, max((i/64+1)*h/64, i/64*h/64+1)
		sum, n := 0, 0
		for y := y0; y < min(y1, h); y++ {
			for x := x0; x < min(x1, w); x++ {
				sum, n = sum+int(luma.Pix[y*luma.Stride+x]), n+1
			}
		}
		t[i] = uint8(sum / max(n, 1))
	}
	return t
}

// apart is the least distance over the orientations, with bars and without.
func apart(p, q *photo) int {
	d := 256
	for _, from := range []*[8]phash.PDQ{&p.turns, p.inner} {
		for _, to := range []*[8]phash.PDQ{&q.turns, q.inner} {
			if from == nil || to == nil {
				continue
			}
			for _, t := range from {
				d = min(d, t.Distance(to[0]))
			}
		}
	}
	return d
}

// unchanged reports whether less than 3 % of the cells differ by more than 20
// grey values: nobody could tell two such frames apart.
func unchanged(p, q *photo) bool {
	n := 0
	for i := range p.thumb {
		if d := int(p.thumb[i]) - int(q.thumb[i]); d > 20 || d < -20 {
			n++
		}
	}
	return n*100 < 3*len(p.thumb)
}

// measure looks at all photos, drops what is none, and gives each a role.
func (a *album) measure(ctx context.Context, tell func(done, all int)) error {
	d := picture.NewDecoder(picture.DefaultLimits())
	good := make([]bool, len(a.photos))
	if err := each(ctx, len(a.photos), tell, func(i int) (err error) {
		good[i], err = a.photos[i].measured(ctx, d)
		return err
	}); err != nil {
		return err
	}
	var photos []*photo
	for i, p := range a.photos {
		switch {
		case !good[i]:
			a.unread++
		case p.quality < minQuality:
			a.dull++
		default:
			photos = append(photos, p)
		}
	}
	a.photos = photos
	a.join()
	a.byRef = map[string]*photo{}
	for _, s := range a.scenes {
		s.assign()
		for _, p := range s.photos {
			if p.role == entry {
				a.byRef[p.ref] = p
			}
		}
	}
	return nil
}

// cut leaves the first n photos of each scene.
func (a *album) cut(n int) {
	a.photos = nil
	for _, s := range a.scenes {
		s.photos = s.photos[:min(n, len(s.photos))]
		a.photos = append(a.photos, s.photos...)
	}
}

// join makes one scene of scenes that share a picture.
func (a *album) join() {
	for i, p := range a.photos {
		for _, q := range a.photos[:i] {
			if p.scene != q.scene && apart(p, q) < twinBits {
				from, to := p.scene, q.scene
				for _, r := range a.photos {
					if r.scene == from {
						r.scene = to
					}
				}
				a.joined++
			}
		}
	}
	a.scenes = nil
	for _, p := range a.photos {
		if !slices.Contains(a.scenes, p.scene) {
			p.scene.photos = nil
			a.scenes = append(a.scenes, p.scene)
		}
		p.scene.photos = append(p.scene.photos, p)
	}
}

// assign gives roles within a scene. Of a camera the first three fifths are
// entries, two seconds apart at least, the rest the pictures that are not in
// the set; frames on which nothing has changed are left out. Elsewhere
// pictures that are candidates of each other count as one.
func (s *scene) assign() {
	var entries []*photo
	for i, p := range s.photos {
		near := slices.ContainsFunc(entries, func(e *photo) bool {
			if !s.camera {
				return apart(p, e) <= alikeBits
			}
			return unchanged(p, e) || s.film && p.frame-e.frame < nearFrames
		})
		switch {
		case near:
		case !s.camera || i*5 < len(s.photos)*3:
			p.role = entry
			entries = append(entries, p)
		case !s.film || p.frame%4 == 0: // a picture a second of what is left
			p.role = kin
		}
	}
}

// with returns the photos of a role.
func (a *album) with(r role) (out []*photo) {
	for _, p := range a.photos {
		if p.role == r {
			out = append(out, p)
		}
	}
	return out
}

// draw takes n entries, in turn from each scene, so that no scene outweighs
// the others; the same ones in each run.
func (a *album) draw(n int) (out []*photo) {
	var piles [][]*photo
	for _, s := range a.scenes {
		var pile []*photo
		for _, p := range s.photos {
			if p.role == entry {
				pile = append(pile, p)
			}
		}
		r := randomOf(s.name, "draw")
		r.Shuffle(len(pile), func(i, j int) { pile[i], pile[j] = pile[j], pile[i] })
		piles = append(piles, pile)
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(piles), func(i, j int) { piles[i], piles[j] = piles[j], piles[i] })
	for round := 0; len(out) < n; round++ {
		before := len(out)
		for _, pile := range piles {
			if round < len(pile) && len(out) < n {
				out = append(out, pile[round])
			}
		}
		if len(out) == before {
			break
		}
	}
	return out
}

// each calls f for 0 to n-1 on two cores and tells how far it is.
func each(ctx context.Context, n int, tell func(done, all int), f func(i int) error) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	next, done := 0, 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n && failed == nil && ctx.Err() == nil
	}
	for range 2 {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				err := f(i)
				mu.Lock()
				if done++; err != nil && failed == nil {
					failed = err
				}
				tell(done, n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}
