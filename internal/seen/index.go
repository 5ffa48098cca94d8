package seen

import (
	"encoding/binary"
	"fmt"
	"sync"

	"leakwatch/internal/kv"
)

// index finds the row of a digest. In memory a row takes some 11 bytes: half a
// word of its digest and its number, in one of 65,536 lists by the digest's
// first two bytes. On the disk stand the first 8 bytes of each digest, 64 rows
// together, so that ten million rows are read in a moment.
//
// It is behind the store by what was not asked for since: rows are taken in by
// the next question. So Open costs nothing.
type index struct {
	mu    sync.RWMutex
	n     uint32 // rows taken in
	lists [1 << 16][]uint64
}

const (
	blockRows = 64
	rowBytes  = 8
	manyRows  = 1<<32 - 1
)

// catchUp takes in the rows that were committed since.
func (s *Seen) catchUp(tx *kv.Tx) error {
	n := uint32(bucket(tx, "pictures").Sequence())
	x := &s.index
	x.mu.RLock()
	done := n <= x.n
	x.mu.RUnlock()
	if done {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return indexed(tx, x.n, n, func(row uint32, digest uint64) bool {
		list := &x.lists[digest>>48]
		*list = append(*list, digest<<16&^manyRows|uint64(row))
		x.n = row + 1
		return true
	})
}

// indexed visits the rows from..to-1 of the index on the disk until visit says
// no.
func indexed(tx *kv.Tx, from, to uint32, visit func(row uint32, digest uint64) bool) error {
	if from >= to {
		return nil
	}
	c := bucket(tx, "index").Cursor()
	for k, v := c.Seek(key32(from / blockRows)); from < to; k, v = c.Next() {
		if len(k) != 4 || binary.BigEndian.Uint32(k) != from/blockRows {
			break
		}
		first := from / blockRows * blockRows
		end := min(to, first+uint32(min(len(v)/rowBytes, blockRows)))
		for ; from < end; from++ {
			if !visit(from, binary.BigEndian.Uint64(v[(from-first)*rowBytes:])) {
				return nil
			}
		}
	}
	if from < to {
		return fmt.Errorf("%w: picture %d is not in the index", ErrDamaged, from)
	}
	return nil
}

// putIndex adds a row, the next one.
func putIndex(tx *kv.Tx, row uint32, sha [32]byte) error {
	b, key := bucket(tx, "index"), key32(row/blockRows)
	b.FillPercent = appended
	block := make([]byte, row%blockRows*rowBytes, blockRows*rowBytes)
	if copy(block, b.Get(key)) != len(block) {
		return fmt.Errorf("%w: rows before %d are not in the index", ErrDamaged, row)
	}
	return b.Put(key, append(block, sha[:8]...))
}

// rows are those whose digest may be sha: the record decides. Those of a
// transaction that is still being written are among them.
func (s *Seen) rows(tx *kv.Tx, sha [32]byte) (out []uint32, err error) {
	digest := binary.BigEndian.Uint64(sha[:])
	x := &s.index
	x.mu.RLock()
	n := x.n
	for _, word := range x.lists[digest>>48] {
		if word>>32 == digest>>16&manyRows {
			out = append(out, uint32(word))
		}
	}
	x.mu.RUnlock()
	err = indexed(tx, n, uint32(bucket(tx, "pictures").Sequence()), func(row uint32, other uint64) bool {
		if other == digest {
			out = append(out, row)
		}
		return true
	})
	return out, err
}

// find returns the record of a digest.
func (s *Seen) find(tx *kv.Tx, sha [32]byte) (row uint32, r record, known bool, err error) {
	rows, err := s.rows(tx, sha)
	if err != nil {
		return 0, record{}, false, err
	}
	for _, row := range rows {
		r, err := load(tx, row)
		if err != nil || r.sha == sha {
			return row, r, err == nil, err
		}
	}
	return 0, record{}, false, nil
}

func load(tx *kv.Tx, row uint32) (record, error) {
	value := bucket(tx, "pictures").Get(key32(row))
	if value == nil {
		return record{}, fmt.Errorf("%w: picture %d is not there", ErrDamaged, row)
	}
	return decodeRecord(value)
}
