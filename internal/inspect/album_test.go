package inspect_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"slices"
	"testing"

	"leakwatch/internal/demo"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// album is a set of drawn photographs with the windows of each.
type album struct {
	*rig
	pictures []image.Image
	refs     []string
}

func newAlbum(t *testing.T, photos []demo.Photo) *album {
	t.Helper()
	a := &album{rig: newRig(t)}
	var entries []match.Entry
	for _, p := range photos {
		e := entryOf(t, p.JPEG)
		pic, err := picture.NewDecoder(picture.DefaultLimits()).Decode(t.Context(), p.JPEG)
		if err != nil {
			t.Fatal(err)
		}
		e.Windows = phash.OfWindows(pic.Luma)
		entries, a.refs, a.pictures = append(entries, e), append(a.refs, e.Ref), append(a.pictures, p.Image())
	}
	a.loadEntries("dataset", entries...)
	return a
}

// posted looks at a picture as it is posted: JPEG of quality 80.
func (a *album) posted(img image.Image) []match.Hit {
	a.t.Helper()
	seen, err := a.room.Look(a.t.Context(), posting(a.t, img))
	if err != nil {
		a.t.Fatal(err)
	}
	return seen.Hits
}

func posting(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A border, a browser, a page and sheets of up to twenty pictures: what stands
// in them is found where it stands, and nothing is found that is not there.
func TestPicturesInPictures(t *testing.T) {
	a := newAlbum(t, demo.Set(24, 78))
	for _, form := range demo.Sheets() {
		least := .95
		switch form {
		case "page": // one of the two is a thumbnail
			least = .5
		case "montage-2x2-nogap": // a seam shows only where two pictures differ
			least = .7
		}
		found, all := 0, 0
		for first := range 2 {
			sheet, at, err := demo.Sheet(form, a.pictures[4*first:4*first+20]...)
			if err != nil {
				t.Fatal(err)
			}
			all += len(at)
			for _, h := range a.posted(sheet) {
				if h.Verdict != match.Copy {
					continue
				}
				i := slices.Index(a.refs, h.Ref) - 4*first
				if i < 0 || i >= len(at) || !beside(h.Window, phash.WindowOf(at[i], sheet.Rect.Dx(), sheet.Rect.Dy())) {
					t.Errorf("%s: a copy of %s in %v, where it is not (%s)", form, h.Ref, h.Window, h.Rule)
					continue
				}
				found++
			}
		}
		if float64(found) < least*float64(all) {
			t.Errorf("%s: %d of %d pictures found, want %.0f %%", form, found, all, 100*least)
		}
	}
}

// beside reports whether two windows are the same to within 3 % of the sides.
func beside(a, b phash.Window) bool {
	for i := range a {
		if d := a[i] - b[i]; max(d, -d) > .03 {
			return false
		}
	}
	return true
}

// Each picture of a sheet is a finding of its own, and only once.
func TestASheetIsManyFindings(t *testing.T) {
	a := newAlbum(t, demo.Set(6, 78))
	sheet, at, err := demo.Sheet("montage-3x3", a.pictures...)
	if err != nil {
		t.Fatal(err)
	}
	file := posting(t, sheet)
	for range 2 {
		if got := a.shows("/sheet.jpg", file); got.Verdict != match.Copy {
			t.Fatalf("the sheet gives %+v, want copy", got)
		}
		all := a.raised()
		if len(all) != 1 || all[0].FindingsTotal != len(at) || all[0].Refs != len(at) {
			t.Fatalf("raised %d alerts, the first of %d findings and %d refs, want one of %d", len(all), all[0].FindingsTotal, all[0].Refs, len(at))
		}
		for _, f := range all[0].Findings {
			i := slices.Index(a.refs, *f.Ref)
			if want := phash.WindowOf(at[i], sheet.Rect.Dx(), sheet.Rect.Dy()); !beside(*f.Window, want) || *f.Stage != match.ByWindow || f.Explain["rule"] == nil {
				t.Errorf("finding of %s: window %v, stage %s, %v; want window %v, stage window", *f.Ref, *f.Window, *f.Stage, f.Explain, want)
			}
		}
	}
}

// A crop is found by the windows of its entry.
func TestCropsAreFoundByEntryWindows(t *testing.T) {
	a := newAlbum(t, demo.Set(10, 79))
	right, asked := 0, 0
	for k, w := range phash.EntryWindows() {
		i := k % len(a.pictures)
		whole := a.pictures[i].(*image.YCbCr)
		hits := a.posted(whole.SubImage(w.In(whole.Rect.Dx(), whole.Rect.Dy())))
		asked++
		switch {
		case len(hits) == 0 || hits[0].Verdict != match.Copy:
			t.Logf("%v of %s: %+v", w, a.refs[i], hits)
		case hits[0].Ref != a.refs[i]:
			t.Errorf("%v of %s is called a copy of %s (%s)", w, a.refs[i], hits[0].Ref, hits[0].Rule)
		default:
			right++
		}
	}
	if right*100 < 80*asked {
		t.Errorf("%d of %d crops on the grid found, want 80 %%", right, asked)
	}
}

// Nothing is raised by strangers, nor by what has no detail to speak of.
func TestNothingInStrangers(t *testing.T) {
	a := newAlbum(t, demo.Set(30, 80))
	tests := map[string]image.Image{
		"flat":      painted(400, 300, func(int, int) uint8 { return 137 }),
		"gradient":  painted(400, 300, func(x, y int) uint8 { return uint8(x*255/400/2 + y*255/300/2) }),
		"waves":     painted(512, 512, func(x, y int) uint8 { return uint8(x*y) & 0x7f }),
		"chart":     painted(600, 400, func(x, y int) uint8 { return uint8(40 * (x/100 + y/100*7) % 251) }),
		"checks":    painted(480, 480, func(x, y int) uint8 { return uint8((x/40 + y/40) % 2 * 255) }),
		"two tones": painted(480, 300, func(x, _ int) uint8 { return uint8(x / 240 * 200) }),
	}
	var all []image.Image
	for i := range 28 {
		p := demo.Stranger(i, 81)
		tests[p.Kind+" "+p.Name] = p.Image()
		all = append(all, p.Image())
	}
	for _, form := range demo.Sheets() {
		sheet, _, err := demo.Sheet(form, all...)
		if err != nil {
			t.Fatal(err)
		}
		tests["strangers: "+form] = sheet
	}
	for name, img := range tests {
		for _, h := range a.posted(img) {
			if h.Verdict != match.Weak {
				t.Errorf("%s: %s of %s in %v (%s)", name, h.Verdict, h.Ref, h.Window, h.Rule)
			}
		}
	}
}

func painted(w, h int, tone func(x, y int) uint8) image.Image {
	p := image.NewGray(image.Rect(0, 0, w, h))
	for i := range p.Pix {
		p.Pix[i] = tone(i%w, i/w)
	}
	return p
}

// Another vehicle before a camera of the set is no copy of any entry, by its
// hashes alone; a re-post of an entry is one, and of no other.
func TestOtherVehiclesAreNoCopies(t *testing.T) {
	const entries, all = 12, 20
	frames := madeUpLane(all)
	a := newAlbum(t, frames[:entries])
	kin, copies := 0, 0
	for i, p := range frames {
		for _, form := range []string{"png", "jpeg-q30", "resize-50", "mirror"} {
			seen, err := a.room.Look(t.Context(), edited(t, p, form))
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range seen.Hits {
				switch {
				case h.Verdict == match.Kin && i >= entries:
					kin++
				case h.Verdict == match.Copy && (i >= entries || h.Ref != a.refs[i]):
					t.Errorf("%s of frame %d is called a copy of %s at %d (%s)", form, i, h.Ref, *h.Distance, h.Rule)
				case h.Verdict == match.Copy:
					copies++
				}
			}
		}
	}
	if least := 4 * entries * 9 / 10; copies < least {
		t.Errorf("%d of %d re-posts are copies, want %d", copies, 4*entries, least)
	}
	if asked := 4 * (all - entries); kin*3 < asked {
		t.Errorf("%d of %d pictures of other vehicles are kin, want a third: else nothing was proved", kin, asked)
	}
}

// madeUpLane draws n frames of one camera: one background, and in each another
// vehicle over its lower left.
func madeUpLane(n int) []demo.Photo {
	set := demo.Set(2*n, 82)
	back := set[0].Image()
	var frames []demo.Photo
	for _, p := range set[1:] {
		if p.Kind != "lane" || len(frames) == n {
			continue
		}
		frame := image.NewRGBA(image.Rect(0, 0, back.Bounds().Dx(), back.Bounds().Dy()))
		draw.Draw(frame, frame.Rect, back, back.Bounds().Min, draw.Src)
		vehicle := p.Image()
		b := vehicle.Bounds()
		w, h := b.Dx()/2, b.Dy()/2
		off := image.Pt(b.Min.X+b.Dx()/8, b.Min.Y+b.Dy()/4)
		mask := ellipse(w, h)
		draw.DrawMask(frame, image.Rect(0, 0, w, h).Add(image.Pt(b.Dx()/8, b.Dy()/5)), vehicle, off, mask, image.Point{}, draw.Over)
		var out bytes.Buffer
		if err := jpeg.Encode(&out, frame, &jpeg.Options{Quality: 88}); err != nil {
			panic(err) // memory does not fail
		}
		frames = append(frames, demo.Photo{JPEG: out.Bytes()})
	}
	return frames
}

// ellipse is a mask that fades towards its rim.
func ellipse(w, h int) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := 2*float64(x)/float64(w)-1, 2*float64(y)/float64(h)-1
			m.SetAlpha(x, y, color.Alpha{uint8(255 * min(1, max(0, 3*(1-u*u-v*v))))})
		}
	}
	return m
}
