package picture

import (
	"bytes"
	"sync"
)

// The luma decoder looks up windowBits bits at once: a wider window swallows
// more symbols, until its tables no longer fit the nearest cache.
const (
	windowBits = 12
	windows    = 1 << windowBits
)

// huffman is one Huffman table of a file.
type huffman struct {
	counts []byte // of codes of 1 to 16 bits
	values []byte
	code
}

// huffmanOf takes the tables that image/jpeg takes, but for those that promise
// more codes than there are, and those whose symbols only a broken file uses.
func huffmanOf(class byte, counts, values []byte) (*huffman, bool) {
	if len(values) == 0 {
		return nil, false
	}
	room := 0
	for i, n := range counts {
		room = room<<1 - int(n)
		if i == 0 {
			room = 2 - int(n)
		}
		if room < 0 {
			return nil, false
		}
	}
	for _, v := range values {
		if class == 0 && v > 15 {
			return nil, false
		}
	}
	return &huffman{counts, values, codeOf(counts, values)}, true
}

// runOfBlocks reports whether an AC value ends several blocks at once, which
// only progressive scans know.
func runOfBlocks(value byte) bool { return value&15 == 0 && value != 0 && value != 0xf0 }

// symbol reads a code at the top of acc, bit by bit; a length of 0 means that
// there is none.
func (h *huffman) symbol(acc uint64) (value byte, length uint) {
	for n := uint(1); n <= 16; n++ {
		if v := int(acc >> (64 - n)); v <= h.max[n] {
			if i := h.from[n] + v; i < len(h.values) {
				return h.values[i], n
			}
		}
	}
	return 0, 0
}

// short lists the codes that fit a window: length<<8 | value, or 0.
func (h *huffman) short() *[windows]uint16 {
	var t [windows]uint16
	at, next := 0, 0
	for i, n := range h.counts[:windowBits] {
		length := i + 1
		for range int(n) {
			span := t[at:][:windows>>length]
			for j := range span {
				span[j] = uint16(length<<8) | uint16(h.values[next])
			}
			at += len(span)
			next++
		}
	}
	return &t
}

// A step over codes: the bits they take in the lowest six bits, above these by
// how many coefficients they go on, 64 for each in the sum. toEnd is added where
// the last of them ends the block: it lies beyond all other sums, and is odd so
// that the place it leads to is one behind the last coefficient. Where not even
// one code fits the window, the step leads nowhere.
const (
	lengthBits = 6
	lengthMask = 1<<lengthBits - 1
	stepMask   = 1<<16 - 1
	toEnd      = 512 + 1
	nowhere    = 129 << lengthBits
)

// runs is the step from each window over as many codes as fit it.
type runs [windows]uint16

// runsOf also returns the steps for narrower windows: those of w bits begin at
// 1<<w.
func runsOf(ac *huffman) (*runs, *[2 * windows]uint16) {
	short := ac.short()
	var all [2 * windows]uint16
	all[0], all[1] = nowhere, nowhere
	for w := 1; w <= windowBits; w++ {
		for i := range 1 << w {
			s := short[i<<(windowBits-w)]
			length, value := int(s>>8), int(s&0xff)
			if length == 0 || length > w || runOfBlocks(byte(value)) {
				all[1<<w+i] = nowhere
				continue
			}
			step := 1 + value>>4
			if value == 0 {
				all[1<<w+i] = uint16(toEnd<<lengthBits | length)
				continue
			}
			length += value & 15
			e := uint16(step<<lengthBits | length)
			if length < w {
				rest := w - length
				if more := all[1<<rest+i&(1<<rest-1)]; more != nowhere {
					e += more
				}
			}
			all[1<<w+i] = e
		}
	}
	var t runs
	copy(t[:], all[windows:])
	return &t, &all
}

// starts is the step from each window over the DC code of a block and as many
// AC codes as fit, with the difference of DC in the upper 16 bits. A block that
// has nothing else begins and ends in one look. Without ac, it is DC alone.
type starts [windows]uint32

func startsOf(dc, ac *huffman) *starts {
	var all *[2 * windows]uint16
	if ac != nil {
		_, all = runsOf(ac)
	}
	short := dc.short()
	var t starts
	for i := range t {
		length, value := int(short[i]>>8), int(short[i]&0xff)
		if length == 0 || length+value > windowBits {
			t[i] = nowhere
			continue
		}
		diff := extend(i>>(windowBits-length-value)&(1<<value-1), value)
		length += value
		e := uint32(1<<lengthBits | length)
		if rest := windowBits - length; rest > 0 && ac != nil {
			if more := all[1<<rest+i&(1<<rest-1)]; more != nowhere {
				e += uint32(more)
			}
		}
		t[i] = uint32(diff)<<16 | e
	}
	return &t
}

// levels is one AC code with its value: length and step as in runs, the value
// in the upper 16 bits.
type levels [windows]uint32

func levelsOf(ac *huffman) *levels {
	short := ac.short()
	var t levels
	for i := range t {
		length, value := int(short[i]>>8), int(short[i]&0xff)
		size := value & 15
		switch {
		case length == 0 || length+size > windowBits || runOfBlocks(byte(value)):
			t[i] = nowhere
		case value == 0:
			t[i] = uint32(toEnd<<lengthBits | length)
		default:
			v := extend(i>>(windowBits-length-size)&(1<<size-1), size)
			t[i] = uint32(v)<<16 | uint32((1+value>>4)<<lengthBits|length+size)
		}
	}
	return &t
}

// slopes is the step from each window at the first AC code of a block, over as
// many codes as fit, with the values of coefficients 1 and 2 in the two upper
// bytes. It stops before a value that does not fit.
type slopes [windows]uint32

func slopesOf(ac *huffman) *slopes {
	short := ac.short()
	skip, all := runsOf(ac)
	var t slopes
	for i := range t {
		t[i] = uint32(skip[i])
		var values [2]int
		at, k := 0, 0 // bits and coefficients so far
		for k < 2 {
			s := int(short[i<<at&(windows-1)])
			length, run, size := s>>8, s>>4&15, s&15
			if length == 0 || size == 0 || k+run >= 2 || at+length > windowBits {
				break // nothing of 1 or 2 follows: the codes are stepped over
			}
			v := 0
			if at+length+size <= windowBits {
				v = extend(i>>(windowBits-at-length-size)&(1<<size-1), size)
			}
			if at+length+size > windowBits || v != int(int8(v)) {
				t[i] = uint32(k<<lengthBits | at)
				if k == 0 {
					t[i] = nowhere
				}
				at = -1
				break
			}
			values[k+run] = v
			k, at = k+run+1, at+length+size
		}
		if at > 0 {
			t[i] = uint32(k<<lengthBits | at)
			rest := windowBits - at
			if more := all[1<<rest|i&(1<<rest-1)]; rest > 0 && more != nowhere {
				t[i] += uint32(more)
			}
		}
		t[i] |= uint32(uint8(values[0]))<<16 | uint32(uint8(values[1]))<<24
	}
	return &t
}

// extend gives the signed value of size bits (T.81, F.2.2.1).
func extend(v, size int) int {
	if size > 0 && v < 1<<(size-1) {
		v += -1<<size + 1
	}
	return v
}

// tables keeps what was made of Huffman tables: nearly all files bring the
// same four. It holds so many of them, the last ones.
type tables struct {
	mu   sync.Mutex // guards the rest
	kept [24]kept
	next int
}

type kept struct {
	kind byte
	key  []byte
	made any
}

// of returns what makeIt makes of the tables in key, made now or before.
func of[T any](t *tables, kind byte, key []*huffman, makeIt func() *T) *T {
	var b []byte
	for _, h := range key {
		if h == nil {
			continue
		}
		b = append(append(b, h.counts...), h.values...)
	}
	t.mu.Lock()
	for i := range t.kept {
		if k := &t.kept[i]; k.kind == kind && bytes.Equal(k.key, b) {
			t.mu.Unlock()
			return k.made.(*T)
		}
	}
	t.mu.Unlock()
	made := makeIt()
	t.mu.Lock()
	t.kept[t.next] = kept{kind, b, made}
	t.next = (t.next + 1) % len(t.kept)
	t.mu.Unlock()
	return made
}

func (t *tables) runs(ac *huffman) *runs {
	return of(t, 'r', []*huffman{ac}, func() *runs { r, _ := runsOf(ac); return r })
}

func (t *tables) starts(dc, ac *huffman) *starts {
	return of(t, 's', []*huffman{dc, ac}, func() *starts { return startsOf(dc, ac) })
}

func (t *tables) slopes(ac *huffman) *slopes {
	return of(t, 'p', []*huffman{ac}, func() *slopes { return slopesOf(ac) })
}

func (t *tables) levels(ac *huffman) *levels {
	return of(t, 'l', []*huffman{ac}, func() *levels { return levelsOf(ac) })
}
