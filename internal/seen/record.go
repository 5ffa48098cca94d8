package seen

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"leakwatch/internal/phash"
)

// record is a picture as stored. What a later look changes has a fixed size, so
// that a page of the store is written anew but not split.
//
//	last u32, look u32, flags u8, further places u8
//	sha256 32, first u32, width and height
//	PDQ 32, quality u8, turns               where it has one
//	pHash u64                               where it has one
//	window 4 x u16, quality u8, PDQ         for each of its windows; turns where it is the whole
//	place
//
// Unsized numbers are varints; a look is the number of a text, see lookText.
type record struct {
	last    uint32
	look    uint32
	nothing bool
	further byte // places that are kept beside the first; 255 and more

	sha           [32]byte
	first         uint32
	width, height int
	pdq           *[8]phash.PDQ
	quality       int
	phash         *uint64
	windows       []Window
	place         place
}

const (
	flagNothing = 1 << iota
	flagPDQ
	flagPHash
	flagWindow // times the number of windows
)

func (r *record) encode() []byte {
	b := make([]byte, 0, 256)
	b = binary.BigEndian.AppendUint32(b, r.last)
	b = binary.BigEndian.AppendUint32(b, r.look)
	flags := byte(len(r.windows) * flagWindow)
	if r.nothing {
		flags |= flagNothing
	}
	if r.pdq != nil {
		flags |= flagPDQ
	}
	if r.phash != nil {
		flags |= flagPHash
	}
	b = append(b, flags, r.further)
	b = append(b, r.sha[:]...)
	b = binary.BigEndian.AppendUint32(b, r.first)
	b = binary.AppendUvarint(b, uint64(max(r.width, 0)))
	b = binary.AppendUvarint(b, uint64(max(r.height, 0)))
	if r.pdq != nil {
		b = appendTurns(append(b, byte(r.quality)), r.pdq)
	}
	if r.phash != nil {
		b = binary.BigEndian.AppendUint64(b, *r.phash)
	}
	for i := range r.windows {
		w := &r.windows[i]
		for _, share := range w.Window {
			b = binary.BigEndian.AppendUint16(b, uint16(math.Round(min(max(share, 0), 1)*shares)))
		}
		if b = append(b, byte(w.Quality)); w.Window == phash.Whole() {
			b = appendTurns(b, w.Turns)
		} else {
			b = append(b, w.PDQ[:]...)
		}
	}
	return r.place.append(b)
}

// shares is the least step of a window's sides, as phash.WindowOf rounds them.
const shares = 1e4

// lookText is what pictures that were judged alike have in common. There are few.
func lookText(cause string, sight uint64) string { return fmt.Sprintf("%016x %s", sight, cause) }

// lookOf takes it apart; "" is the look at what was never looked at.
func lookOf(text string) (cause string, sight uint64, err error) {
	if text == "" {
		return "", 0, nil
	}
	at, cause, ok := strings.Cut(text, " ")
	if sight, err = strconv.ParseUint(at, 16, 64); err != nil || !ok {
		return "", 0, fmt.Errorf("%w: a look %q", ErrDamaged, text)
	}
	return cause, sight, nil
}

func decodeRecord(value []byte) (r record, err error) {
	in := reading(value)
	r.last, r.look = in.uint32(), in.uint32()
	flags := in.Byte()
	r.further, r.nothing = in.Byte(), flags&flagNothing != 0
	copy(r.sha[:], in.Take(32))
	r.first = in.uint32()
	r.width, r.height = int(in.Uvarint()), int(in.Uvarint())
	if flags&flagPDQ != 0 {
		r.quality = int(in.Byte())
		r.pdq = in.turns()
	}
	if flags&flagPHash != 0 {
		h := in.uint64()
		r.phash = &h
	}
	for range min(flags/flagWindow, MaxWindows) {
		var w Window
		for i := range w.Window {
			w.Window[i] = float64(in.uint16()) / shares
		}
		if w.Quality = int(in.Byte()); w.Window == phash.Whole() {
			w.Turns = in.turns()
		} else {
			w.Turns = in.derived()
		}
		w.PDQ = w.Turns[0]
		r.windows = append(r.windows, w)
	}
	r.place = in.place()
	if in.Bad || len(in.Rest) > 0 {
		return record{}, fmt.Errorf("%w: a picture's record of %d bytes", ErrDamaged, len(value))
	}
	return r, nil
}

// A hash is stored with its turns: the three mirrors as the bits in which they
// are not what the hash itself says of them, some six each; the transposed four
// follow from those.

// manyBits is how many bits a mirror may be off before it is stored whole.
const manyBits = 30

func appendTurns(b []byte, turns *[8]phash.PDQ) []byte {
	derived := phash.Derived(turns[0])
	b = append(b, turns[0][:]...)
	for o := 1; o < 4; o++ {
		if n := turns[o].Distance(derived[o]); n <= manyBits {
			b = append(b, byte(n))
			for i := range turns[o] {
				for rest := turns[o][i] ^ derived[o][i]; rest != 0; rest &= rest - 1 {
					b = append(b, byte(8*i+bits.TrailingZeros8(rest)))
				}
			}
		} else {
			b = append(append(b, manyBits+1), turns[o][:]...)
		}
	}
	return b
}

func (r *reader) derived() *[8]phash.PDQ {
	var upright phash.PDQ
	copy(upright[:], r.Take(len(upright)))
	turns := phash.Derived(upright)
	return &turns
}

func (r *reader) turns() *[8]phash.PDQ {
	turns := r.derived()
	for o := 1; o < 4; o++ {
		n := int(r.Byte())
		if n > manyBits {
			copy(turns[o][:], r.Take(len(turns[o])))
			continue
		}
		for _, bit := range r.Take(n) {
			turns[o][bit/8] ^= 1 << (bit % 8)
		}
	}
	phash.Transpose(turns)
	return turns
}

// skim reads of a record what a search through all of them needs, and leaves in
// at the place. A damaged record gives zeros: whoever wants it decodes it.
func skim(value []byte) (sha [32]byte, upright phash.PDQ, quality int, in *reader) {
	in = reading(value)
	in.Take(8)
	flags := in.Byte()
	in.Take(1)
	copy(sha[:], in.Take(32))
	in.Take(4)
	in.Uvarint()
	in.Uvarint()
	if flags&flagPDQ != 0 {
		quality = int(in.Byte())
		copy(upright[:], in.skipTurns())
	}
	if flags&flagPHash != 0 {
		in.Take(8)
	}
	for range min(flags/flagWindow, MaxWindows) {
		var w [4]uint16
		for i := range w {
			w[i] = in.uint16()
		}
		if in.Take(1); w == [4]uint16{0, 0, shares, shares} {
			in.skipTurns()
		} else {
			in.Take(32)
		}
	}
	return sha, upright, quality, in
}

// skipTurns passes over a hash with its turns and gives the hash.
func (r *reader) skipTurns() (upright []byte) {
	upright = r.Take(32)
	for range 3 {
		n := int(r.Byte())
		if n > manyBits {
			n = 32
		}
		r.Take(n)
	}
	return upright
}
