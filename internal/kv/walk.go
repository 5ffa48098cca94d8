package kv

import (
	"encoding/binary"
	"fmt"
	"os"
)

const (
	branchElement = 16 // pos, ksize u32; page u64
	leafElement   = 16 // flags, pos, ksize, vsize u32
	bucketHeader  = 16 // root page, sequence u64
	flagBucket    = 0x01
)

// walk visits every page that can be reached from the root. It reads what
// bbolt reads when it has no list of free pages, in a goroutine where a bad
// page could only end the process.
func walk(f *os.File, m meta) error {
	seen := make([]bool, m.highWater)
	open := []uint64{m.root}
	for len(open) > 0 {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		if id < 2 || id >= m.highWater || seen[id] {
			return fmt.Errorf("%w: page %d is out of range or used twice", ErrDamaged, id)
		}
		p, err := readPage(f, m, id)
		if err != nil {
			return err
		}
		for i := range uint64(len(p.bytes)) / m.pageSize {
			seen[id+i] = true
		}
		children, ok := p.children()
		if !ok {
			return fmt.Errorf("%w: page %d: its content is wrong", ErrDamaged, id)
		}
		open = append(open, children...)
	}
	return nil
}

// children lists the pages that p points to; false when p is no page of a tree.
func (p page) children() (ids []uint64, ok bool) {
	order := binary.NativeEndian
	for i := range int(p.count) {
		at := headerSize + i*branchElement // both kinds are of one size
		if at+branchElement > len(p.bytes) {
			return nil, false
		}
		e := p.bytes[at : at+branchElement]
		switch p.flags {
		case flagBranch:
			if _, ok := span(p.bytes, at, order.Uint32(e), order.Uint32(e[4:])); !ok {
				return nil, false
			}
			ids = append(ids, order.Uint64(e[8:]))
		case flagLeaf:
			key, size := uint64(order.Uint32(e[8:])), uint64(order.Uint32(e[12:]))
			both, ok := span(p.bytes, at, order.Uint32(e[4:]), uint32(min(key+size, 1<<32-1)))
			if !ok || uint64(len(both)) != key+size {
				return nil, false
			}
			if order.Uint32(e)&flagBucket == 0 {
				continue
			}
			root, ok := bucketRoot(both[key:])
			if !ok {
				return nil, false
			}
			if root != 0 {
				ids = append(ids, root)
			}
		}
	}
	return ids, p.flags == flagLeaf || p.flags == flagBranch && p.count > 0
}

// span cuts size bytes that stand pos behind the element at at.
func span(bytes []byte, at int, pos, size uint32) ([]byte, bool) {
	from := uint64(at) + uint64(pos)
	to := from + uint64(size)
	if pos < branchElement || to > uint64(len(bytes)) {
		return nil, false
	}
	return bytes[from:to], true
}

// bucketRoot reads the value that stands for a bucket: where its root page is,
// or 0 when its only page is inside the value.
func bucketRoot(value []byte) (root uint64, ok bool) {
	if len(value) < bucketHeader {
		return 0, false
	}
	order := binary.NativeEndian
	if root = order.Uint64(value); root != 0 {
		return root, true
	}
	inline := value[bucketHeader:]
	if len(inline) < headerSize {
		return 0, false
	}
	p := page{flags: order.Uint16(inline[8:]), count: order.Uint16(inline[10:]), bytes: inline}
	below, ok := p.children()
	return 0, ok && p.flags == flagLeaf && len(below) == 0
}
