package main

import (
	"image"
	"image/color"
	"image/draw"
)

// put lays a picture onto another.
func put(on, p *image.RGBA, x, y int) {
	draw.Draw(on, p.Rect.Add(image.Pt(x, y)), p, image.Point{}, draw.Src)
}

// bordered lays a margin around, a share of the long side wide.
func bordered(share float64, c ink) step {
	return func(s *subject) {
		w, h := s.p.Rect.Dx(), s.p.Rect.Dy()
		d := round(share * float64(max(w, h)))
		on := filled(w+2*d, h+2*d, c)
		put(on, s.p, d, d)
		s.p = on
	}
}

// letterboxed adds black above and below, or beside.
func letterboxed(above bool) step {
	return func(s *subject) {
		w, h := s.p.Rect.Dx(), s.p.Rect.Dy()
		tw, th := w, max(w, round(1.25*float64(h)))
		if !above {
			tw, th = max(round(2.33*float64(h)), round(1.25*float64(w))), h
		}
		on := filled(tw, th, black)
		put(on, s.p, (tw-w)/2, (th-h)/2)
		s.p = on
	}
}

// inBrowser is chrome: a picture viewer in a browser, as a screenshot.
func inBrowser(s *subject) {
	on := filled(1200, 760, func() color.RGBA { return color.RGBA{14, 14, 16, 255} })
	fill(on, image.Rect(0, 0, 1200, 40), color.RGBA{222, 225, 230, 255})
	fill(on, image.Rect(8, 8, 240, 40), color.RGBA{250, 250, 250, 255}) // a tab
	write(on, "IMG_2041.jpg", 24, 16, 13, color.RGBA{60, 64, 67, 255})
	fill(on, image.Rect(0, 40, 1200, 84), color.RGBA{250, 250, 250, 255})
	fill(on, image.Rect(120, 48, 1080, 76), color.RGBA{232, 234, 237, 255}) // the address
	write(on, "darkplaza.onion/files/IMG_2041.jpg", 140, 55, 13, color.RGBA{60, 64, 67, 255})
	for i := range 3 {
		fill(on, image.Rect(16+32*i, 54, 32+32*i, 70), color.RGBA{120, 124, 128, 255})
	}
	p := fit(s.p, 1000, 640)
	put(on, p, 600-p.Rect.Dx()/2, 422-p.Rect.Dy()/2)
	s.p = on
}

// inPage is page: a thread of a forum.
func inPage(s *subject) {
	on := filled(1200, 900, white)
	fill(on, image.Rect(0, 0, 1200, 60), color.RGBA{32, 36, 44, 255})
	write(on, "DARK PLAZA", 40, 20, 20, white())
	ours, theirs := fit(s.p, 640, 500), fit(s.other(), 120, 120)
	for y := 84; y < 880; y += 22 {
		if y < 200 || y > 220+ours.Rect.Dy() {
			bar(on, 260, y, round(between(s.rand, 200, 860)))
		}
		if y > 220+theirs.Rect.Dy() && y < 220+theirs.Rect.Dy()+90 {
			bar(on, 40, y, round(between(s.rand, 40, 120)))
		}
	}
	put(on, theirs, 40, 210)
	put(on, ours, 260, 210)
	s.p = on
}

// bar is a line of text from afar.
func bar(on *image.RGBA, x, y, w int) {
	fill(on, image.Rect(x, y, x+w, y+8), color.RGBA{176, 176, 176, 255})
}

// onSheet is a contact sheet of 1200x900: each picture fitted into its cell
// and in its middle, ours in a cell by chance.
func onSheet(columns, rows, gap int, ground ink) step {
	return func(s *subject) { s.sheet(1200, 900, columns, rows, gap, ground) }
}

func (s *subject) sheet(w, h, columns, rows, gap int, ground ink) {
	on := filled(w, h, ground)
	cw, ch := (w-gap*(columns+1))/columns, (h-gap*(rows+1))/rows
	ours := s.rand.IntN(columns * rows)
	for i := range columns * rows {
		p := s.p
		if i != ours {
			p = s.other()
		}
		p = fit(p, cw, ch)
		x, y := gap+i%columns*(cw+gap), gap+i/columns*(ch+gap)
		put(on, p, x+(cw-p.Rect.Dx())/2, y+(ch-p.Rect.Dy())/2)
	}
	s.p = on
}
