package picture

import (
	"bytes"
	"image"
	"image/color"
)

// surface gives the lines of a decoded picture as grey values. Alpha lies on
// white; luma is .299 R + .587 G + .114 B, of 16 bits a channel the upper 8.
type surface struct {
	width, height int
	// line returns line y: from the picture itself, or written to the buffer,
	// which has room for it.
	line func(y int, buffer []uint8) []uint8
	// alpha returns how opaque the pixels of line y are, in the same way; nil
	// means all. Only what is drawn over something else asks.
	alpha func(y int, buffer []uint8) []uint8
	// seen tells which lines are there; nil means all. The others are grey.
	seen func(y int) bool
	why  string // what is not there, "" if nothing
}

// missing is the grey of lines that are not there, as viewers show them.
const missing = 128

func luma(r, g, b uint32) uint32 { return (299*r + 587*g + 114*b + 500) / 1000 }

// onWhite lays a grey value of the given alpha on white.
func onWhite(v, alpha uint32) uint8 { return uint8((v*alpha + 255*(255-alpha) + 127) / 255) }

// surfaceOf reads the planes of the pictures that our decoders return, never
// pixel by pixel through the interface, which is far slower.
func surfaceOf(m image.Image) (surface, error) {
	s := surface{width: m.Bounds().Dx(), height: m.Bounds().Dy()}
	switch m := m.(type) {
	case *image.Gray:
		s.line = func(y int, _ []uint8) []uint8 { return m.Pix[y*m.Stride:][:s.width] }
	case *image.YCbCr:
		s.line = func(y int, _ []uint8) []uint8 { return m.Y[y*m.YStride:][:s.width] }
	case *image.NYCbCrA:
		s.line = mapped(s.width, func(y, x int) uint8 {
			return onWhite(uint32(m.Y[y*m.YStride+x]), uint32(m.A[y*m.AStride+x]))
		})
		s.alpha = func(y int, _ []uint8) []uint8 { return m.A[y*m.AStride:][:s.width] }
	case *image.Gray16:
		s.line = mapped(s.width, func(y, x int) uint8 { return m.Pix[y*m.Stride+2*x] })
	case *image.Paletted:
		table := paletteLuma(m.Palette)
		s.line = mapped(s.width, func(y, x int) uint8 { return table[m.Pix[y*m.Stride+x]] })
		if clear := paletteAlpha(m.Palette); clear != nil {
			s.alpha = mapped(s.width, func(y, x int) uint8 { return clear[m.Pix[y*m.Stride+x]] })
		}
	case *image.CMYK:
		s.line = mapped(s.width, func(y, x int) uint8 {
			p := m.Pix[y*m.Stride+4*x:][:4]
			c, mg, ye, k := uint32(p[0]), uint32(p[1]), uint32(p[2]), uint32(p[3])
			return uint8(luma((255-c)*(255-k), (255-mg)*(255-k), (255-ye)*(255-k)) / 255)
		})
	case *image.RGBA:
		s.line = premultiplied(s.width, m.Pix, m.Stride, 1)
		s.alpha = fourth(s.width, m.Pix, m.Stride, 1)
	case *image.RGBA64:
		s.line = premultiplied(s.width, m.Pix, m.Stride, 2)
		s.alpha = fourth(s.width, m.Pix, m.Stride, 2)
	case *image.NRGBA:
		s.line = straight(s.width, m.Pix, m.Stride, 1)
		s.alpha = fourth(s.width, m.Pix, m.Stride, 1)
	case *image.NRGBA64:
		s.line = straight(s.width, m.Pix, m.Stride, 2)
		s.alpha = fourth(s.width, m.Pix, m.Stride, 2)
	default:
		return surface{}, refuse("unsupported", "pixels of type %T", m)
	}
	return s, nil
}

func mapped(width int, at func(y, x int) uint8) func(int, []uint8) []uint8 {
	return func(y int, buffer []uint8) []uint8 {
		buffer = buffer[:width]
		for x := range buffer {
			buffer[x] = at(y, x)
		}
		return buffer
	}
}

// premultiplied reads RGBA whose colours are already scaled by alpha; a sample
// has size bytes, the first of which is used.
func premultiplied(width int, pix []uint8, stride, size int) func(int, []uint8) []uint8 {
	return func(y int, buffer []uint8) []uint8 {
		buffer, row := buffer[:width], pix[y*stride:][:4*size*width]
		for x := range buffer {
			p := row[4*size*x:][:4*size]
			v := luma(uint32(p[0]), uint32(p[size]), uint32(p[2*size])) + 255 - uint32(p[3*size])
			buffer[x] = uint8(min(v, 255))
		}
		return buffer
	}
}

// straight reads RGBA whose colours are not scaled by alpha.
func straight(width int, pix []uint8, stride, size int) func(int, []uint8) []uint8 {
	return func(y int, buffer []uint8) []uint8 {
		buffer, row := buffer[:width], pix[y*stride:][:4*size*width]
		for x := range buffer {
			p := row[4*size*x:][:4*size]
			v := luma(uint32(p[0]), uint32(p[size]), uint32(p[2*size]))
			if a := uint32(p[3*size]); a < 255 {
				buffer[x] = onWhite(v, a)
			} else {
				buffer[x] = uint8(v)
			}
		}
		return buffer
	}
}

// fourth reads the alpha of RGBA.
func fourth(width int, pix []uint8, stride, size int) func(int, []uint8) []uint8 {
	return mapped(width, func(y, x int) uint8 { return pix[y*stride+(4*x+3)*size] })
}

// paletteAlpha gives each index its alpha, or nil when all are opaque.
func paletteAlpha(p color.Palette) []uint8 {
	var table []uint8
	for i, c := range p[:min(len(p), 256)] {
		if a := color.NRGBAModel.Convert(c).(color.NRGBA).A; a < 255 && table == nil {
			table = bytes.Repeat([]byte{255}, 256)
			table[i] = a
		} else if a < 255 {
			table[i] = a
		}
	}
	return table
}

// paletteLuma gives each index its grey value; those beyond the palette are
// black, as in libpng.
func paletteLuma(p color.Palette) (table [256]uint8) {
	for i, c := range p[:min(len(p), len(table))] {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = onWhite(luma(uint32(n.R), uint32(n.G), uint32(n.B)), uint32(n.A))
	}
	return table
}
