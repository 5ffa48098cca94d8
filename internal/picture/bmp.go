package picture

import (
	"bytes"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/bmp"
)

func readBMP(data []byte, p *plan) error {
	config, err := bmp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return refusalOf(err)
	}
	depth := int(le16(data[28:]))
	p.width, p.height = config.Width, config.Height
	p.memory = 4 * int64(config.Width) * int64(config.Height)
	f := bmpFile{data: data, offset: int(le32(data[10:])), rowSize: (config.Width*depth + 31) / 32 * 4, topDown: int32(le32(data[22:])) < 0}
	p.decode = f.decode
	return nil
}

type bmpFile struct {
	data            []byte
	offset, rowSize int
	topDown         bool
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// decode lets zeros follow, so that a file that was cut off gives what it has:
// its lines mostly come from the lowest to the uppermost.
func (f bmpFile) decode(g *guard) (surface, error) {
	m, err := bmp.Decode(io.MultiReader(&stream{guard: g, parts: [][]byte{f.data}}, zeros{}))
	if err != nil {
		return surface{}, err
	}
	if n, ok := m.(*image.NRGBA); ok {
		opaqueIfClear(n)
	}
	s, err := surfaceOf(m)
	if err != nil {
		return surface{}, err
	}
	lines := max(0, len(f.data)-f.offset) / f.rowSize
	switch height := s.height; {
	case lines == 0:
		return surface{}, refuse("damaged", "no line is whole")
	case lines < height:
		s.seen = func(y int) bool { return f.topDown && y < lines || !f.topDown && height-1-y < lines }
		s.why = fmt.Sprintf("%d lines of %d: cut off", lines, height)
	}
	return s, nil
}

// opaqueIfClear makes a picture opaque whose alpha is zero everywhere: many
// programs leave that byte unused.
func opaqueIfClear(m *image.NRGBA) {
	for i := 3; i < len(m.Pix); i += 4 {
		if m.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
}
