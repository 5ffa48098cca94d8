package crawler

import (
	"bytes"
	"encoding/binary"
)

func linesKey(site uint32, at int64, k linkKey) []byte {
	return append(appendDue(idKey(site), at), k[:]...)
}

func (r boltRecords) lines(site uint32, at int64, k linkKey) (linesOf, error) {
	key := linesKey(site, at, k)
	v := r.bucket(bucketLines).Get(key)
	if v == nil {
		return linesOf{}, nil
	}
	s, err := decodeLines(v)
	if err != nil {
		return s, corrupt(bucketLines, key)
	}
	return s, nil
}

func (r boltRecords) putLines(site uint32, s *linesOf) error {
	return r.bucket(bucketLines).Put(linesKey(site, s.at, s.link), s.encode())
}

func (r boltRecords) dropLines(site uint32, at int64, k linkKey) error {
	return r.bucket(bucketLines).Delete(linesKey(site, at, k))
}

func (r boltRecords) allLines(site uint32, at int64, after linkKey, fn func(linesOf) bool) error {
	prefix, from := idKey(site), linesKey(site, at, after)
	c := r.bucket(bucketLines).Cursor()
	k, v := c.Seek(from)
	if bytes.Equal(k, from) {
		k, v = c.Next()
	}
	for ; bytes.HasPrefix(k, prefix); k, v = c.Next() {
		s, err := decodeLines(v)
		if err != nil || len(k) != 26 {
			return corrupt(bucketLines, k)
		}
		var seen [8]byte
		copy(seen[2:], k[4:10])
		s.at, s.link = int64(binary.BigEndian.Uint64(seen[:])), linkKey(k[10:])
		if !fn(s) {
			return nil
		}
	}
	return nil
}
