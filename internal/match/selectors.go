package match

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math/bits"
)

// selectors are the selectors of one set, ready to be looked for. It holds no
// selector, only HMACs, whether the set is stored plain or keyed; and shapes,
// which keep most of a text away from the HMAC. It never changes.
type selectors struct {
	key        []byte
	tags       []tag
	whose      []uint32 // the selector of each tag
	slots      []uint32 // a tag's number and 1 at the place that its bits name, or after
	shapes     []uint64 // the same for shapes; 0 is none
	shapeCount int

	lengths uint64 // bit n-1: there is one of n bytes
	longest int

	kind  []uint8 // of each selector
	kinds []string
}

// tag is an HMAC-SHA256 of a selector's normal form, cut.
type tag [16]byte

// The classes of forms. A selector is found in one piece or, what is digits
// alone or letters alone, in the pieces that its list writes it in and in no
// others: any two numbers beside each other make a third.
const (
	numberForm = 'n' // digits alone: the O and I of a plate never make it a number
	textForm   = 'x'
)

// shape is what can be seen of a normal form without an HMAC: where its digits
// are and, in pieces, how long these are.
func shape(class byte, n int, digits, parts uint64) uint64 {
	hi, lo := bits.Mul64(digits^0x9e3779b97f4a7c15, parts^uint64(n)<<56^uint64(class)<<48^0xd1342543de82ef95)
	return hi ^ lo | 1
}

// nextPart adds the length of a piece to what names all of them.
func nextPart(parts uint64, n int) uint64 { return parts*131 + uint64(n) }

// memory is what the selectors occupy.
func (s *selectors) memory() int64 {
	if s == nil {
		return 0
	}
	return int64(cap(s.tags))*16 + int64(cap(s.whose))*4 + int64(cap(s.slots))*4 + int64(cap(s.shapes))*8 + int64(cap(s.kind))
}

// len is how many selectors there are.
func (s *selectors) len() int {
	if s == nil {
		return 0
	}
	return len(s.kind)
}

// find returns the selector of a tag.
func (s *selectors) find(t *tag) (selector uint32, found bool) {
	if len(s.slots) == 0 {
		return 0, false
	}
	mask := uint32(len(s.slots) - 1)
	for at := binary.LittleEndian.Uint32(t[:]) & mask; s.slots[at] != 0; at = (at + 1) & mask {
		if i := s.slots[at] - 1; s.tags[i] == *t {
			return s.whose[i], true
		}
	}
	return 0, false
}

// shaped reports whether some selector has the shape.
func (s *selectors) shaped(shape uint64) bool {
	mask := uint64(len(s.shapes) - 1)
	for at := shape >> 7 & mask; s.shapes[at] != 0; at = (at + 1) & mask {
		if s.shapes[at] == shape {
			return true
		}
	}
	return false
}

// add takes a selector in its forms, each a tag, its shape and its length.
func (s *selectors) add(kind uint8, forms []keyed) {
	for _, f := range forms {
		s.tags, s.whose = append(s.tags, f.tag), append(s.whose, uint32(len(s.kind)))
		s.lengths |= 1 << (f.n - 1)
		s.longest = max(s.longest, int(f.n))
		s.addShape(f.shape)
	}
	s.kind = append(s.kind, kind)
}

// keyed is a form of a selector, as a keyed set stores it.
type keyed struct {
	n     uint8
	shape uint64
	tag   tag
}

func (s *selectors) addShape(shape uint64) {
	if len(s.shapes) == 0 {
		s.shapes = make([]uint64, 64)
	}
	if s.shaped(shape) {
		return
	}
	if s.shapeCount++; 4*s.shapeCount > len(s.shapes) {
		old := s.shapes
		s.shapes = make([]uint64, 2*len(old))
		for _, o := range old {
			if o != 0 {
				s.putShape(o)
			}
		}
	}
	s.putShape(shape)
}

func (s *selectors) putShape(shape uint64) {
	mask := uint64(len(s.shapes) - 1)
	at := shape >> 7 & mask
	for s.shapes[at] != 0 {
		at = (at + 1) & mask
	}
	s.shapes[at] = shape
}

// end is called when all selectors are there.
func (s *selectors) end() {
	s.tags, s.whose, s.kind = fit(s.tags), fit(s.whose), fit(s.kind)
	s.slots = make([]uint32, 1<<bits.Len(uint(2*len(s.tags))))
	mask := uint32(len(s.slots) - 1)
	for i := range s.tags {
		at := binary.LittleEndian.Uint32(s.tags[i][:]) & mask
		for s.slots[at] != 0 {
			at = (at + 1) & mask
		}
		s.slots[at] = uint32(i) + 1
	}
}

// tagger makes tags under one key. It is not for two goroutines.
type tagger struct {
	mac hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newTagger(key []byte) *tagger { return &tagger{mac: hmac.New(sha256.New, key)} }

// tag covers the class, the lengths of the pieces, none for one piece, and the
// normal form: no two of these give the same bytes.
func (t *tagger) tag(class byte, lens []uint8, canon []byte) tag {
	t.in = append(append(append(t.in[:0], class, byte(len(lens))), lens...), canon...)
	t.mac.Reset()
	t.mac.Write(t.in)
	t.mac.Sum(t.out[:0])
	return tag(t.out[:16])
}
