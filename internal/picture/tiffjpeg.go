package picture

import (
	"bytes"
	"fmt"
	"image"
)

// jpegParts is a page whose strips or tiles are JPEGs that share their tables
// (TIFF technical note 2).
type jpegParts struct {
	page          tiffPage
	width, height int // of the page
	w, h          int // of a part
	tables        []byte
	offsets       column // of the parts in the file
	lengths       column
	count         int
	negative      bool // white is zero
}

// The kinds of colour of TIFF that JPEG can carry here.
const (
	whiteIsZero = 0
	blackIsZero = 1
	inRGB       = 2
	inYCbCr     = 6
)

func (p tiffPage) readJPEG(to *plan) error {
	f := jpegParts{page: p, width: int(p.or(tagWidth, 0)), height: int(p.or(tagLength, 0)), offsets: p.column(tagStrips), lengths: p.column(tagStripBytes)}
	to.width, to.height, to.orientation = f.width, f.height, p.orientation()
	if f.width < 1 || f.height < 1 {
		return refuse("damaged", "%dx%d pixels", f.width, f.height)
	}
	if err := to.limits.fits(f.width, f.height, to.limits.Pixels); err != nil {
		return err
	}
	f.w, f.h = f.width, min(f.height, int(p.or(tagStripRows, uint32(f.height))))
	if tw := p.or(tagTileWidth, 0); tw > 0 {
		f.w, f.h, f.offsets, f.lengths = int(tw), int(p.or(tagTileLength, 0)), p.column(tagTiles), p.column(tagTileBytes)
	}
	if f.w < 1 || f.h < 1 {
		return refuse("damaged", "parts of %dx%d pixels", f.w, f.h)
	}
	if err := f.colours(); err != nil {
		return err
	}
	f.count = f.across() * ((f.height + f.h - 1) / f.h)
	memory, err := f.memory(to)
	if err != nil {
		return err
	}
	to.memory = int64(f.width)*int64(f.height) + memory
	to.decode = f.decode
	return nil
}

func (f *jpegParts) across() int { return (f.width + f.w - 1) / f.w }

// colours reads the tables, and puts a mark of Adobe behind them that says what
// TIFF says of the colours: a JPEG in TIFF has none.
func (f *jpegParts) colours() error {
	p := f.page
	photometric, samples := p.or(tagPhotometric, 0), p.or(tagSamples, 1)
	tables := bytes.TrimSuffix(bytes.TrimPrefix(p.column(tagJPEGTables).values, []byte{0xff, markerSOI}), []byte{0xff, markerEOI})
	mark := ""
	switch {
	case samples == 1 && (photometric == blackIsZero || photometric == whiteIsZero || photometric == inYCbCr):
		f.negative = photometric == whiteIsZero
	case samples == 3 && photometric == inYCbCr:
		// Of separate planes the first is luma: the others are not needed.
		if p.or(tagPlanar, 1) != 2 {
			mark = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
		}
	case samples == 3 && photometric == inRGB && p.or(tagPlanar, 1) != 2:
		mark = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	default:
		return refuse("unsupported", "JPEG inside TIFF with %d samples of kind %d", samples, photometric)
	}
	f.tables = append(append([]byte{0xff, markerSOI}, tables...), mark...)
	return nil
}

// part plans for one part.
func (f *jpegParts) part(i int, limits Limits) (*plan, error) {
	data := f.page.bytes(f.offsets.nth(i), f.lengths.nth(i))
	body, ok := bytes.CutPrefix(data, []byte{0xff, markerSOI})
	if !ok {
		return nil, refuse("damaged", "part %d is no JPEG", i+1)
	}
	p := &plan{limits: limits}
	if err := readJPEG(append(f.tables[:len(f.tables):len(f.tables)], body...), p); err != nil {
		return nil, err
	}
	// Some writers round the last part up, or all of them to whole blocks.
	if p.width > f.w+64 || p.height > f.h+64 {
		return nil, refuse("damaged", "part %d is of %dx%d pixels, announced are %dx%d", i+1, p.width, p.height, f.w, f.h)
	}
	p.memory += int64(len(f.tables) + len(body))
	return p, nil
}

// memory is the most that a part takes. Parts may share bytes, but not many
// times over: a small file must not ask for days of work.
func (f *jpegParts) memory(to *plan) (int64, error) {
	sum, most := 0, int64(0)
	for i := range min(f.count, f.offsets.len()) {
		if err := to.headers.check(); err != nil {
			return 0, err
		}
		sum += int(f.lengths.nth(i)) + len(f.tables) + 64
		if sum > 4*len(f.page.data)+1<<20 {
			return 0, refuse("damaged", "the parts are longer than the file")
		}
		if p, err := f.part(i, to.limits); err == nil {
			most = max(most, p.memory)
		}
	}
	return most, nil
}

// decode puts the parts together, as grey values. What is missing stays grey.
func (f *jpegParts) decode(g *guard) (surface, error) {
	m := image.NewGray(image.Rect(0, 0, f.width, f.height))
	for i := range m.Pix {
		m.Pix[i] = missing
	}
	var fault error
	good := 0
	for i := range min(f.count, f.offsets.len()) {
		if err := g.check(); err != nil {
			return surface{}, err
		}
		at := image.Pt(i%f.across()*f.w, i/f.across()*f.h)
		if err := f.paste(g, m, at, i); err != nil {
			if fault == nil {
				fault = err
			}
			continue
		}
		good++
	}
	if fault == nil && good < f.count {
		fault = refuse("damaged", "the others do not lie in the file")
	}
	if good == 0 {
		return surface{}, fault
	}
	s, err := surfaceOf(m)
	if fault != nil {
		s.why = fmt.Sprintf("%d parts of %d: %v", good, f.count, fault)
	}
	return s, err
}

// paste decodes part i to its place.
func (f *jpegParts) paste(g *guard, m *image.Gray, at image.Point, i int) error {
	p, err := f.part(i, Limits{})
	if err != nil {
		return err
	}
	s, err := p.decode(g)
	if err != nil {
		return err
	}
	place := image.Rectangle{at, at.Add(image.Pt(min(s.width, f.w), min(s.height, f.h)))}.Intersect(m.Rect)
	buffer := make([]uint8, s.width)
	for y := place.Min.Y; y < place.Max.Y; y++ {
		if s.seen != nil && !s.seen(y-at.Y) {
			continue
		}
		row := m.Pix[y*m.Stride:][place.Min.X:place.Max.X]
		copy(row, s.line(y-at.Y, buffer))
		if f.negative {
			for x := range row {
				row[x] = 255 - row[x]
			}
		}
	}
	if s.why != "" {
		return refuse("damaged", "part %d: %s", i+1, s.why)
	}
	return nil
}

// readOldJPEG reads a page that is one whole JPEG, in either of the two ways
// that were in use before technical note 2.
func (p tiffPage) readOldJPEG(to *plan) error {
	data := p.wholeJPEG()
	if data == nil {
		return refuse("unsupported", "JPEG inside TIFF by the first, broken way")
	}
	if err := readJPEG(data, to); err != nil {
		return err
	}
	if to.orientation == 1 {
		to.orientation = p.orientation()
	}
	return nil
}

// wholeJPEG returns the JPEG that a directory points to, nil if there is none.
func (p tiffPage) wholeJPEG() []byte {
	at, ok := p.value(tagPreview)
	data := p.bytes(at, p.or(tagPreviewLen, 1<<31))
	if c := p.or(tagCompression, 1); !ok && (c == 6 || c == 7) && p.column(tagStrips).len() == 1 {
		data = p.bytes(p.or(tagStrips, 0), p.or(tagStripBytes, 0))
	}
	if !bytes.HasPrefix(data, []byte{0xff, markerSOI, 0xff}) {
		return nil
	}
	return data
}

// raw says whether a TIFF is a camera's raw file: of these only the previews
// are pictures that can be decoded.
func raw(pages []tiffPage) bool {
	first := pages[0]
	_, dng := first.value(tagDNG)
	_, preview := first.value(tagPreview)
	reduced := first.or(tagSubfile, 0)&1 != 0
	canon := len(first.data) > 10 && string(first.data[8:10]) == "CR" && first.or(tagCompression, 1) == 6
	return dng || canon || first.column(tagSubIFDs).len() > 0 && reduced || preview && first.or(tagCompression, 1) != 6
}

// readRaw takes the largest preview of a camera's raw file.
func readRaw(pages []tiffPage, p *plan) error {
	candidates := append([]tiffPage(nil), pages[:min(len(pages), 16)]...)
	for _, page := range candidates {
		candidates = append(candidates, page.children()...)
	}
	best := plan{}
	for _, page := range candidates {
		if stop := p.headers.check(); stop != nil {
			return p.headers.explain(stop)
		}
		data := page.wholeJPEG()
		if data == nil {
			continue
		}
		found := plan{asked: p.asked, limits: p.limits, orientation: 1, frames: 1}
		if readJPEG(data, &found) != nil || found.fits() != nil {
			continue // raw pixels are lossless JPEG
		}
		if found.width*found.height > best.width*best.height {
			best = found
		}
	}
	if best.decode == nil {
		return refuse("unsupported", "a camera's raw file without a preview that can be decoded")
	}
	if best.orientation == 1 {
		best.orientation = pages[0].orientation()
	}
	best.why = fmt.Sprintf("a camera's raw file, of which only the preview of %dx%d was seen", best.width, best.height)
	*p = best
	return nil
}
