package picture

import (
	"bytes"
	"encoding/binary"
)

const (
	// layout is how many bytes are laid out at once: few enough to stay in the
	// nearest cache.
	layout = 8 << 10
	// blockBytes is more than the longest block takes: 64 codes of 16 bits
	// with 15 bits each.
	blockBytes = 256
	mostBlocks = 10 // of one MCU: T.81, B.2.3
	// bufferSize is a power of two, so that a position needs no check.
	bufferSize = 16 << 10
)

type buffer [bufferSize + 8]byte

// load returns the eight bytes at a position.
func (b *buffer) load(pos int) uint64 {
	p := uint(pos) & (bufferSize - 1)
	return binary.BigEndian.Uint64(b[p : p+8])
}

// entropy lays out the bits of one scan, without the stuffing, so that a reader
// can load eight bytes anywhere without a look at them. What its user keeps in
// local variables: the bits at the top of acc, of which n count, below 64, and
// pos, where the byte behind these lies.
type entropy struct {
	data   []byte // of the scan, what was not laid out yet
	margin int    // bytes that one MCU may take
	end    int    // where the bytes in buf end
	last   bool   // no further bytes before the next marker
	limit  int    // from this pos on, more must be called before an MCU
	expect byte   // the next restart marker
	buf    buffer
}

func newEntropy(data []byte, blocks int) *entropy {
	e := &entropy{data: data, margin: blocks * blockBytes, expect: 0xd0}
	e.more(0)
	return e
}

// more moves what is left to the front, adds what fits, and returns the new
// pos. Behind the last byte come zeros; before pos stay the bytes that acc was
// loaded from, since seek may go back to them.
func (e *entropy) more(pos int) int {
	if e.last {
		return pos
	}
	back := min(pos, 8)
	e.end = copy(e.buf[:], e.buf[pos-back:e.end])
	for e.end < layout {
		i := bytes.IndexByte(e.data[:min(len(e.data), layout-e.end)], 0xff)
		if i < 0 {
			n := copy(e.buf[e.end:layout], e.data)
			e.end += n
			e.data = e.data[n:]
			if len(e.data) == 0 {
				e.last = true
				break
			}
			continue
		}
		e.end += copy(e.buf[e.end:], e.data[:i])
		if i+1 >= len(e.data) || e.data[i+1] != 0 {
			e.data, e.last = e.data[i:], true
			break
		}
		e.buf[e.end] = 0xff
		e.end++
		e.data = e.data[i+2:]
	}
	e.limit = e.end - e.margin - 8
	if e.last {
		clear(e.buf[e.end:min(len(e.buf), e.end+e.margin+16)])
		e.limit = -1 // so that over is asked before each MCU
	}
	return back
}

// over reports whether more bits were read than there are.
func (e *entropy) over(pos, n int) bool { return e.last && pos*8-n > e.end*8 }

// restart moves behind the next restart marker, if it is the one that is due:
// pos is 0 then. Surplus bytes before it are passed over.
func (e *entropy) restart() bool {
	for !e.last {
		e.more(e.end)
	}
	for len(e.data) >= 2 && e.data[0] == 0xff && e.data[1] == 0xff {
		e.data = e.data[1:]
	}
	if len(e.data) < 2 || e.data[1] != e.expect {
		return false
	}
	e.data = e.data[2:]
	e.expect = 0xd0 | (e.expect+1)&7
	e.end, e.last = 0, false
	e.more(0)
	return true
}

// seek returns acc, n and pos for a position in bits.
func (e *entropy) seek(bit int) (acc uint64, n, pos int) {
	return e.buf.load(bit>>3) << (bit & 7), 56 - bit&7, bit>>3 + 7
}
