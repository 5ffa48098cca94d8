package match

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"leakwatch/internal/phash"
)

// blockRows is how many rows one value of the store packs: entry i is row
// i % blockRows of block i / blockRows.
const blockRows = 1024

// A block is, numbers little endian:
//
//	crc32c of all that follows              4 bytes
//	number of rows n                        4
//	offset of the end of each row           4 n, counted from the first row
//	the rows
//
// A row is its flags (2 bytes) and, where flagged, in this order: sha256 32,
// pdq 32, quality 1, phash 8, sha1 20, crc32 4, first entry of the same ref 4,
// size as varint, length and bytes of the path, length and bytes of the ref.
const (
	hasSHA256 = 1 << iota
	hasPDQ
	hasQuality
	hasPHash
	hasSHA1
	hasCRC32
	hasTwin // another entry before has the same ref
	hasSize
	hasPath
	hasRef // differs from DefaultRef
)

// appendRow packs a settled entry. twin is the first entry with the same ref,
// or self.
func appendRow(b []byte, e *Entry, self, twin uint32) []byte {
	at := len(b)
	flags := uint16(0)
	b = append(b, 0, 0)
	hexed := func(flag uint16, s string) {
		if s != "" {
			flags |= flag
			b, _ = hex.AppendDecode(b, []byte(s)) // settle has checked it
		}
	}
	hexed(hasSHA256, e.SHA256)
	if e.PDQ != nil {
		flags |= hasPDQ
		b = append(b, e.PDQ[:]...)
		if e.Quality != UnknownQuality {
			flags |= hasQuality
			b = append(b, byte(e.Quality))
		}
	}
	if e.PHash != nil {
		flags |= hasPHash
		b = binary.LittleEndian.AppendUint64(b, uint64(*e.PHash))
	}
	hexed(hasSHA1, e.SHA1)
	hexed(hasCRC32, e.CRC32)
	if twin != self {
		flags |= hasTwin
		b = binary.LittleEndian.AppendUint32(b, twin)
	}
	if e.Size > 0 {
		flags |= hasSize
		b = binary.AppendUvarint(b, uint64(e.Size))
	}
	if e.Path != "" {
		flags |= hasPath
		b = append(binary.AppendUvarint(b, uint64(len(e.Path))), e.Path...)
	}
	if e.Ref != DefaultRef(*e) {
		flags |= hasRef
		b = append(binary.AppendUvarint(b, uint64(len(e.Ref))), e.Ref...)
	}
	binary.LittleEndian.PutUint16(b[at:], flags)
	return b
}

// row is a packed row whose fields still lie in the block.
type row struct {
	flags             uint16
	sha256, pdq, sha1 []byte
	crc32             []byte
	quality           int
	phash             phash.PHash
	twin              uint32
	size              int64
	path, ref         []byte
	broken            bool
	rest              []byte
}

func (r *row) take(flag uint16, n int) []byte {
	if r.flags&flag == 0 {
		return nil
	}
	if len(r.rest) < n {
		r.broken = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *row) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.broken = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *row) text(flag uint16, limit uint64) []byte {
	if r.flags&flag == 0 {
		return nil
	}
	n := r.uvarint()
	if n > limit {
		r.broken = true
		return nil
	}
	return r.take(flag, int(n))
}

// parseRow reads one row; ok is false when it is not what appendRow writes.
func parseRow(b []byte) (r row, ok bool) {
	if len(b) < 2 {
		return row{}, false
	}
	r = row{flags: binary.LittleEndian.Uint16(b), rest: b[2:], quality: UnknownQuality}
	r.sha256 = r.take(hasSHA256, 32)
	r.pdq = r.take(hasPDQ, 32)
	if q := r.take(hasQuality, 1); q != nil {
		r.quality = int(q[0])
	}
	if p := r.take(hasPHash, 8); p != nil {
		r.phash = phash.PHash(binary.LittleEndian.Uint64(p))
	}
	r.sha1 = r.take(hasSHA1, 20)
	r.crc32 = r.take(hasCRC32, 4)
	if t := r.take(hasTwin, 4); t != nil {
		r.twin = binary.LittleEndian.Uint32(t)
	}
	if r.flags&hasSize != 0 {
		r.size = int64(r.uvarint())
	}
	r.path = r.text(hasPath, maxPath*3)
	r.ref = r.text(hasRef, maxRef)
	return r, !r.broken && len(r.rest) == 0
}

// entry copies the row out of its block.
func (r *row) entry() Entry {
	e := Entry{
		Ref:     string(r.ref),
		SHA256:  hex.EncodeToString(r.sha256),
		SHA1:    hex.EncodeToString(r.sha1),
		CRC32:   hex.EncodeToString(r.crc32),
		Path:    string(r.path),
		Size:    r.size,
		Quality: r.quality,
	}
	if r.flags&hasPDQ != 0 {
		p := phash.PDQ(r.pdq)
		e.PDQ = &p
	}
	if r.flags&hasPHash != 0 {
		p := r.phash
		e.PHash = &p
	}
	if e.Ref == "" {
		e.Ref = DefaultRef(e)
	}
	return e
}

// block collects rows until they are packed.
type block struct {
	ends []byte
	rows []byte
}

func (b *block) add(e *Entry, self, twin uint32) {
	b.rows = appendRow(b.rows, e, self, twin)
	b.ends = binary.LittleEndian.AppendUint32(b.ends, uint32(len(b.rows)))
}

func (b *block) len() int { return len(b.ends) / 4 }

// pack returns the value to store and empties the block.
func (b *block) pack() []byte {
	v := make([]byte, 4, 8+len(b.ends)+len(b.rows))
	v = binary.LittleEndian.AppendUint32(v, uint32(b.len()))
	v = append(append(v, b.ends...), b.rows...)
	binary.LittleEndian.PutUint32(v, checksum(v[4:]))
	b.ends, b.rows = b.ends[:0], b.rows[:0]
	return v
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// unpack checks a stored block and gives out its rows.
func unpack(v []byte) (packed, error) {
	if len(v) < 8 || binary.LittleEndian.Uint32(v) != checksum(v[4:]) {
		return packed{}, fmt.Errorf("a block of rows: %w", ErrDamaged)
	}
	n := int(binary.LittleEndian.Uint32(v[4:]))
	if n < 1 || n > blockRows || len(v) < 8+4*n {
		return packed{}, fmt.Errorf("a block of %d rows: %w", n, ErrDamaged)
	}
	return packed{ends: v[8 : 8+4*n], rows: v[8+4*n:]}, nil
}

// packed is a block as it lies in the store.
type packed struct{ ends, rows []byte }

func (p packed) len() int { return len(p.ends) / 4 }

// row returns row i of the block.
func (p packed) row(i int) (row, error) {
	from := uint32(0)
	if i > 0 {
		from = binary.LittleEndian.Uint32(p.ends[4*(i-1):])
	}
	to := binary.LittleEndian.Uint32(p.ends[4*i:])
	if from > to || int(to) > len(p.rows) {
		return row{}, fmt.Errorf("row %d of a block: %w", i, ErrDamaged)
	}
	r, ok := parseRow(p.rows[from:to])
	if !ok {
		return row{}, fmt.Errorf("row %d of a block: %w", i, ErrDamaged)
	}
	return r, nil
}
