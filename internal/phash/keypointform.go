package phash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The binary form of Points, version 1, all numbers big-endian:
//
//	version 1 · 0 · width, height, number of points: 2 bytes each
//	a point: x, y in 1/65535 of the long side: 2 bytes each · level · angle in
//	1/256 turn · descriptor: 32 bytes, comparison 0 in the lowest bit of the last
const (
	pointsVersion = 1
	pointsHead    = 8
	pointSize     = 38
	maxLevel      = 31
	maxPoints     = 4096
)

// ErrPoints is returned by ParsePoints for bytes that AppendBinary did not make.
var ErrPoints = errors.New("not keypoints")

// AppendBinary appends the binary form: 8 bytes and 38 a point. It panics when
// given points that neither PointsOf nor ParsePoints made.
func (p Points) AppendBinary(to []byte) []byte {
	if p.Width|p.Height|len(p.List) > math.MaxUint16 || p.Width < 0 || p.Height < 0 {
		panic("phash: points of an impossible picture")
	}
	to = append(to, pointsVersion, 0)
	to = binary.BigEndian.AppendUint16(to, uint16(p.Width))
	to = binary.BigEndian.AppendUint16(to, uint16(p.Height))
	to = binary.BigEndian.AppendUint16(to, uint16(len(p.List)))
	for i := range p.List {
		q := &p.List[i]
		to = binary.BigEndian.AppendUint16(to, placed(float64(q.X)))
		to = binary.BigEndian.AppendUint16(to, placed(float64(q.Y)))
		to = append(to, leveled(q.Scale), angled(float64(q.Angle)))
		for k := 3; k >= 0; k-- {
			to = binary.BigEndian.AppendUint64(to, q.Descriptor[k])
		}
	}
	return to
}

// ParsePoints reads what AppendBinary wrote, and nothing else: the bytes are
// those that the points would be written as.
func ParsePoints(b []byte) (Points, error) {
	if len(b) < pointsHead {
		return Points{}, fmt.Errorf("%w: %d bytes", ErrPoints, len(b))
	}
	if b[0] != pointsVersion || b[1] != 0 {
		return Points{}, fmt.Errorf("%w of version %d, which is the one that is known", ErrPoints, pointsVersion)
	}
	p := Points{Width: int(binary.BigEndian.Uint16(b[2:])), Height: int(binary.BigEndian.Uint16(b[4:]))}
	n := int(binary.BigEndian.Uint16(b[6:]))
	if n > maxPoints || len(b) != pointsHead+n*pointSize {
		return Points{}, fmt.Errorf("%w: %d bytes for %d points", ErrPoints, len(b), n)
	}
	if n > 0 && (p.Width == 0 || p.Height == 0) {
		return Points{}, fmt.Errorf("%w: a picture of %dx%d has none", ErrPoints, p.Width, p.Height)
	}
	p.List = make([]Point, n)
	for i := range p.List {
		if err := p.List[i].parse(b[pointsHead+i*pointSize:][:pointSize]); err != nil {
			return Points{}, err
		}
	}
	return p, nil
}

func (q *Point) parse(b []byte) error {
	if b[4] > maxLevel {
		return fmt.Errorf("%w: level %d", ErrPoints, b[4])
	}
	q.X, q.Y = placeOf(binary.BigEndian.Uint16(b)), placeOf(binary.BigEndian.Uint16(b[2:]))
	q.Scale, q.Angle = scaleOf(b[4]), angleOf(b[5])
	for k := range q.Descriptor {
		q.Descriptor[k] = binary.BigEndian.Uint64(b[30-8*k:])
	}
	return nil
}

// Each value goes to the byte that it came from, and back to itself.

func placeOf(v uint16) float32 { return float32(float64(v) / math.MaxUint16) }

func placed(v float64) uint16 { return uint16(math.Round(min(max(v, 0), 1) * math.MaxUint16)) }

func scaleOf(level uint8) float32 { return float32(math.Pow(levelStep, float64(level))) }

func leveled(scale float32) uint8 {
	return uint8(min(max(math.Round(math.Log(float64(scale))/math.Log(levelStep)), 0), maxLevel))
}

func angleOf(v uint8) float32 { return float32(float64(v) * math.Pi / 128) }

func angled(v float64) uint8 { return uint8(int(math.Round(v*128/math.Pi)) & 255) }

// Mirrored are the points of the picture mirrored left to right. Descriptors
// are exactly those that the mirrored picture has at the same corners.
func (p Points) Mirrored() Points {
	out := Points{Width: p.Width, Height: p.Height, List: make([]Point, len(p.List))}
	width := float64(p.Width) / float64(max(p.Width, p.Height, 1))
	for i := range p.List {
		q := p.List[i]
		q.X = placeOf(placed(width - float64(q.X)))
		q.Angle = angleOf(128 - angled(float64(q.Angle)))
		q.Descriptor[0], q.Descriptor[1], q.Descriptor[2], q.Descriptor[3] = q.Descriptor[2], q.Descriptor[3], q.Descriptor[0], q.Descriptor[1]
		out.List[i] = q
	}
	return out
}
