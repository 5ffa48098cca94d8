package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

func readTIFF(data []byte, p *plan) error {
	all := tiffPages(data)
	if raw(all) {
		return readRaw(all, p)
	}
	pages := shown(all)
	p.frames = len(pages)
	b := &booklet{total: len(pages)}
	var first error
	for _, i := range sample(len(pages), p.limits.Frames) {
		page := plan{asked: p.asked, limits: p.limits, orientation: 1, frames: 1}
		err := pages[i].read(&page)
		if stop := p.headers.check(); stop != nil {
			return p.headers.explain(stop)
		}
		if err == nil {
			err = page.fits()
		}
		if err != nil && first == nil {
			first, p.width, p.height = err, page.width, page.height
		}
		b.add(i+1, page, err)
	}
	if len(b.pages) == 0 {
		return first
	}
	p.width, p.height = b.pages[0].width, b.pages[0].height
	for _, page := range b.pages {
		p.memory = max(p.memory, page.memory)
	}
	p.decode = func(g *guard) (surface, error) { return b.first(g, p) }
	if p.frames > 1 {
		p.further = b.further
	}
	return nil
}

// fits holds a page against the limits, as the Decoder does the picture.
func (p *plan) fits() error {
	switch {
	case p.width <= 0 || p.height <= 0:
		return refuse("damaged", "%dx%d pixels", p.width, p.height)
	case p.memory > p.limits.Memory:
		return refuse("limit_pixels", "%dx%d pixels need %d MiB to decode, %d allowed", p.width, p.height, p.memory>>20, p.limits.Memory>>20)
	}
	return p.limits.fits(p.width, p.height, p.limits.Pixels)
}

// booklet is a file of pages that have nothing to do with one another.
type booklet struct {
	total   int
	looked  int
	pages   []plan
	numbers []int // of pages, from 1
	shown   int   // the index of the first that could be decoded
	cuts    []cut
}

func (b *booklet) add(number int, page plan, err error) {
	b.looked++
	if err == nil {
		b.pages, b.numbers = append(b.pages, page), append(b.numbers, number)
		return
	}
	b.fault(number, err)
}

func (b *booklet) fault(number int, err error) {
	var r *Refusal
	errors.As(refusalOf(err), &r)
	b.cuts = append(b.cuts, cut{causeOfCut(r), fmt.Sprintf("page %d: %v", number, r)})
}

// first decodes the first page that can be decoded, and makes it the plan's.
func (b *booklet) first(g *guard, p *plan) (surface, error) {
	var fault error
	for i, page := range b.pages {
		var s surface
		err := guarded(func() (err error) {
			s, err = page.decode(g)
			return err
		})
		if err == nil {
			b.shown = i
			p.width, p.height, p.orientation, p.why = page.width, page.height, page.orientation, page.why
			return s, nil
		}
		if stop := g.check(); stop != nil {
			return surface{}, stop
		}
		if b.fault(b.numbers[i], err); fault == nil {
			fault = err
		}
	}
	return surface{}, fault
}

// further shows the pages beyond the first. That a page cannot be decoded is no
// reason not to look at the next.
func (b *booklet) further(g *guard, show func(surface, int) error) ([]cut, error) {
	for i := b.shown + 1; i < len(b.pages); i++ {
		page := b.pages[i]
		var s surface
		err := guarded(func() (err error) {
			if s, err = page.decode(g); err == nil {
				err = show(s, page.orientation)
			}
			return err
		})
		if stop := g.check(); stop != nil {
			b.cuts = append(b.cuts, cut{causePartial, fmt.Sprintf("%d of %d pages", i, b.total)})
			return b.cuts, stop
		}
		for _, why := range []string{s.why, page.why} {
			if why != "" {
				b.cuts = append(b.cuts, cut{causePartial, fmt.Sprintf("page %d: %s", b.numbers[i], why)})
			}
		}
		if err != nil {
			b.fault(b.numbers[i], err)
		}
	}
	if b.looked < b.total {
		b.cuts = append(b.cuts, cut{causeFrames, fmt.Sprintf("%d pages of %d", b.looked, b.total)})
	}
	return b.cuts, nil
}

// read fills the plan of one page.
func (p tiffPage) read(to *plan) error {
	if len(p.entries) == 0 {
		return refuse("damaged", "cut off before the directory")
	}
	switch compression := p.or(tagCompression, 1); compression {
	case 6:
		return p.readOldJPEG(to)
	case 7:
		return p.readJPEG(to)
	}
	if err := p.refused(); err != nil {
		return err
	}
	config, err := tiff.DecodeConfig(p.reader(nil))
	if err != nil {
		return refusalOf(err)
	}
	to.width, to.height, to.orientation = config.Width, config.Height, p.orientation()
	held := int64(4)
	switch config.ColorModel {
	case color.GrayModel:
		held = 1
	case color.Gray16Model:
		held = 2
	case color.RGBA64Model, color.NRGBA64Model:
		held = 8
	}
	to.memory = held*int64(to.width)*int64(to.height) + p.block(to)
	to.decode = p.decode
	return nil
}

func (p tiffPage) orientation() int {
	if o := p.or(orientationTag, 1); o >= 1 && o <= 8 {
		return int(o)
	}
	return 1
}

// refused names what x/image/tiff would decode wrongly.
func (p tiffPage) refused() error {
	switch {
	case p.or(tagPlanar, 1) == 2 && p.or(tagSamples, 1) > 1:
		return refuse("unsupported", "separate planes")
	case p.or(tagFillOrder, 1) == 2 && p.or(tagCompression, 1) <= 1:
		return refuse("unsupported", "bits in reversed order")
	}
	return nil
}

// block bounds what the decoder holds of one strip or tile: it unpacks up to
// eight bytes a pixel, into a buffer that doubles as it grows. Strips that are
// not packed are no longer than the file; they are read in pieces of 10 MiB,
// into a buffer that grows.
func (p tiffPage) block(to *plan) int64 {
	if p.or(tagCompression, 0) <= 1 {
		return 3*int64(len(p.data)) + min(10<<20, int64(len(p.data)))
	}
	w, h := int64(to.width), int64(to.height)
	if tw := p.or(tagTileWidth, 0); tw != 0 {
		// Tiles may be larger than the picture, by up to 1,024 pixels a side.
		w, h = min(int64(tw), w+1024), min(int64(p.or(tagTileLength, 0)), h+1024)
	} else if rows := p.or(tagStripRows, 0); rows > 0 {
		h = min(h, int64(rows))
	}
	return 3 * 8 * w * h
}

func (p tiffPage) decode(g *guard) (surface, error) {
	m, err := tiff.Decode(p.reader(g))
	if err != nil {
		return surface{}, err
	}
	return surfaceOf(m)
}

// reader reads the file with this page as its first. Without a guard it is for
// headers only.
func (p tiffPage) reader(g *guard) *anywhere {
	head := bytes.Clone(p.data[:8])
	p.order.PutUint32(head[4:], p.at)
	return &anywhere{stream{guard: g, parts: [][]byte{head, p.data[8:]}}, head, p.data}
}

// anywhere is a stream that can be read at any place, as TIFF is.
type anywhere struct {
	stream
	head []byte // stands for the beginning of data
	data []byte
}

func (a *anywhere) ReadAt(p []byte, at int64) (int, error) {
	if err := a.guard.check(); err != nil {
		return 0, err
	}
	if at < 0 || at >= int64(len(a.data)) {
		return 0, io.EOF
	}
	n := copy(p, a.data[at:])
	if at < int64(len(a.head)) {
		copy(p, a.head[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
