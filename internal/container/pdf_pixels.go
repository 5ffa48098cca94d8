package container

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
)

const (
	maxPDFPixels = 268_000_000 // of one picture that is kept as samples
	maxPDFSide   = 65_535      // pixels
	maxPDFInks   = 8
)

// pixels makes a PNG of samples, row by row as it is read: grey or colours of 8
// bits, whatever the document counts in.
func (p *pdf) pixels(s pdfObject, samples io.Reader) (io.Reader, *Fault) {
	w, h := p.number(firstOf(s.dict, "Width", "W"), 0), p.number(firstOf(s.dict, "Height", "H"), 0)
	if w < 1 || h < 1 {
		return nil, fault("damaged", "a picture of %d by %d", w, h)
	}
	if w > maxPDFSide || h > maxPDFSide {
		return nil, fault("limit_side", "%d by %d, more than %d", w, h, maxPDFSide)
	}
	if int64(w)*int64(h) > maxPDFPixels {
		return nil, fault("limit_pixels", "%d by %d, more than %d", w, h, maxPDFPixels)
	}
	bits := p.number(firstOf(s.dict, "BitsPerComponent", "BPC"), 8)
	space := p.space(s, firstOf(s.dict, "ColorSpace", "CS"), 0)
	if mask, _ := p.resolve(firstOf(s.dict, "ImageMask", "IM")).(bool); mask {
		bits, space = 1, pdfSpace{n: 1}
	}
	if bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 {
		return nil, fault("damaged", "components of %d bits", bits)
	}
	if decode, ok := p.resolve(firstOf(s.dict, "Decode", "D")).([]any); ok && len(decode) >= 2 && space.palette == nil {
		space.inverted = space.inverted != (p.number(decode[0], 0) > p.number(decode[1], 1))
	}
	row := (w*space.n*bits + 7) / 8
	r := &pngRows{src: &worked{r: samples, p: p}, space: space, bits: bits, w: w, h: h, in: make([]byte, row)}
	channels := 1
	if space.colored() {
		channels = 3
	}
	r.line = make([]byte, 1+w*channels)
	r.begin(channels)
	return r, nil
}

// isMask tells a picture that another one names as its mask, and that may be one:
// grey, or one bit. What is in colours, or JPEG, is looked at all the same.
func (p *pdf) isMask(s pdfObject) bool {
	if !p.masks[s.num] {
		return false
	}
	space := p.space(s, firstOf(s.dict, "ColorSpace", "CS"), 0)
	filters := listOf(p.resolve(firstOf(s.dict, "Filter", "F")))
	jpeg := slices.ContainsFunc(filters, func(x any) bool { name := p.resolve(x); return name == pdfName("DCTDecode") || name == pdfName("DCT") })
	return !space.colored() && !jpeg
}

// pdfSpace says what samples count.
type pdfSpace struct {
	n        int    // components
	palette  []byte // RGB of each index; nil: none
	inverted bool   // high is dark: inks
	cmyk     bool
}

func (s *pdfSpace) colored() bool { return s.palette != nil || s.n >= 3 }

// space reads a space of colours. One that is not known is taken for what has as
// many components: the shapes in a picture stay the same.
func (p *pdf) space(s pdfObject, v any, depth int) pdfSpace {
	v = p.resolve(v)
	if list, ok := v.([]any); ok && len(list) > 0 && depth < 4 {
		name, _ := p.resolve(list[0]).(pdfName)
		switch {
		case name == "ICCBased" && len(list) > 1:
			profile, _ := p.resolve(list[1]).(pdfDict)
			return deviceSpace(p.number(profile["N"], 3))
		case (name == "Indexed" || name == "I") && len(list) > 3:
			return p.indexed(s, list, depth)
		case name == "Separation":
			return pdfSpace{n: 1, inverted: true}
		case name == "DeviceN" && len(list) > 1:
			inks, _ := p.resolve(list[1]).([]any)
			d := deviceSpace(min(max(len(inks), 1), maxPDFInks))
			d.inverted = d.n < 4
			return d
		case name == "Lab":
			return pdfSpace{n: 3}
		}
		v = name
	}
	switch v {
	case pdfName("DeviceRGB"), pdfName("RGB"), pdfName("CalRGB"):
		return deviceSpace(3)
	case pdfName("DeviceCMYK"), pdfName("CMYK"):
		return deviceSpace(4)
	}
	return deviceSpace(1)
}

func deviceSpace(n int) pdfSpace {
	switch {
	case n < 1 || n > maxPDFInks:
		return pdfSpace{n: 1}
	case n == 4:
		return pdfSpace{n: 4, cmyk: true}
	}
	return pdfSpace{n: n}
}

// indexed reads a table of colours, of which each sample is an index.
func (p *pdf) indexed(s pdfObject, list []any, depth int) pdfSpace {
	base := p.space(s, list[1], depth+1)
	var table []byte
	if lookup, ok := p.streamOf(list[3]); ok {
		table, _ = p.plain(lookup, 1<<16)
		defer p.done(table)
	} else if text, ok := p.resolve(list[3]).(pdfString); ok {
		table = text
		if p.lock != nil {
			num := s.num
			if r, is := list[3].(pdfRef); is {
				num = r.num
			}
			table, _ = p.lock.open(num, bytes.Clone(text))
		}
	}
	out := pdfSpace{n: 1, palette: make([]byte, 3*256)}
	for i := range 256 {
		if (i+1)*base.n > len(table) {
			break
		}
		base.rgb(table[i*base.n:(i+1)*base.n], out.palette[3*i:])
	}
	return out
}

// rgb turns the components of one pixel into red, green and blue.
func (s *pdfSpace) rgb(c []byte, to []byte) {
	switch {
	case s.cmyk:
		k := 255 - int(c[3])
		for i := range 3 {
			to[i] = byte((255 - int(c[i])) * k / 255)
		}
	case s.n >= 3:
		copy(to[:3], c)
	default:
		to[0], to[1], to[2] = c[0], c[0], c[0]
	}
}

// pngRows writes a PNG as it is read.
type pngRows struct {
	src   io.Reader
	space pdfSpace
	bits  int
	w, h  int
	y     int
	in    []byte // one row of samples
	line  []byte // one row of the PNG, with its filter
	pack  bytes.Buffer
	z     *zlib.Writer
	out   bytes.Buffer
	err   error
}

func (r *pngRows) begin(channels int) {
	r.out.WriteString("\x89PNG\r\n\x1a\n")
	head := binary.BigEndian.AppendUint32(nil, uint32(r.w))
	head = binary.BigEndian.AppendUint32(head, uint32(r.h))
	kind := byte(0)
	if channels == 3 {
		kind = 2
	}
	r.chunk("IHDR", append(head, 8, kind, 0, 0, 0))
	r.z, _ = zlib.NewWriterLevel(&r.pack, zlib.BestSpeed) // the level is known
}

func (r *pngRows) chunk(kind string, body []byte) {
	r.out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
	r.out.WriteString(kind)
	r.out.Write(body)
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, body)
	r.out.Write(binary.BigEndian.AppendUint32(nil, sum))
}

func (r *pngRows) Read(b []byte) (int, error) {
	for r.out.Len() == 0 && r.err == nil {
		r.step()
	}
	if r.out.Len() == 0 {
		return 0, r.err
	}
	return r.out.Read(b)
}

// step packs one row. Samples that end too early end the picture there: what
// reads it sees that it is cut.
func (r *pngRows) step() {
	if r.y == r.h {
		_ = r.z.Close() // into memory
		r.chunk("IDAT", r.pack.Bytes())
		r.chunk("IEND", nil)
		r.err = io.EOF
		return
	}
	if n, err := io.ReadFull(r.src, r.in); err != nil {
		if n == 0 && err == io.EOF || err == io.ErrUnexpectedEOF {
			err = fault("partial", "the samples end in row %d of %d", r.y, r.h)
		}
		_ = r.z.Flush()
		r.chunk("IDAT", r.pack.Bytes())
		r.err = err
		return
	}
	r.y++
	r.convert()
	_, _ = r.z.Write(r.line) // into memory
	if r.pack.Len() > 32<<10 {
		r.chunk("IDAT", r.pack.Bytes())
		r.pack.Reset()
	}
}

// convert makes a row of the PNG from a row of samples.
func (r *pngRows) convert() {
	out := r.line[1:]
	if r.bits == 8 && r.space.n == 3 && !r.space.inverted {
		copy(out, r.in)
		return
	}
	var c [maxPDFInks]byte
	at := 0
	for x := range r.w {
		for i := range r.space.n {
			c[i] = r.sample(at)
			at++
		}
		switch {
		case r.space.palette != nil:
			copy(out[3*x:3*x+3], r.space.palette[3*int(c[0]):])
		case r.space.n >= 3:
			r.space.rgb(c[:r.space.n], out[3*x:3*x+3])
		default:
			out[x] = c[0]
		}
	}
}

// sample reads the component at a place of the row: 8 bits of it, or an index.
func (r *pngRows) sample(at int) byte {
	var v byte
	switch r.bits {
	case 8:
		v = r.in[at]
	case 16:
		v = r.in[2*at]
	default:
		bit := at * r.bits
		v = r.in[bit/8] >> (8 - r.bits - bit%8) & (1<<r.bits - 1)
		if r.space.palette == nil {
			v = byte(int(v) * 255 / (1<<r.bits - 1))
		}
	}
	if r.space.inverted {
		v = 255 - v
	}
	return v
}
