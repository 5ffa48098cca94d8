package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	jpg "image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"

	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// maxEdited is how many pictures are edited: each is hashed once in every form.
const maxEdited = 50

// writeProbes writes the background pictures and then the edited ones, in the
// order of their paths. A path that cannot be read ends it: figures of a part
// would pass for those of the whole.
func (c *cli) writeProbes(ctx context.Context, how calibrating, w io.Writer, bar *progress) error {
	out := json.NewEncoder(w)
	decoder := picture.NewDecoder(picture.DefaultLimits())
	var n int64
	strangers := 0
	var edit []string
	if how.background != "" {
		asked := inOrder(ctx, files([]string{how.background}), func(ctx context.Context, path string) (probed, error) {
			return probeFile(ctx, path, decoder)
		})
		for p, err := range asked {
			if err != nil {
				return err
			}
			if p.strange {
				strangers++
				continue
			}
			if err := out.Encode(p.Probe); err != nil {
				return err
			}
			edit = append(edit, p.Path)
			n++
			bar.at(n)
		}
	}
	if strangers > 0 {
		fmt.Fprintf(c.stderr, "note: left out, for they are no pictures: %s\n", number(strangers, "file"))
	}
	if how.pictures != "" {
		edit = nil
		for path, err := range files([]string{how.pictures}) {
			if err != nil {
				return err
			}
			edit = append(edit, path)
		}
	}
	edits := inOrder(ctx, evenly(edit, maxEdited), func(ctx context.Context, path string) ([]match.Probe, error) {
		return editsOf(ctx, path, decoder)
	})
	for all, err := range edits {
		if err != nil {
			return err
		}
		for _, p := range all {
			if err := out.Encode(p); err != nil {
				return err
			}
			n++
			bar.at(n)
		}
	}
	return nil
}

// evenly gives out at most n of a list, spread over all of it.
func evenly(list []string, n int) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for i := range min(n, len(list)) {
			if !yield(list[i*len(list)/min(n, len(list))], nil) {
				return
			}
		}
	}
}

// probed is a picture as it is asked for.
type probed struct {
	match.Probe
	strange bool // no picture at all
}

func probeFile(ctx context.Context, path string, d *picture.Decoder) (probed, error) {
	data, err := readLimited(path, d.Limits().Bytes)
	if err != nil {
		return probed{}, err
	}
	p, q, err := inspect.Ask(ctx, data, d)
	if err != nil {
		return probed{}, err
	}
	return probed{probeOf(path, p, q), p.Cause != nil && *p.Cause == "not_a_picture"}, nil
}

// readLimited reads a file, a byte more than limit at most: the decoder then
// refuses it.
func readLimited(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit+1))
}

func probeOf(path string, p inspect.Print, q match.Query) match.Probe {
	out := match.Probe{Path: filepath.ToSlash(path), SHA256: p.SHA256, Parts: q.Parts, PHash: []phash.PHash{}}
	if q.HasPHash {
		out.PHash = q.PHash[:]
	}
	return out
}

// editsOf are the edits of one picture, none of one that is no picture or
// cannot be judged.
func editsOf(ctx context.Context, path string, d *picture.Decoder) ([]match.Probe, error) {
	data, err := readLimited(path, d.Limits().Bytes)
	if err != nil {
		return nil, err
	}
	p, err := inspect.Fingerprint(ctx, data, d, match.Windows)
	if err != nil || p.PDQ == nil || *p.Quality < match.DefaultOptions().MinQuality {
		return nil, err
	}
	pic, err := d.Decode(ctx, data)
	if err != nil {
		return nil, ctx.Err()
	}
	original := &match.Original{PDQ: *p.PDQ, Windows: p.Windows, PHash: p.PHash}
	var all []match.Probe
	for _, form := range editForms() {
		file, err := edited(pic.Luma, form)
		if err != nil {
			return nil, fmt.Errorf("edit %s: %w", path, err)
		}
		print, q, err := inspect.Ask(ctx, file, d)
		if err != nil {
			return nil, err
		}
		probe := probeOf(path, print, q)
		probe.Form, probe.Original = form, original
		all = append(all, probe)
	}
	return all, nil
}

// editForms are what happens to pictures that are posted again.
func editForms() []string {
	return append(demo.Forms(), "crop-20", "crop-side10", "crop-half", "border-5")
}

// edited is a picture in one of the editForms.
func edited(luma *image.Gray, form string) ([]byte, error) {
	if slices.Contains(demo.Forms(), form) {
		file, _, err := demo.Edit(luma, form)
		return file, err
	}
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	crop := func(x0, y0, x1, y1 float64) image.Image {
		return luma.SubImage(image.Rect(int(x0*float64(w)), int(y0*float64(h)), int(x1*float64(w)), int(y1*float64(h))))
	}
	var img image.Image
	switch form {
	case "crop-20": // of the area, evenly
		img = crop(.053, .053, .947, .947)
	case "crop-side10":
		img = crop(.1, .1, 1, 1)
	case "crop-half":
		img = crop(.15, .15, .86, .86)
	case "border-5": // white, of the long side
		edge := max(w, h) / 20
		to := image.NewGray(image.Rect(0, 0, w+2*edge, h+2*edge))
		draw.Draw(to, to.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(to, luma.Rect.Add(image.Pt(edge, edge)), luma, luma.Rect.Min, draw.Src)
		img = to
	default:
		return nil, errors.New("no form is called " + form)
	}
	var b bytes.Buffer
	err := jpg.Encode(&b, img, &jpg.Options{Quality: 85})
	return b.Bytes(), err
}
