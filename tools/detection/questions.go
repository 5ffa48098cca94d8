package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"slices"

	"leakwatch/internal/demo"
)

// openAlbums gives the album of photographs or drawings, and the made-up lanes
// behind it.
func openAlbums(ctx context.Context, o options, tell io.Writer) ([]*album, error) {
	main, err := drawnAlbum(60, 30), error(nil)
	if o.short {
		main = drawnAlbum(25, 6)
	}
	if o.corpus != "" {
		if main, err = folderAlbum(o.corpus); err != nil {
			return nil, err
		}
		if o.short {
			main.cut(25)
		}
	}
	if err := main.measure(ctx, progress(tell, "pictures measured")); err != nil {
		return nil, err
	}
	if len(main.byRef) == 0 {
		return nil, fmt.Errorf("no picture has the quality that a hash set needs")
	}
	albums := []*album{main}
	lanes := 3
	if o.short {
		lanes = 1
	}
	for i := range lanes {
		a, err := main.madeUp(i)
		if err != nil {
			return nil, err
		}
		if a == nil {
			break
		}
		if err := a.measure(ctx, progress(io.Discard, "")); err != nil {
			return nil, err
		}
		albums = append(albums, a)
	}
	return albums, nil
}

// madeUp makes a lane of the album's own pictures; nil where it has too few.
func (a *album) madeUp(i int) (*album, error) {
	name := fmt.Sprintf("made-up lane %d", i+1)
	r := randomOf(name, "")
	var back, vehicles []*photo
	for _, p := range a.with(entry) {
		if _, err := p.original(); err != nil {
			continue
		}
		if p.kind == "fixed cameras" {
			back = append(back, p)
		} else {
			vehicles = append(vehicles, p)
		}
	}
	if len(back) == 0 {
		back = vehicles
	}
	if len(vehicles) < 10 {
		return nil, nil
	}
	ground := back[r.IntN(len(back))]
	vehicles = slices.DeleteFunc(vehicles, func(p *photo) bool { return p.scene == ground.scene })
	r.Shuffle(len(vehicles), func(i, j int) { vehicles[i], vehicles[j] = vehicles[j], vehicles[i] })
	background, err := ground.original()
	if err != nil {
		return nil, err
	}
	return laneAlbum(name, background, vehicles)
}

// questions are all that the stages are asked.
func (m *measurement) questions(o options) (out []*question, err error) {
	forms, free, kinds := chosenForms(o.forms, tableForms()), chosenForms(o.forms, heldOutForms()), kinForms()
	if len(forms)+len(free) == 0 {
		return nil, fmt.Errorf("no form or group is called %q", o.forms)
	}
	all := len(o.forms) == 0
	if o.short {
		o.originals = min(o.originals, 8)
	}
	for i, n := range m.share(o.originals) {
		t := m.trials[i]
		for _, p := range t.album.draw(n) {
			m.originals++
			out = append(out, &question{trial: t, photo: p, purpose: table, forms: forms}, &question{trial: t, photo: p, purpose: heldOut, forms: free})
		}
		if !all {
			continue
		}
		for _, p := range t.album.with(kin) {
			out = append(out, &question{trial: t, photo: p, purpose: another, forms: kinds})
		}
		if o.short {
			continue
		}
		for _, p := range t.album.with(left) {
			out = append(out, &question{trial: t, photo: p, purpose: asItIs})
		}
	}
	if !all {
		return out, nil
	}
	drawings := 300
	if o.short {
		drawings = 60
	}
	for i := range drawings {
		out = append(out, m.drawing(i, true), m.drawing(i, false))
	}
	return out, nil
}

// drawing is one that must raise nothing, or a stranger of the demo, which is
// as harmless but has more to see.
func (m *measurement) drawing(i int, simple bool) *question {
	q := &question{trial: m.trials[0], purpose: asItIs, forms: []form{{"plain", "", "", nil, asPNG}}}
	if i%2 == 0 {
		q.forms[0].write = asJPEG(80)
	}
	q.drawn = func() *image.RGBA {
		img := demo.Stranger(i, 12).Image()
		p := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
		over(p, img)
		return p
	}
	if simple {
		q.purpose, q.drawn = blank, func() *image.RGBA { _, p := plain(i); return p }
	}
	return q
}

// share gives each made-up lane as many originals as a scene of the album has,
// and the album the rest.
func (m *measurement) share(originals int) []int {
	n := make([]int, len(m.trials))
	scenes := len(m.trials[0].album.scenes) + len(m.trials) - 1
	for i := 1; i < len(n); i++ {
		n[i] = max(originals/scenes, originals/30)
		originals -= n[i]
	}
	n[0] = originals
	return n
}

func chosenForms(names []string, all []form) (chosen []form) {
	for _, f := range all {
		if len(names) == 0 || slices.Contains(names, f.name) || slices.Contains(names, f.group) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}
