package kv

// What bbolt writes, as far as it is read here by hand. Numbers are in the
// machine's byte order.
//
//	page: id u64, flags u16, count u16, overflow u32, then its content
//	meta: magic, version, pageSize, flags u32; root, sequence, freelist,
//	      highWater, txid u64; FNV-64a of those 56 bytes u64

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

const (
	magic        = 0xED0CDAED
	version      = 2
	headerSize   = 16
	metaSize     = 56
	noFreelist   = ^uint64(0)
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	maxReadAhead = 1 << 30 // larger files are opened without reading them
)

// meta is one of the two pages that a commit ends with.
type meta struct {
	pageSize, root, freelist, highWater, txid uint64
}

// precheck refuses a file on which bbolt would die, or of which it would
// silently take the commit before the last.
func precheck(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	m, err := newestMeta(f)
	if err != nil {
		return err
	}
	if have, need := uint64(info.Size()), m.highWater*m.pageSize; have < need {
		return fmt.Errorf("%w: the file is cut: %d of %d bytes of commit %d are there", ErrDamaged, have, need, m.txid)
	}
	if m.freelist == noFreelist {
		return walk(f, m) // bbolt will walk it too, and dies where it stumbles
	}
	if info.Size() <= maxReadAhead {
		if _, err := io.Copy(io.Discard, io.NewSectionReader(f, 0, info.Size())); err != nil {
			return fmt.Errorf("read ahead: %w", err)
		}
	}
	return checkFreelist(f, m)
}

// newestMeta reads both meta pages and returns the newer one. Both must be
// whole: the commit that a damaged one held was acknowledged.
func newestMeta(f *os.File) (meta, error) {
	first, err := readMeta(f, 0, 0)
	if err != nil {
		return meta{}, fmt.Errorf("%w: meta page 0: %w%s", ErrDamaged, err, survivor(f))
	}
	second, err := readMeta(f, 1, first.pageSize)
	if err != nil {
		return meta{}, fmt.Errorf("%w: meta page 1: %w; the other one holds commit %d", ErrDamaged, err, first.txid)
	}
	newer, older := first, second
	if second.txid > first.txid {
		newer, older = second, first
	}
	// A commit replaces the older page, so they are one apart; two, after the
	// first commit into a copy made by WriteTo.
	if gap := newer.txid - older.txid; gap < 1 || gap > 2 || newer.pageSize != older.pageSize {
		return meta{}, fmt.Errorf("%w: its meta pages are of commits %d and %d", ErrDamaged, newer.txid, older.txid)
	}
	return newer, nil
}

// survivor names the commit that meta page 1 holds when page 0 is damaged.
func survivor(f *os.File) string {
	for size := uint64(1 << 10); size <= 1<<16; size <<= 1 {
		if m, err := readMeta(f, 1, size); err == nil {
			return fmt.Sprintf("; the other one holds commit %d", m.txid)
		}
	}
	return ""
}

func readMeta(f *os.File, page, pageSize uint64) (meta, error) {
	var buf [headerSize + metaSize + 8]byte
	if _, err := f.ReadAt(buf[:], int64(page*pageSize)); err != nil {
		return meta{}, fmt.Errorf("not readable: %w", err)
	}
	order, body := binary.NativeEndian, buf[headerSize:]
	sum := fnv.New64a()
	sum.Write(body[:metaSize])
	m := meta{
		pageSize:  uint64(order.Uint32(body[8:])),
		root:      order.Uint64(body[16:]),
		freelist:  order.Uint64(body[32:]),
		highWater: order.Uint64(body[40:]),
		txid:      order.Uint64(body[48:]),
	}
	switch {
	case order.Uint32(body) != magic:
		return m, fmt.Errorf("no store begins like this")
	case order.Uint32(body[4:]) != version:
		return m, fmt.Errorf("format version %d", order.Uint32(body[4:]))
	case order.Uint64(body[metaSize:]) != sum.Sum64():
		return m, fmt.Errorf("checksum is wrong")
	case order.Uint64(buf[:]) != page || order.Uint16(buf[8:]) != flagMeta:
		return m, fmt.Errorf("page header is wrong")
	case m.pageSize < 1<<10 || m.pageSize > 1<<16 || m.pageSize&(m.pageSize-1) != 0 || pageSize != 0 && m.pageSize != pageSize:
		return m, fmt.Errorf("page size %d", m.pageSize)
	case m.highWater < 4 || m.highWater > 1<<47/m.pageSize || m.root < 2 || m.root >= m.highWater,
		m.freelist != noFreelist && (m.freelist < 2 || m.freelist >= m.highWater):
		return m, fmt.Errorf("page numbers are out of range")
	}
	return m, nil
}

// checkFreelist reads the list of free pages as bbolt will.
func checkFreelist(f *os.File, m meta) error {
	p, err := readPage(f, m, m.freelist)
	if err != nil {
		return err
	}
	at, count := uint64(headerSize), uint64(p.count)
	if count == 0xFFFF {
		at, count = at+8, binary.NativeEndian.Uint64(p.bytes[at:])
	}
	if p.flags != flagFreelist || count > (uint64(len(p.bytes))-at)/8 {
		return fmt.Errorf("%w: page %d: no list of free pages", ErrDamaged, m.freelist)
	}
	for ; count > 0; at, count = at+8, count-1 {
		if id := binary.NativeEndian.Uint64(p.bytes[at:]); id < 2 || id >= m.highWater {
			return fmt.Errorf("%w: page %d: free page %d is out of range", ErrDamaged, m.freelist, id)
		}
	}
	return nil
}

// page is one page with its overflow.
type page struct {
	flags, count uint16
	bytes        []byte
}

func readPage(f *os.File, m meta, id uint64) (page, error) {
	var head [headerSize]byte
	if _, err := f.ReadAt(head[:], int64(id*m.pageSize)); err != nil {
		return page{}, fmt.Errorf("%w: page %d: %w", ErrDamaged, id, err)
	}
	order := binary.NativeEndian
	span := uint64(order.Uint32(head[12:])) + 1
	if order.Uint64(head[:]) != id || span > m.highWater-id {
		return page{}, fmt.Errorf("%w: page %d: its header is wrong", ErrDamaged, id)
	}
	p := page{flags: order.Uint16(head[8:]), count: order.Uint16(head[10:]), bytes: make([]byte, span*m.pageSize)}
	if _, err := f.ReadAt(p.bytes, int64(id*m.pageSize)); err != nil {
		return page{}, fmt.Errorf("%w: page %d: %w", ErrDamaged, id, err)
	}
	return p, nil
}
